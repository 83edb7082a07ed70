//! Reminds of the expiry of a credential some days ahead, once for each day that is set. Checked with each call and each query of the end
//! date, once a second.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use digicert_one_core::{Expiry, Generation, Lease};

use crate::observe::listener::Listener;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When to remind that a credential expires, and how.
pub(crate) struct Reminders {
    /// Descending.
    days: Vec<u32>,
    listener: Option<Listener<Reminder>>,
    last: Mutex<Option<LastReminder>>,
    /// The second and the generation of the last check: busy calls share no lock for what changes once a day.
    checked: AtomicU64,
}

/// The last reminder.
struct LastReminder {
    expiry: Option<Expiry>,
    /// How many of `days` have been reached.
    steps: usize,
    /// Before this time nothing is due.
    next: Option<SystemTime>,
}

/// A reminder that a credential expires. `Display` is a sentence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reminder {
    /// The end date, and what expires.
    pub expiry: Expiry,
    /// The number of days ahead that was reached, as configured.
    pub days: u32,
    /// The time left.
    pub remaining: Duration,
    /// The source of the credential.
    pub source: Arc<str>,
    /// Its generation.
    pub generation: Generation,
}

impl fmt::Display for Reminder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.remaining.as_secs() / 3600;
        let (count, unit) = if hours >= 48 { (hours / 24, "days") } else { (hours, "hours") };
        write!(
            f,
            "the {} from {} expires in {count} {unit}; every integration that uses it stops working then",
            self.expiry.cause, self.source
        )
    }
}

impl Reminders {
    /// Reminds this many days ahead.
    pub(crate) fn new(days: impl IntoIterator<Item = u32>) -> Self {
        let mut reminders =
            Self { days: Vec::new(), listener: None, last: Mutex::new(None), checked: AtomicU64::new(u64::MAX) };
        reminders.set_days(days);
        reminders
    }

    pub(crate) fn set_days(&mut self, days: impl IntoIterator<Item = u32>) {
        self.days = days.into_iter().collect();
        self.days.sort_unstable_by(|one, other| other.cmp(one));
        self.days.dedup();
    }

    pub(crate) fn set_listener(&mut self, listener: impl Fn(&Reminder) + Send + Sync + 'static) {
        self.listener = Some(Listener::new(move |reminder, _| listener(reminder)));
    }

    /// Logs and sends the reminder that is due, if any. Looks once a second.
    pub(crate) fn check(&self, lease: &Lease, now: SystemTime) {
        let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let check = second.rotate_left(24) ^ lease.generation().number();
        if self.checked.load(Ordering::Relaxed) == check {
            return;
        }
        self.checked.store(check, Ordering::Relaxed);
        if let Some(reminder) = self.due(lease, now) {
            tracing::warn!(days = reminder.days, of = %reminder.expiry.cause, generation = %reminder.generation, "{reminder}");
            if let Some(listener) = &self.listener {
                listener.send(reminder);
            }
        }
    }

    /// Completes when the listener has received all reminders.
    pub(crate) async fn drained(&self) {
        if let Some(listener) = &self.listener {
            listener.drained().await;
        }
    }

    fn due(&self, lease: &Lease, now: SystemTime) -> Option<Reminder> {
        let expiry = lease.validity().expiry();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &*last {
            // Not repeated for another key with the same end date.
            Some(last) if last.expiry == expiry => {
                if last.next.is_none_or(|next| now < next) {
                    return None;
                }
                last.steps
            }
            _ => 0,
        };
        let reached = |expiry: &Expiry| {
            let remaining = expiry.remaining(now);
            self.days.iter().take_while(|days| remaining <= DAY * **days).count()
        };
        let steps = expiry.as_ref().map_or(0, reached);
        let next = expiry.and_then(|expiry| expiry.at.checked_sub(DAY * *self.days.get(steps)?));
        *last = Some(LastReminder { expiry, steps: steps.max(before), next });
        let expiry = expiry.filter(|expiry| steps > before && !expiry.has_passed(now))?;
        Some(Reminder {
            expiry,
            // A program that starts late gets the nearest reminder only.
            days: self.days[steps - 1],
            remaining: expiry.remaining(now),
            source: Arc::clone(lease.source()),
            generation: lease.generation(),
        })
    }
}

impl fmt::Debug for Reminders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reminders").field("days", &self.days).finish_non_exhaustive()
    }
}
