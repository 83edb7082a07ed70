//! Atomic file writes: a file is written next to its target under another name, synchronised, read back and
//! renamed over it, and the directory is synchronised too. All secrets are written by this module: with mode
//! 0600, or with the owner, group, mode and attributes of the replaced file.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::inherit::{ANY_MODE, Inherited, PUBLIC, SECRET};
use crate::replaceable::{check_file, check_links, look, parent};
use crate::store::{StoreError, StoreErrorKind};

/// The suffix of unfinished files. Any process that can lock such a file may remove it.
const UNFINISHED: &str = ".d1-new";
/// Maximum attempts with another name if the previous file was removed by another process.
const ATTEMPTS: usize = 8;
const BLOCK: usize = 4 << 10;

/// A file for `target` that already exists under another name, with its space reserved. It is removed when
/// dropped before [`commit`](Self::commit).
#[derive(Debug)]
pub(crate) struct Reserved {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    preserve: Preserve,
    inherited: Option<Inherited>,
    committed: bool,
}

/// What happens to the metadata of a replaced file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preserve {
    /// All of it must be preserved, and its mode must not be wider than this; otherwise the file is not replaced.
    All(u32),
    /// As much as possible is preserved.
    WhatCanBe,
}

impl Reserved {
    /// Checks that a secret file of `size` bytes can be written to `target`: the directory is writable, there
    /// is enough space, nothing unexpected is in its place, and all metadata of an existing file can be preserved.
    ///
    /// # Errors
    /// Returns an error if it cannot; nothing is left behind.
    pub(crate) fn new(target: &Path, size: usize) -> Result<Self, StoreError> {
        Self::with_metadata(target, size, Preserve::All(SECRET))
    }

    /// Same as `new`, for content that is not secret.
    pub(crate) fn public(target: &Path, size: usize) -> Result<Self, StoreError> {
        Self::with_metadata(target, size, Preserve::All(PUBLIC))
    }

    fn with_metadata(target: &Path, size: usize, preserve: Preserve) -> Result<Self, StoreError> {
        let place = || target.display().to_string();
        if target.file_name().is_none() {
            return Err(StoreError::new(StoreErrorKind::Unexpected, place(), "invalid path: expected a file name"));
        }
        let directory = parent(target);
        if !fs::metadata(directory)
            .map_err(|error| StoreError::io(place(), "failed to access its directory", error))?
            .is_dir()
        {
            return Err(StoreError::new(StoreErrorKind::Unexpected, place(), "its parent is not a directory"));
        }
        let found = check_file(target)?;
        let (temporary, file) = create_unfinished(target)
            .map_err(|error| StoreError::io(place(), "failed to create a file in its directory", error))?;
        let mut reserved =
            Self { target: target.to_owned(), temporary, file, preserve, inherited: None, committed: false };
        reserved.inherit(found)?;
        reserved
            .fill(size)
            .map_err(|error| StoreError::io(place(), &format!("failed to reserve {size} bytes"), error))?;
        Ok(reserved)
    }

    /// Copies the metadata of the replaced file, and checks that the new file can still be read.
    fn inherit(&mut self, found: Option<Metadata>) -> Result<(), StoreError> {
        let Some(found) = found else { return Ok(()) };
        let hand_on = |widest| {
            let inherited = Inherited::of(&self.target, &found)?;
            if self.inherited.as_ref() != Some(&inherited) {
                inherited.hand_on(&self.file, widest, &self.target)?;
            }
            Ok::<_, StoreError>(inherited)
        };
        self.inherited = match self.preserve {
            Preserve::WhatCanBe => hand_on(ANY_MODE).ok(),
            Preserve::All(widest) => {
                check_links(&self.target, &found)?;
                Some(hand_on(widest)?)
            }
        };
        File::open(&self.temporary).map_err(|error| self.failed("failed to read a file with this metadata", error))?;
        Ok(())
    }

    fn fill(&mut self, size: usize) -> io::Result<()> {
        // Written and not only preallocated, because a file system may promise more than it has.
        for _ in 0..size.div_ceil(BLOCK) {
            self.file.write_all(&[0; BLOCK])?;
        }
        self.file.sync_all()
    }

    /// Writes the content, synchronises, compares, renames, and synchronises the directory.
    ///
    /// # Errors
    /// Returns an error if it failed. The target then still has its old content, unless only the last
    /// synchronising or reading failed; it is never half written. May be retried.
    pub(crate) fn commit(&mut self, content: &[u8]) -> Result<(), StoreError> {
        self.write(content)?;
        self.publish()?;
        compare(&self.target, content, &self.target)
    }

    /// The first half of [`commit`](Self::commit): durable, but still under the other name.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), StoreError> {
        self.overwrite(content).map_err(|error| self.failed("failed to write the file", error))?;
        // Through this handle: on Windows a locked file cannot be read through another one, even by the same process.
        self.file.rewind().map_err(|error| self.failed("failed to read the file back", error))?;
        compare_with(&self.file, content, &self.target)
    }

    fn overwrite(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_all()
    }

    /// The second half: renames the file to its target.
    pub(crate) fn publish(&mut self) -> Result<(), StoreError> {
        // It may have changed since.
        let found = check_file(&self.target)?;
        self.inherit(found)?;
        fs::rename(&self.temporary, &self.target)
            .map_err(|error| self.failed("failed to rename the new file", error))?;
        self.committed = true;
        // No other process removes it under this name.
        let _ = self.file.unlock();
        sync_directory(parent(&self.target))
            .map_err(|error| self.failed("the file was written, but failed to synchronise its directory", error))
    }

    fn failed(&self, what: &str, error: io::Error) -> StoreError {
        StoreError::io(self.target.display().to_string(), what, error)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.committed {
            // Removed while still locked, so that no other process removes it at the same time.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Replaces a whole file.
pub(crate) fn replace(target: &Path, content: &[u8]) -> Result<(), StoreError> {
    Reserved::new(target, content.len())?.commit(content)
}

/// Replaces a non-secret file of this program, such as a lock or a state file, atomically and durably. It
/// keeps the owner, group and mode of the replaced file if possible, so that one run as another user locks no
/// one out; a new file has mode 0600.
///
/// # Errors
/// Returns an error if it cannot be written. The old content then stays, unless only the last synchronising
/// or reading failed.
pub fn replace_file(path: impl AsRef<Path>, content: &[u8]) -> Result<(), StoreError> {
    Reserved::with_metadata(path.as_ref(), content.len(), Preserve::WhatCanBe)?.commit(content)
}

/// Gives a new file the owner, group, mode and extended attributes of the file that it is about to replace, if there is one.
/// A file that holds a secret gets the mode 0600 where that one is wider than 0640.
///
/// # Errors
/// Returns an error if a part of them cannot be kept.
pub fn inherit_metadata(file: &File, replaced: impl AsRef<Path>, holds_secret: bool) -> Result<(), StoreError> {
    let replaced = replaced.as_ref();
    match look(replaced)? {
        Some(found) => {
            let widest = if holds_secret { SECRET } else { ANY_MODE };
            Inherited::of(replaced, &found)?.private_if_wider(widest).hand_on(file, widest, replaced)
        }
        None => Ok(()),
    }
}

/// Reads a file back and compares. Errors name `called`.
pub(crate) fn compare(path: &Path, content: &[u8], called: &Path) -> Result<(), StoreError> {
    match File::open(path) {
        Ok(file) => compare_with(file, content, called),
        Err(error) => Err(StoreError::io(called.display().to_string(), "failed to read the file back", error)),
    }
}

fn compare_with(file: impl Read, content: &[u8], called: &Path) -> Result<(), StoreError> {
    let place = || called.display().to_string();
    // One byte more than expected, so that a longer file is detected.
    let mut found = Zeroizing::new(Vec::with_capacity(content.len() + 1));
    let read = file.take(content.len() as u64 + 1).read_to_end(&mut found).map(|_| *found == content);
    match read {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "the content read back differs from what was written; check the disk, and whether another program writes there";
            Err(StoreError::new(StoreErrorKind::ReadBackDiffers, place(), message))
        }
        Err(error) => Err(StoreError::io(place(), "failed to read the file back", error)),
    }
}

/// Creates a file that only its owner may read or write. Never follows a link.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes renames and new names in a directory durable. Only Unix has such a call.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// Returns 16 random hexadecimal digits for a unique name.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// Creates an unfinished file next to `target`; removes what a killed process left there.
pub(crate) fn create_unfinished(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or_else(|| io::Error::other("invalid path: expected a file name"))?;
    remove_unfinished(parent(target), name);
    create_beside(parent(target), name)
}

/// Locked while it is open.
fn create_beside(directory: &Path, name: &OsStr) -> io::Result<(PathBuf, File)> {
    for _ in 0..ATTEMPTS {
        let mut unfinished = prefix(name);
        unfinished.push(random_name()?);
        unfinished.push(UNFINISHED);
        let path = directory.join(unfinished);
        let file = match create_private(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            created => created?,
        };
        // Without lock support, unfinished files are not removed either.
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && fs::symlink_metadata(&path).is_ok() {
            return Ok((path, file));
        }
    }
    Err(io::Error::other("every new file was removed immediately by another process"))
}

fn prefix(name: &OsStr) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// Removes what a killed process left: unfinished files that are not locked.
fn remove_unfinished(directory: &Path, name: &OsStr) {
    let prefix = prefix(name);
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let ours = found.as_encoded_bytes().starts_with(prefix.as_encoded_bytes())
            && found.as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if ours
            // A file that inherited another mode may not be writable for us.
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path()).or_else(|_| File::open(entry.path()))
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("listed");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn dropped_reservation_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let reserved = Reserved::new(&directory.path().join("key"), 100).expect("reserved");
        assert_eq!(names(directory.path()).len(), 1);
        assert!(fs::metadata(&reserved.temporary).expect("there").len() >= 100);
        drop(reserved);
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn files_of_killed_but_not_of_running_processes_are_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("key");
        fs::write(directory.path().join(".key.0123.d1-new"), "canary").expect("left behind");
        fs::write(directory.path().join(".other.0123.d1-new"), "not ours").expect("written");
        let living = Reserved::new(&target, 1).expect("reserved");
        let _second = Reserved::new(&target, 1).expect("reserved");
        assert!(living.temporary.exists());
        let names = names(directory.path());
        assert!(names.len() == 3 && !names.contains(&".key.0123.d1-new".to_owned()), "{names:?}");
    }

    #[test]
    fn shorter_content_and_retry_leave_no_old_bytes() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("key");
        let mut reserved = Reserved::new(&target, 9000).expect("reserved");
        reserved.write(b"a longer first content").expect("written");
        assert!(!target.exists());
        reserved.commit(b"canary").expect("stored");
        assert_eq!(fs::read(&target).expect("there"), b"canary");
        drop(reserved);
        assert_eq!(names(directory.path()), ["key"]);
    }

    #[test]
    fn published_file_can_be_locked_and_read_by_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("key");
        let mut reserved = Reserved::new(&target, 6).expect("reserved");
        reserved.commit(b"canary").expect("stored");
        let other = File::open(&target).expect("there");
        other.try_lock().expect("unlocked while the first handle is open");
    }

    #[test]
    fn different_content_read_back_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key");
        fs::write(&path, "canary2").expect("written");
        for expected in [&b"canary"[..], b"canary3", b"canary22"] {
            let error = compare(&path, expected, &path).expect_err("it differs");
            assert_eq!(error.kind(), StoreErrorKind::ReadBackDiffers);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        compare(&path, b"canary2", &path).expect("the same");
    }
}
