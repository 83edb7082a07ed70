//! Secrets are stored before success is reported; if the place fails anyway, the secret is elsewhere or
//! nothing is left.

use std::fs;

use digicert_one_account::NewServiceUser;
use digicert_one_core::Code;
use digicert_one_credentials::{DirectorySource, Source};
use digicert_one_provisioning::{
    CreateToken, EndDatePolicy, IssueErrorKind, PreparedStore, RecoveryAction, RequestCertificate, RotateToken,
    SecretKind, SecretLocation, SecretStore, StoreError, StoreErrorKind, StoreOptions, StoreReceipt, StoredSecret,
    Task, TaskOutcome, TaskStep, Workflows,
};
use http::Method;

use super::{Fault, Stage};

const TOKEN: &str = "/account/api/v1/api-access-token";

/// Passes its check, and fails when it is used.
#[derive(Clone, Copy, Debug)]
struct Broken;

impl SecretStore for Broken {
    fn name(&self) -> String {
        "a disk that breaks".to_owned()
    }

    fn prepare(&self, _kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        Ok(Box::new(*self))
    }
}

impl PreparedStore for Broken {
    fn name(&self) -> String {
        SecretStore::name(self)
    }

    fn store(&mut self, _secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        Err(StoreError::new(StoreErrorKind::Full, "a disk that breaks", "no space is left"))
    }
}

fn create() -> Task {
    CreateToken::new("extra").end_date(EndDatePolicy::AfterDays(7)).into()
}

#[test]
fn created_service_user_has_its_key_stored() {
    let stage = Stage::new();
    let path = stage.path("new-secret");
    let workflows = Workflows::new(stage.first(), StoreOptions::file(&path), stage.path("journal"));
    let user = NewServiceUser::new("new-bot").end_date("2027-01-31".parse().expect("a day"));
    let report = stage.run(&workflows, user).expect("made");
    assert_eq!(report.outcome, TaskOutcome::Completed);
    let world = stage.platform.world();
    let made = world.users.last().expect("a user");
    assert_eq!((report.owner.as_ref().map(|id| id.as_str()), made.name.as_str()), (Some(made.id.as_str()), "new-bot"));
    let token = &world.enabled(&made.id)[0];
    assert_eq!(report.id.as_deref(), Some(token.id.as_str()));
    assert_eq!(fs::read_to_string(&path).expect("stored").trim_end(), token.secret);
    assert!(report.stored.as_ref().is_some_and(|stored| stored.read_back), "{report:?}");
    assert_eq!(report.end_date.map(|end| end.to_string()).as_deref(), Some("2027-01-31T23:59:59Z"));
    assert!(!format!("{report} {report:?}").contains(&token.secret));
}

#[test]
fn token_is_stored_in_a_directory_with_its_end_date() {
    let stage = Stage::new();
    let directory = stage.path("mounted");
    fs::create_dir(&directory).expect("made");
    let workflows = Workflows::new(stage.first(), StoreOptions::directory(&directory), stage.path("journal"));
    stage.run(&workflows, create()).expect("made");
    let fetched = DirectorySource::new(&directory).fetch().expect("readable");
    let digicert_one_credentials::Fetched::Found(raw) = fetched else { panic!("it is there") };
    let key = raw.api_key.expect("a key");
    assert!(stage.platform.world().tokens.iter().any(|token| token.secret.as_bytes() == key.expose().trim_ascii()));
    assert_eq!(raw.key_ends.map(|end| end.to_string()).as_deref(), Some("2026-07-07T23:59:59Z"));
}

#[test]
fn nothing_is_created_if_it_cannot_be_stored() {
    let stage = Stage::new();
    for (store, what) in [
        (StoreOptions::file(stage.path("nowhere/secret")), "nowhere"),
        (StoreOptions::file(stage.path("new")).last_resort_file(stage.path("nowhere/rescued")), "rescued"),
    ] {
        let workflows = Workflows::new(stage.first(), store, stage.path("journal"));
        let error = stage.run(&workflows, create()).expect_err("refused");
        assert_eq!(
            (error.kind(), error.step(), error.next()),
            (IssueErrorKind::StoreCheck, TaskStep::Prepare, RecoveryAction::Correct)
        );
        assert_eq!(error.diagnosis_code(), Some(Code::CFG_06), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(stage.platform.world().changes(), []);
        assert!(stage.wait(workflows.resume()).expect("nothing is under way").is_none());
    }
}

#[test]
fn key_in_the_last_resort_is_moved_to_its_place_by_resume() {
    let stage = Stage::new();
    let broken = StoreOptions::new(Broken).last_resort_file(stage.path("rescued"));
    let workflows = Workflows::new(stage.first(), broken, stage.path("journal"));
    let error = stage.run(&workflows, create()).expect_err("the disk broke");
    let SecretLocation::LastResort(place) = error.secret() else { panic!("{error}") };
    assert!(place.contains("rescued"), "{error}");
    assert_eq!(
        (error.kind(), error.step(), error.next()),
        (IssueErrorKind::Store, TaskStep::Store, RecoveryAction::Resume)
    );
    let rescued = fs::read_to_string(stage.path("rescued")).expect("rescued");
    let token = stage.platform.world().tokens.last().expect("made").clone();
    assert_eq!(rescued.trim_end(), token.secret);
    assert!(error.on_platform().iter().any(|what| what.contains(&token.id)), "{error}");
    assert!(!format!("{error} {error:?}").contains(&token.secret));
    // Nothing else can begin.
    let other = stage.run(&workflows, create()).expect_err("something is under way");
    assert_eq!((other.kind(), other.next()), (IssueErrorKind::Pending, RecoveryAction::Resume));

    let report = stage.wait(stage.workflows(stage.first()).resume()).expect("resumed").expect("something was to do");
    assert_eq!((report.outcome, report.id.as_deref()), (TaskOutcome::Completed, Some(token.id.as_str())));
    assert_eq!(stage.stored(), token.secret);
    assert!(report.notes.iter().any(|note| note.contains("rescued")), "{report}");
}

#[test]
fn key_in_the_encrypted_last_resort_is_moved_too() {
    let stage = Stage::new();
    let password = digicert_one_core::Secret::new("correct horse", "the test");
    let path = stage.path("rescued");
    let broken = StoreOptions::new(Broken).last_resort_encrypted(&path, password.clone());
    stage.run(&Workflows::new(stage.first(), broken, stage.path("journal")), create()).expect_err("the disk broke");
    let token = stage.platform.world().tokens.last().expect("made").clone();
    assert!(!fs::read_to_string(&path).expect("rescued").contains(&token.secret));
    let store = StoreOptions::file(stage.key_file()).last_resort_encrypted(path, password);
    let workflows = Workflows::new(stage.first(), store, stage.path("journal"));
    stage.wait(workflows.resume()).expect("resumed").expect("something was to do");
    assert_eq!(stage.stored(), token.secret);
}

#[test]
fn key_that_cannot_be_stored_is_removed_from_the_platform() {
    for last_resort in [false, true] {
        let stage = Stage::new();
        let store = StoreOptions::new(Broken);
        let store = if last_resort { store.last_resort(Broken) } else { store };
        let workflows = Workflows::new(stage.first(), store, stage.path("journal"));
        let error = stage.run(&workflows, create()).expect_err("the disk broke");
        assert_eq!((error.kind(), error.secret()), (IssueErrorKind::Store, &SecretLocation::Lost), "{error}");
        let world = stage.platform.world();
        assert_eq!(world.enabled(&stage.user).len(), 1, "only the first is there");
        drop(world);
        assert!(stage.wait(workflows.resume()).expect("nothing is under way").is_none(), "{error}");
    }
}

#[test]
fn credential_without_shown_secret_is_removed() {
    for no_delete in [false, true] {
        let stage = Stage::new();
        stage.platform.world().no_delete = no_delete;
        stage.platform.failing_once(Method::POST, TOKEN, Fault::NotShown);
        let workflows = stage.workflows(stage.first());
        let error = stage.run(&workflows, create()).expect_err("not shown");
        assert_eq!((error.kind(), error.next()), (IssueErrorKind::NotShown, RecoveryAction::Correct), "{error}");
        assert_eq!(error.diagnosis_code(), Some(Code::API_05));
        let became = if no_delete { "disabled" } else { "deleted" };
        assert!(error.on_platform().iter().any(|what| what.contains(became)), "{error}");
        assert_eq!(stage.platform.world().enabled(&stage.user).len(), 1);
        assert!(stage.wait(workflows.resume()).expect("nothing is under way").is_none());
    }
    let stage = Stage::new();
    stage.platform.failing_once(Method::POST, "/account/api/v1/user", Fault::NotShown);
    let task = NewServiceUser::new("new-bot");
    let error = stage.run(&stage.workflows(stage.first()), task).expect_err("not shown");
    assert_eq!(error.kind(), IssueErrorKind::NotShown);
    assert!(stage.platform.world().users.iter().all(|user| user.name != "new-bot"), "{error}");

    let stage = Stage::new();
    stage.platform.failing_once(Method::POST, "/account/api/v1/client-auth-certificate", Fault::NotShown);
    let workflows = Workflows::new(stage.first(), StoreOptions::file(stage.path("bundle")), stage.path("journal"));
    let error = stage.run(&workflows, RequestCertificate::new("ci")).expect_err("not shown");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::NotShown, RecoveryAction::Correct), "{error}");
    assert_eq!(stage.platform.world().enabled_certificates(&stage.user).len(), 0);
}

#[test]
fn unusable_token_is_disabled_where_there_is_no_call_to_delete_it() {
    let stage = Stage::new();
    stage.platform.failing(|method, _| match *method {
        Method::POST => Some(Fault::NotShown),
        Method::DELETE => Some(Fault::Status(404)),
        _ => None,
    });
    let error = stage.run(&stage.workflows(stage.first()), create()).expect_err("not shown");
    assert!(error.on_platform().iter().any(|what| what.contains("is disabled")), "{error}");
    assert_eq!(stage.platform.world().enabled(&stage.user).len(), 1, "only the one in use: {error}");
}

#[test]
fn lost_response_is_recovered_by_resume() {
    for (task, path) in [
        (create(), TOKEN),
        (NewServiceUser::new("new-bot").into(), "/account/api/v1/user"),
        (RequestCertificate::new("ci").into(), "/account/api/v1/client-auth-certificate"),
    ] {
        let stage = Stage::new();
        stage.platform.failing_once(Method::POST, path, Fault::ResponseLost);
        let store = || StoreOptions::file(stage.path("new-secret"));
        let workflows = Workflows::new(stage.first(), store(), stage.path("journal"));
        let kind = task.kind();
        let error = stage.run(&workflows, task).expect_err("lost");
        assert_eq!((error.kind(), error.next()), (IssueErrorKind::Platform, RecoveryAction::Resume), "{error}");
        assert!(error.to_string().contains("may have created it"), "{error}");
        let report = stage.wait(workflows.resume()).expect("resumed").expect("something was to do");
        assert_eq!((report.task, report.outcome), (kind, TaskOutcome::Completed));
        let world = stage.platform.world();
        let owner = report.owner.expect("an owner");
        if kind.is_certificate() {
            assert_eq!(world.enabled_certificates(owner.as_str()).len(), 1, "{:?}", world.certificates);
        } else {
            let stored = fs::read_to_string(stage.path("new-secret")).expect("stored");
            let first = &stage.first_key;
            let enabled = world.enabled(owner.as_str());
            let others: Vec<&str> = enabled.iter().map(|one| &*one.secret).filter(|one| *one != first).collect();
            assert_eq!(others, [stored.trim_end()], "{kind}");
        }
    }
}

#[test]
fn call_that_never_arrived_leaves_nothing_in_progress() {
    let stage = Stage::new();
    stage.platform.failing_once(Method::POST, TOKEN, Fault::Refused);
    let workflows = stage.workflows(stage.first());
    let error = stage.run(&workflows, create()).expect_err("refused");
    assert_eq!((error.kind(), error.next()), (IssueErrorKind::Platform, RecoveryAction::Retry), "{error}");
    assert!(stage.wait(workflows.resume()).expect("nothing is under way").is_none());
    stage.run(&workflows, create()).expect("made");
}

#[test]
fn plan_is_data_and_text_and_sends_only_gets() {
    let stage = Stage::ending(Some("2026-08-31"));
    let workflows = stage.workflows(stage.first()).lock(stage.path("shared.lock"));
    let previous = stage.platform.world().tokens[0].id.clone();
    let tasks: [Task; 5] = [
        NewServiceUser::new("new-bot").into(),
        create(),
        RequestCertificate::new("ci-bot").into(),
        RotateToken::new().previous(previous.clone()).end_date(EndDatePolicy::AfterDays(90)).into(),
        digicert_one_provisioning::RotateCertificate::new().into(),
    ];
    let before = fs::read_dir(stage.directory.path()).expect("listed").count();
    for task in tasks {
        let plan = stage.wait(workflows.plan(&task)).expect("planned");
        assert_eq!(plan.task, task.kind());
        let text = plan.to_string();
        assert!(text.contains("shared.lock") && text.contains("POST /account/api/v1/"), "{text}");
        if let Task::RotateToken(_) = task {
            assert_eq!(plan.owner_ends, plan.end_date, "not after its owner");
            let disable = format!("PUT {TOKEN}/{previous}");
            assert!(plan.steps.iter().any(|(_, call)| call.as_deref() == Some(&disable)), "{text}");
            assert!(plan.name.starts_with("first-"), "{}", plan.name);
        }
    }
    assert_eq!(stage.platform.world().changes(), []);
    assert_eq!(fs::read_dir(stage.directory.path()).expect("listed").count(), before, "nothing is written");
}

#[test]
fn places_with_the_same_file_are_refused_before_sending() {
    let stage = Stage::new();
    let (journal, other) = (stage.path("journal"), stage.path("other"));
    let (state, roundabout) = (stage.path("journal.state"), stage.path(".").join("journal"));
    for (store, lock) in [
        (StoreOptions::file(&journal), None),
        (StoreOptions::file(&state), None),
        (StoreOptions::file(&roundabout), None),
        (StoreOptions::file(&other).last_resort_file(&other), None),
        (StoreOptions::file(&other).last_resort_file(&journal), None),
        (StoreOptions::file(&other), Some(&journal)),
    ] {
        let mut workflows = Workflows::new(stage.first(), store, &journal);
        if let Some(lock) = lock {
            workflows = workflows.lock(lock);
        }
        let error = stage.run(&workflows, create()).expect_err("one file twice");
        assert!(error.to_string().contains("are the same file"), "{error}");
        assert_eq!(error.kind(), IssueErrorKind::Task);
        assert!(!journal.exists() && stage.platform.world().changes().is_empty());
    }
}

#[test]
fn file_with_other_content_is_refused_and_unchanged() {
    let stage = Stage::new();
    std::fs::write(stage.path("settings"), "DB_PASSWORD=x\nOTHER=y\n").expect("written");
    let workflows = Workflows::new(stage.first(), StoreOptions::file(stage.path("settings")), stage.path("journal"));
    let error = stage.run(&workflows, create()).expect_err("it holds something else");
    assert_eq!(error.kind(), IssueErrorKind::StoreCheck, "{error}");
    assert_eq!(std::fs::read(stage.path("settings")).expect("there"), b"DB_PASSWORD=x\nOTHER=y\n");
    assert!(stage.platform.world().changes().is_empty());
}

#[test]
fn symlink_in_the_place_is_refused_beforehand() {
    let stage = Stage::new();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(stage.path("elsewhere"), stage.path("link")).expect("linked");
        let store = StoreOptions::new(digicert_one_provisioning::store::file(stage.path("link")));
        let error = stage.run(&Workflows::new(stage.first(), store, stage.path("journal")), create());
        assert_eq!(error.expect_err("refused").kind(), IssueErrorKind::StoreCheck);
    }
    assert_eq!(stage.platform.world().changes(), []);
}
