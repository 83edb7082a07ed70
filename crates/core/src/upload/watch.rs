//! What every transport does around an upload, whatever its library: the framing of the request before, the error of the caller's
//! body after.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http_body::{Body, Frame, SizeHint};

use super::body::UploadFate;
use crate::{Delivery, Exchange, ResponseBody, TransportError, TransportErrorKind, UploadBody};

/// Follows the body of one upload. HTTP libraries lose the error of a body, above all over HTTP/2, where the stream is reset and
/// the reset is the error; this keeps it. Dropping it before the body has ended drops the caller's body at once, and ends with an error
/// what the library holds of it.
#[derive(Debug)]
pub struct UploadGuard(Arc<UploadFate>);

impl Drop for UploadGuard {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl UploadGuard {
    /// Begins an upload: the framing of `request` becomes that of its body (`Content-Length` where the length is known, else
    /// neither `Content-Length` nor `Transfer-Encoding`). A body that is declared empty is read once here, since no library reads it.
    ///
    /// # Errors
    /// [`TransportErrorKind::Upload`] if a body that is declared empty is not; nothing was sent.
    pub fn begin(request: &mut http::Request<UploadBody>) -> Result<Self, TransportError> {
        let watch = Self(request.body().fate());
        let length = request.body().length();
        request.headers_mut().remove(TRANSFER_ENCODING);
        match length {
            Some(length) => request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length)),
            None => request.headers_mut().remove(CONTENT_LENGTH),
        };
        if length == Some(0) {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(Some(Err(error))) = Pin::new(request.body_mut()).poll_frame(&mut cx) {
                return Err(TransportError::new(TransportErrorKind::Upload, Delivery::NotSent).with_source(error));
            }
        }
        Ok(watch)
    }

    /// The outcome of the call as the contract of [`Transport::upload`](crate::Transport::upload) has it: if the caller's body failed,
    /// every error of the call and of its response body is a [`TransportErrorKind::Upload`] with that failure as its source. Delivery
    /// and facts stay.
    ///
    /// # Errors
    /// That of `outcome`, explained.
    pub fn outcome(self, outcome: Result<Exchange, TransportError>) -> Result<Exchange, TransportError> {
        match outcome {
            Err(error) => Err(self.explain(error)),
            Ok(Exchange { response, facts }) => {
                let response = response.map(|inner| ResponseBody::new(Watched { inner, watch: self }));
                Ok(Exchange { response, facts })
            }
        }
    }

    fn explain(&self, error: TransportError) -> TransportError {
        match self.0.failure() {
            None => error,
            Some(failure) => TransportError::new(TransportErrorKind::Upload, error.delivery())
                .with_facts(error.facts().clone())
                .with_source(failure.clone()),
        }
    }
}

/// The body of a response that may come before the upload has ended.
struct Watched {
    inner: ResponseBody,
    watch: UploadGuard,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        polled.map(|frame| frame.map(|frame| frame.map_err(|error| self.watch.explain(error))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::future::poll_fn;

    use futures_executor::block_on;
    use http::Request;

    use super::*;
    use crate::{ConnectionFacts, causes};

    fn failing() -> UploadBody {
        UploadBody::poll_fn(|_| Poll::Ready(Some(Err(std::io::Error::from(std::io::ErrorKind::NotFound)))))
    }

    fn request(body: UploadBody) -> Request<UploadBody> {
        let request = Request::post("https://one.test/").header("content-length", "77");
        request.header("transfer-encoding", "gzip").body(body).expect("a request")
    }

    #[test]
    fn framing_is_that_of_the_body() {
        for (body, length) in
            [(UploadBody::full("12345"), Some("5")), (UploadBody::full(""), Some("0")), (failing(), None)]
        {
            let mut request = request(body);
            UploadGuard::begin(&mut request).expect("it begins");
            assert_eq!(request.headers().get("content-length").map(|value| value.to_str().expect("text")), length);
            assert!(!request.headers().contains_key("transfer-encoding"));
        }
    }

    #[test]
    fn body_that_is_declared_empty_and_is_not_is_not_sent() {
        let error = UploadGuard::begin(&mut request(UploadBody::full("x").with_length(0))).expect_err("one byte");
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Upload, Delivery::NotSent));
        assert_eq!(error.source().map(ToString::to_string), Some("the request body is longer than its 0 bytes".into()));
    }

    #[test]
    fn error_of_the_call_becomes_the_failure_of_the_body_only_if_it_failed() {
        let interrupted = || {
            let mut facts = ConnectionFacts::unknown();
            facts.reused = Some(true);
            TransportError::new(TransportErrorKind::Interrupted, Delivery::Unknown).with_facts(facts)
        };
        let sound = UploadGuard::begin(&mut request(UploadBody::full("x"))).expect("it begins");
        let error = sound.outcome(Err(interrupted())).expect_err("an error");
        assert_eq!(error.kind(), TransportErrorKind::Interrupted);

        let mut upload = request(failing());
        let watch = UploadGuard::begin(&mut upload).expect("it begins");
        let _ = block_on(poll_fn(|cx| Pin::new(upload.body_mut()).poll_frame(cx)));
        let error = watch.outcome(Err(interrupted())).expect_err("an error");
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Upload, Delivery::Unknown));
        assert_eq!(error.facts().reused, Some(true));
        let found = causes(&error).find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
        assert_eq!(found, Some(std::io::ErrorKind::NotFound));
    }
}
