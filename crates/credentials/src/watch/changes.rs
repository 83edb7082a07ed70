//! Hints that a source has changed: directory events, a signal, a caller's request. A hint only triggers a
//! reading; the content shows whether anything changed.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_core::Clock;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Maximum settle times to wait for a busy directory.
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
    /// Events are disabled or unavailable: the source is polled.
    Polling,
}

impl Changes {
    pub(super) fn new(events: bool) -> Self {
        let watch = if events { Watch::NotStarted } else { Watch::Polling };
        Self { asked: Arc::default(), seen: Arc::default(), watcher: Mutex::new(watch) }
    }

    /// Returns the flag that requests a reading; a signal handler may set it.
    pub(super) fn asked(&self) -> &Arc<AtomicBool> {
        &self.asked
    }

    /// Returns whether a reading is due: at once if requested, else when the directory has settled.
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

    /// Takes the hints before a reading: later ones count for the next reading.
    pub(super) fn take(&self) -> Taken<'_> {
        self.asked.store(false, Ordering::Release);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Taken { changes: self, read: false }
    }

    /// Starts to watch these paths, if wanted and not yet done. The watcher's thread starts at the first
    /// reading, so that creating a credential starts nothing.
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
                tracing::warn!(%error, "directory events are unavailable; the source is polled instead");
                Watch::Polling
            }
        };
    }

    fn start(&self, directories: &[PathBuf], clock: Arc<dyn Clock>) -> notify::Result<RecommendedWatcher> {
        let seen = Arc::clone(&self.seen);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading is an event too; it must not trigger the next one.
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

/// Hints that were taken. They are restored if the reading is aborted, for example because its call is cancelled.
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

/// Maps each directory to itself and each file to its directory: only there a rename over the file is seen.
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
