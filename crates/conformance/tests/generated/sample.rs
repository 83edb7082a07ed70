//! The part of every test run: a few of the defects, always the same ones and from all parts of the list,
//! each with the case that the last survey names for it, which must still detect it; and each of these cases
//! on the same code without a defect, where it must pass. All defects are tried by `cargo xtask mutants
//! --generated`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use digicert_one_conformance::{Level, cases};
use libtest_mimic::{Arguments, Failed, Trial};

use crate::rule::{Mutant, mutants};
use crate::verdict::{SOUND, apart};

/// The verdicts of the last survey.
const SURVEY: &str = include_str!("../../../../docs/generated-mutants.tsv");
/// Why each survivor is not a defect that a case could detect.
const SURVIVORS: &str = include_str!("survivors.toml");

/// The number of defects that are tried.
const SAMPLE: usize = 25;

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::from_args();
    let verdicts = verdicts();
    let mut trials = vec![
        Trial::test("survey_lists_every_defect_and_explains_each_survivor", survey_is_complete),
        Trial::test("each_name_is_given_once", names_are_distinct),
    ];
    let mut rules = BTreeSet::new();
    let of_each_rule = mutants().filter(|mutant| rules.insert((mutant.rule.action, mutant.rule.thing)));
    let case_of = |mutant: &Mutant| {
        let (_, case) = verdicts.get(mutant.name().as_str()).filter(|(how, _)| *how == "caught")?;
        cases().iter().find(|one| one.id == *case)
    };
    let all: Vec<_> = of_each_rule.filter_map(|mutant| Some((mutant, case_of(&mutant)?))).collect();
    let mut needed = BTreeSet::new();
    for (mutant, case) in all.iter().step_by(all.len().div_ceil(SAMPLE).max(1)).copied() {
        needed.insert(case.id);
        let name = format!("{} is caught by {}", mutant.name(), case.id);
        trials.push(Trial::test(name, move || caught(&mutant, case.id)));
    }
    let sound = |id: &'static str| Trial::test(format!("{id} holds without a defect"), move || holds(id));
    trials.extend(needed.into_iter().map(sound));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// How each defect ended, and with which case, by its name.
fn verdicts() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    let line = |line: &'static str| {
        let mut cells = line.split('\t');
        Some((cells.next()?, (cells.next()?, cells.next()?)))
    };
    SURVEY.lines().filter_map(line).collect()
}

fn caught(mutant: &Mutant, case: &str) -> Result<(), Failed> {
    match apart(&mutant.name(), &[case]).how.as_str() {
        "survived" => {
            Err(format!("{case} holds with the defect {}: `cargo xtask mutants --generated`", mutant.name()).into())
        }
        _ => Ok(()),
    }
}

fn holds(case: &str) -> Result<(), Failed> {
    let verdict = apart(SOUND, &[case]);
    if verdict.how == "survived" {
        Ok(())
    } else {
        Err(format!("{case} fails without a defect: {}", verdict.words).into())
    }
}

/// The reasons for survivors, by the name of the defect.
fn reasons() -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = SURVIVORS.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut reasons = BTreeMap::new();
    for entry in table.get("survivor").and_then(toml::Value::as_array).into_iter().flatten() {
        let reason = entry.get("reason").and_then(toml::Value::as_str).filter(|text| !text.trim().is_empty());
        let names = entry.get("mutants").and_then(toml::Value::as_array);
        let (Some(reason), Some(names)) = (reason, names) else {
            return Err("each [[survivor]] needs a reason and its mutants".to_owned());
        };
        reasons.extend(names.iter().filter_map(toml::Value::as_str).map(|name| (name.to_owned(), reason.to_owned())));
    }
    Ok(reasons)
}

fn survey_is_complete() -> Result<(), Failed> {
    let (verdicts, reasons) = (verdicts(), reasons()?);
    let (mut faults, mut survivors, mut count) = (Vec::new(), 0, 0);
    for mutant in mutants() {
        let name = mutant.name();
        let (verdict, reason) = (verdicts.get(name.as_str()), reasons.contains_key(&name));
        count += 1;
        survivors += usize::from(verdict.is_some_and(|(how, _)| *how == "survived"));
        match verdict {
            None => faults.push(format!("not in the survey: {name}")),
            Some(("survived", _)) if !reason => faults.push(format!("survives without a reason: {name}")),
            Some(("caught" | "bound", _)) if reason => faults.push(format!("is caught, remove its reason: {name}")),
            Some(("caught", id)) if !is_must(id) => faults.push(format!("caught by {id}, which is not a MUST: {name}")),
            Some(_) => {}
        }
    }
    if survivors * 100 > count * 3 {
        faults.push(format!("{survivors} of {count} survive, which is more than 3 in 100"));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

/// A process that the defect ended was not detected by a case, and needs none.
fn is_must(id: &str) -> bool {
    id == "process" || cases().iter().any(|case| case.id == id && case.level == Level::Must)
}

fn names_are_distinct() -> Result<(), Failed> {
    let names: Vec<String> = mutants().map(|mutant| mutant.name()).collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    if names.len() < 300 {
        return Err(format!("{} defects", names.len()).into());
    }
    if distinct.len() == names.len() { Ok(()) } else { Err("two defects have one name".into()) }
}
