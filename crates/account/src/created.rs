//! The result of the calls that create an API key.

use digicert_one_core::Secret;

use crate::{ApiToken, User};

/// A newly created service user or API token, with the only copy of its API key.
///
/// Store the key first: it cannot be retrieved again.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedKey {
    /// The service user, if one was created and the response has its id. Otherwise its name identifies it in the list.
    pub user: Option<User>,
    /// The API token, if it is in the response. Otherwise its name identifies it in the list.
    pub token: Option<ApiToken>,
    /// The secret of the token.
    pub api_key: Secret,
}
