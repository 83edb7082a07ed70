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
            let driver = Driver::<E>::new(connection, Arc::clone(&handshake));
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

#[cfg(test)]
mod tests {
    use digicert_one_core::TransportErrorKind as Kind;
    use http_body_util::{Either, Full};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::error;
    use crate::testing::Plain;

    /// How a call ends on an HTTP/2 connection whose server sends these bytes and no more.
    async fn outcome(server: &'static [u8]) -> Kind {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let tcp = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        let (mut accepted, _) = listener.accept().await.expect("accepted");
        accepted.write_all(server).await.expect("sent");
        let handshake = Arc::new(Handshake::default());
        let started = Connection::start(Plain::http2(tcp, &handshake), Arc::clone(&handshake)).await;
        let ended = match started.map(|connection| connection.sender) {
            Err(error) => error::of_start::<Plain>(error, &handshake),
            Ok(Sender::One(_)) => panic!("it was said to be HTTP/2"),
            Ok(Sender::Two(mut sender, _)) => {
                let request = Request::get("https://one.test/").body(Either::Left(Full::default())).expect("a request");
                let refused = sender.try_send_request(request).await.expect_err("no response");
                error::of_call::<Plain>(refused.into_error(), &handshake, false)
            }
        };
        ended.kind()
    }

    #[test]
    fn end_of_http2_has_its_reason_whoever_hears_of_it_first() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let goaway = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d";
            // The task of the connection, or the call, comes first.
            for _ in 0..50 {
                assert_eq!(outcome(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await, Kind::Protocol);
                assert_eq!(outcome(goaway).await, Kind::Http11Required);
            }
        });
    }
}
