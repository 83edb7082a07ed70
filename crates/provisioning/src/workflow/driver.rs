//! One task on its way, and what it has in its hands.

use digicert_one_client::Client;
use digicert_one_identity::NewKey;

use super::Task;
use super::prepared::Places;
use super::session::Session;
use super::survey::Survey;
use crate::KeptSecret;

/// One task on its way.
pub(super) struct Driver<'a> {
    pub(super) session: Session<'a>,
    pub(super) task: Task,
    /// What was looked at in this process; old news in another.
    pub(super) survey: Option<Survey>,
    pub(super) places: Places,
    /// The private key of the attempt under way.
    pub(super) key: Option<NewKey>,
    /// The secret of the attempt under way.
    pub(super) secret: Option<KeptSecret>,
    /// A client that proves itself with the new one.
    pub(super) proved: Option<Client>,
    pub(super) resumed: bool,
    /// The attempts of this process.
    pub(super) tried: usize,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: Session<'a>, task: Task, resumed: bool) -> Self {
        Self {
            session,
            task,
            survey: None,
            places: Places::default(),
            key: None,
            secret: None,
            proved: None,
            resumed,
            tried: 0,
        }
    }
}
