//! Files that appear whole or not at all: written under another name in the same directory, synced, and renamed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use digicert_one::provisioning::inherit_metadata;
use tempfile::NamedTempFile;

/// Who may read a file. One that replaces another keeps its owner, group, mode and extended attributes: programs read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner: mode 0600. It holds a secret: a wider mode than 0640 is not kept.
    Owner,
    /// Its owner: mode 0600. It holds no secret.
    OwnerAtFirst,
    /// Everyone: mode 0644. Of a file that it replaces it keeps what can be kept.
    All,
}

/// How an existing file of that name is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and writing fails with `AlreadyExists`.
    Refuse,
    /// It is replaced.
    Replace,
    /// It is replaced if it is empty or begins like this, as what is written does; anything else is not ours.
    ReplaceBeginning(&'static str),
}

impl Existing {
    /// As `--force` says.
    pub(crate) fn forced(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Writes a file. Programs that read it meanwhile see the previous content.
pub(crate) fn write_whole(path: &Path, content: &[u8], readers: Readers, existing: Existing) -> std::io::Result<()> {
    persist(prepare(path, content, readers, existing)?, path, existing)
}

/// The content on the disk, under another name, which is removed if it is dropped. What would keep it from its own name is an error.
pub(crate) fn prepare(
    path: &Path,
    content: &[u8],
    readers: Readers,
    existing: Existing,
) -> std::io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".d1-");
    #[cfg(unix)]
    if readers == Readers::All {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    }
    // Says best that it is missing. The other errors would name the temporary file.
    std::fs::metadata(directory)?;
    check(path, existing)?;
    let mut file = builder.tempfile_in(directory).map_err(|error| error.kind())?;
    file.write_all(content)?;
    if existing != Existing::Refuse {
        let inherited = inherit_metadata(file.as_file(), path, readers == Readers::Owner);
        if let (Err(error), Readers::Owner | Readers::OwnerAtFirst) = (inherited, readers) {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, error.message().to_owned()));
        }
    }
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives it its name.
pub(crate) fn persist(file: NamedTempFile, path: &Path, existing: Existing) -> std::io::Result<()> {
    check(path, existing)?;
    let persisted = match existing {
        Existing::Replace | Existing::ReplaceBeginning(_) => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    };
    persisted.map(drop).map_err(|error| error.error)
}

/// Only a file is replaced: root could replace `/dev/stdout`, and a symlink would no longer lead anywhere.
fn check(path: &Path, existing: Existing) -> std::io::Result<()> {
    let refused = |why| Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    if path.as_os_str() == "-" {
        return refused("`-` is not a file here; give a path");
    }
    match std::fs::symlink_metadata(path).map(|found| found.file_type()) {
        Ok(found) if found.is_symlink() => {
            return refused("it is a symlink, which would be replaced; give the path of its target");
        }
        Ok(found) if found.is_dir() => return refused("it is a directory; give the path of a file"),
        Ok(found) if !found.is_file() => {
            return refused("it is not a regular file, and would be replaced; give the path of a file");
        }
        Ok(_) if existing == Existing::Refuse => return Err(std::io::ErrorKind::AlreadyExists.into()),
        _ => {}
    }
    if let Existing::ReplaceBeginning(begin) = existing
        && !is_empty_or_begins(path, begin)?
    {
        return refused("it holds something else, which would be lost; give another path, or remove it");
    }
    Ok(())
}

/// Whether nothing is lost with the file.
fn is_empty_or_begins(path: &Path, begin: &str) -> std::io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    file.take(begin.len() as u64).read_to_end(&mut found)?;
    Ok(found.is_empty() || found == begin.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    use super::*;

    #[test]
    fn file_that_begins_otherwise_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let replace = || write_whole(&path, b"<new/>", Readers::All, Existing::ReplaceBeginning("<"));
        replace().expect("nothing is there");
        replace().expect("one of the same kind");
        std::fs::write(&path, "").expect("written");
        replace().expect("an empty file");
        for other in ["-----BEGIN PRIVATE KEY-----", "0102_0304", "{}"] {
            std::fs::write(&path, other).expect("written");
            assert!(replace().expect_err(other).to_string().contains("something else"), "{other}");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), other);
        }
    }

    #[test]
    fn replaced_file_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let mode = || std::fs::metadata(&path).expect("there").permissions().mode() & 0o7777;
        for (readers, first) in [(Readers::Owner, 0o600), (Readers::OwnerAtFirst, 0o600), (Readers::All, 0o644)] {
            let replace = || write_whole(&path, b"new", readers, Existing::Replace);
            replace().expect("nothing is there");
            assert_eq!(mode(), first, "{readers:?}");
            for kept in [0o640, 0o600, 0o660, 0o644] {
                std::fs::write(&path, "old").expect("written");
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(kept)).expect("changed");
                replace().expect("a file");
                let is_private = readers == Readers::Owner && kept & !0o640 != 0;
                assert_eq!(mode(), if is_private { 0o600 } else { kept }, "{readers:?}");
            }
            std::fs::remove_file(&path).expect("removed");
        }
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let replace = |name: &str| write_whole(&path(name), b"new", Readers::All, Existing::Replace);
        std::fs::write(path("file"), "old").expect("written");
        symlink(path("file"), path("link")).expect("made");
        symlink(path("nothing"), path("dangling")).expect("made");
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("bound");
        for name in ["link", "dangling", "socket"] {
            let error = replace(name).expect_err(name);
            assert!(error.to_string().contains("would be replaced"), "{error}");
        }
        let kind = |name: &str| std::fs::symlink_metadata(path(name)).expect("there").file_type();
        assert!(kind("link").is_symlink() && kind("dangling").is_symlink() && kind("socket").is_socket());
        assert_eq!(std::fs::read(path("file")).expect("there"), b"old");
        replace("file").expect("a file");
        replace("other").expect("nothing is there");
        assert_eq!(std::fs::read(path("file")).expect("there"), b"new");
        assert!(
            write_whole(Path::new("-"), b"new", Readers::All, Existing::Replace).is_err() && !Path::new("-").exists()
        );
    }
}
