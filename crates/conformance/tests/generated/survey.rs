//! Runs the suite on every generated defect, several processes at a time, and writes the verdicts that
//! docs/generated-mutants.md is generated from.
//!
//! `--survey FILE [--jobs N] [--likely] [--missing] [FILTER...]` judges the defects whose name contains one
//! of the filters, and replaces their lines in FILE. `--likely` runs only the cases that the rules name, and
//! skips defects that these do not detect; `--missing` judges only defects without a line.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::rule::{Mutant, mutants};
use crate::verdict::{SOUND, Verdict, apart};

pub(crate) fn run(words: &[String]) -> ExitCode {
    let (mut jobs, mut filters, mut file, mut is_quick, mut is_rest) = (2, Vec::new(), None, false, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--jobs" => jobs = words.next().and_then(|number| number.parse().ok()).unwrap_or(jobs),
            "--likely" => is_quick = true,
            "--missing" => is_rest = true,
            _ if file.is_none() => file = Some(word),
            _ => filters.push(word),
        }
    }
    let Some(file) = file else { return ExitCode::from(2) };
    let sound = if is_quick || is_rest { Verdict::passed() } else { apart(SOUND, &[]) };
    if sound.how != "survived" || !sound.case.is_empty() {
        say(&format!("the transport without a defect does not pass: {sound:?}"));
        return ExitCode::FAILURE;
    }
    let earlier = read(&fs::read_to_string(file).unwrap_or_default());
    let names: Vec<String> = mutants().map(|mutant| mutant.name()).collect();
    let is_chosen = |mutant: &Mutant| {
        let name = mutant.name();
        let is_named = filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
        is_named && !(is_rest && earlier.contains_key(&name))
    };
    let chosen: Vec<Mutant> = mutants().filter(is_chosen).collect();
    let lines = Mutex::new(earlier);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(mutant) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = mutant.name();
                    let verdict = apart(&name, if is_quick { mutant.rule.likely } else { &[] });
                    if is_quick && verdict.how == "survived" {
                        continue;
                    }
                    let line = format!("{name}\t{}\t{}\t{}", verdict.how, verdict.case, verdict.words);
                    say(&line);
                    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                    lines.insert(name, line);
                    let text: String =
                        names.iter().filter_map(|name| lines.get(name)).map(|line| format!("{line}\n")).collect();
                    if let Err(error) = fs::write(file, text) {
                        say(&format!("{file}: {error}"));
                    }
                }
            });
        }
    });
    ExitCode::SUCCESS
}

/// The lines of an earlier survey, by the name of their defect.
pub(crate) fn read(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(|line| Some((line.split('\t').next()?.to_owned(), line.to_owned()))).collect()
}

#[expect(clippy::print_stdout, reason = "a test program speaks through its output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
