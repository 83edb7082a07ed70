//! Pages of a list: the first byte is the kind of paging, the rest are bodies, one line each, repeated. For
//! any content, the list ends, and no page is requested twice or elsewhere.
#![no_main]

use std::collections::HashSet;

use digicert_one_client::{Paging, Position};
use digicert_one_fuzz::{KEY, Wire, response_with};
use serde_json::{Value, json};

const MOST: u64 = 64;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, bodies)) = data.split_first() else { return };
    let bodies = bodies.split(|byte| *byte == b'\n');
    let status = |body: &[u8]| if body.is_empty() { 204 } else { 200 };
    let wire = Wire::new(bodies.map(|body| response_with(status(body), body)).collect());
    let list = wire.client().pages("/list?data%5Bx%5D=1").page_size(u32::from(how & 3) + 1).max_pages(MOST);
    let list = match how >> 4 & 7 {
        0 => list,
        1 => list.paging(Paging::Offset),
        2 => list.paging(Paging::Token),
        3 => list.paging(Paging::Whole),
        4 => list.post_json(&json!({})),
        5 => list.start_at(Position::offset(u64::MAX - 1)),
        6 => list.list_field("x"),
        _ => list.max_items(3),
    };
    let mut items = list.prefetch(how & 8 != 0).items::<Value>();
    futures_executor::block_on(async {
        let mut last = None;
        while let Some(item) = items.next().await {
            assert!(last.is_none(), "an error is the end");
            last = item.err();
        }
        assert!(items.next().await.is_none());
        if let Some(error) = last {
            let shown = error.to_string();
            assert!(!shown.contains(KEY) && shown.len() < 4096 + data.len(), "{shown}");
        }
    });
    let position = items.position();
    assert_eq!(position.to_string().parse::<Position>().expect("our own form is read"), position);

    let requests = wire.requests();
    assert!(requests.len() as u64 <= MOST, "{}", requests.len());
    let mut asked = HashSet::new();
    for (method, uri, body) in requests {
        let text = uri.to_string();
        assert!(text.starts_with("https://one.digicert.test/d1/"), "{text}");
        let kept = url::Url::parse(&text).expect("a URL").query_pairs().any(|(name, _)| name == "data[x]");
        assert!(kept, "{text} has lost its filter");
        assert!(asked.insert((method, uri, body)), "{text} twice");
    }
});
