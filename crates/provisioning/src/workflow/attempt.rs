//! The journal's view of a task in progress. A task may take several attempts, each under its own name; the
//! facts of the third attempt are called `name.3`, `id.3` and so on, so that attempts are not confused.

use digicert_one_core::EndDate;

use crate::Pending;

/// The step names of an attempt in the journal. Older journals have `kept` for `stored`, and `proved` for `verified`.
pub(super) const NAMED: &str = "named";
pub(super) const CREATED: &str = "created";
pub(super) const RESCUED: &str = "rescued";
pub(super) const STORED: &str = "stored";
pub(super) const VERIFIED: &str = "verified";
pub(super) const SWITCHED: &str = "switched";
pub(super) const RETIRED: &str = "retired";
pub(super) const REMOVED: &str = "removed";

/// What an attempt creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IssuedKind {
    /// A service user with its first API token.
    User,
    Token,
    Certificate,
}

impl IssuedKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "service user",
            Self::Token => "API token",
            Self::Certificate => "client certificate",
        }
    }

    fn of(text: &str) -> Option<Self> {
        [Self::User, Self::Token, Self::Certificate].into_iter().find(|one| one.as_str() == text)
    }
}

/// The progress of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Position {
    /// There is none, or the last one was given up and what it created was removed.
    Fresh,
    /// It has a name: the platform may have been called.
    Named,
    /// The platform created it.
    Created,
    /// The secret is stored.
    Stored,
    /// It is verified.
    Verified,
    /// All consumers use it.
    Switched,
    /// The previous credential was handled.
    Retired,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) number: usize,
    pub(super) thing: IssuedKind,
    /// Its chosen name: for a service user, the user's own.
    pub(super) name: String,
    pub(super) end_date: Option<EndDate>,
    pub(super) position: Position,
    /// The platform's id of the token or certificate.
    pub(super) id: Option<String>,
    /// Its name on the platform; differs from `name` for the first token of a service user.
    pub(super) called: Option<String>,
    /// Identifies the secret of this attempt in a store.
    pub(super) fingerprint: Option<String>,
    /// The issued certificates, which are not secret.
    pub(super) chain: Option<String>,
    /// Where the secret was stored instead of its place.
    pub(super) rescued: Option<String>,
    /// Where the secret is stored, and whether it was read back.
    pub(super) stored: Option<(String, bool)>,
}

impl Attempt {
    /// Returns its id for messages, else its name.
    pub(super) fn shown(&self) -> String {
        let name = self.called.as_deref().unwrap_or(&self.name);
        match &self.id {
            Some(id) => format!("{name:?} (id {id})"),
            None => format!("{name:?}"),
        }
    }
}

/// Returns the name of a fact of one attempt.
pub(super) fn key(name: &str, number: usize) -> String {
    format!("{name}.{number}")
}

/// Returns all attempts in order.
pub(super) fn attempts(pending: &Pending) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = Vec::new();
    for step in pending.steps() {
        let position = match step.name() {
            NAMED => {
                let number = attempts.len() + 1;
                let fact = |name: &str| pending.fact(&key(name, number)).map(str::to_owned);
                attempts.push(Attempt {
                    number,
                    thing: fact("thing").and_then(|text| IssuedKind::of(&text)).unwrap_or(IssuedKind::Token),
                    name: fact("name").unwrap_or_default(),
                    end_date: fact("ends").and_then(|text| text.parse().ok()),
                    position: Position::Named,
                    id: fact("id"),
                    called: fact("called"),
                    fingerprint: fact("fingerprint"),
                    chain: fact("chain"),
                    rescued: fact("rescued"),
                    stored: fact("place").map(|place| (place, fact("read-back").is_some())),
                });
                continue;
            }
            CREATED => Position::Created,
            STORED | "kept" => Position::Stored,
            VERIFIED | "proved" => Position::Verified,
            SWITCHED => Position::Switched,
            RETIRED => Position::Retired,
            REMOVED => Position::Fresh,
            _ => continue,
        };
        if let Some(last) = attempts.last_mut() {
            last.position = position;
        }
    }
    attempts
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{Journal, Record};

    #[test]
    fn facts_of_attempts_are_not_mixed() {
        let directory = tempfile::tempdir().expect("a directory");
        let now = SystemTime::UNIX_EPOCH;
        let mut journal = Journal::open(directory.path().join("journal")).expect("opened");
        let pending = journal.begin(Record::new("create-token", now)).expect("begun");
        assert!(attempts(pending).is_empty());
        let named = |number| {
            let step = Record::new(NAMED, now).with(key("name", number), format!("n{number}"));
            step.with(key("thing", number), IssuedKind::Certificate.as_str()).with(key("ends", number), "2099-12-31")
        };
        journal.step(named(1)).expect("noted");
        journal.step(Record::new(CREATED, now).with(key("id", 1), "i1")).expect("noted");
        journal.step(Record::new(REMOVED, now)).expect("noted");
        journal.step(named(2)).expect("noted");
        let found = attempts(journal.pending().expect("under way"));
        let seen: Vec<_> = found.iter().map(|one| (&*one.name, one.id.as_deref(), one.position)).collect();
        assert_eq!(seen, [("n1", Some("i1"), Position::Fresh), ("n2", None, Position::Named)]);
        assert_eq!((found[1].thing, found[1].number), (IssuedKind::Certificate, 2));
        assert_eq!(found[1].end_date.map(|end| end.to_string()).as_deref(), Some("2099-12-31T23:59:59Z"));
    }

    #[test]
    fn steps_of_older_journals_are_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let now = SystemTime::UNIX_EPOCH;
        let mut journal = Journal::open(directory.path().join("journal")).expect("opened");
        journal.begin(Record::new("create-token", now)).expect("begun");
        for (step, position) in [(NAMED, Position::Named), ("kept", Position::Stored), ("proved", Position::Verified)] {
            journal.step(Record::new(step, now)).expect("noted");
            assert_eq!(attempts(journal.pending().expect("in progress"))[0].position, position, "{step}");
        }
    }
}
