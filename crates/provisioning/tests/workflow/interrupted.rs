//! Every workflow is interrupted before and after every step, as by a kill, and so is its resumption. In the
//! end there is one secret, stored and working, and no orphaned credential is enabled.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use digicert_one_account::NewServiceUser;
use digicert_one_client::Client;
use digicert_one_core::{ClientIdentity, FixedCredential, Secret};
use digicert_one_identity::{ReadOptions, read_client_identity};
use digicert_one_provisioning::{
    CreateToken, EndDatePolicy, IssueError, IssueErrorKind, ProgressEvent, RecoveryAction, RequestCertificate,
    RotateCertificate, RotateToken, StoreOptions, Task, TaskOutcome, TaskStep, Workflows,
};

use super::Stage;

/// Stops at one of the steps, counted from 0.
struct Interruption {
    at: usize,
    seen: Mutex<usize>,
    /// What remains after a kill, but not after an orderly end: the lock, and files in which nothing has begun.
    files: [PathBuf; 3],
    left: Mutex<Vec<(PathBuf, Vec<u8>)>>,
    /// Whether the journal records it as done.
    is_done: Arc<AtomicBool>,
}

impl Interruption {
    fn new(story: &Story, at: usize) -> Arc<Self> {
        let files = ["journal.lock", "journal.state", "journal"].map(|name| story.stage.path(name));
        let is_done = Arc::clone(&story.is_done);
        Arc::new(Self { at, seen: Mutex::default(), files, left: Mutex::default(), is_done })
    }

    fn moment(&self, moment: &ProgressEvent) -> ControlFlow<()> {
        if (moment.step, moment.done) == (TaskStep::Finish, true) {
            self.is_done.store(true, Ordering::Relaxed);
        }
        let mut seen = self.seen.lock().expect("unpoisoned");
        *seen += 1;
        if *seen <= self.at {
            return ControlFlow::Continue(());
        }
        let left = self.files.iter().filter_map(|file| Some((file.clone(), fs::read(file).ok()?)));
        *self.left.lock().expect("unpoisoned") = left.collect();
        ControlFlow::Break(())
    }

    /// Returns whether it stopped something; the files are then as a killed process leaves them.
    fn has_stopped(&self) -> bool {
        for (file, content) in std::mem::take(&mut *self.left.lock().expect("unpoisoned")) {
            if !file.exists() {
                fs::write(file, content).expect("written");
            }
        }
        *self.seen.lock().expect("unpoisoned") > self.at
    }

    fn watching(self: &Arc<Self>, workflows: Workflows) -> Workflows {
        let interruption = Arc::clone(self);
        workflows.progress(move |moment: &ProgressEvent| interruption.moment(moment))
    }
}

/// The test of one task.
struct Story {
    stage: Stage,
    task: Task,
    /// The client of the caller, with the credential that the process finds at its start.
    caller: fn(&Stage) -> Client,
    store: fn(&Stage) -> StoreOptions,
    is_done: Arc<AtomicBool>,
}

impl Story {
    fn workflows(&self) -> Workflows {
        Workflows::new((self.caller)(&self.stage), (self.store)(&self.stage), self.stage.path("journal"))
    }

    /// Runs it until it is interrupted. Returns whether it was.
    fn run_cut(&self, at: usize) -> bool {
        let interruption = Interruption::new(self, at);
        let ran = self.stage.run(&interruption.watching(self.workflows()), self.task.clone());
        stopped(ran.map(drop), interruption.has_stopped())
    }

    fn resume_cut(&self, at: usize) -> bool {
        let interruption = Interruption::new(self, at);
        let resumed = self.stage.wait(interruption.watching(self.workflows()).resume());
        stopped(resumed.map(drop), interruption.has_stopped())
    }

    /// Resumes it to its end; runs it again if it was interrupted before anything was in progress.
    fn end(&self) {
        let resumed = self.stage.wait(self.workflows().resume()).unwrap_or_else(|error| panic!("resumed: {error}"));
        let is_done = self.is_done.load(Ordering::Relaxed);
        assert!(!is_done || resumed.is_none(), "what is done is not taken up");
        if !is_done && resumed.is_none_or(|report| report.outcome != TaskOutcome::Completed) {
            self.stage.run(&self.workflows(), self.task.clone()).unwrap_or_else(|error| panic!("run again: {error}"));
        }
        assert!(self.stage.wait(self.workflows().resume()).expect("nothing left to do").is_none());
        assert_eq!(self.stage.leaks(), [""; 0]);
        assert!(!self.stage.path("journal.lock").exists(), "the lock is given back");
    }
}

fn stopped(result: Result<(), IssueError>, was_cut: bool) -> bool {
    match result {
        Ok(()) => assert!(!was_cut, "it went on"),
        Err(error) => {
            assert_eq!((error.kind(), was_cut), (IssueErrorKind::Stopped, true), "{error}");
            assert!(matches!(error.next(), RecoveryAction::Resume | RecoveryAction::Retry), "{error}");
        }
    }
    was_cut
}

/// Interrupts the run at each step, and its resumption at every `stride`-th one; `check` verifies the end state.
fn cut_everywhere(stride: usize, story: impl Fn() -> Story, check: impl Fn(&Story, &str)) {
    let mut moments = 0;
    for at in 0.. {
        let once = story();
        if !once.run_cut(at) {
            break;
        }
        once.end();
        check(&once, &format!("interruption at {at}"));
        moments += 1;
        for again in (at % stride..).step_by(stride) {
            let twice = story();
            assert!(twice.run_cut(at));
            let was_cut = twice.resume_cut(again);
            twice.end();
            check(&twice, &format!("interruption at {at}, then at {again}"));
            if !was_cut {
                break;
            }
        }
    }
    assert!(moments > 20, "{moments} moments");
}

/// The API key of the store belongs to the only enabled token.
fn one_key(stage: &Stage, user: &str, when: &str) {
    let (world, stored) = (stage.platform.world(), stage.stored());
    let enabled: Vec<String> = world.enabled(user).into_iter().map(|token| token.secret).collect();
    assert_eq!(enabled, [stored], "{when}: {:?}", world.tokens);
}

fn one_certificate(stage: &Stage, when: &str) {
    let identity = identity(stage);
    let enabled = stage.platform.world().enabled_certificates(&stage.user);
    let leaves: Vec<&[u8]> = enabled.iter().map(|one| one.leaf.as_slice()).collect();
    assert_eq!(leaves, [identity.chain()[0].as_ref()], "{when}");
}

fn identity(stage: &Stage) -> ClientIdentity {
    let bundle = Secret::new(fs::read(stage.path("bundle")).expect("stored"), "the test");
    let rules = ReadOptions::at(std::time::SystemTime::UNIX_EPOCH).allow_expired(true);
    read_client_identity(&bundle, None, None, &rules, &mut Vec::new()).expect("a pair")
}

fn made_user(stage: &Stage) -> String {
    let world = stage.platform.world();
    let made: Vec<String> =
        world.users.iter().filter(|user| user.name == "new-bot").map(|user| user.id.clone()).collect();
    assert_eq!(made.len(), 1, "{:?}", world.users);
    made[0].clone()
}

#[test]
fn create_service_user_never_loses_its_key() {
    let story = || Story {
        stage: Stage::new(),
        task: NewServiceUser::new("new-bot").end_date("2027-01-31".parse().expect("a day")).into(),
        caller: Stage::first,
        store: |stage| StoreOptions::file(stage.path("new-secret")),
        is_done: Arc::default(),
    };
    cut_everywhere(17, story, |story, when| {
        let user = made_user(&story.stage);
        let stored = fs::read_to_string(story.stage.path("new-secret")).expect("stored");
        let world = story.stage.platform.world();
        let enabled: Vec<String> = world.enabled(&user).into_iter().map(|token| token.secret).collect();
        assert_eq!(enabled, [stored.trim_end()], "{when}");
    });
}

#[test]
fn create_token_never_loses_its_key() {
    let story = || {
        let stage = Stage::new();
        let (other, _) = stage.platform.has("other", None);
        stage.platform.world().tokens.retain(|token| token.user != other);
        let task = CreateToken::new("extra").owner(other).end_date(EndDatePolicy::AfterDays(7)).into();
        Story {
            stage,
            task,
            caller: Stage::first,
            store: |stage| StoreOptions::file(stage.path("new-secret")),
            is_done: Arc::default(),
        }
    };
    cut_everywhere(17, story, |story, when| {
        let stored = fs::read_to_string(story.stage.path("new-secret")).expect("stored");
        let world = story.stage.platform.world();
        let other = &world.users[1].id;
        let enabled: Vec<String> = world.enabled(other).into_iter().map(|token| token.secret).collect();
        assert_eq!(enabled, [stored.trim_end()], "{when}");
    });
}

#[test]
fn rotate_token_leaves_one_key() {
    let story = || {
        let stage = Stage::new();
        let previous = stage.platform.world().tokens[0].id.clone();
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let task =
            RotateToken::new().previous(previous).end_date(EndDatePolicy::AfterDays(7)).delete_after(week).into();
        Story { stage, task, caller: Stage::stored_client, store: Stage::store, is_done: Arc::default() }
    };
    cut_everywhere(17, story, |story, when| one_key(&story.stage, &story.stage.user, when));
}

#[test]
fn rotate_token_with_unreadable_sink_leaves_one_known_key() {
    // For example a terminal: after a crash it is unknown what it showed.
    let story = || {
        let stage = Stage::new();
        let previous = stage.platform.world().tokens[0].id.clone();
        let store = |stage: &Stage| StoreOptions::new(digicert_one_provisioning::store::file(stage.path("shown")));
        Story {
            stage,
            task: RotateToken::new().previous(previous).into(),
            caller: Stage::first,
            store,
            is_done: Arc::default(),
        }
    };
    let mut moments = 0;
    for at in 0.. {
        let story = story();
        if !story.run_cut(at) {
            break;
        }
        moments += 1;
        let resumed = story.stage.wait(story.workflows().resume());
        if let Err(error) = &resumed {
            // The first key was disabled, and this caller has no other.
            assert_eq!(error.next(), RecoveryAction::Resume, "{at}: {error}");
            continue;
        }
        let Ok(Some(_)) = resumed else { continue };
        let stored = fs::read_to_string(story.stage.path("shown")).expect("stored");
        let world = story.stage.platform.world();
        let enabled = world.enabled(&story.stage.user);
        let unknown: Vec<_> = enabled
            .iter()
            .filter(|one| one.secret != stored.trim_end() && one.secret != story.stage.first_key)
            .collect();
        assert!(unknown.is_empty(), "{at}: {unknown:?}");
        assert!(enabled.iter().any(|one| one.secret == stored.trim_end()), "{at}");
    }
    assert!(moments > 20);
}

#[test]
fn request_certificate_never_loses_its_private_key() {
    let story = || Story {
        stage: Stage::new(),
        task: RequestCertificate::new("ci-bot").end_date(EndDatePolicy::AfterDays(30)).into(),
        caller: Stage::first,
        store: |stage| StoreOptions::file(stage.path("bundle")),
        is_done: Arc::default(),
    };
    cut_everywhere(23, story, |story, when| {
        one_certificate(&story.stage, when);
        let entries = fs::read_dir(story.stage.directory.path()).expect("listed");
        let keys =
            entries.filter(|entry| entry.as_ref().expect("an entry").path().extension().is_some_and(|it| it == "key"));
        assert_eq!(keys.count(), 0, "{when}: the key beside the journal is gone");
    });
}

#[test]
fn rotate_certificate_leaves_one() {
    let story = || {
        let stage = Stage::new();
        let first = RequestCertificate::new("ci-bot").end_date(EndDatePolicy::AfterDays(30));
        let workflows = Workflows::new(stage.first(), StoreOptions::file(stage.path("bundle")), stage.path("journal"));
        stage.run(&workflows, first).expect("the first");
        let task = RotateCertificate::new().newer_than(Duration::ZERO).end_date(EndDatePolicy::AfterDays(60)).into();
        let caller = |stage: &Stage| stage.client(FixedCredential::certificate(identity(stage)));
        Story { stage, task, caller, store: |stage| StoreOptions::file(stage.path("bundle")), is_done: Arc::default() }
    };
    cut_everywhere(23, story, |story, when| one_certificate(&story.stage, when));
}
