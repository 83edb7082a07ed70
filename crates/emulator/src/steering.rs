//! What is steered while the emulator runs: time, faults, limits, the shapes of errors. Who exists is the store's business.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use crate::clock::EmulatorClock;
use crate::error_shape::{ErrorShape, ErrorShapes};
use crate::fault::Fault;
use crate::faults::Faults;
use crate::limits::{Limits, RateLimit};
use crate::options::EmulatorOptions;

#[derive(Debug)]
pub(crate) struct Steering {
    pub(crate) clock: EmulatorClock,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    shapes: RwLock<ErrorShapes>,
    /// What it was at the start, and is again after a reset.
    start: Start,
}

#[derive(Debug)]
struct Start {
    fixed: Option<SystemTime>,
    rate_limit: Option<RateLimit>,
    shapes: Vec<(String, ErrorShape)>,
    faults: Vec<Fault>,
}

impl Steering {
    pub(crate) fn new(options: &EmulatorOptions) -> Self {
        let clock = options.steered_clock();
        let fixed = clock.is_fixed().then(|| clock.now());
        let steering = Steering {
            clock,
            faults: Faults::default(),
            limits: Limits::default(),
            shapes: RwLock::default(),
            start: Start {
                fixed,
                rate_limit: options.rate_limit,
                shapes: options.error_shapes.clone(),
                faults: options.faults.clone(),
            },
        };
        steering.apply_options();
        steering
    }

    /// Back to what the options said.
    pub(crate) fn reset(&self) {
        match self.start.fixed {
            Some(moment) => self.clock.fix(moment),
            None => self.clock.reset(),
        }
        self.faults.clear();
        self.limits.set_maintenance(None, self.clock.now());
        self.apply_options();
    }

    pub(crate) fn shapes(&self) -> RwLockReadGuard<'_, ErrorShapes> {
        self.shapes.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn shapes_mut(&self) -> RwLockWriteGuard<'_, ErrorShapes> {
        self.shapes.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_options(&self) {
        self.limits.set_limit(self.start.rate_limit);
        let mut shapes = self.shapes_mut();
        shapes.clear();
        for (prefix, shape) in &self.start.shapes {
            shapes.set(prefix.clone(), *shape);
        }
        for fault in &self.start.faults {
            self.faults.arm(fault.clone());
        }
    }
}
