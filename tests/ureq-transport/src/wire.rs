//! The layer between ureq and the socket: names, the stages of a connection, and a reader that detects every
//! invalid end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Delivery, Phase, TransportError, TransportErrorKind as Kind};
use http::Uri;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, AsSendBody, Body, Error};

use crate::error::local;
use crate::stage::Stage;

/// The addresses of the host, by the overrides or by the system. Before the call, so that its errors are about names only.
pub(crate) fn resolve(
    uri: &Uri,
    names: &[(String, IpAddr)],
    limit: Duration,
) -> Result<ResolvedSocketAddrs, TransportError> {
    let resolver = DefaultResolver::default();
    let host = uri.host().unwrap_or_default();
    if let Some((_, address)) = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(host)) {
        let mut addresses = resolver.empty();
        addresses.push(SocketAddr::new(*address, uri.port_u16().unwrap_or(443)));
        return Ok(addresses);
    }
    let timeout = NextTimeout { after: limit.into(), ..NextTimeout::default() };
    resolver.resolve(uri, &Config::builder().proxy(None).build(), timeout).map_err(|error| match error {
        Error::Timeout(_) => TransportError::new(Kind::Timeout(Phase::Connect), Delivery::NotSent).with_source(error),
        Error::Io(_) | Error::HostNotFound => local(Kind::Dns, error.into_io()),
        _ => local(Kind::Config, error),
    })
}

/// The addresses that were found before.
#[derive(Debug)]
pub(crate) struct Known(pub(crate) ResolvedSocketAddrs);

impl Resolver for Known {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        self.0.iter().for_each(|&address| addresses.push(address));
        Ok(addresses)
    }
}

/// TCP, then TLS; before, between and after them the stage is noted.
pub(crate) fn connector(stage: &Stage) -> impl Connector {
    Note(stage.clone(), 0)
        .chain(TcpConnector::default())
        .chain(Note(stage.clone(), 1))
        .chain(RustlsConnector::default())
        .chain(Note(stage.clone(), 2))
}

#[derive(Debug)]
struct Note(Stage, u8);

impl<In: Transport> Connector<In> for Note {
    type Out = Strict<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Strict<In>>, Error> {
        self.0.reach(self.1);
        Ok(chained.map(Strict))
    }
}

/// A connection whose broken end is an error. ureq treats a reset, and TLS that ends without `close_notify`,
/// as the end of a body without a length, and so would return a part as the whole.
#[derive(Debug)]
struct Strict<In>(In);

impl<In: Transport> Transport for Strict<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout).map_err(|error| match error {
            Error::Io(broken) => Error::Io(io::Error::other(broken)),
            other => other,
        })
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// The call itself, on a thread that may block.
pub(crate) fn run(
    agent: &Agent,
    request: http::Request<Bytes>,
    connect: Duration,
    total: Duration,
) -> Result<http::Response<Body>, Error> {
    let (head, body) = request.into_parts();
    if body.is_empty() {
        return agent.run(limited(agent, http::Request::from_parts(head, ()), connect, total));
    }
    agent.run(limited(agent, http::Request::from_parts(head, &body[..]), connect, total))
}

fn limited<B: AsSendBody>(
    agent: &Agent,
    request: http::Request<B>,
    connect: Duration,
    total: Duration,
) -> http::Request<B> {
    agent.configure_request(request).timeout_connect(Some(connect)).timeout_global(Some(total)).build()
}
