//! A credential that reloads when its source changes. It has no background task: when a reading is due, one
//! caller reads for all, on a thread of its own; all others continue with the credential in use.

mod changes;
mod event;
mod files;
mod schedule;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_core::{Clock, Code, Credential, CredentialError, Generation, Lease, LeaseRequest, Warning};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use futures_util::lock::{Mutex as AsyncMutex, MutexGuard};

use self::changes::Changes;
use self::event::Listener;
pub use self::event::WatchEvent;
use self::schedule::Schedule;
pub use self::schedule::WatchOptions;
use crate::raw::{ContentHash, LoadedCredential, MaterialHash};
use crate::{Fetched, Source};

use digicert_one_identity::ReadOptions;

/// How long a call waits for a reading while it has a credential: a file on a network that is away is read at some time or never.
const PATIENCE: Duration = Duration::from_secs(9);
/// And then in real time: a clock that a test moves jumps over the patience before the thread has read anything.
const GRACE: Duration = Duration::from_secs(1);

/// A credential that reloads when its source changes: files that are rewritten, a Kubernetes volume that is
/// swapped, a command with new output.
///
/// - Unusable content (half written, mismatched, expired, garbage) never replaces the credential in use; it
///   is reported once.
/// - The same content is not a new generation.
/// - Clones share everything.
///
/// ```no_run
/// # use digicert_one_core::Clock;
/// use digicert_one_credentials::{Source, WatchOptions, WatchingCredential};
///
/// # fn example(source: impl Source, clock: impl Clock) -> Result<(), Box<dyn std::error::Error>> {
/// let credential = WatchingCredential::open(source, clock, WatchOptions::new())?
///     .on_event(|event| eprintln!("{event}"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct WatchingCredential(Arc<Shared>);

struct Shared {
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    options: WatchOptions,
    live: Mutex<Live>,
    /// Held by the caller that reads.
    flight: AsyncMutex<()>,
    readings: Mutex<Readings>,
    changes: Changes,
    listener: Mutex<Option<Listener>>,
}

/// The threads that read. One may outlast the call that began it, and then uses its result itself, unless a later one has begun.
#[derive(Default)]
struct Readings {
    begun: u64,
    /// When the last one began, until it ends.
    since: Option<SystemTime>,
}

struct Live {
    current: Option<Current>,
    schedule: Schedule,
    /// The last unusable content, so that it is reported once.
    broken: Option<Broken>,
}

struct Current {
    lease: Lease,
    warnings: Vec<Warning>,
    content: ContentHash,
    material: MaterialHash,
}

#[derive(PartialEq, Eq)]
enum Broken {
    /// Found, but not a credential.
    Content(ContentHash),
    /// Not found.
    Source(String),
}

/// The result of reading the source.
enum ReadResult {
    Unchanged,
    Read(Box<LoadedCredential>, ContentHash),
    Failed(CredentialError, Broken),
}

impl WatchingCredential {
    /// Reads the source now, so that an unusable credential is detected before the first call.
    ///
    /// # Errors
    /// Returns an error if the source cannot be read, or its content cannot be used.
    pub fn open(source: impl Source, clock: impl Clock, options: WatchOptions) -> Result<Self, CredentialError> {
        let credential = Self::lazy(Arc::new(source), Arc::new(clock), options);
        let shared = &credential.0;
        shared.changes.before_reading()(&*shared.source);
        let outcome = read(&*shared.source, shared.rules(), None);
        shared.take(outcome)?;
        Ok(credential)
    }

    /// Creates a credential that reads the source at the first call.
    #[must_use]
    pub fn lazy(source: Arc<dyn Source>, clock: Arc<dyn Clock>, options: WatchOptions) -> Self {
        let live = Live { current: None, schedule: Schedule::new(), broken: None };
        let changes = Changes::new(options.events);
        let (live, flight, listener) = (Mutex::new(live), AsyncMutex::new(()), Mutex::default());
        let readings = Mutex::default();
        Self(Arc::new(Shared { source, clock, options, live, flight, readings, changes, listener }))
    }

    /// Registers a function that is called at every rotation, and when a replacement cannot be used. It runs
    /// inside the call that detected it, so it should be quick.
    #[must_use]
    pub fn on_event(self, listener: impl Fn(&WatchEvent) + Send + Sync + 'static) -> Self {
        *self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Listener(Arc::new(listener)));
        self
    }

    /// Reads the source now and returns the new generation; `None` if the source holds what is in use. The credential
    /// in use stays if the source holds nothing usable.
    ///
    /// # Errors
    /// Returns an error if the source cannot be read, or its content cannot be used.
    pub async fn reload(&self) -> Result<Option<Generation>, CredentialError> {
        let flight = self.0.flight.lock().await;
        self.0.refresh(flight).await
    }

    /// Makes the next call read the source first. Does nothing else, so a signal handler may call it.
    pub fn request_reload(&self) {
        self.0.changes.asked().store(true, Ordering::Release);
    }

    /// Makes the next call after a SIGHUP read the source, as daemons do. The handler stays for the lifetime
    /// of the process.
    ///
    /// # Errors
    /// Returns an error if the system refuses the handler.
    #[cfg(unix)]
    pub fn reload_on_sighup(&self) -> std::io::Result<()> {
        signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(self.0.changes.asked())).map(drop)
    }

    /// Returns warnings about the credential in use.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.0.lock().current.as_ref().map(|current| current.warnings.clone()).unwrap_or_default()
    }

    /// Returns the generation in use, if any.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.lock().current.as_ref().map(|current| current.lease.generation())
    }
}

#[async_trait]
impl Credential for WatchingCredential {
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError> {
        let shared = &self.0;
        if shared.is_refused(need) {
            // The credential in use does not help this caller: it waits for a reading, its own or that of another caller.
            let flight = shared.flight.lock().await;
            if shared.look(need).1 {
                let _ = shared.refresh(flight).await;
            }
        }
        let (current, due) = shared.look(need);
        match (current, due) {
            (Some(lease), false) => Ok(lease),
            (Some(lease), true) => {
                // While another caller reads, this one continues with the credential in use.
                let Some(flight) = shared.flight.try_lock() else { return Ok(lease) };
                // The failure was reported; the credential in use stays.
                let _ = shared.refresh(flight).await;
                Ok(shared.look(need).0.unwrap_or(lease))
            }
            (None, _) => {
                let flight = shared.flight.lock().await;
                // Another caller may have read while this one waited.
                if let (Some(lease), _) = shared.look(need) {
                    return Ok(lease);
                }
                let outcome = shared.refresh(flight).await;
                match shared.look(need).0 {
                    Some(lease) => Ok(lease),
                    None => Err(outcome.err().unwrap_or_else(|| {
                        CredentialError::new(Code::ID_13, "missing credential: the source holds nothing")
                            .at(shared.source.name())
                    })),
                }
            }
        }
    }
}

impl Readings {
    /// Returns the number of the reading that begins.
    fn begin(&mut self, now: SystemTime) -> u64 {
        self.begun += 1;
        self.since = Some(now);
        self.begun
    }

    /// Returns whether the reading that ends was the last that began.
    fn end(&mut self, number: u64) -> bool {
        let is_last = number == self.begun;
        if is_last {
            self.since = None;
        }
        is_last
    }

    /// Whether the last reading takes so long that another one would not end either.
    fn hangs(&self, now: SystemTime) -> bool {
        self.since.is_some_and(|since| now.duration_since(since).is_ok_and(|time| time >= PATIENCE))
    }
}

impl Shared {
    /// Returns the lease in use, and whether a reading is due.
    fn look(&self, need: &LeaseRequest) -> (Option<Lease>, bool) {
        let mut live = self.lock();
        let Live { current, schedule, .. } = &mut *live;
        let Some(current) = current else { return (None, true) };
        let lease = &current.lease;
        let ended = lease.validity().expiry().is_some_and(|expiry| expiry.has_passed(need.now));
        let refused = need.newer_than.filter(|refused| *refused >= lease.generation());
        let refused = refused.or(ended.then(|| lease.generation()));
        let due = schedule.due(need.now)
            || self.changes.hinted(&self.source, need.now, self.options.settle)
            || refused.is_some_and(|refused| schedule.may_ask_for_newer(refused, need.now, &self.options));
        (Some(lease.clone()), due)
    }

    /// Returns whether the credential in use is one that the platform refused.
    fn is_refused(&self, need: &LeaseRequest) -> bool {
        let live = self.lock();
        let current = live.current.as_ref().map(|current| current.lease.generation());
        current.is_some_and(|current| need.newer_than.is_some_and(|refused| refused >= current))
    }

    /// Reads the source on a thread, since it may block, without end if its file system is away.
    async fn refresh(self: &Arc<Self>, flight: MutexGuard<'_, ()>) -> Result<Option<Generation>, CredentialError> {
        let hints = self.changes.take();
        let known = self.lock().current.as_ref().map(|current| current.content);
        let (shared, rules, before) = (Arc::clone(self), self.rules(), self.changes.before_reading());
        let (sender, receiver) = oneshot::channel();
        let outcome = if known.is_some() && self.readings().hangs(self.clock.now()) {
            self.unread("an earlier reading of the source has not ended".into())
        } else {
            let number = self.readings().begin(self.clock.now());
            let work = move || {
                let reading = || {
                    before(&*shared.source);
                    read(&*shared.source, rules, known)
                };
                // A reading that is not known to have ended would be the last one.
                let outcome = catch_unwind(AssertUnwindSafe(reading))
                    .unwrap_or_else(|_| shared.unread("reading the source panicked".into()));
                let is_last = shared.readings().end(number);
                // The caller may have gone, or no longer wait.
                if let Err(outcome) = sender.send(outcome)
                    && is_last
                {
                    let _ = shared.take(outcome);
                }
            };
            match thread::Builder::new().name("credential-reading".to_owned()).spawn(work) {
                Ok(_detached) => match select(receiver, pin!(self.patience())).await {
                    Either::Left((read, _)) => read.unwrap_or_else(|_| self.unread("its reading was lost".into())),
                    // Without a credential there is nothing to continue with.
                    Either::Right(((), receiver)) if known.is_none() => {
                        receiver.await.unwrap_or_else(|_| self.unread("its reading was lost".into()))
                    }
                    Either::Right(_) => {
                        let seconds = (PATIENCE + GRACE).as_secs();
                        self.unread(format!("reading the source takes longer than {seconds} seconds"))
                    }
                },
                Err(error) => self.unread(format!("failed to start a thread: {error}")),
            }
        };
        hints.read();
        let taken = self.take(outcome);
        drop(flight);
        taken
    }

    async fn patience(&self) {
        self.clock.limit(PATIENCE).await;
        let (sender, over) = oneshot::channel::<()>();
        let wait = move || {
            thread::sleep(GRACE);
            drop(sender);
        };
        if thread::Builder::new().name("credential-patience".to_owned()).spawn(wait).is_ok() {
            let _ = over.await;
        }
    }

    fn readings(&self) -> std::sync::MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the result of a reading, or keeps the credential in use.
    fn take(&self, outcome: ReadResult) -> Result<Option<Generation>, CredentialError> {
        let now = self.clock.now();
        let mut live = self.lock();
        let generation = live.current.as_ref().map(|current| current.lease.generation());
        let (result, event) = match outcome {
            ReadResult::Failed(error, broken) => {
                live.schedule.failed(now, &self.options);
                let previous = live.broken.replace(broken);
                let event = generation
                    .filter(|_| previous != live.broken)
                    .map(|generation| WatchEvent::Rejected { generation, error: error.clone() });
                (Err(error), event)
            }
            ReadResult::Unchanged => {
                live.schedule.succeeded(now, &self.options, fastrand::f64());
                let generation = generation.unwrap_or(Generation::FIRST);
                let event = live.broken.take().map(|_| WatchEvent::Recovered { generation });
                (Ok(None), event)
            }
            ReadResult::Read(reading, content) => {
                live.schedule.succeeded(now, &self.options, fastrand::f64());
                live.broken = None;
                let material = reading.material_hash();
                let same = live.current.as_ref().is_some_and(|current| current.material == material);
                let next = match generation {
                    // Another file with the same key and certificate, or another end date.
                    Some(generation) if same => generation,
                    Some(generation) => generation.next(),
                    None => Generation::FIRST,
                };
                let (lease, warnings) = (reading.lease(next), reading.warnings.clone());
                live.current = Some(Current { lease, warnings, content, material });
                match generation {
                    Some(_) if same => (Ok(None), None),
                    _ => {
                        let event = WatchEvent::Replaced {
                            generation: next,
                            source: Arc::clone(&reading.source),
                            warnings: reading.warnings,
                        };
                        (Ok(Some(next)), Some(event))
                    }
                }
            }
        };
        // Called without the lock: a listener may ask for the generation.
        drop(live);
        if let Some(event) = event {
            self.notify(&event);
        }
        result
    }

    fn unread(&self, why: String) -> ReadResult {
        let error = CredentialError::new(Code::ID_13, why.clone()).at(self.source.name());
        ReadResult::Failed(error, Broken::Source(why))
    }

    fn notify(&self, event: &WatchEvent) {
        match event {
            WatchEvent::Rejected { .. } => tracing::warn!(source = self.source.name(), "{event}"),
            _ => tracing::info!(source = self.source.name(), "{event}"),
        }
        if let WatchEvent::Replaced { warnings, .. } = event {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listener) = listener {
            listener.notify(event);
        }
    }

    fn rules(&self) -> ReadOptions {
        ReadOptions::at(self.clock.now()).allow_expired(self.options.allow_expired)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches and, if the content changed, parses it. Decrypting a key store takes time; unchanged content is
/// not decrypted again.
fn read(source: &dyn Source, rules: ReadOptions, known: Option<ContentHash>) -> ReadResult {
    let raw = match source.fetch() {
        Ok(Fetched::Found(raw)) => raw,
        Ok(Fetched::Absent(why)) => {
            let message = format!("missing credential: the source holds nothing: {why}");
            let error = CredentialError::new(Code::ID_13, message).at(source.name());
            return ReadResult::Failed(error, Broken::Source(why));
        }
        Err(error) => {
            let text = error.to_string();
            return ReadResult::Failed(error, Broken::Source(text));
        }
    };
    let content = raw.content_hash();
    if known == Some(content) {
        return ReadResult::Unchanged;
    }
    match raw.read(&rules) {
        Ok(reading) => ReadResult::Read(Box::new(reading), content),
        Err(error) => ReadResult::Failed(error, Broken::Content(content)),
    }
}

impl fmt::Debug for WatchingCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchingCredential")
            .field("source", &self.0.source.name())
            .field("generation", &self.generation().map(|generation| generation.to_string()))
            .field("changes", &self.0.changes)
            .finish_non_exhaustive()
    }
}
