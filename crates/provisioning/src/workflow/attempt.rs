//! What the journal says of a task that is under way. Making a thing may take several attempts, each under a name of its own; the facts
//! of the third attempt are called `name.3`, `id.3` and so on, so that none is taken for another's.

use digicert_one_core::EndDate;

use crate::Pending;

/// The steps of an attempt, as the journal calls them.
pub(super) const NAMED: &str = "named";
pub(super) const CREATED: &str = "created";
pub(super) const RESCUED: &str = "rescued";
pub(super) const KEPT: &str = "kept";
pub(super) const PROVED: &str = "proved";
pub(super) const SWITCHED: &str = "switched";
pub(super) const RETIRED: &str = "retired";
pub(super) const REMOVED: &str = "removed";

/// What an attempt makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// A service user, and with it its first API token.
    User,
    Token,
    Certificate,
}

impl Thing {
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

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Position {
    /// There is none, or the last one was given up and what it made is removed.
    Fresh,
    /// It has a name: the platform may have been asked.
    Named,
    /// The platform has made it.
    Created,
    /// The secret is in its place.
    Kept,
    /// It works.
    Proved,
    /// All who watch use it.
    Switched,
    /// The one before is dealt with.
    Retired,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) number: usize,
    pub(super) thing: Thing,
    /// The name that was chosen for it: of a service user, its own.
    pub(super) name: String,
    pub(super) ends: Option<EndDate>,
    pub(super) position: Position,
    /// The platform's id of the token or certificate.
    pub(super) id: Option<String>,
    /// Its name there; another than `name` for the first token of a service user.
    pub(super) called: Option<String>,
    /// Tells whether the secret in a sink is the one of this attempt.
    pub(super) fingerprint: Option<String>,
    /// The certificates that were issued: they are not secret.
    pub(super) chain: Option<String>,
    /// Where the secret went instead of its place.
    pub(super) rescued: Option<String>,
    /// Where the secret is, and whether it was read back there.
    pub(super) kept: Option<(String, bool)>,
}

impl Attempt {
    /// What is to be shown for it: its id, else its name.
    pub(super) fn shown(&self) -> String {
        let name = self.called.as_deref().unwrap_or(&self.name);
        match &self.id {
            Some(id) => format!("{name:?} (id {id})"),
            None => format!("{name:?}"),
        }
    }
}

/// The name of a fact of one attempt.
pub(super) fn key(name: &str, number: usize) -> String {
    format!("{name}.{number}")
}

/// All attempts in order.
pub(super) fn attempts(pending: &Pending) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = Vec::new();
    for step in pending.steps() {
        let position = match step.name() {
            NAMED => {
                let number = attempts.len() + 1;
                let fact = |name: &str| pending.fact(&key(name, number)).map(str::to_owned);
                attempts.push(Attempt {
                    number,
                    thing: fact("thing").and_then(|text| Thing::of(&text)).unwrap_or(Thing::Token),
                    name: fact("name").unwrap_or_default(),
                    ends: fact("ends").and_then(|text| text.parse().ok()),
                    position: Position::Named,
                    id: fact("id"),
                    called: fact("called"),
                    fingerprint: fact("fingerprint"),
                    chain: fact("chain"),
                    rescued: fact("rescued"),
                    kept: fact("place").map(|place| (place, fact("read-back").is_some())),
                });
                continue;
            }
            CREATED => Position::Created,
            KEPT => Position::Kept,
            PROVED => Position::Proved,
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
    use crate::{Journal, Operation, Step};

    #[test]
    fn facts_of_one_attempt_are_never_anothers() {
        let directory = tempfile::tempdir().expect("a directory");
        let now = SystemTime::UNIX_EPOCH;
        let mut journal = Journal::open(directory.path().join("journal")).expect("opened");
        let pending = journal.begin(Operation::new("create-token", now)).expect("begun");
        assert!(attempts(pending).is_empty());
        let named = |number| {
            let step = Step::new(NAMED, now).with(key("name", number), format!("n{number}"));
            step.with(key("thing", number), Thing::Certificate.as_str()).with(key("ends", number), "2099-12-31")
        };
        journal.step(named(1)).expect("noted");
        journal.step(Step::new(CREATED, now).with(key("id", 1), "i1")).expect("noted");
        journal.step(Step::new(REMOVED, now)).expect("noted");
        journal.step(named(2)).expect("noted");
        let found = attempts(journal.pending().expect("under way"));
        let seen: Vec<_> = found.iter().map(|one| (&*one.name, one.id.as_deref(), one.position)).collect();
        assert_eq!(seen, [("n1", Some("i1"), Position::Fresh), ("n2", None, Position::Named)]);
        assert_eq!((found[1].thing, found[1].number), (Thing::Certificate, 2));
        assert_eq!(found[1].ends.map(|end| end.to_string()).as_deref(), Some("2099-12-31T23:59:59Z"));
    }
}
