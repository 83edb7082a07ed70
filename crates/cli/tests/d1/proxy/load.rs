//! Many requests at the same time, with a rotation in the middle: none is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use digicert_one_emulator::Subject;

use super::stage::{KEYS, Stage};
use super::wire::get;
use crate::stage::ME;

const CALLERS: usize = 64;

const REQUESTS: usize = 10_000;

/// `cargo test -p digicert-one-cli --test d1 proxy::load -- --nocapture` prints the figures.
#[test]
#[expect(clippy::print_stdout, reason = "the figures of the run")]
fn rotation_under_load_of_10_000_requests_loses_none() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    let (begun, succeeded) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut connection = proxy.address.connect().expect("it listens");
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed);
                    if number >= REQUESTS {
                        return;
                    }
                    if number == REQUESTS / 2 {
                        // The previous key is refused from now on.
                        stage.replace_key(KEYS[1]);
                        stage.emulator.control().set_enabled("ci-bot", Subject::Token("0"), false).expect("it exists");
                    }
                    // Every other one changes something, as far as the proxy knows.
                    let request = match number % 2 {
                        0 => get(ME, &[]),
                        _ => "POST /account/api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
                            .to_owned(),
                    };
                    connection.write(request.as_bytes());
                    let response = connection.read().expect("a response");
                    let expected = if number % 2 == 0 { 200 } else { 404 };
                    assert_eq!(response.status, expected, "{number}: {response:?}");
                    assert!(response.is_complete, "{number}: {response:?}");
                    succeeded.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let took = begin.elapsed();
    assert_eq!(succeeded.into_inner(), REQUESTS);
    proxy.await_metric("d1_proxy_in_flight", 0);
    let half = i64::try_from(REQUESTS / 2).expect("small");
    for outcome in ["success", "client_error"] {
        assert_eq!(proxy.metric(&format!("d1_proxy_requests_total{{outcome=\"{outcome}\"}}")), half);
    }
    assert_eq!(proxy.metric("d1_proxy_credential_generation"), 2);
    let retries = proxy.metric("d1_proxy_retries_total");
    let rate = REQUESTS as f64 / took.as_secs_f64();
    println!(
        "{REQUESTS} requests by {CALLERS} callers in {took:.2?} ({rate:.0}/s), {retries} retries at the rotation, none lost"
    );
    proxy.stop();
}
