//! Reminders of the end of a credential: some days before, each once. Nothing waits for them: whoever makes a call, or asks for
//! the end date, has them checked, at the cost of one comparison.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_core::{Expiry, Generation, Lease};

use crate::observe::listener::Listener;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When to remind of the end of a credential: 30, 14, 7 and 1 days before by default, as `tracing` events of level WARN and,
/// if wanted, by a call.
///
/// ```
/// use digicert_one_client::Reminders;
/// let reminders = Reminders::new().days([21, 3]).on_reminder(|reminder| eprintln!("{reminder}"));
/// ```
pub struct Reminders {
    /// Descending.
    days: Vec<u32>,
    listener: Option<Listener<Reminder>>,
    last: Mutex<Option<LastReminder>>,
}

/// The last reminder.
struct LastReminder {
    expiry: Option<Expiry>,
    /// How many of `days` are behind us.
    steps: usize,
    /// Before this time nothing is due.
    next: Option<SystemTime>,
}

/// One reminder. `Display` is a sentence.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reminder {
    /// The end, and whose it is.
    pub expiry: Expiry,
    /// The step that was reached: this many days before the end.
    pub days: u32,
    /// What is really left.
    pub remaining: Duration,
    /// Where the credential came from.
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
            "the {} from {} ends in {count} {unit}; every integration that uses it stops then",
            self.expiry.of, self.source
        )
    }
}

impl Reminders {
    /// 30, 14, 7 and 1 days before the end.
    #[must_use]
    pub fn new() -> Self {
        Self { days: vec![30, 14, 7, 1], listener: None, last: Mutex::new(None) }
    }

    /// Reminds this many days before the end; never with an empty list.
    #[must_use]
    pub fn days(mut self, days: impl IntoIterator<Item = u32>) -> Self {
        self.days = days.into_iter().collect();
        self.days.sort_unstable_by(|one, other| other.cmp(one));
        self.days.dedup();
        self
    }

    /// Calls this function with each reminder, on a thread of its own: neither its panic nor its slowness reaches a call.
    /// [`Client::shut_down`](crate::Client::shut_down) waits for it.
    #[must_use]
    pub fn on_reminder(mut self, listener: impl Fn(&Reminder) + Send + Sync + 'static) -> Self {
        self.listener = Some(Listener::new(move |reminder, _| listener(reminder)));
        self
    }

    /// Gives the reminder that is due, if any.
    pub(crate) fn check(&self, lease: &Lease, now: SystemTime) {
        if let Some(reminder) = self.due(lease, now) {
            tracing::warn!(days = reminder.days, of = %reminder.expiry.of, generation = %reminder.generation, "{reminder}");
            if let Some(listener) = &self.listener {
                listener.send(reminder);
            }
        }
    }

    /// Ends when the listener has heard of all of them.
    pub(crate) async fn drained(&self) {
        if let Some(listener) = &self.listener {
            listener.drained().await;
        }
    }

    fn due(&self, lease: &Lease, now: SystemTime) -> Option<Reminder> {
        let expiry = lease.validity().expiry();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &*last {
            // Another key with the same end is no reason to say it again; another end is.
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
            // A program that starts late hears of the nearest step only.
            days: self.days[steps - 1],
            remaining: expiry.remaining(now),
            source: Arc::clone(lease.source()),
            generation: lease.generation(),
        })
    }
}

impl Default for Reminders {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Reminders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reminders").field("days", &self.days).finish_non_exhaustive()
    }
}
