//! Sources that can be read only once: standard input, a file descriptor, any reader. Read at the first fetch
//! and stored.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::{Mutex, OnceLock, PoisonError};

use digicert_one_core::{Code, CredentialError, Secret};

use super::document;
use crate::file::read_bounded;
use crate::{Fetched, RawCredential, Source};

/// A line with an API key is never longer; a key store in base64 is never shorter.
const LONGEST_KEY: usize = 512;

/// Returns the source that reads a credential from any reader, to its end at the first fetch; later fetches return
/// the same. Errors show the name.
///
/// It may be a JSON document as for a [`Program`](super::Program), an API key on one line, or a
/// certificate with its key in any format.
///
/// ```
/// use digicert_one_credentials::{Fetched, Source, source};
///
/// let source = source::reader("a pipe", &b"an-api-key\n"[..]);
/// let Fetched::Found(raw) = source.fetch()? else { panic!("it holds a key") };
/// assert!(raw.api_key.is_some());
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[must_use]
pub fn reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> impl Source {
    ReaderSource { once: ReadOnce::new(name.into(), Origin::Reader(Box::new(reader))) }
}

/// Returns the source that reads standard input, as [`reader`] does.
#[must_use]
pub fn stdin() -> impl Source {
    reader("standard input", std::io::stdin())
}

/// Returns the source that reads an open file descriptor, as [`reader`] does, through `/dev/fd`. It stays open:
/// close it, or open it so that child processes do not inherit it.
#[cfg(unix)]
#[must_use]
pub fn descriptor(number: u32) -> impl Source {
    ReaderSource { once: ReadOnce::descriptor(number) }
}

/// A reader, read at the first fetch.
pub(crate) struct ReaderSource {
    once: ReadOnce,
}

impl fmt::Debug for ReaderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReaderSource({})", self.once.name)
    }
}

impl Source for ReaderSource {
    fn name(&self) -> String {
        self.once.name.clone()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let mut warnings = Vec::new();
        let whole = self.once.read()?;
        let text = whole.utf8(&mut warnings);
        let bytes = text.expose();
        let is_line =
            |bytes: &[u8]| bytes.len() <= LONGEST_KEY && bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
        let mut raw = match bytes.trim_ascii() {
            [] => return Err(CredentialError::new(Code::ID_13, "the input is empty").at(&*self.once.name)),
            _ if document::is_document(bytes) => RawCredential::from_document(&text)?,
            line if is_line(line) => RawCredential::new().with_api_key(text.without_line_end()),
            _ => RawCredential::new().with_certificate(whole),
        };
        // Certificates are decoded later, with a warning of their own.
        if raw.certificate.is_none() {
            raw.warnings.append(&mut warnings);
        }
        Ok(Fetched::Found(raw))
    }
}

/// A reader that can be read once, and the result.
pub(crate) struct ReadOnce {
    name: String,
    origin: Mutex<Origin>,
    kept: OnceLock<Result<Secret, (Code, String)>>,
}

enum Origin {
    Reader(Box<dyn Read + Send>),
    Descriptor(String),
}

impl ReadOnce {
    fn new(name: String, origin: Origin) -> Self {
        Self { name, origin: Mutex::new(origin), kept: OnceLock::new() }
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "such paths exist on Unix only"))]
    pub(crate) fn descriptor(number: u32) -> Self {
        Self::new(format!("file descriptor {number}"), Origin::Descriptor(format!("/dev/fd/{number}")))
    }

    /// Returns everything, the same each time; a failure is permanent, since what was already read is lost.
    pub(crate) fn read(&self) -> Result<Secret, CredentialError> {
        let kept = self.kept.get_or_init(|| {
            let read = match &mut *self.origin.lock().unwrap_or_else(PoisonError::into_inner) {
                Origin::Reader(reader) => read_bounded(reader, &self.name),
                Origin::Descriptor(path) => match File::open(path) {
                    Ok(file) => read_bounded(file, &self.name),
                    Err(error) => Err(CredentialError::new(Code::ID_13, format!("failed to open it: {error}"))),
                },
            };
            match read {
                Ok(bytes) => Ok(Secret::new(bytes, &*self.name)),
                Err(error) => Err((error.code(), error.message().to_owned())),
            }
        });
        match kept {
            Ok(secret) => Ok(secret.clone()),
            Err((code, message)) => Err(CredentialError::new(*code, message.clone()).at(&*self.name)),
        }
    }
}

impl fmt::Debug for ReadOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadOnce({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8]) -> RawCredential {
        let source = reader("a pipe", std::io::Cursor::new(content.to_vec()));
        match source.fetch() {
            Ok(Fetched::Found(raw)) => raw,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn content_is_detected_by_its_first_bytes() {
        let key = found(b"canary\r\n").api_key.expect("a line is a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"canary"[..], "a pipe"));
        assert!(found(b" {\"version\":1,\"api_key\":\"k\"}").api_key.is_some());
        for certificate in [&b"-----BEGIN CERTIFICATE-----\nMII\n"[..], b"\x30\x82\x01", &[b'M'; 2000]] {
            assert_eq!(found(certificate).certificate.expect("a certificate").expose(), certificate);
        }
    }

    #[test]
    fn reader_is_read_once_and_result_is_stable() {
        let source = reader("a pipe", std::io::Cursor::new(b"canary".to_vec()));
        for _ in 0..3 {
            let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("it was kept") };
            assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
        }
        assert!(!format!("{source:?}").contains("canary"));
    }

    #[test]
    fn empty_and_endless_pipes_are_permanent_errors() {
        let empty = reader("a pipe", std::io::empty());
        let endless = reader("a pipe", std::io::repeat(b'x'));
        for _ in 0..2 {
            assert_eq!(empty.fetch().expect_err("empty").code(), Code::ID_13);
            let error = endless.fetch().expect_err("too large");
            assert_eq!((error.code(), error.place()), (Code::ID_07, Some("a pipe")));
        }
    }

    #[cfg(unix)]
    #[test]
    fn descriptor_is_read_through_its_path() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"canary\n").expect("written");
        drop(writer);
        let number = u32::try_from(reader.as_raw_fd()).expect("a descriptor");
        let source = descriptor(number);
        assert!(matches!(source.fetch(), Ok(Fetched::Found(_))));
        let error = descriptor(9999).fetch().expect_err("closed");
        assert!(error.to_string().contains("file descriptor 9999"), "{error}");
    }
}
