//! The layout for systems where symlinks are uncommon: plain files, each replaced atomically. Certificate and
//! key share one file, so that they change in one step.

use std::fs;
use std::path::Path;

use digicert_one_credentials::DirectorySource;

use crate::durable::Reserved;
use crate::store::{PreparedStore, SecretKind, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};

pub(super) fn prepare(path: &Path, name: String, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
    let file = match kind {
        SecretKind::ApiKey => "api-key",
        SecretKind::Certificate => "tls.crt",
    };
    let data = path.join(DirectorySource::DATA);
    if data.symlink_metadata().is_ok() {
        // Readers look for the files there.
        let message =
            "it is the layout of a Kubernetes volume, which is not written on this system; use another directory";
        return Err(StoreError::new(StoreErrorKind::Unexpected, data.display().to_string(), message));
    }
    let reserved = Some(Reserved::new(&path.join(file), kind.reserve())?);
    Ok(Box::new(Prepared { path: path.to_owned(), name, kind, file, reserved }))
}

#[derive(Debug)]
struct Prepared {
    path: std::path::PathBuf,
    name: String,
    kind: SecretKind,
    file: &'static str,
    reserved: Option<Reserved>,
}

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        crate::store::file::expect_kind(self.kind, secret, &self.name)?;
        let mut reserved = match self.reserved.take() {
            Some(reserved) => reserved,
            None => Reserved::new(&self.path.join(self.file), self.kind.reserve())?,
        };
        reserved.commit(&secret.text())?;
        // Files that belonged to the previous secret.
        let previous: &[&str] = match self.kind {
            SecretKind::ApiKey => &["api_key", "DC_API_KEY", DirectorySource::KEY_ENDS],
            SecretKind::Certificate => {
                &["tls.p12", "client.p12", DirectorySource::PRIVATE_KEY, DirectorySource::PASSWORD]
            }
        };
        for name in previous {
            let _ = fs::remove_file(self.path.join(name));
        }
        let key_ends = secret.end_date().filter(|_| self.kind == SecretKind::ApiKey);
        let end_date = [(DirectorySource::KEY_ENDS, key_ends), (DirectorySource::OWNER_ENDS, secret.owner_ends())];
        for (name, end_date) in end_date {
            if let Some(end_date) = end_date {
                crate::durable::replace(&self.path.join(name), format!("{end_date}\n").as_bytes())?;
            }
        }
        Ok(StoreReceipt::read_back(self.name.clone()))
    }
}
