//! Starting: addresses, ports, names, and the ways in which it does not start.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use digicert_one_emulator::{ApiKeySpec, Emulator, EmulatorError, EmulatorOptions, HostKind, ServiceUserSpec};

use crate::caller::{Caller, ME, builder, read};

fn refusal(options: EmulatorOptions) -> EmulatorError {
    Emulator::start_blocking(options).unwrap_err()
}

#[test]
fn only_loopback_is_listened_on() {
    for address in ["0.0.0.0", "192.0.2.1", "::", "2001:db8::1"] {
        let error = refusal(EmulatorOptions::default().address(address.parse().unwrap()));
        assert!(matches!(error, EmulatorError::NotLoopback { .. }));
        assert!(error.to_string().contains(address), "{error}");
    }
}

#[test]
fn non_loopback_address_needs_confirmation() {
    let everywhere = || EmulatorOptions::default().address(Ipv4Addr::UNSPECIFIED.into());
    for half in [everywhere().reachable_by_others(true), everywhere().i_know_keys_are_public(true)] {
        assert!(matches!(refusal(half), EmulatorError::NotLoopback { .. }));
    }
    let both = everywhere().reachable_by_others(true).i_know_keys_are_public(true);
    let emulator = Emulator::start_blocking(both).unwrap();
    assert!(emulator.platform_addr().ip().is_unspecified());
    assert!(emulator.platform_url().starts_with("https://localhost:"));
}

#[test]
fn port_in_use_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (ports, expected) in [((port, 0), HostKind::Platform), ((0, port), HostKind::ClientAuth)] {
        let error = refusal(EmulatorOptions::default().ports(ports.0, ports.1));
        assert!(matches!(error, EmulatorError::PortTaken { listener, .. } if listener == expected), "{error}");
        assert!(error.to_string().contains(&format!("port {port} for the {expected} listener")), "{error}");
    }
    let error = refusal(EmulatorOptions::default().ports(port, port));
    assert!(matches!(error, EmulatorError::SamePort { .. }));
}

#[test]
fn service_users_must_exist_and_be_unique() {
    let options = |users: Vec<ServiceUserSpec>| EmulatorOptions::default().service_users(users);
    let key = |name, value: &str| ServiceUserSpec::new(name).api_keys([ApiKeySpec::default().value(value)]);

    assert!(matches!(refusal(options(vec![])), EmulatorError::NoServiceUser));
    let twice = refusal(options(vec![ServiceUserSpec::new("a"), ServiceUserSpec::new("a")]));
    assert!(matches!(&twice, EmulatorError::DuplicateName { name } if name == "a"));
    let administrator = refusal(options(vec![ServiceUserSpec::new("administrator")]));
    assert!(matches!(administrator, EmulatorError::DuplicateName { .. }));
    let unknown = refusal(options(vec![ServiceUserSpec::new("a").roles(&["KING"])]));
    assert!(matches!(unknown, EmulatorError::UnknownRole { role, .. } if role == "KING"));
    for users in [
        vec![key("a", "canary"), key("b", "canary")],
        vec![key("a", "")],
        vec![ServiceUserSpec::new("a").api_keys(["canary", "canary"].map(|value| ApiKeySpec::default().value(value)))],
    ] {
        let error = refusal(options(users));
        assert!(matches!(error, EmulatorError::UnusableApiKey { .. }));
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn generated_keys_have_the_usual_shape_and_differ() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).unwrap();
    let keys = [emulator.users()[0].api_key().to_owned(), emulator.foreign_api_key(), emulator.foreign_api_key()];
    for key in &keys {
        let (head, tail) = key.split_once('_').unwrap();
        let lower_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(head.len() == 26 && head.starts_with("01") && lower_hex(head), "{key}");
        assert!(tail.len() == 64 && lower_hex(tail), "{key}");
    }
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
}

#[test]
fn dropping_it_frees_its_ports() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).unwrap();
    let addresses = [emulator.platform_addr(), emulator.client_auth_addr()];

    drop(emulator);

    for address in addresses {
        TcpListener::bind(address).expect("the port is free again");
    }
}

#[tokio::test]
async fn chosen_key_is_used_unchanged() {
    let user = ServiceUserSpec::new("ci-bot").api_keys([ApiKeySpec::default().value("chosen")]);
    let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users([user])).unwrap();
    assert_eq!(Caller::platform(&emulator).key("chosen").get(ME).await.status, 200);
}

#[tokio::test]
async fn certificates_cover_public_names_and_loopback_addresses() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).unwrap();
    let user = &emulator.users()[0];
    for host in [
        "one.digicert.com",
        "demo.one.digicert.co.jp",
        "clientauth.one.nl.digicert.com",
        "clientauth.one.digicert.test",
        "clientauth.one.localhost",
    ] {
        let address = emulator.client_auth_addr();
        let client = builder(&emulator, Some(user.certificate())).resolve(host, address).build().unwrap();
        let url = format!("https://{host}:{}{ME}", address.port());
        assert_eq!(read(client.get(url)).await.unwrap().status, 200, "{host}");
    }

    let elsewhere = Emulator::start_blocking(EmulatorOptions::default().address(Ipv4Addr::new(127, 0, 0, 2).into()));
    // Some systems have 127.0.0.1 alone.
    if let Ok(elsewhere) = elsewhere {
        assert!(elsewhere.platform_url().starts_with("https://127.0.0.2:"));
        assert_eq!(Caller::platform(&elsewhere).key(elsewhere.users()[0].api_key()).get(ME).await.status, 200);
    }
    if let Ok(v6) = Emulator::start_blocking(EmulatorOptions::default().address(Ipv6Addr::LOCALHOST.into())) {
        assert_eq!(Caller::platform(&v6).key(v6.users()[0].api_key()).get(ME).await.status, 200);
    }
}
