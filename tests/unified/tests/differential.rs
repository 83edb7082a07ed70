//! The same random sequences through every transport: callers and servers must see the same. `D1_SEED` repeats a run, `D1_STEPS`
//! makes it longer.

use digicert_one_conformance::{Subject, differential};

fn number(name: &str, usual: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => usual,
    }
}

#[test]
fn all_transports_behave_the_same() {
    let subjects = [
        ("rustls", Subject::new(digicert_one_rustls::Connector::new())),
        ("reqwest", Subject::new(digicert_one_reqwest::Connector::new())),
        ("native-tls", Subject::new(digicert_one_native_tls::Connector::new())),
        ("isahc", Subject::new(digicert_one_isahc::Connector::new()).on(futures_executor::block_on)),
    ];
    let steps = usize::try_from(number("D1_STEPS", 300)).expect("a size");
    differential(&subjects, number("D1_SEED", fastrand::u64(..)), steps);
}
