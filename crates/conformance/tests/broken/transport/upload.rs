//! Uploads: one request with a body that streams, always over a connection of its own; and the defects of that.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one_core::{
    Delivery, Exchange, Phase, TransportError, TransportErrorKind as Kind, UploadBody, UploadError, UploadGuard,
};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue};
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::body::{Held, Returning};
use super::failure::Report;
use super::link::HeadOutcome;
use super::{FAR, Flaw, Pooled, by_request, foreign, message, odd_body, pool};
use crate::table::Defect;

/// A body that streams.
pub(super) struct Streamed {
    body: UploadBody,
    flaw: Flaw,
    ended: Arc<AtomicBool>,
    /// Set when the body of a caller has failed.
    has_failed: Arc<AtomicBool>,
}

impl Streamed {
    fn hides_length(&self) -> bool {
        self.flaw.among(&[Defect::HidesLengthsOfUploads, Defect::CorrectsLengthsOfUploads])
    }

    /// This piece, or that of another upload which a defect finds in its place.
    fn mixed(&self, piece: Bytes) -> Bytes {
        static LAST: Mutex<Option<(usize, Bytes)>> = Mutex::new(None);
        let own = Arc::as_ptr(&self.ended).addr();
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (!self.body.is_end_stream()).then(|| (own, piece.clone()));
        let other = std::mem::replace(&mut *last, next).filter(|(id, other)| *id != own && other.len() == piece.len());
        other.map_or(piece, |(_, other)| other)
    }

    /// Whether a defect takes this error for the end.
    fn forgives(&self, error: &UploadError) -> bool {
        match error {
            UploadError::Failed(_) => self.flaw.is(Defect::TakesFailuresOfUploadsForEnds),
            _ => self.flaw.is(Defect::CorrectsLengthsOfUploads),
        }
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(Some(Err(_)))) {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        if self.body.is_end_stream() {
            self.ended.store(true, Ordering::Relaxed);
        }
        if polled.is_pending() && self.flaw.is(Defect::PollsUploadsInALoop) {
            cx.waker().wake_by_ref();
        }
        if let (true, Poll::Ready(Some(Ok(frame)))) = (self.flaw.is(Defect::LogsPiecesOfUploads), &polled) {
            tracing::trace!("sending {:?}", frame.data_ref());
        }
        if let (true, Poll::Ready(Some(Ok(frame)))) = (self.flaw.is(Defect::KeepsPiecesOfUploads), &polled) {
            foreign::keep(frame.data_ref().cloned());
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) if self.flaw.is(Defect::MixesUpUploads) => {
                Poll::Ready(Some(Ok(frame.map_data(|piece| self.mixed(piece)))))
            }
            Poll::Ready(Some(Err(error))) if self.forgives(&error) => Poll::Ready(None),
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.hides_length() { SizeHint::new() } else { self.body.size_hint() }
    }
}

/// The whole of a body, in memory, with its length as it was declared. An error of it comes last.
async fn collected(mut body: UploadBody) -> Vec<Result<Bytes, UploadError>> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        all.push(frame.map(|frame| frame.into_data().unwrap_or_default()));
    }
    all
}

fn from_memory(all: &[Result<Bytes, UploadError>], length: Option<u64>) -> UploadBody {
    let mut rest: VecDeque<_> = all.to_vec().into();
    let body = UploadBody::poll_fn(move |_| Poll::Ready(rest.pop_front()));
    match length {
        Some(length) => body.with_length(length),
        None => body,
    }
}

/// The same body, read by a thread without a runtime.
fn read_elsewhere(mut body: UploadBody) -> UploadBody {
    let (length, (fill, mut read)) = (body.length(), mpsc::channel(1));
    std::thread::spawn(move || {
        futures_executor::block_on(async {
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                if fill.send(frame.map(|frame| frame.into_data().unwrap_or_default())).await.is_err() {
                    return;
                }
            }
        });
    });
    let read = UploadBody::poll_fn(move |cx| read.poll_recv(cx));
    match length {
        Some(length) => read.with_length(length),
        None => read,
    }
}

/// An upload of a broken transport, or of the sound one.
pub(super) async fn send(
    transport: &Pooled,
    request: Request<UploadBody>,
    deadline: Instant,
) -> Result<Exchange, TransportError> {
    let flaw = transport.flaw;
    let forgets = by_request::in_clear_text(request.uri(), flaw, Defect::IgnoresTotalOfUploadsInClearText);
    let deadline = if forgets { Instant::now() + FAR } else { deadline };
    let _turn = match flaw.is(Defect::HoldsOtherCallsDuringUploads) {
        true => Some(transport.misdeeds.turn().await),
        false => None,
    };
    if let Some((config, flaw)) = foreign::for_uploads(&transport.misdeeds.config, flaw) {
        return once(&Pooled::new(&config, flaw)?, request, deadline).await;
    }
    if flaw.is(Defect::UploadsQuoteUrls) {
        let uri = request.uri().clone();
        return once(transport, request, deadline).await.map_err(|error| {
            let quoting = TransportError::new(error.kind(), error.delivery()).with_facts(error.facts().clone());
            quoting.with_source(format!("while calling {uri}"))
        });
    }
    if flaw.is(Defect::LogsUrlsOfUploads) {
        let uri = request.uri().clone();
        return once(transport, request, deadline).await.inspect_err(|_| tracing::warn!("no response from {uri}"));
    }
    if flaw.is(Defect::UploadsFollowRedirects) {
        let uri = request.uri().clone();
        let first = once(transport, request, deadline).await?;
        let location = first.response.headers().get("location").and_then(|value| value.to_str().ok());
        let target = location.filter(|_| first.response.status().is_redirection()).and_then(|text| {
            let absolute =
                if text.starts_with('/') { format!("https://{}{text}", uri.authority()?) } else { text.to_owned() };
            absolute.parse::<http::Uri>().ok()
        });
        return match target {
            Some(target) => {
                let mut next = Request::new(Bytes::new());
                *next.uri_mut() = target;
                transport.call(next, deadline).await
            }
            None => Ok(first),
        };
    }
    if !flaw.among(&[Defect::ReadsUploadsAhead, Defect::RepeatsUploads]) {
        return once(transport, request, deadline).await;
    }
    let (head, body) = request.into_parts();
    let length = body.length();
    let all = collected(body).await;
    let again = || Request::from_parts(head.clone(), from_memory(&all, length));
    let first = once(transport, again(), deadline).await?;
    match first.response.status() == StatusCode::REQUEST_TIMEOUT && flaw.is(Defect::RepeatsUploads) {
        true => once(transport, again(), deadline).await,
        false => Ok(first),
    }
}

async fn once(
    transport: &Pooled,
    mut request: Request<UploadBody>,
    deadline: Instant,
) -> Result<Exchange, TransportError> {
    let flaw = transport.flaw;
    if flaw.is(Defect::UploadsLogKeys) {
        tracing::debug!("{}", request.headers().get("x-api-key").and_then(|key| key.to_str().ok()).unwrap_or_default());
    }
    let mut watch = Some(UploadGuard::begin(&mut request)?);
    if flaw.is(Defect::KeepsDroppedUploads) {
        std::mem::forget(watch.take());
    }
    if flaw.is(Defect::TypesUploads) {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    let is_large = request.body().length().is_some_and(|length| length > 1 << 20);
    if is_large && flaw.is(Defect::ExpectsAContinueForLargeUploads) {
        request.headers_mut().insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    if flaw.is(Defect::UploadsWithoutTheKey) {
        request.headers_mut().remove(HeaderName::from_static("x-api-key"));
    }
    let mut length = request.headers().get(CONTENT_LENGTH).cloned();
    if flaw.is(Defect::WrapsLengthsOfUploads) {
        length = request.body().length().map(|length| HeaderValue::from(length & 0xffff_ffff));
    }
    let (head, mut body) = request.into_parts();
    let mut is_unframed = false;
    if flaw.is(Defect::LeavesEmptyUploadsUnframed) && body.length().is_none() {
        let all = collected(body).await;
        is_unframed = all.is_empty();
        body = from_memory(&all, None);
    }
    if flaw.is(Defect::ReadsUploadsOnItsOwnThread) {
        body = read_elsewhere(body);
    }
    let request = message::outgoing(Request::from_parts(head, Bytes::new()), flaw)?;
    let ended = Arc::new(AtomicBool::new(false));
    let has_failed = Arc::clone(&transport.misdeeds.has_failed_upload);
    let streamed = Streamed { body, flaw, ended: Arc::clone(&ended), has_failed };
    let called = async {
        let mut link = transport.dialer.dial(request.uri(), request.headers(), deadline).await?;
        let ticket =
            transport.pool.adopt(&pool::origin(request.uri(), flaw), &link, &tokio::runtime::Handle::current());
        let mut facts = link.facts.clone();
        facts.reused = Some(false);
        let report = Report::new(facts.clone(), flaw);
        let mut framed = message::framed(&request, link.is_http2(), flaw)?;
        framed.headers_mut().remove(CONTENT_LENGTH);
        if let Some(length) = length.filter(|_| !streamed.hides_length()) {
            framed.headers_mut().insert(CONTENT_LENGTH, length);
        }
        let limit = (!flaw.is(Defect::IgnoresTotalOfUploads)).then_some(deadline);
        let body = if is_unframed { message::Upload::default() } else { message::Upload::streamed(streamed) };
        let mut framed = framed.map(|_| body);
        let hinted = Arc::new(AtomicBool::new(false));
        if flaw.is(Defect::FailsAtEarlyHintsOfUploads) {
            let hinted = Arc::clone(&hinted);
            hyper::ext::on_informational(&mut framed, move |_| hinted.store(true, Ordering::Relaxed));
        }
        match link.send(framed, limit).await {
            HeadOutcome::Response(_) if hinted.load(Ordering::Relaxed) => {
                Err(report.error(Kind::Protocol, Delivery::Unknown, "an interim response"))
            }
            HeadOutcome::Response(response) => {
                link.mark_used();
                let is_refused = response.status().is_client_error() && !ended.load(Ordering::Relaxed);
                if is_refused && flaw.is(Defect::FailsAtRefusalsOfUploads) {
                    return Err(report.error(Kind::Interrupted, Delivery::Unknown, "the upload was not wanted"));
                }
                let (head, inner) = message::incoming(response, flaw)?.into_parts();
                let restarts = flaw.is(Defect::UploadsRestartTheLimit);
                let deadline = if restarts { transport.begin()? } else { deadline };
                let returning = match flaw.is(Defect::LeaksConnectionsOfUploads) {
                    true => {
                        foreign::keep(link);
                        Returning::never()
                    }
                    false => Returning::new(link, ticket),
                };
                let body = Held::new(inner, (transport.limit, deadline), report, returning);
                Ok(Exchange::new(http::Response::from_parts(head, odd_body::given(body, flaw)), facts))
            }
            HeadOutcome::Failed { error, unsent } => {
                if link.is_http2() && flaw.is(Defect::ClosesConnectionsOfFailedUploads) {
                    link.end();
                }
                Err(report.of_call(error, unsent))
            }
            HeadOutcome::Lost => Err(report.error(Kind::Interrupted, Delivery::Unknown, "the connection ended")),
            HeadOutcome::Late => {
                let why = "the limit of the whole call ran out";
                Err(report.error(Kind::Timeout(Phase::Response), Delivery::Unknown, why))
            }
        }
    };
    let mut outcome = called.await;
    if flaw.is(Defect::LosesAlertsOfUploads) {
        outcome = outcome.map_err(|error| match error.kind() {
            Kind::PeerAlert(_) if error.delivery() == Delivery::Unknown => {
                let lost = TransportError::new(Kind::Interrupted, Delivery::Unknown);
                lost.with_facts(error.facts().clone()).with_source(error)
            }
            _ => error,
        });
    }
    if flaw.is(Defect::ForgetsFactsOfUploads) {
        outcome = outcome.map_err(|error| TransportError::new(error.kind(), error.delivery()).with_source(error));
    }
    let is_unsent = outcome.as_ref().is_err_and(|error| error.delivery() == Delivery::NotSent);
    if is_unsent && flaw.is(Defect::KeepsBodiesOfFailedUploads) {
        foreign::keep(watch.take());
    }
    let unwatched = match outcome {
        Ok(_) => flaw.is(Defect::EndsUploadsAtTheResponse),
        Err(_) => flaw.is(Defect::LosesErrorsOfUploads),
    };
    match watch.filter(|_| !unwatched) {
        Some(watch) => watch.outcome(outcome),
        None => outcome,
    }
}
