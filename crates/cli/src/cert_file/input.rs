//! Reading a certificate file: the bytes, and the password if one is needed.

use std::io::Read;
use std::path::{Path, PathBuf};

use digicert_one::core::{CredentialError, Mode, Warning};
use digicert_one::credentials::{RawCredential, read_secret_file};
use digicert_one::identity::read_certificates;
use digicert_one::{ClientIdentity, Code, ReadOptions, Secret, read_client_identity};

use crate::arguments::CertInput;
use crate::failure::Failure;
use crate::prompt::{Ask, password};
use crate::reference;

const OPTION: &str = "--input-password";
/// Longer than any certificate file.
const LONGEST: u64 = 4 << 20;

/// The bytes of the file or files, and the password if it is known.
#[derive(Clone)]
pub(crate) struct Input {
    path: PathBuf,
    pub(crate) certificate: Secret,
    private_key: Option<Secret>,
    password: Option<Secret>,
    pub(crate) warnings: Vec<Warning>,
}

impl Input {
    /// Reads the bytes.
    pub(crate) async fn read(options: &CertInput) -> Result<Self, Failure> {
        let password = match &options.input_password {
            Some(reference) => Some(reference::secret(OPTION, reference).await?),
            None => None,
        };
        let (path, key) = (options.file.clone(), options.private_key.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let mut warnings = Vec::new();
            let certificate = bytes(&path, &mut warnings)?;
            // The certificate alone is public: its file may be readable for everyone.
            if key.is_some() {
                warnings.clear();
            }
            let private_key = key.map(|key| bytes(&key, &mut warnings)).transpose()?;
            Ok::<_, CredentialError>(Self { path, certificate, private_key, password, warnings })
        });
        reading.await.map_err(|error| Failure::Internal(error.into()))?.map_err(Failure::CertificateFile)
    }

    /// Reads certificate and key, and asks for the password if one is needed.
    pub(crate) async fn identity(&mut self, rules: &ReadOptions) -> Result<ClientIdentity, Failure> {
        let (first, warnings) = self.attempt(rules).await?;
        let (identity, warnings) = match first {
            Err(error) if error.code() == Code::ID_02 && self.password.is_none() => {
                // Without a terminal, the error of the file says more than that of the terminal.
                self.password = match password(&self.path, OPTION, Ask::Once).await {
                    Err(Failure::Usage(_)) => return Err(Failure::CertificateFile(error)),
                    asked => Some(asked?),
                };
                self.attempt(rules).await?
            }
            first => (first, warnings),
        };
        self.warnings.extend(warnings);
        identity.map_err(|error| match error.code() {
            Code::ID_07 if self.certificates().is_some() => Failure::NoPrivateKey(error),
            _ => Failure::CertificateFile(error),
        })
    }

    /// The certificates of a file that holds nothing else: DER, in the order of the file.
    pub(crate) fn certificates(&self) -> Option<Vec<Vec<u8>>> {
        let mut others = Vec::new();
        let certificates = read_certificates(&self.certificate, &mut others).ok()?;
        let is_alone = others.is_empty() && self.private_key.is_none();
        is_alone.then(|| certificates.iter().map(|one| one.to_vec()).collect())
    }

    /// The bytes for a call by certificate, with the password that was given or asked for.
    pub(crate) fn raw(self) -> RawCredential {
        let mut raw = RawCredential::new().with_certificate(self.certificate).with_mode(Mode::Certificate);
        if let Some(key) = self.private_key {
            raw = raw.with_private_key(key);
        }
        if let Some(password) = self.password {
            raw = raw.with_password(password);
        }
        raw
    }

    /// Key derivation takes its time: Ctrl-C must work meanwhile.
    async fn attempt(
        &self,
        rules: &ReadOptions,
    ) -> Result<(Result<ClientIdentity, CredentialError>, Vec<Warning>), Failure> {
        let (input, rules) = (self.clone(), *rules);
        let reading = tokio::task::spawn_blocking(move || {
            let mut warnings = Vec::new();
            let (key, password) = (input.private_key.as_ref(), input.password.as_ref());
            (read_client_identity(&input.certificate, key, password, &rules, &mut warnings), warnings)
        });
        reading.await.map_err(|error| Failure::Internal(error.into()))
    }
}

fn bytes(path: &Path, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
    if path != Path::new("-") {
        return read_secret_file(path, warnings);
    }
    let place = "standard input";
    let failed = |error: std::io::Error| {
        CredentialError::new(Code::ID_13, format!("cannot read it: {error}")).at(place).with_source(error)
    };
    let mut bytes = Vec::new();
    std::io::stdin().take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Secret::new(bytes, place))
}
