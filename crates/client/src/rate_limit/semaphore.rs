//! A semaphore of any executor whose waiters are served in the order in which they came (FIFO).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot::{Sender, channel};

#[derive(Debug)]
pub(super) struct Semaphore {
    permits: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Waiting for a permit; nothing is free while one waits.
    waiting: VecDeque<Sender<Permit>>,
}

/// Given back when it is dropped, unless it is empty.
#[derive(Debug)]
pub(super) struct Permit(Option<Arc<Semaphore>>);

impl Semaphore {
    pub(super) fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { permits, queue: Mutex::new(Queue { free: permits, waiting: VecDeque::new() }) })
    }

    /// How many permits are out.
    pub(super) fn taken(&self) -> usize {
        self.permits - self.lock().free
    }

    pub(super) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let mut queue = self.lock();
        queue.free = queue.free.checked_sub(1)?;
        Some(Permit(Some(Arc::clone(self))))
    }

    /// Takes its place in the queue when it is first polled, and leaves it when it is dropped.
    pub(super) async fn acquire(self: &Arc<Self>) -> Permit {
        loop {
            let receiver = {
                let mut queue = self.lock();
                if let Some(free) = queue.free.checked_sub(1) {
                    queue.free = free;
                    return Permit(Some(Arc::clone(self)));
                }
                // Waiters give up in order, too, mostly.
                while queue.waiting.front().is_some_and(Sender::is_canceled) {
                    queue.waiting.pop_front();
                }
                let (sender, receiver) = channel();
                queue.waiting.push_back(sender);
                receiver
            };
            // A sender is never dropped without a permit while its receiver is there.
            if let Ok(permit) = receiver.await {
                return permit;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        while let Some(semaphore) = self.0.take() {
            let waiter = {
                let mut queue = semaphore.lock();
                let Some(waiter) = queue.waiting.pop_front() else {
                    queue.free += 1;
                    return;
                };
                waiter
            };
            // Without the lock, since sending wakes the waiter. A waiter that has given up returns the permit, for the next one.
            if let Err(mut unwanted) = waiter.send(Self(Some(semaphore))) {
                self.0 = unwanted.0.take();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn permits_are_given_in_the_order_of_asking() {
        let semaphore = Semaphore::new(1);
        let held = semaphore.try_acquire().expect("free");
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        drop(held);
        assert!(semaphore.try_acquire().is_none(), "it belongs to the first waiter");
        assert!(waiting[1].as_mut().now_or_never().is_none() && waiting[2].as_mut().now_or_never().is_none());
        let first = waiting[0].as_mut().now_or_never().expect("the first");
        drop(first);
        assert!(waiting[2].as_mut().now_or_never().is_none());
        drop(waiting[1].as_mut().now_or_never().expect("the second"));
        drop(waiting[2].as_mut().now_or_never().expect("the third"));
        assert!(semaphore.try_acquire().is_some());
    }

    #[test]
    fn waiter_that_gives_up_loses_no_permit() {
        let semaphore = Semaphore::new(1);
        let held = semaphore.try_acquire().expect("free");
        // Enough to overflow the stack if each were a call within another.
        let mut many: Vec<_> = (0..100_000).map(|_| Box::pin(semaphore.acquire())).collect();
        many.iter_mut().for_each(|one| assert!(one.now_or_never().is_none()));
        let mut last = Box::pin(semaphore.acquire());
        assert!(last.as_mut().now_or_never().is_none());
        drop(many);
        drop(held);
        // Given to the last, which gives up before it takes it.
        drop(last);
        assert!(semaphore.try_acquire().is_some());
    }

    #[test]
    fn waiters_that_gave_up_do_not_add_up() {
        let semaphore = Semaphore::new(1);
        let _held = semaphore.try_acquire().expect("free");
        for _ in 0..1000 {
            assert!(semaphore.acquire().now_or_never().is_none());
        }
        assert!(semaphore.lock().waiting.len() <= 1);
    }

    #[test]
    fn permit_given_back_on_another_thread_wakes_the_waiter() {
        let semaphore = Semaphore::new(2);
        let held = [semaphore.try_acquire(), semaphore.try_acquire()].map(|permit| permit.expect("free"));
        let thread = std::thread::spawn(move || drop(held));
        let _permits =
            [futures_executor::block_on(semaphore.acquire()), futures_executor::block_on(semaphore.acquire())];
        thread.join().expect("no panic");
        assert!(semaphore.try_acquire().is_none());
    }
}
