//! The control API: JSON over plain HTTP, on a loopback port of its own.
//!
//! It has no password, so it must not be reached through somebody's browser: a page can send requests to loopback, and a name of its
//! owner's can be made to lead there (DNS rebinding). The first of these sends an `Origin`, the second a `Host` that is not
//! loopback; both are refused before anything else is looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use digicert_one_testbed::{BoxFuture, Front, Handler, Peer};
use http::header::{ALLOW, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::calls::CALLS;
use super::{Control, ControlError};
use crate::answer::Answer;

/// The control API on its port.
pub(crate) struct ControlApi {
    control: Control,
}

/// A request to the control API.
pub(super) struct Ask<'a> {
    /// What stands in the path in the place of the braces.
    pub(super) variables: Vec<String>,
    body: &'a [u8],
}

/// Why a request is not answered with 200.
pub(super) struct Problem {
    status: StatusCode,
    pub(super) message: String,
}

impl ControlApi {
    pub(crate) fn start(control: Control, bind: SocketAddr) -> std::io::Result<Front> {
        Front::plain(bind, Arc::new(ControlApi { control }))
    }

    fn answer(&self, request: &Request<Bytes>) -> Answer {
        if let Err(problem) = check_sender(request.headers()) {
            return problem.answer();
        }
        let given: Vec<&str> = request.uri().path().split('/').collect();
        let fitting: Vec<_> = CALLS.iter().filter_map(|call| Some((call, variables(call.path, &given)?))).collect();
        if fitting.is_empty() {
            return Problem::new(StatusCode::NOT_FOUND, "there is no such call; GET / lists them").answer();
        }
        let method = request.method().as_str();
        let Some((call, variables)) = fitting.iter().find(|(call, _)| call.method == method) else {
            let allowed = fitting.iter().map(|(call, _)| call.method).collect::<Vec<_>>().join(", ");
            let message = format!("this path takes {allowed}");
            let mut answer = Problem::new(StatusCode::METHOD_NOT_ALLOWED, message).answer();
            if let Ok(allowed) = HeaderValue::try_from(allowed) {
                answer.headers_mut().insert(ALLOW, allowed);
            }
            return answer;
        };
        let ask = Ask { variables: variables.clone(), body: request.body() };
        match (call.run)(&self.control, &ask) {
            Ok(value) => json_answer(StatusCode::OK, &value),
            Err(problem) => problem.answer(),
        }
    }
}

impl Handler for ControlApi {
    fn handle(&self, request: Request<Bytes>, _peer: Peer) -> BoxFuture<Answer> {
        Box::pin(std::future::ready(self.answer(&request)))
    }
}

impl Ask<'_> {
    /// The body in this form; none at all is an empty object.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = if self.body.is_empty() { &b"{}"[..] } else { self.body };
        serde_json::from_slice(body)
            .map_err(|error| Problem::invalid(format!("the body is not what it must be: {error}")))
    }

    pub(super) fn variable(&self, index: usize) -> &str {
        self.variables.get(index).map(String::as_str).unwrap_or_default()
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Problem { status, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }

    fn answer(&self) -> Answer {
        json_answer(self.status, &json!({ "error": self.message }))
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let status = match error {
            ControlError::NoSuchUser { .. } | ControlError::NoSuchCredential { .. } => StatusCode::NOT_FOUND,
            ControlError::NoStateFile => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, error.to_string())
    }
}

/// Refuses whatever a browser may have sent for a page.
fn check_sender(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(ORIGIN) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the control API takes no requests from web pages (Origin)"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let loopback = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_loopback),
        _ => false,
    };
    let message = "the control API is for loopback alone: the Host must be localhost or a loopback address";
    if loopback { Ok(()) } else { Err(Problem::new(StatusCode::FORBIDDEN, message)) }
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    !host.contains('@')
        && (name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

/// What stands where a path has braces, decoded, if the path fits.
fn variables(path: &str, given: &[&str]) -> Option<Vec<String>> {
    let own: Vec<&str> = path.split('/').collect();
    if own.len() != given.len() {
        return None;
    }
    let mut variables = Vec::new();
    for (own, given) in own.iter().zip(given) {
        if own.starts_with('{') && !given.is_empty() {
            variables.push(percent_decode_str(given).decode_utf8().ok()?.into_owned());
        } else if own != given {
            return None;
        }
    }
    Some(variables)
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Bytes::from(format!("{body:#}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_loopback() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.9.9.9", "[::1]:1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.example", "127.0.0.1.example:80", "10.0.0.1", "[::2]", "user@localhost", "0x7f.1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn names_in_paths_are_decoded() {
        let given: Vec<&str> = "/users/ci%20bot/disable".split('/').collect();
        assert_eq!(variables("/users/{name}/disable", &given), Some(vec!["ci bot".to_owned()]));
        assert_eq!(variables("/users/{name}/enable", &given), None);
        assert_eq!(variables("/users/{name}", &["", "users", ""]), None);
        assert_eq!(variables("/users/{name}", &["", "users", "%ff"]), None);
    }
}
