//! Shared by all servers here: a listener, an accept loop, and connections that end with their server.
//!
//! Listening happens in the caller's thread, so that a taken port is an error of the constructor and the address is
//! known when it returns.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::ledger::{Handshake, Ledger};
use crate::runtime::{self, Background};

/// A listener and its running connections.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    ledger: Ledger,
    _background: Background,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Before the port is free.
        self.ledger.stop();
    }
}

/// Closes the connection's entry in the ledger, however its task ends.
struct Closing {
    ledger: Ledger,
    id: u64,
}

impl Listening {
    /// Listens, and passes each connection to `serve`, after it was recorded in the ledger.
    pub(crate) fn start<S, F>(bind: SocketAddr, ledger: Ledger, first: Handshake, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream, u64) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind(bind)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = {
            let _inside = runtime::handle().enter();
            TcpListener::from_std(listener)?
        };
        ledger.listens_at(address);
        let noted = ledger.clone();
        let serve = Arc::new(serve);
        let background = Background::spawn(move |alive| async move {
            let mut connections = JoinSet::new();
            loop {
                let (tcp, remote) = tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok(accepted) => accepted,
                        Err(_) => {
                            // Out of file descriptors, most likely: connections that end will free some.
                            tokio::time::sleep(Duration::from_millis(10)).await;
                            continue;
                        }
                    },
                    Some(_) = connections.join_next() => continue,
                };
                if ledger.is_probe(remote) {
                    continue;
                }
                let _ = tcp.set_nodelay(true);
                let id = ledger.open_connection(remote, first.clone());
                let closing = Closing { ledger: ledger.clone(), id };
                let (serve, alive) = (Arc::clone(&serve), alive.clone());
                connections.spawn(async move {
                    let _held = (closing, alive);
                    serve(tcp, id).await;
                });
            }
        });
        Ok(Listening { address, ledger: noted, _background: background })
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.ledger.update_connection(self.id, |connection| {
            connection.closed = true;
            if connection.handshake == Handshake::Pending {
                connection.handshake = Handshake::Failed("the connection ended during the handshake".to_owned());
            }
        });
    }
}
