//! Where tokens come from, and where secrets do not go.

use digicert_one_client::ErrorKind;
use digicert_one_core::Code;
use digicert_one_csc::{ListRequest, OAuthEndpoints};
use futures_executor::block_on;
use http::Response;

use crate::service::{Service, builder, client, client_credentials, discreet, ok, token, usual};

/// A service whose `info` names this OAuth server.
fn naming(base: &'static str) -> Service {
    Service::new(move |arrived, before| match arrived.name() {
        "info" => ok(format!(r#"{{"oauth2":"{base}"}}"#)),
        _ => usual(arrived, before),
    })
}

#[test]
fn oauth_server_is_asked_for_once_and_openly() {
    let service = naming("https://one.digicert.test/auth/");
    let client = client(&service, client_credentials());
    for _ in 0..2 {
        block_on(client.credentials_list(&ListRequest::own())).expect("a list");
    }
    assert_eq!(service.names(), ["info", "token", "list", "list"]);
    let arrived = service.arrived();
    assert_eq!(arrived[0].header("authorization"), None);
    assert_eq!(arrived[1].target, "/auth/oauth2/token");
}

#[test]
fn foreign_oauth_server_is_refused_before_anything_is_sent_there() {
    for base in
        ["https://evil.test", "https://one.digicert.test:8443", "https://one.digicert.test.evil.test/one.digicert.test"]
    {
        let service = naming(base);
        let error = block_on(client(&service, client_credentials()).credentials_info("c")).expect_err(base);
        assert_eq!((error.code(), error.kind()), (Code::SEC_01, ErrorKind::Redirect), "{base}");
        assert!(discreet(error).diagnosis().remedy.contains("allow_oauth_host"));
        assert_eq!(service.names(), ["info"], "{base}");
    }
}

#[test]
fn foreign_oauth_server_that_is_allowed_by_name_is_called() {
    let service = naming("https://login.test/x");
    let client = builder(&service, client_credentials()).allow_oauth_host("login.test").build().expect("complete");
    block_on(client.credentials_info("c")).expect("allowed");
    let hosts: Vec<_> = service.arrived().into_iter().map(|arrived| arrived.host).collect();
    assert_eq!(hosts, ["one.digicert.test", "login.test", "one.digicert.test"]);
    let token = &service.named("token")[0];
    assert_eq!(token.header("x-api-key"), None);
}

#[test]
fn oauth_server_in_clear_text_is_refused_also_where_it_is_allowed() {
    for base in ["http://one.digicert.test", "http://127.0.0.1:1", "one.digicert.test:443/@x"] {
        let service = naming(base);
        let client = builder(&service, client_credentials()).allow_oauth_host("127.0.0.1:1").build().expect("complete");
        let outcome = block_on(client.credentials_info("c"));
        match base.starts_with("http:") {
            true => assert_eq!(discreet(outcome.expect_err(base)).code(), Code::SEC_05, "{base}"),
            // Without a scheme it is read as https.
            false => assert!(outcome.is_ok(), "{base}: {outcome:?}"),
        }
        let tokens = service.named("token");
        assert!(tokens.iter().all(|token| token.host == "one.digicert.test"), "{base}");
    }
}

#[test]
fn service_that_names_no_oauth_server_is_reported_apart() {
    let service = Service::new(|_, _| ok("{}"));
    let error = block_on(client(&service, client_credentials()).credentials_info("c")).expect_err("none");
    assert_eq!(error.code(), Code::AUT_05);
    assert!(error.diagnosis().remedy.contains("oauth_endpoints"));
}

#[test]
fn address_of_info_that_cannot_be_used_is_not_called_a_setting() {
    for base in ["http://one.digicert.test", "https://u:p@one.digicert.test", "https://one.digicert.test/?x", "ftp://x"]
    {
        let error = block_on(client(&naming(base), client_credentials()).credentials_info("c")).expect_err(base);
        let diagnosis = discreet(error).diagnosis().clone();
        assert!(diagnosis.summary.starts_with("the info of https://one.digicert.test names"), "{base}: {diagnosis}");
        assert!(diagnosis.remedy.contains("operator of the service"), "{base}: {diagnosis}");
    }
}

#[test]
fn given_value_wins_over_info() {
    let service = naming("https://evil.test");
    let endpoints = OAuthEndpoints::new("https://login.test:8443/a/token?tenant=1").expect("an address");
    let client = builder(&service, client_credentials()).oauth_endpoints(endpoints).build().expect("complete");
    block_on(client.credentials_info("c")).expect("given");
    let arrived = service.arrived();
    assert_eq!(service.names(), ["token", "info"], "the second is credentials/info");
    assert_eq!((arrived[0].host.as_str(), arrived[0].target.as_str()), ("login.test:8443", "/a/token?tenant=1"));
}

#[test]
fn redirect_of_the_oauth_server_is_not_followed() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => Response::builder()
            .status(307)
            .header("location", "https://evil.test/canary")
            .body(String::new())
            .expect("valid"),
        _ => usual(arrived, before),
    });
    let error = block_on(client(&service, client_credentials()).credentials_info("c")).expect_err("a redirect");
    assert_eq!(discreet(error).code(), Code::SEC_01);
    assert_eq!(service.names(), ["info", "token"]);
}

#[test]
fn oauth_server_that_was_not_found_is_looked_for_again() {
    let service = Service::new(|arrived, before| match (arrived.target.ends_with("v1/info"), before) {
        (true, 0) => ok("{}"),
        (true, _) => ok(r#"{"oauth2":"https://one.digicert.test"}"#),
        _ if arrived.name() == "token" => token(1),
        _ => ok("{}"),
    });
    let client = client(&service, client_credentials());
    block_on(client.credentials_list(&ListRequest::own())).expect_err("none yet");
    block_on(client.credentials_list(&ListRequest::own())).expect("found");
}
