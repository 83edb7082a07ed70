//! The body of a response: reqwest's stream with errors in our vocabulary.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use digicert_one_core::{ConnectionFacts, TransportError};
use http::Version;
use http_body::{Body, Frame, SizeHint};

use crate::error;

/// reqwest's body; its errors carry the facts of the connection.
pub(crate) struct StreamedBody {
    pub(crate) inner: reqwest::Body,
    pub(crate) version: Version,
    /// What shows that the body is cut.
    pub(crate) ends: BodyEnd,
    pub(crate) facts: ConnectionFacts,
}

/// How the end of a body over HTTP/2 is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// reqwest hands on whether END_STREAM came.
    Shown,
    /// It does not (see [`BodyEnd::of`]): only a length that was not reached shows a cut.
    ByLength,
    /// No body, whatever the length says (HEAD, 304).
    Without,
}

impl BodyEnd {
    /// Any feature of reqwest for compression, which another crate of the program may switch on, wraps every body in one that does
    /// not hand on `is_end_stream`. The fields of `Accepts` in the client's `Debug` show whether one is on; if that text ever
    /// changes, only the length counts.
    pub(crate) fn of(client: &reqwest::Client) -> Self {
        let shown = format!("{client:?}");
        let plain = shown.contains("accepts: Accepts,") || shown.contains("accepts: Accepts }");
        if plain { Self::Shown } else { Self::ByLength }
    }
}

impl StreamedBody {
    /// Whether hyper's end is not the server's. It takes a stream that is reset without an error for one that has ended (RFC 9113
    /// section 8.1 allows such a reset only after a whole response), and so for whole what was cut.
    fn is_cut(&self) -> bool {
        let left = self.inner.size_hint().exact();
        self.version == Version::HTTP_2
            && match self.ends {
                BodyEnd::Shown => !self.inner.is_end_stream() && left != Some(0),
                BodyEnd::ByLength => left.is_some_and(|left| left > 0),
                BodyEnd::Without => false,
            }
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            None if this.is_cut() => Poll::Ready(Some(Err(error::of_reset_body(&this.facts)))),
            frame => Poll::Ready(frame.map(|frame| frame.map_err(|failure| error::of_body(failure, &this.facts)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Of a response to HEAD or a 304 over HTTP/2 hyper says the length that its head announces.
        match self.inner.is_end_stream() || self.ends == BodyEnd::Without {
            true => SizeHint::with_exact(0),
            false => self.inner.size_hint(),
        }
    }
}
