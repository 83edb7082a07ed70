//! `Location`: for any value, nothing is sent to another origin or outside the installation, and the target
//! is the one that a browser would use.
#![no_main]

use digicert_one_fuzz::{Wire, response_with};
use http::HeaderValue;
use http::header::LOCATION;
use url::Url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut redirect = response_with(302, b"");
    redirect.headers_mut().insert(LOCATION, value);
    let wire = Wire::new(vec![redirect, response_with(200, b"{}")]);
    let outcome = futures_executor::block_on(wire.client().get("/iot/device?limit=2").send());
    let requests = wire.requests();
    assert_eq!(requests.len(), if outcome.is_ok() { 2 } else { 1 });
    let Err(error) = outcome else {
        let (from, to) = (requests[0].1.to_string(), requests[1].1.to_string());
        assert!(to.starts_with("https://one.digicert.test/d1/"), "{to}");
        let link = std::str::from_utf8(data).expect("it was text");
        let expected = Url::parse(&from).and_then(|from| from.join(link)).expect("a URL");
        let expected = &expected[..url::Position::AfterQuery];
        // Escapes are written in upper case.
        assert!(to.eq_ignore_ascii_case(expected), "{to} is not {expected}");
        return;
    };
    let shown = error.to_string();
    assert!(shown.starts_with("SEC-01") && shown.len() < 4096 + data.len(), "{shown}");
});
