//! Rate limits and maintenance by the emulator's clock, and the shapes of errors.

use std::time::{Duration, SystemTime};

use digicert_one_emulator::{
    Emulator, EmulatorClock, EmulatorOptions, ErrorShape, Maintenance, RateLimit, RetryAfter, RetryAfterForm,
};
use serde_json::json;

use crate::caller::{Caller, ME};

const MINUTE: Duration = Duration::from_secs(60);

/// An emulator at a moment of the test's.
fn at_a_moment(options: EmulatorOptions) -> (Emulator, EmulatorClock) {
    let clock = EmulatorClock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    (Emulator::start_blocking(options.emulator_clock(&clock)).unwrap(), clock)
}

#[tokio::test]
async fn credential_is_limited_per_window() {
    let limit = RateLimit::new(2, MINUTE);
    let (emulator, clock) = at_a_moment(EmulatorOptions::default().rate_limit(limit));
    let user = &emulator.users()[0];
    let key = Caller::platform(&emulator).key(user.api_key());
    let certificate = Caller::client_auth(&emulator).certificate(user.certificate());

    assert_eq!(key.get(ME).await.status, 200);
    clock.advance(Duration::from_secs(10));
    assert_eq!(key.get(ME).await.status, 200);
    let refused = key.get(ME).await;
    assert_eq!((refused.status, refused.header("retry-after").as_deref()), (429, Some("50")));
    assert_eq!(refused.json()["errors"][0]["code"], "request_limit_exceeded");
    assert_eq!(certificate.get(ME).await.status, 200);

    clock.advance(Duration::from_secs(49));
    assert_eq!(key.get(ME).await.status, 429);
    clock.advance(Duration::from_secs(1));
    assert_eq!(key.get(ME).await.status, 200);
    let refused = key.get(ME).await;
    assert_eq!((refused.status, refused.header("retry-after").as_deref()), (429, Some("10")));

    // A clock that was set back leaves no calls in the future.
    clock.fix(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let statuses = [key.get(ME).await.status, key.get(ME).await.status, key.get(ME).await.status];
    assert_eq!(statuses, [200, 200, 429]);
    assert!(!format!("{:?}", emulator.control()).contains(user.api_key()));

    emulator.control().limit(None);
    assert_eq!(key.get(ME).await.status, 200);
    emulator.control().limit(RateLimit::new(0, Duration::from_secs(10)));
    let refused = key.get(ME).await;
    assert_eq!((refused.status, refused.header("retry-after").as_deref()), (429, Some("10")));
}

#[tokio::test]
async fn limit_can_use_dates_or_no_retry_after() {
    let (emulator, _) = at_a_moment(EmulatorOptions::default());
    let key = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    for (form, expected) in
        [(RetryAfterForm::Date, Some("Fri, 15 Jan 2027 08:01:00 GMT")), (RetryAfterForm::Absent, None)]
    {
        emulator.control().limit(RateLimit::new(1, MINUTE).retry_after(form));
        assert_eq!(key.get(ME).await.status, 200);
        let refused = key.get(ME).await;
        assert_eq!((refused.status, refused.header("retry-after").as_deref()), (429, expected));
    }
}

#[tokio::test]
async fn maintenance_is_for_everybody_and_ends_by_the_clock() {
    let (emulator, clock) = at_a_moment(EmulatorOptions::default());
    let control = emulator.control();
    let anybody = Caller::platform(&emulator);

    control.maintenance(Maintenance::new(RetryAfter::date(MINUTE)).ending_in(MINUTE));
    let refused = anybody.get("/mpki/api/v1/hello").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after").as_deref(), Some("Fri, 15 Jan 2027 08:01:00 GMT"));
    assert!(control.state()["maintenance"].is_object());
    clock.advance(MINUTE - Duration::from_secs(1));
    assert_eq!(anybody.get("/mpki/api/v1/hello").await.status, 503);
    clock.advance(Duration::from_secs(1));
    assert_eq!(anybody.get("/mpki/api/v1/hello").await.status, 200);

    control.maintenance(Maintenance::new(RetryAfter::absent()));
    clock.advance(1000 * MINUTE);
    assert_eq!(
        anybody.get("/signingmanager/api/v1/certificates").await.json()["error"]["status"],
        "service_unavailable"
    );
    control.maintenance(None);
    assert!(control.state()["maintenance"].is_null());
    assert_eq!(anybody.get("/mpki/api/v1/hello").await.status, 200);
}

#[tokio::test]
async fn error_shape_can_be_set_per_product() {
    let options = EmulatorOptions::default().error_shape("/account", ErrorShape::ErrorCode);
    let emulator = Emulator::start_blocking(options).unwrap();
    let anonymous = Caller::platform(&emulator);
    let signing = "/signingmanager/api/v1/certificates";

    assert_eq!(anonymous.get(ME).await.json()["error"]["code"], "invalid_api_key");
    assert_eq!(anonymous.get(signing).await.json()["error"]["status"], "invalid_api_key");
    emulator.control().error_shape("/signingmanager", ErrorShape::Csc);
    let refused = anonymous.get(signing).await;
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_api_key")));
    emulator.control().error_shape("/account", ErrorShape::Empty);
    let refused = anonymous.get(ME).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    // The gateway is independent of products, and only errors have a shape.
    assert_eq!(anonymous.get("/account/api/v1/nothing").await.json()["errors"][0]["message"], "Path not found");
    let key = Caller::platform(&emulator).key(emulator.users()[0].api_key());
    assert_eq!(key.get(ME).await.json()["friendly_name"], "ci-bot");

    emulator.control().native_error_shapes();
    assert_eq!(anonymous.get(ME).await.json()["errors"][0]["code"], "invalid_api_key");
}

#[tokio::test]
async fn longest_prefix_of_whole_segments_decides_the_shape() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).unwrap();
    let control = emulator.control();
    for (prefix, shape) in [
        ("/", ErrorShape::Empty),
        ("/account", ErrorShape::Text),
        ("/account/api/v1/user", ErrorShape::Html),
        ("/account", ErrorShape::Csc),
        ("/mpki/api/v1/cert", ErrorShape::Text),
    ] {
        control.error_shape(prefix, shape);
    }
    for (path, content_type) in [
        (ME, "text/html; charset=utf-8"),
        ("/account/api/v1/role", "application/json"),
        ("/mpki/api/v1/certificate-search", ""),
    ] {
        let response = Caller::platform(&emulator).get(path).await;
        assert_eq!((response.status, response.content_type.as_str()), (401, content_type), "{path}");
    }
}
