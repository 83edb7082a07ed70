//! The state of one running task.

use digicert_one_client::Client;
use digicert_one_identity::NewKey;

use super::Task;
use super::checked_stores::CheckedStores;
use super::preflight::Preflight;
use super::session::Session;
use crate::StoredSecret;

/// One running task.
pub(super) struct Driver<'a> {
    pub(super) session: Session<'a>,
    pub(super) task: Task,
    /// The state found by this process; it may be outdated in another.
    pub(super) preflight: Option<Preflight>,
    pub(super) stores: CheckedStores,
    /// The private key of the current attempt.
    pub(super) key: Option<NewKey>,
    /// The secret of the current attempt.
    pub(super) secret: Option<StoredSecret>,
    /// A client that authenticates with the new credential.
    pub(super) verified: Option<Client>,
    pub(super) resumed: bool,
    /// The attempts of this process.
    pub(super) tried: usize,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: Session<'a>, task: Task, resumed: bool) -> Self {
        Self {
            session,
            task,
            preflight: None,
            stores: CheckedStores::default(),
            key: None,
            secret: None,
            verified: None,
            resumed,
            tried: 0,
        }
    }
}
