//! The programs of the report: every raw library, every transport alone, and the client over each.

use digicert_one::core::BoxError;
use serde::Serialize;

use crate::scenario::{Http, Library};
use crate::server::{Door, Server};
use crate::side::{Setup, Side};

/// How much of ours is in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layer {
    Raw,
    Transport,
    Client,
}

/// One program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub layer: Layer,
    library: Library,
}

/// The libraries in the order of the report. As a raw library, `RustlsLimit` is hyper-util.
const LIBRARIES: [Library; 4] = [Library::RustlsLimit, Library::Reqwest, Library::NativeTls, Library::Isahc];

impl Program {
    /// All of them. The first, hyper-util on rustls, is what the others are compared with.
    pub(crate) fn all() -> Vec<Self> {
        let of = |layer| LIBRARIES.map(|library| Self { layer, library });
        [of(Layer::Raw), of(Layer::Transport), of(Layer::Client)].concat()
    }

    /// By its name.
    pub(crate) fn find(name: &str) -> Result<Self, BoxError> {
        Self::all().into_iter().find(|one| one.name() == name).ok_or_else(|| format!("no program {name}").into())
    }

    /// Such as `hyper-util + rustls`, `transport rustls` or `client rustls`.
    pub(crate) fn name(self) -> String {
        let library = match self.library {
            Library::RustlsLimit => Library::Rustls,
            library => library,
        };
        match self.layer {
            Layer::Raw => self.library.raw().to_owned(),
            Layer::Transport => format!("transport {library}"),
            Layer::Client => format!("client {library}"),
        }
    }

    pub(crate) fn start(self, setup: &Setup) -> Result<Side, BoxError> {
        match self.layer {
            Layer::Raw => Side::raw(self.library, setup),
            Layer::Transport => Side::transport(self.library, setup),
            Layer::Client => Side::client(self.library, setup),
        }
    }

    /// Whether it can be given an identity in memory.
    pub(crate) fn takes_identity(self) -> bool {
        (self.layer, self.library) != (Layer::Raw, Library::Isahc)
    }

    /// How many of these one process can have: OpenSSL reads the system's roots for each raw one, and each isahc client has a thread and
    /// files that libcurl counts on to have low numbers.
    pub(crate) fn clients(self) -> usize {
        match (self.layer, self.library) {
            (Layer::Raw, Library::NativeTls) | (_, Library::Isahc) => 100,
            _ => 1000,
        }
    }
}

/// What the programs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub http: Http,
    pub in_flight: usize,
    /// The length of the body of a POST; 0 is a GET.
    pub body: usize,
    pub connection: Connection,
}

/// How a call gets its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// From the pool.
    Kept,
    /// New for each call, by a whole handshake.
    New { certificate: bool },
    /// New for each call, by resuming the session of an earlier one.
    Resumed { certificate: bool },
}

impl Connection {
    /// Whether the server asks for a client certificate.
    pub(crate) fn takes_certificate(self) -> bool {
        matches!(self, Self::New { certificate: true } | Self::Resumed { certificate: true })
    }
}

impl Work {
    /// All kinds of work, in the order of the report.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for http in [Http::One, Http::Two] {
            for (in_flight, body) in [(1, 0), (32, 0), (1, 300), (1, 1 << 20)] {
                all.push(Self { http, in_flight, body, connection: Connection::Kept });
            }
        }
        for certificate in [false, true] {
            for connection in [Connection::New { certificate }, Connection::Resumed { certificate }] {
                all.push(Self { http: Http::One, in_flight: 1, body: 0, connection });
            }
        }
        all
    }

    /// What a program needs to do this at the server.
    pub(crate) fn setup(self, server: &Server) -> Setup {
        let door = match self.connection {
            Connection::Kept | Connection::Resumed { certificate: false } => Door::Open,
            Connection::New { certificate: false } => Door::OpenWithoutTickets,
            Connection::New { certificate: true } => Door::MutualWithoutTickets,
            Connection::Resumed { certificate: true } => Door::Mutual,
        };
        let identity = self.connection.takes_certificate().then(|| server.client().clone());
        Setup { url: server.url(door), identity, ..Setup::of(self.http, server) }
    }

    /// Such as `GET h1 32`, `POST 300 B h2 1` or `new connection, client certificate`.
    pub(crate) fn name(self) -> String {
        let handshake = match self.connection {
            Connection::Kept => None,
            Connection::New { .. } => Some("new connection"),
            Connection::Resumed { .. } => Some("new connection, session of an earlier one"),
        };
        if let Some(handshake) = handshake {
            let certificate = if self.connection.takes_certificate() { ", client certificate" } else { "" };
            return format!("{handshake}{certificate}");
        }
        let what = match self.body {
            0 => "GET".to_owned(),
            body if body >= 1 << 20 => format!("POST {} MiB", body >> 20),
            body => format!("POST {body} B"),
        };
        format!("{what} {} {}", self.http, self.in_flight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_work_are_found_by_name() {
        let names: Vec<String> = Program::all().iter().map(|one| one.name()).collect();
        assert_eq!((names[0].as_str(), names.len()), ("hyper-util + rustls", 12));
        assert!(names.iter().all(|name| Program::find(name).is_ok_and(|found| found.name() == *name)), "{names:?}");
        let work: Vec<String> = Work::all().into_iter().map(Work::name).collect();
        assert_eq!(work[3], "POST 1 MiB h1 1");
        assert_eq!(work[8..10], ["new connection", "new connection, session of an earlier one"]);
        assert_eq!(work[11], "new connection, session of an earlier one, client certificate");
    }
}
