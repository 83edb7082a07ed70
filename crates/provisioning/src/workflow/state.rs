//! State between tasks, in a file next to the journal: which token or certificate is in use, what must be
//! deleted later, and the lock owner of this journal's processes. It holds no secret, and losing it costs
//! only knowledge of the past.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Owner, StoreError, StoreErrorKind, replace_file};

const VERSION: u32 = 1;

/// The content of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// The last owner of the lock with this journal.
    #[serde(default)]
    pub(super) holder: Option<Owner>,
    /// The token whose secret is in the store.
    #[serde(default)]
    pub(super) token: Option<InUse>,
    /// The certificate whose private key is in the store.
    #[serde(default)]
    pub(super) certificate: Option<InUse>,
    /// Disabled tokens that must be deleted.
    #[serde(default)]
    pub(super) to_delete: Vec<PendingDeletion>,
}

/// The credential in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InUse {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) owner: String,
}

/// A token that must be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingDeletion {
    pub(super) id: String,
    /// Seconds since 1970.
    not_before: u64,
}

impl PendingDeletion {
    pub(super) fn new(id: &str, not_before: SystemTime) -> Self {
        let since = not_before.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { id: id.to_owned(), not_before: since.as_secs() }
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.not_before)).is_some_and(|then| then <= now)
    }
}

impl State {
    /// Reads the file. A missing or damaged file gives the default; damage is reported.
    ///
    /// # Errors
    /// Returns an error if it exists but cannot be read.
    pub(super) fn read(path: &Path) -> io::Result<(Self, bool)> {
        match fs::read(path) {
            Ok(text) => match serde_json::from_slice::<Self>(&text) {
                Ok(state) if state.version == VERSION => Ok((state, false)),
                _ => Ok((Self::default(), true)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Self::default(), false)),
            Err(error) => Err(error),
        }
    }

    /// Returns whether there is nothing to remember except the last lock owner.
    pub(super) fn is_blank(&self) -> bool {
        self.token.is_none() && self.certificate.is_none() && self.to_delete.is_empty()
    }

    /// Replaces the file atomically and durably.
    pub(super) fn write(&self, path: &Path) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(&Self { version: VERSION, ..self.clone() }).map_err(|error| {
            StoreError::new(StoreErrorKind::System, path.display().to_string(), "failed to serialize the state")
                .with_source(error)
        })?;
        replace_file(path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_round_trips_and_damage_gives_the_default() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("journal.state");
        assert_eq!(State::read(&path).expect("not there"), (State::default(), false));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let in_use = InUse { id: Some("t".to_owned()), name: "n".to_owned(), owner: "u".to_owned() };
        let state = State { token: Some(in_use), to_delete: vec![PendingDeletion::new("d", now)], ..State::default() };
        state.write(&path).expect("written");
        state.write(&path).expect("written again");
        let (read, damaged) = State::read(&path).expect("there");
        assert_eq!((read.token, read.to_delete.clone(), damaged), (state.token, state.to_delete, false));
        assert!(read.to_delete[0].is_due(now) && !read.to_delete[0].is_due(now - Duration::from_secs(1)));
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);

        fs::write(&path, "{\"version\":1,").expect("written");
        assert_eq!(State::read(&path).expect("there"), (State::default(), true));
    }
}
