//! One caller in this process: its queue, the permits that are in stock, its requests in flight, and its schedule while Redis is unavailable.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_lock::Semaphore;
use digicert_one_core::Clock;

use crate::keys::Keys;
use crate::limits::MOST_PERMITS;
use crate::schedule::Schedule;

/// After a longer delay, the process asks whether its permit is still valid.
const STALE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) keys: Keys,
    /// Held by the call at the head of the queue.
    pub(crate) head: Semaphore,
    clock: Arc<dyn Clock>,
    queued: AtomicUsize,
    local: Mutex<Local>,
}

#[derive(Debug, Default)]
struct Local {
    stock: Option<Stock>,
    /// Requests in flight, and how many of them Redis has granted.
    used: u32,
    slots: u32,
    away: Schedule,
    /// Permits taken since `since`, and in the interval before.
    since: Option<SystemTime>,
    taken: u32,
    taken_before: u32,
}

/// Permits that were granted.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    pub(crate) count: u32,
    pub(crate) from: SystemTime,
    pub(crate) until: SystemTime,
    /// Of the grant; `None` if this process granted it to itself.
    pub(crate) epoch: Option<String>,
    /// Whether the permit was far away when it was granted, so that a 429 may have made it void.
    pub(crate) stale: bool,
}

impl Stock {
    pub(crate) fn new(count: u32, now: SystemTime, wait: Duration, grace: Duration, epoch: Option<String>) -> Self {
        let from = now + wait;
        let stale = epoch.is_some() && wait >= STALE;
        Self { count, from, until: from + grace, epoch, stale }
    }
}

/// What the call at the head of the queue does next.
pub(crate) enum Next {
    /// It may be sent.
    Go(Slot),
    Wait(Duration),
    /// Ask whether this epoch still holds.
    Confirm(String),
    /// Ask for permits.
    Ask,
}

impl Caller {
    pub(crate) fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock, head: Semaphore::new(1), queued: AtomicUsize::new(0), local: Mutex::default() }
    }

    /// Takes a permit from the stock, unless calls are queued.
    pub(crate) fn take_now(self: &Arc<Self>, now: SystemTime) -> Option<Slot> {
        if self.queued() > 0 {
            return None;
        }
        match self.next(now) {
            Next::Go(slot) => Some(slot),
            _ => None,
        }
    }

    /// Decides for the call at the head of the queue.
    pub(crate) fn next(self: &Arc<Self>, now: SystemTime) -> Next {
        let mut local = self.local();
        let local = &mut *local;
        let Some(stock) = &mut local.stock else { return Next::Ask };
        if stock.count == 0 || now > stock.until {
            local.stock = None;
            return Next::Ask;
        }
        if let Ok(wait) = stock.from.duration_since(now)
            && !wait.is_zero()
        {
            return Next::Wait(wait);
        }
        if let (true, Some(epoch)) = (stock.stale, &stock.epoch) {
            return Next::Confirm(epoch.clone());
        }
        if local.used >= local.slots {
            return Next::Ask;
        }
        stock.count -= 1;
        local.used += 1;
        local.taken += 1;
        Next::Go(Slot { caller: Arc::clone(self) })
    }

    /// Takes over permits that were granted, and how many requests may be in flight.
    pub(crate) fn stock(&self, stock: Stock, slots: u32) {
        let mut local = self.local();
        local.slots = slots;
        if stock.count > 0 {
            local.stock = Some(stock);
        }
    }

    /// The permit is still valid, or not.
    pub(crate) fn confirmed(&self, valid: bool) {
        let mut local = self.local();
        match &mut local.stock {
            Some(stock) if valid => stock.stale = false,
            _ => local.stock = None,
        }
    }

    /// Drops the stock: the platform has throttled.
    pub(crate) fn void(&self) {
        self.local().stock = None;
    }

    /// How many permits to ask for: those of the queue, and with those of the last interval.
    pub(crate) fn demand(&self, now: SystemTime, interval: Duration, most: u32) -> (u32, u32) {
        let need = u32::try_from(self.queued()).unwrap_or(u32::MAX).clamp(1, most.min(MOST_PERMITS));
        let mut local = self.local();
        let since = *local.since.get_or_insert(now);
        let passed = now.duration_since(since).unwrap_or_default();
        if passed >= interval {
            local.taken_before = if passed < interval * 3 { local.taken } else { 0 };
            (local.since, local.taken) = (Some(now), 0);
        }
        (need, need.max(local.taken.max(local.taken_before)).min(most))
    }

    pub(crate) fn used(&self) -> u32 {
        self.local().used
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Redis no longer counts requests in flight of this process.
    pub(crate) fn released(&self) {
        let mut local = self.local();
        if local.used == 0 {
            local.slots = 0;
        }
    }

    /// Whether Redis counts more requests in flight than there are.
    pub(crate) fn holds_idle_slots(&self) -> bool {
        let local = self.local();
        local.used == 0 && local.slots > 0
    }

    /// Works on the schedule that is used while Redis is unavailable.
    pub(crate) fn away<T>(&self, work: impl FnOnce(&mut Schedule) -> T) -> T {
        work(&mut self.local().away)
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.load(Ordering::Acquire)
    }

    /// Counts a call as queued until it is dropped.
    pub(crate) fn queue(&self) -> Queued<'_> {
        self.queued.fetch_add(1, Ordering::AcqRel);
        Queued(&self.queued)
    }

    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Queued<'a>(&'a AtomicUsize);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One request in flight.
#[derive(Debug)]
pub(crate) struct Slot {
    caller: Arc<Caller>,
}

impl Slot {
    pub(crate) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut local = self.caller.local();
        local.used = local.used.saturating_sub(1);
    }
}
