//! Reads one page in any of the platform's forms. The items stay raw text: slices of the body, so that a page costs its bytes and a few
//! words for each item. `signals.rs` reads the paging fields.
//!
//! Seen: `{total, offset, limit, items}` (Trust Lifecycle, Software Trust), `{total, records, next, limit, offset}` (Device Trust), a
//! bare array (Account Manager), 204 without a body (Private CA), `{credentialIDs, nextPageToken}` (CSC).

use std::collections::{HashMap, HashSet};
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::signals::{Reader, Signals, plain};
use super::unreadable::Unreadable;
use crate::error::Error;
use crate::lossy_text::FieldName;

/// The most items of one page.
pub(super) const MAX_ITEMS: usize = 100_000;
/// Names of the list in an envelope, as [`plain`] writes them, the observed ones first.
const LISTS: [&str; 10] =
    ["items", "records", "credentialids", "results", "data", "content", "entries", "elements", "resources", "value"];
/// Names of arrays that accompany a list.
const BESIDE: [&str; 4] = ["errors", "warnings", "messages", "schemas"];

/// Paging fields that other objects may have as well.
const OF_THINGS: [&str; 13] = [
    "offset",
    "limit",
    "size",
    "number",
    "last",
    "done",
    "metadata",
    "meta",
    "links",
    "continue",
    "incomplete",
    "partial",
    "timedout",
];

/// A page.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) items: Vec<Bytes>,
    pub(super) signals: Signals,
    /// There were more than [`MAX_ITEMS`]; the rest was dropped.
    pub(super) overfull: bool,
    /// The error that the page reports beside its items.
    pub(super) reported: Option<Error>,
    /// The number of attempts.
    pub(super) attempts: u32,
}

/// Reads the body of a page. `field` is the caller's name for the list; a `later` page follows one that was a list.
pub(super) fn read(body: &Bytes, field: Option<&str>, later: bool) -> Result<Envelope, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let top = json.deserialize_any(TopVisitor { field }).map_err(|_| Unreadable::NotJson)?;
    json.end().map_err(|_| Unreadable::NotJson)?;
    let fields = match top {
        Top::Array(list) => return Ok(list.into_envelope(body)),
        Top::Other(what) => return Err(Unreadable::NotAList(what)),
        Top::Object(fields) => *fields,
    };
    if let Some(name) = fields.twice {
        return Err(Unreadable::Twice(name.escape_debug().take(40).collect()));
    }
    let mut arrays = fields.arrays;
    if arrays.len() > 1 {
        arrays.retain(|(name, _)| !BESIDE.contains(&plain(name).as_str()));
    }
    let list = match (fields.list, fields.embedded, arrays.as_slice()) {
        (Some((_, list)), _, _) => list,
        (None, Some(embedded), _) if field.is_none() => embedded,
        // An unknown name, but the only candidate.
        (None, _, [(_, only)]) if field.is_none() && (fields.paged || later) => only,
        (None, ..) => return Err(candidates(field, &arrays)),
    };
    let list_field = list;
    let list = match list.get() {
        "null" => Raws::default(),
        list => {
            serde_json::Deserializer::from_str(list).deserialize_seq(ListVisitor).map_err(|_| Unreadable::NotJson)?
        }
    };
    let mut signals = fields.signals?.finish()?;
    if fields.error.is_some_and(|error| !std::ptr::eq(error, list_field)) {
        signals.doubt = Some(Fault::Partial);
    }
    Ok(Envelope { signals, ..list.into_envelope(body) })
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

struct Fields<'a> {
    /// With its rank in [`LISTS`].
    list: Option<(usize, &'a RawValue)>,
    signals: Result<Reader<'a>, Unreadable>,
    /// The only list in `_embedded` (HAL).
    embedded: Option<&'a RawValue>,
    /// What it reports as an error.
    error: Option<&'a RawValue>,
    /// Whether there was a field that only pages have.
    paged: bool,
    /// The first few arrays under other names.
    arrays: Vec<(String, &'a RawValue)>,
    /// A duplicate field.
    twice: Option<String>,
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
        let (signals, arrays) = (Ok(Reader::default()), Vec::new());
        let mut fields = Fields { list: None, signals, embedded: None, error: None, paged: false, arrays, twice: None };
        let mut names = HashSet::new();
        while let Some(FieldName(name)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            if !names.insert(name.clone()) {
                fields.twice.get_or_insert_with(|| name.clone());
            }
            let is_list = value.get().starts_with('[') || value.get() == "null";
            let plain = plain(&name);
            if matches!(plain.as_str(), "errors" | "error") && holds_something(value) {
                fields.error = Some(value);
            }
            let rank = match self.field {
                Some(field) => (name == field).then_some(0),
                None => LISTS.iter().position(|list| *list == plain),
            };
            if let Some(rank) = rank
                && is_list
            {
                if fields.list.is_none_or(|(best, _)| rank <= best) {
                    fields.list = Some((rank, value));
                }
            } else if value.get().starts_with('[') {
                if fields.arrays.len() < 5 {
                    fields.arrays.push((name, value));
                }
            } else if plain == "embedded" {
                fields.embedded = only_list(value);
            } else if let Ok(signals) = &mut fields.signals {
                match signals.take(&name, value) {
                    // Other objects have these, too.
                    Ok(taken) => fields.paged |= taken && !OF_THINGS.contains(&plain.as_str()),
                    Err(unreadable) => fields.signals = Err(unreadable),
                }
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

/// The list in this object, if it has one only.
fn only_list(object: &RawValue) -> Option<&RawValue> {
    let fields: HashMap<String, &RawValue> = serde_json::from_str(object.get()).ok()?;
    let mut lists = fields.into_values().filter(|value| value.get().starts_with('['));
    lists.next().filter(|_| lists.next().is_none())
}

/// Whether this is a text, an object or a list that is not empty.
fn holds_something(value: &RawValue) -> bool {
    let text = value.get();
    text.starts_with(['"', '[', '{']) && !text[1..text.len() - 1].trim().is_empty()
}

fn candidates(field: Option<&str>, arrays: &[(String, &RawValue)]) -> Unreadable {
    match field {
        Some(field) => Unreadable::Field(format!("it has no list {field}")),
        None if arrays.is_empty() => Unreadable::NotAList("it is an object without one"),
        None => {
            let names: Vec<String> = arrays.iter().map(|(name, _)| plain(name).chars().take(40).collect()).collect();
            Unreadable::Field(format!("it may be one of {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::signals::NextPage;
    use super::*;

    fn of(body: &str) -> Result<Envelope, Unreadable> {
        read(&Bytes::copy_from_slice(body.as_bytes()), None, false)
    }

    fn items(page: &Envelope) -> Vec<&str> {
        page.items.iter().map(|item| std::str::from_utf8(item).expect("checked")).collect()
    }

    #[test]
    fn every_envelope_that_was_seen_is_reported_by_its_shape() {
        let page = of(r#"{"total":3,"offset":1,"limit":2,"items":[{"id":1},{"id":2}],"new":{}}"#).expect("a page");
        assert_eq!(items(&page), [r#"{"id":1}"#, r#"{"id":2}"#]);
        let Signals { total, offset, limit, next, .. } = page.signals;
        assert_eq!((total, offset, limit), (Some(3), Some(1), Some(2)));
        assert!(matches!(next, NextPage::Silent));
        let page = of(r#"{"total":"3","records":[1],"next":2}"#).expect("a page");
        assert!(matches!((page.signals.total, page.signals.next), (Some(3), NextPage::Offset(2))));
        let page = of(r#"{"records":[1],"next":"/x?offset=2"}"#).expect("a page");
        assert!(matches!(page.signals.next, NextPage::Link(link) if link == "/x?offset=2"));
        for none in ["null", "\"\"", "-1", "false"] {
            let page = of(&format!(r#"{{"records":null,"next":{none}}}"#)).expect("a page");
            assert!(matches!(page.signals.next, NextPage::Done) && page.items.is_empty(), "{none}");
        }
        assert_eq!(items(&of("[1, 2]").expect("a page")), ["1", "2"]);
        let page = of(r#"{"credentialIDs":["a"],"nextPageToken":"t"}"#).expect("a page");
        assert!(matches!(page.signals.next, NextPage::Token(name, token) if name == "pageToken" && token == "t"));
    }

    #[test]
    fn signals_are_read_inside_one_object_too() {
        for body in [
            r#"{"items":[1],"pagination":{"total":7,"limit":2,"offset":0}}"#,
            r#"{"items":[1],"meta":{"pagination":{"total_count":"7","per_page":2,"offset":0}}}"#,
            r#"{"items":[1],"\ud83d":1,"paging":{"total":7,"size":2,"skip":0,"\udead":{}}}"#,
        ] {
            let Signals { total, offset, limit, .. } = of(body).expect(body).signals;
            assert_eq!((total, offset, limit), (Some(7), Some(0), Some(2)), "{body}");
        }
        for body in [
            r#"{"data":[1],"links":{"self":"/x","next":"/x?p=2"}}"#,
            r#"{"items":[1],"_links":{"next":{"href":"/x?p=2"}}}"#,
            r#"{"value":null,"items":[1],"@odata.nextLink":"/x?p=2"}"#,
        ] {
            assert!(matches!(of(body).expect(body).signals.next, NextPage::Link(link) if link == "/x?p=2"), "{body}");
        }
        let spring = of(r#"{"content":[1],"number":0,"size":1,"totalPages":3,"last":false}"#).expect("a page").signals;
        assert_eq!((spring.page, spring.pages, spring.more), (Some(("page".to_owned(), 0)), Some(3), Some(true)));
        let page = of(r#"{"entries":[1],"cursor":"c","has_more":false}"#).expect("a page").signals;
        assert!(matches!(page.next, NextPage::Done), "a cursor alone does not name a next page");
        let page = of(r#"{"items":[1],"page":1,"next":2}"#).expect("a page").signals;
        assert!(matches!(page.next, NextPage::Page(name, 2) if name == "page"));
    }

    #[test]
    fn aliases_are_read_and_a_strange_name_only_where_it_must_be_the_list() {
        assert_eq!(items(&of(r#"{"total_count":1,"Results":[7]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"data":[8],"items":[7]}"#).expect("a page")), ["7"], "the seen name wins");
        assert_eq!(items(&of(r#"{"total":1,"certificates":[7]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"total":1,"certificates":[7],"errors":[],"warnings":[]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"@odata.context":"x","value":[7]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"schemas":["x"],"Resources":[7]}"#).expect("a page")), ["7"]);
        assert_eq!(items(&of(r#"{"_embedded":{"users":[7]},"page":{"number":0}}"#).expect("a page")), ["7"]);
        assert!(of(r#"{"_embedded":{"users":[7],"groups":[8]}}"#).is_err(), "two lists");
        let error = of(r#"{"total":1,"certificates":[7],"orders":[8]}"#).expect_err("two lists").to_string();
        assert!(error.contains("certificates, orders") && !error.contains('7'), "{error}");
        assert!(of(r#"{"id":1,"applications":[7]}"#).is_err(), "an object that has a list is not a list");
        let body = Bytes::from_static(br#"{"certificates":[7],"items":[8]}"#);
        assert_eq!(items(&read(&body, Some("certificates"), false).expect("a page")), ["7"]);
        assert!(read(&body, Some("orders"), false).is_err());
    }

    #[test]
    fn envelope_with_a_field_twice_is_an_error_that_names_it() {
        for body in [r#"{"items":[1],"items":[2]}"#, r#"{"total":1,"items":[1],"total":2}"#] {
            assert!(of(body).expect_err(body).to_string().contains("duplicate field"), "{body}");
        }
    }

    #[test]
    fn body_that_is_not_a_list_is_an_error_without_its_text() {
        for body in ["", "canary", "\"canary\"", "null", "7", "{}", "[1", "[1]canary", r#"{"items":"canary"}"#] {
            let error = of(body).expect_err(body).to_string();
            assert!(!error.contains("canary"), "{error}");
        }
        for next in ["\"canary\"", "{}", "true", "1.5"] {
            assert_eq!(of(&format!(r#"{{"items":[],"next":{next}}}"#)).expect_err(next), Unreadable::Next);
        }
        assert!(read(&Bytes::from_static(b"[\"\xff\"]"), None, false).is_err());
    }

    #[test]
    fn json_of_another_structure_is_not_blamed_on_a_proxy() {
        for (body, content_type, advice) in [
            (r#"{"id":7}"#, "application/json", "a single resource"),
            ("7", "application/json", "a single resource"),
            (r#"{"users":[1],"groups":[2]}"#, "application/json", "--field"),
            ("id\n1\n", "text/csv", "as it is"),
        ] {
            let remedy = of(body).expect_err(body).diagnosis("x".to_owned(), Some(content_type)).remedy;
            assert!(remedy.contains(advice) && !remedy.contains("operator"), "{body}: {remedy}");
        }
        let cut = of("[1").expect_err("cut").diagnosis("x".to_owned(), Some("application/json"));
        assert!(cut.remedy.contains("operator"), "{cut}");
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
