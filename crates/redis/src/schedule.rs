//! The schedule of one caller: generic cell rates, a pause after 429 and a learnt rate, with the meaning of the scripts. It serves a
//! process while Redis is away, and simulations in virtual time; a test compares it with the scripts.

use crate::limits::{Limits, Window};

const SECOND: f64 = 1_000_000.0;
const RISE_AFTER: f64 = 5.0 * SECOND;
const RISE: f64 = 1.25;
/// The lowest and the highest learnt rate, in requests a second.
const SLOWEST: f64 = 0.5;
const FASTEST: f64 = 999_999.0;
/// The longest pause that a 429 can ask for.
const LONGEST_PAUSE: f64 = 43_200.0 * SECOND;

/// Times are microseconds since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    epoch: f64,
    hold: f64,
    next: Vec<f64>,
    learnt: Option<Learnt>,
    pause: f64,
    fell: f64,
    begin: f64,
    current: f64,
    previous: f64,
}

#[derive(Clone, Copy, Debug)]
struct Learnt {
    per_second: f64,
    too_fast: f64,
    changed: f64,
}

/// What a process asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// The calls that wait.
    pub(crate) need: u32,
    /// The same with the calls that are expected soon.
    pub(crate) want: u32,
    /// How long the first one can wait.
    pub(crate) within: f64,
    /// How long the turns of one batch are usable.
    pub(crate) validity: f64,
}

/// Turns of one batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turns {
    pub(crate) granted: u32,
    /// Until the first turn.
    pub(crate) wait: f64,
    /// Whether the first turn would come too late. Nothing is granted then.
    pub(crate) late: bool,
}

impl Schedule {
    /// Reserves turns. `share` is the part of the rate that belongs to this schedule: 1, or less while each process counts alone.
    pub(crate) fn reserve(&mut self, now: f64, demand: Demand, limits: &Limits, share: f64) -> Turns {
        let windows: Vec<Window> = limits.windows().iter().map(|window| window.shared(share)).collect();
        if self.epoch == 0.0 || self.next.len() != windows.len() {
            self.epoch = now;
            self.next = windows.iter().map(|window| now + (window.burst - 1.0) * window.each).collect();
        }
        self.rise(now, windows.is_empty());
        let mut turns = Turns { granted: 0, wait: 0.0, late: false };
        let mut first = now;
        for turn in 1..=demand.want {
            let mut at = now.max(self.hold);
            let mut plenty = now >= self.hold;
            for (next, window) in self.next.iter().zip(&windows) {
                at = at.max(next + window.each - window.burst * window.each);
                plenty &= next + window.each - window.burst * window.each / 2.0 <= now;
            }
            if self.learnt.is_some() {
                at = at.max(self.pause);
                plenty = false;
            }
            if turn == 1 {
                (first, turns.wait) = (at, at - now);
                if turns.wait > demand.within {
                    turns.late = true;
                    break;
                }
            } else if at - first > demand.validity || (turn > demand.need && !(plenty && at <= now)) {
                break;
            }
            for (next, window) in self.next.iter_mut().zip(&windows) {
                *next = next.max(at) + window.each;
            }
            if let Some(learnt) = self.learnt {
                self.pause = self.pause.max(at) + SECOND / (learnt.per_second * share);
            }
            turns.granted = turn;
        }
        self.count(now, turns.granted);
        turns
    }

    /// The platform responded with 429.
    pub(crate) fn throttled(&mut self, now: f64, retry_after: f64, limits: &Limits) {
        self.hold = self.hold.max(now + retry_after.min(LONGEST_PAUSE));
        self.epoch = now.max(self.epoch + 1.0);
        self.pause = self.hold;
        for next in &mut self.next {
            *next = next.max(now).min(self.hold);
        }
        if !limits.adapts() || now - self.fell < SECOND {
            return;
        }
        let sent = self.current + self.previous;
        let span = (now - self.begin).max(SECOND) + if self.previous > 0.0 { SECOND } else { 0.0 };
        let measured = if self.begin > 0.0 && sent > 0.0 { sent * SECOND / span } else { SLOWEST };
        let present = self.learnt.map_or(measured, |learnt| learnt.per_second);
        let per_second = (present.min(measured) * limits.fall()).max(SLOWEST);
        self.learnt = Some(Learnt { per_second, too_fast: present.clamp(0.1, FASTEST), changed: now });
        self.fell = now;
    }

    /// Takes over what the fleet knew when it was last seen.
    pub(crate) fn learn(&mut self, per_second: Option<f64>, now: f64) {
        self.learnt = per_second.map(|per_second| match self.learnt {
            Some(learnt) => Learnt { per_second, ..learnt },
            None => Learnt { per_second, too_fast: per_second / 0.5, changed: now },
        });
    }

    /// Changes with every 429: turns that were reserved before are void.
    pub(crate) fn epoch(&self) -> f64 {
        self.epoch
    }

    fn rise(&mut self, now: f64, unlimited: bool) {
        let Some(learnt) = &mut self.learnt else { return };
        if now - learnt.changed < RISE_AFTER {
            return;
        }
        learnt.per_second *= RISE;
        learnt.changed = now;
        if learnt.per_second >= learnt.too_fast * if unlimited { 2.0 } else { 1.0 } {
            self.learnt = None;
        }
    }

    fn count(&mut self, now: f64, granted: u32) {
        if self.begin == 0.0 || now - self.begin >= 2.0 * SECOND {
            (self.begin, self.current, self.previous) = (now, 0.0, 0.0);
        } else if now - self.begin >= SECOND {
            (self.begin, self.previous, self.current) = (self.begin + SECOND, self.current, 0.0);
        }
        self.current += f64::from(granted);
    }
}
