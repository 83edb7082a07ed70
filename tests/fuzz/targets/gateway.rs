//! Responses of gateways in front of the platform: the first byte is the status, the lines up to an empty one
//! are headers, the rest is the body. What is not JSON is never treated as the platform's verdict, and
//! nothing is shown unescaped.
#![no_main]

use digicert_one_core::diagnosis::{BodyKind, Side};
use digicert_one_fuzz::{KEY, Wire, response_with};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, SERVER, VIA, WWW_AUTHENTICATE};

const NAMES: [http::HeaderName; 5] = [SERVER, VIA, CONTENT_TYPE, CONTENT_ENCODING, WWW_AUTHENTICATE];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else { return };
    let mut headers = Vec::new();
    for name in NAMES {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
        let line;
        (line, rest) = (&rest[..end], &rest[end + 1..]);
        if line.is_empty() {
            break;
        }
        headers.extend(HeaderValue::from_bytes(line).ok().map(|value| (name, value)));
    }
    let respond = |status: u16| {
        let mut response = response_with(status, rest);
        response.headers_mut().extend(headers.iter().map(|(name, value)| (Some(name.clone()), value.clone())));
        response
    };
    let wire = Wire::new(vec![respond(400 + u16::from(first % 200))]);
    let error = futures_executor::block_on(wire.client().get("/x").send()).expect_err("an error response");
    let read = error.response().expect("it was read");
    let texts = [&read.title, &read.server, &read.via, &read.encoding];
    for text in texts.into_iter().flatten().chain(&read.message).chain(&read.more) {
        assert!(text.chars().count() <= 503 && !text.contains(char::is_control), "{text:?}");
    }
    let foreign = matches!(read.body, BodyKind::Page | BodyKind::Text | BodyKind::Binary | BodyKind::Encoded);
    assert!(!foreign || error.diagnosis().side() != Side::Platform, "{}", error.diagnosis());
    assert!(!(foreign && read.recognised));
    let shown = format!("{error}{error:?}{}", error.diagnosis());
    assert!(shown.len() < 65_536, "{}", shown.len());
    assert!(data.contains(&b'\\') || data.contains(&b'&') || !shown.contains(KEY), "{shown}");

    // The same as a success: the JSON of a caller, or an error that shows no byte of the body but the title of a page.
    let wire = Wire::new(vec![respond(200)]);
    let response = futures_executor::block_on(wire.client().get("/x").send()).expect("a response");
    if let Err(error) = futures_executor::block_on(response.json::<serde_json::Value>()) {
        assert!(error.to_string().len() < 4096, "{error}");
    }
});
