//! Reads the paging fields of a page: total, position and next page, from the envelope, from an object inside it (`pagination`, `meta`,
//! `page`, `links` and similar ones), and from the response headers.

use std::fmt;

use digicert_one_core::RequestTarget;
use http::HeaderMap;
use http::header::{CONTENT_RANGE, LINK};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::Fault;
use super::position::is_of_name;
use super::unreadable::Unreadable;
use crate::error::Error;
use crate::lossy_text::FieldName;

/// The longest token that is accepted: it is sent in a query.
const MAX_TOKEN: usize = 4096;
/// The depth of the search: `meta.pagination.links` has three levels.
const MAX_DEPTH: usize = 3;

/// The paging fields of a page.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) total: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) limit: Option<u64>,
    /// The number of this page, and the parameter for it.
    pub(super) page: Option<(String, u64)>,
    pub(super) pages: Option<u64>,
    /// Whether there are more items, if a field says so.
    pub(super) more: Option<bool>,
    pub(super) next: NextPage,
    /// Why the list may be incomplete, by the server's own words.
    pub(super) doubt: Option<Fault>,
}

/// The next page according to a page.
#[derive(Debug, Default)]
pub(super) enum NextPage {
    /// Unknown.
    #[default]
    Silent,
    /// There is none.
    Done,
    Offset(u64),
    /// By its number, in this parameter.
    Page(String, u64),
    Link(String),
    /// A link, checked.
    Target(RequestTarget),
    /// A refused link.
    Refused(Error),
    /// A token, in this parameter.
    Token(String, String),
}

impl NextPage {
    fn is_pointer(&self) -> bool {
        !matches!(self, Self::Silent | Self::Done)
    }

    /// Prefers a next page, then the first value.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Silent, _) => other,
            (Self::Done, other_next) if other_next.is_pointer() => other,
            _ => self,
        }
    }
}

/// Reads the paging fields of an envelope.
#[derive(Default)]
pub(super) struct Reader<'a> {
    signals: Signals,
    token: NextPage,
    link: NextPage,
    /// A position that always has a value, such as `cursor`; ignored if the page says that it is the last one.
    cursor: NextPage,
    /// Spring's `number`, which is a page number only together with other paging fields.
    number: Option<u64>,
    /// `meta`, `pagination` and similar objects.
    inner: Vec<&'a RawValue>,
}

impl<'a> Reader<'a> {
    /// Reads a field if it is a paging field.
    pub(super) fn take(&mut self, name: &str, value: &'a RawValue) -> Result<bool, Unreadable> {
        let plain = plain(name);
        let (signals, found) = (&mut self.signals, number(value));
        let is_object = value.get().starts_with('{');
        match plain.as_str() {
            "total" | "totalcount" | "totalrecords" | "totalitems" | "totalelements" | "totalresults" | "totalsize"
            | "totalhits" => signals.total = signals.total.or(found),
            "offset" | "skip" => signals.offset = signals.offset.or(found),
            "limit" | "pagesize" | "perpage" | "itemsperpage" | "size" | "pagelimit" => {
                signals.limit = signals.limit.or(found);
            }
            "pagination" | "paging" | "paginginfo" | "paginationinfo" | "meta" | "metadata" | "page" | "pageinfo"
            | "pagemetadata" | "pager" | "links" | "responsemetadata" | "resultinfo"
                if is_object =>
            {
                self.inner.push(value);
            }
            "page" | "pagenumber" | "currentpage" | "pageindex" => {
                let parameter = if plain == "currentpage" { "page" } else { name };
                let page = found.map(|number| (parameter.to_owned(), number));
                signals.page = signals.page.take().or(page);
            }
            "number" => self.number = self.number.or(found),
            "totalpages" | "pagecount" | "pages" | "numpages" => signals.pages = signals.pages.or(found),
            "lastpage" if found.is_some() => signals.pages = signals.pages.or(found),
            "hasmore" | "more" | "hasnext" | "hasnextpage" | "hasmorepages" | "hasmoreitems" | "hasmoredata"
            | "moreavailable" | "morepages" | "moreresults" | "istruncated" | "truncated" => {
                signals.more = signals.more.or(truth(value));
            }
            "last" | "islast" | "lastpage" | "islastpage" | "done" | "isdone" | "eof" | "endoflist" => {
                signals.more = signals.more.or(truth(value).map(|last| !last));
            }
            "nextpage" if found.is_some() => {
                self.link =
                    std::mem::take(&mut self.link).or(NextPage::Page("page".to_owned(), found.unwrap_or_default()));
            }
            "incompleteresults" | "incomplete" | "isincomplete" | "partial" | "ispartial" | "partialresults"
            | "timedout"
                if truth(value) == Some(true) =>
            {
                signals.doubt = Some(Fault::Partial);
            }
            "next" | "nextpage" | "nexturl" | "nextlink" | "nexthref" | "nexturi" | "nextpath" | "nextpageurl"
            | "nextpagelink" | "nextrecordsurl" | "odatanextlink" | "nextoffset" | "nextstart" => {
                self.link = std::mem::take(&mut self.link).or(next(value)?);
            }
            "cursor" | "endcursor" => {
                let parameter = if plain == "cursor" { name } else { "after" };
                let cursor = token(parameter, value).unwrap_or_default();
                self.cursor = std::mem::take(&mut self.cursor).or(cursor);
            }
            "nextpagetoken"
            | "nexttoken"
            | "nextcursor"
            | "nextpagecursor"
            | "nextcontinuationtoken"
            | "continuationtoken"
            | "nextmarker"
            | "nextkey"
            | "nextpagekey"
            | "continue" => {
                self.token = std::mem::take(&mut self.token).or(token(&parameter(name, &plain), value)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The result; fields of the envelope take precedence over those of inner objects.
    pub(super) fn finish(mut self) -> Result<Signals, Unreadable> {
        for _ in 0..MAX_DEPTH {
            for object in std::mem::take(&mut self.inner) {
                let Ok(fields) = serde_json::from_str::<Object<'a>>(object.get()) else { continue };
                for (name, value) in fields.0 {
                    self.take(&name, value)?;
                }
            }
        }
        let Self { mut signals, token, link, cursor, number, .. } = self;
        let paged = signals.pages.is_some() || signals.more.is_some() || signals.limit.is_some();
        signals.page = signals.page.or(number.filter(|_| paged).map(|number| ("page".to_owned(), number)));
        let cursor = if signals.more == Some(false) && cursor.is_pointer() { NextPage::Done } else { cursor };
        signals.next = match (token.or(link).or(cursor), &signals.page) {
            // A number is the offset of the next page, or its number with numbered pages.
            (NextPage::Offset(next), Some((name, page)))
                if signals.offset.is_none() && page.checked_add(1) == Some(next) =>
            {
                NextPage::Page(name.clone(), next)
            }
            (next, _) => next,
        };
        Ok(signals)
    }
}

impl Signals {
    /// Adds the response headers, which the envelope takes precedence over.
    pub(super) fn add_headers(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let count = |name: &str| text(name).and_then(|value| value.parse().ok());
        self.total = self.total.or(count("x-total-count")).or(count("x-total"));
        if let Some((range, total)) = text(CONTENT_RANGE.as_str()).and_then(|range| range.split_once('/')) {
            self.total = self.total.or(total.trim().parse().ok());
            let first = range.trim().rsplit([' ', '=']).next().and_then(|range| range.split('-').next());
            self.offset = self.offset.or(first.and_then(|first| first.parse().ok()));
        }
        let number = match text("x-next-page") {
            Some("") => NextPage::Done,
            Some(page) => page.parse().map_or(NextPage::Silent, |page| NextPage::Page("page".to_owned(), page)),
            None => NextPage::Silent,
        };
        let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let links = links.map(linked).fold(NextPage::Silent, NextPage::or);
        self.next = std::mem::take(&mut self.next).or(links).or(number);
    }
}

/// The next page in a `Link` header (RFC 8288): `<https://host/x?page=2>; rel="next"`. A header with other relations of a list and without
/// `next` marks the last page.
fn linked(header: &str) -> NextPage {
    let (mut rest, mut said) = (header, NextPage::Silent);
    while let Some((target, behind)) = rest.split_once('<').and_then(|(_, link)| link.split_once('>')) {
        // Parameters end at the comma before the next link, except in quotes.
        let mut quoted = false;
        let end = behind.find(|character| {
            quoted ^= character == '"';
            character == ',' && !quoted
        });
        let (parameters, others) = behind.split_at(end.unwrap_or(behind.len()));
        for parameter in parameters.split(';') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !name.trim().eq_ignore_ascii_case("rel") {
                continue;
            }
            for relation in value.trim().trim_matches('"').split_ascii_whitespace() {
                said = match relation.to_ascii_lowercase().as_str() {
                    "next" => said.or(NextPage::Link(target.to_owned())),
                    "first" | "prev" | "previous" | "last" => said.or(NextPage::Done),
                    _ => said,
                };
            }
        }
        rest = others;
    }
    said
}

/// The parameter for a token, from the name of its field: `next_page_token` is sent as `page_token`.
fn parameter(name: &str, plain: &str) -> String {
    if !plain.starts_with("next") || plain == "nexttoken" {
        return name.to_owned();
    }
    let rest: String = name.chars().skip(4).skip_while(|character| !character.is_ascii_alphanumeric()).collect();
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
}

/// `nextPageToken`, `next_page_token` and `next-page-token` are one name.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect()
}

/// A number, also as a text; one that is larger than any list counts as the largest.
fn number(raw: &RawValue) -> Option<u64> {
    let text = raw.get().trim_matches('"');
    let text = text.strip_suffix(".0").unwrap_or(text);
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn truth(raw: &RawValue) -> Option<bool> {
    raw.get().trim_matches('"').parse().ok()
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn token(parameter: &str, raw: &RawValue) -> Result<NextPage, Unreadable> {
    let token = |token: String| NextPage::Token(parameter.chars().filter(|one| is_of_name(*one)).collect(), token);
    match text(raw) {
        Some(text) if text.is_empty() => Ok(NextPage::Done),
        Some(text) if text.len() <= MAX_TOKEN => Ok(token(text)),
        None if matches!(raw.get(), "null" | "false" | "0") || raw.get().starts_with('-') => Ok(NextPage::Done),
        None if number(raw).is_some() => Ok(token(raw.get().to_owned())),
        _ => Err(Unreadable::Next),
    }
}

fn next(raw: &RawValue) -> Result<NextPage, Unreadable> {
    if let Some(offset) = number(raw) {
        return Ok(NextPage::Offset(offset));
    }
    match text(raw) {
        Some(link) if link.trim().is_empty() => Ok(NextPage::Done),
        Some(link) if link.contains(['/', '?', ':']) => Ok(NextPage::Link(link)),
        // -1 means none.
        None if raw.get().starts_with('-') || matches!(raw.get(), "null" | "false") => Ok(NextPage::Done),
        None => linked_object(raw),
        _ => Err(Unreadable::Next),
    }
}

/// A HAL link, `{"href": "..."}`; without a target it means none.
fn linked_object(raw: &RawValue) -> Result<NextPage, Unreadable> {
    let object: Object<'_> = serde_json::from_str(raw.get()).map_err(|_| Unreadable::Next)?;
    match object.0.iter().find(|(name, _)| matches!(plain(name).as_str(), "href" | "url" | "link")) {
        Some((_, link)) if !link.get().starts_with('{') => next(link),
        _ => Err(Unreadable::Next),
    }
}

/// The raw fields of an object, including duplicates.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(FieldName(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Fields).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> Signals {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().expect("a value"));
        }
        let mut signals = Signals::default();
        signals.add_headers(&map);
        signals
    }

    #[test]
    fn link_header_with_next_is_followed_and_without_is_the_end() {
        let github =
            r#"<https://one.digicert.test/x?page=2>; rel="next", <https://one.digicert.test/x?page=9>; rel="last""#;
        assert!(matches!(headers(&[("link", github)]).next, NextPage::Link(link) if link.ends_with("page=2")));
        let odd = r#"</x?a=1,2>; title="a, <b>; rel=next"; rel="prev NEXT""#;
        assert!(matches!(headers(&[("link", odd)]).next, NextPage::Link(link) if link == "/x?a=1,2"));
        assert!(matches!(headers(&[("link", "</x>; rel=first"), ("link", "</x>; rel=next")]).next, NextPage::Link(_)));
        assert!(matches!(headers(&[("link", "</x?page=1>; rel=prev")]).next, NextPage::Done));
        for other in ["</x.css>; rel=preload", "nonsense", "<", ">;rel=next", ""] {
            assert!(matches!(headers(&[("link", other)]).next, NextPage::Silent), "{other}");
        }
    }

    #[test]
    fn counting_headers_are_read() {
        let signals = headers(&[("content-range", "items 3-5/7")]);
        assert_eq!((signals.total, signals.offset), (Some(7), Some(3)));
        let signals = headers(&[("content-range", "items 0-2/*")]);
        assert_eq!((signals.total, signals.offset), (None, Some(0)));
        let signals = headers(&[("x-total-count", "7"), ("x-next-page", "2")]);
        assert!(matches!((signals.total, &signals.next), (Some(7), NextPage::Page(name, 2)) if name == "page"));
        assert!(matches!(headers(&[("x-next-page", "")]).next, NextPage::Done));
    }

    #[test]
    fn tokens_go_back_under_the_name_that_belongs_to_theirs() {
        for (field, expected) in [
            ("nextPageToken", "pageToken"),
            ("NextPageToken", "pageToken"),
            ("next_page_token", "page_token"),
            ("nextToken", "nextToken"),
            ("next_cursor", "cursor"),
            ("continuationToken", "continuationToken"),
            ("nextContinuationToken", "continuationToken"),
        ] {
            assert_eq!(parameter(field, &plain(field)), expected);
        }
    }
}
