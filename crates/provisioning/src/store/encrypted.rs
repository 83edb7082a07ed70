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
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::occupied::Expected;
use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};
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

/// Returns the store that writes a file of mode 0600, in an existing directory, encrypted with a password.
/// [`read_encrypted_file`] decrypts it.
///
/// ```
/// use digicert_one_provisioning::store::{self, SecretKind, SecretStore, StoredSecret};
/// use digicert_one_core::Secret;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("rescued");
/// let password = Secret::new("correct horse battery staple", "a prompt");
/// let mut prepared = store::encrypted_file(&path, password.clone()).prepare(SecretKind::ApiKey)?;
/// prepared.store(&StoredSecret::api_key(Secret::new("an-api-key", "the response")))?;
///
/// let found = store::read_encrypted_file(&path, &password)?;
/// assert_eq!(found.raw().api_key.ok_or("it is there")?.expose(), b"an-api-key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn encrypted_file(path: impl Into<PathBuf>, password: Secret) -> impl SecretStore {
    EncryptedFileStore { path: path.into(), password }
}

/// The file, and the password to encrypt it.
#[derive(Clone)]
struct EncryptedFileStore {
    path: PathBuf,
    password: Secret,
}

impl fmt::Debug for EncryptedFileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFileStore").field("path", &self.path).field("password", &self.password).finish()
    }
}

impl SecretStore for EncryptedFileStore {
    fn name(&self) -> String {
        format!("encrypted file {}", self.path.display())
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        let place = self.path.display().to_string();
        if self.password.expose().is_empty() {
            let message = format!(
                "the password from {} is empty, which would leave the file unprotected",
                self.password.origin()
            );
            return Err(StoreError::new(StoreErrorKind::Unsuitable, place, message));
        }
        Expected::Encrypted.check(&self.path)?;
        let no_numbers = |error| StoreError::io(&*place, "failed to get random numbers from the system", error);
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| no_numbers(io::Error::other(error)))?;
        // Here rather than later: it needs memory and time.
        let key = derive(self.password.expose(), &salt, LOG_N, R, P)
            .ok_or_else(|| StoreError::new(StoreErrorKind::System, &*place, "failed to derive the key"))?;
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

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        expect_kind(self.kind, secret, &self.name)?;
        let place = self.path.display().to_string();
        let content = secret.document();
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(|error| {
            StoreError::io(&*place, "failed to get random numbers from the system", io::Error::other(error))
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
            .map_err(|_| StoreError::new(StoreErrorKind::System, &*place, "failed to encrypt the content"))?;
        let text = format!("{header}\n{}\n", BASE64.encode(&sealed));
        let mut reserved = match self.reserved.take() {
            Some(reserved) => reserved,
            None => Reserved::new(&self.path, text.len())?,
        };
        reserved.commit(text.as_bytes())?;
        // The file must not only have the written content, but also decrypt.
        if *open(&text, &self.path, |_, _, _, _| Some(self.key.clone()))? != *content {
            let message = "the content read back does not decrypt to what was written";
            return Err(StoreError::new(StoreErrorKind::ReadBackDiffers, place, message));
        }
        Ok(StoreReceipt::read_back(self.name.clone()))
    }
}

/// The facts in the document, next to the secret.
#[derive(Default, Deserialize)]
struct Facts {
    id: Option<String>,
    name: Option<String>,
}

/// Decrypts a file that [`encrypted_file`] wrote.
///
/// # Errors
/// Returns an error if it cannot be read, is another kind of file, or has another password; names the path,
/// never the content.
pub fn read_encrypted_file(path: impl AsRef<Path>, password: &Secret) -> Result<StoredSecret, StoreError> {
    let path = path.as_ref();
    let place = path.display().to_string();
    let unreadable = |error: CredentialError| {
        StoreError::new(StoreErrorKind::System, &*place, error.message().to_owned()).with_source(error)
    };
    let whole = read_secret_file(path, &mut Vec::new()).map_err(unreadable)?;
    let text = whole.expose_text().map_err(unreadable)?;
    let content = open(text, path, |salt, log_n, r, p| derive(password.expose(), salt, log_n, r, p))?;
    let Facts { id, name } = serde_json::from_slice(&content).unwrap_or_default();
    let raw = RawCredential::from_document(&Secret::new(content.to_vec(), &*place)).map_err(unreadable)?;
    let empty = || StoreError::new(StoreErrorKind::Unexpected, &*place, "the file holds no API key and no certificate");
    let mut secret = StoredSecret::read_back(&raw).ok_or_else(empty)?;
    if let Some(id) = id {
        secret = secret.with_id(id);
    }
    Ok(match name {
        Some(name) => secret.with_name(name),
        None => secret,
    })
}

/// Parses a text and decrypts it with the key that `derive` computes from salt, log N, r and p.
fn open(
    text: &str,
    path: &Path,
    derive: impl FnOnce(&[u8], u8, u32, u32) -> Option<Zeroizing<[u8; 32]>>,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let error = |kind, message: &str| StoreError::new(kind, path.display().to_string(), message);
    let other = || error(StoreErrorKind::Unexpected, "not a file encrypted by this program, or truncated");
    let (first, rest) = text.split_once('\n').ok_or_else(other)?;
    let header: Header = serde_json::from_str(first).map_err(|_| other())?;
    if header.format != FORMAT {
        return Err(other());
    }
    if (header.version, &*header.kdf, &*header.cipher) != (VERSION, KDF, CIPHER) {
        return Err(error(
            StoreErrorKind::Unexpected,
            "it was written by a newer version of this program; use that version",
        ));
    }
    let decoded = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| other());
    let (salt, nonce, sealed) = (decoded(&header.salt)?, decoded(&header.nonce)?, decoded(rest.trim_ascii_end())?);
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| other())?;
    let key = derive(&salt, header.log_n, header.r, header.p).ok_or_else(|| {
        error(StoreErrorKind::Unexpected, "its key derivation requires more than any file of this program")
    })?;
    Aes256Gcm::new(&(*key).into())
        .decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad: first.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| error(StoreErrorKind::WrongPassword, "the password is wrong, or the file was changed"))
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
