//! What can be read once only: standard input, a file descriptor, any reader. It is read at the first fetch and kept.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::{Mutex, OnceLock, PoisonError};

use digicert_one_core::{Code, CredentialError, Secret};

use super::document;
use crate::file::read_bounded;
use crate::{Fetched, RawCredential, Source};

/// An API key on a line of its own is never longer; a key store in base64 is never shorter.
const LONGEST_KEY: usize = 512;

/// A credential from standard input, a file descriptor or any other reader, read to its end at the first fetch; later fetches
/// give the same.
///
/// It may be a JSON document as a [`CommandSource`](crate::CommandSource) reads it, a bare API key on one line, or a
/// certificate with its key in any format.
///
/// ```
/// use digicert_one_credentials::{Fetched, ReaderSource, Source};
///
/// let source = ReaderSource::new("a pipe", &b"an-api-key\n"[..]);
/// let Fetched::Found(raw) = source.fetch()? else { panic!("it holds a key") };
/// assert!(raw.api_key.is_some());
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
pub struct ReaderSource {
    once: ReadOnce,
}

impl ReaderSource {
    /// A reader and the name that errors give it.
    #[must_use]
    pub fn new(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { once: ReadOnce::new(name.into(), Origin::Reader(Box::new(reader))) }
    }

    /// Standard input.
    #[must_use]
    pub fn stdin() -> Self {
        Self::new("standard input", std::io::stdin())
    }

    /// An open file descriptor, through `/dev/fd`. It stays open: close it, or have it opened so that programs that are
    /// started later do not inherit it.
    #[cfg(unix)]
    #[must_use]
    pub fn descriptor(number: u32) -> Self {
        Self { once: ReadOnce::descriptor(number) }
    }
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
            [] => return Err(CredentialError::new(Code::ID_13, "it is empty").at(&*self.once.name)),
            _ if document::is_document(bytes) => RawCredential::from_document(&text)?,
            line if is_line(line) => RawCredential::new().with_api_key(text.without_line_end()),
            _ => RawCredential::new().with_certificate(whole),
        };
        // A certificate is decoded where it is read, with a warning of its own.
        if raw.certificate.is_none() {
            raw.warnings.append(&mut warnings);
        }
        Ok(Fetched::Found(raw))
    }
}

/// Bytes that can be read once, and what became of that.
pub(crate) struct ReadOnce {
    name: String,
    origin: Mutex<Origin>,
    kept: OnceLock<Result<Secret, (Code, String)>>,
}

enum Origin {
    Reader(Box<dyn Read + Send>),
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such paths"))]
    Descriptor(String),
}

impl ReadOnce {
    fn new(name: String, origin: Origin) -> Self {
        Self { name, origin: Mutex::new(origin), kept: OnceLock::new() }
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such paths"))]
    pub(crate) fn descriptor(number: u32) -> Self {
        Self::new(format!("file descriptor {number}"), Origin::Descriptor(format!("/dev/fd/{number}")))
    }

    /// Everything, the same each time; a failure stays, for what was read before it is gone.
    pub(crate) fn read(&self) -> Result<Secret, CredentialError> {
        let kept = self.kept.get_or_init(|| {
            let read = match &mut *self.origin.lock().unwrap_or_else(PoisonError::into_inner) {
                Origin::Reader(reader) => read_bounded(reader, &self.name),
                Origin::Descriptor(path) => match File::open(path) {
                    Ok(file) => read_bounded(file, &self.name),
                    Err(error) => Err(CredentialError::new(Code::ID_13, format!("cannot open it: {error}"))),
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
        let source = ReaderSource::new("a pipe", std::io::Cursor::new(content.to_vec()));
        match source.fetch() {
            Ok(Fetched::Found(raw)) => raw,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_it_holds_is_told_by_its_look() {
        let key = found(b"canary\r\n").api_key.expect("a line is a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"canary"[..], "a pipe"));
        assert!(found(b" {\"version\":1,\"api_key\":\"k\"}").api_key.is_some());
        for certificate in [&b"-----BEGIN CERTIFICATE-----\nMII\n"[..], b"\x30\x82\x01", &[b'M'; 2000]] {
            assert_eq!(found(certificate).certificate.expect("a certificate").expose(), certificate);
        }
    }

    #[test]
    fn it_is_read_once_and_gives_the_same_ever_after() {
        let source = ReaderSource::new("a pipe", std::io::Cursor::new(b"canary".to_vec()));
        for _ in 0..3 {
            let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("it was kept") };
            assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
        }
        assert!(!format!("{source:?}").contains("canary"));
    }

    #[test]
    fn an_empty_pipe_and_one_without_end_are_errors_that_stay() {
        let empty = ReaderSource::new("a pipe", std::io::empty());
        let endless = ReaderSource::new("a pipe", std::io::repeat(b'x'));
        for _ in 0..2 {
            assert_eq!(empty.fetch().expect_err("empty").code(), Code::ID_13);
            let error = endless.fetch().expect_err("too large");
            assert_eq!((error.code(), error.place()), (Code::ID_07, Some("a pipe")));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_descriptor_is_read_through_its_path_and_a_closed_one_is_named() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"canary\n").expect("written");
        drop(writer);
        let number = u32::try_from(reader.as_raw_fd()).expect("a descriptor");
        let source = ReaderSource::descriptor(number);
        assert!(matches!(source.fetch(), Ok(Fetched::Found(_))));
        let error = ReaderSource::descriptor(9999).fetch().expect_err("closed");
        assert!(error.to_string().contains("file descriptor 9999"), "{error}");
    }
}
