//! One connection, as a call holds it: the end of hyper's that takes requests, and a note of when the connection is gone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use digicert_one_core::{ConnectionFacts, TransportError};
use futures_util::future::Either;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::Flaw;
use super::failure::Report;
use super::frames::Frames;
use super::message::Upload;
use super::misdeeds::locked;
use super::patched::{LastRead, Patched};
use super::streams::{Stream, Streams};
use super::tls::Wire;
use crate::table::Defect;

/// What a response may still need to come through after its connection has ended.
const GRACE: Duration = Duration::from_millis(250);

/// With these a call that waits for a stream is left to hyper.
const LEAVES_WAITING: [Defect; 3] = [
    Defect::SendsDroppedCallsThatWaited,
    Defect::KeepsDroppedCallsThatWait,
    Defect::IgnoresTotalWhileWaitingForStreams,
];

/// Those of all transports.
fn drivers() -> MutexGuard<'static, Vec<AbortHandle>> {
    static DRIVERS: Mutex<Vec<AbortHandle>> = Mutex::new(Vec::new());
    DRIVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every connection of the process.
pub(super) fn end_all() {
    drivers().drain(..).for_each(|driver| driver.abort());
}

enum Sender {
    Http1(http1::SendRequest<Upload>),
    /// Clones send over the same connection.
    Http2(http2::SendRequest<Upload>, Streams),
}

/// A connection. Over HTTP/1.1 dropping it closes it; over HTTP/2 the last of its clones does.
pub(super) struct Link {
    /// `None` only while it is dropped.
    sender: Option<Sender>,
    pub(super) facts: ConnectionFacts,
    was_used: Arc<AtomicBool>,
    gone: watch::Receiver<()>,
    driver: AbortHandle,
    flaw: Flaw,
    is_waiting: bool,
    /// The stream of its call, until it is dropped.
    stream: Option<Stream>,
    /// Whether a defect closes it after the response.
    pub(super) ends_now: bool,
    /// Whether a defect keeps it past the idle limit.
    pub(super) stays_open: bool,
    last: LastRead,
    made: Instant,
    /// When the last request was given to it.
    begun: Instant,
}

/// How the wait for the head of a response ended.
pub(super) enum HeadOutcome {
    Response(Response<Incoming>),
    /// `unsent`: hyper gave the request back untouched.
    Failed {
        error: hyper::Error,
        unsent: bool,
    },
    /// The connection is gone with the request, and hyper does not say so (<https://github.com/hyperium/hyper/issues/4122>).
    Lost,
    Late,
}

type Answered = Result<Response<Incoming>, TrySendError<Request<Upload>>>;

impl Link {
    pub(super) async fn new(
        stream: Box<dyn Wire>,
        is_http2: bool,
        facts: ConnectionFacts,
        flaw: Flaw,
        runtime: &Handle,
    ) -> Result<Self, TransportError> {
        let (last, (open, gone)) = (LastRead::default(), watch::channel(()));
        let failed = |error| Report::new(facts.clone(), flaw).of_call(error, true);
        let stream = if is_http2 { Frames::around(stream, flaw) } else { stream };
        let io = TokioIo::new(Patched::around(stream, flaw, Arc::clone(&last)));
        // Above the limit of heads, which is checked when they are whole; or hyper's own.
        let (heads, fields) = if flaw.is(Defect::ReadsSmallHeadsOnly) { (16 * 1024, 100) } else { (256 * 1024, 512) };
        let (sender, driver) = if is_http2 {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(heads)
                .handshake(io)
                .await
                .map_err(failed)?;
            let (streams, connection) = Streams::of(connection);
            (Sender::Http2(sender, streams), Either::Left(connection))
        } else {
            let (sender, connection) = http1::Builder::new().max_headers(fields).handshake(io).await.map_err(failed)?;
            (Sender::Http1(sender), Either::Right(connection))
        };
        let driver = runtime.spawn(async move {
            // Its error is that of the call, too.
            let _ = driver.await;
            drop(open);
        });
        let driver = driver.abort_handle();
        drivers().extend(flaw.is(Defect::EndsOthersWhenDropped).then(|| driver.clone()));
        Ok(Self {
            sender: Some(sender),
            facts,
            was_used: Arc::default(),
            gone,
            driver,
            flaw,
            is_waiting: false,
            stream: None,
            ends_now: false,
            stays_open: false,
            last,
            made: Instant::now(),
            begun: Instant::now(),
        })
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Some(Sender::Http2(..)))
    }

    /// Whether another call is on the same connection.
    pub(super) fn is_shared(&self) -> bool {
        // The pool has one end, and each call one.
        self.is_http2() && Arc::strong_count(&self.was_used) > 2
    }

    /// Another end of the same connection, over HTTP/2.
    pub(super) fn another(&self) -> Option<Self> {
        let Some(Sender::Http2(sender, streams)) = &self.sender else { return None };
        Some(Self {
            sender: Some(Sender::Http2(sender.clone(), streams.clone())),
            facts: self.facts.clone(),
            was_used: Arc::clone(&self.was_used),
            gone: self.gone.clone(),
            driver: self.driver.clone(),
            flaw: self.flaw,
            is_waiting: false,
            stream: None,
            ends_now: false,
            stays_open: false,
            last: Arc::clone(&self.last),
            made: self.made,
            begun: Instant::now(),
        })
    }

    /// Ends the connection, and each call on it.
    pub(super) fn end(&self) {
        self.driver.abort();
    }

    pub(super) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    fn keeps_dropped_calls(&self) -> bool {
        let is_clear = self.facts.peer.is_some() && self.facts.tls_version.is_none();
        self.flaw.among(&[Defect::KeepsDroppedCalls, Defect::KeepsDroppedUploads])
            || is_clear && self.flaw.is(Defect::KeepsDroppedCallsInClearText)
            || self.is_http2() && self.flaw.is(Defect::KeepsDroppedCallsOverHttp2)
    }

    /// Whether there was a response before.
    pub(super) fn was_used(&self) -> bool {
        self.was_used.load(Ordering::Relaxed)
    }

    /// Whether something was read since the last request was given to it.
    pub(super) fn has_read(&self) -> bool {
        locked(&self.last).is_some_and(|last| last > self.begun)
    }

    /// Notes a response.
    pub(super) fn mark_used(&self) {
        self.was_used.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            Some(Sender::Http1(sender)) => sender.is_closed(),
            Some(Sender::Http2(sender, _)) => sender.is_closed(),
            None => true,
        }
    }

    /// Whether it takes a request. The last response may just be ending.
    pub(super) async fn ready(&mut self) -> bool {
        let ready = async {
            match &mut self.sender {
                Some(Sender::Http1(sender)) => sender.ready().await.is_ok(),
                Some(Sender::Http2(sender, _)) => sender.ready().await.is_ok(),
                None => false,
            }
        };
        timeout(GRACE, ready).await.unwrap_or(false)
    }

    /// Sends one request and waits for the head of its response, until `limit` if there is one.
    pub(super) async fn send(&mut self, request: Request<Upload>, limit: Option<Instant>) -> HeadOutcome {
        self.stream = match &self.sender {
            Some(Sender::Http2(_, streams)) if !self.flaw.among(&LEAVES_WAITING) => {
                let waits = streams.next(&self.gone);
                match limit {
                    None => waits.await,
                    Some(limit) => match timeout_at(limit, waits).await {
                        Ok(stream) => stream,
                        Err(_) => return HeadOutcome::Late,
                    },
                }
            }
            _ => None,
        };
        let is_kept = !self.is_http2() && self.flaw.is(Defect::LeavesConnectionsOfLateCalls)
            || self.keeps_dropped_calls()
            || self.is_shared() && self.flaw.is(Defect::KeepsDroppedCallsThatWait);
        let call = match &mut self.sender {
            Some(Sender::Http1(sender)) => Either::Left(sender.try_send_request(request)),
            Some(Sender::Http2(sender, _)) => Either::Right(sender.try_send_request(request)),
            None => return HeadOutcome::Lost,
        };
        let mut call: std::pin::Pin<Box<dyn Future<Output = Answered> + Send>> = Box::pin(call);
        if is_kept {
            // A separate task continues after the call was dropped.
            let task = tokio::spawn(call);
            call = Box::pin(async move { task.await.expect("the task does not panic") });
        }
        let (begin, last) = (Instant::now(), Arc::clone(&self.last));
        self.begun = begin;
        let restarts = self.flaw.is(Defect::RestartsTheLimitWithEachRead);
        let late = async {
            let Some(mut end) = limit else { return std::future::pending().await };
            let whole = end - begin;
            loop {
                sleep_until(end).await;
                match (*locked(&last)).filter(|last| restarts && *last + whole > end) {
                    Some(last) => end = last + whole,
                    None => return,
                }
            }
        };
        let closes = [
            Defect::ClosesConnectionsOfDroppedCalls,
            Defect::ClosesConnectionsOfLateCalls,
            Defect::ClosesConnectionsOfResetStreams,
            Defect::ClosesBusyConnections,
            Defect::ClosesConnectionsOfLargeHeads,
            Defect::ClosesConnectionsOfDroppedBodies,
            Defect::ClosesConnectionsOfFailedUploads,
        ];
        let grace = if self.flaw.among(&closes) { Duration::ZERO } else { GRACE };
        self.is_waiting = true;
        let outcome = tokio::select! {
            biased;
            answered = &mut call => HeadOutcome::of(answered),
            _ = self.gone.changed() => match timeout(grace, call).await {
                Ok(answered) => HeadOutcome::of(answered),
                Err(_) => HeadOutcome::Lost,
            },
            () = late => HeadOutcome::Late,
        };
        self.is_waiting = false;
        outcome
    }
}

impl HeadOutcome {
    fn of(answered: Answered) -> Self {
        match answered {
            Ok(response) => Self::Response(response),
            Err(mut failure) => {
                let unsent = failure.take_message().is_some();
                Self::Failed { error: failure.into_error(), unsent }
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let ends_others = self.is_waiting && self.flaw.is(Defect::ClosesConnectionsOfDroppedCalls);
        if self.flaw.is(Defect::LeaksConnections) {
            std::mem::forget(self.sender.take());
        } else if ends_others || !self.is_http2() && !self.keeps_dropped_calls() {
            self.driver.abort();
        }
    }
}
