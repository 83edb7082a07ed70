//! One HTTP connection: hyper's sender of requests, and the notes of the handshake below it.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::config::{HEAD_LIST, MAX_HEADERS, RequestBody};
use crate::engine::Engine;
use crate::handshake::Handshake;
use crate::stream::Stream;
use crate::streams::{Driver, Streams};

/// What hyper says to a request; one that it did not begin comes back in the error.
pub(crate) type Sent = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>;

/// A connection that stands.
pub(crate) struct Connection {
    pub(crate) sender: Sender,
    pub(crate) handshake: Arc<Handshake>,
}

/// hyper's end of a connection for requests.
pub(crate) enum Sender {
    One(http1::SendRequest<RequestBody>),
    Two(http2::SendRequest<RequestBody>, Arc<Streams>),
}

impl Connection {
    /// Starts HTTP on a stream, in a task of its own.
    pub(crate) async fn start<E: Engine>(stream: Stream<E>, handshake: Arc<Handshake>) -> hyper::Result<Self> {
        let sender = if stream.is_http2() {
            let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(HEAD_LIST)
                // hyper spawns a future for each request that is as large as the connection.
                .handshake(Box::new(stream))
                .await?;
            let driver = Driver::<E>::new(connection);
            let streams = driver.streams();
            tokio::spawn(driver);
            sender.ready().await?;
            Sender::Two(sender, streams)
        } else {
            let (mut sender, connection) = http1::Builder::new().max_headers(MAX_HEADERS).handshake(stream).await?;
            let task = tokio::spawn(connection);
            if let Err(closed) = sender.ready().await {
                // The task knows why.
                return Err(task.await.ok().and_then(Result::err).unwrap_or(closed));
            }
            Sender::One(sender)
        };
        Ok(Self { sender, handshake })
    }

    /// Whether it takes no further request.
    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::One(sender) => sender.is_closed(),
            Sender::Two(sender, _) => sender.is_closed(),
        }
    }

    /// The same connection once more; only HTTP/2 carries several calls.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::One(_) => None,
            Sender::Two(sender, streams) => {
                let sender = Sender::Two(sender.clone(), Arc::clone(streams));
                Some(Self { sender, handshake: Arc::clone(&self.handshake) })
            }
        }
    }

    /// Whether the last response and its request are done with, so that the next request can leave at once.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::One(sender) => sender.is_ready(),
            Sender::Two(sender, _) => sender.is_ready(),
        }
    }

    /// Waits until the connection is ready; `false` if it closes before.
    pub(crate) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::One(sender) => sender.ready().await.is_ok(),
            Sender::Two(sender, _) => sender.ready().await.is_ok(),
        }
    }
}
