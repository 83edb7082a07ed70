//! `Retry-After` in the first line, the server's `Date` in the second.
#![no_main]

use std::time::{Duration, SystemTime};

use digicert_one_fuzz::{Wire, response_with};
use http::HeaderValue;
use http::header::{DATE, RETRY_AFTER};

/// The longest wait.
const DAY: Duration = Duration::from_secs(86_400);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let mut response = response_with(429, b"");
    for name in [RETRY_AFTER, DATE] {
        let Ok(value) = HeaderValue::from_bytes(lines.next().unwrap_or_default()) else { continue };
        response.headers_mut().insert(name, value);
    }
    let text = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds: Option<u32> = digits.and_then(|digits| digits.parse().ok());
    let wire = Wire::new(vec![response]);
    let error = futures_executor::block_on(wire.client().get("/x").send()).expect_err("an error response");
    let wait = error.response().expect("it was read").retry_after;
    if let Some(wait) = wait {
        assert!(wait <= DAY, "{wait:?}");
        assert!(SystemTime::UNIX_EPOCH.checked_add(wait).is_some());
    }
    if let Some(seconds) = seconds {
        assert_eq!(wait, Some(DAY.min(Duration::from_secs(u64::from(seconds)))));
    }
});
