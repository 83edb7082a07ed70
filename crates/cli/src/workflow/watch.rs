//! The state of a task while it runs: the steps that are shown, whether something was begun, and whether it is to stop.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use digicert_one::provisioning::{ProgressEvent, TaskStep};

use crate::output::Output;

/// Shared with the workflow that it watches.
#[derive(Clone, Debug)]
pub(super) struct TaskWatch {
    output: Output,
    state: Arc<Mutex<State>>,
    /// Files that must be free before something is created.
    free: Arc<[PathBuf]>,
}

#[derive(Debug, Default)]
struct State {
    step: Option<TaskStep>,
    /// Whether the journal has a task that has not ended.
    begun: bool,
    stop: bool,
    /// A file with a credential that a new one would replace.
    taken: Option<PathBuf>,
}

impl TaskWatch {
    pub(super) fn new(output: Output, begun: bool, free: Vec<PathBuf>) -> Self {
        Self { output, state: Arc::new(Mutex::new(State { begun, ..State::default() })), free: free.into() }
    }

    /// A file that must be free and is not, now.
    pub(super) fn occupied(&self) -> Option<PathBuf> {
        let holds_something =
            |path: &&PathBuf| std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0);
        self.free.iter().find(holds_something).cloned()
    }

    /// The file for which the task was stopped before it began.
    pub(super) fn taken(&self) -> Option<PathBuf> {
        self.state().taken.clone()
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
        // By now it is known that no interrupted task is to be resumed, and nothing has begun.
        let taken = if moment.step == TaskStep::Prepare && !moment.done { self.occupied() } else { None };
        let mut state = self.state();
        if taken.is_some() {
            state.taken = taken;
            return ControlFlow::Break(());
        }
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
