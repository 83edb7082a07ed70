//! The work of a process that is killed, or that continues after one that was. It kills itself with SIGKILL,
//! without any notice: nothing is unwound, flushed or dropped. It pauses itself with SIGSTOP, as a virtual machine that is suspended: its
//! clock stands still meanwhile, so that it does not notice that its lock has expired.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use digicert_one_client::SystemClock;
use digicert_one_core::Clock;
use digicert_one_provisioning::{ProgressEvent, Report, TaskOutcome, TaskStep, Workflows};
use digicert_one_redis::{RedisConfig, RedisLock};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};

use crate::place::{Job, TaskFolder, client_with};
use crate::stack::{Address, Stack};

/// The variable that has the [`Order`], in JSON. No secret is in it.
pub const ORDER: &str = "D1_WORKER_ORDER";

/// The order for a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The TLS stack.
    pub stack: Stack,
    /// The emulator.
    pub address: Address,
    /// Where it works.
    pub place: TaskFolder,
    /// The job.
    pub job: Job,
    /// The id of the token or certificate to replace.
    pub old: Option<String>,
    /// Whether another worker was killed before.
    pub resume: bool,
    /// When it kills itself.
    pub kill: Kill,
    /// A file for the moments that it passed.
    pub log: PathBuf,
    /// What it shares with other machines that do the same job.
    pub fleet: Option<Fleet>,
}

/// What machines with one credential share, besides the place of its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fleet {
    /// The address of the Redis with the lock.
    pub redis: String,
    /// The name of the lock.
    pub lock: String,
    /// How long the lock is held without a renewal.
    pub ttl: Duration,
    /// Created by the holder that is killed or paused, with its process id; no other one is afterwards.
    pub struck: PathBuf,
}

/// When a worker kills itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Kill {
    /// Never.
    Never,
    /// At this moment among those reported to [`Workflows::progress`](digicert_one_provisioning::Workflows::progress), counted from 0.
    At(usize),
    /// This many microseconds after the start, at any point.
    After(u64),
    /// At this moment of the first machine that holds the lock of the fleet, counted from the moment at which it was acquired.
    Holder {
        /// The moment.
        at: usize,
        /// Whether it pauses itself instead.
        pause: bool,
    },
}

/// How a worker completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ran the task.
    Ran,
    /// It finished the interrupted task.
    Resumed,
    /// No task was in progress, and nothing was left to do.
    Over,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ran, Self::Resumed, Self::Over];
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ran => "ran",
            Self::Resumed => "resumed",
            Self::Over => "over",
        })
    }
}

/// Does the work.
///
/// # Errors
/// Returns the text of the task's error.
///
/// # Panics
/// Panics if the order is invalid.
pub fn work(order: Order) -> Result<Ending, String> {
    if let Kill::After(micros) = order.kill {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_micros(micros));
            kill_myself();
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let clock = MachineClock::default();
        let credential = order.place.caller_credential(order.job, Arc::new(clock.clone()));
        let client = client_with(order.address.client(order.stack).clock(Arc::new(clock.clone())), credential);
        let flows = order.place.workflows(client).verify_within(Duration::from_secs(10));
        let flows = match &order.fleet {
            None => flows.lock_timeout(Duration::from_secs(5)).lock_ttl(Duration::from_secs(60)),
            Some(fleet) => {
                flows.lock_timeout(Duration::from_secs(60)).lock_ttl(fleet.ttl).shared_lock(fleet.shared_lock())
            }
        };
        let flows = flows.progress(witness(&order, clock));
        if order.resume { resume(&order, &flows).await } else { run(&order, &flows).await.map(|_| Ending::Ran) }
    })
}

impl Fleet {
    fn shared_lock(&self) -> RedisLock {
        RedisLock::new(RedisConfig::new(self.redis.parse().expect("an address")), &self.lock)
    }
}

async fn run(order: &Order, flows: &Workflows) -> Result<Report, String> {
    flows.run(order.job.task(order.old.as_deref())).await.map_err(|error| format!("run: {error}"))
}

/// What a program does at its start: it resumes, and starts the task if it was not started.
async fn resume(order: &Order, flows: &Workflows) -> Result<Ending, String> {
    let report = flows.resume().await.map_err(|error| format!("resume: {error}"))?;
    if report.is_some_and(|report| report.outcome == TaskOutcome::Completed) {
        return Ok(Ending::Resumed);
    }
    // The result of a create task exists if its place has it. A rotation detects on its own that it is not due again.
    if !order.job.is_rotation() && order.place.secret().exists() {
        return Ok(Ending::Over);
    }
    let report = run(order, flows).await?;
    Ok(if report.outcome == TaskOutcome::Completed { Ending::Ran } else { Ending::Over })
}

/// Records every moment, and kills at the ordered one.
fn witness(order: &Order, clock: MachineClock) -> impl Fn(&ProgressEvent) -> ControlFlow<()> + Send + Sync + 'static {
    let log: File = OpenOptions::new().create(true).append(true).open(&order.log).expect("the log can be written");
    let (passed, kill, fleet) = (AtomicUsize::new(0), order.kill, order.fleet.clone());
    let is_holder = AtomicBool::new(false);
    move |moment| {
        let line = format!("{}\t{}\n", moment.step, if moment.done { "after" } else { "before" });
        (&log).write_all(line.as_bytes()).expect("the log can be written");
        if moment.step == TaskStep::Lock && moment.done {
            is_holder.store(true, Ordering::Relaxed);
        }
        match (kill, &fleet) {
            (Kill::At(at), _) if at == passed.fetch_add(1, Ordering::Relaxed) => kill_myself(),
            (Kill::Holder { at, pause }, Some(fleet))
                if is_holder.load(Ordering::Relaxed)
                    && at == passed.fetch_add(1, Ordering::Relaxed)
                    && is_first(&fleet.struck) =>
            {
                if pause {
                    clock.pause_myself()
                } else {
                    kill_myself()
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Whether no other process was struck before.
fn is_first(struck: &Path) -> bool {
    let file = OpenOptions::new().write(true).create_new(true).open(struck);
    file.is_ok_and(|mut file| file.write_all(format!("{}\n", std::process::id()).as_bytes()).is_ok())
}

/// The clock of a machine, which stands still while the machine is paused.
#[derive(Clone, Debug, Default)]
struct MachineClock {
    /// In microseconds.
    paused: Arc<AtomicU64>,
}

impl MachineClock {
    /// Until another process sends SIGCONT.
    fn pause_myself(&self) {
        let begin = Instant::now();
        kill_process(getpid(), Signal::STOP).expect("one may pause oneself");
        self.paused.fetch_add(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> SystemTime {
        SystemTime::now() - Duration::from_micros(self.paused.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock::new().sleep(duration)
    }
}

/// `kill -9`. Does not return.
fn kill_myself() {
    kill_process(getpid(), Signal::KILL).expect("one may kill oneself");
    loop {
        std::thread::park();
    }
}
