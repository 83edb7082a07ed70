//! Runs one case: within a limit of time, and against the waivers.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::case::{Case, cases};
use crate::child;
use crate::subject::Subject;
use crate::waiver;
use crate::world::World;

/// A case that takes longer has hung: none of them waits for more than a few seconds.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs the case with this id and panics if it fails, or if it passes although it is waived.
///
/// # Panics
/// That is how it reports.
pub fn run(id: &str, subject: &Subject) {
    let case = cases().iter().find(|case| case.id == id).unwrap_or_else(|| panic!("there is no case {id}"));
    let waivers = waiver::parse(subject.waivers).unwrap_or_else(|error| panic!("{error}"));
    // The waiver is for the parent to apply: a child that forgave its own failure would look to it like a case that passes.
    let waiver = waivers.into_iter().find(|waiver| waiver.case == id && child::parent().is_none());
    let outcome = catch_unwind(AssertUnwindSafe(|| (subject.block_on)(Box::pin(within_limit(*case, subject.clone())))));
    match (outcome, waiver) {
        (Ok(()), None) => {}
        (Err(failure), None) => resume_unwind(failure),
        (Err(_), Some(waiver)) => {
            // The harness shows this with --nocapture, beside the panic that it explains.
            #[expect(clippy::print_stderr, reason = "the only channel of a test")]
            {
                eprintln!("{id} is waived: {} (since {}, see {})", waiver.reason, waiver.since, waiver.link);
            }
        }
        (Ok(()), Some(_)) => panic!("{id} passes although it is waived: remove its entry from waivers.toml"),
    }
}

/// Checks that every waiver names a case and gives a reason.
///
/// # Panics
/// That is how it reports.
pub fn check_waivers(subject: &Subject) {
    if let Err(error) = waiver::parse(subject.waivers) {
        panic!("{error}");
    }
}

async fn within_limit(case: Case, subject: Subject) {
    let (alarm, rings) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: the limit must hold under executors without a timer.
    std::thread::spawn(move || {
        let start = std::time::Instant::now();
        while !alarm.is_closed() && start.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = alarm.send(());
    });
    match select((case.run)(World::new(&subject)), rings).await {
        Either::Left(((), _)) => {}
        Either::Right(_) => panic!("{} did not end within {LIMIT:?}", case.id),
    }
}
