//! Runs cases: each within a limit of time, and against the waivers.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use crate::audit::Audit;
use crate::beside::Beside;
use crate::case::Case;
use crate::catalogue::cases;
use crate::child;
use crate::log_scan;
use crate::methods;
use crate::report::{CaseOutcome, CaseReport, Report};
use crate::sent_as::SentAs;
use crate::subject::Subject;
use crate::waiver::{self, Waiver};
use crate::witness::watched;
use crate::world::World;

/// A case that takes longer has hung: none of them waits for more than a few seconds.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// Runs the case with this id and panics if it fails, or if it passes although it is waived.
///
/// # Panics
/// That is how it reports.
pub fn run(id: &str, subject: &Subject) {
    let case = cases().iter().find(|case| case.id == id).unwrap_or_else(|| panic!("unknown case {id}"));
    let waivers = waiver::parse(subject.waivers).unwrap_or_else(|error| panic!("{error}"));
    match outcome(case, subject, &waivers) {
        CaseOutcome::Passed => {}
        // The harness shows this with --nocapture.
        CaseOutcome::Waived { why } => say(&format!("{id} is waived: {why}")),
        CaseOutcome::NotDeclared { lacking } => say(&format!("{id} is not declared: {lacking}")),
        CaseOutcome::Failed { why, ledger } => {
            say(&case.failure(&why, &ledger));
            // The location was already reported: another panic here would report another one.
            resume_unwind(Box::new("the case does not hold"))
        }
        CaseOutcome::Stale => panic!("{id} passes although it is waived: remove its entry from waivers.toml"),
    }
}

#[expect(clippy::print_stderr, reason = "the only channel of a test")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// Checks that every waiver names a case and has a reason.
///
/// # Panics
/// That is how it reports.
pub fn check_waivers(subject: &Subject) {
    if let Err(error) = waiver::parse(subject.waivers) {
        panic!("{error}");
    }
}

/// The cases that mostly wait for a limit to pass, the longest first, with the descriptors that each has open at most (over isahc, which
/// has most). They have threads of their own, so that the others compute meanwhile.
const WAITING: [(&str, usize); 28] = [
    ("UPLOAD-18", 40),
    ("TIME-30", 580),
    ("HOST-17", 200),
    ("POOL-40", 160),
    ("TIME-20", 40),
    ("POOL-33", 80),
    ("BODY-22", 40),
    ("TIME-12", 240),
    ("POOL-16", 340),
    ("TRUST-53", 40),
    ("TIME-32", 40),
    ("TIME-03", 60),
    ("UPLOAD-20", 40),
    ("TIME-23", 40),
    ("TIME-11", 60),
    ("ERR-34", 120),
    ("ERR-60", 120),
    ("SECRET-20", 120),
    ("POOL-34", 80),
    ("TIME-25", 80),
    ("TIME-22", 160),
    ("TIME-26", 60),
    ("BODY-31", 100),
    ("TIME-10", 40),
    ("BODY-18", 40),
    ("POOL-05", 40),
    ("IDENT-33", 40),
    ("UPLOAD-16", 40),
];
/// The cases whose transports have no past: they look at how a call begins, or have very many transports at a time.
const NEW: [&str; 16] = [
    "ERR-34",
    "ERR-60",
    "POOL-16",
    "POOL-30",
    "POOL-34",
    "POOL-40",
    "PROXY-16",
    "SECRET-20",
    "TIME-11",
    "TIME-27",
    "TIME-28",
    "TIME-30",
    "TIME-31",
    "TRUST-52",
    "TRUST-60",
    "UPLOAD-16",
];
/// The number of these threads.
const WAITERS: usize = 12;
/// What these cases may need together by that list. Transports that are not isahc's open half as many, and `ulimit -n` is often 1,024.
const DESCRIPTORS: usize = 1_400;
/// The same where [`Subject::waits_by_select`]. The other cases need some two hundred.
const DESCRIPTORS_OF_SELECT: usize = 700;

/// The case that opens hundreds of connections. It runs before the others: a libcurl that waits by `select` cannot connect once
/// the process has 1,024 descriptors.
const CROWDED: &str = "POOL-04";

/// Runs these cases, `threads` of those that compute at a time, and reports each as it ends.
///
/// # Errors
/// The waivers of the subject are not valid.
pub fn run_all(
    subject: &Subject,
    chosen: &[Case],
    threads: usize,
    progress: &(dyn Fn(&CaseReport) + Sync),
) -> Result<Report, String> {
    let waivers = waiver::parse(subject.waivers)?;
    if chosen.len() > 1 {
        log_scan::listen();
    }
    let (crowded, others): (Vec<_>, Vec<_>) = chosen.iter().enumerate().partition(|(_, case)| case.id == CROWDED);
    let rank = |case: &Case| WAITING.iter().position(|(id, _)| *id == case.id);
    let (mut waiting, computing): (Vec<_>, Vec<_>) = others.into_iter().partition(|(_, case)| rank(case).is_some());
    waiting.sort_by_key(|(_, case)| rank(case));
    let descriptors = if subject.selects { DESCRIPTORS_OF_SELECT } else { DESCRIPTORS };
    let (waiting, computing) = (Waiting::new(waiting, descriptors), Mutex::new(VecDeque::from(computing)));
    let done = Mutex::new(Vec::new());
    let run = |(index, case): (usize, &Case)| {
        let begin = Instant::now();
        let outcome = alone(case, subject, &waivers);
        let report = CaseReport::new(case, outcome, begin.elapsed());
        progress(&report);
        locked(&done).push((index, report));
    };
    crowded.into_iter().for_each(run);
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(case) = next(&computing) {
                    run(case);
                }
                waiting.run(run);
            });
        }
        for _ in 0..WAITERS {
            scope.spawn(|| waiting.run(run));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    Ok(Report::of(subject, done.into_iter().map(|(_, report)| report).collect()))
}

/// Runs the case on a separate thread with the name of its test: some cases start that test again.
pub(crate) fn alone(case: &Case, subject: &Subject, waivers: &[Waiver]) -> CaseOutcome {
    let ended = thread::scope(|scope| {
        let thread = thread::Builder::new().name(case.name.to_owned());
        thread.spawn_scoped(scope, || outcome(case, subject, waivers)).map(thread::ScopedJoinHandle::join)
    });
    match ended {
        Ok(Ok(outcome)) => outcome,
        _ => CaseOutcome::Failed { why: "its thread did not start, or ended badly".to_owned(), ledger: String::new() },
    }
}

/// The cases that mostly wait, and the descriptors that are left for them.
struct Waiting<'a> {
    left: Mutex<(VecDeque<Indexed<'a>>, usize)>,
    ended: Condvar,
}

type Indexed<'a> = (usize, &'a Case);

impl<'a> Waiting<'a> {
    fn new(cases: Vec<Indexed<'a>>, descriptors: usize) -> Self {
        Self { left: Mutex::new((cases.into(), descriptors)), ended: Condvar::new() }
    }

    /// Runs cases until none is left, each as soon as there are enough descriptors for it.
    fn run(&self, run: impl Fn(Indexed<'a>)) {
        while let Some((case, descriptors)) = self.next() {
            run(case);
            locked(&self.left).1 += descriptors;
            self.ended.notify_all();
        }
    }

    fn next(&self) -> Option<(Indexed<'a>, usize)> {
        let need = |(_, case): &Indexed<'a>| WAITING.iter().find(|(id, _)| *id == case.id).map_or(0, |(_, need)| *need);
        let mut left = locked(&self.left);
        loop {
            let (cases, free) = &mut *left;
            if let Some(place) = cases.iter().position(|case| need(case) <= *free) {
                let case = cases.remove(place)?;
                *free -= need(&case);
                return Some((case, need(&case)));
            }
            if cases.is_empty() {
                return None;
            }
            left = self.ended.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn next<'a>(queue: &Mutex<VecDeque<Indexed<'a>>>) -> Option<Indexed<'a>> {
    locked(queue).pop_front()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the case ends on this thread.
fn outcome(case: &Case, subject: &Subject, waivers: &[Waiver]) -> CaseOutcome {
    // The parent applies the waiver: a child that waived its own failure would look like a passing case.
    let waiver = waivers.iter().find(|waiver| waiver.case == case.id && child::parent().is_none());
    match (watched(|| (subject.block_on)(Box::pin(within_limit(*case, subject.clone())))), waiver) {
        (Ok(undeclared), None) if undeclared.is_empty() => CaseOutcome::Passed,
        (Ok(undeclared), None) => {
            let names: Vec<_> = undeclared.iter().map(|capability| capability.name()).collect();
            CaseOutcome::NotDeclared { lacking: names.join(", ") }
        }
        (Ok(_), Some(_)) => CaseOutcome::Stale,
        (Err(failure), None) => CaseOutcome::Failed { why: failure.words, ledger: failure.ledger },
        (Err(_), Some(Waiver { reason, since, link, .. })) => {
            CaseOutcome::Waived { why: format!("{reason} (since {since}, see {link})") }
        }
    }
}

async fn within_limit(case: Case, subject: Subject) {
    let audit = Audit::here();
    let has_past = child::parent().is_none() && !NEW.contains(&case.id);
    let world = |sent_as: Option<&SentAs>| World::new(&subject).audited(&audit, has_past, sent_as);
    let work = async {
        (case.run)(world(None)).await;
        for sent_as in methods::others(case.id) {
            let world = world(Some(&sent_as));
            if methods::suits(case.id, &sent_as, &world).await {
                (case.run)(world).await;
            }
        }
        if methods::is_beside_a_stream(case.id) {
            let world = world(None);
            world.beside_a_stream();
            let _beside = Beside::begin();
            (case.run)(world).await;
        }
    };
    limited(work, case.id, LIMIT).await;
    audit.verdict();
}

/// Runs this work, and panics if it has hung.
pub(crate) async fn limited(work: impl Future<Output = ()>, what: &str, limit: Duration) {
    let (alarm, rings) = tokio::sync::oneshot::channel::<()>();
    // A separate thread: the limit must hold under executors without a timer.
    thread::spawn(move || {
        let start = Instant::now();
        while !alarm.is_closed() && start.elapsed() < limit {
            thread::sleep(Duration::from_millis(50));
        }
        let _ = alarm.send(());
    });
    match select(pin!(work), rings).await {
        Either::Left(((), _)) => {}
        Either::Right(_) => panic!("{what} did not end within {limit:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_that_wait_never_have_more_descriptors_than_there_are() {
        let of = |id: &str| cases().iter().find(|case| case.id == id).unwrap_or_else(|| panic!("no case {id}"));
        let waiting = Waiting::new(WAITING.iter().map(|(id, _)| (0, of(id))).collect(), DESCRIPTORS_OF_SELECT);
        let (mut free, mut count) = (DESCRIPTORS_OF_SELECT, 0);
        // As if all ended at once whenever none fits.
        while !locked(&waiting.left).0.is_empty() {
            let mut taken = Vec::new();
            while locked(&waiting.left)
                .0
                .iter()
                .any(|(_, case)| WAITING.iter().any(|(id, need)| *id == case.id && *need <= free))
            {
                let (_, need) = waiting.next().expect("one fits");
                free -= need;
                taken.push(need);
            }
            count += taken.len();
            let given: usize = taken.iter().sum();
            assert!(given <= DESCRIPTORS_OF_SELECT && given > 0, "{taken:?}");
            free += given;
            locked(&waiting.left).1 += given;
        }
        assert_eq!((count, free), (WAITING.len(), DESCRIPTORS_OF_SELECT));
        assert!(waiting.next().is_none());
    }

    #[test]
    #[should_panic(expected = "a call that hangs did not end within")]
    fn work_that_hangs_ends_at_its_limit() {
        let hangs = limited(std::future::pending(), "a call that hangs", Duration::from_millis(1));
        futures_executor::block_on(hangs);
    }
}
