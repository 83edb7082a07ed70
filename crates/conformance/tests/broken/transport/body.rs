//! The body of an answer: hyper's, within the limit of the call. Read to its end it gives its connection back; dropped before, it
//! takes the connection along.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{Delivery, Phase, TransportError, TransportErrorKind as Kind};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure::Report;
use super::link::Link;
use super::pool::Ticket;
use crate::table::Defect;

/// The connection of a call, and its way back to the pool.
pub(super) struct Returning(Option<(Link, Ticket)>);

impl Returning {
    pub(super) fn new(link: Link, ticket: Ticket) -> Self {
        Self(Some((link, ticket)))
    }

    fn give_back(&mut self) {
        if let Some((link, ticket)) = self.0.take() {
            ticket.give_back(link);
        }
    }
}

pub(super) struct Held {
    inner: Incoming,
    deadline: Pin<Box<Sleep>>,
    report: Report,
    returning: Returning,
    read: usize,
}

impl Held {
    pub(super) fn new(inner: Incoming, deadline: Instant, report: Report, mut returning: Returning) -> Self {
        if inner.is_end_stream() {
            returning.give_back();
        }
        Self { inner, deadline: Box::pin(sleep_until(deadline)), report, returning, read: 0 }
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
        let waits = |frame: &Option<Result<_, _>>| matches!(frame, Some(Err(_))) && flaw.is(Defect::WaitsForCutStreams);
        if let Poll::Ready(frame) = pin!(&mut self.inner).poll_frame(cx)
            && !waits(&frame)
        {
            return Poll::Ready(match frame {
                None => {
                    self.returning.give_back();
                    None
                }
                Some(Err(_)) if flaw.is(Defect::SwallowsShortBodies) => None,
                Some(Err(error)) => Some(Err(self.report.of_body(error))),
                Some(Ok(frame)) => {
                    self.read += frame.data_ref().map_or(0, Bytes::len);
                    if flaw.is(Defect::StopsAtOneMebibyte) && self.read > 1 << 20 {
                        return Poll::Ready(None);
                    }
                    Some(Ok(frame))
                }
            });
        }
        if flaw.is(Defect::IgnoresStalledBodies) {
            return Poll::Pending;
        }
        ready!(self.deadline.as_mut().poll(cx));
        let why = "the limit of the whole call ran out";
        Poll::Ready(Some(Err(self.report.error(Kind::Timeout(Phase::Body), Delivery::Sent, why))))
    }

    fn is_end_stream(&self) -> bool {
        let flaw = self.report.flaw();
        flaw.is(Defect::ClaimsEarlyEnds) || self.inner.is_end_stream() && self.returning.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.report.flaw().is(Defect::ClaimsLongerBodies) {
            return SizeHint::with_exact(1 << 20);
        }
        self.inner.size_hint()
    }
}
