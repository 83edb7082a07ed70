//! One page as the platform writes it, told by its shape. The items stay raw text here: they are slices of the one body, so a page
//! costs its bytes and a few words for each item.
//!
//! Seen: `{total, offset, limit, items}` (Trust Lifecycle, Software Trust), `{total, records, next, limit, offset}` (Device Trust), a
//! bare array (Account Manager), 204 without a body (Private CA), `{credentialIDs, nextPageToken}` (CSC).

use std::fmt;

use bytes::Bytes;
use digicert_one_core::RequestTarget;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::Error;

/// The most items that one page may hold, asked for or not.
pub(super) const MAX_ITEMS: usize = 100_000;
/// The longest token that is taken: it comes back in a query.
const MAX_TOKEN: usize = 4096;
/// The names of the list in an envelope, as [`plain`] writes them, the seen ones first.
const LISTS: [&str; 8] = ["items", "records", "credentialids", "results", "data", "content", "entries", "elements"];

/// A page, read.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) items: Vec<Bytes>,
    pub(super) total: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) next: Next,
    /// An array without an envelope.
    pub(super) bare: bool,
    /// There were more than [`MAX_ITEMS`]; those behind were not kept.
    pub(super) overfull: bool,
}

/// What a page says of the next one.
#[derive(Debug, Default)]
pub(super) enum Next {
    /// Nothing at all.
    #[default]
    Silent,
    /// There is none.
    Done,
    Offset(u64),
    Link(String),
    /// A link, checked.
    Target(RequestTarget),
    /// A link that must not be followed.
    Refused(Error),
    Token(String),
}

/// Why an answer is no page. Shows names of fields, never a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    NotJson,
    NotAList(String),
    Next,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("is not JSON"),
            Self::NotAList(what) => write!(f, "is no list: {what}"),
            Self::Next => f.write_str("names a next page that is neither a number nor a link nor a short token"),
        }
    }
}

/// Reads the body of a page. `field` is the caller's name for the list.
pub(super) fn read(body: &Bytes, field: Option<&str>) -> Result<Envelope, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let top = json.deserialize_any(TopVisitor { field }).map_err(|_| Unreadable::NotJson)?;
    json.end().map_err(|_| Unreadable::NotJson)?;
    let fields = match top {
        Top::Array(list) => return Ok(Envelope { bare: true, ..list.into_envelope(body) }),
        Top::Other(what) => return Err(Unreadable::NotAList(what.to_owned())),
        Top::Object(fields) => *fields,
    };
    let paged = fields.total.is_some() || fields.next.is_some() || (fields.offset.is_some() && fields.limit.is_some());
    let list = match (fields.list, fields.arrays.as_slice()) {
        (Some((_, list)), _) => list,
        // The name is strange, but nothing else can be the list.
        (None, [(_, only)]) if field.is_none() && paged => only,
        (None, _) => return Err(Unreadable::NotAList(told(field, &fields.arrays))),
    };
    let list = match list.get() {
        "null" => Raws::default(),
        list => {
            serde_json::Deserializer::from_str(list).deserialize_seq(ListVisitor).map_err(|_| Unreadable::NotJson)?
        }
    };
    let next = match (fields.token.map(token).transpose()?, fields.next.map(next).transpose()?) {
        (Some(token @ Next::Token(_)), _) => token,
        (_, Some(next)) => next,
        (Some(done), None) => done,
        (None, None) => Next::Silent,
    };
    let number = |raw: Option<&RawValue>| raw.and_then(number);
    let (total, offset, limit) = (number(fields.total), number(fields.offset), number(fields.limit));
    Ok(Envelope { total, offset, limit, next, ..list.into_envelope(body) })
}

enum Top<'a> {
    Array(Raws<'a>),
    Object(Box<Fields<'a>>),
    Other(&'static str),
}

/// The items, and whether there were too many.
#[derive(Default)]
struct Raws<'a> {
    items: Vec<&'a RawValue>,
    overfull: bool,
}

#[derive(Default)]
struct Fields<'a> {
    /// With its rank in [`LISTS`].
    list: Option<(usize, &'a RawValue)>,
    total: Option<&'a RawValue>,
    offset: Option<&'a RawValue>,
    limit: Option<&'a RawValue>,
    next: Option<&'a RawValue>,
    token: Option<&'a RawValue>,
    /// The first few arrays under other names.
    arrays: Vec<(String, &'a RawValue)>,
}

impl Raws<'_> {
    fn into_envelope(self, body: &Bytes) -> Envelope {
        let items = self.items.into_iter().map(|item| body.slice_ref(item.get().as_bytes())).collect();
        Envelope { items, overfull: self.overfull, ..Envelope::default() }
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Raws<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raws<'de>, A::Error> {
        let mut raws = Raws::default();
        while raws.items.len() < MAX_ITEMS {
            let Some(item) = list.next_element()? else { return Ok(raws) };
            raws.items.push(item);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            raws.overfull = true;
        }
        Ok(raws)
    }
}

struct TopVisitor<'a> {
    field: Option<&'a str>,
}

impl<'de> Visitor<'de> for TopVisitor<'_> {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Top<'de>, A::Error> {
        ListVisitor.visit_seq(list).map(Top::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            let value: &'de RawValue = map.next_value()?;
            let is_list = value.get().starts_with('[') || value.get() == "null";
            let plain = plain(&name);
            let rank = match self.field {
                Some(field) => (name == field).then_some(0),
                None => LISTS.iter().position(|list| *list == plain),
            };
            match (rank, plain.as_str()) {
                (Some(rank), _) if is_list && fields.list.is_none_or(|(best, _)| rank <= best) => {
                    fields.list = Some((rank, value));
                }
                (_, "total" | "totalcount" | "totalrecords" | "totalitems" | "totalelements") => {
                    fields.total = Some(value)
                }
                (_, "offset") => fields.offset = Some(value),
                (_, "limit" | "pagesize") => fields.limit = Some(value),
                (_, "next" | "nextpage" | "nexturl" | "nextlink") => fields.next = Some(value),
                (_, "nextpagetoken" | "nexttoken") => fields.token = Some(value),
                _ if value.get().starts_with('[') && fields.arrays.len() < 5 => fields.arrays.push((name, value)),
                _ => {}
            }
        }
        Ok(Top::Object(Box::new(fields)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is true or false"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is a text"))
    }

    fn visit_unit<E>(self) -> Result<Top<'de>, E> {
        Ok(Top::Other("it is null"))
    }
}

/// `nextPageToken`, `next_page_token` and `next-page-token` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

fn told(field: Option<&str>, arrays: &[(String, &RawValue)]) -> String {
    match field {
        Some(field) => format!("it has no list {field}"),
        None if arrays.is_empty() => "it is an object without one".to_owned(),
        None => {
            let names: Vec<String> = arrays.iter().map(|(name, _)| plain(name).chars().take(40).collect()).collect();
            format!("name its field (list_field; --field), for it may be one of {}", names.join(", "))
        }
    }
}

fn number(raw: &RawValue) -> Option<u64> {
    raw.get().trim_matches('"').parse().ok()
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn token(raw: &RawValue) -> Result<Next, Unreadable> {
    match text(raw) {
        Some(token) if token.is_empty() => Ok(Next::Done),
        Some(token) if token.len() <= MAX_TOKEN => Ok(Next::Token(token)),
        None if matches!(raw.get(), "null" | "false") => Ok(Next::Done),
        None if number(raw).is_some() => Ok(Next::Token(raw.get().to_owned())),
        _ => Err(Unreadable::Next),
    }
}

fn next(raw: &RawValue) -> Result<Next, Unreadable> {
    if let Some(offset) = number(raw) {
        return Ok(Next::Offset(offset));
    }
    match text(raw) {
        Some(link) if link.is_empty() => Ok(Next::Done),
        Some(link) if link.contains(['/', '?', ':']) => Ok(Next::Link(link)),
        // -1 says that there is none.
        None if raw.get().starts_with('-') || matches!(raw.get(), "null" | "false") => Ok(Next::Done),
        _ => Err(Unreadable::Next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Result<Envelope, Unreadable> {
        read(&Bytes::copy_from_slice(body.as_bytes()), None)
    }

    fn items(page: &Envelope) -> Vec<&str> {
        page.items.iter().map(|item| std::str::from_utf8(item).expect("checked")).collect()
    }

    #[test]
    fn every_envelope_that_was_seen_is_told_by_its_shape() {
        let page = of(r#"{"total":3,"offset":1,"limit":2,"items":[{"id":1},{"id":2}],"new":{}}"#).expect("a page");
        assert_eq!(items(&page), [r#"{"id":1}"#, r#"{"id":2}"#]);
        assert_eq!((page.total, page.offset, page.limit, page.bare), (Some(3), Some(1), Some(2), false));
        assert!(matches!(page.next, Next::Silent));
        let page = of(r#"{"total":"3","records":[1],"next":2}"#).expect("a page");
        assert!(matches!((page.total, page.next), (Some(3), Next::Offset(2))));
        let page = of(r#"{"records":[1],"next":"/x?offset=2"}"#).expect("a page");
        assert!(matches!(page.next, Next::Link(link) if link == "/x?offset=2"));
        for none in ["null", "\"\"", "-1", "false"] {
            let page = of(&format!(r#"{{"records":null,"next":{none}}}"#)).expect("a page");
            assert!(matches!(page.next, Next::Done) && page.items.is_empty(), "{none}");
        }
        assert!(of("[1, 2]").expect("a page").bare);
        let page = of(r#"{"credentialIDs":["a"],"nextPageToken":"t"}"#).expect("a page");
        assert!(matches!(page.next, Next::Token(token) if token == "t"));
    }

    #[test]
    fn aliases_are_read_and_a_strange_name_only_where_it_must_be_the_list() {
        assert_eq!(items(&of(r#"{"total_count":1,"Results":[7]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"data":[8],"items":[7]}"#).expect("a page")), ["7"], "the seen name wins");
        assert_eq!(items(&of(r#"{"total":1,"certificates":[7]}"#).expect("a page")), ["7"]);
        let error = of(r#"{"total":1,"certificates":[7],"orders":[8]}"#).expect_err("two lists").to_string();
        assert!(error.contains("certificates, orders") && !error.contains('7'), "{error}");
        assert!(of(r#"{"id":1,"applications":[7]}"#).is_err(), "a thing that has a list is no list");
        let body = Bytes::from_static(br#"{"certificates":[7],"items":[8]}"#);
        assert_eq!(items(&read(&body, Some("certificates")).expect("a page")), ["7"]);
        assert!(read(&body, Some("orders")).is_err());
    }

    #[test]
    fn what_is_no_list_is_an_error_without_its_text() {
        for body in ["", "canary", "\"canary\"", "null", "7", "{}", "[1", "[1]canary", r#"{"items":"canary"}"#] {
            let error = of(body).expect_err(body).to_string();
            assert!(!error.contains("canary"), "{error}");
        }
        for next in ["\"canary\"", "{}", "true", "1.5"] {
            assert_eq!(of(&format!(r#"{{"items":[],"next":{next}}}"#)).expect_err(next), Unreadable::Next);
        }
        assert!(read(&Bytes::from_static(b"[\"\xff\"]"), None).is_err());
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = format!("[{}1{}]", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(of(&deep).expect("one item, unread").items.len(), 1);
        let many = format!("[{}0]", "0,".repeat(MAX_ITEMS));
        let page = of(&many).expect("read");
        assert!(page.overfull && page.items.len() == MAX_ITEMS);
    }
}
