//! A secret in a password-protected file: for the last resort, when only the disk is available. Two lines of
//! text: a JSON header with the parameters, and the content in base64; the cipher authenticates the header.
//!
//! ```text
//! {"format":"digicert-one-encrypted","version":1,"kdf":"scrypt","log_n":17,"r":8,"p":1,"salt":"…","cipher":"aes-256-gcm","nonce":"…"}
//! 9dS1…
//! ```
//!
//! Key: scrypt (RFC 7914) of the password's bytes, 32 bytes. Cipher: AES-256-GCM with the header's bytes (without the line
//! end) as associated data, the tag at the end. Content: the JSON document of a command source.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use data_encoding::BASE64;
use digicert_one_core::{CredentialError, Secret};
use digicert_one_credentials::{RawCredential, read_secret_file};
use digicert_one_identity::{Rules, read_client_identity};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::occupied::Expected;
use super::{Kept, KeptSecret, PreparedSink, SecretFacts, SecretKind, SecretSink, SinkError, SinkErrorKind};
use crate::durable::Reserved;

const FORMAT: &str = "digicert-one-encrypted";
const VERSION: u32 = 1;
const KDF: &str = "scrypt";
const CIPHER: &str = "aes-256-gcm";
/// What the authors of scrypt recommend for files: 128 MiB, about a second.
const LOG_N: u8 = 17;
const R: u32 = 8;
const P: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    kdf: String,
    log_n: u8,
    r: u32,
    p: u32,
    salt: String,
    cipher: String,
    nonce: String,
}

/// A file of mode 0600, encrypted with a password. [`read_encrypted_file`] decrypts it.
///
/// ```
/// use digicert_one_provisioning::{EncryptedFileSink, KeptSecret, SecretFacts, SecretKind, SecretSink};
/// use digicert_one_core::Secret;
/// use digicert_one_provisioning::read_encrypted_file;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("rescued");
/// let password = Secret::new("correct horse battery staple", "a prompt");
/// let mut prepared = EncryptedFileSink::new(&path, password.clone()).prepare(SecretKind::ApiKey)?;
/// prepared.keep(&KeptSecret::api_key(Secret::new("an-api-key", "the response"), SecretFacts::new()))?;
///
/// let found = read_encrypted_file(&path, &password)?;
/// assert_eq!(found.raw.api_key.ok_or("it is there")?.expose(), b"an-api-key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EncryptedFileSink {
    path: PathBuf,
    password: Secret,
}

impl EncryptedFileSink {
    /// Creates a sink for this file, in an existing directory, with the password to encrypt it.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, password: Secret) -> Self {
        Self { path: path.into(), password }
    }
}

impl fmt::Debug for EncryptedFileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFileSink").field("path", &self.path).field("password", &self.password).finish()
    }
}

impl SecretSink for EncryptedFileSink {
    fn name(&self) -> String {
        format!("encrypted file {}", self.path.display())
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedSink>, SinkError> {
        let place = self.path.display().to_string();
        if self.password.expose().is_empty() {
            let message = format!(
                "the password from {} is empty, which would leave the file unprotected",
                self.password.origin()
            );
            return Err(SinkError::new(SinkErrorKind::Unsuitable, place, message));
        }
        Expected::Encrypted.check(&self.path)?;
        let no_numbers = |error| SinkError::io(&*place, "failed to get random numbers from the system", error);
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| no_numbers(io::Error::other(error)))?;
        // Here rather than later: it needs memory and time.
        let key = derive(self.password.expose(), &salt, LOG_N, R, P)
            .ok_or_else(|| SinkError::new(SinkErrorKind::System, &*place, "failed to derive the key"))?;
        let reserved = Some(Reserved::new(&self.path, kind.reserve() * 2)?);
        Ok(Box::new(Prepared { path: self.path.clone(), name: self.name(), kind, salt, key, reserved }))
    }
}

struct Prepared {
    path: PathBuf,
    name: String,
    kind: SecretKind,
    salt: [u8; 16],
    key: Zeroizing<[u8; 32]>,
    reserved: Option<Reserved>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({})", self.name)
    }
}

impl PreparedSink for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, SinkError> {
        expect_kind(self.kind, secret, &self.name)?;
        let place = self.path.display().to_string();
        let content = secret.document();
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(|error| {
            SinkError::io(&*place, "failed to get random numbers from the system", io::Error::other(error))
        })?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            kdf: KDF.to_owned(),
            log_n: LOG_N,
            r: R,
            p: P,
            salt: BASE64.encode(&self.salt),
            cipher: CIPHER.to_owned(),
            nonce: BASE64.encode(&nonce),
        };
        // Words and numbers, which JSON can always represent.
        let header = serde_json::to_string(&header).unwrap_or_default();
        let sealed = Aes256Gcm::new(&(*self.key).into())
            .encrypt(&Nonce::from(nonce), Payload { msg: &content, aad: header.as_bytes() })
            .map_err(|_| SinkError::new(SinkErrorKind::System, &*place, "failed to encrypt the content"))?;
        let text = format!("{header}\n{}\n", BASE64.encode(&sealed));
        let mut reserved = match self.reserved.take() {
            Some(reserved) => reserved,
            None => Reserved::new(&self.path, text.len())?,
        };
        reserved.commit(text.as_bytes())?;
        // The file must not only have the written content, but also decrypt.
        if *open(&text, &self.path, |_, _, _, _| Some(self.key.clone()))? != *content {
            let message = "the content read back does not decrypt to what was written";
            return Err(SinkError::new(SinkErrorKind::ReadBackDiffers, place, message));
        }
        Ok(Kept::read_back(self.name.clone()))
    }
}

/// The content of an encrypted file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecoveredSecret {
    /// The secret, as a source returns it.
    pub raw: RawCredential,
    /// Its other facts.
    pub facts: SecretFacts,
}

impl RecoveredSecret {
    /// Returns the secret for another sink.
    ///
    /// # Errors
    /// Returns an error if the certificate cannot be parsed, or does not belong to the key.
    pub fn kept(&self) -> Result<KeptSecret, CredentialError> {
        if let Some(key) = &self.raw.api_key {
            return Ok(KeptSecret::api_key(key.clone(), self.facts.clone()));
        }
        let missing = || CredentialError::new(digicert_one_core::Code::ID_13, "missing secret");
        let certificate = self.raw.certificate.as_ref().ok_or_else(missing)?;
        // Its dates are irrelevant here.
        let rules = Rules::at(std::time::SystemTime::UNIX_EPOCH).allow_expired(true);
        let key = self.raw.private_key.as_ref();
        let identity = read_client_identity(certificate, key, self.raw.password.as_ref(), &rules, &mut Vec::new())?;
        Ok(KeptSecret::certificate(identity, self.facts.clone()))
    }
}

/// The facts in the document, next to the secret.
#[derive(Default, Deserialize)]
struct Facts {
    id: Option<String>,
    name: Option<String>,
}

/// Decrypts a file that an [`EncryptedFileSink`] wrote.
///
/// # Errors
/// Returns an error if it cannot be read, is another kind of file, or has another password; names the path,
/// never the content.
pub fn read_encrypted_file(path: impl AsRef<Path>, password: &Secret) -> Result<RecoveredSecret, SinkError> {
    let path = path.as_ref();
    let place = path.display().to_string();
    let unreadable = |error: CredentialError| {
        SinkError::new(SinkErrorKind::System, &*place, error.message().to_owned()).with_source(error)
    };
    let whole = read_secret_file(path, &mut Vec::new()).map_err(unreadable)?;
    let text = whole.expose_text().map_err(unreadable)?;
    let content = open(text, path, |salt, log_n, r, p| derive(password.expose(), salt, log_n, r, p))?;
    let facts: Facts = serde_json::from_slice(&content).unwrap_or_default();
    let raw = RawCredential::from_document(&Secret::new(content.to_vec(), &*place)).map_err(unreadable)?;
    let facts = SecretFacts { id: facts.id, name: facts.name, ends: raw.key_ends, owner_ends: raw.owner_ends };
    Ok(RecoveredSecret { raw, facts })
}

/// Parses a text and decrypts it with the key that `derive` computes from salt, log N, r and p.
fn open(
    text: &str,
    path: &Path,
    derive: impl FnOnce(&[u8], u8, u32, u32) -> Option<Zeroizing<[u8; 32]>>,
) -> Result<Zeroizing<Vec<u8>>, SinkError> {
    let error = |kind, message: &str| SinkError::new(kind, path.display().to_string(), message);
    let other = || error(SinkErrorKind::Unexpected, "not a file encrypted by this program, or truncated");
    let (first, rest) = text.split_once('\n').ok_or_else(other)?;
    let header: Header = serde_json::from_str(first).map_err(|_| other())?;
    if header.format != FORMAT {
        return Err(other());
    }
    if (header.version, &*header.kdf, &*header.cipher) != (VERSION, KDF, CIPHER) {
        return Err(error(
            SinkErrorKind::Unexpected,
            "it was written by a newer version of this program; use that version",
        ));
    }
    let decoded = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| other());
    let (salt, nonce, sealed) = (decoded(&header.salt)?, decoded(&header.nonce)?, decoded(rest.trim_ascii_end())?);
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| other())?;
    let key = derive(&salt, header.log_n, header.r, header.p).ok_or_else(|| {
        error(SinkErrorKind::Unexpected, "its key derivation requires more than any file of this program")
    })?;
    Aes256Gcm::new(&(*key).into())
        .decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad: first.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| error(SinkErrorKind::WrongPassword, "the password is wrong, or the file was changed"))
}

/// Derives the key; `None` if the parameters require more than ours, which could exhaust memory.
fn derive(password: &[u8], salt: &[u8], log_n: u8, r: u32, p: u32) -> Option<Zeroizing<[u8; 32]>> {
    if log_n > LOG_N || r > R || p > P {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, salt, &scrypt::Params::new(log_n, r, p).ok()?, &mut *key).ok()?;
    Some(key)
}
