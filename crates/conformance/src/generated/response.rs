//! Random responses, independent of their encoding: interim heads, status, fields, body.

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::select;
use proptest::strategy::Just;

use super::field::{Content, Field, content, fields, first_of_each};

/// Fields with a meaning for browsers, caches and redirecting clients, but not for a transport.
const KNOWN: &[&str] = &[
    "age",
    "cache-control",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "server",
    "set-cookie",
    "vary",
    "via",
    "www-authenticate",
];

/// Fields by which libraries read the body, with values that they know.
const DRESSES: &[&[(&str, &str)]] = &[
    &[("content-encoding", "gzip")],
    &[("content-encoding", "identity"), ("content-language", "de")],
    &[("content-encoding", "deflate"), ("content-disposition", "attachment; filename=\"a\"")],
    &[("accept-ranges", "bytes"), ("content-range", "bytes 0-4/5")],
    &[("content-type", "text/html; charset=iso-8859-1"), ("refresh", "0; url=/elsewhere")],
    &[("content-type", "text/event-stream"), ("cache-control", "no-cache")],
    &[("content-type", "multipart/mixed; boundary=a"), ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")],
    &[("alt-svc", "h3=\":443\"; ma=3600"), ("strict-transport-security", "max-age=3600")],
];

/// Those that a response may have once; two different ones are invalid.
const SINGLE: &[&str] =
    &["age", "content-type", "date", "etag", "expires", "last-modified", "location", "retry-after", "server"];

/// A status and fields.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) fields: Vec<Field>,
}

/// A response to GET or HEAD.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) interim: Vec<Head>,
    pub(super) head: Head,
    /// Whether the request was HEAD, whose response has no body whatever its length.
    pub(super) is_to_head: bool,
    pub(super) body: Content,
}

impl Response {
    /// Whether a body follows the head (RFC 9112 section 6.3).
    pub(super) fn has_body(&self) -> bool {
        !self.is_to_head && ![204, 304].contains(&self.head.status)
    }
}

/// How large the parts of a response may be: fields and their bytes, the body usually and at most.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) fields: usize,
    pub(super) bytes: usize,
    pub(super) usual: usize,
    pub(super) longest: usize,
}

/// Any response.
pub(super) fn response(size: Size) -> impl Strategy<Value = Response> + Clone {
    let status = prop_oneof![
        8 => Just(200_u16),
        4 => select([201_u16, 202, 205, 206, 226, 299, 300, 301, 302, 303, 307, 308, 400, 403, 404, 409, 410, 412, 418, 422, 429].as_slice()),
        2 => select([451_u16, 499, 500, 501, 502, 503, 504, 507, 511, 599, 600, 999].as_slice()),
        1 => select([204_u16, 304].as_slice()),
        // Some take it to have no body.
        1 => Just(205_u16),
    ];
    let interim = (select([100_u16, 102, 103].as_slice()), fields(&["link", "server-timing"], 12, 1 << 10));
    let interim = interim.prop_map(|(status, fields)| Head { status, fields });
    let interim = prop_oneof![2 => Just(Vec::new()), 1 => vec(interim, 1..4)];
    let dress = prop_oneof![2 => Just(&[][..]), 1 => select(DRESSES)];
    let head = (status, dress, fields(KNOWN, size.fields, size.bytes)).prop_map(|(status, dress, fields)| {
        let dress = dress.iter().map(|(name, value)| Field::new(name, *value));
        Head { status, fields: first_of_each(dress.chain(fields).collect(), SINGLE) }
    });
    let is_to_head = prop_oneof![7 => Just(false), 1 => Just(true)];
    (interim, head, is_to_head, content(size.usual, size.longest))
        .prop_map(|(interim, head, is_to_head, body)| Response { interim, head, is_to_head, body })
}
