//! One at a time, on one machine or several: a lock file that says who holds it and until when. It is taken over only after
//! its end, so that a killed holder stops nobody for long and a slow one is not run over. No clock of its own.
//!
//! The file is changed only under a lock of the file system, which the system lifts when a process dies; where there is none
//! (some network file systems), a short wait and a second look take its place.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use digicert_one_core::Clock;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::durable;
use crate::instant::Instant;
use crate::sink::SinkError;

/// Longer than any lock file.
const MAX_BYTES: u64 = 4 << 10;
/// How long one waits between two looks at a lock that is held, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The wait before the second look at a lock that was just taken.
const SECOND_LOOK: Duration = Duration::from_millis(200);

/// Who holds a lock: for people, by host and process; for us, by a random id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    host: String,
    process: u32,
    id: String,
}

impl Owner {
    /// This process, with an id that nobody else has. `host` is what people call the machine.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(host: impl Into<String>) -> io::Result<Self> {
        let host = host.into().chars().filter(|character| !character.is_control()).take(255).collect();
        Ok(Self { host, process: std::process::id(), id: durable::random_name()? })
    }

    /// This process on this machine, by the name that the system gives it.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn this_process() -> io::Result<Self> {
        #[cfg(unix)]
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        #[cfg(not(unix))]
        let host = std::env::var("COMPUTERNAME").unwrap_or_default();
        Self::new(if host.is_empty() { "this machine".to_owned() } else { host })
    }

    /// The machine.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The process id on that machine.
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

/// Why a lock is not ours.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else holds it.
    #[error("{} is held by {owner} until {}: wait, or look whether that process still runs", .path.display(), Instant::from(*.until))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        owner: Owner,
        /// When it ends at the latest, by the holder's clock.
        until: SystemTime,
    },
    /// It was ours and is no longer: its end has passed and somebody took it, or somebody removed it.
    #[error("{} is no longer held by this process: stop, and begin anew", .path.display())]
    Lost {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file is none of ours, or damaged.
    #[error("{} is not a lock file: if no other process uses it, remove it", .path.display())]
    Damaged {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file cannot be read or written.
    #[error("the lock cannot be taken: {0}")]
    File(#[from] SinkError),
}

/// The content of a lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    owner: Owner,
    until: Instant,
}

/// A lock that is held. Dropped, it is given back; a process that is killed holds it until its end.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use digicert_one_provisioning::{Lock, LockError, Owner};
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("rotation.lock");
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
/// let minute = Duration::from_secs(60);
/// let lock = Lock::try_acquire(&path, &Owner::new("one")?, minute, now)?;
/// let other = Owner::new("two")?;
/// assert!(matches!(Lock::try_acquire(&path, &other, minute, now), Err(LockError::Held { .. })));
/// lock.release()?;
/// assert!(Lock::try_acquire(&path, &other, minute, now).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a lock that is dropped is given back"]
pub struct Lock {
    path: PathBuf,
    record: Record,
    released: bool,
}

impl Lock {
    /// Takes the lock for `ttl` if it is free or past its end, and does not wait. `ttl` must be longer than machines' clocks
    /// differ, by far.
    ///
    /// # Errors
    /// It is held, damaged or cannot be written.
    pub fn try_acquire(
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

    /// Takes the lock, and waits for it for as long as `patience` says. Waits are random, so that several who wait do not all
    /// come at once. A lock that is taken is looked at a second time, for file systems that lock for one machine only.
    ///
    /// # Errors
    /// It is still held, damaged or cannot be written.
    pub async fn acquire(
        path: impl Into<PathBuf>,
        owner: &Owner,
        ttl: Duration,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Result<Self, LockError> {
        let path = path.into();
        let last = clock.now().checked_add(patience);
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

    /// Holds it for another `ttl` from now.
    ///
    /// # Errors
    /// It is no longer ours, or cannot be written.
    pub fn renew(&mut self, ttl: Duration, now: SystemTime) -> Result<(), LockError> {
        let record = Record { owner: self.record.owner.clone(), until: end(now, ttl) };
        let lost = || LockError::Lost { path: self.path.clone() };
        change(&self.path, |found| match found {
            Some(held) if held.owner == record.owner => Ok(Some(record.clone())),
            _ => Err(lost()),
        })?;
        self.record = record;
        Ok(())
    }

    /// Whether it is still ours: asked before every step that another process must not take at the same time.
    ///
    /// # Errors
    /// Its end has passed, or somebody else holds it.
    pub fn check(&self, now: SystemTime) -> Result<(), LockError> {
        let lost = || LockError::Lost { path: self.path.clone() };
        if self.record.until.time() <= now {
            return Err(lost());
        }
        match open(&self.path)?.map(|file| read(&file, &self.path)).transpose()? {
            Some(held) if held.owner == self.record.owner => Ok(()),
            _ => Err(lost()),
        }
    }

    /// When it ends if it is not renewed.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        self.record.until.time()
    }

    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it back.
    ///
    /// # Errors
    /// The lock file cannot be removed; it then ends at its time.
    pub fn release(mut self) -> Result<(), LockError> {
        self.give_back()
    }

    fn give_back(&mut self) -> Result<(), LockError> {
        if std::mem::replace(&mut self.released, true) {
            return Ok(());
        }
        let owner = self.record.owner.clone();
        change(&self.path, |found| match found {
            Some(held) if held.owner == owner => Ok(None),
            // Somebody else's by now.
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

/// Reads the record, asks what is to stand there instead (`None`: nothing), and puts it there, all while nobody else does.
fn change(path: &Path, decide: impl Fn(Option<&Record>) -> Result<Option<Record>, LockError>) -> Result<(), LockError> {
    loop {
        let Some(file) = open(path)? else {
            let Some(record) = decide(None)? else { return Ok(()) };
            match create(path, &record)? {
                true => return Ok(()),
                // Somebody was faster.
                false => continue,
            }
        };
        match file.lock() {
            Ok(()) => {}
            Err(error) if is_unsupported(&error) => {}
            Err(error) => return Err(failed(path, "cannot lock the file", error)),
        }
        if !is_still(path, &file) {
            continue;
        }
        let found = read(&file, path)?;
        match decide(Some(&found))? {
            Some(record) if record == found => {}
            Some(record) => durable::replace_file(path, &written(&record))?,
            None => fs::remove_file(path).map_err(|error| failed(path, "cannot remove the lock file", error))?,
        }
        return Ok(());
    }
}

/// Puts a new lock file there, whole, unless one is there.
fn create(path: &Path, record: &Record) -> Result<bool, LockError> {
    let (beside, mut file) =
        durable::create_unfinished(path).map_err(|error| failed(path, "cannot make the lock file", error))?;
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
    result.map_err(|error| failed(path, "cannot make the lock file", error))
}

fn open(path: &Path) -> Result<Option<File>, LockError> {
    match File::options().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "cannot open the lock file", error)),
    }
}

fn read(file: &File, path: &Path) -> Result<Record, LockError> {
    let mut text = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(|error| failed(path, "cannot read the lock file", error))?;
    serde_json::from_slice(&text).map_err(|_| LockError::Damaged { path: path.to_owned() })
}

fn written(record: &Record) -> Vec<u8> {
    let mut text = serde_json::to_vec(record).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Whether the path still leads to the file that is open: who waited for a lock may hold one that was replaced meanwhile.
#[cfg(unix)]
pub(crate) fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((fs::metadata(path), file.metadata()), (Ok(named), Ok(open)) if key(&named) == key(&open))
}

#[cfg(not(unix))]
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
    LockError::File(SinkError::io(path.display().to_string(), what, error))
}

fn end(now: SystemTime, ttl: Duration) -> Instant {
    // What cannot be added is far beyond any lock's end.
    now.checked_add(ttl).unwrap_or(now).into()
}
