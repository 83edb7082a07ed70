//! The state in a file: written whole or not at all, readable for its owner only, with the version of its format.
//!
//! It includes the PKI; otherwise the client certificates would be unknown after a restart.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::path::Path;

use data_encoding::BASE64;
use digicert_one_testbed::{Pki, PkiParts};
use serde::{Deserialize, Serialize};

use crate::error::EmulatorError;
use crate::state::State;

/// Increased when older programs would misread the file.
const VERSION: u64 = 1;
/// A device or another program's file may have no end.
const LONGEST: u64 = 64 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct Document<'s> {
    version: u64,
    pki: StoredPki,
    state: Cow<'s, State>,
}

#[derive(Serialize, Deserialize)]
struct StoredPki {
    root: String,
    root_key: String,
    intermediate: String,
    intermediate_key: String,
}

#[derive(Deserialize)]
struct Head {
    version: u64,
}

pub(crate) fn write(path: &Path, pki: &Pki, state: &State) -> io::Result<()> {
    let parts = pki.to_parts();
    let pki = StoredPki {
        root: BASE64.encode(&parts.root),
        root_key: BASE64.encode(&parts.root_key),
        intermediate: BASE64.encode(&parts.intermediate),
        intermediate_key: BASE64.encode(&parts.intermediate_key),
    };
    let text = serde_json::to_vec_pretty(&Document { version: VERSION, pki, state: Cow::Borrowed(state) })?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable for its owner only.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    copy_access(path, file.as_file())?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // On Windows a directory cannot be opened for this, and needs no syncing.
    #[cfg(unix)]
    std::fs::File::open(directory)?.sync_all()?;
    Ok(())
}

/// Gives a new file the owner, group and mode of the replaced one.
fn copy_access(path: &Path, file: &std::fs::File) -> io::Result<()> {
    let Ok(before) = std::fs::metadata(path) else { return Ok(()) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            fchown(file, Some(before.uid()), Some(before.gid()))?;
        }
    }
    file.set_permissions(before.permissions())
}

/// Reads what [`write`] wrote; `None` if the file does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<(Pki, State)>, EmulatorError> {
    let read = || {
        let mut text = Vec::new();
        std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
        match text.len() as u64 > LONGEST {
            true => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is too long for a state file")),
            false => Ok(text),
        }
    };
    let text = match read() {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(EmulatorError::StateNotRead(path.to_owned(), source)),
    };
    // The text of a JSON error can hold values of the file, so only its place is reported.
    let malformed = |error: serde_json::Error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        EmulatorError::StateMalformed(path.to_owned(), place)
    };
    let head: Head = serde_json::from_slice(&text).map_err(malformed)?;
    if head.version != VERSION {
        return Err(EmulatorError::StateVersion { path: path.to_owned(), found: head.version, known: VERSION });
    }
    let document: Document<'_> = serde_json::from_slice(&text).map_err(malformed)?;
    let pki = pki(&document.pki).ok_or_else(|| {
        EmulatorError::StateMalformed(path.to_owned(), "the certificates and keys under pki".to_owned())
    })?;
    Ok(Some((pki, document.state.into_owned())))
}

fn pki(stored: &StoredPki) -> Option<Pki> {
    let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
    let parts = PkiParts {
        root: bytes(&stored.root)?,
        root_key: bytes(&stored.root_key)?,
        intermediate: bytes(&stored.intermediate)?,
        intermediate_key: bytes(&stored.intermediate_key)?,
    };
    Pki::from_parts(&parts).ok()
}
