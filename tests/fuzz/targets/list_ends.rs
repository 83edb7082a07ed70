//! The end of a list. A server pages its list in one of many ways, with true and false metadata. In every
//! case: without an error, every item arrived, once and in order.
#![no_main]

use digicert_one_fuzz::{Wire, response_with};
use http::header::LINK;
use serde_json::{Map, Value, json};
use url::Url;

const MOST: usize = 400;

/// A list and its paging: five bytes.
#[derive(Clone, Copy)]
struct Server {
    items: usize,
    cap: usize,
    way: u8,
    beside: u8,
}

impl Server {
    /// The page for this query.
    fn page(self, url: &Url) -> http::Response<bytes::Bytes> {
        let number = |name: &str| {
            let pair = url.query_pairs().find(|(pair, _)| pair == name);
            pair.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let size = number("limit").unwrap_or(self.cap).clamp(1, self.cap);
        let zero_or_one = usize::from(self.way & 1);
        let page = number("page").unwrap_or(zero_or_one);
        let first = match self.way >> 1 & 7 {
            0 | 1 => number("offset").unwrap_or(0),
            2 => number("pageToken").unwrap_or(0),
            3 => number("cursor").unwrap_or(0),
            // Paging by number ignores the requested size.
            4..=6 => page.saturating_sub(zero_or_one).saturating_mul(self.cap),
            _ => 0,
        };
        let size = if self.way >> 1 & 7 >= 4 { self.cap } else { size };
        let size = if self.way >> 1 & 7 == 7 { usize::MAX } else { size };
        let first = first.min(self.items);
        let end = first.saturating_add(size).min(self.items);
        let items: Vec<Value> = (first..end).map(|id| json!({ "id": id })).collect();
        let more = end < self.items;
        let mut fields = Map::new();
        match self.way >> 1 & 7 {
            // Offsets only.
            0 => {}
            1 => drop(fields.insert("has_more".to_owned(), more.into())),
            2 if more => drop(fields.insert("nextPageToken".to_owned(), end.to_string().into())),
            3 => drop(fields.insert("next_cursor".to_owned(), if more { end.to_string().into() } else { Value::Null })),
            4 => {
                fields.insert("page".to_owned(), page.into());
                fields.insert("total_pages".to_owned(), self.items.div_ceil(self.cap).into());
            }
            // By number, without metadata.
            _ => {}
        }
        // The reported length: the true one, that of the page, a cap, none.
        match self.beside & 7 {
            1 => drop(fields.insert("total".to_owned(), self.items.into())),
            2 => drop(fields.insert("total".to_owned(), items.len().into())),
            3 => drop(fields.insert("total".to_owned(), self.items.min(self.cap * 2).into())),
            4 => drop(fields.insert("total".to_owned(), 0.into())),
            5 => drop(fields.insert("pagination".to_owned(), json!({ "total": self.items }))),
            6 => drop(fields.insert("total".to_owned(), end.into())),
            _ => {}
        }
        if self.beside & 8 != 0 {
            fields.insert("limit".to_owned(), self.cap.into());
        }
        let link = (self.way >> 1 & 7 == 5).then(|| match more {
            true => format!("</d1/list?page={}>; rel=\"next\"", page + 1),
            false => "</d1/list>; rel=\"first\"".to_owned(),
        });
        let body = if self.beside & 16 != 0 && fields.is_empty() {
            json!(items)
        } else {
            fields.insert("items".to_owned(), items.into());
            Value::Object(fields)
        };
        let mut response = response_with(200, body.to_string().as_bytes());
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link.parse().expect("a value"));
        }
        response
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let &[items, size, cap, way, beside, ..] = data else { return };
    let server = Server { items: usize::from(items & 63), cap: usize::from(cap & 7) + 1, way, beside };
    let wire = Wire::serving(move |request, _| server.page(&Url::parse(&request.uri().to_string()).expect("a URL")));
    let mut list = wire.client().pages("/list").page_size(u32::from(size & 7) + 1).items::<Value>();
    let (mut came, mut failed) = (Vec::new(), false);
    futures_executor::block_on(async {
        while let Some(item) = list.next().await {
            match item {
                Ok(item) => came.push(item["id"].as_u64().expect("a number")),
                Err(_) => failed = true,
            }
        }
    });
    assert!(wire.requests().len() <= MOST, "{} requests", wire.requests().len());
    let all: Vec<u64> = (0..u64::try_from(server.items).expect("small")).collect();
    assert!(failed || came == all, "{came:?} of {}", server.items);
});
