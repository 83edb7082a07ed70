//! Rotation: the new credential is stored, verified and in use before the previous one is disabled, and only
//! the right one is disabled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_account::AccountExt as _;
use digicert_one_core::{BoxError, Clock, Code, FixedCredential};
use digicert_one_credentials::{FileSource, WatchOptions, WatchingCredential};
use digicert_one_provisioning::{
    CreateToken, CredentialChange, CredentialConsumer, EndDatePolicy, IssueErrorKind, PreviousCredential,
    RecoveryAction, RequestCertificate, RotateCertificate, RotateToken, SecretLocation, StoreOptions, TaskOutcome,
    Workflows, watched_client,
};
use http::Method;

use super::{Fault, Stage};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ME: &str = "/account/api/v1/user/me";

fn rotate() -> RotateToken {
    RotateToken::new().end_date(EndDatePolicy::AfterDays(7))
}

/// The initial token.
fn first(stage: &Stage) -> String {
    stage.platform.world().tokens[0].id.clone()
}

#[test]
fn repeated_rotation_leaves_one_token() {
    let stage = Stage::new();
    let report = stage
        .run(&stage.workflows(stage.stored_client()), rotate().previous(first(&stage)).name_prefix("ci-bot"))
        .expect("rotated");
    assert_eq!(
        (report.outcome, &report.previous),
        (TaskOutcome::Completed, &PreviousCredential::Disabled("t2".to_owned())),
        "{report}"
    );
    let mut before = report;
    for _ in 0..3 {
        stage.clock.advance(DAY);
        // Nothing is given: the state remembers the one in use, and its name gives the base.
        let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
        assert_eq!(Some(&report.previous), before.id.clone().map(PreviousCredential::Disabled).as_ref());
        assert!(report.name.as_deref().is_some_and(|name| name.starts_with("ci-bot-202607")), "{report}");
        let world = stage.platform.world();
        let enabled = world.enabled(&stage.user);
        assert_eq!(enabled.iter().map(|token| &*token.secret).collect::<Vec<_>>(), [stage.stored()]);
        drop(world);
        before = report;
    }
}

#[test]
fn previous_token_stays_enabled_for_the_grace_period() {
    let stage = Stage::new();
    let began = stage.clock.now();
    let task = rotate().previous(first(&stage)).grace(Duration::from_secs(3600)).delete_after(2 * DAY);
    let report = stage.run(&stage.workflows(stage.stored_client()), task).expect("rotated");
    assert!(stage.clock.now() >= began + Duration::from_secs(3600));
    let PreviousCredential::Disabled(previous) = report.previous else { panic!("{}", report.previous) };
    let there = |stage: &Stage| stage.platform.world().tokens.iter().any(|token| token.id == previous);
    stage.clock.advance(DAY);
    stage.run(&stage.workflows(stage.stored_client()), rotate().if_expires_within(DAY)).expect("not due");
    assert!(there(&stage));
    stage.clock.advance(DAY);
    stage.run(&stage.workflows(stage.stored_client()), rotate().if_expires_within(DAY)).expect("not due");
    assert!(!there(&stage));
}

#[test]
fn token_can_be_deleted_at_once() {
    let stage = Stage::new();
    let task = rotate().previous(first(&stage)).delete_after(Duration::ZERO);
    let report = stage.run(&stage.workflows(stage.stored_client()), task).expect("rotated");
    assert!(matches!(report.previous, PreviousCredential::Deleted(_)), "{report}");
    assert_eq!(stage.platform.world().tokens.len(), 1);
}

#[test]
fn token_that_was_not_found_and_is_listed_is_not_deleted() {
    let stage = Stage::new();
    stage.platform.failing(|method, _| (*method == Method::DELETE).then_some(Fault::Status(404)));
    let task = rotate().previous(first(&stage)).delete_after(Duration::ZERO);
    let report = stage.run(&stage.workflows(stage.stored_client()), task).expect("rotated");
    assert!(matches!(report.previous, PreviousCredential::Disabled(_)), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("not deleted yet")), "{report}");
    // The next task tries again, until it is gone.
    stage.clock.advance(DAY);
    let later = || rotate().if_expires_within(Duration::from_secs(1));
    let report = stage.run(&stage.workflows(stage.stored_client()), later()).expect("not due");
    assert!(report.notes.iter().any(|note| note.contains("not deleted yet")), "{report}");
    stage.platform.works();
    stage.run(&stage.workflows(stage.stored_client()), later()).expect("not due");
    assert_eq!(stage.platform.world().tokens.len(), 1);
}

#[test]
fn state_that_is_not_known_is_not_taken_for_disabled() {
    for word in ["ENABLED", "VALID", "IN_USE"] {
        let stage = Stage::new();
        stage.platform.failing(move |method, _| (*method == Method::GET).then_some(Fault::Says("status", word)));
        let report =
            stage.run(&stage.workflows(stage.stored_client()), rotate().previous(first(&stage))).expect("rotated");
        assert!(matches!(report.previous, PreviousCredential::Disabled(_)), "{report}");
    }
}

#[test]
fn nothing_is_done_before_it_is_due() {
    let stage = Stage::new();
    let workflows = || stage.workflows(stage.stored_client());
    stage.run(&workflows(), rotate().previous(first(&stage))).expect("rotated");
    let stored = stage.stored();
    let calls = stage.platform.world().changes().len();
    // Just created.
    let report = stage.run(&workflows(), rotate()).expect("nothing to do");
    assert_eq!(report.outcome, TaskOutcome::NotDue, "{report}");
    // It does not expire soon.
    stage.clock.advance(4 * DAY);
    let report = stage.run(&workflows(), rotate().if_expires_within(2 * DAY)).expect("nothing to do");
    assert_eq!(report.outcome, TaskOutcome::NotDue, "{report}");
    assert_eq!((stage.stored(), stage.platform.world().changes().len()), (stored.clone(), calls));
    stage.clock.advance(2 * DAY);
    let report = stage.run(&workflows(), rotate().if_expires_within(2 * DAY)).expect("rotated");
    assert_eq!(report.outcome, TaskOutcome::Completed, "{report}");
    assert_ne!(stage.stored(), stored);
}

#[test]
fn token_that_expires_with_its_owner_is_not_rotated() {
    let stage = Stage::ending(Some("2026-07-02"));
    stage.run(&stage.workflows(stage.stored_client()), rotate().previous(first(&stage))).expect("rotated");
    stage.clock.advance(DAY);
    let report =
        stage.run(&stage.workflows(stage.stored_client()), rotate().if_expires_within(7 * DAY)).expect("nothing to do");
    assert_eq!(report.outcome, TaskOutcome::NotDue);
    assert!(report.to_string().contains("owner"), "{report}");
}

#[test]
fn previous_token_is_found_by_name_if_not_remembered() {
    // One other token with the same base.
    let stage = Stage::new();
    let now = stage.clock.now();
    stage.platform.world().tokens[0].name = "ci-bot-20260101T000000Z-0123abcd".to_owned();
    let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
    assert_eq!(report.previous, PreviousCredential::Disabled(first(&stage)), "{report}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 1);

    // Two of them, and one with another base.
    let stage = Stage::new();
    let user = stage.user.clone();
    for name in ["ci-bot-20260101T000000Z-0123abcd", "ci-bot-20260102T000000Z-0123abcd"] {
        stage.platform.world().add_token(&user, name.to_owned(), None, now - 9 * DAY);
    }
    let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
    assert!(matches!(&report.previous, PreviousCredential::Left { id: None, .. }), "{report}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 4, "none was disabled");

    // None: only another base, which is left alone.
    let stage = Stage::new();
    let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
    assert!(
        matches!(&report.previous, PreviousCredential::Left { id: None, why } if why.contains(&first(&stage))),
        "{report}"
    );
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 2);
}

#[test]
fn token_of_another_machine_is_left_enabled() {
    let stage = Stage::new();
    let (user, made) = (stage.user.clone(), stage.clock.now() - 9 * DAY);
    stage.platform.world().add_token(&user, "ci-bot-20260101T000000Z-0123abcd".to_owned(), None, made);
    let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
    assert!(matches!(&report.previous, PreviousCredential::Left { id: None, .. }), "{report}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 3, "none was disabled");
}

#[test]
fn token_not_found_but_still_listed_is_not_deleted() {
    let stage = Stage::new();
    let previous = first(&stage);
    let hidden = previous.clone();
    stage
        .platform
        .failing(move |method, path| (*method == Method::PUT && path.contains(&hidden)).then_some(Fault::Status(404)));
    let error = stage
        .run(&stage.workflows(stage.stored_client()), rotate().previous(previous.clone()))
        .expect_err("not disabled");
    assert_eq!(error.kind(), IssueErrorKind::Retire, "{error}");
    assert!(stage.platform.world().enabled(&stage.user).iter().any(|token| token.id == previous));
}

#[test]
fn previous_token_can_be_left_enabled() {
    let stage = Stage::new();
    let report = stage
        .run(&stage.workflows(stage.stored_client()), rotate().previous(first(&stage)).keep_previous())
        .expect("rotated");
    assert!(matches!(&report.previous, PreviousCredential::Left { id: Some(_), .. }), "{report}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 2);
}

#[test]
fn administrator_rotates_for_another_user() {
    let stage = Stage::new();
    let (other, key) = stage.platform.has("other", None);
    let previous = stage.platform.world().enabled(&other)[0].id.clone();
    let store = StoreOptions::file(stage.path("others"));
    let workflows = Workflows::new(stage.first(), store, stage.path("journal"));
    let report = stage.run(&workflows, rotate().owner(other.clone()).previous(previous.clone())).expect("rotated");
    assert_eq!(report.previous, PreviousCredential::Disabled(previous));
    let enabled = stage.platform.world().enabled(&other);
    assert_eq!(enabled.len(), 1);
    assert_ne!(enabled[0].secret, key);
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 1, "the administrator's is untouched");
}

#[test]
fn certificate_is_rotated_with_a_new_private_key() {
    let stage = Stage::new();
    let workflows =
        || Workflows::new(stage.stored_client(), StoreOptions::file(stage.path("bundle")), stage.path("journal"));
    stage.run(&workflows(), RequestCertificate::new("ci").end_date(EndDatePolicy::AfterDays(30))).expect("the first");
    let before = std::fs::read(stage.path("bundle")).expect("stored");
    stage.clock.advance(DAY);
    let report =
        stage.run(&workflows(), RotateCertificate::new().end_date(EndDatePolicy::AfterDays(30))).expect("rotated");
    let world = stage.platform.world();
    assert_eq!(report.previous, PreviousCredential::Disabled(world.certificates[0].id.clone()), "{report}");
    assert_eq!(world.enabled_certificates(&stage.user).len(), 1);
    let key = |bundle: &[u8]| String::from_utf8_lossy(bundle).split("-----END").next().map(str::to_owned);
    assert_ne!(key(&before), key(&std::fs::read(stage.path("bundle")).expect("stored")));
}

/// Records what was enabled when it was notified.
#[derive(Clone, Debug, Default)]
struct Witness(Arc<Mutex<Vec<usize>>>, Option<super::Platform>, String, bool);

#[async_trait]
impl CredentialConsumer for Witness {
    fn name(&self) -> String {
        "a witness".to_owned()
    }

    async fn switch(&self, to: &CredentialChange, _clock: &Arc<dyn Clock>) -> Result<(), BoxError> {
        assert!(to.id.is_some());
        let platform = self.1.as_ref().expect("a platform");
        self.0.lock().expect("unpoisoned").push(platform.world().enabled(&self.2).len());
        if self.3 { Err("it is busy".into()) } else { Ok(()) }
    }
}

#[test]
fn consumers_switch_before_the_previous_token_is_disabled() {
    let stage = Stage::new();
    let source = FileSource::new().api_key_file(stage.key_file());
    let credential = WatchingCredential::open(source, stage.clock.clone(), WatchOptions::new()).expect("a key");
    let client = stage.client(credential.clone());
    stage.wait(client.account().users().me()).expect("known");
    let generation = client.generation();
    let witness = Witness(Arc::default(), Some(stage.platform.clone()), stage.user.clone(), false);
    let workflows = stage.workflows(client.clone());
    let workflows = workflows.consumer(watched_client(client.clone(), credential)).consumer(witness.clone());
    stage.run(&workflows, rotate().previous(first(&stage)).grace(Duration::ZERO)).expect("rotated");
    assert!(client.generation() > generation, "the client took the new key");
    assert_eq!(*witness.0.lock().expect("unpoisoned"), [2], "both worked then");
    stage.wait(client.account().users().me()).expect("known by the new key");
}

#[test]
fn failed_switch_keeps_the_previous_token_until_resume() {
    let stage = Stage::new();
    let witness = |stuck| Witness(Arc::default(), Some(stage.platform.clone()), stage.user.clone(), stuck);
    let workflows = |stuck| stage.workflows(stage.stored_client()).consumer(witness(stuck));
    let error = stage.run(&workflows(true), rotate().previous(first(&stage))).expect_err("stuck");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Switch, RecoveryAction::Resume), "{error}");
    assert!(matches!(error.secret(), SecretLocation::Stored(_)), "{error}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 2);
    let report = stage.wait(workflows(false).resume()).expect("resumed").expect("something was to do");
    assert!(matches!(report.previous, PreviousCredential::Disabled(_)), "{report}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 1);
}

#[test]
fn slow_platform_is_waited_for() {
    let stage = Stage::new();
    let mut asked = 0;
    stage.platform.failing(move |_, path| {
        asked += usize::from(path == ME);
        (path == ME && (2..=4).contains(&asked)).then_some(Fault::Status(401))
    });
    let began = stage.clock.now();
    let task = rotate().previous(first(&stage)).grace(Duration::ZERO);
    stage.run(&stage.workflows(stage.first()), task).expect("rotated");
    assert!(stage.clock.now() >= began + Duration::from_secs(7), "1 + 2 + 4 seconds");
}

#[test]
fn new_token_that_fails_leaves_the_previous_one_unchanged() {
    let stage = Stage::new();
    let mut asked = 0;
    stage.platform.failing(move |_, path| {
        asked += usize::from(path == ME);
        (path == ME && asked > 1).then_some(Fault::Status(401))
    });
    let workflows = stage.workflows(stage.first());
    let error = stage.run(&workflows, rotate().previous(first(&stage))).expect_err("not accepted");
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Verify, Some(Code::ROT_06)), "{error}");
    assert!(stage.platform.world().enabled(&stage.user).iter().any(|token| token.secret == stage.first_key));
    // When it is accepted later, the task continues.
    stage.platform.works();
    let report = stage.wait(workflows.resume()).expect("resumed").expect("something was to do");
    assert!(matches!(report.previous, PreviousCredential::Disabled(_)), "{report}");
}

#[test]
fn new_token_disabled_meanwhile_is_replaced() {
    let stage = Stage::new();
    let stuck = Witness(Arc::default(), Some(stage.platform.clone()), stage.user.clone(), true);
    stage.run(&stage.workflows(stage.first()).consumer(stuck), rotate().previous(first(&stage))).expect_err("stuck");
    let new = stage.stored();
    let disable = |world: &mut super::platform::World| {
        world.tokens.iter_mut().find(|token| token.secret == new).expect("made").enabled = false;
    };
    disable(&mut stage.platform.world());
    let report = stage.wait(stage.workflows(stage.first()).resume()).expect("resumed").expect("something was to do");
    assert_eq!(report.outcome, TaskOutcome::Completed);
    let enabled = stage.platform.world().enabled(&stage.user);
    assert_eq!(enabled.iter().map(|token| &*token.secret).collect::<Vec<_>>(), [stage.stored()]);
    assert_ne!(stage.stored(), new);
}

#[test]
fn failure_to_disable_the_previous_token_is_retried() {
    let stage = Stage::new();
    stage.platform.failing(|method, _| (method == http::Method::PUT).then_some(Fault::Status(500)));
    let workflows = stage.workflows(stage.stored_client());
    let error = stage.run(&workflows, rotate().previous(first(&stage))).expect_err("not disabled");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Retire, RecoveryAction::Resume), "{error}");
    stage.platform.works();
    let report = stage.wait(workflows.resume()).expect("resumed").expect("something was to do");
    assert!(matches!(report.previous, PreviousCredential::Disabled(_)), "{report}");
}

#[test]
fn rotation_replaces_a_created_token() {
    let stage = Stage::new();
    let made = stage.run(&stage.workflows(stage.first()), CreateToken::new("service")).expect("made");
    stage.clock.advance(DAY);
    let client = stage.client(FixedCredential::api_key(digicert_one_core::ApiKey::new(stage.stored()).expect("a key")));
    let report = stage.run(&stage.workflows(client), rotate()).expect("rotated");
    assert_eq!(Some(&report.previous), made.id.map(PreviousCredential::Disabled).as_ref());
    assert!(report.name.is_some_and(|name| name.starts_with("service-")));
}
