//! Who made the latest attempt of a call, and where.

use std::sync::Arc;

use digicert_one_core::{Fingerprint, Generation, Mode};

/// What an audit record says of it.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub(crate) host: Arc<str>,
    pub(crate) mode: Option<Mode>,
    pub(crate) caller: Option<Fingerprint>,
    pub(crate) certificate: Option<Fingerprint>,
    pub(crate) generation: Option<Generation>,
}
