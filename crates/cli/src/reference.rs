//! A secret that an option names by where it is: a variable or a file. The secret itself is never an option.

use std::io::Read;
use std::path::PathBuf;

use digicert_one::core::{ValueShape, is_random_word};
use digicert_one::{Secret, credentials::shown_path};

use crate::failure::Failure;

/// Longer than any password, shorter than a file that was named by mistake.
const LONGEST: u64 = 4096;

/// The secret behind `env:NAME` or `file:PATH`, which is the value of this option.
pub(crate) async fn secret(option: &str, reference: &str) -> Result<Secret, Failure> {
    let secret = match reference.split_once(':') {
        Some(("env", name)) if !name.is_empty() => variable(option, name)?,
        Some(("file", path)) if !path.is_empty() => file(path.into()).await?,
        // It may be the secret itself, so it is not repeated.
        _ => return Err(Failure::Usage(format!("{option}: not a reference; write env:NAME or file:PATH"))),
    };
    match secret.expose() {
        [] => Err(Failure::Usage(format!("{option}: {} is empty", secret.origin()))),
        _ => Ok(secret),
    }
}

fn variable(option: &str, name: &str) -> Result<Secret, Failure> {
    match std::env::var_os(name) {
        Some(value) => Ok(Secret::new(value.into_encoded_bytes(), format!("variable {name}"))),
        None => {
            // The name may be the secret itself.
            let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
                && ValueShape::of(name).is_none()
                && !is_random_word(name);
            let name = if is_name { format!(" {name}") } else { String::new() };
            Err(Failure::Usage(format!("{option}: the variable{name} is not set")))
        }
    }
}

async fn file(path: PathBuf) -> Result<Secret, Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        let failed = |source| Failure::File { action: "read the secret from", path: path.clone(), source };
        let mut bytes = Vec::new();
        std::fs::File::open(&path).map_err(failed)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LONGEST {
            return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
        }
        let origin = shown_path(&path).unwrap_or_else(|| "a file".to_owned());
        Ok(Secret::new(bytes, origin).line(&mut Vec::new()))
    });
    reading.await.map_err(|error| Failure::Internal(error.into()))?
}
