//! The course of one call: its deadline, its attempts and the waits between them. What the errors tell of it.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::client::Settings;
use crate::observe::Carrier;
use crate::retry::Stop;

/// What one call has gone through so far.
#[derive(Debug)]
pub(crate) struct Course {
    start: SystemTime,
    deadline: Duration,
    attempts: u32,
    waits: Vec<Duration>,
    /// Kept only where somebody wants to know.
    carrier: Option<Carrier>,
}

impl Course {
    pub(crate) fn begin(settings: &Settings) -> Self {
        Self { start: settings.clock.now(), deadline: settings.deadline, attempts: 0, waits: Vec::new(), carrier: None }
    }

    /// When the call began.
    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    /// One more attempt begins. Counted from 1.
    pub(crate) fn attempt(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn waited(&mut self, wait: Duration) {
        self.waits.push(wait);
    }

    /// The time that is left of the whole call.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        self.deadline.saturating_sub(now.duration_since(self.start).unwrap_or_default())
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The attempts and waits, for an error or an answer.
    pub(crate) fn told(&mut self, stop: Option<Stop>) -> Tried {
        Tried { attempts: self.attempts, waits: std::mem::take(&mut self.waits), stop }
    }

    /// Who makes the attempt that begins, and where.
    pub(crate) fn carried_by(&mut self, carrier: Carrier) {
        self.carrier = Some(carrier);
    }

    pub(crate) fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_ref()
    }
}

/// How often a call was tried, with which waits, and why it was not tried again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    pub(crate) attempts: u32,
    pub(crate) waits: Vec<Duration>,
    pub(crate) stop: Option<Stop>,
}

impl fmt::Display for Tried {
    /// A line for each thing worth saying; nothing for a call that could only be tried once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts > 1 {
            write!(f, "\n  tried {} times", self.attempts)?;
            for (index, wait) in self.waits.iter().enumerate() {
                let before = if index == 0 { ", with waits of" } else { "," };
                write!(f, "{before} {:.1} s", wait.as_secs_f64())?;
            }
        }
        match self.stop.and_then(Stop::explained) {
            Some(why)
                if self.attempts > 1 || matches!(self.stop, Some(Stop::Unsafe | Stop::Budget | Stop::Deadline)) =>
            {
                write!(f, "\n  {why}")
            }
            _ => Ok(()),
        }
    }
}
