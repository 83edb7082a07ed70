//! Responses that the API did not give: pages, texts, encoded bodies. They are not taken for the platform's verdict.

use digicert_one_client::{ErrorKind, Retry};
use digicert_one_core::Code;
use futures_executor::block_on;
use http::Response;

use crate::scripted::{Scripted, builder, response};

const PAGE: &str =
    "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>Reference #18.2d</body></html>";

fn error(response: Response<&'static str>) -> digicert_one_client::Error {
    let scripted = Scripted::responding([response]);
    let client = builder(&scripted).retry(Retry::never()).build().expect("complete");
    block_on(client.get("/x").send()).expect_err("refused")
}

#[test]
fn page_with_any_error_status_is_a_gateways() {
    for (status, code) in
        [(400, Code::GW_01), (401, Code::GW_01), (403, Code::GW_01), (404, Code::GW_01), (407, Code::GW_01)]
            .into_iter()
            .chain([(413, Code::GW_01), (429, Code::GW_02), (500, Code::GW_02), (502, Code::GW_02), (503, Code::GW_02)])
    {
        for body in [PAGE, "upstream connect error or disconnect/reset before headers", "<?xml version='1.0'?><Error/>"]
        {
            let error = error(response(status, None, body));
            assert_eq!((error.code(), error.kind()), (code, ErrorKind::Platform), "{status} {error}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            let shown = error.diagnosis().to_string();
            assert!(!shown.contains("service user") && !shown.contains("authenticated the caller"), "{shown}");
        }
        let shown = error(response(status, None, PAGE)).diagnosis().to_string();
        assert!(shown.contains("Access Denied") && shown.contains("Reference #18.2d"), "{shown}");
    }
}

#[test]
fn proof_answered_by_a_page_and_a_list_in_html_are_errors() {
    let page = || Response::builder().status(200).header("content-type", "text/html").body(PAGE).expect("a response");
    let scripted = Scripted::responding([page(), page(), page()]);
    let client = builder(&scripted).build().expect("complete");
    let response = block_on(client.get("/x").send()).expect("a status");
    let error = block_on(response.json::<serde_json::Value>()).expect_err("not JSON");
    assert_eq!((error.code(), error.kind()), (Code::GW_03, ErrorKind::Decode), "{error}");
    assert!(error.to_string().contains("Access Denied") && !error.to_string().contains("18.2d"), "{error}");
    let item = block_on(client.pages("/x").items::<serde_json::Value>().next()).expect("an error");
    assert_eq!(item.expect_err("not a list").code(), Code::GW_03);
    let me =
        block_on(async { client.get("/account/api/v1/user/me").send().await?.object::<serde_json::Value>().await })
            .expect_err("not a user");
    assert_eq!(me.code(), Code::GW_03, "{me}");
}

#[test]
fn response_without_the_expected_json_says_which_it_is() {
    for (body, words) in [
        ("", "it has no body"),
        ("[1,", "ends too early"),
        ("{}", "JSON of another structure"),
        ("id,name", "its body is not JSON"),
    ] {
        let response = Response::builder().header("server", "istio-envoy").body(body).expect("a response");
        let scripted = Scripted::responding([response]);
        let client = builder(&scripted).build().expect("complete");
        let read = async { client.get("/x").send().await?.json::<Vec<u8>>().await };
        let error = block_on(read).expect_err("not a list of numbers");
        let shown = error.diagnosis().to_string();
        assert!(error.code() == Code::AUT_05 && shown.contains(words), "{shown}");
        assert!(shown.contains("Server: istio-envoy") && !shown.contains("is missing, or"), "{shown}");
    }
}

#[test]
fn encoding_that_was_not_asked_for_is_named_and_none_of_it_shown() {
    let encoded = |status: u16, encoding: &'static str| {
        let builder = Response::builder().status(status).header("content-encoding", encoding);
        builder.body("\u{1}canary\u{2}").expect("a response")
    };
    for encoding in ["gzip", "br", "deflate, gzip", "zstd"] {
        for status in [400, 401, 403, 404, 409, 429, 500, 503] {
            let error = error(encoded(status, encoding));
            let shown = format!("{error}{error:?}{}", error.diagnosis());
            assert_eq!(error.code(), Code::GW_04, "{status} {shown}");
            assert!(shown.contains(encoding) && !shown.contains("canary"), "{shown}");
        }
        let scripted = Scripted::responding([encoded(200, encoding)]);
        let client = builder(&scripted).build().expect("complete");
        let response = block_on(client.get("/x").send()).expect("a status");
        let error = block_on(response.json::<serde_json::Value>()).expect_err("not JSON");
        assert!(error.code() == Code::GW_04 && error.to_string().contains(encoding), "{error}");
    }
    // What says so and is plain JSON is read.
    let plain = Response::builder().status(403).header("content-encoding", "gzip");
    let plain = plain.body(r#"{"errors":[{"code":"access_denied","message":"No"}]}"#).expect("a response");
    assert_eq!(error(plain).code(), Code::AUT_03);
}

#[test]
fn sign_in_page_of_the_same_origin_is_not_called() {
    for (location, requests) in [
        ("/login?to=canary", 1),
        ("login", 1),
        ("https://one.digicert.test/sso/", 1),
        ("/my.policy", 1),
        ("/iot/api/v1/login", 2),
        ("/x?to=login", 2),
    ] {
        let scripted = Scripted::responding([response(307, Some(location), "")]);
        let client = builder(&scripted).build().expect("complete");
        let outcome = block_on(client.delete("/iot/api/v1/device").send());
        assert_eq!(scripted.requests().len(), requests, "{location}");
        if requests == 1 {
            let error = outcome.expect_err("a sign-in page");
            assert_eq!((error.kind(), error.code()), (ErrorKind::Redirect, Code::GW_03), "{location}");
            let shown = format!("{error}{}", error.diagnosis());
            assert!(!shown.contains("onfigure") && !shown.contains("canary"), "{shown}");
        }
    }
}

#[test]
fn error_document_of_an_api_gateway_is_not_the_platforms() {
    let with = |status: u16, header: Option<(&'static str, &'static str)>, body: &'static str| {
        let builder = Response::builder().status(status);
        let builder = header.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        error(builder.body(body).expect("a response"))
    };
    let aws = Some(("x-amzn-ErrorType", "ForbiddenException"));
    for (status, header, body) in [
        (403, aws, r#"{"message":"Forbidden"}"#),
        (401, Some(("server", "kong/3.4")), r#"{"message":"No API key found in request"}"#),
        (401, None, r#"{"statusCode":401,"message":"Access denied due to missing subscription key."}"#),
        (401, None, r#"{"fault":{"faultstring":"Failed to resolve API Key","detail":{"errorcode":"x"}}}"#),
    ] {
        assert_eq!(with(status, header, body).code(), Code::GW_01, "{body}");
    }
    let own = r#"{"errors":[{"code":"access_denied","message":"no"}]}"#;
    for (server, body) in
        [("nginx", own), ("envoy", own), ("nginx", r#"{"timestamp":1,"status":403,"error":"Forbidden"}"#)]
    {
        let error = with(403, Some(("server", server)), body);
        assert_eq!(error.code(), Code::AUT_03);
        assert_eq!(
            error.diagnosis().to_string().contains("authenticated the caller"),
            body == own,
            "{}",
            error.diagnosis()
        );
    }
}

#[test]
fn redirect_to_a_sign_in_page_is_called_one() {
    for (location, sign_in) in [
        ("https://login.example.test/saml?token=canary", true),
        ("https://sso.example.test/", true),
        ("https://example.test/oauth2/v2/authorize?code=canary", true),
        ("https://filter.example.test/auD?origurl=https%3A%2F%2Fone.digicert.test%2Fx&canary", true),
        ("https://auth.example.test/?rd=https://one.digicert.test/x&canary", true),
        ("https://example.test/elsewhere?to=https%3A%2F%2Fother.test%2Fx&canary", false),
        ("https://example.test/elsewhere?canary", false),
    ] {
        let scripted = Scripted::responding([response(302, Some(location), "")]);
        let client = builder(&scripted).build().expect("complete");
        let error = block_on(client.get("/x").send()).expect_err("not followed");
        assert_eq!(error.code(), if sign_in { Code::GW_03 } else { Code::SEC_01 });
        assert_eq!(error.diagnosis().cause.contains("sign-in page"), sign_in, "{location}");
        assert!(!format!("{error}{}", error.diagnosis()).contains("canary"), "{error}");
    }
}

#[test]
fn throttle_and_a_maintenance_have_texts_of_their_own() {
    let body = r#"{"errors":[{"code":"x","message":"y"}]}"#;
    let throttled = error(response(429, None, body)).diagnosis().to_string();
    let maintained = error(response(503, None, body)).diagnosis().to_string();
    assert!(throttled.contains("rate limits apply per API key"), "{throttled}");
    assert!(maintained.contains("maintenance") && !maintained.contains("API key"), "{maintained}");
}

#[test]
fn key_that_comes_back_in_a_header_is_in_no_error() {
    const KEY: &str = "01canary-in-a-header";
    let rows = [
        (503, "via", format!("1.1 {KEY}")),
        (401, "server", KEY.to_owned()),
        (403, "x-request-id", KEY.to_owned()),
        (200, "server", KEY.to_owned()),
        (302, "location", format!("/x/{KEY}")),
        (307, "location", format!("https://other.test/{KEY}")),
    ];
    for (status, name, value) in rows {
        let builder_of =
            |status: u16| Response::builder().status(status).header(name, &*value).header("content-type", "text/plain");
        let responses: Vec<_> =
            (0..4).map(|_| builder_of(status).body("upstream error").expect("a response")).collect();
        let scripted = Scripted::responding(responses);
        let credential =
            digicert_one_core::FixedCredential::api_key(digicert_one_core::ApiKey::new(KEY).expect("a key"));
        let client = builder(&scripted)
            .credential(credential)
            .retry(digicert_one_client::Retry::never())
            .build()
            .expect("complete");
        let error =
            block_on(async { client.get("/x").send().await?.json::<serde_json::Value>().await }).expect_err("no JSON");
        let shown = format!("{error}{error:?}{}", error.diagnosis());
        assert!(!shown.contains(KEY), "{status} {name}: {shown}");
        let sent = scripted.0.requests.lock().expect("unpoisoned");
        assert!(sent.iter().all(|request| !request.uri().to_string().contains(KEY)), "{status} {name}");
    }
}
