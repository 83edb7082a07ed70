//! Notifies the consumers of the previous credential, and waits for them, before that credential is disabled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_client::Client;
use digicert_one_core::{BoxError, Clock};
use digicert_one_credentials::WatchingCredential;

use super::TaskKind;

/// The delay between two checks of a client.
const LOOK: Duration = Duration::from_millis(100);

/// A consumer of the credential that is rotated.
///
/// Called when the new secret is stored and verified, and before the previous one is disabled. May be called
/// again after a crash.
#[async_trait]
pub trait CredentialConsumer: fmt::Debug + Send + Sync + 'static {
    /// Returns the name used in reports.
    fn name(&self) -> String;

    /// Switches to the new credential, and returns when nothing new uses the previous one. `clock` is for delays.
    ///
    /// # Errors
    /// Returns an error if it still uses the previous one, which is then left enabled.
    async fn switch(&self, to: &CredentialChange, clock: &Arc<dyn Clock>) -> Result<(), BoxError>;
}

/// The new credential to switch to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialChange {
    /// Whether it is a token or a certificate.
    pub task: TaskKind,
    /// Where the new secret is, in readable form.
    pub place: String,
    /// The name of the new credential on the platform.
    pub name: String,
    /// The id of the new credential on the platform.
    pub id: Option<String>,
}

/// Returns a client of this process as a consumer. It was built with (a clone of) this credential, which watches the
/// store.
///
/// Switching reads the source at once, makes the client use the new generation, and waits until no transport
/// of the old identity is in use and no earlier attempt is in flight; the timeout of an attempt bounds that
/// wait.
///
/// ```no_run
/// # use digicert_one_client::Client;
/// # use digicert_one_credentials::WatchingCredential;
/// use digicert_one_provisioning::watched_client;
/// # fn example(client: Client, credential: WatchingCredential) {
/// let switch = watched_client(client, credential);
/// # }
/// ```
#[must_use]
pub fn watched_client(client: Client, credential: WatchingCredential) -> impl CredentialConsumer + Clone {
    WatchedClient { client, credential }
}

#[derive(Clone, Debug)]
struct WatchedClient {
    client: Client,
    credential: WatchingCredential,
}

#[async_trait]
impl CredentialConsumer for WatchedClient {
    fn name(&self) -> String {
        "the client of this process".to_owned()
    }

    async fn switch(&self, _to: &CredentialChange, clock: &Arc<dyn Clock>) -> Result<(), BoxError> {
        self.credential.reload().await?;
        // Puts the new reading to use, as a call does.
        self.client.expiry().await?;
        let (read, live) = (self.credential.generation(), self.client.generation());
        if live < read {
            return Err("the client does not use the new generation: its verification failed".into());
        }
        let since = clock.now();
        let limit = self.client.attempt_timeout();
        loop {
            let waited = clock.now().duration_since(since).unwrap_or_default();
            let over = self.client.in_flight() == 0 || waited >= limit;
            if over && (self.client.draining() == 0 || waited >= limit) {
                return Ok(());
            }
            clock.sleep(LOOK).await;
        }
    }
}
