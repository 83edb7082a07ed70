//! The end of a list: servers that page in every way that was thought of. Each gives all of its items, or an error; a list that lacks
//! items never ends as if it were whole.

use std::collections::HashMap;

use digicert_one_client::Pages;
use digicert_one_core::Code;
use futures_executor::block_on;
use http::Response;
use serde_json::{Value, json};

use crate::scripted::{Scripted, client};

/// What a server is asked for.
struct Asked(HashMap<String, String>);

impl Asked {
    fn number(&self, name: &str, default: usize) -> usize {
        self.0.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// The items of a page: the first of them, and those that the server gives.
    fn window(&self, place: &str, most: usize) -> (usize, Vec<Value>) {
        let first = self.number(place, 0);
        (first, slice(first, self.number("limit", 100).min(most)))
    }
}

/// Items are objects, so that two pages can be seen to overlap.
fn slice(first: usize, count: usize) -> Vec<Value> {
    (first.min(7)..(first + count).min(7)).map(|id| json!({ "id": id })).collect()
}

type Server = fn(&Asked) -> Response<String>;

fn page(body: Value) -> Response<String> {
    Response::new(body.to_string())
}

fn with(header: &str, value: String, body: Value) -> Response<String> {
    let response = Response::builder().header(header, value);
    response.body(body.to_string()).expect("a response")
}

/// An object, with one field more where there is a value.
fn and(mut object: Value, name: &str, value: Option<Value>) -> Value {
    if let Some(value) = value {
        object[name] = value;
    }
    object
}

/// The page behind `first`, if there is one.
fn following(first: usize, size: usize) -> Option<usize> {
    (first + size < 7).then_some(first + size)
}

fn serving(server: impl Fn(&Asked) -> Response<String> + Send + Sync + 'static) -> Scripted {
    Scripted::serving(move |request| {
        let pairs = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        server(&Asked(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    })
}

/// A bare list, and this status behind its end.
fn refused_beyond(asked: &Asked, status: u16) -> Response<String> {
    match asked.window("offset", 3).1 {
        items if items.is_empty() => Response::builder().status(status).body(String::new()).expect("a response"),
        items => page(json!(items)),
    }
}

/// What came of the list, and how often the server was asked.
fn listed(
    server: Server,
    make: impl FnOnce(Pages) -> Pages,
) -> (Vec<Value>, Option<digicert_one_client::Error>, usize) {
    let scripted = serving(server);
    let mut items = make(client(&scripted).pages("/x").page_size(3)).items::<Value>();
    let (mut all, mut failure) = (Vec::new(), None);
    while let Some(item) = block_on(items.next()) {
        match item {
            Ok(item) => all.push(item),
            Err(error) => failure = Some(error),
        }
    }
    let asked = scripted.requests().len();
    (all, failure, asked)
}

/// Servers whose list of seven items arrives whole, and the requests that it takes.
const WHOLE: &[(&str, usize, Server)] = &[
    ("a token of zero at the end", 3, |asked| {
        let first = asked.number("pageToken", 0);
        page(json!({ "items": slice(first, 3), "nextPageToken": following(first, 3).unwrap_or(0) }))
    }),
    ("HAL", 3, |asked| {
        let number = asked.number("page", 0);
        let place = json!({ "size": 3, "totalElements": 7, "totalPages": 3, "number": number });
        page(json!({ "_embedded": { "users": slice(number * 3, 3) }, "page": place }))
    }),
    ("a total of the page beside next", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let next = following(first, 3).map(|next| json!(format!("/x?offset={next}&limit=3")));
        page(and(json!({ "total": items.len(), "items": items }), "next", next))
    }),
    ("a total that is capped beside next", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let next = following(first, 3).map(|next| json!(format!("/x?offset={next}&limit=3")));
        page(and(json!({ "total": 6, "items": items }), "next", next))
    }),
    ("a total that is capped, and nothing beside it", 4, |asked| {
        page(json!({ "total": 6, "items": asked.window("offset", 3).1 }))
    }),
    ("a total of the page alone", 4, |asked| {
        let (_, items) = asked.window("offset", 3);
        page(json!({ "total": items.len(), "items": items }))
    }),
    ("a total of the page, and a smaller cap", 5, |asked| {
        let (_, items) = asked.window("offset", 2);
        page(json!({ "total": items.len(), "items": items }))
    }),
    ("a total of the page, a smaller cap, and the limit that was asked for", 5, |asked| {
        let (_, items) = asked.window("offset", 2);
        page(json!({ "total": items.len(), "limit": asked.number("limit", 0), "items": items }))
    }),
    ("a total of 0 beside items", 4, |asked| page(json!({ "total": 0, "items": asked.window("offset", 3).1 }))),
    ("a total that grows with the pages", 4, |asked| {
        let (first, items) = asked.window("offset", 3);
        page(json!({ "total": first + items.len(), "items": items }))
    }),
    ("nextPageToken, and a total of the page", 3, |asked| {
        let (first, items) = asked.window("pageToken", 3);
        let next = following(first, 3).map(|next| json!(next.to_string()));
        page(and(json!({ "total": items.len(), "items": items }), "nextPageToken", next))
    }),
    ("next_page_token, empty at the end", 3, |asked| {
        let (first, items) = asked.window("page_token", 3);
        let next = following(first, 3).map_or(String::new(), |next| next.to_string());
        page(json!({ "items": items, "next_page_token": next }))
    }),
    ("a cursor, null at the end", 3, |asked| {
        let (first, items) = asked.window("cursor", 3);
        let next = following(first, 3).map(|next| next.to_string());
        page(json!({ "items": items, "next_cursor": next }))
    }),
    ("a cursor on every page beside has_more", 3, |asked| {
        let (first, items) = asked.window("cursor", 3);
        let cursor = (first + items.len()).to_string();
        page(json!({ "entries": items, "cursor": cursor, "has_more": following(first, 3).is_some() }))
    }),
    ("a Link header", 3, |asked| {
        let first = (asked.number("page", 1) - 1) * 3;
        let next = following(first, 3).map(|next| format!("</x?page={}>; rel=\"next\", ", next / 3 + 1));
        with("link", format!("{}</x?page=1>; rel=\"first\"", next.unwrap_or_default()), json!(slice(first, 3)))
    }),
    ("X-Next-Page", 3, |asked| {
        let first = (asked.number("page", 1) - 1) * 3;
        let next = following(first, 3).map(|next| (next / 3 + 1).to_string());
        with("x-next-page", next.unwrap_or_default(), json!(slice(first, 3)))
    }),
    ("X-Total-Count", 3, |asked| with("x-total-count", "7".to_owned(), json!(asked.window("offset", 3).1))),
    ("Content-Range", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let range = format!("items {first}-{}/7", first + items.len().saturating_sub(1));
        with("content-range", range, json!(items))
    }),
    ("206 with a Content-Range of items", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let mut response = with("content-range", format!("items {first}-{}/7", first + items.len() - 1), json!(items));
        *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
        response
    }),
    ("206 with a Content-Range without a unit, as of PostgREST", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let mut response = with("content-range", format!("{first}-{}/7", first + items.len() - 1), json!(items));
        *response.status_mut() = http::StatusCode::PARTIAL_CONTENT;
        response
    }),
    ("Content-Range of unknown length", 4, |asked| {
        let (first, items) = asked.window("offset", 3);
        with("content-range", format!("items {first}-{}/*", first + items.len()), json!(items))
    }),
    ("a smaller cap of the server, bare", 5, |asked| page(json!(asked.window("offset", 2).1))),
    ("has_more", 4, |asked| {
        let (first, items) = asked.window("offset", 2);
        page(json!({ "data": items, "has_more": following(first, 2).is_some() }))
    }),
    ("hasMore, left out at the end", 4, |asked| {
        let (first, items) = asked.window("offset", 2);
        page(and(json!({ "data": items }), "hasMore", following(first, 2).map(|_| json!(true))))
    }),
    ("isLast", 4, |asked| {
        let (first, items) = asked.window("offset", 2);
        page(json!({ "values": items, "offset": first, "isLast": following(first, 2).is_none() }))
    }),
    ("pagination with a total", 4, |asked| {
        let (first, items) = asked.window("offset", 2);
        page(json!({ "items": items, "pagination": { "total": 7, "offset": first, "limit": 2 } }))
    }),
    ("a total in meta", 4, |asked| page(json!({ "items": asked.window("offset", 2).1, "meta": { "total": 7 } }))),
    ("pages from 0, and whether it is the last", 4, |asked| {
        let number = asked.number("page", 0);
        page(
            json!({ "content": slice(number * 2, 2), "number": number, "size": 2, "totalPages": 4, "last": number == 3 }),
        )
    }),
    ("pages from 0 in an object", 4, |asked| {
        let number = asked.number("page", 0);
        let place = json!({ "size": 2, "totalElements": 7, "totalPages": 4, "number": number });
        page(json!({ "content": slice(number * 2, 2), "page": place }))
    }),
    ("pages from 1 of so many", 4, |asked| {
        let number = asked.number("page", 1);
        page(json!({ "items": slice((number - 1) * 2, 2), "page": number, "total_pages": 4 }))
    }),
    ("pages from 1, and nothing else", 5, |asked| {
        let number = asked.number("page", 1);
        page(json!({ "items": slice((number - 1) * 2, 2), "page": number, "total": null }))
    }),
    ("the number of the next page", 4, |asked| {
        let number = asked.number("page", 1);
        let next = (number < 4).then_some(number + 1);
        page(json!({ "items": slice((number - 1) * 2, 2), "next_page": next }))
    }),
    ("next null", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        page(json!({ "total": 7, "records": items, "next": following(first, 3), "limit": 3, "offset": first }))
    }),
    ("next empty", 3, |asked| {
        let (first, items) = asked.window("after", 3);
        let next = following(first, 3).map(|next| format!("/x?after={next}"));
        page(json!({ "records": items, "next": next.unwrap_or_default() }))
    }),
    ("OData, whose last page has the list alone", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        let next = following(first, 3).map(|next| json!(format!("/x?offset={next}&limit=3")));
        page(and(json!({ "value": items }), "@odata.nextLink", next))
    }),
    ("links as HAL writes them", 3, |asked| {
        let (first, items) = asked.window("after", 3);
        let own = json!({ "self": { "href": "/x" } });
        let next = following(first, 3).map(|next| json!({ "href": format!("/x?after={next}") }));
        page(json!({ "items": items, "_links": and(own, "next", next) }))
    }),
    ("total, offset and limit, as Trust Lifecycle has them", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        page(json!({ "total": 7, "offset": first, "limit": 3, "items": items }))
    }),
    ("an offset that counts from 1", 3, |asked| {
        let (first, items) = asked.window("offset", 3);
        page(json!({ "total": 7, "offset": first + 1, "items": items }))
    }),
];

/// Servers from which the whole list cannot be had, and what is said about them.
const DOUBTFUL: &[(&str, Code, &str, Server)] = &[
    ("an error beside the items", Code::API_04, "holds an error beside its items", |asked| {
        page(
            json!({ "total": 7, "items": asked.window("offset", 100).1, "errors": [{ "message": "shard 2 is away" }] }),
        )
    }),
    ("an error on the first page only", Code::API_04, "holds an error beside its items", |asked| {
        let (first, items) = asked.window("offset", 3);
        let error = (first == 0).then(|| json!({ "message": "shard 2 is away" }));
        page(and(json!({ "total": 7, "items": items }), "error", error))
    }),
    ("its own word that it is not whole", Code::API_04, "says that it is not complete", |asked| {
        page(json!({ "total_count": 7, "incomplete_results": true, "items": asked.window("offset", 3).1 }))
    }),
    ("a list that is still being made", Code::API_04, "HTTP 202", |_| {
        Response::builder().status(202).body(json!({ "total": 0, "items": [] }).to_string()).expect("a response")
    }),
    ("fewer items than the total", Code::API_04, "before the end of 9", |asked| {
        page(json!({ "total": 9, "items": asked.window("offset", 3).1 }))
    }),
    ("a total that shrinks", Code::API_04, "from 8 items to 7", |asked| {
        // One of the first three was removed: the fourth of eight is on no page.
        let first = asked.number("offset", 0);
        let (total, items) = if first == 0 { (8, vec![json!(1), json!(2), json!(3)]) } else { (7, slice(first, 3)) };
        page(json!({ "total": total, "items": items }))
    }),
    ("one item of another page", Code::API_04, "only 6 different ones of 7", |asked| {
        let (first, mut items) = asked.window("offset", 3);
        if first == 3 {
            items.insert(0, json!({ "id": 2 }));
            items.pop();
        }
        page(json!({ "total": 7, "offset": first, "limit": 3, "items": items }))
    }),
    ("a page again", Code::API_04, "repeats the previous one", |_| page(json!({ "total": 7, "items": slice(0, 3) }))),
    ("a page again, bare and full", Code::API_04, "repeats the previous one", |_| page(json!(slice(0, 3)))),
    ("no body before the end", Code::API_04, "before the end of 7", |asked| match asked.window("offset", 3) {
        (0, items) => page(json!({ "total": 7, "items": items })),
        _ => Response::builder().status(204).body(String::new()).expect("a response"),
    }),
    ("a total of the first page alone", Code::API_04, "before the end of 7", |asked| match asked.window("offset", 3) {
        (0, items) => page(json!({ "total": 7, "items": items })),
        _ => page(json!({ "items": [] })),
    }),
    ("a total beyond all numbers", Code::API_04, "before the end of", |asked| {
        let items = json!(asked.window("offset", 3).1);
        Response::new(format!("{{\"total\":100000000000000000000,\"items\":{items}}}"))
    }),
    ("items null before the end", Code::API_04, "before the end of 7", |_| page(json!({ "total": 7, "items": null }))),
    ("a cursor that repeats", Code::API_04, "asked for already", |asked| {
        let items = if asked.number("cursor", 0) == 0 { slice(0, 3) } else { slice(3, 3) };
        page(json!({ "items": items, "next_cursor": "3" }))
    }),
    ("cursors in a circle", Code::API_04, "asked for already", |asked| {
        let (first, items) = asked.window("cursor", 3);
        page(json!({ "items": items, "next_cursor": ((first + 3) % 9).max(1) }))
    }),
    ("a next page at another origin", Code::SEC_01, "not followed", |asked| {
        page(json!({ "items": asked.window("offset", 3).1, "next": "https://other.test/x" }))
    }),
    ("a Link header to another origin", Code::SEC_01, "not followed", |asked| {
        with("link", "<https://other.test/x>; rel=next".to_owned(), json!(asked.window("offset", 3).1))
    }),
    ("an offset that skips", Code::API_04, "begins at item 4 where item 3", |asked| {
        let first = asked.number("offset", 0);
        let first = if first == 0 { 0 } else { first + 1 };
        page(json!({ "total": 7, "offset": first, "items": slice(first, 3) }))
    }),
    ("an offset that goes back", Code::API_04, "leads back to item 2", |asked| {
        let first = asked.number("offset", 0).min(2);
        page(json!({ "total": 7, "offset": first, "items": slice(first, 3) }))
    }),
    ("another page than asked for", Code::API_04, "page 3 came where page 2", |asked| {
        let number = if asked.number("page", 1) == 1 { 1 } else { 3 };
        page(json!({ "items": slice((number - 1) * 2, 2), "page": number, "pages": 4 }))
    }),
    ("more, and an empty page", Code::API_04, "leads to none", |asked| {
        page(json!({ "items": asked.window("offset", 3).1, "has_more": true }))
    }),
    ("a token that is missing before the end", Code::API_04, "after 3 items of 7", |asked| {
        let (first, items) = asked.window("pageToken", 3);
        page(match first {
            0 => json!({ "total": 7, "items": [], "nextPageToken": "1" }),
            first => json!({ "total": 7, "items": slice(first, items.len()) }),
        })
    }),
    ("pages from 1 that are not mentioned", Code::API_04, "number its pages", |asked| {
        page(json!(slice((asked.number("page", 1) - 1) * 2, 2)))
    }),
    ("pages from 0 that are not mentioned", Code::API_04, "number its pages", |asked| {
        page(json!(slice(asked.number("page", 0) * 2, 2)))
    }),
    ("two pages from 0 that are not mentioned", Code::API_04, "number its pages", |asked| {
        page(json!(slice(asked.number("page", 0) * 2 + 3, 2)))
    }),
    ("an offset beyond the end that is not found", Code::API_04, "what follows item 7 (HTTP 404)", |asked| {
        refused_beyond(asked, 404)
    }),
    ("an offset beyond the end that is invalid", Code::API_04, "that may be the end", |asked| {
        refused_beyond(asked, 400)
    }),
    ("an offset beyond the end that is not a range", Code::API_04, "that may be the end", |asked| {
        refused_beyond(asked, 416)
    }),
    ("more items than asked for", Code::API_04, "5 items came where at most 3", |asked| {
        page(json!(slice(asked.number("offset", 0), 5)))
    }),
];

#[test]
fn list_of_every_kind_of_server_is_whole() {
    for (name, requests, server) in WHOLE {
        let (items, error, asked) = listed(*server, |list| list);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(items, slice(0, 7), "{name}");
        assert_eq!(asked, *requests, "{name}");
    }
}

#[test]
fn error_beside_the_items_is_quoted_after_the_last_of_them() {
    let (items, error, _) = listed(
        |asked| {
            let errors = json!([{ "code": "shard", "message": "shard 2 is away" }]);
            page(json!({ "total": 7, "items": asked.window("offset", 3).1, "errors": errors, "warnings": ["w"] }))
        },
        |list| list,
    );
    assert_eq!(items, slice(0, 7));
    let error = error.expect("it is not known to be whole");
    let source = std::error::Error::source(&error).expect("what the page says").to_string();
    assert!(source.contains("shard 2 is away"), "{source}");
}

#[test]
fn list_that_may_lack_items_is_an_error_after_the_last() {
    for (name, code, words, server) in DOUBTFUL {
        let (_, error, _) = listed(*server, |list| list);
        let error = error.expect(name);
        assert_eq!(error.code(), *code, "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
}

#[test]
fn list_that_may_lack_items_ends_quietly_where_the_caller_says_so() {
    for (name, code, words, server) in DOUBTFUL {
        let (_, error, _) = listed(*server, |list| list.allow_incomplete(true));
        // What is not about the end, and what would leave the installation, stays an error.
        let stays = *code == Code::SEC_01 || words.contains("at most 3");
        assert_eq!(error.is_some(), stays, "{name}: {error:?}");
    }
}

#[test]
fn refusal_of_a_page_that_was_announced_stays_its_own_error() {
    let (items, error, _) = listed(
        |asked| match asked.number("offset", 0) {
            0 => page(json!({ "total": 7, "items": slice(0, 3) })),
            _ => Response::builder().status(404).body(String::new()).expect("a response"),
        },
        |list| list.allow_incomplete(true),
    );
    assert_eq!((items.len(), error.map(|error| error.code())), (3, Some(Code::AUT_05)));
}

#[test]
fn proof_of_the_end_costs_no_request_where_the_response_holds_it() {
    // Name, page size, requests, server.
    const CASES: &[(&str, u32, usize, Server)] = &[
        ("total and limit, one page with room", 10, 2, |asked| {
            let (first, items) = asked.window("offset", 10);
            page(json!({ "total": 7, "offset": first, "limit": asked.number("limit", 0), "items": items }))
        }),
        ("total and limit, a last page with room", 4, 2, |asked| {
            let (first, items) = asked.window("offset", 4);
            page(json!({ "total": 7, "offset": first, "limit": asked.number("limit", 0), "items": items }))
        }),
        ("total and next, as Device Trust has them", 7, 1, |asked| {
            let (first, items) = asked.window("offset", 7);
            page(json!({ "total": 7, "records": items, "next": null, "limit": 7, "offset": first }))
        }),
        ("a last page that is full", 7, 2, |asked| {
            let (first, items) = asked.window("offset", 7);
            page(json!({ "total": 7, "offset": first, "limit": 7, "items": items }))
        }),
        ("a bare array", 10, 2, |asked| page(json!(asked.window("offset", 7).1))),
        ("a list without pages", 10, 3, |_| page(json!(slice(0, 7)))),
        ("a list without pages, numbers refused", 10, 3, |asked| match asked.number("page", 0) {
            0 => page(json!(slice(0, 7))),
            _ => Response::builder().status(400).body("{}".to_owned()).expect("a response"),
        }),
        ("one page, counted from 1", 10, 4, |asked| page(json!(slice((asked.number("page", 1) - 1) * 7, 7)))),
    ];
    for (name, size, requests, server) in CASES {
        let (items, error, asked) = listed(*server, |list| list.page_size(*size));
        assert!(error.is_none() && items == slice(0, 7), "{name}: {error:?}");
        assert_eq!(asked, *requests, "{name}");
    }
    let nothing: [Server; 5] = [
        |_| page(json!([])),
        |_| page(json!({ "items": null, "total": 0 })),
        |_| page(json!({ "items": [] })),
        |_| page(json!({ "data": [], "has_more": false })),
        |_| Response::builder().status(204).body(String::new()).expect("a response"),
    ];
    for (number, server) in nothing.into_iter().enumerate() {
        let (items, error, asked) = listed(server, |list| list);
        assert!(items.is_empty() && error.is_none() && asked == 1, "{number}: {error:?}");
    }
}

#[test]
fn repeated_items_without_a_total_are_reported() {
    // The second page begins one item early.
    let scripted = serving(|asked| match asked.number("offset", 0) {
        0 => page(json!(slice(0, 3))),
        3 => page(json!(slice(2, 3))),
        _ => page(json!([])),
    });
    let mut items = client(&scripted).pages("/x").page_size(3).items::<Value>();
    while let Some(item) = block_on(items.next()) {
        item.expect("an item");
    }
    let doubt = items.incomplete().expect("one item came twice").to_string();
    assert!(doubt.contains("1 items came twice"), "{doubt}");
}

#[test]
fn doubt_about_the_end_can_be_read_where_it_is_allowed() {
    let scripted = serving(|asked| page(json!({ "total": 9, "items": asked.window("offset", 3).1 })));
    let mut items = client(&scripted).pages("/x").page_size(3).allow_incomplete(true).items::<Value>();
    let mut count = 0;
    while let Some(item) = block_on(items.next()) {
        item.expect("an item");
        assert!(items.incomplete().is_none());
        count += 1;
    }
    let doubt = items.incomplete().expect("two items are missing").to_string();
    assert!(count == 7 && doubt.contains("before the end of 9"), "{count} {doubt}");
    assert_eq!(items.position().to_string(), "offset:7");
}

/// The items `first..end` of a list, and what is said beside them: two choices, a way of paging and of counting.
fn said(way: u8, beside: u8, list: usize, cap: usize, asked: &Asked) -> Response<String> {
    let (kind, base) = (way >> 1, usize::from(way & 1));
    let number = asked.number("page", base);
    let first = match kind {
        0 | 1 => asked.number("offset", 0),
        2 => asked.number("pageToken", 0),
        3 => asked.number("cursor", 0),
        4..=6 => number.saturating_sub(base) * cap,
        _ => 0,
    };
    let size = match kind {
        0..=3 => asked.number("limit", cap).min(cap),
        4..=6 => cap,
        _ => list,
    };
    let first = first.min(list);
    let end = (first + size).min(list);
    let items: Vec<Value> = (first..end).map(|id| json!({ "id": id })).collect();
    let mut fields = match kind {
        1 => json!({ "has_more": end < list }),
        2 if end < list => json!({ "nextPageToken": end.to_string() }),
        3 => json!({ "next_cursor": (end < list).then(|| end.to_string()) }),
        4 => json!({ "page": number, "total_pages": list.div_ceil(cap) }),
        _ => json!({}),
    };
    let total = match beside & 7 {
        1 => Some(list),
        2 => Some(items.len()),
        3 => Some(list.min(cap * 2)),
        4 => Some(0),
        5 => Some(end),
        _ => None,
    };
    fields = and(fields, "total", total.map(|total| json!(total)));
    fields = and(fields, "limit", (beside & 8 != 0).then(|| json!(cap)));
    fields["items"] = json!(items);
    let next = format!("</x?page={}>; rel=next", number + 1);
    match kind {
        5 if end < list => with("link", next, fields),
        5 => with("link", "</x>; rel=first".to_owned(), fields),
        _ => page(fields),
    }
}

#[test]
fn list_is_never_cut_whatever_its_server_says_beside_it() {
    let (mut whole, mut refused) = (0, 0);
    for (way, beside) in (0..16_u8).flat_map(|way| (0..16_u8).map(move |beside| (way, beside))) {
        for (list, cap, size) in
            [(0, 2, 3), (1, 2, 3), (2, 2, 3), (3, 2, 3), (4, 2, 3), (7, 2, 2), (6, 3, 3), (5, 3, 4)]
        {
            let scripted = serving(move |asked| said(way, beside, list, cap, asked));
            let mut items = client(&scripted).pages("/x").page_size(size).items::<Value>();
            let (mut came, mut failed) = (Vec::new(), false);
            while let Some(item) = block_on(items.next()) {
                match item {
                    Ok(item) => came.push(item["id"].as_u64()),
                    Err(_) => failed = true,
                }
            }
            let all: Vec<_> = (0..list as u64).map(Some).collect();
            assert!(failed || came == all, "way {way}, beside {beside}, {list} items in {cap} of {size}: {came:?}");
            if failed { refused += 1 } else { whole += 1 }
        }
    }
    assert!(whole > 4 * refused, "{whole} lists arrived whole, {refused} were refused");
}
