//! Answers that a test gives a scripted server while it runs: each request is met by the next of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::raw::Script;

type Answer = Box<dyn FnOnce(u32) -> Script + Send>;

/// What a scripted server answers, request after request, see [`Step::Answer`](crate::Step::Answer). Clones are one list.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<VecDeque<Answer>>>);

impl Answers {
    /// Adds an answer: the steps for a request on this stream of HTTP/2, or on 0 over HTTP/1.1.
    pub fn push(&self, answer: impl FnOnce(u32) -> Script + Send + 'static) {
        self.lock().push_back(Box::new(answer));
    }

    /// Takes back what no request has asked for, and says how many answers these were.
    pub fn clear(&self) -> usize {
        self.lock().drain(..).count()
    }

    pub(crate) fn next(&self, stream: u32) -> Option<Script> {
        let answer = self.lock().pop_front();
        answer.map(|answer| answer(stream))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("left", &self.lock().len()).finish()
    }
}
