//! Sends CSC calls through the engine of the client, with the session as their authoriser.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::seam::{self, Authoriser, Pass, Refusal, with_query};
use digicert_one_client::{Error, ErrorKind, ResponseHead};
use digicert_one_core::{Code, Diagnosis, Origin, RequestTarget, TargetError};
use futures_util::future::{Either, select};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::fault;
use crate::inner::Inner;
use crate::secret::wiped;

/// A CSC call without its authorisation.
pub(crate) struct CscRequest {
    pub(crate) name: &'static str,
    pub(crate) query: Option<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) secrets: Vec<Zeroizing<String>>,
    pub(crate) class: RetryClass,
}

impl CscRequest {
    pub(crate) fn new(name: &'static str, body: &impl Serialize, class: RetryClass) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::local(ErrorKind::Request, "failed to write the request body as JSON").with_source(error)
        })?;
        Ok(Self { name, query: None, body: wiped(body), secrets: Vec::new(), class })
    }
}

/// Whether a call may be retried, and how it is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryClass {
    /// Read-only and unauthenticated.
    Opens,
    /// As [`Opens`](Self::Opens), for the authorisation of another call, which is retried as a whole.
    Discovers,
    /// Read-only; may be retried.
    Reads,
    /// Not idempotent.
    Acts,
    /// As [`Acts`](Self::Acts), and may wait for the approval of a signer.
    Waits,
}

/// A response with its body.
pub(crate) struct CscResponse {
    pub(crate) head: ResponseHead,
    pub(crate) body: Bytes,
}

impl CscResponse {
    /// The body as JSON. An error document with the status of a success is an error, although its other fields may be optional.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self.reported() {
            Some(error) => Err(error),
            None => self.head.json(&self.body),
        }
    }

    /// The error that the body reports.
    pub(crate) fn reported(&self) -> Option<Error> {
        // What holds a token or a signature is not read twice: the copies would not be wiped.
        let names = |word: &[u8]| self.body.windows(word.len()).any(|part| part == word);
        (names(b"\"error") || names(b"\"fault")).then(|| self.head.error_document(&self.body)).flatten()
    }
}

impl Inner {
    /// Limits the time of several calls as a whole.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match select(pin!(work), self.client.clock().limit(limit)).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => {
                let summary = format!("the call did not end within {} seconds.", limit.as_secs_f32());
                Err(Error::new(ErrorKind::Transport, Diagnosis::of(Code::NET_08, summary)))
            }
        }
    }

    /// The path of a call.
    pub(crate) fn target(&self, name: &str) -> Result<RequestTarget, Error> {
        RequestTarget::parse(format!("{}/{name}", self.base)).map_err(invalid_target)
    }

    /// Sends a call with the authorisation of the session. A refused token is replaced once.
    pub(crate) async fn call(self: &Arc<Self>, request: CscRequest) -> Result<CscResponse, Error> {
        let CscRequest { name, query, body, secrets, class } = request;
        let mut target = self.target(name)?;
        if let Some((name, value)) = query {
            target = with_query(&target, name, &value).map_err(invalid_target)?;
        }
        let (attempt_timeout, deadline) = match class {
            RetryClass::Waits => (self.approval, self.approval),
            _ => (self.attempt_timeout, self.deadline),
        };
        self.run(seam::AuthorisedRequest {
            name,
            origin: None,
            target,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body,
            idempotent: matches!(class, RetryClass::Opens | RetryClass::Discovers | RetryClass::Reads),
            once: class == RetryClass::Discovers,
            attempt_timeout,
            deadline,
            authoriser: Box::new(OfSession { inner: Arc::clone(self), secrets, class }),
        })
        .await
    }

    /// A request that is a step of another call. Never retried, since the call is retried as a whole.
    pub(crate) fn step(
        &self,
        name: &'static str,
        origin: Option<Origin>,
        target: RequestTarget,
        headers: HeaderMap,
        body: Bytes,
        authoriser: Box<dyn Authoriser>,
    ) -> seam::AuthorisedRequest {
        let (attempt_timeout, deadline) = (self.attempt_timeout, self.deadline);
        let (idempotent, once) = (false, true);
        seam::AuthorisedRequest {
            name,
            origin,
            target,
            headers,
            body,
            idempotent,
            once,
            attempt_timeout,
            deadline,
            authoriser,
        }
    }

    pub(crate) async fn run(&self, request: seam::AuthorisedRequest) -> Result<CscResponse, Error> {
        let (head, body) = self.client.run(request).await?.collected().await?;
        Ok(CscResponse { head, body })
    }
}

/// Authorises a call with the session.
struct OfSession {
    inner: Arc<Inner>,
    secrets: Vec<Zeroizing<String>>,
    class: RetryClass,
}

#[async_trait]
impl Authoriser for OfSession {
    async fn pass(&self, refused: Option<&Pass>) -> Result<Option<Pass>, Error> {
        match (self.class, refused) {
            (RetryClass::Opens | RetryClass::Discovers, None) => Ok(Some(Pass::nothing())),
            (RetryClass::Opens | RetryClass::Discovers, Some(_)) => Ok(None),
            (_, None) => self.inner.pass().await.map(Some),
            (_, Some(refused)) => self.inner.newer(refused).await,
        }
    }

    fn refused(&self, refusal: Refusal<'_>) -> Error {
        fault::refused(refusal, None)
    }

    fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(|secret| secret.as_str()).collect()
    }
}

/// Authorises a request with a fixed pass. `what` names the grant, if it requests a token.
pub(crate) struct Shows {
    pub(crate) pass: Pass,
    pub(crate) secrets: Vec<Zeroizing<String>>,
    pub(crate) what: Option<&'static str>,
}

#[async_trait]
impl Authoriser for Shows {
    async fn pass(&self, refused: Option<&Pass>) -> Result<Option<Pass>, Error> {
        Ok(refused.is_none().then(|| self.pass.clone()))
    }

    fn refused(&self, refusal: Refusal<'_>) -> Error {
        fault::refused(refusal, self.what)
    }

    fn secrets(&self) -> Vec<&str> {
        self.secrets.iter().map(|secret| secret.as_str()).collect()
    }
}

fn invalid_target(error: TargetError) -> Error {
    Error::local(ErrorKind::Request, error.to_string()).with_source(error)
}
