//! The body of a response: hyper's, within the limit of the call. When it was read to its end it returns its
//! connection; when dropped before, it closes the connection.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Delivery, Phase, TransportError, TransportErrorKind as Kind};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure::Report;
use super::link::Link;
use super::pool::Ticket;
use crate::table::Defect;

/// The connection of a call, and the way back to the pool.
pub(super) struct Returning(Option<(Link, Ticket)>);

impl Returning {
    pub(super) fn new(link: Link, ticket: Ticket) -> Self {
        Self(Some((link, ticket)))
    }

    /// A connection that does not come back.
    pub(super) fn never() -> Self {
        Self(None)
    }

    /// Leaves the connection in use, if it is one of HTTP/2.
    fn leave(&mut self) {
        if let Some((link, ticket)) = self.0.take_if(|(link, _)| link.is_http2()) {
            drop(link);
            std::mem::forget(ticket);
        }
    }

    fn give_back(&mut self) {
        if let Some((link, ticket)) = self.0.take() {
            ticket.give_back(link);
        }
    }
}

pub(super) struct Held {
    inner: Incoming,
    limit: Duration,
    deadline: Pin<Box<Sleep>>,
    report: Report,
    returning: Returning,
    is_http2: bool,
    /// Whether its head has a content encoding.
    pub(super) is_encoded: bool,
    /// Whether its status is one of failure.
    pub(super) is_failure: bool,
    read: usize,
}

impl Held {
    /// `limit` is the limit of the whole call, and when it ends.
    pub(super) fn new(inner: Incoming, limit: (Duration, Instant), report: Report, mut returning: Returning) -> Self {
        let is_http2 = returning.0.as_ref().is_some_and(|(link, _)| link.is_http2());
        let (limit, deadline) = limit;
        if inner.is_end_stream() {
            returning.give_back();
        }
        Self {
            inner,
            limit,
            deadline: Box::pin(sleep_until(deadline)),
            report,
            returning,
            is_http2,
            is_encoded: false,
            is_failure: false,
            read: 0,
        }
    }

    fn late(&self) -> TransportError {
        let why = "the limit of the whole call ran out";
        self.report.error(Kind::Timeout(Phase::Body), Delivery::Sent, why)
    }

    /// Whether hyper's end is not the server's: hyper treats a stream that is reset without an error as ended.
    fn is_cut(&self) -> bool {
        let flaw = self.report.flaw();
        let knows_length = self.inner.size_hint().exact().is_some();
        let ignores =
            flaw.is(Defect::TakesResetsForEnds) || flaw.is(Defect::TakesResetsWithoutLengthForEnds) && !knows_length;
        let ended = self.inner.is_end_stream() && !flaw.is(Defect::TakesEarlyResponsesForCut);
        self.is_http2 && !ignores && !ended && self.inner.size_hint().exact() != Some(0)
    }

    /// Whether its connection carries another call.
    fn is_beside_another(&self) -> bool {
        self.returning.0.as_ref().is_some_and(|(link, _)| link.is_shared())
    }

    /// Whether a defect treats the next error as the end.
    fn forgives_break(&self) -> bool {
        let is = |defect| self.report.flaw().is(defect);
        is(Defect::TakesCutsForEndsInClearText) && self.report.is_in_clear_text()
            || is(Defect::TakesEvenCutsForEnds) && !self.is_http2 && self.read > 0 && self.read.is_multiple_of(8)
            || is(Defect::TakesLateBreaksForEnds) && self.is_http2 && self.read >= 100
    }

    /// What a defect does to a part of the body.
    fn spoilt(&self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let is = |defect| self.report.flaw().is(defect);
        let is_chunked = !self.is_http2 && self.inner.size_hint().exact().is_none();
        let (short, chunk) =
            (is(Defect::LosesShortFrames) && self.is_http2, is(Defect::LosesBytesOfChunks) && is_chunked);
        frame.map_data(|data| match data.len() {
            1 if short => Bytes::new(),
            length @ 30..=39 if chunk => data.slice(..length - 1),
            _ => data,
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.report.flaw().is(Defect::KeepsPlacesOfDroppedBodies) {
            self.returning.leave();
        }
        if self.report.flaw().is(Defect::ClosesConnectionsOfDroppedBodies)
            && !self.inner.is_end_stream()
            && let Some((link, _)) = self.returning.0.as_ref().filter(|(link, _)| link.is_http2())
        {
            link.end();
        }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let flaw = self.report.flaw();
        if flaw.is(Defect::ReadsBodiesInItsRuntimeAlone) {
            let _ = tokio::runtime::Handle::current();
        }
        // First: a body that is always ready must not exceed the limit.
        let looks_late = flaw.among(&[Defect::OutrunsTheLimitWhenReady, Defect::RestartsTheLimitWithEachByte]);
        let ignores =
            flaw.is(Defect::IgnoresStalledBodies) || self.is_failure && flaw.is(Defect::IgnoresTotalInBodiesOfErrors);
        if !looks_late && !ignores && self.deadline.as_mut().poll(cx).is_ready() {
            if flaw.is(Defect::ResumesLateBodies) {
                let limit = self.limit;
                self.deadline.as_mut().reset(Instant::now() + limit);
            }
            return Poll::Ready(Some(Err(self.late())));
        }
        let is_orphan = self.returning.0.as_ref().is_some_and(|(_, ticket)| ticket.is_orphan());
        if is_orphan && flaw.is(Defect::CutsBodiesWhenDropped) {
            let why = "the client was closed";
            return Poll::Ready(Some(Err(self.report.error(Kind::BodyCut, Delivery::Sent, why))));
        }
        let waits = |frame: &Option<Result<_, _>>| matches!(frame, Some(Err(_))) && flaw.is(Defect::WaitsForCutStreams);
        if let Poll::Ready(frame) = pin!(&mut self.inner).poll_frame(cx)
            && !waits(&frame)
        {
            return Poll::Ready(match frame {
                None if self.is_cut() => {
                    let why = "the stream was reset before the end of the body";
                    Some(Err(self.report.error(Kind::BodyCut, Delivery::Sent, why)))
                }
                None => {
                    self.returning.give_back();
                    None
                }
                Some(Err(_)) if self.is_encoded && flaw.is(Defect::TakesEncodedCutsForEnds) => None,
                Some(Err(_)) if flaw.is(Defect::SwallowsShortBodies) || self.forgives_break() => None,
                Some(Err(_)) if flaw.is(Defect::SwallowsShortBodiesOnUsed) && self.report.was_used() => None,
                Some(Err(_)) if flaw.is(Defect::SwallowsShortBodiesBesideOthers) && self.is_beside_another() => None,
                Some(Err(error)) => Some(Err(self.report.of_body(error))),
                Some(Ok(frame)) => {
                    let frame = self.spoilt(frame);
                    self.read += frame.data_ref().map_or(0, Bytes::len);
                    if flaw.is(Defect::LogsBodies) {
                        tracing::trace!("read {:?}", frame.data_ref());
                    }
                    if flaw.is(Defect::RestartsTheLimitWithEachByte) {
                        let limit = self.limit;
                        self.deadline.as_mut().reset(Instant::now() + limit);
                    }
                    let is_past = |size| self.read > size;
                    if flaw.is(Defect::StopsAtOneMebibyte) && is_past(1 << 20)
                        || flaw.is(Defect::StopsAtTenMebibytes) && is_past(10 << 20)
                        || self.is_failure && flaw.is(Defect::CutsLargeBodiesOfErrors) && is_past(64 << 10)
                    {
                        return Poll::Ready(None);
                    }
                    Some(Ok(frame))
                }
            });
        }
        if ignores {
            return Poll::Pending;
        }
        ready!(self.deadline.as_mut().poll(cx));
        if flaw.is(Defect::ResumesLateBodies) {
            let limit = self.limit;
            self.deadline.as_mut().reset(Instant::now() + limit);
        }
        Poll::Ready(Some(Err(self.late())))
    }

    fn is_end_stream(&self) -> bool {
        let flaw = self.report.flaw();
        flaw.is(Defect::ClaimsEarlyEnds) || self.inner.is_end_stream() && self.returning.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.report.flaw().is(Defect::ClaimsLongerBodies) {
            return SizeHint::with_exact(1 << 20);
        }
        // Of a response to HEAD over HTTP/2 hyper says the length that its head announces.
        if self.inner.is_end_stream() { SizeHint::with_exact(0) } else { self.inner.size_hint() }
    }
}
