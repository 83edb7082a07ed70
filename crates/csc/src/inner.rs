//! The state that all clones of a CSC client share.

use std::time::Duration;

use digicert_one_client::Client;
use digicert_one_core::Origin;

use crate::discovery::Discovery;
use crate::session::Session;

pub(crate) struct Inner {
    /// The engine. It has no credential: each call has its authoriser.
    pub(crate) client: Client,
    pub(crate) platform: Origin,
    /// The base path of CSC, without a trailing slash.
    pub(crate) base: String,
    pub(crate) session: Session,
    pub(crate) discovery: Discovery,
    /// The time limit of one attempt, of a whole call, and of a call that a signer may have to approve.
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) approval: Duration,
}
