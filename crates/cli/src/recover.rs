//! `d1 recover`: opens the encrypted file of a last resort and hands out the secret. The format is in docs/last-resort-file.md.

use digicert_one::credentials::RawCredential;
use digicert_one::provisioning::store::read_encrypted_file;
use serde_json::json;
use zeroize::Zeroizing;

use crate::arguments::RecoverOptions;
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt::{Ask, password};
use crate::reference;
use crate::whole_file::{Existing, Readers, write_whole};

/// Opens the file and writes the secret where the options say.
pub(crate) async fn run(options: &RecoverOptions, output: Output) -> Result<(), Failure> {
    const OPTION: &str = "--input-password";
    // Before a password is asked for.
    let missing = |source| Failure::File { action: "read", path: options.file.clone(), source };
    std::fs::metadata(&options.file).map_err(missing)?;
    let password = match &options.input_password {
        Some(reference) => reference::secret(OPTION, reference).await?,
        None => password(&options.file, OPTION, Ask::Once).await?,
    };
    let path = options.file.clone();
    let opening = tokio::task::spawn_blocking(move || read_encrypted_file(path, &password));
    let stored = opening.await.map_err(|error| Failure::Internal(error.into()))?.map_err(Failure::Recover)?;
    let (kind, secret) = contents(&stored.raw());
    let mut document = json!({
        "kind": kind,
        "id": stored.id(),
        "name": stored.name(),
        "ends": stored.end_date().map(|end| end.to_string()),
        "owner_ends": stored.owner_ends().map(|end| end.to_string()),
        "output": options.output,
    });
    let Some(path) = &options.output else {
        if !output.is_json() {
            return output.bytes(&secret);
        }
        document["secret"] = json!(String::from_utf8_lossy(&secret));
        return output.document(&document);
    };
    write_whole(path, &secret, Readers::Owner, Existing::forced(options.force)).map_err(|source| {
        match source.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::Exists(path.clone()),
            _ => Failure::File { action: "write", path: path.clone(), source },
        }
    })?;
    let name = stored.name().map(|name| format!(" {name}")).unwrap_or_default();
    output.text(&format!("wrote the {}{name} to {}", kind.replace('_', " "), path.display()))?;
    output.document(&document)
}

/// The secret as the other commands write it: a line, or private key and chain as PEM.
fn contents(raw: &RawCredential) -> (&'static str, Zeroizing<Vec<u8>>) {
    match (&raw.api_key, &raw.certificate) {
        (Some(key), _) => ("api_key", Zeroizing::new([key.expose(), b"\n"].concat())),
        (None, certificate) => {
            let bundle = certificate.as_ref().map(|bundle| bundle.expose().to_vec());
            ("client_certificate", Zeroizing::new(bundle.unwrap_or_default()))
        }
    }
}
