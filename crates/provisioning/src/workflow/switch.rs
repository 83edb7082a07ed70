//! Those who use the one before are told of the new one, and waited for, before the one before is disabled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_client::Client;
use digicert_one_core::{BoxError, Clock};
use digicert_one_credentials::WatchingCredential;

use super::TaskKind;

/// How long one waits between two looks at a client.
const LOOK: Duration = Duration::from_millis(100);

/// Somebody who uses the credential that is being rotated.
///
/// Called when the new secret is kept and proved, and before the old one is disabled. It may be called again after a crash.
#[async_trait]
pub trait Switch: fmt::Debug + Send + Sync + 'static {
    /// What reports call it.
    fn name(&self) -> String;

    /// Uses the new one from now on, and returns when nothing new uses the old one any more. `clock` is for waits.
    ///
    /// # Errors
    /// It still uses the old one, which is then left enabled.
    async fn switch(&self, to: &Switching, clock: &Arc<dyn Clock>) -> Result<(), BoxError>;
}

/// What there is to switch to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Switching {
    /// Whether it is a token or a certificate.
    pub task: TaskKind,
    /// Where the new secret is, as a person calls it.
    pub place: String,
    /// The name of the new one on the platform.
    pub name: String,
    /// The id of the new one on the platform.
    pub id: Option<String>,
}

/// A client of this process with a credential that watches the sink.
///
/// Switching reads the source at once, has the client take the new generation, and waits until no transport of the old identity is
/// in use and no attempt is under way that could have begun before; the limit of an attempt bounds that wait.
///
/// ```no_run
/// # use digicert_one_client::Client;
/// # use digicert_one_credentials::WatchingCredential;
/// use digicert_one_provisioning::WatchedClient;
/// # fn example(client: Client, credential: WatchingCredential) {
/// let switch = WatchedClient::new(client, credential);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WatchedClient {
    client: Client,
    credential: WatchingCredential,
}

impl WatchedClient {
    /// This client, which was built with (a clone of) this credential.
    #[must_use]
    pub fn new(client: Client, credential: WatchingCredential) -> Self {
        Self { client, credential }
    }
}

#[async_trait]
impl Switch for WatchedClient {
    fn name(&self) -> String {
        "the client of this process".to_owned()
    }

    async fn switch(&self, _to: &Switching, clock: &Arc<dyn Clock>) -> Result<(), BoxError> {
        self.credential.reload().await?;
        // Puts what was read to use, as a call would.
        self.client.expiry().await?;
        let (read, live) = (self.credential.generation(), self.client.generation());
        if live < read {
            return Err("the client does not take the new generation: the proof that it asks for failed".into());
        }
        let since = clock.now();
        let limit = self.client.attempt_limit();
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
