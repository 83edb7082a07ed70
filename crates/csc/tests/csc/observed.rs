//! What CSC calls have from the engine of the client: audit records, metrics, the rate limiter and retries.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use digicert_one_client::{AuditRecord, LocalRateLimiter};
use digicert_one_core::{ApiKey, Code, Mode};
use digicert_one_csc::{CscCredential, ListRequest};
use futures_executor::block_on;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::service::{CANARY, Service, builder, client_credentials, clock, ok, response, usual};

fn key() -> CscCredential {
    CscCredential::api_key(ApiKey::new(format!("{CANARY}-key")).expect("a key"))
}

/// The records of one list of credentials.
fn records(service: &Service, credential: CscCredential) -> Vec<AuditRecord> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let heard = Arc::clone(&heard);
        move |record: &AuditRecord| heard.lock().expect("unpoisoned").push(record.clone())
    };
    // The real clock: the listener has a thread of its own, and is waited for.
    let made = builder(service, credential)
        .clock(Arc::new(digicert_one_client::SystemClock::new()))
        .audit(listener)
        .build()
        .expect("complete");
    let _ = block_on(made.credentials_list(&ListRequest::of_user("canary-user")));
    assert_eq!(block_on(made.shut_down(Duration::from_secs(60))), 0);
    let records = heard.lock().expect("unpoisoned").clone();
    let shown: Vec<String> = records.iter().map(|record| format!("{record} {record:?}")).collect();
    assert!(!shown.concat().contains(CANARY), "{shown:?}");
    records
}

#[test]
fn call_makes_a_record_without_secrets() {
    let records = records(&Service::new(|_, _| ok("{}")), key());
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&*record.template, record.mode, record.attempts), ("credentials/list", Some(Mode::Key), 1));
    assert_eq!((record.outcome(), record.status), ("responded", Some(http::StatusCode::OK)));
    assert!(record.caller.is_some_and(|caller| caller.to_string().starts_with("k:")));
}

#[test]
fn token_requests_have_records_and_calls_the_caller_of_the_token() {
    let records = records(&Service::new(usual), client_credentials());
    let templates: Vec<&str> = records.iter().map(|record| &*record.template).collect();
    assert_eq!(templates, ["info", "oauth2/token", "credentials/list"]);
    let list = &records[2];
    assert_eq!((list.mode, list.generation.is_some()), (None, true));
    assert!(list.caller.is_some_and(|caller| caller.to_string().starts_with("t:")));
}

#[test]
fn failed_call_is_recorded_with_its_code() {
    let records = records(&Service::new(|_, _| response(401, r#"{"error":"invalid_token"}"#)), key());
    let [record] = &records[..] else { panic!("{records:?}") };
    let status = Some(http::StatusCode::UNAUTHORIZED);
    assert_eq!((record.outcome(), record.code, record.status), ("failed", Some(Code::AUT_01), status), "{record}");
}

/// Name, labels and count of each counter and histogram that was recorded on this thread.
fn metrics_of(work: impl FnOnce()) -> Vec<(String, String, u64)> {
    let recorder = DebuggingRecorder::new();
    {
        let _guard = metrics::set_default_local_recorder(&recorder);
        work();
    }
    let read = recorder.snapshotter().snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels = key.key().labels().map(|label| format!("{}={} ", label.key(), label.value()));
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(values) => values.len() as u64,
            DebugValue::Gauge(_) => 0,
        };
        (key.key().name().to_owned(), labels.collect::<String>(), count)
    });
    read.collect()
}

#[test]
fn metrics_count_calls_and_attempts_without_secrets() {
    let service = Service::new(|arrived, before| match (arrived.name(), before) {
        ("list", 0) => response(503, "{}"),
        _ => usual(arrived, before),
    });
    let time = clock();
    let made = builder(&service, client_credentials()).clock(Arc::new(time.clone())).build().expect("complete");
    let read = metrics_of(|| {
        let request = ListRequest::of_user("canary-user");
        let (list, _) = block_on(time.run(made.credentials_list(&request)));
        list.expect("the second attempt");
    });
    let count = |name: &str, labels: &[&str]| -> u64 {
        let fits = |known: &str| labels.iter().all(|label| known.contains(label));
        read.iter().filter(|(known, of, _)| known == name && fits(of)).map(|(_, _, count)| count).sum()
    };
    assert_eq!(count("digicert_one.calls", &["http.request.method=POST ", "outcome=ok "]), 3, "{read:?}");
    let attempts = |labels: &[&str]| count("http.client.request.duration", labels);
    assert_eq!(attempts(&["url.template=info "]) + attempts(&["url.template=oauth2/token "]), 2, "{read:?}");
    assert_eq!(attempts(&["url.template=credentials/list ", "status_code=503 "]), 1, "{read:?}");
    assert_eq!(attempts(&["url.template=credentials/list ", "status_code=200 "]), 1, "{read:?}");
    assert!(!format!("{read:?}").contains(CANARY), "{read:?}");
}

#[test]
fn audit_record_of_a_retried_call_counts_its_attempts() {
    let service = Service::new(|_, before| if before == 0 { response(503, "{}") } else { ok("{}") });
    let records = records(&service, key());
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.attempts, record.code, record.status), (2, None, Some(http::StatusCode::OK)));
}

#[test]
fn calls_wait_for_their_turn_at_the_rate_limiter() {
    for credential in [key(), client_credentials()] {
        let service = Service::new(usual);
        let time = clock();
        let limiter = LocalRateLimiter::new().rate(NonZeroU32::MIN, Duration::from_secs(7));
        let made = builder(&service, credential)
            .clock(Arc::new(time.clone()))
            .rate_limiter(limiter)
            .build()
            .expect("complete");
        let own = ListRequest::own();
        let (lists, waits) = block_on(time.run(async {
            made.credentials_list(&own).await?;
            made.credentials_list(&own).await
        }));
        lists.expect("both");
        assert_eq!((service.named("list").len(), waits.iter().sum()), (2, Duration::from_secs(7)), "{waits:?}");
    }
}

#[test]
fn status_429_holds_the_next_call_of_the_same_caller() {
    let service = Service::new(|_, before| match before {
        0 => http::Response::builder().status(429).header("retry-after", "9").body("{}".to_owned()).expect("valid"),
        _ => ok("{}"),
    });
    let time = clock();
    let made = builder(&service, key())
        .clock(Arc::new(time.clone()))
        .retry(digicert_one_client::Retry::never())
        .build()
        .expect("complete");
    let own = ListRequest::own();
    let (outcomes, waits) = block_on(time.run(async {
        let first = made.credentials_list(&own).await;
        (first.is_err(), made.credentials_list(&own).await.is_ok())
    }));
    assert_eq!(outcomes, (true, true));
    assert!(waits.iter().sum::<Duration>() >= Duration::from_secs(9), "{waits:?}");
}
