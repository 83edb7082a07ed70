//! Files that appear whole or not at all: written beside their place under a name of their own, synchronised, read, renamed
//! over it, and the directory synchronised, too. All secrets that we write go through here: with mode 0600, or with the owner,
//! group, mode and attributes of the file that is replaced.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::inherit::{ANY_MODE, Inherited, PUBLIC, SECRET};
use crate::replaceable::{check_file, check_links, parent};
use crate::sink::{SinkError, SinkErrorKind};

/// How a name ends that is not finished. A file with it may be removed by whoever can lock it.
const UNFINISHED: &str = ".d1-new";
/// How often another name is tried when somebody tidied the last one away.
const ATTEMPTS: usize = 8;
const BLOCK: usize = 4 << 10;

/// A file that is to stand under `target`: there already, with its space, under another name. Dropped before it is
/// [kept](Self::commit), it is removed.
#[derive(Debug)]
pub(crate) struct Reserved {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    keep: Keep,
    inherited: Option<Inherited>,
    committed: bool,
}

/// What becomes of the metadata of a file that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// All of it is kept, and its mode is not wider than this; else the file is not replaced.
    All(u32),
    /// What can be kept is kept.
    WhatCanBe,
}

impl Reserved {
    /// Makes sure that a file of `size` bytes with a secret can stand under `target`: directory writable, space there, nothing
    /// odd in its place, and everything kept that a file has there beside its content.
    ///
    /// # Errors
    /// It cannot; nothing is left behind.
    pub(crate) fn new(target: &Path, size: usize) -> Result<Self, SinkError> {
        Self::keeping(target, size, Keep::All(SECRET))
    }

    /// The same for content that is not secret.
    pub(crate) fn public(target: &Path, size: usize) -> Result<Self, SinkError> {
        Self::keeping(target, size, Keep::All(PUBLIC))
    }

    fn keeping(target: &Path, size: usize, keep: Keep) -> Result<Self, SinkError> {
        let place = || target.display().to_string();
        if target.file_name().is_none() {
            return Err(SinkError::new(SinkErrorKind::Unexpected, place(), "the path names no file"));
        }
        let directory = parent(target);
        if !fs::metadata(directory).map_err(|error| SinkError::io(place(), "cannot use its directory", error))?.is_dir()
        {
            return Err(SinkError::new(SinkErrorKind::Unexpected, place(), "what should be its directory is none"));
        }
        let found = check_file(target)?;
        let (temporary, file) = create_unfinished(target)
            .map_err(|error| SinkError::io(place(), "cannot make a file in its directory", error))?;
        let mut reserved = Self { target: target.to_owned(), temporary, file, keep, inherited: None, committed: false };
        reserved.inherit(found)?;
        reserved
            .fill(size)
            .map_err(|error| SinkError::io(place(), &format!("cannot make sure of {size} bytes"), error))?;
        Ok(reserved)
    }

    /// Takes over what the file that is replaced has beside its content, and makes sure that it can still be read back.
    fn inherit(&mut self, found: Option<Metadata>) -> Result<(), SinkError> {
        let Some(found) = found else { return Ok(()) };
        let hand_on = |widest| {
            let inherited = Inherited::of(&self.target, &found)?;
            if self.inherited.as_ref() != Some(&inherited) {
                inherited.hand_on(&self.file, widest, &self.target)?;
            }
            Ok::<_, SinkError>(inherited)
        };
        self.inherited = match self.keep {
            Keep::WhatCanBe => hand_on(ANY_MODE).ok(),
            Keep::All(widest) => {
                check_links(&self.target, &found)?;
                Some(hand_on(widest)?)
            }
        };
        File::open(&self.temporary).map_err(|error| self.failed("cannot read a file like this one", error))?;
        Ok(())
    }

    fn fill(&mut self, size: usize) -> io::Result<()> {
        // Written rather than only asked for, because a file system may promise more than it has.
        for _ in 0..size.div_ceil(BLOCK) {
            self.file.write_all(&[0; BLOCK])?;
        }
        self.file.sync_all()
    }

    /// Writes the content, synchronises, compares, renames, and synchronises the directory.
    ///
    /// # Errors
    /// What stood under the target still stands there, unless the last synchronising or reading failed; it is never half
    /// written. May be tried again.
    pub(crate) fn commit(&mut self, content: &[u8]) -> Result<(), SinkError> {
        self.write(content)?;
        self.publish()?;
        compare(&self.target, content, &self.target)
    }

    /// The first half of [`commit`](Self::commit): durable, and still under the other name.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), SinkError> {
        self.overwrite(content).map_err(|error| self.failed("cannot write the file", error))?;
        compare(&self.temporary, content, &self.target)
    }

    fn overwrite(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_all()
    }

    /// The second half: takes the place of what stood under the target.
    pub(crate) fn publish(&mut self) -> Result<(), SinkError> {
        // It may have been changed since.
        let found = check_file(&self.target)?;
        self.inherit(found)?;
        fs::rename(&self.temporary, &self.target)
            .map_err(|error| self.failed("cannot rename the new file to its name", error))?;
        self.committed = true;
        sync_directory(parent(&self.target))
            .map_err(|error| self.failed("the file is there, but its directory cannot be made durable", error))
    }

    fn failed(&self, what: &str, error: io::Error) -> SinkError {
        SinkError::io(self.target.display().to_string(), what, error)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.committed {
            // Removed while it is still locked, so that nobody else does it at the same time.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a whole file in the place of the one that stands there.
pub(crate) fn replace(target: &Path, content: &[u8]) -> Result<(), SinkError> {
    Reserved::new(target, content.len())?.commit(content)
}

/// Replaces a file that is only ours, such as a lock or a note of where things stand, whole and durable. It keeps the owner, group
/// and mode of the file that it replaces where that is possible, so that running once as another user locks no one out; a new
/// file has mode 0600.
///
/// # Errors
/// It cannot be written. What stood there still stands there, unless only the last synchronising or reading failed.
pub fn replace_file(path: impl AsRef<Path>, content: &[u8]) -> Result<(), SinkError> {
    Reserved::keeping(path.as_ref(), content.len(), Keep::WhatCanBe)?.commit(content)
}

/// Reads a file back and compares. `called` is what errors name.
pub(crate) fn compare(path: &Path, content: &[u8], called: &Path) -> Result<(), SinkError> {
    let place = || called.display().to_string();
    let read = || -> io::Result<bool> {
        // One byte more than expected, so that a longer file shows.
        let mut found = Zeroizing::new(Vec::with_capacity(content.len() + 1));
        File::open(path)?.take(content.len() as u64 + 1).read_to_end(&mut found)?;
        Ok(*found == content)
    };
    match read() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "what was read back is not what was written; check the disk and who else writes there";
            Err(SinkError::new(SinkErrorKind::ReadBackDiffers, place(), message))
        }
        Err(error) => Err(SinkError::io(place(), "cannot read the file back", error)),
    }
}

/// A new file that only its owner may read or write. Never follows a link.
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

/// Makes renames and new names in a directory durable. Other systems than Unix have no such call.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// 16 hexadecimal digits for a name that nobody else has.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// A new file beside `target`, under a name that says that it is unfinished; what a killed process left there is removed.
pub(crate) fn create_unfinished(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    remove_unfinished(parent(target), name);
    create_beside(parent(target), name)
}

/// Locked for as long as it is open.
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
        // Where there are no locks nobody removes what is unfinished either.
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && fs::symlink_metadata(&path).is_ok() {
            return Ok((path, file));
        }
    }
    Err(io::Error::other("every new file was removed at once: another process tidies there"))
}

fn prefix(name: &OsStr) -> std::ffi::OsString {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// Removes what a killed process left: unfinished files that nobody has locked.
fn remove_unfinished(directory: &Path, name: &OsStr) {
    let prefix = prefix(name);
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let ours = found.as_encoded_bytes().starts_with(prefix.as_encoded_bytes())
            && found.as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if ours
            // One that inherited a mode may not be ours to write.
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
    fn what_is_reserved_and_not_kept_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let reserved = Reserved::new(&directory.path().join("key"), 100).expect("reserved");
        assert_eq!(names(directory.path()).len(), 1);
        assert!(fs::metadata(&reserved.temporary).expect("there").len() >= 100);
        drop(reserved);
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_living_one_holds_is_not() {
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
    fn a_shorter_content_leaves_nothing_of_the_reserve_and_a_second_try_nothing_of_the_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("key");
        let mut reserved = Reserved::new(&target, 9000).expect("reserved");
        reserved.write(b"a longer first content").expect("written");
        assert!(!target.exists());
        reserved.commit(b"canary").expect("kept");
        assert_eq!(fs::read(&target).expect("there"), b"canary");
        drop(reserved);
        assert_eq!(names(directory.path()), ["key"]);
    }

    #[test]
    fn what_reads_back_differently_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key");
        fs::write(&path, "canary2").expect("written");
        for expected in [&b"canary"[..], b"canary3", b"canary22"] {
            let error = compare(&path, expected, &path).expect_err("it differs");
            assert_eq!(error.kind(), SinkErrorKind::ReadBackDiffers);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        compare(&path, b"canary2", &path).expect("the same");
    }
}
