//! Runs every fault on one stack and checks the results.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use digicert_one_core::{Capabilities, Code};
use digicert_one_testbed::name_without_address;

use super::fault::Fault;
use super::lab::ObservedFault;
use super::list::faults;
use super::network;
use crate::run::{LIMIT, limited};
use crate::subject::Subject;
use crate::world::World;

/// Where to put the cells of one stack: `D1_FAULTS_FILE`.
const FILE: &str = "D1_FAULTS_FILE";
/// Concurrent faults: most of the time is spent waiting for limits.
const AT_ONCE: usize = 8;

/// One cell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FaultCell {
    /// The fault.
    pub fault: &'static str,
    /// The code that this stack reported.
    pub code: Code,
    /// The deepest text of the library below, where it had one, without what changes from run to run.
    pub raw: Option<String>,
}

/// Every fault on this transport, in order.
///
/// # Errors
/// All wrong codes, diagnoses that do not read as they must, and faults that did not happen, one a line.
pub fn fault_table(subject: &Subject) -> Result<Vec<FaultCell>, String> {
    let all: Vec<&'static Fault> = possible(subject).collect();
    let (next, (cell, cells)) = (AtomicUsize::new(0), mpsc::channel());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let (all, next, cell) = (&all, &next, cell.clone());
            scope.spawn(move || {
                while let Some((index, fault)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    all.get(index).map(|fault| (index, *fault))
                } {
                    let _ = cell.send((index, fault, seen(subject, fault)));
                }
            });
        }
    });
    drop(cell);
    let mut cells: Vec<_> = cells.iter().collect();
    cells.sort_by_key(|(index, ..)| *index);
    let mut wrong = String::new();
    let mut right = Vec::new();
    for (_, fault, outcome) in cells {
        match outcome.and_then(|seen| judged(fault, seen, subject.connector.capabilities())) {
            Ok(cell) => right.push(cell),
            Err(why) => {
                let _ = writeln!(wrong, "{}: {why}", fault.name);
            }
        }
    }
    if wrong.is_empty() { Ok(right) } else { Err(wrong) }
}

/// The test of the table, which [`suite!`](crate::suite) and [`main`](crate::main) run together with the cases.
///
/// # Panics
/// That is how it reports.
pub fn fault_test(subject: &Subject) {
    if let Err(wrong) = checked_faults(subject) {
        panic!("\n{wrong}");
    }
}

/// Returns how many faults have their codes, if all have, and how many are impossible for a stack with these
/// capabilities. Writes the cells to `D1_FAULTS_FILE`, a line each, tab-separated: fault, its code, the code
/// that this stack reported, why that one is wider if it is, the raw text.
pub(crate) fn checked_faults(subject: &Subject) -> Result<(usize, usize), String> {
    let cells = fault_table(subject)?;
    if let Some(path) = std::env::var_os(FILE) {
        let mut text = String::new();
        for (fault, FaultCell { code, raw, .. }) in possible(subject).zip(&cells) {
            let why = fault.wider(*code, subject.connector.capabilities()).map_or("", |wider| wider.why);
            let raw = raw.as_deref().unwrap_or_default();
            writeln!(text, "{}\t{}\t{code}\t{why}\t{raw}", fault.name, fault.code).expect("writing to a string");
        }
        std::fs::write(&path, text).expect("the file of D1_FAULTS_FILE can be written");
    }
    let capabilities = subject.connector.capabilities();
    let not_declared = faults().filter(|fault| fault.needs.is_some_and(|needs| !capabilities.has(needs))).count();
    Ok((cells.len(), not_declared))
}

/// Returns what is possible here: everything that the transport declares, unless the resolver of this machine
/// gives every name an address.
fn possible(subject: &Subject) -> impl Iterator<Item = &'static Fault> {
    let nameless = [network::NO_ADDRESS, network::NO_PROXY_ADDRESS];
    let capabilities = subject.connector.capabilities();
    faults()
        .filter(move |fault| name_without_address().is_some() || !nameless.contains(&fault.name))
        .filter(move |fault| fault.needs.is_none_or(|needs| capabilities.has(needs)))
}

fn seen(subject: &Subject, fault: &Fault) -> Result<ObservedFault, String> {
    let (send, reported) = mpsc::channel();
    let making = (fault.run)(World::new(subject));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let making = async move {
            let _ = send.send(making.await);
        };
        (subject.block_on)(Box::pin(limited(making, fault.name, LIMIT)));
    }));
    match outcome {
        Ok(()) => reported.recv().map_err(|_| "nothing was seen".to_owned()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned())
        }
    }
}

/// The code of the fault is right, or a documented wider one if the stack lacks the required knowledge.
fn judged(fault: &Fault, seen: ObservedFault, capabilities: Capabilities) -> Result<FaultCell, String> {
    let code = seen.diagnosis.code;
    if code != fault.code && fault.wider(code, capabilities).is_none() {
        return Err(format!("gave {code} instead of {}: {}\n    {:?}", fault.code, seen.diagnosis, seen.raw));
    }
    seen.check()?;
    Ok(FaultCell { fault: fault.name, code, raw: seen.raw })
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{Capability, Diagnosis};

    use super::super::unknown;
    use super::*;

    #[test]
    fn wider_code_is_right_only_for_a_stack_that_cannot_know() {
        let fault = Fault {
            name: "a fault",
            code: Code::HS_02,
            wider: &[unknown::ALERT],
            needs: None,
            run: |_| unreachable!("only judged"),
        };
        let judged = |code, capabilities| {
            judged(&fault, ObservedFault::new(Diagnosis::of(code, "it failed."), String::new()), capabilities).is_ok()
        };
        let (all, less) = (Capabilities::all(), Capabilities::all().without(Capability::AlertDetail));
        assert!(judged(Code::HS_02, all) && judged(Code::HS_02, less) && judged(Code::HS_03, less));
        assert!(!judged(Code::HS_03, all) && !judged(Code::NET_07, less));
    }

    #[test]
    fn diagnosis_without_cause_or_with_secret_is_wrong() {
        let fault = faults().next().expect("there are some");
        let judged = |seen| judged(fault, seen, Capabilities::all()).is_ok();
        assert!(judged(ObservedFault::new(Diagnosis::of(fault.code, "it failed."), String::new())));
        assert!(!judged(ObservedFault::new(Diagnosis::new(fault.code, "it failed.", ""), String::new())));
        assert!(!judged(ObservedFault::new(Diagnosis::of(fault.code, "it failed."), "sent canary".to_owned())));
    }
}
