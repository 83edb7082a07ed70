//! Rotation under load: many calls in flight while the identity changes repeatedly. The server checks: each
//! request has in its path the generation that was current when it began, and the certificate of its
//! connection must not be older.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::Client;
use digicert_one_core::Material;
use digicert_one_testbed::{ClientAuth, ClientSpec, Front, FrontOptions, Handshake, Pki, Snapshot, handler};
use futures_util::future::join_all;

use crate::subject::Subject;
use crate::switch::Switch;
use crate::world::{World, identity};

/// How much load, and how many rotations in it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Load {
    /// Calls in all.
    pub calls: usize,
    /// Changes of the identity, spread evenly.
    pub rotations: usize,
    /// Calls at a time.
    pub in_flight: usize,
}

impl Load {
    /// This many calls with this many rotations, 32 calls at a time.
    #[must_use]
    pub fn new(calls: usize, rotations: usize) -> Self {
        Self { calls, rotations, in_flight: 32 }
    }
}

impl Load {
    /// 4,000 calls with 20 rotations, or the values of `D1_LOAD_CALLS` and `D1_LOAD_ROTATIONS`.
    ///
    /// # Panics
    /// Panics if a variable is not a number.
    #[must_use]
    pub fn from_environment() -> Self {
        let number = |name: &str, usual: usize| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
            Err(_) => usual,
        };
        Self::new(number("D1_LOAD_CALLS", 4_000), number("D1_LOAD_ROTATIONS", 20))
    }
}

/// The result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadReport {
    /// The requested load.
    pub load: Load,
    /// Calls that failed, each with its error.
    pub failed: Vec<String>,
    /// Requests with the certificate of an older generation than the one that was current when they began.
    pub wrong_identity: usize,
    /// Connections that the server saw.
    pub connections: usize,
    /// Handshakes that resumed a session (of the same identity: another one counts as wrong).
    pub resumed: usize,
    /// Connections of former identities that were still open in the end.
    pub left_open: usize,
    /// Private keys of former identities that were still in memory in the end.
    pub keys_left: usize,
    /// Threads, open files and resident kilobytes of this process after a fifth of the calls, and at the end;
    /// if the system reports them.
    pub process: Option<(Process, Process)>,
}

/// The resources of a process.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Process {
    /// Threads.
    pub threads: usize,
    /// Open files and sockets.
    pub files: usize,
    /// Resident memory in kilobytes.
    pub resident_kb: usize,
}

impl Process {
    /// What this process holds now; Linux only.
    fn now() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
        Some(Self {
            threads: field("Threads:")?.parse().ok()?,
            files: std::fs::read_dir("/proc/self/fd").ok()?.count(),
            resident_kb: field("VmRSS:")?.parse().ok()?,
        })
    }
}

impl LoadReport {
    /// Everything that is not as it must be; empty if all is well. Growth counts for the whole process, so run it alone.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect_none = |count: usize, what: &str| {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        };
        expect_none(self.failed.len(), "call(s) failed");
        expect_none(self.wrong_identity, "request(s) with an older identity than was in force");
        expect_none(self.left_open, "connection(s) of former identities left open");
        expect_none(self.keys_left, "private key(s) of former identities left in memory");
        faults.extend(self.failed.first().map(|error| format!("the first failure: {error}")));
        if let Some((before, after)) = self.process {
            let mut grown = |what: &str, before: usize, after: usize, allowed: usize| {
                if after > before + allowed {
                    faults.push(format!("{what} grew from {before} to {after}"));
                }
            };
            // A pool or an allocator breathes by a few; what leaks a thing a rotation or a call shows in the dozens.
            grown("threads", before.threads, after.threads, 4);
            // Both ends of every connection are in this process.
            grown("open files", before.files, after.files, 2 * self.load.in_flight + 8);
            grown("resident kilobytes", before.resident_kb, after.resident_kb, before.resident_kb / 2 + (32 << 10));
        }
        faults
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { calls, rotations, in_flight } = self.load;
        write!(
            f,
            "{calls} calls, {rotations} rotations, {in_flight} in flight: {} failed, {} under an older identity, {} \
             connections ({} resumed), {} left open, {} old keys left",
            self.failed.len(),
            self.wrong_identity,
            self.connections,
            self.resumed,
            self.left_open,
            self.keys_left
        )?;
        if let Some((before, after)) = self.process {
            write!(
                f,
                "; threads {} -> {}, files {} -> {}, memory {} -> {} kB",
                before.threads, after.threads, before.files, after.files, before.resident_kb, after.resident_kb
            )?;
        }
        Ok(())
    }
}

/// The load test of a transport: prints the report and panics if anything is not as it must be. Belongs into a test binary of
/// its own, since it measures the growth of the process.
///
/// # Panics
/// That is how it reports.
pub fn load_test(subject: &Subject) {
    let report = rotate_under_load(subject, Load::from_environment());
    #[expect(clippy::print_stdout, reason = "the report is what a long run is made for")]
    {
        println!("{}: {report}", subject.connector.info().name);
    }
    assert!(report.faults().is_empty(), "{:#?}\n{report}", report.faults());
}

/// Puts a transport under load and rotates its identity meanwhile.
///
/// # Panics
/// The load has no calls or nothing in flight, or the testbed cannot be set up.
#[must_use]
pub fn rotate_under_load(subject: &Subject, load: Load) -> LoadReport {
    let report = Arc::new(Mutex::new(None));
    let (slot, world) = (Arc::clone(&report), World::new(subject));
    (subject.block_on)(Box::pin(async move {
        let done = run(&world, load).await;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }));
    let done = report.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.expect("the executor ran the load to its end")
}

pub(crate) async fn run(world: &World, load: Load) -> LoadReport {
    let certificates: Vec<_> = (0..=load.rotations)
        .map(|number| {
            let spec = ClientSpec { common_name: format!("generation {number}"), ..ClientSpec::default() };
            Pki::shared().client(spec)
        })
        .collect();
    let order: HashMap<String, usize> =
        certificates.iter().enumerate().map(|(number, one)| (one.fingerprint(), number)).collect();
    let (front, wrong) = judge(order);
    let identities = certificates.iter().map(identity).collect::<Vec<_>>();
    let witnesses: Vec<_> = identities.iter().map(digicert_one_core::ClientIdentity::drop_probe).collect();
    let mut coming = identities.into_iter();
    let first = coming.next().expect("there is at least one");
    let switch = Switch::new(Material::certificate(first));
    let client = world.builder(front.port()).credential(switch.clone()).build().expect("the client is complete");

    let state = Arc::new(Mutex::new(Progress { next: 0, generation: 0, coming, early: None }));
    let failed = Mutex::new(Vec::new());
    let each = load.calls / (load.rotations + 1);
    join_all((0..load.in_flight).map(|_| worker(&client, &switch, &state, load.calls, each.max(1), &failed))).await;

    let last = certificates.last().expect("there is at least one").fingerprint();
    let former_open = |seen: &Snapshot| {
        let open = seen.connections.iter().filter(|one| !one.closed);
        open.filter(|one| one.peer_fingerprint.as_ref() != Some(&last)).count()
    };
    // Each side closes on its own time; what is still open after this delay is a leak.
    front.ledger().wait_until(|seen| former_open(seen) == 0, Duration::from_secs(20)).await;
    let early = state.lock().unwrap_or_else(PoisonError::into_inner).early;
    let seen = front.ledger().snapshot();
    let former = &witnesses[..witnesses.len() - 1];
    LoadReport {
        load,
        failed: failed.into_inner().unwrap_or_else(PoisonError::into_inner),
        wrong_identity: wrong.load(Ordering::Relaxed),
        connections: seen.connections.len(),
        resumed: seen.connections.iter().filter(|one| one.handshake == Handshake::Resumed).count(),
        left_open: former_open(&seen),
        keys_left: former.iter().filter(|is_gone| !is_gone()).count(),
        process: early.zip(Process::now()),
    }
}

/// A server that counts requests whose connection has an older certificate than their path allows.
fn judge(order: HashMap<String, usize>) -> (Front, Arc<AtomicUsize>) {
    let wrong = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&wrong);
    // Requests are checked here and not recorded: otherwise the ledger would grow.
    let options = FrontOptions::default().client_auth(ClientAuth::Required).record_requests(false);
    let front = Front::start(
        options,
        handler(move |request, peer| {
            let begun = request.uri().path().trim_start_matches('/').parse::<usize>().ok();
            let shown = peer.fingerprint.as_ref().and_then(|fingerprint| order.get(fingerprint)).copied();
            if begun.zip(shown).is_none_or(|(begun, shown)| shown < begun) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            async { http::Response::new(Bytes::from_static(b"{}")) }
        }),
    );
    (front.expect("loopback can be bound"), wrong)
}

struct Progress {
    next: usize,
    generation: usize,
    coming: std::vec::IntoIter<digicert_one_core::ClientIdentity>,
    early: Option<Process>,
}

/// Calls until all are made; the caller that reaches a rotation point changes the identity.
async fn worker(
    client: &Client,
    switch: &Switch,
    state: &Mutex<Progress>,
    calls: usize,
    each: usize,
    failed: &Mutex<Vec<String>>,
) {
    loop {
        let generation = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.next >= calls {
                return;
            }
            state.next += 1;
            if state.next == calls / 5 {
                state.early = Process::now();
            }
            if state.next.is_multiple_of(each)
                && let Some(identity) = state.coming.next()
            {
                switch.turn(Material::certificate(identity));
                state.generation += 1;
            }
            state.generation
        };
        let outcome = match client.get(format!("/{generation}")).send().await {
            Ok(response) => response.bytes().await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            failed.lock().unwrap_or_else(PoisonError::into_inner).push(error.to_string());
        }
    }
}
