//! The journal: an append-only file of named steps, each synchronised before the next one starts, so that the
//! next process can resume an operation after a crash. It holds no secret; the private key of a requested
//! certificate is in a file next to it, from before the request is sent until the operation is finished.
//!
//! `entry.rs` has the entries. A truncated last line counts as not written; any other damage is an error,
//! since a missing step could cost a secret.

mod entry;
mod error;
mod operation;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use digicert_one_core::{ApiKey, Secret};

use self::entry::{Entry, Event, Fault, Lines};
pub(crate) use self::error::JournalError;
pub(crate) use self::operation::{OperationOutcome, Pending, Record};
use crate::lock::is_still;
use crate::store::StoreError;
use crate::{durable, replaceable};
use digicert_one_credentials::read_secret_file;

/// A longer journal is started again if no operation is in progress.
const LONG: u64 = 256 << 10;
/// Larger than any real journal.
const MAX_BYTES: u64 = 64 << 20;
/// The suffix of key files.
const KEY: &str = ".key";

/// The journal of one workflow, open in one process at a time.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// The length of the valid part of the file.
    length: u64,
    lines: Lines,
    pending: Option<Pending>,
    was_torn: bool,
    /// Whether the file was empty when it was opened.
    was_empty: bool,
}

impl Journal {
    /// Opens the journal, with mode 0600 if it is new, and reads the operation in progress.
    ///
    /// # Errors
    /// Returns an error if another process has it open, it is damaged, or it cannot be read or written.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let path = path.into();
        loop {
            let file = open_file(&path)?;
            if let Some(journal) = Self::read(&path, file)? {
                return Ok(journal);
            }
        }
    }

    /// Opens the journal if it exists; does not create one.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub(crate) fn open_existing(path: impl Into<PathBuf>) -> Result<Option<Self>, JournalError> {
        let path = path.into();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Self::open(path).map(Some),
        }
    }

    /// Reads an open file; `None` if it was removed before it was locked.
    fn read(path: &Path, file: File) -> Result<Option<Self>, JournalError> {
        let path = path.to_owned();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(failed(&path, "failed to lock the journal", error)),
        }
        if !is_still(&path, &file) {
            return Ok(None);
        }
        let mut text = Vec::new();
        let read = (&file).take(MAX_BYTES + 1).read_to_end(&mut text);
        read.map_err(|error| failed(&path, "failed to read the journal", error))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(JournalError::Damaged { path, line: 1, what: "too large for a journal" });
        }
        let was_empty = text.is_empty();
        let mut journal =
            Self { path, file, length: 0, lines: Lines::new(), pending: None, was_torn: false, was_empty };
        journal.replay(&text)?;
        journal.remove_finished_keys();
        Ok(Some(journal))
    }

    fn replay(&mut self, text: &[u8]) -> Result<(), JournalError> {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
            let line = &rest[..end.unwrap_or(rest.len())];
            let is_last = end.is_none_or(|end| end == rest.len());
            match self.lines.read(line) {
                Ok(entry) => self.apply(entry).map_err(|what| self.damaged(what))?,
                // Its writer was killed while writing it, before it reported success.
                Err(Fault::Broken(_)) if is_last && (self.length > 0 || Lines::may_begin(line)) => {
                    self.was_torn = true;
                    break;
                }
                Err(_) if self.length == 0 && !Lines::may_begin(line) => {
                    return Err(JournalError::Foreign { path: self.path.clone() });
                }
                Err(Fault::Broken(what)) => return Err(self.damaged(what)),
                Err(Fault::Version) => {
                    let line = self.lines.read_so_far() + 1;
                    return Err(JournalError::OtherVersion { path: self.path.clone(), line });
                }
            }
            self.length += line.len() as u64;
            rest = &rest[line.len()..];
        }
        if self.was_torn {
            self.truncate().map_err(|error| failed(&self.path, "failed to remove the unfinished line", error))?;
        }
        Ok(())
    }

    fn apply(&mut self, entry: Entry) -> Result<(), &'static str> {
        match (entry.event, &mut self.pending) {
            (Event::Begin { kind, facts }, None) => {
                let operation = Record { name: kind, at: entry.at, facts };
                self.pending = Some(Pending { id: entry.id, operation, steps: Vec::new() });
            }
            (Event::Step { name, facts }, Some(pending)) if pending.id == entry.id => {
                pending.steps.push(Record { name, at: entry.at, facts });
            }
            (Event::Finish { .. }, Some(pending)) if pending.id == entry.id => self.pending = None,
            _ => return Err("its entries are out of order"),
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> JournalError {
        JournalError::Damaged { path: self.path.clone(), line: self.lines.read_so_far() + 1, what }
    }

    /// Returns the operation in progress, which must be resumed before another one begins.
    #[must_use]
    pub(crate) fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Returns whether the last line was truncated by a crash. It counts as not written.
    #[cfg(test)]
    pub(crate) fn was_torn(&self) -> bool {
        self.was_torn
    }

    /// Returns whether the journal was empty when it was opened.
    pub(crate) fn was_empty(&self) -> bool {
        self.was_empty
    }

    /// Removes a journal that was empty when it was opened and has no operation in progress: an operation
    /// that created nothing leaves no file behind.
    pub(crate) fn remove_if_new(self) {
        if self.was_empty && self.pending.is_none() {
            // A remaining file is empty or complete, and harmless.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Begins an operation. Durable when it returns.
    ///
    /// # Errors
    /// Returns an error if another one is in progress, a fact looks like a secret, or the journal cannot be written.
    pub(crate) fn begin(&mut self, operation: Record) -> Result<&Pending, JournalError> {
        if let Some(pending) = &self.pending {
            return Err(JournalError::Pending { path: self.path.clone(), kind: pending.operation.name.clone() });
        }
        if self.length > LONG {
            self.length = 0;
            self.lines = Lines::new();
            self.truncate().map_err(|error| failed(&self.path, "failed to start the journal again", error))?;
        }
        let id = durable::random_name().map_err(|error| failed(&self.path, "failed to generate an id", error))?;
        let event = Event::Begin { kind: operation.name.clone(), facts: operation.facts.clone() };
        self.append(Entry::new(&id, operation.at, event))?;
        Ok(self.pending.insert(Pending { id, operation, steps: Vec::new() }))
    }

    /// Records a step as done. Durable when it returns.
    ///
    /// # Errors
    /// Returns an error if no operation is in progress, a fact looks like a secret, or the journal cannot be written.
    pub(crate) fn step(&mut self, step: Record) -> Result<(), JournalError> {
        let id = self.id()?;
        let event = Event::Step { name: step.name.clone(), facts: step.facts.clone() };
        self.append(Entry::new(&id, step.at, event))?;
        if let Some(pending) = &mut self.pending {
            pending.steps.push(step);
        }
        Ok(())
    }

    /// Ends the operation, and removes its stored private key, which is now in its place or no longer needed.
    ///
    /// # Errors
    /// Returns an error if no operation is in progress, or the journal cannot be written.
    pub(crate) fn finish(&mut self, outcome: OperationOutcome, now: SystemTime) -> Result<(), JournalError> {
        let id = self.id()?;
        self.append(Entry::new(&id, now.into(), Event::Finish { outcome }))?;
        self.pending = None;
        self.remove_finished_keys();
        Ok(())
    }

    /// Stores the private key of the requested certificate, with mode 0600 in a file next to the journal,
    /// before the request is sent: the certificate can never lose its key. Durable when it returns.
    ///
    /// # Errors
    /// Returns an error if no operation is in progress, or the file cannot be written.
    pub(crate) fn store_key(&mut self, key: &Secret) -> Result<PathBuf, JournalError> {
        let path = self.key_path(&self.id()?);
        durable::replace(&path, key.expose())?;
        Ok(path)
    }

    /// Returns the stored private key of the operation in progress, if any.
    ///
    /// # Errors
    /// Returns an error if it exists but cannot be read.
    pub(crate) fn key(&self) -> Result<Option<Secret>, JournalError> {
        let Some(pending) = &self.pending else { return Ok(None) };
        let path = self.key_path(&pending.id);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => read_secret_file(&path, &mut Vec::new()).map(Some).map_err(JournalError::Key),
        }
    }

    fn id(&self) -> Result<String, JournalError> {
        match &self.pending {
            Some(pending) => Ok(pending.id.clone()),
            None => Err(JournalError::NothingPending { path: self.path.clone() }),
        }
    }

    fn append(&mut self, entry: Entry) -> Result<(), JournalError> {
        for (name, value) in entry.facts() {
            if looks_secret(value) {
                return Err(JournalError::LooksSecret { name: name.to_owned() });
            }
        }
        let (line, after) = self.lines.write(&entry);
        let write = || -> io::Result<()> {
            // Bytes of a failed attempt are not part of the journal.
            if self.file.metadata()?.len() != self.length {
                self.truncate()?;
            }
            (&self.file).seek(SeekFrom::Start(self.length))?;
            (&self.file).write_all(line.as_bytes())?;
            self.file.sync_all()
        };
        if let Err(error) = write() {
            // If this fails too, the next attempt does it.
            let _ = self.truncate();
            return Err(failed(&self.path, "failed to write the journal", error));
        }
        self.length += line.len() as u64;
        self.lines = after;
        Ok(())
    }

    fn truncate(&self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.sync_all()
    }

    fn key_path(&self, id: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{id}{KEY}"));
        PathBuf::from(name)
    }

    /// Removes key files of finished operations. A failure is retried at the next opening.
    fn remove_finished_keys(&self) {
        let Some(name) = self.path.file_name() else { return };
        let stored = self.pending.as_ref().map(|pending| self.key_path(&pending.id));
        let directory = replaceable::parent(&self.path);
        let Ok(entries) = fs::read_dir(directory) else { return };
        let mut removed = false;
        for entry in entries.flatten() {
            let found = entry.file_name();
            let id = found.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
            let id = id.and_then(|rest| rest.strip_prefix(b".")).and_then(|rest| rest.strip_suffix(KEY.as_bytes()));
            let is_key = id.is_some_and(|id| id.len() == 16 && id.iter().all(u8::is_ascii_hexdigit));
            if is_key && stored.as_ref().and_then(|stored| stored.file_name()) != Some(&found) {
                removed |= fs::remove_file(entry.path()).is_ok();
            }
        }
        if removed {
            let _ = durable::sync_directory(directory);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Unlocked explicitly: a child process that is just being started may hold a copy for a moment longer.
        let _ = self.file.unlock();
    }
}

fn open_file(path: &Path) -> Result<File, JournalError> {
    let cannot = |error| failed(path, "failed to open the journal", error);
    let is_new = match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => return Err(cannot(io::Error::other("it is not a regular file"))),
        // An empty file may belong to a process that was killed early.
        found => found.map_or(true, |metadata| metadata.len() == 0),
    };
    let mut options = OpenOptions::new();
    // Not for appending: on Windows such a file cannot be truncated. It is locked, so its end does not move.
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path).map_err(cannot)?;
    // The name must be as durable as what is written later.
    if is_new {
        durable::sync_directory(replaceable::parent(path)).map_err(cannot)?;
    }
    Ok(file)
}

/// A safety net only: the workflow chooses facts that are not secret.
fn looks_secret(value: &str) -> bool {
    value.contains("PRIVATE KEY") || ApiKey::new(value).is_ok_and(|key| key.shape().1)
}

fn failed(path: &Path, what: &str, error: io::Error) -> JournalError {
    JournalError::File(StoreError::io(path.display().to_string(), what, error))
}
