//! Error responses: the first byte is the status, the rest the body.
#![no_main]

use digicert_one_fuzz::{KEY, Wire, response_with};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let wire = Wire::new(vec![response_with(400 + u16::from(first % 200), body)]);
    let error = futures_executor::block_on(wire.client().get("/x").send()).expect_err("an error response");
    let response = error.response().expect("it was read");
    for text in [&response.code, &response.message].into_iter().flatten().chain(&response.more) {
        assert!(text.chars().count() <= 503 && !text.contains(char::is_control), "{text:?}");
    }
    let shown = format!("{error}{error:?}{}", error.diagnosis());
    assert!(shown.len() < 65_536, "{}", shown.len());
    // A key that is quoted with escapes is not looked for.
    assert!(body.contains(&b'\\') || body.contains(&b'&') || !shown.contains(KEY), "{shown}");
});
