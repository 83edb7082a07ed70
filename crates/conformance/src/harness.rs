//! The suite as a program, for a test target with `harness = false`: every case is a named test, and besides
//! the options of `cargo test` it can select cases by id and level, repeat them, and write a report.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::case::{Case, Level};
use crate::catalogue::cases;
use crate::child;
use crate::faults::checked_faults;
use crate::generated::Draw;
use crate::limbo::limbo_table;
use crate::log_scan;
use crate::render::document;
use crate::report::{CaseOutcome, CaseReport, Report};
use crate::run::{alone, run_all};
use crate::subject::Subject;
use crate::waiver;

const HELP: &str = "\
Besides the options of cargo's own test programs (FILTER, --exact, --skip, --list, --test-threads, ...):

    --case ID        Only this case; may be given several times
    --explain        Run nothing: say what the chosen cases ask, why it matters, and how to mend it
    --level LEVEL    Only cases of this level: must, should or may
    --report FILE    Run all chosen cases, without the table of faults, and write a report instead of printing
                     test lines; the ending of the name says which: json, xml (JUnit), md, html or svg (a badge)
    --repeat N       Run all chosen cases N times, without the table of faults; the report is of the last time
    --faults         Run the table of faults and nothing else: each failure that users meet, made for real, must be
                     diagnosed under its own code. It follows the cases where all of them are run
    --limbo FILE     Run no case: play the server vectors of x509-limbo (its limbo.json) whose id contains FILTER,
                     and print a line for each, tab-separated: id, what the profile of the vectors says, what this
                     transport made of it, the library's own text
    --seed SEED      What the FID cases draw their messages by: a number, or random for another one in each
                     run; a case that fails says by which it did. The variable
                     DIGICERT_ONE_CONFORMANCE_SEED says the same where no argument can
    --runs N         Have the FID cases draw N times as many messages; DIGICERT_ONE_CONFORMANCE_RUNS
    --fail-fast      End at the first case that does not hold, whatever else is under way; the variable
                     DIGICERT_ONE_CONFORMANCE_FAIL_FAST says the same where no argument can

Ends with 0 if every case holds or is waived, with 1 if one does not, with 2 if it was called wrongly.";

/// Runs the suite on this subject, with the arguments of the program. For a test target with `harness = false`:
///
/// ```ignore
/// // tests/conformance.rs  (not compiled here: this crate knows no transport)
/// fn main() -> std::process::ExitCode {
///     digicert_one_conformance::main(my_transport::subject())
/// }
/// ```
#[must_use]
pub fn main(subject: Subject) -> ExitCode {
    let own = match Own::parse(std::env::args().skip(1)) {
        Ok(own) => Own { fail_fast: own.fail_fast || std::env::var_os(child::FAIL_FAST).is_some(), ..own },
        Err(error) => {
            say(&format!("{error}\n\n{HELP}"));
            return ExitCode::from(2);
        }
    };
    if own.help {
        say(HELP);
    }
    let subject = Subject { draw: own.draw.unwrap_or(subject.draw), ..subject };
    let arguments = own.arguments();
    if own.explain {
        own.named(&arguments).iter().for_each(|case| say(&format!("{}\n{}\n", case.id, case.explanation)));
        return ExitCode::SUCCESS;
    }
    if let Some(file) = &own.limbo {
        return limbo(&subject, file, arguments.filter.as_deref().unwrap_or_default());
    }
    if !arguments.list && (own.report.is_some() || own.repeat.is_some() || own.fail_fast) {
        return own.run(&subject, &arguments);
    }
    if own.faults && !arguments.list {
        return exit_code(faults_hold(&subject));
    }
    let done = Done::default();
    if !arguments.list && own.named(&arguments).len() > 1 {
        log_scan::listen();
    }
    let arguments = Arguments { test_threads: arguments.test_threads.or(Some(threads() + 2)), ..arguments };
    let conclusion = libtest_mimic::run(&arguments, trials(&subject, &own.chosen(), &done));
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    let report = Report::of(&subject, std::mem::take(&mut done.lock().unwrap_or_else(PoisonError::into_inner)));
    say(&format!("{report}\n"));
    say_not_declared(&report);
    let faults_hold = !own.is_whole(&arguments) || faults_hold(&subject);
    exit_code(!conclusion.has_failed() && faults_hold)
}

/// Prints each capability that is missing, with its cases.
fn say_not_declared(report: &Report) {
    for (lacking, ids) in report.lacking() {
        say(&format!("not declared: {lacking} ({})", ids.join(", ")));
    }
}

/// The reports of the cases that ran.
type Done = Arc<Mutex<Vec<CaseReport>>>;

/// Runs the table of faults and returns the result.
fn faults_hold(subject: &Subject) -> bool {
    match checked_faults(subject) {
        Ok((right, 0)) => say(&format!("faults: all {right} have their codes")),
        Ok((right, not_declared)) => {
            say(&format!("faults: all {right} have their codes ({not_declared} not declared)"));
        }
        Err(wrong) => {
            say(&format!("faults without their codes:\n{wrong}"));
            return false;
        }
    }
    true
}

/// Two for each core: many cases wait for the other side of a connection. With more at a time the process may have over 1,024
/// descriptors, and a libcurl that waits by `select` cannot connect.
fn threads() -> usize {
    (2 * std::thread::available_parallelism().map_or(1, usize::from)).min(4)
}

fn exit_code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Our own arguments; the rest is the test harness's.
#[derive(Debug, Default, PartialEq)]
struct Own {
    cases: Vec<String>,
    level: Option<Level>,
    report: Option<PathBuf>,
    repeat: Option<usize>,
    limbo: Option<PathBuf>,
    draw: Option<Draw>,
    fail_fast: bool,
    faults: bool,
    explain: bool,
    help: bool,
    rest: Vec<String>,
}

impl Own {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut own = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--case" => {
                    let id = value()?;
                    if !cases().iter().any(|case| case.id == id) {
                        return Err(format!("unknown case {id}"));
                    }
                    own.cases.push(id);
                }
                "--level" => {
                    let level = value()?;
                    let known = Level::ALL.into_iter().find(|one| one.to_string().eq_ignore_ascii_case(&level));
                    own.level =
                        Some(known.ok_or_else(|| format!("unknown level {level}: expected must, should or may"))?);
                }
                "--seed" => {
                    let draw = own.draw.get_or_insert_with(Draw::of_environment);
                    *draw = draw.seeded(&value()?)?;
                }
                "--runs" => {
                    let draw = own.draw.get_or_insert_with(Draw::of_environment);
                    *draw = draw.multiplied(&value()?)?;
                }
                "--explain" => own.explain = true,
                "--faults" => own.faults = true,
                "--fail-fast" => own.fail_fast = true,
                "--report" => own.report = Some(value()?.into()),
                "--limbo" => own.limbo = Some(value()?.into()),
                "--repeat" => {
                    let times = value()?;
                    let number = times.parse().ok().filter(|number| *number > 0);
                    own.repeat = Some(number.ok_or_else(|| format!("--repeat {times}: a number from 1"))?);
                }
                _ => {
                    own.help |= word == "--help" || word == "-h";
                    own.rest.push(word);
                }
            }
        }
        Ok(own)
    }

    fn chosen(&self) -> Vec<Case> {
        let by_id = |case: &&Case| self.cases.is_empty() || self.cases.iter().any(|id| id == case.id);
        let by_level = |case: &&Case| self.level.is_none_or(|level| case.level == level);
        cases().iter().filter(by_id).filter(by_level).copied().collect()
    }

    /// Parses the rest with the test harness.
    fn arguments(&self) -> Arguments {
        Arguments::from_iter(std::iter::once("conformance".to_owned()).chain(self.rest.iter().cloned()))
    }

    /// Returns whether every case is selected.
    fn is_whole(&self, arguments: &Arguments) -> bool {
        self.cases.is_empty()
            && self.level.is_none()
            && arguments.filter.is_none()
            && arguments.skip.is_empty()
            && !arguments.ignored
    }

    /// Those of the chosen cases that FILTER, `--exact` and `--skip` leave in, which the test harness does on its own.
    fn named(&self, arguments: &Arguments) -> Vec<Case> {
        let mut chosen = self.chosen();
        chosen.retain(|case| {
            let matches =
                |filter: &String| if arguments.exact { case.name == filter } else { case.name.contains(filter) };
            arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
        });
        chosen
    }

    /// Runs all selected cases, as often as requested, with a line for each failure.
    fn run(&self, subject: &Subject, arguments: &Arguments) -> ExitCode {
        let chosen = self.named(arguments);
        let mut good = true;
        let times = self.repeat.unwrap_or(1);
        for time in 1..=times {
            let begin = Instant::now();
            let progress = |report: &CaseReport| {
                if let CaseOutcome::Failed { why, ledger } = &report.outcome
                    && let Some(case) = chosen.iter().find(|case| case.id == report.id)
                {
                    say(&format!("{}\n", case.failure(why, ledger)));
                }
                if self.fail_fast && report.outcome.is_failure() {
                    // Other cases may hang for their whole limit: do not wait for them.
                    exit_with_failure();
                }
            };
            let report = match run_all(subject, &chosen, threads(), &progress) {
                Ok(report) => report,
                Err(error) => {
                    say(&error);
                    return ExitCode::from(2);
                }
            };
            good &= report.is_good();
            let name = &report.transport;
            say(&format!("run {time}/{times} on {name}: {report} in {:.1} s", begin.elapsed().as_secs_f64()));
            if time == times {
                say_not_declared(&report);
            }
            if time == times
                && let Err(error) = self.write(&report)
            {
                say(&error);
                return ExitCode::from(2);
            }
        }
        // A report, or repetition, is of the cases alone.
        let is_plain = self.report.is_none() && self.repeat.is_none() && self.is_whole(arguments);
        exit_code(good && (!is_plain || faults_hold(subject)))
    }

    fn write(&self, report: &Report) -> Result<(), String> {
        let Some(path) = &self.report else { return Ok(()) };
        let text = document(path, std::slice::from_ref(report))?;
        fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

fn limbo(subject: &Subject, file: &Path, filter: &str) -> ExitCode {
    let text = fs::read_to_string(file).map_err(|error| error.to_string());
    match text.and_then(|text| limbo_table(subject, &text, filter)) {
        Ok(cells) => {
            cells.iter().for_each(|cell| say(&cell.to_string()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("{}: {error}", file.display()));
            ExitCode::from(2)
        }
    }
}

fn trials(subject: &Subject, chosen: &[Case], done: &Done) -> Vec<Trial> {
    let trial = |case: &Case| {
        let (case, subject, done) = (*case, subject.clone(), Arc::clone(done));
        Trial::test(case.name, move || {
            let waivers = waiver::parse(subject.waivers)?;
            let begin = Instant::now();
            let outcome = alone(&case, &subject, &waivers);
            let result = match &outcome {
                CaseOutcome::Passed | CaseOutcome::Waived { .. } | CaseOutcome::NotDeclared { .. } => Ok(()),
                CaseOutcome::Failed { why, ledger } => Err(Failed::from(case.failure(why, ledger))),
                CaseOutcome::Stale => Err(Failed::from(outcome.reason().unwrap_or_default())),
            };
            let report = CaseReport::new(&case, outcome, begin.elapsed());
            done.lock().unwrap_or_else(PoisonError::into_inner).push(report);
            result
        })
        .with_kind(case.level.to_string())
    };
    chosen.iter().map(trial).collect()
}

#[expect(clippy::exit, reason = "the end that --fail-fast asks for")]
fn exit_with_failure() {
    std::process::exit(1);
}

#[expect(clippy::print_stdout, reason = "a test program speaks through its output")]
fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Own, String> {
        Own::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn cases_are_chosen_by_id_and_level_and_the_rest_is_cargos() {
        let own = parsed(&["--case", "REQ-01", "--nocapture", "--case", "REQ-06", "req"]).expect("good");
        let ids: Vec<_> = own.chosen().iter().map(|case| case.id).collect();
        assert_eq!((ids, own.rest), (vec!["REQ-01", "REQ-06"], vec!["--nocapture".to_owned(), "req".to_owned()]));
        let own = parsed(&["--level", "may"]).expect("good");
        assert!(own.chosen().iter().all(|case| case.level == Level::May) && !own.chosen().is_empty());
        assert_eq!(parsed(&[]).expect("good").chosen().len(), cases().len());
        assert!(parsed(&["--fail-fast"]).expect("good").fail_fast && !parsed(&[]).expect("good").fail_fast);
    }

    #[test]
    fn cargos_filters_count_for_our_own_runs_too() {
        let named = |words: &[&str]| {
            let own = parsed(words).expect("good");
            own.named(&own.arguments()).iter().map(|case| case.id).collect::<Vec<_>>()
        };
        assert_eq!(
            named(&["--repeat", "2", "req_0", "--skip", "req_01", "--level", "should"]),
            ["REQ-06", "REQ-07", "REQ-09"]
        );
        let whole = "req_01_path_and_query_arrive_byte_for_byte";
        assert_eq!(named(&["--fail-fast", "--exact", whole]), ["REQ-01"]);
        assert!(named(&["--exact", "req_01"]).is_empty());
        assert_eq!(named(&["--case", "OBS-09", "--skip", "req"]), ["OBS-09"]);
    }

    #[test]
    fn invalid_arguments_are_reported() {
        for (words, part) in [
            (&["--case", "REQ-99"][..], "REQ-99"),
            (&["--case"], "--case"),
            (&["--level", "perhaps"], "perhaps"),
            (&["--repeat", "0"], "--repeat"),
            (&["--limbo"], "--limbo"),
            (&["--seed", "often"], "often"),
            (&["--runs", "0"], "--runs"),
        ] {
            assert!(parsed(words).expect_err("wrong").contains(part), "{words:?}");
        }
    }
}
