//! Kills a worker at one moment, lets another one continue, and checks the final state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_account::AccountExt as _;
use digicert_one_client::SystemClock;
use digicert_one_emulator::{Emulator, EmulatorClock, EmulatorOptions, ServiceUserSpec};
use tokio::runtime::Runtime;

use crate::place::{BOT, Job, MADE, TaskFolder, client_with};
use crate::platform::{EmulatedUser, users};
use crate::stack::{Address, Stack};
use crate::worker::{Ending, Kill, ORDER, Order};

/// The table consists of lines of this file in the directory named by [`FOLDER`].
pub const FOLDER: &str = "D1_KILLS_FOLDER";

/// An emulator for the kills of one task.
#[derive(Debug)]
pub struct Ground {
    pub(crate) worker: PathBuf,
    pub(crate) stack: Stack,
    pub(crate) job: Job,
    pub(crate) emulator: Emulator,
    pub(crate) runtime: Runtime,
}

/// A moment at which a worker can be killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The step, by its stable word.
    pub step: String,
    /// `before` or `after` it.
    pub side: String,
}

/// What became of one kill.
#[derive(Debug)]
pub struct Trial {
    /// How many workers were killed on the way.
    pub kills: usize,
    /// How the last one completed; or what was wrong.
    pub ending: Result<Ending, String>,
}

/// What became of all kills of one task.
#[derive(Debug, Default)]
pub struct Tally {
    rows: BTreeMap<usize, Row>,
    faults: Vec<String>,
}

#[derive(Debug, Default)]
struct Row {
    name: String,
    trials: usize,
    kills: usize,
    endings: BTreeMap<String, usize>,
}

impl Ground {
    /// An emulator, and the program that is the worker.
    ///
    /// # Panics
    /// The emulator does not start.
    #[must_use]
    pub fn new(worker: impl Into<PathBuf>, stack: Stack, job: Job) -> Self {
        // The credential to replace was created an hour ago: a rotation skips one that was just created.
        let clock = EmulatorClock::system();
        clock.set(SystemTime::now() - Duration::from_secs(3600));
        let options = EmulatorOptions::default().service_users([ServiceUserSpec::new(BOT)]).emulator_clock(&clock);
        let emulator = Emulator::start_blocking(options).expect("it starts");
        clock.reset();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { worker: worker.into(), stack, job, emulator, runtime }
    }

    /// Returns every moment of the task, from a run without a kill, and its duration.
    ///
    /// # Panics
    /// Panics if it does not complete.
    #[must_use]
    pub fn points(&self) -> (Vec<Point>, u64) {
        let scene = Scene::new(self);
        let begin = std::time::Instant::now();
        let output = scene.worker(false, Kill::Never);
        let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        assert!(output.status.success(), "{}: {}", self.job, String::from_utf8_lossy(&output.stderr));
        let points = scene.points();
        assert_eq!(scene.judge(), Ok(()), "{}", self.job);
        (points, micros)
    }

    /// Kills a worker with each of these kills, one worker after the other, and lets the last one complete.
    #[must_use]
    pub fn trial(&self, kills: &[Kill]) -> Trial {
        self.killed_and_continued(kills, true)
    }

    /// Kills a worker, and runs the same task again, like a timer that does not know of resumption.
    #[must_use]
    pub fn rerun(&self, kill: Kill) -> Trial {
        self.killed_and_continued(&[kill], false)
    }

    fn killed_and_continued(&self, kills: &[Kill], resume: bool) -> Trial {
        let scene = Scene::new(self);
        let mut killed = 0;
        for kill in kills {
            let output = scene.worker(resume && killed > 0, *kill);
            match output.status.signal() {
                Some(9) => killed += 1,
                // It was quicker than its kill.
                None if output.status.success() => break,
                _ => return Trial { kills: killed, ending: Err(failure("a worker that was to be killed", &output)) },
            }
        }
        let output = scene.worker(resume, Kill::Never);
        let text = String::from_utf8_lossy(&output.stdout);
        let ending = Ending::ALL.into_iter().find(|ending| ending.to_string() == text.trim());
        let ending = match ending.filter(|_| output.status.success()) {
            Some(ending) => scene.judge().map(|()| ending),
            None => Err(failure("the worker that went on", &output)),
        };
        Trial { kills: killed, ending }
    }

    /// The worker with this order.
    pub(crate) fn command(&self, order: &Order) -> Command {
        let mut command = Command::new(&self.worker);
        command.env(ORDER, serde_json::to_string(order).expect("plain data")).stdin(Stdio::null());
        command
    }

    fn caller(&self) -> &digicert_one_emulator::ServiceUser {
        match self.job {
            Job::CreateServiceUser => self.emulator.administrator(),
            _ => &self.emulator.users()[0],
        }
    }

    fn old(&self) -> Option<String> {
        let caller = self.caller();
        match self.job {
            Job::RotateToken => caller.api_token_ids().next().map(str::to_owned),
            Job::RotateCertificate => caller.certificate_ids().next().map(str::to_owned),
            _ => None,
        }
    }
}

fn failure(who: &str, output: &Output) -> String {
    format!("{who} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
}

/// One trial: the emulator in its initial state, and a separate directory.
pub(crate) struct Scene<'g> {
    ground: &'g Ground,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) place: TaskFolder,
}

impl<'g> Scene<'g> {
    pub(crate) fn new(ground: &'g Ground) -> Self {
        ground.emulator.control().reset().expect("it is running");
        let directory = tempfile::tempdir().expect("a directory");
        let inner = directory.path().join("place");
        fs::create_dir(&inner).expect("a directory");
        let place = TaskFolder::new(inner);
        place.prepare(ground.job, ground.caller());
        Self { ground, directory, place }
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn worker(&self, resume: bool, kill: Kill) -> Output {
        let order = Order { resume, ..self.order(kill) };
        self.ground.command(&order).output().expect("the worker can be started")
    }

    /// The order for a worker with this place.
    pub(crate) fn order(&self, kill: Kill) -> Order {
        let Ground { stack, job, emulator, .. } = self.ground;
        Order {
            stack: *stack,
            address: Address::of(emulator),
            place: self.place.clone(),
            job: *job,
            old: self.ground.old(),
            resume: false,
            kill,
            log: self.log(),
            fleet: None,
        }
    }

    fn points(&self) -> Vec<Point> {
        let log = fs::read_to_string(self.log()).expect("a log");
        let point = |(step, side): (&str, &str)| Point { step: step.to_owned(), side: side.to_owned() };
        log.lines().filter_map(|line| line.split_once('\t')).map(point).collect()
    }

    /// Checks: one secret that is stored and works, nothing else enabled that was created on the way, nothing
    /// left in the directory, and nothing in progress.
    fn judge(&self) -> Result<(), String> {
        self.place.judge(false)?;
        self.judge_secret()
    }

    /// Checks: one secret that is stored and works, nothing else enabled that was created on the way.
    pub(crate) fn judge_secret(&self) -> Result<(), String> {
        let owner = self.judge_platform()?;
        // The only enabled key that a caller here can have is the created one, so a call identifies it.
        let Ground { stack, job, emulator, runtime, .. } = self.ground;
        let credential = self.place.credential(*job, Arc::new(SystemClock::new()));
        let client = client_with(Address::of(emulator).client(*stack), credential);
        let me = runtime.block_on(client.account().users().me()).map_err(|error| format!("the secret: {error}"))?;
        match me.id.as_str() == owner.id {
            true => Ok(()),
            false => Err("the secret belongs to another user".to_owned()),
        }
    }

    fn judge_platform(&self) -> Result<EmulatedUser, String> {
        let Ground { job, emulator, .. } = self.ground;
        let name = if *job == Job::CreateServiceUser { MADE } else { BOT };
        let mut owners = users(emulator, name);
        let owner = owners.pop().filter(|_| owners.is_empty());
        let owner = owner.ok_or_else(|| format!("expected exactly one user {name}"))?;
        if !owner.is_active {
            return Err(format!("{name} is not active"));
        }
        let certificates = job.is_certificate();
        let enabled = owner.enabled(certificates);
        let before = self.before(certificates);
        let was_there = |id: &str| before.iter().any(|other| other == id);
        let (old, new): (Vec<_>, Vec<_>) = enabled.into_iter().partition(|thing| was_there(&thing.id));
        let wanted = if job.is_rotation() { 0 } else { before.len() };
        if old.len() != wanted {
            return Err(format!("{} of those that were there before are enabled, and not {wanted}", old.len()));
        }
        let [made] = &new[..] else {
            return Err(format!("not one new one is enabled, but {}: {new:?}", new.len()));
        };
        if !made.is_good {
            return Err(format!("the new one does not work: {made:?}"));
        }
        if certificates {
            self.is_the_one_kept(made.fingerprint.as_deref())?;
        } else {
            self.is_another_than_before()?;
        }
        // What this task does not concern is unchanged.
        let untouched = owner.enabled(!certificates).len();
        let expected = if *job == Job::CreateServiceUser { 0 } else { self.before(!certificates).len() };
        match untouched == expected {
            true => Ok(owner),
            false => Err(format!("{untouched} of the other kind are enabled, and not {expected}")),
        }
    }

    /// The ids of the owner's initial credentials.
    fn before(&self, certificates: bool) -> Vec<String> {
        if self.ground.job == Job::CreateServiceUser {
            return Vec::new();
        }
        let bot = self.ground.caller();
        match certificates {
            true => bot.certificate_ids().map(str::to_owned).collect(),
            false => bot.api_token_ids().map(str::to_owned).collect(),
        }
    }

    fn is_the_one_kept(&self, fingerprint: Option<&str>) -> Result<(), String> {
        let text = fs::read(self.place.secret()).map_err(|error| format!("the secret: {error}"))?;
        let secret = digicert_one_core::Secret::new(text, "the place");
        let rules = digicert_one_identity::ReadOptions::at(SystemTime::now());
        let identity = digicert_one_identity::read_client_identity(&secret, None, None, &rules, &mut Vec::new())
            .map_err(|error| format!("the secret: {error}"))?;
        match fingerprint == Some(&identity.thumbprint_hex()) {
            true => Ok(()),
            false => Err("the stored certificate is not the enabled one".to_owned()),
        }
    }

    fn is_another_than_before(&self) -> Result<(), String> {
        let text = fs::read_to_string(self.place.secret()).map_err(|error| format!("the secret: {error}"))?;
        match text.trim() == self.ground.caller().api_key() {
            true => Err("the place still has the secret from before".to_owned()),
            false => Ok(()),
        }
    }
}

impl Tally {
    /// Records a trial. Rows have the order of `place`.
    pub fn note(&mut self, place: usize, name: &str, trial: Trial) {
        let row = self.rows.entry(place).or_default();
        row.name = name.to_owned();
        row.trials += 1;
        row.kills += trial.kills;
        let ending = match trial.ending {
            Ok(ending) => ending.to_string(),
            Err(text) => {
                self.faults.push(format!("{name}: {text}"));
                "fault".to_owned()
            }
        };
        *row.endings.entry(ending).or_default() += 1;
    }

    /// All workers that were killed.
    #[must_use]
    pub fn kills(&self) -> usize {
        self.rows.values().map(|row| row.kills).sum()
    }

    /// What went wrong.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// One line per step: its name, trials, kills, and results.
    #[must_use]
    pub fn lines(&self, job: Job) -> String {
        let mut text = String::new();
        for row in self.rows.values() {
            let count = |ending: &str| row.endings.get(ending).copied().unwrap_or_default();
            let [ran, resumed, over] = Ending::ALL.map(|ending| count(&ending.to_string()));
            let (good, Row { name, trials, kills, .. }) = (row.trials - count("fault"), row);
            let _ = writeln!(text, "{job}\t{name}\t{trials}\t{kills}\t{resumed}\t{ran}\t{over}\t{good}");
        }
        text
    }

    /// Writes the lines where `cargo xtask kills` wants them.
    ///
    /// # Panics
    /// They cannot be written.
    pub fn write(&self, job: Job) {
        if let Ok(folder) = std::env::var(FOLDER) {
            fs::write(Path::new(&folder).join(format!("{job}.tsv")), self.lines(job)).expect("written");
        }
    }
}
