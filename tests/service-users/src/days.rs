//! Many virtual days of one service user whose credentials expire every week: a rotation job that is
//! interrupted now and then; two consumers, one next to it and one elsewhere; an administrator who extends
//! the service user; and random faults.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use digicert_one_account::{AccountExt as _, Id, UserChange};
use digicert_one_client::{Client, Error};
use digicert_one_core::{ApiKey, Clock as _, Code, FixedCredential, Generation, Material};
use digicert_one_credentials::WatchingCredential;
use digicert_one_emulator::{
    ApiKeySpec, CertificateSpec, Emulator, EmulatorOptions, LastDay, Observation, ServiceUserSpec,
};
use digicert_one_provisioning::{
    CredentialConsumer, EndDatePolicy, IssueError, IssueErrorKind, ProgressEvent, RotateCertificate, RotateToken, Task,
    TaskOutcome, Workflows, watched_client,
};
use fastrand::Rng;

use crate::place::{BOT, Job, TaskFolder, client_with};
use crate::platform::users;
use crate::stack::{Address, Stack};
use crate::virtual_time::VirtualTime;
use crate::weather::Weather;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// 2027-03-01T06:00:00Z.
const START: Duration = Duration::from_secs(1_803_880_800);
/// How long a credential lasts, in days.
const LASTS: u32 = 7;
/// How long the clock may stand still in real time before it is moved by force.
const STANDS: Duration = Duration::from_secs(10);

/// The simulation to run.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// [`Job::RotateToken`] or [`Job::RotateCertificate`].
    pub job: Job,
    /// The TLS stack of all of them.
    pub stack: Stack,
    /// How many days.
    pub days: u32,
    /// What everything random is drawn from.
    pub seed: u64,
    /// Whether the credential is rotated. Disabled to show that the simulation detects it.
    pub is_rotated: bool,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// Calls by the consumers.
    pub calls: usize,
    /// Successful calls of the consumers.
    pub answered: usize,
    /// Calls of them that failed because of the credential: with what.
    pub refused: Vec<String>,
    /// Calls of them that failed for another reason, by code.
    pub failed: BTreeMap<String, usize>,
    /// Responses of the emulator, to any caller, that refuse a credential.
    pub unauthorised: Vec<String>,
    /// Completed rotations, including resumed ones.
    pub rotations: usize,
    /// How often the rotation was interrupted between two steps.
    pub cuts: usize,
    /// How often it met an error, by kind.
    pub errors: BTreeMap<String, usize>,
    /// Rotations that were taken to their end by another process.
    pub resumed: usize,
    /// How often the end of the service user was moved on.
    pub extended: usize,
    /// What went wrong on the way, by name.
    pub weather: BTreeMap<&'static str, usize>,
    /// The final generations of the client next to the rotation, and of the one elsewhere.
    pub generations: [u64; 2],
    /// How often the clock had to be moved by force.
    pub forced: usize,
    /// Everything about rotations, in order.
    pub story: Vec<String>,
    /// The problems at the end.
    pub faults: Vec<String>,
}

impl fmt::Display for Chronicle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, answered, refused, failed, unauthorised, rotations, cuts, errors, resumed, extended, .. } =
            self;
        writeln!(f, "calls: {calls}, answered {answered}, refused for the credential {}", refused.len())?;
        writeln!(f, "failed for other reasons: {failed:?}")?;
        writeln!(f, "credentials that the platform refused: {}", unauthorised.len())?;
        writeln!(f, "rotations: {rotations}, of them resumed {resumed}; cut {cuts} times; errors {errors:?}")?;
        writeln!(f, "generations seen: {:?}; owner extended {extended} times", self.generations)?;
        write!(f, "weather: {:?}; time forced {} times", self.weather, self.forced)
    }
}

/// The caller of a call, and its credential.
struct World {
    span: Span,
    time: VirtualTime,
    emulator: Emulator,
    /// Removed with it.
    _directory: tempfile::TempDir,
    place: TaskFolder,
    end: SystemTime,
    seen: RefCell<Chronicle>,
    /// No weather any more.
    is_clear: Cell<bool>,
}

/// Lives through these days.
///
/// # Panics
/// The emulator does not start, or the directory cannot be written.
#[must_use]
pub fn live(span: Span) -> Chronicle {
    let world = World::new(span);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(world.live());
    let mut seen = world.seen.into_inner();
    seen.faults.extend(judge(&world.emulator, span.job));
    seen
}

impl World {
    fn new(span: Span) -> Self {
        let time = VirtualTime::starting(SystemTime::UNIX_EPOCH + START);
        let now = time.now();
        let day = |days: u32| LastDay::day_of(now + days * DAY);
        let bot = ServiceUserSpec::new(BOT)
            .end_date(day(30))
            .api_keys([ApiKeySpec::default().end_date(day(LASTS))])
            .certificates([CertificateSpec::default().end_date(day(LASTS))]);
        let options = EmulatorOptions::default().service_users([bot]).emulator_clock(time.emulator_clock());
        let emulator = Emulator::start_blocking(options).expect("it starts");
        let directory = tempfile::tempdir().expect("a directory");
        let place = TaskFolder::new(directory.path());
        place.prepare(span.job, &emulator.users()[0]);
        let (end, seen) = (now + span.days * DAY, RefCell::default());
        Self { span, time, emulator, _directory: directory, place, end, seen, is_clear: Cell::new(false) }
    }

    async fn live(&self) {
        let mut seeds = Rng::with_seed(self.span.seed);
        let here = self.credential();
        let elsewhere = self.credential();
        let beside = self.client(here.clone());
        let away = self.client(elsewhere);
        let switch = watched_client(beside.clone(), here);
        let uses = self.time.actor(self.uses(&beside, seeds.fork()));
        let uses_elsewhere = self.time.actor(self.uses(&away, seeds.fork()));
        let rotates = self.time.actor(self.rotates(&switch, seeds.fork()));
        let extends = self.time.actor(self.extends());
        let weather = self.time.actor(self.weather(seeds.u64(..)));
        let all = async { tokio::join!(uses, uses_elsewhere, rotates, extends, weather) };
        tokio::select! {
            _ = all => {}
            () = self.watchdog() => {}
        }
        let generation = |client: &Client| client.generation().map_or(0, Generation::number);
        self.seen.borrow_mut().generations = [generation(&beside), generation(&away)];
    }

    fn credential(&self) -> WatchingCredential {
        self.place.credential(self.span.job, Arc::new(self.time.clone()))
    }

    fn client(&self, credential: WatchingCredential) -> Client {
        let builder = Address::of(&self.emulator).client(self.span.stack).clock(Arc::new(self.time.clone()));
        client_with(builder, credential)
    }

    fn is_over(&self) -> bool {
        self.time.now() >= self.end
    }

    /// Sleeps so long, but not beyond the end.
    async fn sleep(&self, duration: Duration) {
        let left = self.end.duration_since(self.time.now()).unwrap_or_default();
        self.time.sleep(duration.min(left)).await;
    }

    fn note(&self, what: impl fmt::Display) {
        let seconds = self.time.now().duration_since(SystemTime::UNIX_EPOCH + START).unwrap_or_default().as_secs();
        let (day, hour, minute) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        self.seen.borrow_mut().story.push(format!("day {day} +{hour}:{minute:02}: {what}"));
    }

    /// A consumer that calls several times a day.
    async fn uses(&self, client: &Client, mut random: Rng) {
        while !self.is_over() {
            self.sleep(Duration::from_secs(random.u64(60..12 * 3600))).await;
            let outcome = match random.u8(0..3) {
                0 => client.account().users().me().await.map(drop),
                1 => client.account().tokens().list(&Id::me()).all().await.map(drop),
                _ => call(client).await,
            };
            self.note_call(outcome);
        }
    }

    fn note_call(&self, outcome: Result<(), Error>) {
        let mut seen = self.seen.borrow_mut();
        seen.calls += 1;
        match outcome {
            Ok(()) => seen.answered += 1,
            Err(error) if is_refusal(error.code()) => {
                let when = LastDay::day_of(self.time.now());
                seen.refused.push(format!("{when}: {error}"));
            }
            Err(error) => *seen.failed.entry(error.code().to_string()).or_default() += 1,
        }
        seen.unauthorised.extend(self.emulator.observed().iter().filter(|one| one.status == 401).map(shown));
        self.emulator.control().forget_observed();
    }

    /// The rotation job, which runs every day and is interrupted now and then.
    async fn rotates(&self, switch: &(impl CredentialConsumer + Clone), mut random: Rng) {
        let mut day = 0;
        while self.span.is_rotated && !self.is_over() {
            day += 1;
            let hour = random.u32(0..24);
            let next = SystemTime::UNIX_EPOCH + START + day * DAY + hour * HOUR;
            self.sleep(next.duration_since(self.time.now()).unwrap_or_default()).await;
            // What is not done after this many attempts waits for the next day.
            for _ in 0..40 {
                let cut = (random.u8(0..3) == 0).then(|| random.usize(0..40));
                if self.process(switch, cut).await {
                    break;
                }
                self.time.sleep(Duration::from_secs(300)).await;
            }
        }
        self.clears().await;
        let mut tries = 0;
        while self.span.is_rotated && !self.process(switch, None).await {
            self.time.sleep(Duration::from_secs(300)).await;
            tries += 1;
            if tries == 10 {
                self.seen.borrow_mut().faults.push("the last rotation does not end under a clear sky".to_owned());
                break;
            }
        }
    }

    /// One process: it resumes an interrupted task, and rotates if that is due. Returns whether it completed.
    async fn process(&self, switch: &(impl CredentialConsumer + Clone), cut: Option<usize>) -> bool {
        let passed = AtomicUsize::new(0);
        let stop = move |_: &ProgressEvent| match cut.is_some_and(|cut| passed.fetch_add(1, Ordering::Relaxed) == cut) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let flows = self.place.workflows(self.client(self.credential())).consumer(switch.clone()).progress(stop);
        self.takes_up(&flows).await && self.turns(&flows).await
    }

    async fn takes_up(&self, flows: &Workflows) -> bool {
        match flows.resume().await {
            Ok(report) => {
                if let Some(report) = &report {
                    self.note(report);
                }
                if report.is_some_and(|report| report.outcome == TaskOutcome::Completed) {
                    let mut seen = self.seen.borrow_mut();
                    (seen.rotations, seen.resumed) = (seen.rotations + 1, seen.resumed + 1);
                }
                true
            }
            Err(error) => self.note_error(&error),
        }
    }

    async fn turns(&self, flows: &Workflows) -> bool {
        match flows.run(self.task()).await {
            Ok(report) => {
                if report.outcome == TaskOutcome::Completed {
                    self.note(&report);
                    self.seen.borrow_mut().rotations += 1;
                }
                true
            }
            Err(error) => self.note_error(&error),
        }
    }

    fn task(&self) -> Task {
        let (ends, near) = (EndDatePolicy::AfterDays(LASTS), 2 * DAY);
        match self.span.job {
            Job::RotateCertificate => {
                let mut task = RotateCertificate::new().name_prefix("bot").end_date(ends).if_expires_within(near);
                task.previous = self.first().map(Into::into);
                task.into()
            }
            _ => {
                let mut task =
                    RotateToken::new().name_prefix("bot").end_date(ends).if_expires_within(near).delete_after(14 * DAY);
                task.previous = self.first().map(Into::into);
                task.into()
            }
        }
    }

    /// The initial credential, which no workflow knows, as long as it is in use.
    fn first(&self) -> Option<String> {
        let certificates = self.span.job.is_certificate();
        let bot = &self.emulator.users()[0];
        let first = if certificates { bot.certificate_ids().next() } else { bot.api_token_ids().next() }?.to_owned();
        let known = users(&self.emulator, BOT).pop()?;
        known.enabled(certificates).iter().any(|thing| thing.id == first).then_some(first)
    }

    fn note_error(&self, error: &IssueError) -> bool {
        self.note(error);
        let mut seen = self.seen.borrow_mut();
        match error.kind() {
            IssueErrorKind::Stopped => seen.cuts += 1,
            kind => *seen.errors.entry(format!("{kind:?} at {}", error.step())).or_default() += 1,
        }
        false
    }

    /// The administrator, who extends the end date of the service user long before it.
    async fn extends(&self) {
        let key = ApiKey::new(self.emulator.administrator().api_key()).expect("a key");
        let client = Address::of(&self.emulator)
            .client(self.span.stack)
            .clock(Arc::new(self.time.clone()))
            .credential(FixedCredential::new(Material::api_key(key), "the administrator"))
            .build()
            .expect("complete");
        let id = Id::new(self.emulator.users()[0].id());
        while !self.is_over() {
            self.sleep(20 * DAY).await;
            let end = LastDay::day_of(self.time.now() + 40 * DAY).to_string().parse().expect("a day");
            let change = UserChange::new().end_date(end);
            while client.account().users().update(&id, &change).await.is_err() {
                self.time.sleep(HOUR).await;
            }
            self.seen.borrow_mut().extended += 1;
        }
    }

    async fn weather(&self, seed: u64) {
        let mut weather = Weather::new(seed, self.emulator.control());
        while !self.is_over() {
            self.sleep(weather.pause()).await;
            weather.change();
        }
        self.seen.borrow_mut().weather = weather.end();
        self.is_clear.set(true);
    }

    async fn clears(&self) {
        while !self.is_clear.get() {
            self.time.sleep(HOUR).await;
        }
    }

    /// Moves a clock that stands still for too long, because one actor waits for another that sleeps. Never ends.
    async fn watchdog(&self) {
        let mut jumps = self.time.jumps();
        loop {
            tokio::time::sleep(STANDS).await;
            if jumps == self.time.jumps() {
                self.seen.borrow_mut().forced += 1;
                self.time.force();
            }
            jumps = self.time.jumps();
        }
    }
}

async fn call(client: &Client) -> Result<(), Error> {
    let response = client.get("/account/api/v1/account").send().await?;
    response.text().await.map(drop)
}

/// Returns whether a call with this code failed because of its credential.
fn is_refusal(code: Code) -> bool {
    [Code::AUT_01, Code::AUT_02, Code::AUT_06, Code::ID_09, Code::ID_13, Code::ID_15].contains(&code)
}

fn shown(one: &Observation) -> String {
    format!("{} {} by {:?} on {}", one.method, one.path, one.proof, one.host)
}

/// At the end one credential is enabled, and it has not expired.
fn judge(emulator: &Emulator, job: Job) -> Vec<String> {
    let bot = users(emulator, BOT).remove(0);
    let enabled = bot.enabled(job.is_certificate());
    let mut faults = Vec::new();
    if enabled.len() != 1 {
        faults.push(format!("not one is enabled in the end, but {}: {enabled:?}", enabled.len()));
    }
    if !enabled.iter().all(|thing| thing.is_good) {
        faults.push(format!("the enabled credential has expired: {enabled:?}"));
    }
    faults
}
