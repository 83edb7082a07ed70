//! A CONNECT proxy on loopback, with its own ledger that shows what clients sent to it.
//!
//! It cannot see the content of a tunnel; its purpose is to verify that an API key is never in a CONNECT
//! head. An inspecting proxy sees everything: see `inspect.rs`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::connection::Listening;
use crate::inspect::Inspector;
use crate::ledger::{Handshake, Ledger, RequestTicket};
use crate::provider::sha256_hex;
use crate::tls::linger;
use crate::wire::{Head, read_head};

/// The options of a proxy. The default accepts all clients and resolves names as the system does.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProxyOptions {
    /// User name and password to ask for; others get a 407.
    pub credentials: Option<(String, String)>,
    /// Targets (`host:port`, as clients write them) with another address, for names that cannot be resolved.
    pub routes: Vec<(String, SocketAddr)>,
    /// Whether every other target is led to its port on this machine, whatever its name.
    pub is_local: bool,
    /// Whether it ends TLS itself, with certificates of the foreign authority of [`Pki::shared`](crate::Pki::shared).
    pub inspecting: bool,
}

/// A running proxy. Dropping it closes listener and tunnels.
#[derive(Debug)]
pub struct ConnectProxy {
    listening: Listening,
    ledger: Ledger,
}

impl ProxyOptions {
    /// Asks for this user name and password.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Terminates TLS and opens its own connection to the target, as gateways that inspect traffic do. It has
    /// no client certificate. The ledger then has the handshakes of the clients with it.
    #[must_use]
    pub fn inspecting(mut self) -> Self {
        self.inspecting = true;
        self
    }

    /// Leads each target without a route to its port on this machine.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.is_local = true;
        self
    }

    /// Leads a target (`host:port`) to an address.
    #[must_use]
    pub fn route(mut self, target: &str, address: SocketAddr) -> Self {
        self.routes.push((target.to_owned(), address));
        self
    }
}

impl ConnectProxy {
    /// Starts a proxy, from any thread.
    pub fn start(options: ProxyOptions) -> io::Result<ConnectProxy> {
        let ledger = Ledger::new(Ledger::OF_PROXY);
        let inspector = options.inspecting.then(Inspector::new).transpose()?;
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = Listening::start(bind, ledger.clone(), Handshake::Plain, {
            let ledger = ledger.clone();
            move |tcp, id| {
                let (options, inspector, ledger) = (options.clone(), inspector.clone(), ledger.clone());
                async move {
                    // A tunnel that breaks is the client's or the target's doing.
                    let _ = tunnel(tcp, &options, inspector.as_ref(), &ledger, id).await;
                }
            }
        })?;
        Ok(ConnectProxy { listening, ledger })
    }

    /// No proxy of this process records its tunnels to this target (`host:port`), nor the connections that carry them: for calls
    /// that a test makes before those that it judges.
    pub fn leave_out(target: &str) {
        left_out().push(target.to_owned());
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listening.address
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address)
    }

    /// The clients, and their CONNECT requests.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

fn left_out() -> MutexGuard<'static, Vec<String>> {
    static TARGETS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    TARGETS.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn tunnel(
    mut client: TcpStream,
    options: &ProxyOptions,
    inspector: Option<&Inspector>,
    ledger: &Ledger,
    id: u64,
) -> io::Result<()> {
    let mut early = Vec::new();
    // A client that was asked for a password may try again on the same connection.
    loop {
        let head = read_head(&mut client, &mut early).await?;
        let ticket = Ticket::open(&head, ledger, id);
        if head.method != "CONNECT" {
            ticket.answered(501);
            return refuse(client, "501 Not Implemented").await;
        }
        if let Some((user, password)) = &options.credentials {
            let expected = format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()));
            if head.value("proxy-authorization") != Some(expected.as_bytes()) {
                ticket.answered(407);
                let response = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                              proxy-authenticate: Basic realm=\"testbed\"\r\ncontent-length: 0\r\n\r\n";
                client.write_all(response.as_bytes()).await?;
                continue;
            }
        }
        let route = options.routes.iter().find(|(target, _)| *target == head.target);
        let port = head.target.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let connected = match (route, port.filter(|_| options.is_local)) {
            (Some((_, address)), _) => TcpStream::connect(address).await,
            (None, Some(port)) => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await,
            (None, None) => TcpStream::connect(&head.target).await,
        };
        let Ok(mut target) = connected else {
            ticket.answered(502);
            return refuse(client, "502 Bad Gateway").await;
        };
        ticket.answered(200);
        let _ = target.set_nodelay(true);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        if let Some(inspector) = inspector {
            return inspector.relay(client, target, &head.target, ledger, id).await;
        }
        target.write_all(&early).await?;
        tokio::io::copy_bidirectional(&mut client, &mut target).await?;
        return Ok(());
    }
}

/// The entry of one CONNECT, if it is recorded.
struct Ticket(Option<RequestTicket>);

impl Ticket {
    fn open(head: &Head, ledger: &Ledger, id: u64) -> Self {
        if left_out().contains(&head.target) {
            ledger.forget(id);
            return Self(None);
        }
        let ticket = ledger.open_request(head.to_request(id));
        ticket.received(0, sha256_hex(b""));
        Self(Some(ticket))
    }

    fn answered(self, status: u16) {
        if let Some(ticket) = self.0 {
            ticket.answered(status);
        }
    }
}

async fn refuse(mut client: TcpStream, status: &str) -> io::Result<()> {
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(response.as_bytes()).await?;
    linger(&mut client).await;
    Ok(())
}
