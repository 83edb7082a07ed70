//! Steering a running emulator: time, faults, limits, maintenance, the server certificate.

use std::io;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use digicert_one_testbed::{Front, ServerSpec, Validity};

use crate::clock::EmulatorClock;
use crate::error::EmulatorError;
use crate::error_shape::ErrorShape;
use crate::fault::Fault;
use crate::faults::{FaultId, FaultState};
use crate::last_day::DAY;
use crate::limits::{Maintenance, RateLimit};
use crate::state::State;
use crate::steering::Steering;
use crate::store::Store;
use crate::words::debug_only;

/// Controls a running emulator. Clones control the same one; they do not keep it alive.
///
/// ```
/// use std::time::Duration;
///
/// use digicert_one_emulator::{Emulator, EmulatorOptions, Fault, RateLimit, RetryAfter};
///
/// let emulator = Emulator::start_blocking(EmulatorOptions::default())?;
/// let control = emulator.control();
/// control.clock().advance(Duration::from_secs(24 * 60 * 60));
/// control.fault(Fault::too_many_requests(RetryAfter::seconds(1)).next(3));
/// control.limit(RateLimit::new(10, Duration::from_secs(1)));
/// control.reset()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Control {
    pub(super) steering: Arc<Steering>,
    pub(super) store: Arc<Store>,
    fronts: Weak<Fronts>,
    pub(super) start: Arc<State>,
}

#[derive(Debug)]
pub(crate) struct Fronts {
    pub(crate) platform: Front,
    pub(crate) client_auth: Front,
    /// What their certificates are valid for.
    pub(crate) names: Vec<String>,
}

/// Why an emulator cannot be steered so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The emulator has been dropped.
    #[error("the emulator that this handle steers is gone")]
    Gone,
    /// Unknown user name or id.
    #[error("unknown service user {0:?}; GET /state of the control API lists them")]
    NoSuchUser(String),
    /// The user (the first) has no item of this kind (the second) with this id, name or index.
    #[error("service user {0:?} has no {1} {2:?}; GET /state of the control API lists what it has")]
    NoSuchCredential(String, &'static str, String),
    /// The state file cannot be written, so nothing was changed.
    #[error("{0}")]
    NotKept(String),
    /// No state file is configured.
    #[error("the emulator was started without a state file; start it with one to save its state")]
    NoStateFile,
    /// The state file cannot be written.
    #[error(transparent)]
    Save(Box<EmulatorError>),
    /// The TLS stack refused the new server certificate.
    #[error("the listeners refuse the new server certificate: {0}")]
    Certificate(#[from] io::Error),
}

impl Control {
    /// Must be created before the state can be changed.
    pub(crate) fn new(steering: Arc<Steering>, store: Arc<Store>, fronts: &Arc<Fronts>) -> Self {
        let start = Arc::new(store.read(State::clone));
        Control { steering, store, fronts: Arc::downgrade(fronts), start }
    }

    /// The emulator's clock, to be moved, set and stopped.
    pub fn clock(&self) -> &EmulatorClock {
        &self.steering.clock
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.steering.faults.arm(fault)
    }

    /// Returns the armed faults, including those that are used up.
    pub fn faults(&self) -> Vec<FaultState> {
        self.steering.faults.states()
    }

    /// Releases all calls that [`FaultKind::Hold`](crate::FaultKind::Hold) holds, and later ones. `false` if
    /// the fault does not exist.
    pub fn release_fault(&self, id: FaultId) -> bool {
        self.steering.faults.release(id)
    }

    /// Removes a fault and releases what it holds. `false` if it does not exist.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.steering.faults.remove(id)
    }

    /// Removes all faults and releases what they hold.
    pub fn clear_faults(&self) {
        self.steering.faults.clear();
    }

    /// Limits the calls of each credential from now on, or removes the limit; previous counts are reset.
    pub fn limit(&self, limit: impl Into<Option<RateLimit>>) {
        self.steering.limits.set_limit(limit.into());
    }

    /// Begins maintenance, in which every call gets 503, or ends it.
    pub fn maintenance(&self, maintenance: impl Into<Option<Maintenance>>) {
        self.steering.limits.set_maintenance(maintenance.into(), self.clock().now());
    }

    /// Sets the shape of errors for paths that begin with these segments, such as `/account`.
    pub fn error_shape(&self, prefix: impl Into<String>, shape: ErrorShape) {
        self.steering.shapes_mut().set(prefix.into(), shape);
    }

    /// Leaves errors in the shape of their product again.
    pub fn native_error_shapes(&self) {
        self.steering.shapes_mut().clear();
    }

    /// Gives both listeners a new certificate that expires at this moment of the system's time, which clients
    /// check it against: soon, or long ago. Open connections keep theirs; sessions are not resumed.
    pub fn end_server_certificate(&self, moment: SystemTime) -> Result<(), ControlError> {
        // It must be valid before it expires, however long ago that is.
        let begin = SystemTime::now().min(moment).checked_sub(DAY).unwrap_or(SystemTime::UNIX_EPOCH);
        self.replace_server_certificate(Validity::Between(begin, moment))
    }

    /// Gives both listeners a certificate that is valid for a year.
    pub fn renew_server_certificate(&self) -> Result<(), ControlError> {
        self.replace_server_certificate(Validity::Valid)
    }

    /// Clears all observations.
    pub fn forget_observed(&self) {
        self.store.observed().clear();
    }

    fn replace_server_certificate(&self, validity: Validity) -> Result<(), ControlError> {
        let fronts = self.fronts.upgrade().ok_or(ControlError::Gone)?;
        let server =
            self.store.pki.server_with(ServerSpec { names: fronts.names.clone(), validity, ..ServerSpec::default() });
        fronts.platform.replace_certificate(server.clone())?;
        fronts.client_auth.replace_certificate(server)?;
        Ok(())
    }
}

debug_only! { Control { steering } }
