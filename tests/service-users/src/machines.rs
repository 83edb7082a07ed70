//! Two machines rotate one credential at the same time, with a lock in Redis. The machine that holds the lock first is killed or paused at
//! one moment; it starts again, or continues, while the other one works.

use std::fs;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use digicert_one_account::AccountExt as _;
use digicert_one_client::SystemClock;
use rustix::process::{Pid, Signal, kill_process};

use crate::kills::{Ground, Scene};
use crate::place::client_with;
use crate::stack::Address;
use crate::worker::{Fleet, Kill, Order};

/// The longest time for one trial.
const LIMIT: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(20);

/// A rotation without a strike.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// The moments of the holder from the one at which it acquired the lock, as step and `before` or `after`.
    pub moments: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// What happens to the first holder of the lock.
#[derive(Clone, Copy, Debug)]
pub struct Strike {
    /// How long the lock is held without a renewal. It must be longer than any step of a machine that works.
    pub ttl: Duration,
    /// The moment, counted from the one at which it acquired the lock.
    pub at: usize,
    /// Whether it is paused, and not killed.
    pub pause: bool,
    /// How long after that it continues, or starts again.
    pub away: Duration,
}

/// What was seen in a trial that ended well.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrialReport {
    /// Whether the holder was still at work at that moment.
    pub struck: bool,
    /// Runs that failed, such as those of a holder that had lost the lock, and were repeated.
    pub repeated: usize,
}

impl Ground {
    /// One machine rotates, without a strike.
    ///
    /// # Panics
    /// It does not complete.
    #[must_use]
    pub fn undisturbed(&self, redis: &str) -> Undisturbed {
        let scene = Scene::new(self);
        let [order, _] = scene.orders(redis, Duration::from_secs(60), Kill::Never);
        let begin = Instant::now();
        let output = self.command(&order).output().expect("the worker can be started");
        assert!(output.status.success(), "{}: {}", self.job, String::from_utf8_lossy(&output.stderr));
        let took = begin.elapsed();
        let log = fs::read_to_string(&order.log).expect("a log");
        let moments = log.lines().skip_while(|line| *line != "lock\tafter").map(str::to_owned).collect();
        Undisturbed { moments, took }
    }

    /// Lets two machines rotate at once, and checks the final state: one new credential is stored and works, nothing else that was
    /// created is enabled, and no consumer of the stored secret was ever refused.
    ///
    /// # Errors
    /// What is wrong.
    pub fn together(&self, redis: &str, strike: Strike) -> Result<TrialReport, String> {
        let scene = Scene::new(self);
        let orders = scene.orders(redis, strike.ttl, Kill::Holder { at: strike.at, pause: strike.pause });
        let struck = scene.directory.path().join("struck");
        let mut machines = orders.map(|order| Machine {
            order,
            child: None,
            start: Instant::now(),
            failures: Vec::new(),
            done: false,
        });
        let credential = scene.place.credential(self.job, Arc::new(SystemClock::new()));
        let consumer = client_with(Address::of(&self.emulator).client(self.stack), credential);
        let (begin, mut paused) = (Instant::now(), None);
        while machines.iter().any(|machine| !machine.done) {
            for machine in &mut machines {
                machine.advance(self, strike.away)?;
            }
            let call = self.runtime.block_on(consumer.account().users().me());
            call.map_err(|error| format!("a consumer of the secret was refused: {error}"))?;
            if strike.pause && struck.exists() {
                let since = *paused.get_or_insert_with(Instant::now);
                if since.elapsed() >= strike.away {
                    wake(&struck);
                }
            }
            if begin.elapsed() > LIMIT {
                let failures: Vec<_> = machines.iter().filter_map(|machine| machine.failures.last()).collect();
                return Err(format!("two machines did not complete within {} s: {failures:?}", LIMIT.as_secs()));
            }
            std::thread::sleep(LOOK);
        }
        for machine in &machines {
            machine.order.place.judge(true)?;
        }
        let litter = scene.place.litter();
        if !litter.is_empty() {
            return Err(format!("next to the secret are {}", litter.join(", ")));
        }
        scene.judge_secret()?;
        let repeated = machines.iter().map(|machine| machine.failures.len()).sum();
        Ok(TrialReport { struck: struck.exists(), repeated })
    }
}

impl Scene<'_> {
    /// The orders for two machines with one secret.
    fn orders(&self, redis: &str, ttl: Duration, kill: Kill) -> [Order; 2] {
        let root = self.directory.path();
        let fleet =
            Fleet { redis: redis.to_owned(), lock: root.display().to_string(), ttl, struck: root.join("struck") };
        ["one", "two"].map(|name| {
            let directory = root.join(name);
            fs::create_dir(&directory).expect("a directory");
            let (place, log) = (self.place.of_machine(&directory), root.join(format!("log-{name}")));
            Order { place, log, resume: true, fleet: Some(fleet.clone()), ..self.order(kill) }
        })
    }
}

/// One machine, whose timer runs the rotation until it succeeds.
struct Machine {
    order: Order,
    child: Option<Child>,
    /// When the next run starts.
    start: Instant,
    failures: Vec<String>,
    done: bool,
}

impl Machine {
    fn advance(&mut self, ground: &Ground, away: Duration) -> Result<(), String> {
        if self.done {
            return Ok(());
        }
        let Some(child) = &mut self.child else {
            if self.start <= Instant::now() {
                let mut command = ground.command(&self.order);
                let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
                self.child = Some(child.map_err(|error| format!("the worker cannot be started: {error}"))?);
            }
            return Ok(());
        };
        let Some(status) = child.try_wait().map_err(|error| error.to_string())? else { return Ok(()) };
        let mut text = String::new();
        if let Some(errors) = &mut child.stderr {
            let _ = errors.read_to_string(&mut text);
        }
        self.child = None;
        self.start = Instant::now();
        match status.signal() {
            _ if status.success() => self.done = true,
            Some(9) => self.start += away,
            _ => self.failures.push(format!("{status}: {}", text.trim())),
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Lets the paused process continue. One that continued already is not changed by it.
fn wake(struck: &std::path::Path) {
    let text = fs::read_to_string(struck).unwrap_or_default();
    if let Some(pid) = text.strip_suffix('\n').and_then(|pid| Pid::from_raw(pid.parse().ok()?)) {
        // It may have ended.
        let _ = kill_process(pid, Signal::CONT);
    }
}
