//! One request of a caller: forwarded to the platform with the credential, or answered by the proxy itself (`/_d1/...`).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one::{Client, Diagnosis, UploadBody};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use serde_json::json;

use super::admission::{self, Refusal};
use super::headers;
use super::log::Log;
use super::metrics::{CredentialFacts, Metrics, RequestOutcome, Ticket};
use super::patience::CallerBody;
use super::response::{self, ProxyBody};
use super::token::Token;
use crate::end_date::{seconds_left, shown};

/// Bodies up to this size are read before they are sent, so that their requests can be retried.
const BUFFERED: u64 = 64 << 10;
/// How long a caller may be silent while it sends a body.
const BODY_IDLE: Duration = Duration::from_secs(30);
/// Paths of the proxy itself.
const OWN_PATHS: &str = "/_d1/";

/// Forwards requests.
pub(crate) struct Forwarder {
    pub(crate) client: Client,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Log,
    pub(crate) token: Option<Token>,
}

impl Forwarder {
    /// The response to a request; `draining` after a signal.
    pub(crate) async fn respond(
        &self,
        request: Request<Incoming>,
        needs_token: bool,
        draining: bool,
    ) -> Response<ProxyBody> {
        let (head, body) = request.into_parts();
        let token = self.token.as_ref().filter(|_| needs_token);
        if let Err(refusal) = admission::admit(&head, token) {
            return self.refused(&refusal, self.metrics.begin());
        }
        if head.uri.path().starts_with(OWN_PATHS) {
            return self.own(&head, draining).await;
        }
        let ticket = self.metrics.begin();
        self.forward(head, body, ticket).await
    }

    async fn forward(&self, mut head: Parts, body: Incoming, mut ticket: Ticket) -> Response<ProxyBody> {
        headers::clean_request(&mut head.headers);
        let is_head = head.method == Method::HEAD;
        let mut outgoing = Request::new(Bytes::new());
        (*outgoing.method_mut(), *outgoing.headers_mut()) = (head.method, head.headers);
        *outgoing.uri_mut() = head.uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        let length = body.size_hint().exact();
        let body = CallerBody::new(body, BODY_IDLE);
        let call = match length {
            Some(0) => self.client.http_request(outgoing),
            Some(length) if length <= BUFFERED => match body.collect().await {
                Ok(bytes) => {
                    *outgoing.body_mut() = bytes;
                    self.client.http_request(outgoing)
                }
                Err(_) => {
                    let summary = "the body of the request did not arrive";
                    let refusal = Refusal::new(
                        StatusCode::REQUEST_TIMEOUT,
                        "body",
                        summary,
                        "send the body at once, in its whole length",
                    );
                    return self.refused(&refusal, ticket);
                }
            },
            _ => self.client.http_request(outgoing).upload(UploadBody::new(body)),
        };
        let response = match call.send_relayed().await {
            Ok(response) => response,
            Err(error) => {
                ticket.attempts(error.attempts());
                ticket.ends(RequestOutcome::Failed);
                self.log.failed(&error);
                return response::failed(&error);
            }
        };
        ticket.attempts(response.attempts());
        let diagnosis = response.diagnosis().cloned();
        match diagnosis {
            Some(diagnosis) if response.status() == StatusCode::UNAUTHORIZED => {
                ticket.ends(RequestOutcome::Failed);
                self.log.diagnosed(&diagnosis);
                response::credential_refused(&diagnosis)
            }
            diagnosis => {
                let code = diagnosis.as_ref().map(|diagnosis: &Diagnosis| diagnosis.code.as_str());
                let mut response = response.into_http();
                headers::clean_response(response.headers_mut(), self.client.instance());
                response::relayed(response, code, is_head, ticket)
            }
        }
    }

    fn refused(&self, refusal: &Refusal, mut ticket: Ticket) -> Response<ProxyBody> {
        ticket.ends(RequestOutcome::Refused);
        self.log.refused(refusal);
        response::refused(refusal)
    }

    /// Responses of the proxy about itself.
    async fn own(&self, head: &Parts, draining: bool) -> Response<ProxyBody> {
        if !matches!(head.method, Method::GET | Method::HEAD) {
            let remedy = "use GET";
            return response::refused(&Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "method not supported",
                remedy,
            ));
        }
        match head.uri.path() {
            "/_d1/health" => self.health(draining).await,
            "/_d1/metrics" => {
                // The metrics are needed most when the credential is not usable.
                let expiry = self.client.expiry().await.ok().flatten();
                let generation = self.client.generation().and_then(|generation| generation.to_string().parse().ok());
                let seconds_left = expiry.map(|expiry| seconds_left(expiry.at, SystemTime::now()));
                response::metrics(self.metrics.text(CredentialFacts { generation, seconds_left }))
            }
            _ => {
                let remedy = "use /_d1/health or /_d1/metrics";
                response::refused(&Refusal::new(StatusCode::NOT_FOUND, "own_path", "unknown path of the proxy", remedy))
            }
        }
    }

    /// Whether requests would be forwarded: 200, or 503 with the reason. Sends nothing to the platform.
    async fn health(&self, draining: bool) -> Response<ProxyBody> {
        let expiry = match self.client.expiry().await {
            Ok(expiry) => expiry,
            Err(error) => return response::failed(&error),
        };
        let (status, word) =
            if draining { (StatusCode::SERVICE_UNAVAILABLE, "draining") } else { (StatusCode::OK, "ok") };
        response::document(
            status,
            &json!({
                "status": word,
                "in_flight": self.metrics.in_flight(),
                "generation": self.client.generation().map(|generation| generation.to_string()),
                "transport": self.client.connector_info().name,
                "expires": expiry.map(|expiry| json!({
                    "of": expiry.cause.as_str(),
                    "at": shown(expiry.at),
                    "in_seconds": seconds_left(expiry.at, SystemTime::now()),
                })),
            }),
        )
    }
}
