//! Several sources in order. The first one that holds a credential wins, permanently: if it fails later, that
//! is an error, and no other source replaces it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{Code, CredentialError};

use super::directory::DirectorySource;
use super::environment::EnvironmentSource;
use super::profile::ProfileSource;
use super::smctl::SmctlSource;
use super::systemd::SystemdSource;
use crate::variable::{Environment, get};
use crate::{ConfigError, Fetched, Source};

/// Sources in order of precedence.
///
/// - The first that is [`Found`](Fetched::Found) wins; after an [`Absent`](Fetched::Absent) one, the next one
///   is asked.
/// - A source that is configured but broken stops the chain: the caller must not change silently.
/// - Later fetches ask only the winner. If it vanishes (a file in the middle of a rotation), the chain is
///   absent and no other source replaces it.
///
/// ```
/// use digicert_one_credentials::source::{self, ChainSource, DirectorySource, Fetched, Source};
/// use digicert_one_credentials::Variable;
///
/// let chain = ChainSource::new()
///     .then(DirectorySource::new("/nonexistent/d1"))
///     .then(source::environment(&|name| (name == "DC_API_KEY").then(|| Variable::new(name, "an-api-key"))));
/// assert!(matches!(chain.fetch()?, Fetched::Found(_)));
/// let report = chain.report().expect("it was asked");
/// assert_eq!(report.winner(), Some("environment"));
/// assert!(report.to_string().starts_with("absent     directory /nonexistent/d1: the directory does not exist"));
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
pub struct ChainSource {
    links: Vec<Arc<dyn Source>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    winner: Option<usize>,
    report: Option<ChainReport>,
}

impl ChainSource {
    /// Creates an empty chain.
    #[must_use]
    pub fn new() -> Self {
        Self { links: Vec::new(), state: Mutex::default() }
    }

    /// Adds a source at the end.
    #[must_use]
    pub fn then(mut self, source: impl Source) -> Self {
        self.links.push(Arc::new(source));
        self
    }

    /// Returns the sources that `d1` asks, in this order:
    ///
    /// 1. the profile that `DC_PROFILE` names, in the file that `DC_CONFIG` names
    /// 2. [variables](super::environment())
    /// 3. [systemd's credentials](super::systemd())
    /// 4. the [directory](DirectorySource) that `DC_CREDENTIALS_DIR` names
    /// 5. [smctl's properties](super::smctl())
    /// 6. the keyring, with the feature `keyring`
    ///
    /// # Errors
    /// Returns an error if a named profile does not exist.
    pub fn standard(lookup: &Environment<'_>) -> Result<Self, ConfigError> {
        Ok(Self::standard_with(ProfileSource::named(lookup)?, lookup))
    }

    pub(crate) fn standard_with(profile: Option<ProfileSource>, lookup: &Environment<'_>) -> Self {
        let smctl = SmctlSource::new(lookup);
        let environment = EnvironmentSource::new(lookup);
        let environment = match smctl.path() {
            Some(path) => environment.leaving_smctl_to(path),
            None => environment,
        };
        let chain = match profile {
            Some(profile) => Self::new().then(profile),
            None => Self::new().then(NotNamed { name: "profile", variable: "DC_PROFILE" }),
        };
        let chain = chain.then(environment).then(SystemdSource::new(lookup));
        let variable = "DC_CREDENTIALS_DIR";
        let chain = match get(lookup, variable) {
            Some(setting) => chain.then(DirectorySource::of(&setting).required(variable)),
            None => chain.then(NotNamed { name: "directory", variable }),
        };
        let chain = chain.then(smctl);
        #[cfg(feature = "keyring")]
        let chain = chain.then(super::keyring::KeyringSource::if_reachable());
        chain
    }

    /// Returns the result of the last fetch; `None` before the first.
    #[must_use]
    pub fn report(&self) -> Option<ChainReport> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).report.clone()
    }

    /// Asks one source and records the result.
    fn ask(&self, index: usize) -> (ChainOutcome, Result<Fetched, CredentialError>) {
        let fetched = self.links[index].fetch();
        let outcome = match &fetched {
            Ok(Fetched::Found(_)) => ChainOutcome::Won,
            Ok(Fetched::Absent(reason)) => ChainOutcome::Absent(reason.clone()),
            Err(error) => ChainOutcome::Failed(error.code(), error.to_string()),
        };
        (outcome, fetched)
    }

    fn ask_all(&self, report: &mut ChainReport) -> (Option<usize>, Result<Fetched, CredentialError>) {
        for index in 0..self.links.len() {
            let (outcome, fetched) = self.ask(index);
            report.entries[index].outcome = outcome;
            match fetched {
                Ok(Fetched::Absent(_)) => {}
                Ok(Fetched::Found(_)) => return (Some(index), fetched),
                Err(_) => return (None, fetched),
            }
        }
        let reasons: Vec<String> = report.entries.iter().map(ChainEntry::reason).collect();
        (None, Ok(Fetched::Absent(reasons.join("; "))))
    }
}

impl Default for ChainSource {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|link| link.name())).finish()
    }
}

impl Source for ChainSource {
    fn name(&self) -> String {
        let names: Vec<String> = self.links.iter().map(|link| link.name()).collect();
        format!("the first of: {}", names.join(", "))
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        // Held during the fetch, so that concurrent fetches cannot have two winners.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = state.winner {
            let (outcome, fetched) = self.ask(index);
            if let Some(report) = &mut state.report {
                report.entries[index].outcome = outcome;
            }
            return fetched;
        }
        let entry = |link: &Arc<dyn Source>| ChainEntry { source: link.name(), outcome: ChainOutcome::NotAsked };
        let mut report = ChainReport { entries: self.links.iter().map(entry).collect() };
        let (winner, fetched) = self.ask_all(&mut report);
        *state = State { winner, report: Some(report) };
        fetched
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        let winner = self.state.lock().unwrap_or_else(PoisonError::into_inner).winner;
        match winner {
            Some(index) => self.links[index].watched_paths(),
            None => self.links.iter().flat_map(|link| link.watched_paths()).collect(),
        }
    }
}

/// The result of each source of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    entries: Vec<ChainEntry>,
}

/// The result of one source of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ChainEntry {
    source: String,
    outcome: ChainOutcome,
}

/// The result of one source of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ChainOutcome {
    /// It holds the credential in use.
    Won,
    /// It is not configured, for this reason.
    Absent(String),
    /// It is configured but broken, which stopped the chain.
    Failed(Code, String),
    /// A previous source won or failed.
    NotAsked,
}

impl ChainReport {
    /// Returns for each source, in order: its name; `won`, `absent`, `failed` or `not asked`; and why it did not
    /// win.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &'static str, Option<String>)> {
        self.entries.iter().map(|entry| (&*entry.source, entry.outcome.word(), entry.outcome.reason()))
    }

    /// Returns the name of the source in use.
    #[must_use]
    pub fn winner(&self) -> Option<&str> {
        let winner = self.entries.iter().find(|entry| entry.outcome == ChainOutcome::Won)?;
        Some(&winner.source)
    }
}

impl ChainOutcome {
    /// Returns the result in a word or two.
    fn word(&self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Absent(_) => "absent",
            Self::Failed(..) => "failed",
            Self::NotAsked => "not asked",
        }
    }

    /// Returns why it did not win; `None` for the winner.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Won => None,
            Self::Absent(reason) => Some(reason.clone()),
            Self::Failed(code, text) => Some(format!("{code} {text}")),
            Self::NotAsked => Some("a previous source won or failed".to_owned()),
        }
    }
}

impl ChainEntry {
    fn reason(&self) -> String {
        match self.outcome.reason() {
            Some(reason) => format!("{}: {reason}", self.source),
            None => self.source.clone(),
        }
    }
}

impl fmt::Display for ChainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(f, "{line_end}{:<10} {}", entry.outcome.word(), entry.reason())?;
        }
        Ok(())
    }
}

/// A source for a variable that is not set, so that the report can list it.
#[derive(Debug)]
struct NotNamed {
    name: &'static str,
    variable: &'static str,
}

impl Source for NotNamed {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        Ok(Fetched::Absent(format!("{} is not set", self.variable)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use digicert_one_core::Secret;

    use super::*;
    use crate::RawCredential;
    use crate::variable::given;

    /// Returns one result after the other, then repeats the last one.
    #[derive(Debug)]
    struct Scripted(&'static str, &'static [Said], AtomicUsize);

    #[derive(Clone, Copy, Debug)]
    enum Said {
        Key(&'static str),
        Nothing,
        Broken,
    }

    fn scripted(name: &'static str, says: &'static [Said]) -> Scripted {
        Scripted(name, says, AtomicUsize::new(0))
    }

    impl Source for Scripted {
        fn name(&self) -> String {
            self.0.to_owned()
        }

        fn fetch(&self) -> Result<Fetched, CredentialError> {
            match self.1[self.2.fetch_add(1, Ordering::Relaxed).min(self.1.len() - 1)] {
                Said::Key(key) => Ok(Fetched::Found(RawCredential::new().with_api_key(Secret::new(key, self.0)))),
                Said::Nothing => Ok(Fetched::Absent("nothing here".to_owned())),
                Said::Broken => Err(CredentialError::new(Code::ID_13, "broken").at(self.0)),
            }
        }

        fn watched_paths(&self) -> Vec<PathBuf> {
            vec![self.0.into()]
        }
    }

    fn key(fetched: Result<Fetched, CredentialError>) -> String {
        match fetched {
            Ok(Fetched::Found(raw)) => raw.api_key.expect("a key").expose_text().expect("text").to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn first_found_wins_and_report_explains_the_others() {
        let chain = ChainSource::new()
            .then(scripted("a", &[Said::Nothing]))
            .then(scripted("b", &[Said::Key("b")]))
            .then(scripted("c", &[Said::Key("c")]));
        assert!(chain.report().is_none());
        assert_eq!(chain.watched_paths().len(), 3);
        assert_eq!(key(chain.fetch()), "b");
        let report = chain.report().expect("asked");
        assert_eq!(report.winner(), Some("b"));
        let text = report.to_string();
        assert_eq!(text, "absent     a: nothing here\nwon        b\nnot asked  c: a previous source won or failed");
        assert_eq!(chain.watched_paths(), [PathBuf::from("b")]);
    }

    #[test]
    fn cred_08_configured_but_broken_source_stops_the_chain() {
        let chain = ChainSource::new().then(scripted("a", &[Said::Broken])).then(scripted("b", &[Said::Key("b")]));
        assert_eq!(chain.fetch().expect_err("no other caller").place(), Some("a"));
        let report = chain.report().expect("asked");
        let outcomes: Vec<&str> = report.entries().map(|(_, outcome, _)| outcome).collect();
        assert_eq!((report.winner(), outcomes), (None, vec!["failed", "not asked"]), "{report}");
    }

    #[test]
    fn vanished_winner_is_not_replaced_by_another_source() {
        let says = &[Said::Key("a1"), Said::Nothing, Said::Broken, Said::Key("a2")];
        let chain = ChainSource::new().then(scripted("a", says)).then(scripted("b", &[Said::Key("b")]));
        assert_eq!(key(chain.fetch()), "a1");
        assert!(matches!(chain.fetch(), Ok(Fetched::Absent(_))));
        assert!(chain.fetch().is_err());
        assert_eq!(key(chain.fetch()), "a2");
        assert_eq!(chain.report().expect("asked").winner(), Some("a"));
    }

    #[test]
    fn empty_chain_is_absent_with_every_reason() {
        let Ok(Fetched::Absent(reasons)) = ChainSource::standard(&given(&[])).expect("no profile").fetch() else {
            panic!("nothing is set")
        };
        for name in ["DC_PROFILE", "DC_API_KEY", "CREDENTIALS_DIRECTORY", "DC_CREDENTIALS_DIR", "smctl"] {
            assert!(reasons.contains(name), "{name}: {reasons}");
        }
        assert!(matches!(ChainSource::new().fetch(), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn standard_chain_asks_in_documented_order() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir_all(path(".signingmanager")).expect("made");
        for (file, content) in [
            ("d1.toml", "[profiles.ci]\napi_key = 'env:CI_KEY'\n"),
            ("api-key", "of the directory"),
            (".signingmanager/ssm-config.properties", "SM_API_KEY=of smctl\n"),
        ] {
            std::fs::write(path(file), content).expect("written");
        }
        let (home, config) = (path(""), path("d1.toml"));
        let layers: [&[(&str, &str)]; 5] = [
            &[("DC_CONFIG", &config), ("CI_KEY", "of the profile"), ("DC_PROFILE", "ci")],
            &[("DC_API_KEY", "of the environment")],
            &[("CREDENTIALS_DIRECTORY", &home)],
            &[("DC_CREDENTIALS_DIR", &home)],
            &[("HOME", &home), ("USERPROFILE", &home)],
        ];
        let winners = ["profile ci", "environment", "systemd directory", "directory", "smctl's properties"];
        for (index, winner) in winners.into_iter().enumerate() {
            let settings = layers[index..].concat();
            let chain = ChainSource::standard(&given(&settings)).expect("profiles");
            assert!(matches!(chain.fetch(), Ok(Fetched::Found(_))), "{winner}");
            let report = chain.report().expect("asked");
            assert!(report.winner().expect("one").starts_with(winner), "{report}");
        }
    }
}
