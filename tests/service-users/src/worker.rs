//! The work of a process that is killed, or that continues after one that was. It kills itself with SIGKILL,
//! without any notice: nothing is unwound, flushed or dropped.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use digicert_one_client::SystemClock;
use digicert_one_provisioning::{ProgressEvent, Report, TaskOutcome, Workflows};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};

use crate::place::{Job, Place, client_with};
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
    pub place: Place,
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
        let credential = order.place.caller_credential(order.job, Arc::new(SystemClock::new()));
        let client = client_with(order.address.client(order.stack), credential);
        let flows = order.place.workflows(client).verify_within(Duration::from_secs(10));
        let flows = flows.patience(Duration::from_secs(5)).lock_for(Duration::from_secs(60));
        let flows = flows.progress(witness(&order));
        if order.resume { resume(&order, &flows).await } else { run(&order, &flows).await.map(|_| Ending::Ran) }
    })
}

async fn run(order: &Order, flows: &Workflows) -> Result<Report, String> {
    flows.run(order.job.task(order.old.as_deref())).await.map_err(|error| format!("run: {error}"))
}

/// What a program does at its start: it resumes, and starts the task if it was not started.
async fn resume(order: &Order, flows: &Workflows) -> Result<Ending, String> {
    let report = flows.resume().await.map_err(|error| format!("resume: {error}"))?;
    if report.is_some_and(|report| report.outcome == TaskOutcome::Made) {
        return Ok(Ending::Resumed);
    }
    // The result of a create task exists if its place has it. A rotation detects on its own that it is not due again.
    if !order.job.is_rotation() && order.place.secret().exists() {
        return Ok(Ending::Over);
    }
    let report = run(order, flows).await?;
    Ok(if report.outcome == TaskOutcome::Made { Ending::Ran } else { Ending::Over })
}

/// Records every moment, and kills at the ordered one.
fn witness(order: &Order) -> impl Fn(&ProgressEvent) -> ControlFlow<()> + Send + Sync + 'static {
    let log: File = OpenOptions::new().create(true).append(true).open(&order.log).expect("the log can be written");
    let (passed, kill) = (AtomicUsize::new(0), order.kill);
    move |moment| {
        let line = format!("{}\t{}\n", moment.step, if moment.done { "after" } else { "before" });
        (&log).write_all(line.as_bytes()).expect("the log can be written");
        if matches!(kill, Kill::At(at) if at == passed.fetch_add(1, Ordering::Relaxed)) {
            kill_myself();
        }
        ControlFlow::Continue(())
    }
}

/// `kill -9`. Does not return.
fn kill_myself() {
    kill_process(getpid(), Signal::KILL).expect("one may kill oneself");
    loop {
        std::thread::park();
    }
}
