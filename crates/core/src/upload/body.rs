//! The body of an upload: chunks that the caller gives one after the other, held to the length that was declared.

use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{BoxError, UploadError};

/// A request body that streams; see [`Transport::upload`](crate::Transport::upload). It is read as fast as the server takes it, and
/// once: what was read cannot be sent again.
///
/// ```
/// use std::task::Poll;
/// use bytes::Bytes;
/// use digicert_one_core::UploadBody;
///
/// let mut parts = ["first ", "second"].into_iter();
/// let body = UploadBody::poll_fn(move |_| Poll::Ready(parts.next().map(|part| Ok::<_, std::io::Error>(Bytes::from(part)))));
/// assert_eq!(body.length(), None);
/// assert_eq!(body.with_length(12).length(), Some(12));
/// ```
pub struct UploadBody {
    length: Option<u64>,
    given: u64,
    /// The chunk that completes the declared length, until it is known that nothing follows.
    last: Option<Bytes>,
    ended: bool,
    fate: Arc<UploadFate>,
}

impl UploadBody {
    /// A body of `http_body`. Its length is the exact one that its size hint gives, if it gives one. Trailers are not sent.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let length = body.size_hint().exact();
        let source: Source = Box::pin(Boxed(Box::pin(body)));
        let fate = UploadFate { source: Mutex::new(Some(source)), ..UploadFate::default() };
        Self { length, given: 0, last: None, ended: false, fate: Arc::new(fate) }
    }

    /// A stream of chunks, given by its function to poll, so that this crate needs no crate of streams. For a `Stream` that is
    /// `Unpin`: `UploadBody::poll_fn(move |cx| stream.poll_next_unpin(cx))`.
    pub fn poll_fn<F, E>(next: F) -> Self
    where
        F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Bytes, E>>> + Send + Unpin + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::new(Chunks(next))
    }

    /// A body that is already in memory.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        let mut rest = Some(bytes);
        Self::poll_fn(move |_| Poll::Ready(rest.take().map(Ok::<_, Infallible>))).with_length(length)
    }

    /// The same body with this exact length declared. A body that then gives more or fewer bytes fails, and its request is never
    /// complete.
    #[must_use]
    pub fn with_length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    /// The exact length of the whole, where it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    pub(crate) fn fate(&self) -> Arc<UploadFate> {
        Arc::clone(&self.fate)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, UploadError>> {
        while !self.ended {
            let (chunk, ended) = ready!(self.fate.poll_source(cx))?;
            let chunk = chunk.filter(|chunk| !chunk.is_empty());
            self.given += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            self.ended = ended;
            match self.length {
                Some(declared) if self.given > declared => return Poll::Ready(Err(UploadError::TooLong { declared })),
                Some(declared) if ended && self.given < declared => {
                    return Poll::Ready(Err(UploadError::TooShort { declared, given: self.given }));
                }
                Some(declared) if self.given == declared => self.last = chunk.or_else(|| self.last.take()),
                _ if chunk.is_none() => {}
                _ => return Poll::Ready(Ok(chunk)),
            }
        }
        Poll::Ready(Ok(self.last.take()))
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let this = self.get_mut();
        Poll::Ready(match ready!(this.poll_chunk(cx)) {
            Ok(chunk) => chunk.map(|chunk| Ok(Frame::data(chunk))),
            Err(error) => {
                (this.ended, this.last) = (true, None);
                this.fate.release();
                let _ = this.fate.failure.set(error.clone());
                Some(Err(error))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.last.as_ref().map_or(0, |last| last.len() as u64);
        let left = |length: u64| length.saturating_sub(self.given).saturating_add(waiting);
        self.length.map_or_else(SizeHint::default, |length| SizeHint::with_exact(left(length)))
    }
}

impl fmt::Debug for UploadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadBody").field("length", &self.length).finish_non_exhaustive()
    }
}

type Source = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

/// What the body shares with the watch of its transport: the caller's body itself, so that a cancelled upload lets go of it at once,
/// whatever the library still holds; and how it failed.
#[derive(Default)]
pub(crate) struct UploadFate {
    /// Gone once it has ended, failed or been cancelled.
    source: Mutex<Option<Source>>,
    failure: OnceLock<UploadError>,
    cancelled: AtomicBool,
    /// Of the task that waits for the source.
    waker: Mutex<Option<Waker>>,
}

impl UploadFate {
    pub(crate) fn failure(&self) -> Option<&UploadError> {
        self.failure.get()
    }

    /// Drops the caller's body, and has the task that waits for it find an error.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.release();
        let waker = locked(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Drops the caller's body; one that is being read is dropped by its reader.
    fn release(&self) {
        let source = match self.source.try_lock() {
            Ok(mut source) => source.take(),
            Err(TryLockError::Poisoned(source)) => source.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        drop(source);
    }

    /// The next chunk, if the next frame is one, and whether it is the last.
    fn poll_source(&self, cx: &mut Context<'_>) -> Poll<Result<(Option<Bytes>, bool), UploadError>> {
        let mut source = locked(&self.source);
        let Some(body) = source.as_mut() else { return Poll::Ready(Err(UploadError::Cancelled)) };
        // A panic of the caller's code would end the task of the connection, and with it the calls of others.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let polled = body.as_mut().poll_frame(cx);
            let ended = body.is_end_stream() || matches!(polled, Poll::Ready(None));
            (polled, ended)
        }));
        drop(source);
        let Ok((polled, ended)) = read else {
            return Poll::Ready(Err(UploadError::Failed(Arc::from(BoxError::from("the code that gives it panicked")))));
        };
        if polled.is_pending() {
            match &mut *locked(&self.waker) {
                Some(known) => known.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        // Asked when the source can be taken and woken again.
        if self.cancelled.load(Ordering::SeqCst) {
            self.release();
            return Poll::Ready(Err(UploadError::Cancelled));
        }
        let chunk = match ready!(polled) {
            None => None,
            Some(Ok(frame)) => frame.into_data().ok(),
            Some(Err(error)) => return Poll::Ready(Err(UploadError::Failed(error.into()))),
        };
        if ended {
            self.release();
        }
        Poll::Ready(Ok((chunk, ended)))
    }
}

impl fmt::Debug for UploadFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadFate").field("failure", &self.failure).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Any body, its error boxed.
struct Boxed<B>(Pin<Box<B>>);

impl<B> Body for Boxed<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.as_mut().poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// The chunks of a function.
struct Chunks<F>(F);

impl<F, E> Body for Chunks<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<Result<Bytes, E>>> + Unpin,
{
    type Data = Bytes;
    type Error = E;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        (self.0)(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::future::poll_fn;

    use futures_executor::block_on;

    use super::*;

    fn chunks(parts: &'static [&'static str]) -> UploadBody {
        let mut parts = parts.iter().copied();
        UploadBody::poll_fn(move |_| Poll::Ready(parts.next().map(|part| Ok::<_, Infallible>(Bytes::from(part)))))
    }

    fn read(mut body: UploadBody) -> (String, Result<(), UploadError>) {
        let mut text = String::new();
        loop {
            match block_on(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))) {
                None => {
                    assert!(body.is_end_stream());
                    return (text, Ok(()));
                }
                Some(Ok(frame)) => text += std::str::from_utf8(&frame.into_data().expect("data")).expect("text"),
                Some(Err(error)) => {
                    assert_eq!(body.fate.failure.get().map(ToString::to_string), Some(error.to_string()));
                    return (text, Err(error));
                }
            }
        }
    }

    #[test]
    fn body_arrives_whole_with_and_without_a_length() {
        for parts in [&["one", "", "two"][..], &["onetwo"], &["o", "netw", "o", ""]] {
            for body in [chunks(parts), chunks(parts).with_length(6), UploadBody::new(chunks(parts))] {
                let (text, outcome) = read(body);
                assert!(text == "onetwo" && outcome.is_ok(), "{parts:?}: {text} {outcome:?}");
            }
        }
        assert_eq!(UploadBody::full("onetwo").length(), Some(6));
        assert_eq!(read(UploadBody::full("onetwo")).0, "onetwo");
        assert_eq!(read(UploadBody::full("")).0, "");
    }

    #[test]
    fn body_of_another_length_fails_before_it_is_complete() {
        let (text, outcome) = read(chunks(&["one", "two"]).with_length(7));
        assert!(text.len() < 7 && matches!(outcome, Err(UploadError::TooShort { declared: 7, given: 6 })));
        for (parts, declared) in [(&["one", "two"][..], 5), (&["one", "two"], 3), (&["onetwo"], 5), (&["o"], 0)] {
            let (text, outcome) = read(chunks(parts).with_length(declared));
            assert!(declared == 0 || (text.len() as u64) < declared, "{parts:?} {declared}: {text}");
            assert!(matches!(outcome, Err(UploadError::TooLong { .. })), "{parts:?} {declared}: {outcome:?}");
        }
    }

    #[test]
    fn panicking_body_fails_as_one_that_cannot_be_read() {
        let mut calls = 0;
        let body = UploadBody::poll_fn(move |_| {
            calls += 1;
            assert!(calls < 2, "a defect of the caller");
            Poll::Ready(Some(Ok::<_, Infallible>(Bytes::from("one"))))
        });
        let (text, outcome) = read(body);
        let error = outcome.expect_err("it panicked");
        assert!(text == "one" && matches!(error, UploadError::Failed(_)), "{text} {error:?}");
        assert!(error.source().is_some_and(|cause| cause.to_string().contains("panicked")), "{error:?}");
    }

    #[test]
    fn size_hint_counts_what_is_left() {
        let mut body = chunks(&["one", "two"]).with_length(6);
        assert_eq!(body.size_hint().exact(), Some(6));
        let _ = block_on(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(!body.is_end_stream());
        let _ = block_on(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)));
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        assert_eq!(chunks(&["one"]).size_hint().exact(), None);
    }

    #[test]
    fn cancelled_body_lets_go_is_woken_and_fails() {
        let held = Arc::new(());
        let (counted, holder) = (Arc::downgrade(&held), held);
        let mut body = UploadBody::poll_fn(move |_| {
            let _ = &holder;
            Poll::<Option<Result<Bytes, Infallible>>>::Pending
        });
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
        body.fate().cancel();
        assert!(woken.0.load(Ordering::Relaxed));
        assert_eq!(counted.strong_count(), 0, "the caller's body is held");
        let polled = Pin::new(&mut body).poll_frame(&mut cx);
        assert!(matches!(polled, Poll::Ready(Some(Err(UploadError::Cancelled)))));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn failure_keeps_the_error_of_the_caller() {
        let mut first = Some(Bytes::from("one"));
        let body = UploadBody::poll_fn(move |_| {
            let failed = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
            Poll::Ready(Some(first.take().ok_or_else(failed)))
        });
        let (text, outcome) = read(body);
        let error = outcome.expect_err("it failed");
        let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::PermissionDenied));
        assert_eq!(text, "one");
    }
}
