//! The calls of one list: its path, filters and paging parameters.

use std::borrow::Cow;

use digicert_one_core::{Instance, Origin, RequestTarget};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use super::envelope::MAX_ITEMS;
use super::kind::Paging;
use super::position::{PAGE_TOKEN, Step};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::link_target::Pointer;
use crate::path::with_query;
use crate::request::RequestBuilder;

/// Characters that servers leave unencoded in the query of a link.
const LOOSE: &AsciiSet =
    &AsciiSet::EMPTY.add(b'[').add(b']').add(b' ').add(b'"').add(b'<').add(b'>').add(b'|').add(b'\'');
/// The usual page size of clients of these APIs; the largest one is not documented.
const PAGE_SIZE: u64 = 100;

/// The request of a list without the position.
#[derive(Debug)]
pub(super) struct List {
    path: String,
    /// `name=value` as the caller wrote it, without paging parameters.
    filters: Vec<String>,
    pub(super) paging: Paging,
    /// The page size.
    pub(super) size: u64,
    /// Whether the caller chose the page size.
    pub(super) size_chosen: bool,
    pub(super) field: Option<String>,
    body: Option<Map<String, Value>>,
    /// The start position in the caller's query.
    pub(super) start: u64,
    /// Whether a list that may be incomplete ends without an error.
    pub(super) incomplete: bool,
}

impl List {
    /// Takes page size and start position from the caller's query.
    pub(super) fn new(target: &RequestTarget, paging: Paging, size: Option<u64>) -> Result<Self, Error> {
        let invalid = |text: String| Error::local(ErrorKind::Request, text);
        let number = |name: &str, value: Option<&str>| {
            value.and_then(|value| value.parse::<u64>().ok()).ok_or_else(|| invalid(format!("{name} must be a number")))
        };
        let (mut filters, mut own_size, mut start) = (Vec::new(), None, 0);
        for pair in pairs(target) {
            let value = pair.split_once('=').map(|(_, value)| value);
            match &*name(pair) {
                limit if paging != Paging::Whole && limit == paging.size_name() => {
                    own_size = Some(number(limit, value)?)
                }
                "offset" if matches!(paging, Paging::Detected | Paging::Offset) => start = number("offset", value)?,
                PAGE_TOKEN if paging == Paging::Token => {
                    return Err(invalid("a list begins at a position (start_at), not at a pageToken".to_owned()));
                }
                _ => filters.push(pair.to_owned()),
            }
        }
        let chosen = size.or(own_size);
        let size = chosen.unwrap_or(PAGE_SIZE);
        if !(1..=MAX_ITEMS as u64).contains(&size) {
            return Err(invalid(format!("the page size must be between 1 and {MAX_ITEMS}, not {size}")));
        }
        let path = target.path().to_owned();
        Ok(Self {
            path,
            filters,
            paging,
            size,
            size_chosen: chosen.is_some(),
            field: None,
            body: None,
            start,
            incomplete: false,
        })
    }

    /// Sets the field that holds the items.
    pub(super) fn with_field(mut self, field: Option<String>) -> Self {
        self.field = field;
        self
    }

    /// Sets whether a list that may be incomplete ends without an error.
    pub(super) fn with_incomplete(mut self, allowed: bool) -> Self {
        self.incomplete = allowed;
        self
    }

    /// Requests the list by POST with this JSON object.
    pub(super) fn with_body(mut self, body: Option<Value>) -> Result<Self, Error> {
        self.body = match body {
            None => None,
            Some(Value::Object(body)) => Some(body),
            Some(_) => return Err(Error::local(ErrorKind::Request, "the body of a list must be a JSON object")),
        };
        Ok(self)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The path and query of the page at this step.
    pub(super) fn target(&self, step: &Step) -> Result<RequestTarget, Error> {
        let (base, own): (&str, Vec<&str>) = match step {
            Step::Link(target) => (target.path(), pairs(target).collect()),
            _ => (&self.path, Vec::new()),
        };
        let parameter = match step {
            Step::Page(parameter, _) | Step::Token(parameter, _) => Some(self.parameter(parameter)),
            _ => None,
        };
        let missing = |pair: &&str| parameter != Some(&*name(pair)) && !own.iter().any(|own| name(own) == name(pair));
        let filters = self.filters.iter().map(String::as_str).filter(missing);
        let query = own.iter().copied().chain(filters).collect::<Vec<_>>().join("&");
        let text = if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") };
        let mut target = RequestTarget::parse(text);
        let mut add =
            |name: &str, value: &str| target = target.clone().and_then(|target| with_query(&target, name, value));
        if self.body.is_none() && self.paging != Paging::Whole {
            let size_name = self.paging.size_name();
            if !own.iter().any(|own| name(own) == size_name) {
                add(size_name, &self.size.to_string());
            }
            match step {
                Step::Offset(offset) if *offset > 0 => add("offset", &offset.to_string()),
                Step::Page(parameter, number) => add(parameter, &number.to_string()),
                Step::Token(parameter, token) => add(self.parameter(parameter), token),
                _ => {}
            }
        }
        target.map_err(|error| Error::local(ErrorKind::Request, error.to_string()).with_source(error))
    }

    /// The parameter for a token or a number: the one of the position, unless the list has a fixed one.
    fn parameter<'a>(&self, named: &'a str) -> &'a str {
        if self.paging == Paging::Token { PAGE_TOKEN } else { named }
    }

    /// The call of the page at this step.
    pub(super) fn request(&self, client: &Client, target: RequestTarget, step: &Step) -> RequestBuilder {
        let Some(body) = &self.body else { return client.get(target).of_page() };
        let mut body = body.clone();
        body.insert("maxResults".to_owned(), self.size.into());
        if let Step::Token(_, token) = step {
            body.insert(PAGE_TOKEN.to_owned(), token.as_str().into());
        }
        client.post(target).json(&body).of_page()
    }

    /// Resolves a link on the page of `from`.
    pub(super) fn follow(
        instance: &Instance,
        origin: &Origin,
        from: &RequestTarget,
        link: &str,
    ) -> Result<RequestTarget, Error> {
        let (place, query) = link.split_at(link.find('?').unwrap_or(link.len()));
        let link = format!("{place}{}", utf8_percent_encode(query, LOOSE));
        Pointer::NextPage.resolve(instance, origin, from, &link)
    }

    /// A key that is equal for two calls if and only if they request the same page.
    pub(super) fn key(&self, step: &Step) -> Result<String, Error> {
        let target = self.target(step)?;
        let mut parts: Vec<&str> = pairs(&target).filter(|pair| *pair != "offset=0").collect();
        parts.sort_unstable();
        let token = match step {
            Step::Token(_, token) if self.body.is_some() => token,
            _ => "",
        };
        Ok(format!("{}?{}#{token}", target.path(), parts.join("&")))
    }

    /// The offset in a link.
    pub(super) fn offset(link: &RequestTarget) -> Option<u64> {
        pairs(link).find(|pair| name(pair) == "offset")?.split_once('=')?.1.parse().ok()
    }
}

fn pairs(target: &RequestTarget) -> impl Iterator<Item = &str> {
    let query = target.as_str().split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty())
}

/// The decoded name of a pair, so that `data%5Btype%5D` and `data[type]` are equal.
fn name(pair: &str) -> Cow<'_, str> {
    percent_decode_str(pair.split('=').next().unwrap_or_default()).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(target: &str) -> List {
        List::new(&RequestTarget::parse(target).expect("a path"), Paging::Detected, Some(2)).expect("a list")
    }

    #[test]
    fn filters_are_on_every_page_and_nothing_is_there_twice() {
        let list = list("/x?data%5Btype%5D=a&status=A&status=B&limit=9&offset=4");
        let target = |step: Step| list.target(&step).expect("a target").to_string();
        assert_eq!((list.start, list.size), (4, 2));
        let filters = "data%5Btype%5D=a&status=A&status=B";
        assert_eq!(target(Step::Offset(0)), format!("/x?{filters}&limit=2"));
        assert_eq!(target(Step::Offset(6)), format!("/x?{filters}&limit=2&offset=6"));
        assert_eq!(
            target(Step::Token("pageToken".to_owned(), "a b/".to_owned())),
            format!("/x?{filters}&limit=2&pageToken=a%20b%2F")
        );
        assert_eq!(target(Step::Page("status".to_owned(), 3)), "/x?data%5Btype%5D=a&limit=2&status=3");
        let link = RequestTarget::parse("/y?offset=6&limit=7&data%5btype%5d=a").expect("a path");
        assert_eq!(target(Step::Link(link)), "/y?offset=6&limit=7&data%5Btype%5D=a&status=A&status=B");
    }

    #[test]
    fn two_calls_for_one_page_have_one_key() {
        let list = list("/x?a=1");
        let key = |step: Step| list.key(&step).expect("a key");
        let link = |text: &str| Step::Link(RequestTarget::parse(text).expect("a path"));
        assert_eq!(key(Step::Offset(0)), key(link("/x?limit=2&offset=0&a=1")));
        assert_eq!(key(Step::Offset(2)), key(link("/x?offset=2&limit=2")));
        assert_ne!(key(Step::Offset(2)), key(Step::Offset(4)));
    }

    #[test]
    fn absurd_page_size_is_refused() {
        for target in ["/x?limit=0", "/x?limit=many", "/x?limit=100001", "/x?offset=-1", "/x?offset"] {
            let target = RequestTarget::parse(target).expect("a path");
            assert_eq!(List::new(&target, Paging::Detected, None).expect_err("refused").kind(), ErrorKind::Request);
        }
    }
}
