//! How a call of CSC travels: proof, letter, answer, and what may be tried again. One function, read top to bottom.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::RequestTarget;
use futures_util::future::{Either, select};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tracing::Instrument as _;

use crate::client::Inner;
use crate::fault::{self, Asked};
use crate::session::Proof;
use crate::wire::{Answer, Letter, too_late};
use digicert_one_client::seam::{self, Call, Next, Stop, Tried, span};
use digicert_one_client::{Error, ErrorKind, RetryNotice};

/// A call of CSC, before it has a proof.
pub(crate) struct Errand<'a> {
    pub(crate) name: &'static str,
    pub(crate) query: Option<(&'static str, &'a str)>,
    pub(crate) body: Bytes,
    pub(crate) secrets: Vec<&'a str>,
    pub(crate) manner: Manner,
}

/// How a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Only looks, and shows nothing.
    Opens,
    /// Only looks; may be repeated.
    Reads,
    /// Does something that counts.
    Acts,
    /// As [`Acts`](Self::Acts), and may wait for a human being.
    Waits,
}

impl Inner {
    /// A piece of work, bounded as a whole: waits for a token and pauses between attempts included.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match select(pin!(work), self.wire.clock.limit(limit)).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(too_late(limit)),
        }
    }

    /// The path of a call.
    pub(crate) fn target(&self, name: &str) -> Result<RequestTarget, Error> {
        RequestTarget::parse(format!("{}/{name}", self.base)).map_err(invalid_target)
    }

    /// A call, as often as it is worth it and safe: a refused token is replaced once, all else is the retry's to say.
    pub(crate) async fn call(&self, errand: Errand<'_>) -> Result<Answer, Error> {
        let call = self.prepared(&errand)?;
        let span = span::of_call(&call);
        let mut tried = Tried::default();
        let outcome = Box::pin(self.repeated(&call, &errand, &mut tried)).instrument(span.clone()).await;
        span.record("digicert_one.attempts", tried.attempts);
        match outcome {
            Ok(answer) => {
                span.record("http.response.status_code", answer.status.as_u16());
                Ok(answer)
            }
            Err(error) => {
                span::failed(&span, &error);
                Err(error.after(tried))
            }
        }
    }

    async fn repeated(&self, call: &Call, errand: &Errand<'_>, tried: &mut Tried) -> Result<Answer, Error> {
        let (clock, deadline) = (&self.wire.clock, self.limit(errand.manner));
        let start = clock.now();
        let (mut replaced, mut proof) = (false, None);
        loop {
            tried.attempts += 1;
            let error = match self.attempt(call, errand, &mut proof).await {
                Ok(answer) => {
                    self.wire.retry.succeeded();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let stop = match (self.wire.retry.next(call, &error, tried.attempts), &proof) {
                (Next::NewerCredential, Some(refused)) if !replaced => match Box::pin(self.newer(refused)).await? {
                    Some(newer) => {
                        tried.failed(&error);
                        (proof, replaced) = (Some(newer), true);
                        continue;
                    }
                    None => Stop::Useless,
                },
                (Next::NewerCredential, _) => Stop::Useless,
                (Next::After(wait), _) => {
                    let gone = clock.now().duration_since(start).unwrap_or_default();
                    if gone.saturating_add(wait) < deadline {
                        tried.failed(&error);
                        if let Some(retries) = &self.wire.retries {
                            retries.tell(RetryNotice::new(&error, wait, tried.attempts + 1, self.wire.retry.most()));
                        }
                        // RFC 9110 sections 15.5.9 and 15.5.20: on another connection.
                        if error.status().is_some_and(|status| matches!(status.as_u16(), 408 | 421 | 425)) {
                            self.wire.renew(&self.platform);
                        }
                        clock.sleep(wait).await;
                        tried.waits.push(wait);
                        // The token may have ended meanwhile.
                        proof = None;
                        continue;
                    }
                    Stop::Deadline
                }
                (Next::Stop(stop), _) => stop,
            };
            tried.stop = Some(stop);
            return Err(error);
        }
    }

    fn prepared(&self, errand: &Errand<'_>) -> Result<Call, Error> {
        let mut target = self.target(errand.name)?;
        if let Some((name, value)) = errand.query {
            target = seam::with_query(&target, name, value).map_err(invalid_target)?;
        }
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Ok(Call {
            method: Method::POST,
            target,
            headers,
            body: errand.body.clone(),
            authenticated: false,
            idempotent: matches!(errand.manner, Manner::Opens | Manner::Reads),
            template: Some(errand.name),
        })
    }

    /// One attempt, with the proof at hand or a fresh one.
    async fn attempt<'a>(
        &'a self,
        call: &Call,
        errand: &Errand<'_>,
        proof: &mut Option<Proof<'a>>,
    ) -> Result<Answer, Error> {
        let proof = match errand.manner {
            Manner::Opens => None,
            _ if proof.is_some() => proof.as_ref(),
            _ => Some(&*proof.insert(self.proof().await?)),
        };
        let mut headers = call.headers.clone();
        if let Some(proof) = proof {
            proof.mark(&mut headers);
        }
        let quoted = proof.map(Proof::quoted);
        let quoted = quoted.as_ref().and_then(|value| value.to_str().ok());
        let letter = Letter {
            origin: &self.platform,
            target: &call.target,
            headers,
            body: call.body.clone(),
            secrets: errand.secrets.iter().copied().chain(quoted.map(without_scheme)).collect(),
            limit: match errand.manner {
                Manner::Waits => self.approval,
                _ => self.wire.total,
            },
        };
        let answer = self.wire.post(letter).await?;
        match answer.status.as_u16() {
            400.. => Err(fault::refused(&answer, proof.map_or(Asked::Openly, Proof::asked))),
            _ => Ok(answer),
        }
    }

    fn limit(&self, manner: Manner) -> Duration {
        match manner {
            Manner::Waits => self.approval,
            _ => self.deadline,
        }
    }
}

/// A token behind the word that says what it is; a key as it is.
fn without_scheme(value: &str) -> &str {
    value.rsplit(' ').next().unwrap_or(value)
}

fn invalid_target(error: digicert_one_core::TargetError) -> Error {
    Error::local(ErrorKind::Request, error.to_string()).with_source(error)
}
