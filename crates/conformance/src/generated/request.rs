//! FID-01 to FID-03: requests of every kind, judged by the ledger of an ordinary server.

use std::cell::Cell;
use std::sync::Arc;

use digicert_one_core::{Delivery, HttpVersions, RequestTarget, Transport, TransportErrorKind};
use digicert_one_testbed::{Front, FrontOptions, Request as Arrived, sha256_hex};
use http::{HeaderValue, Method, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::Just;

use super::field::{Content, Field, content, difference, fields, first_of_each, header_map, values};
use super::play::play;
use super::served::reported;
use crate::world::{HOST, World, collect, front, request};

/// Fields that a caller sets and that libraries often replace.
const KNOWN: &[&str] = &[
    "accept",
    "accept-language",
    "authorization",
    "date",
    "etag",
    "from",
    "if-match",
    "if-none-match",
    "origin",
    "pragma",
    "prefer",
    "range",
    "referer",
    "user-agent",
    "via",
];

/// A request, and its connection.
#[derive(Clone, Debug)]
struct Sent {
    versions: HttpVersions,
    /// Whether it is the first one of its transport, and so of its connection.
    is_first: bool,
    method: Method,
    target: String,
    fields: Vec<Field>,
    body: Content,
}

pub(crate) async fn fid_01_any_target_arrives_byte_for_byte(world: World) {
    let method = select([Method::GET, Method::HEAD].as_slice());
    let strategy = (setting(&world), method, target()).prop_map(|((versions, is_first), method, target)| Sent {
        versions,
        is_first,
        method,
        target,
        ..plain()
    });
    arrive("FID-01", 80, &world, strategy).await;
}

pub(crate) async fn fid_02_any_request_headers_arrive_as_given(world: World) {
    // What servers commonly read: 60 fields, 12 KiB.
    let strategy = (setting(&world), fields(KNOWN, 60, 12 << 10)).prop_map(|((versions, is_first), fields)| {
        let fields = first_of_each(fields, KNOWN);
        Sent { versions, is_first, fields, ..plain() }
    });
    arrive("FID-02", 40, &world, strategy).await;
}

pub(crate) async fn fid_03_any_method_and_body_arrive_whole(world: World) {
    let without =
        select([Method::GET, Method::HEAD, Method::OPTIONS].as_slice()).prop_map(|method| (method, Content::EMPTY));
    let with = (select([Method::POST, Method::PUT, Method::PATCH, Method::DELETE].as_slice()), content(3000, 5 << 20));
    let call = prop_oneof![1 => without, 6 => with];
    let strategy = (setting(&world), call, fields(KNOWN, 12, 2 << 10), target());
    let strategy = strategy.prop_map(|((versions, is_first), (method, body), fields, target)| {
        let mut fields = first_of_each(fields, KNOWN);
        if body.length > 0 {
            fields.push(Field::new("content-type", "application/json"));
        }
        Sent { versions, is_first, method, target, fields, body }
    });
    arrive("FID-03", 50, &world, strategy).await;
}

fn plain() -> Sent {
    let (method, target) = (Method::GET, "/".to_owned());
    Sent { versions: HttpVersions::Http1, is_first: false, method, target, fields: Vec::new(), body: Content::EMPTY }
}

/// The versions of HTTP that the transport speaks, on its first or on a later call.
fn setting(world: &World) -> impl Strategy<Value = (HttpVersions, bool)> + use<> {
    (select(world.http_versions()), prop_oneof![9 => Just(false), 1 => Just(true)])
}

/// Any path and query that [`RequestTarget`] accepts; nothing else reaches a transport.
fn target() -> impl Strategy<Value = String> {
    let plain = select(b"aZ09-._~!$&()*+,;=:@".as_slice()).prop_map(|byte| char::from(byte).to_string());
    let escape = any::<u8>().prop_map(|byte| format!("%{byte:02X}"));
    let part = prop_oneof![8 => plain, 3 => escape];
    let in_path = prop_oneof![20 => part.clone(), 1 => Just("'".to_owned())];
    let in_query = prop_oneof![10 => part, 2 => select(["/", "?"].as_slice()).prop_map(str::to_owned)];
    let segments = prop_oneof![
        12 => vec(vec(in_path.clone(), 0..8), 1..6),
        1 => vec(vec(in_path, 0..200), 1..8),
    ];
    let query =
        option::of(prop_oneof![1 => vec(in_query.clone(), 0..30), 1 => Just(Vec::new()), 1 => vec(in_query, 0..400)]);
    let target = (segments, query).prop_map(|(segments, query)| {
        let segments: String = segments.iter().map(|segment| format!("/{}", segment.concat())).collect();
        query.map_or(segments.clone(), |query| format!("{segments}?{}", query.concat()))
    });
    target.prop_filter("a target that the client sends", |target| {
        RequestTarget::parse(target.as_str()).is_ok_and(|parsed| parsed.as_str() == target)
    })
}

/// Sends random requests, one after the other, and looks up each in the ledger.
async fn arrive(id: &str, usual: u32, world: &World, strategy: impl Strategy<Value = Sent>) {
    let lanes: Vec<Lane> = world.http_versions().into_iter().map(|versions| Lane::new(world, versions)).collect();
    play(id, world.draw, usual, strategy, async |sent: Sent| {
        let lane = lanes.iter().find(|lane| lane.versions == sent.versions).expect("one for each");
        lane.plays(world, sent).await
    })
    .await;
}

/// A server and a transport that calls it over these versions of HTTP.
struct Lane {
    versions: HttpVersions,
    front: Front,
    transport: Arc<dyn Transport>,
    /// Requests in the ledger that were looked at.
    seen: Cell<usize>,
}

impl Lane {
    fn new(world: &World, versions: HttpVersions) -> Self {
        let transport = world.transport(&world.config().with_http_versions(versions));
        Self { versions, front: front(FrontOptions::default()), transport, seen: Cell::new(0) }
    }

    async fn plays(&self, world: &World, sent: Sent) -> Result<(), String> {
        let first = sent.is_first.then(|| world.transport(&world.config().with_http_versions(self.versions)));
        let transport = first.as_ref().unwrap_or(&self.transport);
        let body = sent.body.bytes();
        let mut call = request(sent.method.clone(), format!("{}{}", self.front.url(HOST), sent.target), body.clone());
        *call.headers_mut() = header_map(&sent.fields);
        if let Some(value) = call.headers_mut().get_mut("authorization") {
            value.set_sensitive(true);
        }
        let is_ascii = call.headers().values().map(HeaderValue::as_bytes).all(<[u8]>::is_ascii);
        let outcome = match transport.send(call).await {
            Ok(exchange) => collect(exchange).await.map(drop),
            Err(error) => Err(error),
        };
        let arrived = self.front.ledger().requests_since(self.seen.get());
        self.seen.set(self.seen.get() + arrived.len());
        match (outcome, arrived.as_slice()) {
            // A stack refuses what it cannot send, and does not omit it.
            (Err(error), []) if !is_ascii => {
                let refusal = (TransportErrorKind::Config, Delivery::NotSent);
                if (error.kind(), error.delivery()) == refusal {
                    Ok(())
                } else {
                    Err(format!("not a refusal: {}", reported(&error)))
                }
            }
            (Err(error), _) => Err(format!("the call fails: {}", reported(&error))),
            (Ok(()), [arrived]) => sent.is(arrived, &self.front.url(HOST), &sha256_hex(&body)),
            (Ok(()), arrived) => Err(format!("{} requests arrived", arrived.len())),
        }
    }
}

impl Sent {
    /// Whether this is what arrived.
    fn is(&self, arrived: &Arrived, server: &str, hash: &str) -> Result<(), String> {
        if arrived.method != self.method.as_str() {
            return Err(format!("the method is {}", arrived.method));
        }
        if arrived.target != self.target {
            return Err(format!("the target is {:?}, not {:?}", arrived.target, self.target));
        }
        let length = self.body.length as u64;
        if (arrived.body_len, arrived.body_sha256.as_str()) != (length, hash) {
            return Err(format!("the body has {} bytes, or others, where it should have {length}", arrived.body_len));
        }
        let mut expected = values(self.fields.iter().map(|field| (field.name.as_str(), &*field.value)));
        let authority = server.trim_start_matches("https://").as_bytes().to_vec();
        expected.insert("host".to_owned(), vec![authority]);
        let mut seen = values(arrived.headers.iter().map(|(name, value)| (name.as_str(), &**value)));
        // A library's default is allowed if none was given (contract of `send`, clause 4).
        for own in ["accept", "user-agent"] {
            if !expected.contains_key(own) && seen.get(own).is_some_and(|values| values.len() == 1) {
                seen.remove(own);
            }
        }
        self.check_length(arrived.version, seen.remove("content-length").unwrap_or_default())?;
        difference(&expected, &seen)
    }

    /// The framing: HTTP/1.1 needs the length if there is a body or one is expected, and a GET has none.
    fn check_length(&self, version: Version, said: Vec<Vec<u8>>) -> Result<(), String> {
        let true_length = vec![self.body.length.to_string().into_bytes()];
        let sends = [Method::POST, Method::PUT, Method::PATCH].contains(&self.method);
        let is_needed = version < Version::HTTP_2 && (self.body.length > 0 || sends);
        let is_odd = self.body.length == 0 && [Method::GET, Method::HEAD].contains(&self.method);
        let is_right = if said.is_empty() { !is_needed } else { said == true_length && !is_odd };
        if is_right { Ok(()) } else { Err(format!("the length of the body is given as {said:?}")) }
    }
}
