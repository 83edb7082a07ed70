//! What almost every transport of the suite has been through before its first call: responses of success and of
//! failure, and a server that was not there. A defect that begins with any of them shows in each case.

use std::sync::OnceLock;

use bytes::Bytes;
use digicert_one_core::Transport;
use digicert_one_testbed::{ConnectProxy, Front, FrontOptions, HttpVersions, handler, refused_addr};
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};

/// The path of the last call, after which its connection is closed: some cases count what is open.
const LAST: &str = "/200";

/// Leads a transport through it. A proxy does not record its part.
pub(crate) async fn past(transport: &dyn Transport, is_proxied: bool) {
    static SERVER: OnceLock<Option<Front>> = OnceLock::new();
    let Some(server) = SERVER.get_or_init(start) else { return };
    let place = server.url("127.0.0.1");
    let nowhere = (!is_proxied).then(|| format!("https://{}/", refused_addr()));
    for url in [Some(format!("{place}/503")), nowhere, Some(format!("{place}{LAST}"))].into_iter().flatten() {
        let call = Request::builder().uri(url).body(Bytes::new()).expect("the request is valid");
        // In a case that trusts other roots it is a past of failures alone.
        if let Ok(exchange) = transport.send(call).await {
            let _ = exchange.response.into_body().collect(100).await;
        }
    }
}

/// It is called by its address, which no case overrides.
fn start() -> Option<Front> {
    let response = handler(|request: Request<Bytes>, _peer| async move {
        let path = request.uri().path();
        let mut response = Response::new(Bytes::from_static(b"{\"before\":true}"));
        *response.status_mut() = path[1..].parse().expect("a status");
        if path == LAST {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    let server = Front::start(FrontOptions::default().http(HttpVersions::Only1), response).ok()?;
    ConnectProxy::leave_out(&server.addr().to_string());
    Some(server)
}
