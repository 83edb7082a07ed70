//! Hints that a source has changed: directory events, a signal, a caller's word. A hint only says that reading is worth it;
//! whether anything changed, the content says.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_core::Clock;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// A busy directory is not waited for longer than this many settle times.
const PATIENCE: u32 = 10;

/// The hints of one source.
pub(super) struct Changes {
    /// Set by a signal or a caller: read at once.
    asked: Arc<AtomicBool>,
    /// First and last directory event since the last reading.
    seen: Arc<Mutex<Option<(SystemTime, SystemTime)>>>,
    watcher: Mutex<Watch>,
}

enum Watch {
    NotStarted,
    Running {
        directories: Vec<PathBuf>,
        _watcher: RecommendedWatcher,
    },
    /// Not wanted, or it cannot be had here: the source is polled.
    Polling,
}

impl Changes {
    pub(super) fn new(events: bool) -> Self {
        let watch = if events { Watch::NotStarted } else { Watch::Polling };
        Self { asked: Arc::default(), seen: Arc::default(), watcher: Mutex::new(watch) }
    }

    /// The flag that asks for a reading; a signal handler may set it.
    pub(super) fn asked(&self) -> &Arc<AtomicBool> {
        &self.asked
    }

    /// Whether a hint says that reading is worth it now: at once if asked, else when the directory has come to rest.
    pub(super) fn hinted(&self, now: SystemTime, settle: Duration) -> bool {
        if self.asked.load(Ordering::Acquire) {
            return true;
        }
        let passed = |since: SystemTime| now.duration_since(since).unwrap_or_default();
        match *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((first, last)) => passed(last) >= settle || passed(first) >= settle * PATIENCE,
            None => false,
        }
    }

    /// Takes the hints, before a reading: what comes during it counts for the next.
    pub(super) fn take(&self) -> Taken<'_> {
        self.asked.store(false, Ordering::Release);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Taken { changes: self, read: false }
    }

    /// Watches these paths from now on, if that is wanted and not yet done. Starts the watcher's own thread at the first
    /// reading, so that making a credential starts nothing.
    pub(super) fn watch(&self, paths: Vec<PathBuf>, clock: &Arc<dyn Clock>) {
        let mut watch = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let directories = directories(paths);
        match &*watch {
            Watch::Polling => return,
            Watch::Running { directories: watched, .. } if *watched == directories => return,
            Watch::NotStarted | Watch::Running { .. } => {}
        }
        *watch = match self.start(&directories, Arc::clone(clock)) {
            Ok(_watcher) => Watch::Running { directories, _watcher },
            Err(error) => {
                tracing::warn!(%error, "directory events cannot be had; the source is polled instead");
                Watch::Polling
            }
        };
    }

    fn start(&self, directories: &[PathBuf], clock: Arc<dyn Clock>) -> notify::Result<RecommendedWatcher> {
        let seen = Arc::clone(&self.seen);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading is an event, too; it must not ask for the next one.
            if event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                return;
            }
            let now = clock.now();
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            *seen = Some((seen.map_or(now, |(first, _)| first), now));
        })?;
        for directory in directories {
            watcher.watch(directory, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    }
}

/// Hints that were taken. They come back if the reading is given up half way, as when its call is cancelled.
pub(super) struct Taken<'a> {
    changes: &'a Changes,
    read: bool,
}

impl Taken<'_> {
    pub(super) fn read(mut self) {
        self.read = true;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.read {
            self.changes.asked.store(true, Ordering::Release);
        }
    }
}

/// A directory itself, and the directory of a file: a file that is renamed over another is seen there only.
fn directories(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = paths
        .into_iter()
        .filter_map(|path| match path.is_dir() {
            true => Some(path),
            false => match path.parent() {
                Some(parent) if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
                parent => parent.map(PathBuf::from),
            },
        })
        .collect();
    directories.sort();
    directories.dedup();
    directories
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watch = match &*self.watcher.lock().unwrap_or_else(PoisonError::into_inner) {
            Watch::NotStarted => "events, not yet",
            Watch::Running { .. } => "events",
            Watch::Polling => "polling",
        };
        f.write_str(watch)
    }
}
