//! The layout for systems where symlinks are uncommon: plain files, each replaced atomically. Certificate and
//! key share one file, so that they change in one step.

use std::fs;
use std::path::Path;

use digicert_one_credentials::DirectorySource;

use crate::durable::Reserved;
use crate::store::{PreparedStore, SecretKind, StoreError, StoreReceipt, StoredSecret};

pub(super) fn prepare(path: &Path, name: String, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
    let file = match kind {
        SecretKind::ApiKey => "api-key",
        SecretKind::Certificate => "tls.crt",
    };
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

    fn keep(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        crate::store::file::expect_kind(self.kind, secret, &self.name)?;
        let mut reserved = match self.reserved.take() {
            Some(reserved) => reserved,
            None => Reserved::new(&self.path.join(self.file), self.kind.reserve())?,
        };
        reserved.commit(&secret.text())?;
        // Files that belonged to the previous secret.
        let old: &[&str] = match self.kind {
            SecretKind::ApiKey => &[DirectorySource::KEY_ENDS],
            SecretKind::Certificate => &[DirectorySource::PRIVATE_KEY, DirectorySource::PASSWORD],
        };
        for name in old {
            let _ = fs::remove_file(self.path.join(name));
        }
        if let (SecretKind::ApiKey, Some(ends)) = (self.kind, secret.ends()) {
            crate::durable::replace(&self.path.join(DirectorySource::KEY_ENDS), format!("{ends}\n").as_bytes())?;
        }
        Ok(StoreReceipt::read_back(self.name.clone()))
    }
}
