//! A scripted server that serves random responses one after the other, and the results of the transport.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{HttpVersions, Timeouts, Transport, TransportConfig, TransportError, causes};
use digicert_one_testbed::{FrontOptions, RawOptions, RawServer, Responses, Script, Step};
use http::{HeaderMap, Method, StatusCode, Version};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::Index;

use super::field::{Values, difference, shortened, values};
use crate::world::{HOST, World, request};

/// A response as written, and the expected result.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire {
    pub(super) bytes: Bytes,
    pub(super) status: u16,
    pub(super) version: Version,
    pub(super) values: Values,
    pub(super) body: Bytes,
    /// Where the last head ends.
    pub(super) head_ends: usize,
    /// The position from which on the body is complete, although the response may not have ended; code that
    /// knows its length can detect that.
    pub(super) settled_at: Option<usize>,
    /// Where it ends by its own framing; `None`: with its connection.
    pub(super) whole_at: Option<usize>,
    /// Over HTTP/2: where frames end, and where the server must check the window, and for how much.
    pub(super) boundaries: Vec<usize>,
    pub(super) windows: Vec<(usize, usize)>,
}

impl Wire {
    /// Writes up to this position, in pieces that end at `splits`.
    pub(super) fn steps(&self, splits: &Splits, until: usize) -> Script {
        let mut pauses: Vec<usize> = splits.0.iter().map(|split| split.index(self.bytes.len() + 1)).collect();
        pauses.retain(|at| (1..until).contains(at));
        let windows = self.windows.iter().map(|(at, _)| *at);
        let mut ends: Vec<usize> = pauses.iter().copied().chain(windows).filter(|at| *at < until).collect();
        ends.push(until);
        ends.sort_unstable();
        ends.dedup();
        let (mut steps, mut from) = (Vec::new(), 0);
        for end in ends {
            if end > from {
                steps.push(Step::Write(self.bytes.slice(from..end)));
            }
            if pauses.contains(&end) {
                steps.push(Step::Pause);
            }
            if let Some((_, bytes)) = self.windows.iter().find(|(at, _)| *at == end && end < until) {
                steps.push(Step::AwaitWindow(*bytes));
            }
            from = end;
        }
        steps
    }
}

/// Where a response is written in pieces.
#[derive(Clone, Debug)]
pub(super) struct Splits(Vec<Index>);

impl Splits {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }
}

pub(super) fn splits() -> impl Strategy<Value = Splits> + Clone {
    vec(any::<Index>(), 0..5).prop_map(Splits)
}

/// A server for one version of HTTP (or either), and a transport that calls it.
pub(super) struct Served {
    server: RawServer,
    responses: Responses,
    world: World,
    config: TransportConfig,
    transport: RefCell<Arc<dyn Transport>>,
    calls: Cell<usize>,
}

/// Of one transport. HTTP/2 libraries limit how many empty or unusual frames they accept on one connection,
/// against floods.
const CALLS: usize = 16;

/// The result of a response.
pub(super) struct Got {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// How the body ended.
    pub(super) end: Result<(), TransportError>,
}

impl Served {
    pub(super) fn new(world: &World, versions: HttpVersions) -> Self {
        let responses = Responses::default();
        let options = RawOptions::tls_with(FrontOptions::default(), [vec![Step::Respond(responses.clone())]]);
        let options = if versions == HttpVersions::Http1 { options } else { options.either_version() };
        // One that overlooks an end is found out soon, and shrinking waits for it many times.
        let timeouts = Timeouts::new().with_connect(Duration::from_secs(5)).with_total(Duration::from_secs(8));
        let config = world.config().with_http_versions(versions).with_timeouts(timeouts);
        let transport = RefCell::new(world.transport(&config));
        let server = RawServer::start(options).expect("loopback can be bound");
        Self { server, responses, world: world.clone(), config, transport, calls: Cell::new(0) }
    }

    /// Uses another transport, without connections, for the next call.
    pub(super) fn renew(&self) {
        self.transport.replace(self.world.transport(&self.config));
    }

    /// Makes the server follow this script when the request has arrived, and returns the transport's result.
    pub(super) async fn call(
        &self,
        method: Method,
        upload: Bytes,
        script: impl FnOnce(u32) -> Script + Send + 'static,
    ) -> Result<Got, TransportError> {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get().is_multiple_of(CALLS) {
            self.renew();
        }
        self.responses.clear();
        self.responses.push(script);
        let transport = Arc::clone(&self.transport.borrow());
        let mut call = request(method, self.server.url(HOST), upload);
        if !call.body().is_empty() {
            call.headers_mut().insert("content-type", http::HeaderValue::from_static("application/octet-stream"));
        }
        let exchange = transport.send(call).await?;
        let (head, mut stream) = exchange.response.into_parts();
        let (mut body, end) = (Vec::new(), ());
        let end = loop {
            match stream.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break Ok(end),
                Err(error) => break Err(error),
            }
        };
        Ok(Got { status: head.status, version: head.version, headers: head.headers, body, end })
    }
}

/// An error in few words: the facts of its connection are many, and another matter.
pub(super) fn reported(error: &TransportError) -> String {
    let causes: Vec<String> = causes(error).map(ToString::to_string).collect();
    format!("{:?}, {:?}: {}", error.kind(), error.delivery(), causes.join(": "))
}

impl Got {
    /// Returns whether this is everything that was written.
    pub(super) fn is(&self, wire: &Wire) -> Result<(), String> {
        self.has_head_of(wire)?;
        if let Err(error) = &self.end {
            return Err(format!("the body ends with an error after {} bytes: {}", self.body.len(), reported(error)));
        }
        if self.body != wire.body {
            let (has, should) = (shortened(&self.body), shortened(&wire.body));
            let at = self.body.iter().zip(&wire.body).position(|(one, other)| one != other);
            let at = at.map_or_else(|| "where the shorter one ends".to_owned(), |at| format!("at byte {at}"));
            return Err(format!("the body differs {at}:\n{has}\nshould be\n{should}"));
        }
        Ok(())
    }

    pub(super) fn has_head_of(&self, wire: &Wire) -> Result<(), String> {
        if (self.status.as_u16(), self.version) != (wire.status, wire.version) {
            let (status, version) = (wire.status, wire.version);
            return Err(format!("the status is {:?} {}, not {version:?} {status}", self.version, self.status));
        }
        difference(&wire.values, &values(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))))
    }
}
