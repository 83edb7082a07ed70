//! Reads files that hold secrets: completely, with a size limit, and with a warning about permissions that
//! are too wide.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use digicert_one_core::{Code, CredentialError, Secret, Warning};
use zeroize::Zeroizing;

use crate::shown;

/// Larger than any certificate chain, key store or CA bundle.
pub(crate) const MAX_BYTES: u64 = 4 << 20;

/// Reads a file that holds a secret. Its origin is the path.
///
/// # Errors
/// Returns an error if the file cannot be read, is a directory (ID-13), or is too large (ID-07).
pub fn read_secret_file(path: &Path, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
    read_named(path, &shown::path(path), warnings)
}

/// Reads a file that holds a secret, called `place` in errors and warnings.
///
/// # Errors
/// See [`read_secret_file`].
pub(crate) fn read_named(path: &Path, place: &str, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
    let failed = |error: std::io::Error| {
        let hint = shown::hint(path, place);
        let message = format!("failed to read the file: {error}{hint}");
        CredentialError::new(Code::ID_13, message).at(place).with_source(error)
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(CredentialError::new(Code::ID_13, "failed to read the file: it is a directory").at(place));
    }
    if let Some(mode) = too_wide(&metadata) {
        let text = format!("other users can read the file (mode {mode:04o}); allow only its owner: chmod 0600");
        warnings.push(Warning::new(Code::ID_13, text, place));
    }
    let bytes = read_bounded(file, place)?;
    Ok(Secret::new(std::mem::take(&mut *Zeroizing::new(bytes)), place))
}

/// Reads to the end, or to the size limit.
pub(crate) fn read_bounded(reader: impl Read, place: &str) -> Result<Vec<u8>, CredentialError> {
    // Grown by hand: a vector that reallocates leaves unwiped copies behind.
    let mut whole = Zeroizing::new(Vec::new());
    let mut chunk = Zeroizing::new([0_u8; 16 << 10]);
    let mut reader = reader.take(MAX_BYTES + 1);
    loop {
        let count = match reader.read(&mut *chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let message = format!("failed to read: {error}");
                return Err(CredentialError::new(Code::ID_13, message).at(place).with_source(error));
            }
        };
        if whole.len() + count > whole.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity((whole.capacity() * 2).max(whole.len() + count)));
            larger.extend_from_slice(&whole);
            whole = larger;
        }
        whole.extend_from_slice(&chunk[..count]);
    }
    if whole.len() as u64 > MAX_BYTES {
        let message =
            format!("the file is larger than {MAX_BYTES} bytes, too large for a key, certificate or key store");
        return Err(CredentialError::new(Code::ID_07, message).at(place));
    }
    Ok(std::mem::take(&mut *whole))
}

/// Returns the permission bits, if others than the owner can write or others than the group can read. Group
/// read is usual in Kubernetes volumes.
#[cfg(unix)]
fn too_wide(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o777;
    (metadata.is_file() && mode & 0o037 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn too_wide(_metadata: &std::fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_for_directory_or_missing_file_names_the_path() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [directory.path().to_owned(), directory.path().join("missing.pem")] {
            let error = read_secret_file(&path, &mut Vec::new()).expect_err("unreadable");
            assert_eq!(error.code(), Code::ID_13);
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn file_of_a_hundred_megabytes_is_refused_early() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("large.p12");
        // Sparse: the size costs no disk.
        File::create(&path).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
        assert_eq!(read_secret_file(&path, &mut Vec::new()).expect_err("too large").code(), Code::ID_07);
    }

    #[cfg(unix)]
    #[test]
    fn file_readable_by_others_gives_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o400, false), (0o644, true), (0o660, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("own file");
            let mut warnings = Vec::new();
            read_secret_file(file.path(), &mut warnings).expect("readable");
            assert_eq!(warnings.len() == 1, warned, "{mode:o}: {warnings:?}");
        }
    }
}
