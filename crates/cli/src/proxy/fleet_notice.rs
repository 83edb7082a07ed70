//! The notices of a fleet: another machine has rotated the credential, and this proxy reloads it at once.

use std::convert::Infallible;

use digicert_one::Client;

use super::log::Log;
use crate::connection::SharedRedis;

/// Calls `reload` after each notice. A lost notice does no harm: the proxy also watches the source of its credential.
#[cfg(feature = "redis")]
pub(super) async fn follow(
    redis: SharedRedis,
    name: Option<String>,
    client: &Client,
    log: Log,
    reload: impl AsyncFn(),
) -> Infallible {
    use std::sync::Arc;
    use std::time::Duration;

    use digicert_one::core::Clock;
    use digicert_one::{Error, SystemClock};
    use serde_json::json;

    use crate::fleet_rotation::FleetRotation;

    /// Until the platform is asked again for the id of the user, by which the notices are named.
    const AGAIN: Duration = Duration::from_secs(60);

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let fleet = FleetRotation::new(client.clone(), redis, name);
    let unnamed = |error: &Error| {
        let text = format!("no notices of other machines yet: {error}");
        log.event("notices_unavailable", &text, json!({ "text": error.to_string() }));
    };
    let notice = loop {
        match fleet.notice().await {
            Ok(notice) => break notice,
            Err(error) => unnamed(&error),
        }
        clock.sleep(AGAIN).await;
    };
    let mut notices = notice.watch();
    loop {
        notices.changed(&clock).await;
        log.event("notice", "a rotation was announced: reloading the credential", json!({}));
        reload().await;
    }
}

/// Never called: without the feature `redis`, no Redis can be named.
#[cfg(not(feature = "redis"))]
pub(super) async fn follow(
    redis: SharedRedis,
    _name: Option<String>,
    _client: &Client,
    _log: Log,
    _reload: impl AsyncFn(),
) -> Infallible {
    match redis {}
}
