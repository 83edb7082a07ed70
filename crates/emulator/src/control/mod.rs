//! The control API: JSON over plain HTTP, on its own loopback port.
//!
//! It has no password, so it must not be reachable through a browser: a page can send requests to loopback, and its owner can make a
//! name resolve to loopback (DNS rebinding). Requests of the first kind have an `Origin`, those of the second a `Host` that is not
//! loopback; both are refused before anything else is read.
//!
//! From Rust, `handle.rs` and `users.rs` do the same.

mod calls;
mod handle;
mod request;
mod users;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Front, Handler, Peer};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Request, StatusCode};

use self::calls::{CALLS, ControlCall};
pub(crate) use self::handle::Fronts;
pub use self::handle::{Control, ControlError};
use self::request::{ControlRequest, Problem, json_response};
pub use self::users::Subject;
use crate::response::{Response, with_allow};
use crate::router::{RouteMatch, Router};

static ROUTER: LazyLock<Router<&ControlCall>> =
    LazyLock::new(|| Router::new(CALLS.iter().map(|call| (call.method, call.path, call))));

pub(crate) fn start_api(control: Control, bind: SocketAddr) -> std::io::Result<Front> {
    Front::plain(bind, Arc::new(ControlApi(control)))
}

struct ControlApi(Control);

impl Handler for ControlApi {
    fn handle(&self, request: Request<Bytes>, _peer: Peer) -> BoxFuture<Response> {
        Box::pin(std::future::ready(self.respond(&request)))
    }
}

impl ControlApi {
    fn respond(&self, request: &Request<Bytes>) -> Response {
        if let Err(message) = check_sender(request.headers()) {
            return Problem::new(StatusCode::FORBIDDEN, message).into_response();
        }
        let found = match ROUTER.find(request.method().as_str(), request.uri().path()) {
            RouteMatch::Call(call, variables) => ControlRequest::new(&variables, request.body()).map(|own| (call, own)),
            RouteMatch::WrongMethod(allowed) => {
                let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {allowed}"));
                return with_allow(problem.into_response(), &allowed);
            }
            RouteMatch::Nothing => None,
        };
        let Some((call, request)) = found else {
            return Problem::new(StatusCode::NOT_FOUND, "unknown call; GET / lists them").into_response();
        };
        match (call.run)(&self.0, &request) {
            Ok(value) => json_response(StatusCode::OK, &value),
            Err(problem) => problem.into_response(),
        }
    }
}

fn check_sender(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.contains_key(ORIGIN) {
        return Err("the control API takes no requests from web pages (Origin)");
    }
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.to_str().is_ok_and(is_loopback) => Ok(()),
        _ => Err("the control API is for loopback alone: the Host must be localhost or a loopback address"),
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    !host.contains('@')
        && (name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}
