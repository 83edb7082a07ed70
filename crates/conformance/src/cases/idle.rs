//! POOL, continued: what the idle limit counts. A connection is idle between calls, and only then.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Clock as _, Timeouts, TransportConfig};
use digicert_one_testbed::{Front, FrontOptions, handler};
use futures_util::future::{join, join_all};
use http::{Request, Response};

use crate::setting::{Setting, Settings};
use crate::world::{HOST, World, certificate, collect, get, up};

/// A stack may count in whole seconds.
const IDLE: Duration = Duration::from_secs(2);
/// Between two calls, a fraction of the limit; the calls together take longer than the limit and a second.
const PAUSE: Duration = Duration::from_millis(600);
const PAUSES: usize = 6;
/// How often a machine that is busy may take longer than the limit for a pause.
const TRIES: usize = 3;
/// Longer than the limit.
const SLOW: Duration = Duration::from_millis(2500);

pub(crate) async fn pool_40_the_idle_limit_counts_from_the_last_use(world: World) {
    let settings = Settings::ALL.pairwise().chosen(&world);
    join_all(settings.into_iter().map(|setting| {
        let world = &world;
        async move { join(stays_while_used(world, setting), outlasts_the_limit(world, setting)).await }
    }))
    .await;
}

fn config(world: &World, setting: Setting, front: &Front) -> (TransportConfig, Option<impl Sized>) {
    let proxy = setting.proxy(front.addr());
    let limits = Timeouts::new().with_pool_idle(IDLE);
    (setting.config(world.config().with_timeouts(limits), &certificate(), proxy.as_ref()), proxy)
}

/// Responds to `/slow` after a delay.
fn slow_front(setting: Setting) -> Front {
    let respond = handler(|request: Request<Bytes>, _peer| async move {
        if request.uri().path() == "/slow" {
            SystemClock::new().sleep(SLOW).await;
        }
        Response::new(Bytes::from_static(b"{}"))
    });
    up(Front::start(setting.server(FrontOptions::default()), respond))
}

/// The connections of the requests, without those that follow each other.
fn carriers(front: &Front) -> Vec<u64> {
    let mut used: Vec<_> = front.ledger().requests().iter().map(|one| one.connection).collect();
    used.dedup();
    used
}

/// Whether each request had a connection of its own, which is a matter of POOL-01.
fn keeps_no_pool(front: &Front) -> bool {
    let ledger = front.ledger();
    ledger.connections().len() == ledger.requests().len()
}

async fn stays_while_used(world: &World, setting: Setting) {
    let mut used = Vec::new();
    for _ in 0..TRIES {
        let front = slow_front(setting);
        let (config, _proxy) = config(world, setting, &front);
        let transport = world.transport(&config);
        for _ in 0..=PAUSES {
            collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
            SystemClock::new().sleep(PAUSE).await;
        }
        used = carriers(&front);
        if used.len() == 1 || keeps_no_pool(&front) {
            return;
        }
    }
    panic!(
        "it was closed though it was in use: a call every {PAUSE:?}, a limit of {IDLE:?}, connections {used:?}, {setting}"
    );
}

/// A call may take longer than the idle limit.
async fn outlasts_the_limit(world: &World, setting: Setting) {
    let mut used = Vec::new();
    for _ in 0..TRIES {
        let front = slow_front(setting);
        let (config, _proxy) = config(world, setting, &front);
        let transport = world.transport(&config);
        for path in ["/", "/slow", "/"] {
            let outcome = transport.send(get(format!("{}{path}", front.url(HOST)))).await;
            let exchange = outcome.unwrap_or_else(|error| panic!("the idle limit ended {path}, {setting}: {error:?}"));
            collect(exchange).await.unwrap_or_else(|error| panic!("a body of {path}, {setting}: {error:?}"));
        }
        used = carriers(&front);
        // A pool may count from the moment in which a shared connection was last handed out.
        if used.len() == 1 || setting.http2 || keeps_no_pool(&front) {
            return;
        }
    }
    panic!("it was closed after a call that took longer than the limit of {IDLE:?}: connections {used:?}, {setting}");
}
