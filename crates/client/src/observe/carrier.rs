//! The caller and host of the latest attempt, for the audit record.

use std::sync::Arc;

use digicert_one_core::{Fingerprint, Generation, Mode};

/// The caller and host of an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub(crate) host: Arc<str>,
    pub(crate) mode: Option<Mode>,
    pub(crate) caller: Option<Fingerprint>,
    pub(crate) certificate: Option<Fingerprint>,
    pub(crate) generation: Option<Generation>,
}
