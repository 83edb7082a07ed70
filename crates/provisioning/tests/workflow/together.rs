//! Concurrent workflows: with one lock file only one rotates, and the second one finds its result.

use std::time::Duration;

use digicert_one_core::Clock;
use digicert_one_provisioning::{IssueErrorKind, Owner, RecoveryAction, RotateToken, TaskOutcome, Workflows};
use futures_executor::block_on;
use futures_util::future::join3;

use super::Stage;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn three_concurrent_machines_create_one_token() {
    let stage = Stage::new();
    let previous = stage.platform.world().tokens[0].id.clone();
    let machine = |name: &str| {
        // A day in virtual time passes while another one writes a file.
        let workflows = Workflows::new(stage.stored_client(), stage.store(), stage.path(name));
        workflows.lock(stage.path("shared.lock")).lock_ttl(3000 * DAY).lock_timeout(1000 * DAY)
    };
    let [one, two, three] = ["one", "two", "three"].map(machine);
    let task = || RotateToken::new().name_prefix("ci-bot").previous(previous.clone()).newer_than(2000 * DAY);
    // The first was created a month ago.
    let long_ago = stage.clock.now() - 4000 * DAY;
    stage.platform.world().made_at(&previous, long_ago);
    let all = join3(one.run(task()), two.run(task()), three.run(task()));
    let (reports, _) = block_on(stage.clock.run(all));
    let outcomes = [reports.0, reports.1, reports.2].map(|report| report.expect("no failure").outcome);
    let made = outcomes.iter().filter(|outcome| **outcome == TaskOutcome::Completed).count();
    assert_eq!((made, outcomes.contains(&TaskOutcome::NotDue)), (1, true), "{outcomes:?}");
    let world = stage.platform.world();
    assert_eq!(world.changes().iter().filter(|(method, _)| method == "POST").count(), 1);
    assert_eq!(world.enabled(&stage.user).iter().map(|token| &*token.secret).collect::<Vec<_>>(), [stage.stored()]);
}

#[test]
fn lock_held_by_another_machine_times_out() {
    let stage = Stage::new();
    let lock = stage.path("shared.lock");
    let other = Owner::new("another-machine").expect("an id");
    let held = serde_json::json!({ "owner": other, "until": "2100-01-01T00:00:00Z" });
    std::fs::write(&lock, held.to_string()).expect("written");
    let workflows = stage.workflows(stage.stored_client()).lock(&lock).lock_timeout(Duration::from_secs(60));
    let error = stage.run(&workflows, RotateToken::new()).expect_err("held");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Lock, RecoveryAction::Retry), "{error}");
    assert_eq!(error.diagnosis_code(), Some(digicert_one_core::Code::ROT_05));
    assert!(error.to_string().contains("another-machine"), "{error}");
    assert!(stage.platform.world().calls.is_empty());
    std::fs::remove_file(&lock).expect("released");
    stage.run(&workflows, RotateToken::new()).expect("rotated");
}

#[test]
fn journal_open_in_another_process_is_an_error() {
    let stage = Stage::new();
    let journal = std::fs::File::create(stage.path("journal")).expect("opened");
    journal.lock().expect("locked");
    let workflows = stage.workflows(stage.stored_client());
    let error = stage.run(&workflows, RotateToken::new()).expect_err("busy");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Lock, RecoveryAction::Retry), "{error}");
    drop(journal);
    stage.run(&workflows, RotateToken::new()).expect("rotated");
}

#[test]
fn futures_are_send() {
    fn goes(_: impl Send) {}
    let stage = Stage::new();
    let workflows = stage.workflows(stage.first());
    goes(workflows.run(RotateToken::new()));
    goes(workflows.resume());
    let task = RotateToken::new().into();
    goes(workflows.plan(&task));
}
