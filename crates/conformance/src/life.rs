//! The life of a transport before the calls that a case judges: a clause holds for a new transport, after
//! responses of success and of failure, after calls that were lost or dropped, and beside another transport.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::Transport;
use digicert_one_testbed::{
    ConnectProxy, Ending, Front, FrontOptions, Handler, Ledger, Pki, Snapshot, handler, refused_addr,
};
use futures_util::future::{Either, select};
use http::{Method, Request, Response};

use crate::world::{HOST, collect, get, request};

/// What a transport went through before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Life {
    New,
    /// Calls succeeded.
    Answered,
    /// Responses of failure were read.
    Refused,
    /// A call was lost with its connection, another one found no server, and a third one none that is to be trusted.
    Lost,
    /// An unread response and a call without a response were dropped.
    Dropped,
    /// Another transport was made before it, and is in use.
    Second,
}

/// The paths of these calls begin with this; the status follows, or how the call ends.
const BEFORE: &str = "/before/";
/// More than what lies between client and server can hold.
const UNREAD: usize = 1 << 20;

impl Life {
    pub(crate) const ALL: [Self; 6] =
        [Self::New, Self::Answered, Self::Refused, Self::Lost, Self::Dropped, Self::Second];

    /// Takes a new transport through its life, with calls to this server.
    pub(crate) async fn lead(self, transport: &dyn Transport, server: &Front) {
        let call = |method: Method, path: &str| {
            let body = if method == Method::GET { "" } else { "{}" };
            request(method, format!("{}{BEFORE}{path}", server.url(HOST)), body)
        };
        let answered = match self {
            Self::New | Self::Second => vec![],
            Self::Answered => vec![(Method::GET, "200"), (Method::POST, "201")],
            Self::Refused => {
                vec![(Method::GET, "404"), (Method::POST, "503"), (Method::PUT, "401"), (Method::GET, "500")]
            }
            Self::Lost => {
                transport.send(call(Method::GET, "lost")).await.expect_err("its connection is reset");
                let nowhere = format!("https://{}/", refused_addr());
                transport.send(get(nowhere)).await.expect_err("nothing listens");
                if let Some(other) = misnamed() {
                    transport.send(get(other.url("127.0.0.1"))).await.expect_err("its certificate has another name");
                }
                vec![]
            }
            Self::Dropped => {
                drop(transport.send(call(Method::GET, "unread")).await);
                dropped(transport, call(Method::POST, "never"), server.ledger()).await;
                vec![]
            }
        };
        for (method, status) in answered {
            let exchange = transport.send(call(method.clone(), status)).await;
            let exchange = exchange.unwrap_or_else(|error| panic!("{method}, before: {error:?}"));
            collect(exchange).await.unwrap_or_else(|error| panic!("{method}, before: {error:?}"));
        }
    }
}

/// The handler, which also serves the calls of [`Life::lead`].
pub(crate) fn serving(inner: Arc<dyn Handler>) -> Arc<dyn Handler> {
    handler(move |request, peer| {
        let inner = Arc::clone(&inner);
        async move {
            let path = request.uri().path().strip_prefix(BEFORE).map(str::to_owned);
            let mut response = Response::new(Bytes::from_static(b"{\"before\":true}"));
            match path.as_deref() {
                None => return inner.handle(request, peer).await,
                Some("never") => return std::future::pending().await,
                Some("unread") => *response.body_mut() = vec![b'x'; UNREAD].into(),
                Some("lost") => drop(response.extensions_mut().insert(Ending::Reset)),
                Some(status) => *response.status_mut() = status.parse().expect("a status"),
            }
            response
        }
    })
}

/// A server that no transport trusts, whatever its roots. It is called by its address, which no case overrides.
fn misnamed() -> Option<&'static Front> {
    static SERVER: OnceLock<Option<Front>> = OnceLock::new();
    let start = || {
        let other = FrontOptions::default().server(Pki::shared().server(&["other.digicert.test"]));
        let server = Front::start(other, handler(|_, _| async { Response::new(Bytes::new()) })).ok()?;
        ConnectProxy::leave_out(&server.addr().to_string());
        Some(server)
    };
    SERVER.get_or_init(start).as_ref()
}

/// Drops a call once the server has its request.
pub(crate) async fn dropped(transport: &dyn Transport, call: Request<Bytes>, ledger: &Ledger) {
    let target = call.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let count = |seen: &Snapshot| seen.requests.iter().filter(|one| one.target.starts_with(&target)).count();
    let before = ledger.read(count);
    let call = pin!(transport.send(call));
    let arrived = pin!(ledger.wait_until(|seen| count(seen) > before, Duration::from_secs(20)));
    match select(call, arrived).await {
        Either::Left((outcome, _)) => panic!("the server has not answered: {outcome:?}"),
        Either::Right((arrived, _)) => assert!(arrived, "the request did not arrive"),
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "a new transport",
            Self::Answered => "after calls that succeeded",
            Self::Refused => "after responses of failure",
            Self::Lost => "after calls that were lost",
            Self::Dropped => "after calls that were dropped",
            Self::Second => "beside another transport",
        })
    }
}
