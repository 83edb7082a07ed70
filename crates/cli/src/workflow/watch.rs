//! What is known of a task while it runs: the steps that are shown, whether something was begun, and whether it is to stop.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use digicert_one::provisioning::{ProgressEvent, TaskStep};

use crate::output::Output;

/// Shared with the workflow that it watches.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    output: Output,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    step: Option<TaskStep>,
    /// Whether the journal has a task that has not ended.
    begun: bool,
    stop: bool,
}

impl Watch {
    pub(super) fn new(output: Output, begun: bool) -> Self {
        Self { output, state: Arc::new(Mutex::new(State { begun, ..State::default() })) }
    }

    /// Stops at the next step.
    pub(super) fn stop(&self) {
        self.state().stop = true;
    }

    pub(super) fn begun(&self) -> bool {
        self.state().begun
    }

    /// The step that is under way, or was the last.
    pub(super) fn step(&self) -> Option<TaskStep> {
        self.state().step
    }

    /// Whether the step that is under way does nothing but wait.
    pub(super) fn only_waits(&self) -> bool {
        matches!(self.step(), Some(TaskStep::Lock | TaskStep::Grace | TaskStep::Switch))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the step, shows it, and ends the workflow if it is to stop.
    pub(super) fn at(&self, moment: &ProgressEvent) -> ControlFlow<()> {
        let mut state = self.state();
        state.step = Some(moment.step);
        match (moment.step, moment.done) {
            (TaskStep::Begin, true) => state.begun = true,
            (TaskStep::Finish, true) => state.begun = false,
            _ => {}
        }
        if !moment.done {
            let gap = if moment.detail.is_empty() { "" } else { ": " };
            self.output.progress(&format!("{}{gap}{}", moment.step, moment.detail));
        }
        // The last one is not worth stopping at.
        if state.stop && moment.step != TaskStep::Finish { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
