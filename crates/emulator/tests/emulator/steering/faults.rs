//! Faults on demand, as a client meets them over TLS.

use std::error::Error;
use std::time::{Duration, SystemTime};

use digicert_one_emulator::{
    Emulator, EmulatorClock, EmulatorOptions, ErrorShape, Fault, HostKind, RetryAfter, StatusCode,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Caller, ME, Response, client};

const USERS: &str = "/account/api/v1/user";

fn emulator() -> Emulator {
    Emulator::start_blocking(EmulatorOptions::default()).unwrap()
}

fn by_key(emulator: &Emulator) -> Caller<'_> {
    Caller::platform(emulator).key(emulator.users()[0].api_key())
}

async fn get(emulator: &Emulator, path: &str) -> reqwest::Result<Response> {
    by_key(emulator).send(Method::GET, path, None).await
}

fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text += &format!(": {error}");
        below = error.source();
    }
    text
}

async fn named(emulator: &Emulator, name: &str) -> usize {
    let users = get(emulator, USERS).await.unwrap().json();
    users.as_array().unwrap().iter().filter(|user| user["friendly_name"] == name).count()
}

fn creation(emulator: &Emulator, name: &str) -> Value {
    json!({ "user_type": "service", "friendly_name": name, "accounts": [emulator.account_id()] })
}

#[tokio::test]
async fn held_call_continues_when_released() {
    let emulator = emulator();
    let control = emulator.control();
    let id = control.fault(Fault::hold().path(ME));

    let call = by_key(&emulator);
    let held = call.get(ME);
    tokio::pin!(held);
    // The other call gets its response while this one waits.
    tokio::select! {
        biased;
        _ = &mut held => panic!("the call was not held"),
        other = get(&emulator, "/mpki/api/v1/hello") => assert_eq!(other.unwrap().status, 200),
    }
    assert!(control.release_fault(id));
    assert_eq!(held.await.status, 200);
    assert_eq!(emulator.observed().last().unwrap().faults, ["hold"]);
}

#[tokio::test]
async fn removing_a_fault_releases_held_calls() {
    let emulator = emulator();
    let control = emulator.control();
    control.fault(Fault::hold());
    let call = by_key(&emulator);
    let held = call.get(ME);
    tokio::pin!(held);
    let arrived = emulator.ledger(HostKind::Platform);
    let arrived = arrived.wait_until(|snapshot| !snapshot.requests.is_empty(), Duration::from_secs(20));
    tokio::select! {
        biased;
        _ = &mut held => panic!("the call was not held"),
        arrived = arrived => assert!(arrived),
    }
    control.clear_faults();
    assert_eq!(held.await.status, 200);
    assert!(control.faults().is_empty());
}

#[tokio::test]
async fn delayed_call_exceeds_short_but_not_long_timeout() {
    let emulator = emulator();
    let long = emulator.control().fault(Fault::delay(Duration::from_secs(600)));
    let request = client(&emulator, None).get(emulator.platform_url() + ME);

    let error = request.timeout(Duration::from_millis(50)).send().await.unwrap_err();

    assert!(error.is_timeout(), "{}", words(&error));
    // Removed and not counted: on a busy machine the first call may have ended before it arrived.
    assert!(emulator.control().remove_fault(long));
    emulator.control().fault(Fault::delay(Duration::from_millis(1)));
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
}

#[tokio::test]
async fn reset_before_the_work_leaves_nothing_done() {
    let emulator = emulator();
    emulator.control().fault(Fault::reset().method(Method::POST).next(1));

    let error =
        by_key(&emulator).send(Method::POST, USERS, Some(creation(&emulator, "lost").to_string())).await.unwrap_err();

    assert!(error.is_request(), "{}", words(&error));
    assert_eq!(named(&emulator, "lost").await, 0);
    let observed = &emulator.observed()[0];
    assert_eq!((observed.status, observed.faults.as_slice()), (0, &["reset"][..]));
}

#[tokio::test]
async fn reset_after_the_work_leaves_it_done() {
    let emulator = emulator();
    emulator.control().fault(Fault::reset().after_work().method(Method::POST).next(1));

    by_key(&emulator).send(Method::POST, USERS, Some(creation(&emulator, "made").to_string())).await.unwrap_err();

    assert_eq!(named(&emulator, "made").await, 1);
}

#[tokio::test]
async fn cut_body_is_an_incomplete_response() {
    let emulator = emulator();
    emulator.control().fault(Fault::cut(10).path(ME).next(1));

    let error = get(&emulator, ME).await.unwrap_err();

    assert!(error.is_body() || error.is_decode(), "{}", words(&error));
    assert_eq!(emulator.observed()[0].status, 200);
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
}

#[tokio::test]
async fn series_of_429_has_retry_after_in_both_forms() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let clock = EmulatorClock::fixed(now);
    let emulator = Emulator::start_blocking(EmulatorOptions::default().emulator_clock(&clock)).unwrap();
    emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(7)).next(2));
    emulator.control().fault(Fault::too_many_requests(RetryAfter::date(Duration::from_secs(3))).next(1));
    emulator.control().fault(Fault::too_many_requests(RetryAfter::absent()).next(1));

    let mut delays = Vec::new();
    for _ in 0..4 {
        let response = get(&emulator, ME).await.unwrap();
        assert_eq!((response.status, &response.json()["errors"][0]["code"]), (429, &json!("request_limit_exceeded")));
        delays.push(response.header("retry-after"));
    }

    let date = "Sun, 06 Nov 1994 08:49:40 GMT";
    assert_eq!(delays, [Some("7".to_owned()), Some("7".to_owned()), Some(date.to_owned()), None]);
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
}

#[tokio::test]
async fn maintenance_and_html_pages_are_available_as_faults() {
    let emulator = emulator();
    emulator.control().fault(Fault::unavailable(RetryAfter::seconds(30)).next(1));
    for status in [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE] {
        emulator.control().fault(Fault::html_page(status).next(1));
    }

    let unavailable = get(&emulator, ME).await.unwrap();
    assert_eq!((unavailable.status, unavailable.header("retry-after").as_deref()), (503, Some("30")));
    for status in [403, 503] {
        let page = get(&emulator, ME).await.unwrap();
        assert_eq!((page.status, page.content_type.as_str()), (status, "text/html; charset=utf-8"));
        assert!(page.text.starts_with("<!DOCTYPE html>"), "{}", page.text);
    }
}

#[tokio::test]
async fn errors_are_available_in_each_shape() {
    let emulator = emulator();
    let mut bodies = Vec::new();
    for shape in ErrorShape::ALL {
        emulator.control().fault(Fault::error(StatusCode::INTERNAL_SERVER_ERROR, shape).next(1));
        let response = get(&emulator, ME).await.unwrap();
        assert_eq!(response.status, 500);
        bodies.push((shape, response));
    }
    let message = "The emulator was asked for this error";
    for (shape, response) in bodies {
        match shape {
            ErrorShape::Errors => {
                assert_eq!(response.json(), json!({ "errors": [{ "code": "internal_error", "message": message }] }));
            }
            ErrorShape::ErrorCode => {
                assert_eq!(response.json(), json!({ "error": { "code": "internal_error", "message": message } }));
            }
            ErrorShape::ErrorStatus => {
                assert_eq!(response.json(), json!({ "error": { "status": "internal_error", "message": message } }));
            }
            ErrorShape::Framework => {
                let body = response.json();
                assert_eq!((&body["status"], &body["error"]), (&json!("500"), &json!("Internal Server Error")));
                assert_eq!(body["path"], ME);
            }
            ErrorShape::MessageCode => assert_eq!(response.json(), json!({ "message": message, "code": 500 })),
            ErrorShape::Csc => {
                assert_eq!(response.json(), json!({ "error": "internal_error", "error_description": message }));
            }
            ErrorShape::Text => assert_eq!(response.text, message),
            ErrorShape::Html => assert!(response.text.contains("<h1>Internal Server Error</h1>")),
            ErrorShape::Empty => assert_eq!((response.text.as_str(), response.content_type.as_str()), ("", "")),
            other => panic!("{other} is not tested"),
        }
    }
}

#[tokio::test]
async fn date_is_the_emulators_and_can_be_wrong() {
    let clock = EmulatorClock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
    let emulator = Emulator::start_blocking(EmulatorOptions::default().emulator_clock(&clock)).unwrap();
    let date = async || get(&emulator, ME).await.unwrap().header("date").unwrap();

    assert_eq!(date().await, "Sun, 06 Nov 1994 08:49:37 GMT");
    emulator.control().fault(Fault::wrong_date(-3600).next(1));
    assert_eq!(date().await, "Sun, 06 Nov 1994 07:49:37 GMT");
    emulator.control().fault(Fault::wrong_date(24 * 3600).next(1));
    assert_eq!(date().await, "Mon, 07 Nov 1994 08:49:37 GMT");
    // It is the date of the final response.
    emulator.control().fault(Fault::wrong_date(1).next(1));
    emulator.control().fault(Fault::html_page(StatusCode::FORBIDDEN).after_work().next(1));
    let page = get(&emulator, ME).await.unwrap();
    assert_eq!((page.status, page.header("date").as_deref()), (403, Some("Sun, 06 Nov 1994 08:49:38 GMT")));
}

#[tokio::test]
async fn secret_shown_once_can_be_missing() {
    let emulator = emulator();
    emulator.control().fault(Fault::without_secret().next(2));
    // A response without a secret does not use it up.
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);

    let made = by_key(&emulator).post(USERS, creation(&emulator, "secretless")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = &made.json()["api_token"];
    assert!(token["id"].is_string() && token["token"].is_null(), "{token}");
    let body = json!({ "name": "second", "user_id": made.json()["id"] });
    let made = by_key(&emulator).post("/account/api/v1/api-access-token", body.clone()).await;
    assert_eq!((made.status, &made.json()["token"]), (201, &Value::Null), "{}", made.text);

    let mut body = body;
    body["name"] = "third".into();
    let made = by_key(&emulator).post("/account/api/v1/api-access-token", body).await;
    assert!(made.json()["token"].is_string());
}

#[tokio::test]
async fn faults_are_for_the_host_they_name_and_shared_by_chance() {
    let emulator = emulator();
    let user = &emulator.users()[0];
    let page = Fault::html_page(StatusCode::FORBIDDEN).host(HostKind::ClientAuth);
    let id = emulator.control().fault(page);
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
    assert_eq!(Caller::client_auth(&emulator).certificate(user.certificate()).get(ME).await.status, 403);
    assert!(emulator.control().remove_fault(id));
    assert!(!emulator.control().remove_fault(id));

    let mut drawn = Vec::new();
    for _ in 0..2 {
        let id = emulator.control().fault(Fault::html_page(StatusCode::FORBIDDEN).chance(0.5, 11));
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(get(&emulator, ME).await.unwrap().status);
        }
        emulator.control().remove_fault(id);
        drawn.push(statuses);
    }
    assert!(drawn[0].contains(&200) && drawn[0].contains(&403), "{drawn:?}");
    assert_eq!(drawn[0], drawn[1]);
}

#[tokio::test]
async fn server_certificate_can_expire() {
    let emulator = emulator();
    let control = emulator.control();
    let hour = Duration::from_secs(3600);

    control.end_server_certificate(SystemTime::now() + hour).unwrap();
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
    control.end_server_certificate(SystemTime::now() - hour).unwrap();
    let error = get(&emulator, ME).await.unwrap_err();
    assert!(words(&error).to_lowercase().contains("expired"), "{}", words(&error));
    control.renew_server_certificate().unwrap();
    assert_eq!(get(&emulator, ME).await.unwrap().status, 200);
}

#[tokio::test]
async fn call_meets_faults_in_order_until_one_settles_it() {
    let emulator = emulator();
    let control = emulator.control();
    for fault in [Fault::delay(Duration::ZERO), Fault::html_page(StatusCode::FORBIDDEN).next(2), Fault::wrong_date(1)] {
        control.fault(fault);
    }
    for _ in 0..3 {
        get(&emulator, ME).await.unwrap();
    }
    let met: Vec<_> = emulator.observed().into_iter().map(|observed| observed.faults.join(" ")).collect();
    assert_eq!(met, ["delay html-page wrong-date", "delay html-page wrong-date", "delay wrong-date"]);
    let left: Vec<_> = control.faults().iter().map(|state| (state.met, state.left)).collect();
    assert_eq!(left, [(3, None), (2, Some(0)), (3, None)]);
    control.clear_faults();
    for status in [StatusCode::FORBIDDEN, StatusCode::IM_A_TEAPOT] {
        control.fault(Fault::html_page(status));
    }
    assert_eq!(get(&emulator, ME).await.unwrap().status, 403);
    assert_eq!(control.faults()[1].met, 0);
}

#[tokio::test]
async fn fault_is_met_by_its_calls_alone() {
    let emulator = emulator();
    let page = Fault::html_page(StatusCode::IM_A_TEAPOT).path("/account").method(Method::GET).host(HostKind::Platform);
    emulator.control().fault(page);
    let client_auth = Caller::client_auth(&emulator).certificate(emulator.users()[0].certificate());
    assert_eq!(get(&emulator, "/mpki/api/v1/hello").await.unwrap().status, 200);
    assert_eq!(by_key(&emulator).post(USERS, creation(&emulator, "other")).await.status, 201);
    assert_eq!(client_auth.get(ME).await.status, 200);
    assert_eq!(get(&emulator, ME).await.unwrap().status, 418);
}

#[tokio::test]
async fn seed_selects_the_same_calls_with_other_faults_armed() {
    let mut drawn = Vec::new();
    for (others, chance, calls) in [(0, 0.3, 60), (3, 0.3, 60), (0, 0.0, 10), (0, f64::NAN, 10), (0, 1.0, 10)] {
        let emulator = emulator();
        for _ in 0..others {
            emulator.control().fault(Fault::wrong_date(0).chance(0.5, 1));
        }
        emulator.control().fault(Fault::html_page(StatusCode::IM_A_TEAPOT).chance(chance, 42));
        let mut met = Vec::new();
        for _ in 0..calls {
            met.push(get(&emulator, "/mpki/api/v1/hello").await.unwrap().status == 418);
        }
        drawn.push(met);
    }
    let count = |met: &[bool]| met.iter().filter(|met| **met).count();
    assert!((6..36).contains(&count(&drawn[0])), "{} of 60 for a share of 0.3", count(&drawn[0]));
    assert_eq!(drawn[0], drawn[1]);
    assert_eq!([&drawn[2], &drawn[3], &drawn[4]].map(|met| count(met)), [0, 0, 10]);
}
