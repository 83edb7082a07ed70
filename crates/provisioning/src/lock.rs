//! A lock for one machine or several: a lock file with its owner and expiry. It is taken over only after its
//! expiry, so that a killed owner blocks others only for a while and a slow one is not interrupted. Has no
//! clock of its own.
//!
//! The file is changed only under a lock of the file system, which the system releases when a process dies;
//! without lock support (some network file systems), a short delay and a second check replace it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use digicert_one_core::{BoxError, Clock, Code};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::durable;
use crate::instant::Instant;
use crate::store::StoreError;

/// Longer than any lock file.
const MAX_BYTES: u64 = 4 << 10;
/// Maximum delay between two checks of a held lock.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The delay before the second check of a newly acquired lock.
const SECOND_LOOK: Duration = Duration::from_millis(200);

/// The owner of a lock: host and process for operators, and a random id for this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    host: String,
    process: u32,
    id: String,
}

impl Owner {
    /// Returns an owner for this process, with a unique id. `host` is the readable name of the machine.
    ///
    /// # Errors
    /// Returns an error if the system has no random numbers.
    pub fn new(host: impl Into<String>) -> io::Result<Self> {
        let host = host.into().chars().filter(|character| !character.is_control()).take(255).collect();
        Ok(Self { host, process: std::process::id(), id: durable::random_name()? })
    }

    /// Returns an owner for this process on this machine, with the system's host name.
    ///
    /// # Errors
    /// Returns an error if the system has no random numbers.
    pub fn this_process() -> io::Result<Self> {
        #[cfg(unix)]
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        #[cfg(not(unix))]
        let host = std::env::var("COMPUTERNAME").unwrap_or_default();
        Self::new(if host.is_empty() { "this machine".to_owned() } else { host })
    }

    /// Returns the machine.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the process id on that machine.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)
    }
}

/// Error returned when a lock is not held by this process.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process holds it.
    #[error("the lock {} is held by {owner} until {}; wait, or check whether that process still runs", .path.display(), Instant::from(*.until))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
        /// When it expires at the latest, by the owner's clock.
        until: SystemTime,
    },
    /// This process held it and lost it: it expired and was taken, or it was removed.
    #[error("the lock {} was lost; restart the operation", .path.display())]
    Lost {
        /// The lock file.
        path: PathBuf,
    },
    /// The file is not a lock file, or damaged.
    #[error("{} is not a lock file; if no other process uses it, remove it", .path.display())]
    Damaged {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file cannot be read or written.
    #[error("failed to acquire the lock: {0}")]
    File(#[from] StoreError),
    /// The store of a lock that several machines share cannot be used.
    #[error("failed to use the shared lock: {source}")]
    Store {
        /// The diagnosis code.
        code: Code,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// The content of a lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    owner: Owner,
    until: Instant,
}

/// A lock that is held. Released when dropped; a killed process holds it until its expiry.
#[derive(Debug)]
#[must_use = "a lock is released when dropped"]
pub(crate) struct Lock {
    path: PathBuf,
    record: Record,
    released: bool,
}

impl Lock {
    /// Acquires the lock for `ttl` if it is free or expired, without waiting. `ttl` must be much longer than
    /// the differences between the machines' clocks.
    ///
    /// # Errors
    /// Returns an error if it is held or damaged, or cannot be written.
    pub(crate) fn try_acquire(
        path: impl Into<PathBuf>,
        owner: &Owner,
        ttl: Duration,
        now: SystemTime,
    ) -> Result<Self, LockError> {
        let path = path.into();
        let record = Record { owner: owner.clone(), until: end(now, ttl) };
        change(&path, |found| match found {
            Some(held) if held.until.time() > now && held.owner != *owner => {
                Err(LockError::Held { path: path.clone(), owner: held.owner.clone(), until: held.until.time() })
            }
            _ => Ok(Some(record.clone())),
        })?;
        Ok(Self { path, record, released: false })
    }

    /// Acquires the lock, and waits for it up to `timeout`. Delays are random, so that waiting processes do
    /// not retry in step. An acquired lock is checked a second time, for file systems whose locks work on one
    /// machine only.
    ///
    /// # Errors
    /// Returns an error if it is still held, damaged, or cannot be written.
    pub(crate) async fn acquire(
        path: impl Into<PathBuf>,
        owner: &Owner,
        ttl: Duration,
        timeout: Duration,
        clock: &dyn Clock,
    ) -> Result<Self, LockError> {
        let path = path.into();
        let last = clock.now().checked_add(timeout);
        loop {
            let held = match unblocked_try(&path, owner, ttl, clock.now()).await {
                Ok(lock) => {
                    clock.sleep(SECOND_LOOK.mul_f64(0.5 + fastrand::f64())).await;
                    match lock.check(clock.now()) {
                        Ok(()) => return Ok(lock),
                        Err(lost) => lost,
                    }
                }
                Err(held @ LockError::Held { .. }) => held,
                Err(error) => return Err(error),
            };
            let pause = LONGEST_PAUSE.mul_f64(0.2 + 0.8 * fastrand::f64());
            if last.is_some_and(|last| clock.now() + pause > last) {
                return Err(held);
            }
            clock.sleep(pause).await;
        }
    }

    /// Extends the expiry to `ttl` from now.
    ///
    /// # Errors
    /// Returns an error if it was lost or cannot be written.
    pub(crate) fn renew(&mut self, ttl: Duration, now: SystemTime) -> Result<(), LockError> {
        let record = Record { owner: self.record.owner.clone(), until: end(now, ttl) };
        let lost = || LockError::Lost { path: self.path.clone() };
        change(&self.path, |found| match found {
            Some(held) if held.owner == record.owner => Ok(Some(record.clone())),
            _ => Err(lost()),
        })?;
        self.record = record;
        Ok(())
    }

    /// Checks that the lock is still held; called before every step that must not run concurrently.
    ///
    /// # Errors
    /// Returns an error if it has expired, or another process holds it.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), LockError> {
        let lost = || LockError::Lost { path: self.path.clone() };
        if self.record.until.time() <= now {
            return Err(lost());
        }
        match open(&self.path)?.map(|file| read_unlocked(&file, &self.path)).transpose()? {
            Some(held) if held.owner == self.record.owner => Ok(()),
            _ => Err(lost()),
        }
    }

    /// Returns when it expires if it is not renewed.
    pub(crate) fn until(&self) -> SystemTime {
        self.record.until.time()
    }

    /// Releases it.
    ///
    /// # Errors
    /// Returns an error if the lock file cannot be removed; it then expires.
    pub(crate) fn release(mut self) -> Result<(), LockError> {
        self.give_back()
    }

    fn give_back(&mut self) -> Result<(), LockError> {
        if std::mem::replace(&mut self.released, true) {
            return Ok(());
        }
        let owner = self.record.owner.clone();
        change(&self.path, |found| match found {
            Some(held) if held.owner == owner => Ok(None),
            // Another process owns it by now.
            found => Ok(found.cloned()),
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.give_back();
    }
}

async fn unblocked_try(path: &Path, owner: &Owner, ttl: Duration, now: SystemTime) -> Result<Lock, LockError> {
    let (path, owner) = (path.to_owned(), owner.clone());
    blocking::unblock(move || Lock::try_acquire(path, &owner, ttl, now)).await
}

/// Reads the record, asks `decide` for the new one (`None`: remove it), and writes it, while no other process does.
fn change(path: &Path, decide: impl Fn(Option<&Record>) -> Result<Option<Record>, LockError>) -> Result<(), LockError> {
    loop {
        let Some(file) = open(path)? else {
            let Some(record) = decide(None)? else { return Ok(()) };
            match create(path, &record)? {
                true => return Ok(()),
                // Another process was faster.
                false => continue,
            }
        };
        match file.lock() {
            Ok(()) => {}
            Err(error) if is_unsupported(&error) => {}
            Err(error) => return Err(failed(path, "failed to lock the file", error)),
        }
        if !is_still(path, &file) {
            continue;
        }
        let found = read(&file, path)?;
        match decide(Some(&found))? {
            Some(record) if record == found => {}
            Some(record) => write(path, &file, &record)?,
            None => fs::remove_file(path).map_err(|error| failed(path, "failed to remove the lock file", error))?,
        }
        return Ok(());
    }
}

/// Replaces the record of a locked file.
#[cfg(not(windows))]
fn write(path: &Path, _file: &File, record: &Record) -> Result<(), LockError> {
    Ok(durable::replace_file(path, &written(record))?)
}

/// Replaces the record of a locked file, in place: not every version of Windows can rename over an open file. Readers wait for the lock.
#[cfg(windows)]
fn write(path: &Path, mut file: &File, record: &Record) -> Result<(), LockError> {
    let text = written(record);
    let mut change = || -> io::Result<()> {
        io::Seek::rewind(&mut file)?;
        file.write_all(&text)?;
        file.set_len(text.len() as u64)?;
        file.sync_all()
    };
    change().map_err(|error| failed(path, "failed to write the lock file", error))
}

/// Creates a complete lock file, unless one exists.
fn create(path: &Path, record: &Record) -> Result<bool, LockError> {
    let (beside, mut file) =
        durable::create_unfinished(path).map_err(|error| failed(path, "failed to create the lock file", error))?;
    let mut made = || -> io::Result<bool> {
        file.write_all(&written(record))?;
        file.sync_all()?;
        match fs::hard_link(&beside, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    let result = made();
    let _ = fs::remove_file(&beside);
    result.map_err(|error| failed(path, "failed to create the lock file", error))
}

fn open(path: &Path) -> Result<Option<File>, LockError> {
    match File::options().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "failed to open the lock file", error)),
    }
}

/// Reads a file that another process may have locked for a moment.
fn read_unlocked(file: &File, path: &Path) -> Result<Record, LockError> {
    // On Windows a file cannot be read while another process has locked it.
    #[cfg(windows)]
    match file.lock_shared() {
        Err(error) if !is_unsupported(&error) => return Err(failed(path, "failed to lock the file", error)),
        _ => {}
    }
    read(file, path)
}

fn read(file: &File, path: &Path) -> Result<Record, LockError> {
    let mut text = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(|error| failed(path, "failed to read the lock file", error))?;
    serde_json::from_slice(&text).map_err(|_| LockError::Damaged { path: path.to_owned() })
}

fn written(record: &Record) -> Vec<u8> {
    let mut text = serde_json::to_vec(record).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Returns whether the path still refers to the open file: a process that waited for a lock may hold one that
/// was replaced meanwhile.
#[cfg(unix)]
pub(crate) fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((fs::metadata(path), file.metadata()), (Ok(named), Ok(open)) if key(&named) == key(&open))
}

#[cfg(windows)]
pub(crate) fn is_still(path: &Path, file: &File) -> bool {
    let open = file.try_clone().and_then(same_file::Handle::from_file);
    matches!((same_file::Handle::from_path(path), open), (Ok(named), Ok(open)) if named == open)
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn is_still(path: &Path, _file: &File) -> bool {
    path.exists()
}

fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

fn failed(path: &Path, what: &str, error: io::Error) -> LockError {
    LockError::File(StoreError::io(path.display().to_string(), what, error))
}

fn end(now: SystemTime, ttl: Duration) -> Instant {
    // An overflow is far beyond the expiry of any lock.
    now.checked_add(ttl).unwrap_or(now).into()
}

#[cfg(test)]
mod tests;
