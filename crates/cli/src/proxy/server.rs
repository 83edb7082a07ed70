//! The HTTP/1.1 server: connections with limits, and the drain after a signal.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::forward::Forwarder;
use super::listener::{Connection, Listener};
use super::patience::PatientConnection;

/// Connections of one listener at the same time; further callers wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 64 << 10;
const BUFFER: usize = 128 << 10;
/// How long a caller may take to send the head of its next request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long a caller may take nothing of its response.
const WRITE_IDLE: Duration = Duration::from_secs(60);
/// The delay after an accept that failed, which is usually a lack of file descriptors.
const ACCEPT_DELAY: Duration = Duration::from_millis(100);

/// The listeners that are served.
pub(crate) struct Server {
    forwarder: Arc<Forwarder>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Server {
    /// Serves these listeners from now on.
    pub(crate) fn start(forwarder: Arc<Forwarder>, listeners: Vec<Listener>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(serve(Arc::clone(&forwarder), listener, stopped.clone()));
        }
        Self { forwarder, stop, listeners: tasks }
    }

    /// Accepts no more connections, and lets requests in flight finish until `hurry` completes. Returns how many were cut off.
    pub(crate) async fn drain(mut self, hurry: impl Future<Output = ()>) -> u64 {
        self.stop.send_replace(true);
        let all = async { while self.listeners.join_next().await.is_some() {} };
        tokio::select! {
            () = all => 0,
            () = hurry => self.forwarder.metrics.in_flight(),
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender is dropped with the server only.
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// Accepts connections until the stop, and completes when the last one has ended.
async fn serve(forwarder: Arc<Forwarder>, listener: Listener, mut stop: watch::Receiver<bool>) {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let needs_token = listener.needs_token();
    let mut connections = JoinSet::new();
    loop {
        let permit = tokio::select! {
            () = stopped(&mut stop) => break,
            Ok(permit) = Arc::clone(&free).acquire_owned() => permit,
        };
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let (forwarder, stop) = (Arc::clone(&forwarder), stop.clone());
                connections.spawn(async move {
                    connection(forwarder, stream, needs_token, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                let fields = json!({ "reason": error.to_string() });
                forwarder.log.event("accept_failed", &format!("failed to accept a connection: {error}"), fields);
                tokio::time::sleep(ACCEPT_DELAY).await;
            }
        }
    }
    // Closes it, and removes a socket of ours: new callers are refused at once.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    forwarder: Arc<Forwarder>,
    stream: Box<dyn Connection>,
    needs_token: bool,
    mut stop: watch::Receiver<bool>,
) {
    let draining = stop.clone();
    let service = service_fn(move |request| {
        let (forwarder, is_draining) = (Arc::clone(&forwarder), *draining.borrow());
        async move { Ok::<_, Infallible>(forwarder.respond(request, needs_token, is_draining).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEADER_BYTES)
        .max_buf_size(BUFFER);
    let connection = http.serve_connection(TokioIo::new(PatientConnection::new(stream, WRITE_IDLE)), service);
    let mut connection = pin!(connection);
    // Errors are those of a caller that disconnected, was too slow, or does not speak HTTP; hyper has responded where it can.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
