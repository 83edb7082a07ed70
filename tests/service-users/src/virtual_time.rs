//! Virtual time. Actors run at once; only when all of them sleep, the clock moves to the end of the shortest
//! sleep. So no time passes while one of them waits for the network or a disk, however slow the machine is,
//! and years pass in seconds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use digicert_one_core::Clock;
use digicert_one_emulator::EmulatorClock;

tokio::task_local! {
    static ACTOR: usize;
}

/// The time of an emulator and of all actors. Clones are the same.
#[derive(Clone)]
pub struct VirtualTime(Arc<Shared>);

struct Shared {
    clock: EmulatorClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The active actors.
    actors: Vec<usize>,
    sleepers: Vec<Sleeper>,
    next: usize,
    jumps: usize,
}

struct Sleeper {
    id: usize,
    /// No actor: a limit, for which time does not move.
    actor: Option<usize>,
    end: SystemTime,
    waker: Waker,
}

impl VirtualTime {
    /// A time that starts here and stands still until an actor sleeps.
    #[must_use]
    pub fn starting(at: SystemTime) -> Self {
        Self(Arc::new(Shared { clock: EmulatorClock::fixed(at), state: Mutex::default() }))
    }

    /// The same time for an emulator.
    #[must_use]
    pub fn emulator_clock(&self) -> &EmulatorClock {
        &self.0.clock
    }

    /// How often the clock was moved.
    #[must_use]
    pub fn jumps(&self) -> usize {
        self.lock().jumps
    }

    /// Adds an actor. Call it for all of them before the first is polled.
    pub fn actor<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.actors.push(id);
        drop(state);
        let leaving = Leaving { time: self.clone(), id };
        ACTOR.scope(id, async move {
            let output = work.await;
            drop(leaving);
            output
        })
    }

    /// Moves the clock although not all sleep: if one waits for another that sleeps.
    pub fn force(&self) {
        let state = self.lock();
        let next = state.sleepers.iter().filter(|sleeper| sleeper.actor.is_some()).map(|sleeper| sleeper.end).min();
        if let Some(next) = next.filter(|next| *next > self.0.clock.now()) {
            self.0.clock.fix(next);
        }
        state.sleepers.iter().for_each(|sleeper| sleeper.waker.wake_by_ref());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock if all actors sleep, and wakes those whose time has come.
    fn jump(&self, state: &mut State) {
        let sleeps = |actor: &usize| state.sleepers.iter().any(|sleeper| sleeper.actor.as_ref() == Some(actor));
        if state.actors.is_empty() || !state.actors.iter().all(sleeps) {
            return;
        }
        let next = state.sleepers.iter().filter(|sleeper| sleeper.actor.is_some()).map(|sleeper| sleeper.end).min();
        let Some(next) = next else { return };
        if next > self.0.clock.now() {
            self.0.clock.fix(next);
            state.jumps += 1;
        }
        let now = self.0.clock.now();
        state.sleepers.iter().filter(|sleeper| sleeper.end <= now).for_each(|sleeper| sleeper.waker.wake_by_ref());
    }

    fn until(&self, duration: Duration, is_wait: bool) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let end = self.now().checked_add(duration);
        let actor = if is_wait { ACTOR.try_with(|id| *id).ok() } else { None };
        let id = {
            let mut state = self.lock();
            state.next += 1;
            state.next
        };
        Box::pin(Sleeping { time: self.clone(), id, actor, end })
    }
}

impl Clock for VirtualTime {
    fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.until(duration, true)
    }

    fn limit(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.until(duration, false)
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime").field("clock", &self.0.clock).finish_non_exhaustive()
    }
}

struct Leaving {
    time: VirtualTime,
    id: usize,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut state = self.time.lock();
        state.actors.retain(|actor| *actor != self.id);
        self.time.jump(&mut state);
    }
}

struct Sleeping {
    time: VirtualTime,
    id: usize,
    actor: Option<usize>,
    end: Option<SystemTime>,
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // A wait beyond all time never ends.
        let Some(end) = self.end else { return Poll::Pending };
        let mut state = self.time.lock();
        state.sleepers.retain(|sleeper| sleeper.id != self.id);
        if self.time.now() >= end {
            return Poll::Ready(());
        }
        state.sleepers.push(Sleeper { id: self.id, actor: self.actor, end, waker: context.waker().clone() });
        self.time.jump(&mut state);
        if self.time.now() < end {
            return Poll::Pending;
        }
        state.sleepers.retain(|sleeper| sleeper.id != self.id);
        Poll::Ready(())
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.time.lock().sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    #[tokio::test]
    async fn time_moves_only_when_all_sleep() {
        let time = VirtualTime::starting(START);
        let at = |seconds| START + Duration::from_secs(seconds);
        let quick = time.actor(async {
            time.sleep(Duration::from_secs(10)).await;
            let first = time.now();
            // Real work: no other actor's time moves meanwhile.
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(time.now(), first);
            time.sleep(Duration::from_secs(60)).await;
            (first, time.now())
        });
        let slow = time.actor(async {
            time.sleep(Duration::from_secs(30)).await;
            time.now()
        });
        let ((first, last), slow) = futures_util::future::join(quick, slow).await;
        assert_eq!((first, slow, last), (at(10), at(30), at(70)));
        assert_eq!(time.jumps(), 3);
    }

    #[tokio::test]
    async fn limit_does_not_move_the_clock_and_ends_in_time() {
        let time = VirtualTime::starting(START);
        let limit = time.limit(Duration::from_secs(20));
        let actor = time.actor(async {
            time.sleep(Duration::from_secs(60)).await;
        });
        futures_util::future::join(limit, actor).await;
        assert_eq!((time.now(), time.jumps()), (START + Duration::from_secs(60), 1));
    }
}
