//! Lists: every envelope, every end, limits, positions, and servers that misbehave.

use digicert_one_client::{Client, Error, ErrorKind, ItemStream, Paging, Position};
use digicert_one_core::{Code, Instance};
use futures_executor::block_on;
use serde_json::{Value, json};

use crate::scripted::{Scripted, builder, client, response};

/// A server that gives these bodies, one after the other, and then `{}`; an empty one is a 204.
fn server(bodies: &[&'static str]) -> Scripted {
    Scripted::responding(bodies.iter().map(|body| response(if body.is_empty() { 204 } else { 200 }, None, body)))
}

/// The numbers that came, and the error at the end.
fn drained(items: &mut ItemStream<Value>) -> (Vec<Value>, Option<Error>) {
    let mut values = Vec::new();
    while let Some(item) = block_on(items.next()) {
        match item {
            Ok(value) => values.push(value),
            Err(error) => {
                assert!(block_on(items.next()).is_none(), "an error is the end");
                return (values, Some(error));
            }
        }
    }
    assert!(block_on(items.next()).is_none(), "an end is the end");
    (values, None)
}

/// Reads the list at `/x` in pages of two.
fn read(scripted: &Scripted) -> (Vec<Value>, Option<Error>) {
    drained(&mut client(scripted).pages("/x?status=A").page_size(2).items())
}

fn queries(scripted: &Scripted) -> Vec<String> {
    let query = |uri: String| uri.split_once("/x?").map(|(_, query)| query.to_owned()).expect("the list's path");
    scripted.requests().into_iter().map(|(_, uri)| query(uri)).collect()
}

/// One to `count`.
fn numbers(count: u64) -> Vec<Value> {
    (1..=count).map(|number| json!(number)).collect()
}

#[test]
fn envelope_is_read_to_its_end_and_no_further() {
    let offsets = ["status=A&limit=2", "status=A&limit=2&offset=2"];
    let behind = ["status=A&limit=2", "status=A&limit=2&offset=2", "status=A&limit=2&offset=3"];
    let cases: [(&str, &[&'static str], u64, &[&str]); 13] = [
        ("a total", &[r#"{"total":3,"offset":0,"limit":2,"items":[1,2]}"#, r#"{"total":3,"items":[3]}"#], 3, &offsets),
        (
            "a total that fits",
            &[r#"{"total":2,"offset":0,"limit":3,"items":[1]}"#, r#"{"total":2,"items":[2],"next":null}"#],
            2,
            &["status=A&limit=2", "status=A&limit=2&offset=1"],
        ),
        (
            "a smaller limit of the server",
            &[
                r#"{"total":2,"limit":1,"items":[1]}"#,
                r#"{"total":2,"limit":1,"items":[2]}"#,
                r#"{"total":2,"items":[]}"#,
            ],
            2,
            &["status=A&limit=2", "status=A&limit=2&offset=1", "status=A&limit=2&offset=2"],
        ),
        (
            "a number as next",
            &[r#"{"total":3,"records":[1,2],"next":2}"#, r#"{"total":3,"records":[3],"next":null}"#],
            3,
            &offsets,
        ),
        (
            "a next without a total",
            &[r#"{"records":[1],"next":7}"#, r#"{"records":[2],"next":""}"#],
            2,
            &["status=A&limit=2", "status=A&limit=2&offset=7"],
        ),
        (
            "a path as next",
            &[r#"{"total":3,"records":[1,2],"next":"/x?offset=2&limit=2"}"#, r#"{"total":3,"records":[3]}"#],
            3,
            &["status=A&limit=2", "offset=2&limit=2&status=A"],
        ),
        (
            "a URL as next",
            &[r#"{"records":[1],"next":"https://one.digicert.test/x?cursor=b&status=B"}"#, r#"{"records":[2]}"#],
            2,
            &["status=A&limit=2", "cursor=b&status=B&limit=2"],
        ),
        (
            "a query as next, brackets bare",
            &[r#"{"records":[1],"next":"?at=2&data[a]=b c"}"#, r#"{"records":[2],"next":null}"#],
            2,
            &["status=A&limit=2", "at=2&data%5Ba%5D=b%20c&status=A&limit=2"],
        ),
        ("a bare array", &["[1,2]", "[3]", "[]"], 3, &behind),
        ("a bare array that fits", &["[1,2]", "[]"], 2, &offsets),
        ("a bare array that fits, then 204", &["[1,2]", ""], 2, &offsets),
        ("204", &[""], 0, &offsets[..1]),
        (
            "a token",
            &[r#"{"credentialIDs":[1],"nextPageToken":"a b"}"#, r#"{"credentialIDs":[2]}"#],
            2,
            &["status=A&limit=2", "status=A&limit=2&pageToken=a%20b"],
        ),
    ];
    for (name, bodies, count, asked) in cases {
        let scripted = server(bodies);
        let (values, error) = read(&scripted);
        assert!(error.is_none(), "{name}: {error:?}");
        assert_eq!(values, numbers(count), "{name}");
        assert_eq!(queries(&scripted), asked, "{name}");
    }
}

#[test]
fn csc_list_is_asked_for_by_post_with_token_and_size_in_the_body() {
    let scripted = server(&[r#"{"credentialIDs":["a"],"nextPageToken":"t"}"#, r#"{"credentialIDs":["b"]}"#]);
    let list = client(&scripted).pages("/x?user_id=7").post_json(&json!({ "userID": "7" })).page_size(1);
    let (values, error) = drained(&mut list.items());
    assert!(error.is_none() && values == ["a", "b"], "{values:?} {error:?}");
    assert_eq!(queries(&scripted), ["user_id=7", "user_id=7"]);
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    let bodies: Vec<Value> = requests.iter().map(|one| serde_json::from_slice(one.body()).expect("JSON")).collect();
    assert_eq!(bodies[0], json!({ "userID": "7", "maxResults": 1 }));
    assert_eq!(bodies[1], json!({ "userID": "7", "maxResults": 1, "pageToken": "t" }));
}

#[test]
fn wrong_guess_of_paging_can_be_overridden() {
    let scripted = server(&[r#"{"records":[1,2],"next":"https://other.test/"}"#, r#"{"records":[3],"next":1}"#, "[]"]);
    let (values, error) = drained(&mut client(&scripted).pages("/x").page_size(2).paging(Paging::Offset).items());
    assert!(error.is_none() && values == numbers(3), "{error:?}");
    let scripted = server(&["[1,2,3]"]);
    let (values, error) = drained(&mut client(&scripted).pages("/x?a=1").page_size(2).paging(Paging::Whole).items());
    assert!(error.is_none() && values == numbers(3), "{error:?}");
    assert_eq!(queries(&scripted), ["a=1"]);
    let scripted = server(&[r#"{"id":1,"devices":[1,2,3],"users":[4]}"#, r#"{"devices":[]}"#]);
    let (values, error) = drained(&mut client(&scripted).pages("/x").list_field("devices").items());
    assert!(error.is_none() && values == numbers(3), "{error:?}");
}

#[test]
fn array_larger_than_the_default_size_is_read_to_its_end() {
    let all: &'static str = format!("[{}0]", "0,".repeat(250)).leak();
    let scripted = server(&[all, "[]"]);
    let (values, error) = drained(&mut client(&scripted).pages("/x").items());
    assert!(error.is_none() && values.len() == 251, "{error:?}");
    assert_eq!(queries(&scripted), ["limit=100", "limit=100&offset=251"]);
}

#[test]
fn page_is_requested_only_when_needed() {
    let pages = [r#"{"total":5,"items":[1,2]}"#, r#"{"total":5,"items":[3,4]}"#, r#"{"total":5,"items":[5]}"#];
    let scripted = server(&pages);
    let mut items = client(&scripted).pages("/x").page_size(2).items::<u64>();
    for (item, asked) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
        assert_eq!(block_on(items.next()).expect("an item").expect("a number"), item);
        assert_eq!(scripted.requests().len(), asked, "item {item}");
    }
    assert!(block_on(items.next()).is_none());
    assert_eq!(scripted.requests().len(), 3);

    let scripted = server(&pages);
    let items = client(&scripted).pages("/x").page_size(2).items::<u64>();
    assert!(scripted.requests().is_empty(), "a stream asks for nothing until it is polled");
    drop(items);
    let mut items = client(&scripted).pages("/x").page_size(2).prefetch(true).items::<u64>();
    for (item, asked) in [(1, 2), (2, 2), (3, 3), (4, 3), (5, 3)] {
        assert_eq!(block_on(items.next()).expect("an item").expect("a number"), item);
        assert_eq!(scripted.requests().len(), asked, "one page ahead at item {item}");
    }
    assert!(block_on(items.next()).is_none());
    assert_eq!(scripted.requests().len(), 3);
}

#[test]
fn limits_end_a_list_and_nothing_behind_them_is_asked_for() {
    let pages = [r#"{"total":9,"items":[1,2]}"#, r#"{"total":9,"items":[3,4]}"#];
    for prefetch in [false, true] {
        for (items, most_pages, given, asked, place) in [
            (3, 9, 3, 2, "offset:2+1"),
            (4, 9, 4, 2, "offset:4"),
            (2, 9, 2, 1, "offset:2"),
            (0, 9, 0, 0, "offset:0"),
            (9, 1, 2, 1, "offset:2"),
            (9, 0, 0, 0, "offset:0"),
        ] {
            let scripted = server(&pages);
            let list = client(&scripted).pages("/x").page_size(2).prefetch(prefetch);
            let mut stream = list.max_items(items).max_pages(most_pages).items();
            let (values, error) = drained(&mut stream);
            assert!(error.is_none() && values == numbers(given), "{items} {most_pages}: {values:?} {error:?}");
            assert_eq!((scripted.requests().len(), stream.position().to_string().as_str()), (asked, place));
        }
    }
}

#[test]
fn list_resumes_at_a_position_in_every_way_of_paging() {
    // The text of the position after each item, and the query that continues the list there.
    let cases: [(&[&'static str], [&str; 3], &str); 3] = [
        (
            &[r#"{"total":3,"items":[1,2]}"#, r#"{"total":3,"items":[3]}"#],
            ["offset:0+1", "offset:2", "offset:2+1"],
            "limit=2&offset=2",
        ),
        (
            &[r#"{"records":[1,2],"next":"/x?c=3"}"#, r#"{"records":[3],"next":null}"#],
            ["offset:0+1", "link:2:/x?c=3", "link:2+1:/x?c=3"],
            "c=3&limit=2",
        ),
        (
            &[r#"{"credentialIDs":[1,2],"nextPageToken":"t:1"}"#, r#"{"credentialIDs":[3]}"#],
            ["offset:0+1", "token:2:t:1", "token:2+1:t:1"],
            "limit=2&pageToken=t%3A1",
        ),
    ];
    for (pages, places, query) in cases {
        let scripted = server(pages);
        let mut items = client(&scripted).pages("/x").page_size(2).items::<u64>();
        for (index, place) in places.iter().enumerate() {
            assert_eq!(block_on(items.next()).expect("an item").expect("a number"), index as u64 + 1);
            assert_eq!(items.position().to_string(), *place);
            let position: Position = place.parse().expect("our own form is read");
            assert_eq!(position.index(), index as u64 + 1);
            let rest = server(&pages[usize::from(index >= 1)..]);
            let (values, error) = drained(&mut client(&rest).pages("/x").page_size(2).start_at(position).items());
            assert!(error.is_none() && values == numbers(3)[index + 1..], "{place}: {values:?} {error:?}");
            if index >= 1 {
                assert_eq!(queries(&rest), [query], "{place}");
            }
        }
        assert!(block_on(items.next()).is_none());
        assert_eq!(items.position().to_string(), places[2], "the end is where a longer list would go on");
    }
}

#[test]
fn error_leaves_the_position_of_the_page_that_failed() {
    let responses = [response(200, None, r#"{"total":4,"items":[1,2]}"#), response(500, None, "")];
    let scripted = Scripted::responding(responses);
    let impatient = builder(&scripted).retry(digicert_one_client::Retry::never()).build().expect("complete");
    let mut items = impatient.pages("/x").page_size(2).items();
    let (values, error) = drained(&mut items);
    assert_eq!((values, error.expect("a failure").code()), (numbers(2), Code::API_03));
    assert_eq!(items.position().to_string(), "offset:2");
    let rest = server(&[r#"{"total":4,"items":[3,4]}"#, r#"{"total":4,"items":[]}"#]);
    let (values, error) = drained(&mut client(&rest).pages("/x").page_size(2).start_at(items.position()).items());
    assert!(error.is_none() && values == numbers(4)[2..], "{error:?}");
}

#[test]
fn item_that_does_not_decode_is_named_and_not_shown() {
    let page = r#"{"total":4,"items":[1,2,"canary",4]}"#;
    let scripted = server(&[page, page]);
    let mut items = client(&scripted).pages("/x").items::<u64>();
    assert_eq!(block_on(items.next()).expect("an item").expect("a number"), 1);
    assert_eq!(block_on(items.next()).expect("an item").expect("a number"), 2);
    let error = block_on(items.next()).expect("an item").expect_err("no number");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Decode, Code::AUT_05));
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("item 2 of the page after 0 items") && shown.contains("expected u64"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(items.position().to_string(), "offset:0+2");

    let mut pages = client(&scripted).pages("/x").pages::<u64>();
    let error = block_on(pages.next()).expect("a page").expect_err("no numbers");
    assert!(error.to_string().contains("item 2 of the page after 0 items"), "{error}");
    assert_eq!(pages.position(), Position::default());
    assert!(block_on(pages.next()).is_none());
}

#[test]
fn pages_tell_their_total_and_their_places() {
    let scripted = server(&[r#"{"total":3,"items":[1,2]}"#, r#"{"total":3,"items":[3]}"#]);
    let mut pages = client(&scripted).pages("/x").page_size(2).pages::<u64>();
    let first = block_on(pages.next()).expect("a page").expect("numbers");
    assert_eq!((first.items(), first.total()), (&[1, 2][..], Some(3)));
    assert_eq!(
        (first.position().to_string(), first.next().to_string()),
        ("offset:0".to_owned(), "offset:2".to_owned())
    );
    let second = block_on(pages.next()).expect("a page").expect("numbers");
    assert_eq!((second.next().to_string(), second.into_items()), ("offset:2+1".to_owned(), vec![3]));
    assert!(block_on(pages.next()).is_none());

    let scripted = server(&["[1,2]", "[]"]);
    let mut pages = client(&scripted).pages("/x").page_size(2).pages::<u64>();
    assert!(block_on(pages.next()).is_some() && block_on(pages.next()).is_none(), "an empty page at the end is none");
    let mut pages = client(&server(&[""])).pages("/x").pages::<u64>();
    assert!(block_on(pages.next()).expect("a page").expect("empty").items().is_empty());
    assert!(block_on(pages.next()).is_none());
}

#[test]
fn server_that_repeats_itself_or_goes_back_is_left_with_api_04() {
    let cases: [(&str, &[&'static str], u64, &str); 10] = [
        ("the page before again", &["[1,2]", "[1,2]"], 2, "repeats the previous one"),
        ("a next that stays", &[r#"{"records":[1],"next":0}"#], 1, "back to item 0 from item 1"),
        ("a next into what was given", &[r#"{"total":9,"records":[1,2],"next":1}"#], 2, "back to item 1 from item 2"),
        (
            "an offset that was given",
            &[r#"{"total":9,"items":[1,2]}"#, r#"{"total":9,"offset":0,"items":[1,3]}"#],
            2,
            "back to item 0 from item 2",
        ),
        ("a link to the same page", &[r#"{"records":[1],"next":"/x?limit=2&status=A"}"#], 1, "asked for already"),
        (
            "links in a circle",
            &[
                r#"{"records":[1],"next":"/x?c=1"}"#,
                r#"{"records":[2],"next":"/x?c=2"}"#,
                r#"{"records":[3],"next":"?c=1"}"#,
            ],
            3,
            "asked for already",
        ),
        (
            "a token again",
            &[r#"{"credentialIDs":[1],"nextPageToken":"t"}"#, r#"{"credentialIDs":[2],"nextPageToken":"t"}"#],
            2,
            "asked for already",
        ),
        ("more than asked", &[r#"{"total":3,"items":[1,2,3]}"#], 0, "3 items came where at most 2"),
        ("more than asked, bare", &["[1,2,3]"], 0, "3 items came where at most 2"),
        (
            "empty before the end",
            &[r#"{"total":9,"items":[1,2]}"#, r#"{"total":9,"items":[]}"#],
            2,
            "before the end of 9",
        ),
    ];
    for (name, bodies, count, words) in cases {
        let scripted = server(bodies);
        let (values, error) = read(&scripted);
        let error = error.expect(name);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Paging, Code::API_04), "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
        assert_eq!(values, numbers(count), "{name}");
        assert_eq!(scripted.requests().len(), bodies.len(), "{name}");
    }
}

#[test]
fn total_that_grows_and_pages_without_end_are_left_with_api_04() {
    let growing = (0..).map(|page| format!(r#"{{"total":{},"items":[{page}]}}"#, page + 5));
    let empty = (0..).map(|page| format!(r#"{{"credentialIDs":[],"nextPageToken":"{page}"}}"#));
    let endless = (0..).map(|page| format!("[{page}]"));
    let runs: [(Box<dyn Iterator<Item = String>>, usize, &str); 3] = [
        (Box::new(growing), 11, "10 pages in a row"),
        (Box::new(empty), 10, "10 pages in a row"),
        (Box::new(endless), 10_000, "without a total and without an end"),
    ];
    for (bodies, asked, words) in runs {
        let scripted = Scripted::responding(bodies.take(asked + 1).map(|body| response(200, None, body.leak())));
        let mut items = client(&scripted).pages("/x").page_size(1).items();
        let error = drained(&mut items).1.expect("no end");
        assert_eq!(error.code(), Code::API_04, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(scripted.requests().len(), asked, "{words}");
    }
    // Who says how many pages may come is taken at the word.
    let endless = (0..10_500).map(|page| response(200, None, format!("[{page}]").leak()));
    let list = client(&Scripted::responding(endless)).pages("/x").page_size(1).max_pages(10_001);
    let (values, error) = drained(&mut list.items());
    assert!(error.is_none() && values.len() == 10_001, "{error:?}");
}

#[test]
fn sec_01_link_out_of_the_installation_is_refused_and_shows_no_query() {
    for link in [
        "https://other.test/d1/x?canary",
        "//other.test/d1/x?canary",
        "http://one.digicert.test/d1/x?canary",
        "https://clientauth.one.digicert.test/d1/x?canary",
        "https://canary@one.digicert.test/d1/x",
        "/elsewhere?canary",
        "/d1/../canary",
        "javascript:canary",
    ] {
        let page = format!(r#"{{"total":9,"records":[1],"next":"{link}"}}"#).leak();
        let scripted = server(&[page]);
        let instance =
            Instance::parse("one.digicert.test").and_then(|one| one.with_path_prefix("/d1")).expect("a prefix");
        let client: Client = builder(&scripted).instance(instance).build().expect("complete");
        let mut items = client.pages("/x").items();
        let (values, error) = drained(&mut items);
        let error = error.expect(link);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Paging, Code::SEC_01), "{link}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        assert_eq!((values, scripted.requests().len()), (numbers(1), 1), "{link}");
        assert_eq!(items.position().to_string(), "offset:0+1", "what came before is not lost");
    }
}

#[test]
fn response_that_is_not_a_list_is_reported_without_its_text() {
    for body in ["<html>canary</html>", "\"canary\"", r#"{"id":"canary"}"#, "[1", r#"{"records":[],"next":"canary"}"#] {
        let scripted = server(&[body]);
        let (_, error) = read(&scripted);
        let error = error.expect(body);
        let code = if body.starts_with('<') { Code::GW_03 } else { Code::AUT_05 };
        assert_eq!((error.kind(), error.code()), (ErrorKind::Decode, code), "{body}");
        assert!(error.to_string().contains("HTTP 200") && !format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

#[test]
fn mistakes_of_the_making_are_the_first_thing_that_comes() {
    let scripted = Scripted::default();
    let client = client(&scripted);
    for list in [
        client.pages("no path"),
        client.pages("/x").page_size(0),
        client.pages("/x").page_size(100_001),
        client.pages("/x").post_json(&[1]),
        client.pages("/x?limit=many"),
    ] {
        let (values, error) = drained(&mut list.items());
        assert_eq!((values.len(), error.expect("a mistake").kind()), (0, ErrorKind::Request));
    }
    assert!(scripted.requests().is_empty());
}

#[test]
fn filters_given_apart_are_on_every_page_once() {
    let scripted = server(&["[1,2]", "[]"]);
    let list = client(&scripted).pages("/x").query("data[type]", "a&b").page_size(2);
    assert!(drained(&mut list.items()).1.is_none());
    assert_eq!(queries(&scripted), ["data%5Btype%5D=a%26b&limit=2", "data%5Btype%5D=a%26b&limit=2&offset=2"]);
}
