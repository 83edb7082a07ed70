//! What all clones of a CSC client share.

use std::time::Duration;

use digicert_one_client::Client;
use digicert_one_core::Origin;

use crate::discovery::Discovery;
use crate::session::Session;

pub(crate) struct Inner {
    /// The engine. It has no credential: each call brings its proof.
    pub(crate) client: Client,
    pub(crate) platform: Origin,
    /// Where the calls of CSC stand, without a slash at the end.
    pub(crate) base: String,
    pub(crate) session: Session,
    pub(crate) discovery: Discovery,
    /// The limit of one attempt, of a whole call, and of one that a human being may have to approve.
    pub(crate) attempt_limit: Duration,
    pub(crate) deadline: Duration,
    pub(crate) approval: Duration,
}
