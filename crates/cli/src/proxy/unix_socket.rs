//! A Unix socket that only its owner can connect to. It is bound in a private directory and renamed, so that it never exists with wider
//! permissions, and so that it replaces a stale one at once.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The longest path that programs can connect to, on every system.
const LONGEST_PATH: usize = 103;

/// The file of a socket. Removed when it is dropped, if it is still the same one.
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    /// Held, so that a second process does not take the path.
    _lock: File,
}

impl SocketFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Listens on this path, which nothing else may listen on.
pub(super) fn bind(path: &Path) -> Result<(UnixListener, SocketFile), Failure> {
    let failed = |source| Failure::File { action: "listen on", path: path.to_owned(), source };
    try_bind(path).map_err(failed)
}

fn try_bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(io::Error::other(format!("the path is longer than {LONGEST_PATH} bytes")));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A volume that containers share is often writable for others, a directory in it need not be.
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => check_directory(&std::fs::metadata(directory)?)?,
    }
    let lock = lock(path)?;
    check_stale(path)?;
    let private =
        tempfile::Builder::new().prefix(".d1").permissions(Permissions::from_mode(0o700)).tempdir_in(directory)?;
    let bound = private.path().join("s");
    let listener = UnixListener::bind(&bound)?;
    std::fs::set_permissions(&bound, Permissions::from_mode(0o600))?;
    let identity = identity(&std::fs::symlink_metadata(&bound)?);
    std::fs::rename(&bound, path)?;
    Ok((listener, SocketFile { path: path.to_owned(), identity, _lock: lock }))
}

/// Refuses a directory in which another user could replace the socket.
fn check_directory(directory: &Metadata) -> io::Result<()> {
    let (owner, mode) = (directory.uid(), directory.mode());
    if !directory.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("its directory belongs to another user, who could replace the socket"));
    }
    let is_sticky = mode & 0o1000 != 0;
    if mode & 0o022 != 0 && !is_sticky {
        return Err(io::Error::other(
            "other users can write in its directory, and could replace the socket: chmod go-w",
        ));
    }
    Ok(())
}

/// Takes the lock beside the socket. It stays there: removing it would let two processes hold it.
fn lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Accepts a path that is free, or a socket that no program listens on.
fn check_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::other("it exists and is not a socket"));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(in_use()),
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

fn in_use() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, "another process listens on it")
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|file| identity(&file) == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(outcome: io::Result<(UnixListener, SocketFile)>) -> String {
        outcome.map(|_| ()).expect_err("refused").to_string()
    }

    #[test]
    fn socket_is_private_replaces_a_stale_one_and_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("proxy.sock");
        drop(UnixListener::bind(&path).expect("bound"));
        let (_listener, file) = try_bind(&path).expect("the stale socket is replaced");
        let mode = std::fs::symlink_metadata(&path).expect("it exists").mode();
        assert_eq!(mode & 0o777, 0o600);
        UnixStream::connect(&path).expect("it listens");
        assert!(shown(try_bind(&path)).contains("another process listens"));
        drop(file);
        assert!(!path.exists());
        let left: Vec<_> =
            std::fs::read_dir(directory.path()).expect("listed").map(|one| one.expect("one").file_name()).collect();
        assert_eq!(left, ["proxy.sock.lock"]);
    }

    #[test]
    fn socket_of_another_program_and_other_files_are_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("proxy.sock");
        let other = UnixListener::bind(&path).expect("bound");
        assert!(shown(try_bind(&path)).contains("another process listens"));
        drop(other);
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, "mine").expect("written");
        assert!(shown(try_bind(&path)).contains("not a socket"));
        assert_eq!(std::fs::read(&path).expect("read"), b"mine");
        assert!(shown(try_bind(&directory.path().join("x".repeat(120)))).contains("longer"));
    }

    #[test]
    fn missing_directory_is_made_for_its_owner_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("d1");
        try_bind(&inner.join("s")).expect("it is made");
        assert_eq!(std::fs::metadata(&inner).expect("it exists").mode() & 0o777, 0o700);
        assert!(try_bind(&directory.path().join("a/b/s")).is_err(), "one level only");
    }

    #[test]
    fn directory_that_others_can_write_to_is_refused_unless_sticky() {
        let directory = tempfile::tempdir().expect("a directory");
        for (mode, accepted) in [(0o770, false), (0o707, false), (0o1777, true), (0o755, true), (0o700, true)] {
            std::fs::set_permissions(directory.path(), Permissions::from_mode(mode)).expect("changed");
            assert_eq!(try_bind(&directory.path().join("s")).is_ok(), accepted, "{mode:o}");
        }
    }
}
