//! Impossible tasks are refused before anything is created, with a code if the catalogue has one, and leave
//! nothing in progress.

use std::time::Duration;

use digicert_one_account::NewServiceUser;
use digicert_one_core::{ApiKey, Clock, Code, FixedCredential};
use digicert_one_provisioning::{
    CreateToken, EndDatePolicy, IssueError, IssueErrorKind, RecoveryAction, RequestCertificate, RotateCertificate,
    RotateToken, StoreOptions, Task, TaskOutcome, Workflows,
};
use http::Method;

use super::{Fault, Stage};

const TOKEN: &str = "/account/api/v1/api-access-token";

/// Runs a refused task, and checks that nothing is left of it.
fn refused(stage: &Stage, task: impl Into<Task>) -> IssueError {
    refused_for(stage, stage.store(), task)
}

fn refused_for(stage: &Stage, store: StoreOptions, task: impl Into<Task>) -> IssueError {
    let workflows = Workflows::new(stage.first(), store, stage.path("journal"));
    let before = stage.platform.world().enabled(&stage.user).len();
    let error = stage.run(&workflows, task).expect_err("refused");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), before, "{error}");
    assert!(stage.wait(workflows.resume()).expect("nothing is under way").is_none(), "{error}");
    error
}

#[test]
fn name_in_use_is_refused_before_anything_is_sent() {
    let stage = Stage::new();
    let error = refused(&stage, NewServiceUser::new("ci-bot"));
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Task, Some(Code::API_06)));
    assert!(error.to_string().contains(&stage.user), "{error}");
    assert_eq!(stage.platform.world().changes(), []);
}

#[test]
fn empty_name_is_refused_before_any_call() {
    let stage = Stage::new();
    let tasks: [Task; 3] =
        [NewServiceUser::new(" ").into(), CreateToken::new("").into(), RequestCertificate::new("\t").into()];
    for task in tasks {
        assert_eq!(refused(&stage, task).kind(), IssueErrorKind::Task);
    }
    assert!(stage.platform.world().calls.is_empty());
}

#[test]
fn end_date_is_not_after_the_owners_and_not_in_the_past() {
    let stage = Stage::ending(Some("2026-07-31"));
    let task = CreateToken::new("extra").end_date(EndDatePolicy::On("2027-07-31".parse().expect("a day")));
    let report = stage.run(&stage.workflows(stage.first()), task).expect("made");
    assert_eq!(report.end_date.map(|end| end.to_string()).as_deref(), Some("2026-07-31T23:59:59Z"));

    let past = EndDatePolicy::On("2026-06-29".parse().expect("a day"));
    let tasks: [Task; 4] = [
        CreateToken::new("extra").end_date(past).into(),
        RequestCertificate::new("extra").end_date(past).into(),
        RotateToken::new().end_date(past).into(),
        RotateCertificate::new().end_date(past).into(),
    ];
    for task in tasks {
        let stage = Stage::new();
        let error = refused(&stage, task);
        assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::EndDate, Some(Code::CFG_01)), "{error}");
        assert_eq!(error.next(), RecoveryAction::Correct);
        assert_eq!(stage.platform.world().changes(), []);
    }
    let stage = Stage::new();
    let (ended, _) = stage.platform.has("ended", Some("2026-06-01"));
    let error = refused(&stage, CreateToken::new("extra").owner(ended));
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::EndDate, Some(Code::ID_15)), "{error}");
}

#[test]
fn clock_difference_is_detected_before_anything_is_created() {
    let stage = Stage::new();
    let day = Duration::from_secs(24 * 60 * 60);
    for date in [stage.clock.now() + day, stage.clock.now() - day] {
        stage.platform.world().date = Some(date);
        let error = refused(&stage, RotateToken::new());
        assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Clock, Some(Code::CFG_05)), "{error}");
        assert_eq!(error.next(), RecoveryAction::Correct);
        assert!(error.to_string().contains("2026-06-30T12:00:00Z"), "{error}");
    }
    assert_eq!(stage.platform.world().changes(), []);
    stage.platform.world().date = Some(stage.clock.now() + Duration::from_secs(60));
    stage.run(&stage.workflows(stage.first()), RotateToken::new()).expect("a minute is tolerated");
}

#[test]
fn older_platform_gives_the_documented_remedy() {
    let stage = Stage::new();
    stage.platform.world().one_token = true;
    let error = refused(&stage, RotateToken::new());
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::TokenLimit, RecoveryAction::Correct));
    assert_eq!(error.diagnosis_code(), Some(Code::API_07));
    let text = error.to_string();
    assert!(text.contains("second service user") && text.contains("extend the end date"), "{text}");
    assert_eq!(stage.stored(), stage.first_key, "what is in use is untouched");
}

#[test]
fn missing_permission_is_named() {
    let stage = Stage::new();
    stage.platform.failing_once(Method::POST, "/account/api/v1/user", Fault::Status(403));
    let error = refused(&stage, NewServiceUser::new("new-bot"));
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Platform, Some(Code::AUT_03)), "{error}");
    assert_eq!(error.next(), RecoveryAction::Correct);
}

#[test]
fn unknown_caller_is_refused_at_once() {
    let stage = Stage::new();
    let stranger = stage.client(FixedCredential::api_key(ApiKey::new("a-stranger").expect("a key")));
    let error = stage.run(&stage.workflows(stranger), RotateToken::new()).expect_err("unknown");
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Platform, Some(Code::AUT_01)), "{error}");
    assert_eq!(error.next(), RecoveryAction::Correct, "the same credential would be refused again");
    let remedy = error.diagnosis().remedy;
    assert!(remedy.contains("created on this host") && remedy.contains("run it again"), "{remedy}");
}

#[test]
fn missing_previous_credential_is_refused() {
    let stage = Stage::new();
    let tasks: [Task; 2] = [RotateToken::new().previous("t99").into(), RotateCertificate::new().previous("c99").into()];
    for task in tasks {
        let error = refused(&stage, task);
        assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Task, Some(Code::API_02)), "{error}");
    }
    assert_eq!(stage.platform.world().changes(), []);
}

#[test]
fn disabled_previous_credential_is_refused() {
    let stage = Stage::new();
    let first = stage.platform.world().tokens[0].id.clone();
    let day = Duration::from_secs(24 * 60 * 60);
    let rotate =
        || RotateToken::new().previous(first.clone()).name_prefix("ci-bot").end_date(EndDatePolicy::AfterDays(7));
    stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("rotated");
    // A concurrent run finds the work done.
    let report = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("nothing to do");
    assert_eq!(report.outcome, TaskOutcome::NotDue, "{report}");
    stage.clock.advance(day);
    let made = stage.platform.world().tokens.len();
    let error = stage.run(&stage.workflows(stage.stored_client()), rotate()).expect_err("refused");
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::Task, Some(Code::CFG_01)), "{error}");
    assert!(error.to_string().contains(&first), "{error}");
    assert_eq!((error.next(), stage.platform.world().tokens.len()), (RecoveryAction::Correct, made));
}

#[test]
fn certificate_of_another_key_is_disabled() {
    let stage = Stage::new();
    stage.platform.world().foreign_key = true;
    let error = refused_for(&stage, StoreOptions::file(stage.path("bundle")), RequestCertificate::new("ci"));
    assert_eq!((error.kind(), error.diagnosis_code()), (IssueErrorKind::WrongKey, Some(Code::ID_01)), "{error}");
    let world = stage.platform.world();
    assert_eq!((world.certificates.len(), world.enabled_certificates(&stage.user).len()), (1, 0));
}

#[test]
fn masked_secret_does_not_replace_the_one_that_works() {
    for mask in ["********", "undefined", "shown in the console"] {
        let stage = Stage::new();
        let old = stage.stored();
        stage.platform.failing_once(Method::POST, TOKEN, Fault::Says("token", mask));
        let error = refused(&stage, RotateToken::new());
        assert_eq!((error.kind(), error.next()), (IssueErrorKind::NotShown, RecoveryAction::Correct), "{error}");
        let shown = error.diagnosis().to_string();
        assert!(shown.contains("the field token holds no API key"), "{shown}");
        assert!(stage.stored() == old && !shown.contains(mask), "{shown}");
    }
}

#[test]
fn rotation_that_cannot_read_the_end_date_is_an_error() {
    let stage = Stage::new();
    let unread = |method: &Method, path: &str| {
        (*method == Method::GET && path == TOKEN).then_some(Fault::Says("end_date", "31/07/2026"))
    };
    stage.platform.failing(unread);
    let first = stage.platform.world().tokens[0].id.clone();
    let rotate = || RotateToken::new().previous(first.clone());
    let day = Duration::from_secs(24 * 60 * 60);
    let error = refused(&stage, rotate().if_expires_within(day));
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::EndDate, RecoveryAction::Correct), "{error}");
    assert!(error.to_string().contains("unknown form (the field \"end_date\")"), "{error}");
    assert_eq!(stage.platform.world().changes(), []);
    stage.run(&stage.workflows(stage.stored_client()), rotate()).expect("without the condition it is due");
}

#[test]
fn owner_whose_end_date_cannot_be_read_is_noted() {
    let stage = Stage::new();
    let unread = |method: &Method, path: &str| {
        (*method == Method::GET && path.ends_with("/user/me")).then_some(Fault::Says("end_date", "31/07/2026"))
    };
    stage.platform.failing(unread);
    let report = stage.run(&stage.workflows(stage.first()), CreateToken::new("extra")).expect("made");
    assert!(report.notes.iter().any(|note| note.contains("the owner's end date is in an unknown form")), "{report}");
}

#[test]
fn caller_with_an_error_is_not_a_caller() {
    let stage = Stage::new();
    stage.platform.failing_once(Method::GET, "/account/api/v1/user/me", Fault::Says("error", "session expired"));
    let error = stage.run(&stage.workflows(stage.first()), RotateToken::new()).expect_err("no caller");
    assert_eq!(error.diagnosis_code(), Some(Code::AUT_05), "{error}");
    assert!(error.to_string().contains("session expired"), "{error}");
    assert_eq!(stage.platform.world().changes(), []);
}

#[test]
fn lock_that_is_another_file_is_to_be_corrected() {
    let stage = Stage::new();
    std::fs::write(stage.path("lock"), "another program's").expect("written");
    let workflows = stage.workflows(stage.first()).lock(stage.path("lock"));
    let error = stage.run(&workflows, RotateToken::new()).expect_err("not a lock");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Lock, RecoveryAction::Correct), "{error}");
    assert_eq!(error.diagnosis_code(), Some(Code::IO_02));
}
