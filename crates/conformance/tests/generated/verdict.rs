//! The suite on one generated defect, in this process: likely cases first, until a MUST case fails.

use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use digicert_one_conformance::{Case, CaseOutcome, Level, cases, run_all};

use crate::rule::{Act, Mutant, Rule, mutants};
use crate::setting::Setting;
use crate::subject::subject;
use crate::table::TABLE;

/// Names the defect for a process that was started for it, and for those that its cases start.
pub(crate) const MUTANT: &str = "DIGICERT_ONE_GENERATED_MUTANT";
/// The name for the same code without a defect.
pub(crate) const SOUND: &str = "sound";
/// No case of a correct transport takes nearly as long: a defect at which the suite hangs is detected too, by
/// this bound.
const BOUND: Duration = Duration::from_secs(75);

/// How the suite ended on one defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `caught`, `bound` or `survived`.
    pub(crate) how: String,
    /// The case that detected it.
    pub(crate) case: String,
    /// The beginning of the message of the case.
    pub(crate) words: String,
}

impl Verdict {
    fn new(how: &str, case: &str, words: &str) -> Self {
        let words =
            words.lines().find(|line| !line.trim().is_empty() && !line.starts_with("panicked at")).unwrap_or("");
        let words: String = words.chars().take(160).map(|one| if one.is_control() { ' ' } else { one }).collect();
        Self { how: how.to_owned(), case: case.to_owned(), words }
    }

    /// For a transport in which no case finds anything.
    pub(crate) fn passed() -> Self {
        Self::new("survived", "", "")
    }

    fn line(&self) -> String {
        format!("verdict\t{}\t{}\t{}", self.how, self.case, self.words)
    }

    /// The verdict in the output of a process.
    fn read(text: &str) -> Option<Self> {
        let mut cells =
            text.lines().find_map(|line| line.strip_prefix("verdict\t"))?.splitn(3, '\t').map(str::to_owned);
        Some(Self { how: cells.next()?, case: cells.next()?, words: cells.next()? })
    }
}

/// Precedes the name of a defect of the table of tests/broken.
const LISTED: &str = "listed/";

/// A defect of the table of tests/broken, as it is or in one setting, judged by every MUST case and not by its own alone.
fn listed(name: &str) -> Mutant {
    let (name, setting) = name.split_once('/').unwrap_or((name, Setting::Always.name()));
    let setting = Setting::named(setting).unwrap_or_else(|| panic!("unknown setting {setting}"));
    let row = TABLE.iter().find(|row| format!("{:?}", row.defect) == name);
    let row = row.unwrap_or_else(|| panic!("the table lists no defect {name}"));
    let act = Act::Listed(row.defect);
    let rule = Rule { action: "listed", thing: row.about, act, settings: &[], likely: &[] };
    Mutant { rule: Box::leak(Box::new(rule)), setting }
}

pub(crate) fn named(name: &str) -> Option<Mutant> {
    if let Some(defect) = name.strip_prefix(LISTED) {
        return Some(listed(defect));
    }
    let found = mutants().find(|mutant| mutant.name() == name);
    assert!(found.is_some() || name == SOUND, "unknown generated defect {name}");
    found
}

/// In a separate process: `--mutant NAME [CASE...]`; `listed/DEFECT` names a defect of the table of tests/broken, and
/// `listed/DEFECT/SETTING` that defect in one setting.
pub(crate) fn print(words: &[String]) -> ExitCode {
    let Some((name, only)) = words.split_first() else { return ExitCode::from(2) };
    let verdict = judge(named(name), only);
    crate::survey::say(&verdict.line());
    // Other cases may hang until their limit: do not wait for them.
    std::process::exit(0)
}

/// Starts a process for this, and reads its verdict.
pub(crate) fn apart(name: &str, only: &[&str]) -> Verdict {
    let litter = tempfile::tempdir().expect("a directory for what the transport leaves behind");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--mutant", name])
        .args(only)
        .env(MUTANT, name)
        .env("RUST_BACKTRACE", "0")
        .env("TMPDIR", litter.path())
        .stdin(Stdio::null())
        .output()
        .expect("this test can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    // A defect that ends the whole process was detected.
    let lost = || Verdict::new("caught", "process", &format!("ended with {}", output.status));
    Verdict::read(&text).unwrap_or_else(lost)
}

/// Runs the cases, those that are likely to fail first.
pub(crate) fn judge(mutant: Option<Mutant>, only: &[String]) -> Verdict {
    let likely = mutant.map_or(&[][..], |mutant| mutant.rule.likely);
    let place = |case: &Case| likely.iter().position(|id| *id == case.id).unwrap_or(usize::MAX);
    let mut must: Vec<Case> = cases().iter().filter(|case| case.level == Level::Must).copied().collect();
    must.sort_by_key(place);
    if !only.is_empty() {
        let chosen = cases().iter().filter(|case| only.iter().any(|id| id == case.id));
        let chosen: Vec<Case> = chosen.filter(|case| case.level == Level::Must).copied().collect();
        return failing(mutant, &chosen).unwrap_or_else(Verdict::passed);
    }
    failing(mutant, &must).unwrap_or_else(Verdict::passed)
}

/// The first of these cases that fails.
fn failing(mutant: Option<Mutant>, chosen: &[Case]) -> Option<Verdict> {
    let (sender, receiver) = channel();
    let pending: Vec<&'static str> = chosen.iter().map(|case| case.id).collect();
    let chosen = chosen.to_vec();
    std::thread::spawn(move || {
        let sender = Mutex::new(sender);
        let progress = |case: &digicert_one_conformance::CaseReport| {
            let why = match &case.outcome {
                CaseOutcome::Failed { why, .. } => Some(why.clone()),
                _ => None,
            };
            let sender = sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let _ = sender.send((case.id.clone(), why));
        };
        drop(run_all(&subject(mutant), &chosen, 4, &progress));
    });
    let mut pending: Vec<&str> = pending;
    loop {
        match receiver.recv_timeout(BOUND) {
            Ok((id, Some(why))) => return Some(Verdict::new("caught", &id, &why)),
            Ok((id, None)) => pending.retain(|one| *one != id),
            Err(RecvTimeoutError::Timeout) => {
                return Some(Verdict::new("bound", pending.first().unwrap_or(&""), "did not end"));
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}
