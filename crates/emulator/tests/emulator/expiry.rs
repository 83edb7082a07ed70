//! End dates: the last second of a day in UTC, and what ends with what.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use digicert_one_emulator::{
    ApiKeySpec, CertificateSpec, Emulator, EmulatorOptions, LastDay, ServiceUserSpec, Subject,
};

use crate::caller::{Caller, ME};

/// An emulator whose time the test sets.
pub(crate) fn at(user: ServiceUserSpec) -> (Emulator, impl Fn(SystemTime)) {
    let now = Arc::new(Mutex::new(SystemTime::now()));
    let clock = {
        let now = Arc::clone(&now);
        move || *now.lock().unwrap()
    };
    let options = EmulatorOptions::default().service_users([user]).clock(clock);
    (Emulator::start_blocking(options).unwrap(), move |time| *now.lock().unwrap() = time)
}

fn some_day() -> LastDay {
    LastDay::day_of(SystemTime::now() + Duration::from_secs(10 * 24 * 60 * 60))
}

#[tokio::test]
async fn key_is_valid_until_the_last_second_of_its_day() {
    let keys = [ApiKeySpec::default().end_date(some_day())];
    let (emulator, set) = at(ServiceUserSpec::new("ci-bot").api_keys(keys));
    let user = emulator.users()[0].clone();
    let key = Caller::platform(&emulator).key(user.api_key());
    let certificate = Caller::client_auth(&emulator).certificate(user.certificate());

    set(some_day().last_second());
    assert_eq!(key.get(ME).await.status, 200);

    set(some_day().last_second() + Duration::from_secs(1));
    let refused = key.get(ME).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("API key has expired"), "{}", refused.text);
    assert_eq!(certificate.get(ME).await.status, 200);
}

#[tokio::test]
async fn certificate_expires_at_its_end_date() {
    let certificates = [CertificateSpec::default().end_date(some_day())];
    let (emulator, set) = at(ServiceUserSpec::new("ci-bot").certificates(certificates));
    let user = emulator.users()[0].clone();
    let certificate = Caller::client_auth(&emulator).certificate(user.certificate());

    set(some_day().last_second());
    assert_eq!(certificate.get(ME).await.status, 200);

    set(some_day().last_second() + Duration::from_secs(1));
    let refused = certificate.get(ME).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("certificate has expired"), "{}", refused.text);
    assert_eq!(Caller::platform(&emulator).key(user.api_key()).get(ME).await.status, 200);
}

#[tokio::test]
async fn long_expired_certificate_is_refused_by_the_platform_not_in_tls() {
    let certificates = [CertificateSpec::default().end_date("2020-02-29".parse().unwrap())];
    let (emulator, _) = at(ServiceUserSpec::new("ci-bot").certificates(certificates));
    let user = emulator.users()[0].clone();

    assert_eq!(Caller::client_auth(&emulator).certificate(user.certificate()).get(ME).await.status, 401);
}

#[tokio::test]
async fn credentials_expire_with_their_user() {
    let (emulator, set) = at(ServiceUserSpec::new("ci-bot").end_date(some_day()));
    let user = emulator.users()[0].clone();
    let calls = [
        Caller::platform(&emulator).key(user.api_key()),
        Caller::client_auth(&emulator).certificate(user.certificate()),
    ];
    for call in &calls {
        set(some_day().last_second());
        let response = call.get(ME).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["end_date"], some_day().to_string());

        set(some_day().last_second() + Duration::from_secs(1));
        let refused = call.get(ME).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("service user has expired"), "{}", refused.text);
    }
}

#[tokio::test]
async fn disabled_credential_stops_at_once_and_can_be_enabled() {
    let (emulator, _) = at(ServiceUserSpec::new("ci-bot"));
    let user = emulator.users()[0].clone();
    let key = Caller::platform(&emulator).key(user.api_key());
    let certificate = Caller::client_auth(&emulator).certificate(user.certificate());

    emulator.control().set_enabled(user.id(), Subject::Token("0"), false).unwrap();
    assert_eq!((key.get(ME).await.status, certificate.get(ME).await.status), (401, 200));
    emulator.control().set_enabled(user.id(), Subject::Token("0"), true).unwrap();
    emulator.control().set_enabled(user.id(), Subject::Certificate("0"), false).unwrap();
    assert_eq!((key.get(ME).await.status, certificate.get(ME).await.status), (200, 401));
    emulator.control().set_enabled(user.id(), Subject::Certificate("0"), true).unwrap();
    emulator.control().set_enabled(user.id(), Subject::User, false).unwrap();
    assert_eq!((key.get(ME).await.status, certificate.get(ME).await.status), (401, 401));
    emulator.control().set_enabled(user.id(), Subject::User, true).unwrap();
    assert_eq!((key.get(ME).await.status, certificate.get(ME).await.status), (200, 200));
}
