//! `d1 cert csr`: a new private key, and the request for a certificate for it.

use digicert_one::identity::NewKey;
use serde_json::json;
use zeroize::Zeroizing;

use super::convert::{NewFile, free, write};
use crate::arguments::CsrOptions;
use crate::failure::Failure;
use crate::output::Output;
use crate::whole_file::{Existing, Readers};

/// Makes key and request. The key is on the disk before the request is printed.
pub(crate) async fn csr(options: &CsrOptions, output: Output) -> Result<(), Failure> {
    free(&options.key_file, options.force)?;
    if let Some(path) = &options.output {
        if *path == options.key_file {
            return Err(Failure::Usage("--output and --key-file name one file".to_owned()));
        }
        free(path, options.force)?;
    }
    let key = NewKey::generate(options.key_type).map_err(Failure::CertificateFile)?;
    let name = options.subject.strip_prefix("CN=").unwrap_or(&options.subject);
    let request = key.csr_pem(name).map_err(|error| Failure::Usage(format!("--subject: {}", error.message())))?;
    let content = Zeroizing::new(key.to_pem().expose().to_vec());
    let mut files = vec![NewFile { path: options.key_file.clone(), content, readers: Readers::Owner }];
    if let Some(path) = &options.output {
        let content = Zeroizing::new(request.clone().into_bytes());
        files.push(NewFile { path: path.clone(), content, readers: Readers::All });
    }
    write(files, Existing::forced(options.force))?;
    match &options.output {
        Some(path) => output.text(&format!("wrote {} and {}", options.key_file.display(), path.display()))?,
        None => output.text(request.trim_end())?,
    }
    output.document(&json!({
        "key_file": options.key_file,
        "key_kind": key.algorithm().to_string(),
        "output": options.output,
        "csr": request,
    }))
}
