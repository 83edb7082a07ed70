//! Random faults between the emulator and its callers over the days, from a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use digicert_one_emulator::{Control, ErrorShape, Fault, Maintenance, RetryAfter, StatusCode};
use fastrand::Rng;
use http::Method;

/// Bad weather.
#[derive(Debug)]
pub struct Weather {
    random: Rng,
    control: Control,
    seen: BTreeMap<&'static str, usize>,
}

impl Weather {
    /// Weather over this emulator.
    #[must_use]
    pub fn new(seed: u64, control: Control) -> Self {
        Self { random: Rng::with_seed(seed), control, seen: BTreeMap::new() }
    }

    /// How long the current state lasts.
    pub fn pause(&mut self) -> Duration {
        Duration::from_secs(self.random.u64(600..18 * 3600))
    }

    /// Adds a fault for some of the next calls.
    pub fn change(&mut self) {
        for fault in self.control.faults().into_iter().filter(|fault| fault.left == Some(0)) {
            self.control.remove_fault(fault.id);
        }
        let random = &mut self.random;
        let retry_after = match random.u8(0..3) {
            0 => RetryAfter::absent(),
            1 => RetryAfter::date(Duration::from_secs(random.u64(1..40))),
            _ => RetryAfter::seconds(random.u64(1..40)),
        };
        let (name, fault) = match random.u8(0..11) {
            0 => ("429 storm", Fault::too_many_requests(retry_after).next(random.u64(1..9))),
            1 => ("503", Fault::unavailable(retry_after).next(random.u64(1..5))),
            2 => ("reset before the work", Fault::reset().next(random.u64(1..3))),
            3 => ("reset after the work", Fault::reset().after_work().next(random.u64(1..3))),
            4 => ("body cut", Fault::cut(random.usize(0..60)).next(random.u64(1..3))),
            5 => ("delay", Fault::delay(Duration::from_millis(1)).next(3)),
            6 => ("wrong Date", Fault::wrong_date(random.i64(-200..200)).next(random.u64(1..9))),
            7 => ("page of a firewall", Fault::html_page(StatusCode::SERVICE_UNAVAILABLE).next(1)),
            8 => {
                let fault = Fault::error(StatusCode::INTERNAL_SERVER_ERROR, ErrorShape::Errors);
                ("500", fault.next(random.u64(1..3)))
            }
            // It waits for a change, so that one of them is enough.
            9 if !self.control.faults().iter().any(|fault| fault.fault.method.is_some()) => {
                ("reset after a change", Fault::reset().after_work().method(Method::POST).next(1))
            }
            _ => {
                let minutes = random.u64(1..30);
                let maintenance = Maintenance::new(RetryAfter::seconds(60));
                self.control.maintenance(maintenance.ending_in(Duration::from_secs(60 * minutes)));
                *self.seen.entry("maintenance").or_default() += 1;
                return;
            }
        };
        self.control.fault(fault);
        *self.seen.entry(name).or_default() += 1;
    }

    /// Removes all faults; returns them by name.
    pub fn end(self) -> BTreeMap<&'static str, usize> {
        self.control.clear_faults();
        self.control.maintenance(None);
        self.seen
    }
}
