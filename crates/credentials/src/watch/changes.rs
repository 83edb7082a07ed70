//! Hints that a source has changed: its files, a signal, a caller's request. A hint only triggers a reading; the content shows whether
//! anything changed.
//!
//! Calls look at the files, at intervals, on a thread of its own: a file system that hangs delays no call. This works on volumes and
//! systems that report no changes, too.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use super::files::Files;
use crate::Source;

/// Maximum settle times to wait for files that keep changing.
const PATIENCE: u32 = 10;

/// The hints of one source.
pub(super) struct Changes {
    /// Set by a signal or a caller: read at once.
    asked: Arc<AtomicBool>,
    /// `None` if the source is only polled.
    looks: Option<Arc<Mutex<Looks>>>,
}

#[derive(Default)]
struct Looks {
    /// As last seen.
    files: Files,
    /// When they were last looked at.
    last: Option<SystemTime>,
    /// Whether a thread looks at them.
    is_looking: bool,
    /// First and last change since the last reading.
    changed: Option<(SystemTime, SystemTime)>,
    /// Counts the readings: a look that began before one says nothing about the time after it.
    readings: u64,
}

impl Changes {
    pub(super) fn new(looks_at_files: bool) -> Self {
        Self { asked: Arc::default(), looks: looks_at_files.then(Arc::default) }
    }

    /// Returns the flag that requests a reading; a signal handler may set it.
    pub(super) fn asked(&self) -> &Arc<AtomicBool> {
        &self.asked
    }

    /// Returns whether a reading is due: at once if requested, else when the files have settled.
    pub(super) fn hinted(&self, source: &Arc<dyn Source>, now: SystemTime, settle: Duration) -> bool {
        if self.asked.load(Ordering::Acquire) {
            return true;
        }
        let Some(looks) = &self.looks else { return false };
        let passed = |since: SystemTime| now.duration_since(since).unwrap_or_default();
        let mut locked = lock(looks);
        if !locked.is_looking && locked.last.is_none_or(|last| passed(last) >= settle / 2 || last > now) {
            locked.last = Some(now);
            let (source, shared, readings) = (Arc::clone(source), Arc::clone(looks), locked.readings);
            let look = move || look(&*source, &shared, now, readings);
            // Without a thread, the source is polled.
            locked.is_looking = thread::Builder::new().name("credential-files".to_owned()).spawn(look).is_ok();
        }
        locked
            .changed
            .is_some_and(|(first, last)| passed(last) >= settle || passed(first) >= settle.saturating_mul(PATIENCE))
    }

    /// Takes the hints before a reading: later ones count for the next reading.
    pub(super) fn take(&self) -> Taken<'_> {
        self.asked.store(false, Ordering::Release);
        if let Some(looks) = &self.looks {
            lock(looks).changed = None;
        }
        Taken { changes: self, read: false }
    }

    /// Returns what must be called just before a reading: it looks at the files, and may block.
    pub(super) fn before_reading(&self) -> impl FnOnce(&dyn Source) + Send + use<> {
        let looks = self.looks.clone();
        move |source| {
            let Some(looks) = looks else { return };
            let files = Files::look(source.watched_paths());
            let mut looks = lock(&looks);
            looks.files.update(files);
            looks.readings += 1;
        }
    }
}

/// Looks at the files, and notes a change since the last look.
fn look(source: &dyn Source, looks: &Mutex<Looks>, now: SystemTime, readings: u64) {
    // Without the paths of a source that panics, it is polled.
    let files = catch_unwind(AssertUnwindSafe(|| Files::look(source.watched_paths())));
    let mut looks = lock(looks);
    looks.is_looking = false;
    let Ok(files) = files else { return };
    if looks.readings == readings && files.changed_since(&looks.files) {
        looks.changed = Some((looks.changed.map_or(now, |(first, _)| first), now));
        looks.files.update(files);
    }
}

fn lock(looks: &Mutex<Looks>) -> MutexGuard<'_, Looks> {
    looks.lock().unwrap_or_else(PoisonError::into_inner)
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

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.looks.is_some() { "files" } else { "polling" })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::AtomicUsize;

    use digicert_one_core::CredentialError;

    use super::*;
    use crate::Fetched;

    const SETTLE: Duration = Duration::from_millis(100);

    /// A source with one file, on a file system that hangs while the gate is locked.
    #[derive(Debug)]
    struct OneFile {
        path: PathBuf,
        gate: Mutex<()>,
        looks: AtomicUsize,
    }

    impl Source for OneFile {
        fn name(&self) -> String {
            "one file".to_owned()
        }

        fn fetch(&self) -> Result<Fetched, CredentialError> {
            Ok(Fetched::Absent("it is never read here".to_owned()))
        }

        fn watched_paths(&self) -> Vec<PathBuf> {
            self.looks.fetch_add(1, Ordering::Relaxed);
            drop(self.gate.lock());
            vec![self.path.clone()]
        }
    }

    fn begin(file: &tempfile::NamedTempFile) -> (Changes, Arc<OneFile>, SystemTime) {
        let source = OneFile { path: file.path().to_owned(), gate: Mutex::default(), looks: AtomicUsize::new(0) };
        let changes = Changes::new(true);
        changes.before_reading()(&source);
        (changes, Arc::new(source), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
    }

    /// Waits until no thread looks at the files.
    fn looked(changes: &Changes) {
        while lock(changes.looks.as_ref().expect("looks")).is_looking {
            thread::yield_now();
        }
    }

    #[derive(Debug)]
    struct Panicking;

    impl Source for Panicking {
        fn name(&self) -> String {
            "a panicking source".to_owned()
        }

        fn fetch(&self) -> Result<Fetched, CredentialError> {
            Ok(Fetched::Absent("it is never read here".to_owned()))
        }

        fn watched_paths(&self) -> Vec<PathBuf> {
            panic!("a defect of the source, meant by this test")
        }
    }

    #[test]
    fn panicking_look_at_the_files_is_not_the_last() {
        let looks = Mutex::new(Looks { is_looking: true, ..Looks::default() });
        look(&Panicking, &looks, SystemTime::UNIX_EPOCH, 0);
        assert!(!lock(&looks).is_looking);
    }

    #[test]
    fn changed_file_is_a_hint_when_it_has_settled_until_it_is_read() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (changes, source, start) = begin(&file);
        let source: Arc<dyn Source> = source;
        let hinted = |after: Duration| {
            let hinted = changes.hinted(&source, start + after, SETTLE);
            looked(&changes);
            hinted
        };
        assert!(!hinted(Duration::ZERO) && !hinted(SETTLE * 100), "nothing has changed");
        std::fs::write(file.path(), "new").expect("written");
        let seen = SETTLE * 101;
        assert!(!hinted(seen), "this call starts the look that sees it");
        assert!(!hinted(seen + SETTLE * 6 / 10));
        std::fs::write(file.path(), "newer").expect("written");
        let seen = seen + SETTLE * 12 / 10;
        assert!(hinted(seen), "the second change was not seen yet");
        assert!(!hinted(seen + SETTLE / 10), "and now it was");
        assert!(hinted(seen + SETTLE));
        changes.before_reading()(&*source);
        changes.take().read();
        assert!(!hinted(seen + SETTLE * 2) && !hinted(seen + SETTLE * 4));
    }

    #[test]
    fn file_system_that_hangs_delays_no_call_and_has_one_thread() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (changes, one_file, start) = begin(&file);
        let source: Arc<dyn Source> = one_file.clone();
        let hangs = one_file.gate.lock().expect("unpoisoned");
        for times in 0..10 {
            assert!(!changes.hinted(&source, start + SETTLE * times, SETTLE));
        }
        drop(hangs);
        looked(&changes);
        assert_eq!(one_file.looks.load(Ordering::Relaxed), 2, "before the reading, and once");
    }

    #[test]
    fn source_that_is_only_polled_is_not_looked_at() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (_, one_file, start) = begin(&file);
        let source: Arc<dyn Source> = one_file.clone();
        let changes = Changes::new(false);
        assert!(!changes.hinted(&source, start, SETTLE));
        changes.asked().store(true, Ordering::Release);
        assert!(changes.hinted(&source, start, SETTLE));
        assert_eq!(one_file.looks.load(Ordering::Relaxed), 1);
    }
}
