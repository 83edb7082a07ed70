//! `d1 cert convert`: a client certificate, or certificates without a key, in another format. Files appear whole or not at all.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use digicert_one::{ClientIdentity, ReadOptions, Secret};
use pem_rfc7468::LineEnding;
use serde_json::json;
use zeroize::Zeroizing;

use super::input::Input;
use super::pkcs12::{self, Protection};
use crate::arguments::{ConvertOptions, TargetFormat};
use crate::failure::Failure;
use crate::output::Output;
use crate::prompt::{Ask, password};
use crate::reference;
use crate::whole_file::{Existing, Readers, persist, prepare};

/// A file to write.
pub(super) struct NewFile {
    pub(super) path: PathBuf,
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) readers: Readers,
}

/// Converts a file.
pub(crate) async fn convert(options: &ConvertOptions, output: Output) -> Result<(), Failure> {
    options.check()?;
    let mut input = Input::read(&options.input).await?;
    // An expired certificate may be converted, too.
    let identity = input.identity(&ReadOptions::at(SystemTime::now()).report_only()).await;
    let files = match (identity, input.certificates()) {
        (Ok(identity), _) => {
            for warning in &input.warnings {
                output.warning(warning);
            }
            options.files(identity).await?
        }
        (Err(_), Some(certificates)) => vec![options.certificates(&certificates)?],
        (Err(failure), None) => return Err(failure),
    };
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    write(files, Existing::forced(options.force))?;
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    output.text(&format!("wrote {}", names.join(" and ")))?;
    output.document(&json!({ "files": names }))
}

impl ConvertOptions {
    fn check(&self) -> Result<(), Failure> {
        let is_store = matches!(self.to, TargetFormat::Pkcs12 | TargetFormat::Pkcs12Legacy);
        let wrong = |text: &str| Err(Failure::Usage(text.to_owned()));
        match (&self.key_output, self.to) {
            (Some(_), _) if is_store => wrong("--key-output: a PKCS#12 file holds the key, too"),
            (Some(key), _) if *key == self.output => wrong("--output and --key-output name one file"),
            _ if !is_store && self.output_password.is_some() => {
                wrong("--output-password: only PKCS#12 files are written with a password")
            }
            _ => free(&self.output, self.force)
                .and_then(|()| self.key_output.as_ref().map_or(Ok(()), |path| free(path, self.force))),
        }
    }

    /// A file of certificates without a private key.
    fn certificates(&self, certificates: &[Vec<u8>]) -> Result<NewFile, Failure> {
        let content = match (self.to, certificates) {
            _ if self.key_output.is_some() => {
                Err("--key-output: the file has no private key; give it with --private-key")
            }
            (TargetFormat::Pem, several) => Ok(several.iter().flat_map(|one| pem(one)).collect()),
            (TargetFormat::Der, [one]) => Ok(one.to_vec()),
            (TargetFormat::Der, _) => Err("--to der: the file has several certificates, and a DER file holds one"),
            _ => Err("--to pkcs12 needs the private key; give it with --private-key"),
        };
        let content = content.map_err(|text: &str| Failure::Usage(text.to_owned()))?;
        Ok(NewFile { path: self.output.clone(), content: Zeroizing::new(content), readers: Readers::All })
    }

    async fn files(&self, identity: ClientIdentity) -> Result<Vec<NewFile>, Failure> {
        let file = |path: &PathBuf, content: Vec<u8>, readers| NewFile {
            path: path.clone(),
            content: Zeroizing::new(content),
            readers,
        };
        let key_pem = || identity.expose_key_pem(|pem| pem.as_bytes().to_vec());
        match (self.to, &self.key_output) {
            (TargetFormat::Pem, None) => {
                let content = [key_pem(), identity.chain_pem().into_bytes()].concat();
                Ok(vec![file(&self.output, content, Readers::Owner)])
            }
            (TargetFormat::Pem, Some(key)) => Ok(vec![
                file(key, key_pem(), Readers::Owner),
                file(&self.output, identity.chain_pem().into_bytes(), Readers::All),
            ]),
            (TargetFormat::Der, None) => Err(Failure::Usage(
                "--to der needs --key-output: a DER file holds one certificate or one key".to_owned(),
            )),
            (TargetFormat::Der, key) => {
                let leaf = identity.chain().first().map(|der| der.to_vec()).unwrap_or_default();
                let key = key.iter().map(|key| file(key, identity.expose_pkcs8(<[u8]>::to_vec), Readers::Owner));
                Ok(key.chain([file(&self.output, leaf, Readers::All)]).collect())
            }
            (TargetFormat::Pkcs12 | TargetFormat::Pkcs12Legacy, _) => {
                let password = self.new_password().await?;
                let kind = match self.to {
                    TargetFormat::Pkcs12Legacy => Protection::Legacy,
                    _ => Protection::Current,
                };
                let encoding = tokio::task::spawn_blocking(move || pkcs12::encode(&identity, &password, kind));
                let content = encoding.await.map_err(|error| Failure::Internal(error.into()))??;
                Ok(vec![file(&self.output, content, Readers::Owner)])
            }
        }
    }

    async fn new_password(&self) -> Result<Secret, Failure> {
        const OPTION: &str = "--output-password";
        match &self.output_password {
            Some(reference) => reference::secret(OPTION, reference).await,
            None => password(&self.output, OPTION, Ask::Twice).await,
        }
    }
}

fn pem(certificate: &[u8]) -> Vec<u8> {
    // Fails only for sizes that no file has.
    pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, certificate).unwrap_or_default().into_bytes()
}

/// Whether a file can be written there, before a password is asked for.
pub(super) fn free(path: &Path, force: bool) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path) {
        Ok(_) if !force => Err(Failure::Exists(path.to_owned())),
        _ => Ok(()),
    }
}

/// Writes all of them or none: each is on the disk before the first gets its name.
pub(super) fn write(files: Vec<NewFile>, existing: Existing) -> Result<(), Failure> {
    let failed = |path: &Path, source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Exists(path.to_owned()),
        _ => Failure::File { action: "write", path: path.to_owned(), source },
    };
    let mut prepared = Vec::new();
    for file in &files {
        let written =
            prepare(&file.path, &file.content, file.readers, existing).map_err(|source| failed(&file.path, source))?;
        prepared.push((written, &file.path));
    }
    let mut named: Vec<&PathBuf> = Vec::new();
    for (written, path) in prepared {
        if let Err(source) = persist(written, path, existing) {
            if existing == Existing::Refuse {
                // They are new: nothing of anyone else's is removed.
                named.iter().for_each(|path| drop(std::fs::remove_file(path)));
            }
            return Err(failed(path, source));
        }
        named.push(path);
    }
    Ok(())
}
