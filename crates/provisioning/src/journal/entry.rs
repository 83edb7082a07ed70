//! One line of a journal: JSON with a checksum over itself and all previous lines, so that a changed, missing
//! or moved line is detected.
//!
//! ```json
//! {"sum":"4c1d…","entry":{"version":1,"id":"90ab…","at":"2026-12-01T00:00:00Z","event":"step","name":"stored","facts":{}}}
//! ```

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::OperationOutcome;
use crate::instant::Instant;

const VERSION: u32 = 1;
/// The prefix of every line.
const BEGINNING: &str = "{\"sum\":\"";
const NO_FACTS: &BTreeMap<String, String> = &BTreeMap::new();

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    version: u32,
    pub(super) id: String,
    pub(super) at: Instant,
    #[serde(flatten)]
    pub(super) event: Event,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Event {
    Begin {
        kind: String,
        #[serde(default)]
        facts: BTreeMap<String, String>,
    },
    Step {
        name: String,
        #[serde(default)]
        facts: BTreeMap<String, String>,
    },
    Finish {
        outcome: OperationOutcome,
    },
}

impl Entry {
    pub(super) fn new(id: &str, at: Instant, event: Event) -> Self {
        Self { version: VERSION, id: id.to_owned(), at, event }
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        let facts = match &self.event {
            Event::Begin { facts, .. } | Event::Step { facts, .. } => facts,
            Event::Finish { .. } => NO_FACTS,
        };
        facts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Why a line is not a valid entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has no end, is not JSON, or has a wrong checksum: truncated or changed.
    Broken(&'static str),
    /// It is complete, but from another version.
    Version,
}

#[derive(Deserialize)]
struct Line<'a> {
    sum: &'a str,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// The checksum chain up to some line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    sum: String,
    count: u64,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { sum: String::new(), count: 0 }
    }

    pub(super) fn read_so_far(&self) -> u64 {
        self.count
    }

    /// Returns whether an invalid line may be the start of an entry, or what a file system leaves after a
    /// crash. Anything else was written by another program.
    pub(super) fn may_begin(line: &[u8]) -> bool {
        let written = line.iter().position(|byte| *byte == 0).map_or(line, |end| &line[..end]);
        let start = BEGINNING.as_bytes();
        written.trim_ascii().is_empty() || written.starts_with(start) || start.starts_with(written)
    }

    /// Parses the next line, including its line end.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<Entry, Fault> {
        let text = line.strip_suffix(b"\n").ok_or(Fault::Broken("the line has no end"))?;
        let line: Line<'_> =
            serde_json::from_slice(text).map_err(|_| Fault::Broken("the line is not a journal entry"))?;
        let after = self.after(line.entry.get());
        if after.sum != line.sum {
            return Err(Fault::Broken("the checksum does not match this line and the previous lines"));
        }
        // The line is complete; its content is trusted.
        let version: u32 = serde_json::from_str::<Version>(line.entry.get()).map_or(0, |it| it.version);
        if version != VERSION {
            return Err(Fault::Version);
        }
        let entry = serde_json::from_str(line.entry.get()).map_err(|_| Fault::Version)?;
        *self = after;
        Ok(entry)
    }

    /// Returns the next line, and the chain after it.
    pub(super) fn write(&self, entry: &Entry) -> (String, Self) {
        // Strings and maps of strings, which JSON can always represent.
        let entry = serde_json::to_string(entry).unwrap_or_default();
        let after = self.after(&entry);
        (format!("{BEGINNING}{}\",\"entry\":{entry}}}\n", after.sum), after)
    }

    fn after(&self, entry: &str) -> Self {
        let sum = Sha256::new().chain_update(&self.sum).chain_update(entry).finalize();
        Self { sum: HEXLOWER.encode(&sum[..16]), count: self.count + 1 }
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}
