//! The calls: what stands on the wire, what is read, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::{ErrorKind, Retry};
use digicert_one_core::{Advice, ApiKey, Code};
use digicert_one_csc::{
    AuthorizeRequest, CscCredential, CscToken, ErrorCode, HashAlgo, ListRequest, Rejection, Sad, SignAlgo, SignRequest,
};
use futures_executor::block_on;
use futures_util::future::join;
use http::Response;
use serde_json::{Value, json};

use crate::service::{CANARY, Service, builder, client, clock, discreet, ok, response, secret};

fn key() -> CscCredential {
    CscCredential::api_key(ApiKey::new(format!("{CANARY}-key")).expect("a key"))
}

fn request(hashes: usize) -> SignRequest {
    SignRequest::new("c-1", HashAlgo::Sha256, SignAlgo::Rsa).hashes((0..hashes).map(|index| [index as u8; 32]))
}

/// A service that authorises, extends and signs: each SAD has a number, each signature is `MZ`.
fn signing() -> Service {
    Service::new(|arrived, before| match arrived.name() {
        "authorize" => ok(format!(r#"{{"SAD":"{CANARY}-sad-0","expiresIn":3600}}"#)),
        "extendTransaction" => ok(format!(r#"{{"SAD":"{CANARY}-sad-{}"}}"#, before + 1)),
        _ => {
            let hashes = arrived.json()["hash"].as_array().map_or(0, Vec::len);
            ok(json!({ "signatures": vec!["TVo="; hashes] }).to_string())
        }
    })
}

#[test]
fn key_is_all_that_a_call_with_a_key_shows() {
    let service = Service::new(|_, _| ok(r#"{"credentialIDs":["a","b"],"nextPageToken":"p2"}"#));
    let request = ListRequest::of_user("u&1").max_results(2).page_token("p1");
    let list = block_on(client(&service, key()).credentials_list(&request)).expect("a list");
    assert_eq!((list.credential_ids.len(), list.next_page_token.as_deref()), (2, Some("p2")));
    let [arrived] = &service.arrived()[..] else { panic!("one request: the key needs no other") };
    assert_eq!(arrived.target, "/documentmanager/csc/v1/credentials/list?user_id=u%261");
    assert_eq!(arrived.json(), json!({ "userID": "u&1", "maxResults": 2, "pageToken": "p1" }));
    assert_eq!(arrived.header("x-api-key"), Some("canary-key"));
    assert!(arrived.headers["x-api-key"].is_sensitive());
    assert_eq!(arrived.header("authorization"), None);
    assert_eq!(arrived.header("content-type"), Some("application/json"));
}

#[test]
fn error_document_of_any_call_is_an_error_with_its_text() {
    const ERROR: &str = r#"{"error":"invalid_request","error_description":"the signer is locked"}"#;
    let service = Service::new(|_, _| ok(ERROR));
    let client = client(&service, key());
    let list = block_on(client.all_credentials(&ListRequest::own())).expect_err("an error");
    let page = block_on(client.credentials_list(&ListRequest::own())).expect_err("an error");
    let info = block_on(client.credentials_info("a")).expect_err("an error");
    for error in [list, page, info] {
        assert!(error.code() == Code::AUT_05 && error.to_string().contains("the signer is locked"), "{error}");
    }
    let service = Service::new(|_, _| ok("<html><title>Sign in</title></html>"));
    let error = block_on(self::client(&service, key()).all_credentials(&ListRequest::own())).expect_err("a page");
    assert_eq!(error.code(), Code::GW_03, "{error}");
}

#[test]
fn all_credentials_come_page_by_page_or_end_in_an_error() {
    let all = |bodies: &'static [&'static str]| {
        let service = Service::new(move |_, before| ok(bodies[before.min(bodies.len() - 1)]));
        let all = block_on(client(&service, key()).all_credentials(&ListRequest::own()));
        let tokens: Vec<Value> = service.arrived().iter().map(|one| one.json()["pageToken"].clone()).collect();
        (all.map_err(|error| error.code()), tokens)
    };
    let (ids, tokens) = all(&[
        r#"{"credentialIDs":["a","b"],"nextPageToken":"p2"}"#,
        r#"{"credentialIDs":[],"nextPageToken":"p3"}"#,
        r#"{"credentialIDs":["c"],"nextPageToken":""}"#,
    ]);
    assert_eq!(
        (ids.expect("a list"), tokens),
        (["a", "b", "c"].map(str::to_owned).to_vec(), vec![Value::Null, json!("p2"), json!("p3")])
    );
    for (name, bodies) in [
        (
            "a token that repeats",
            &[r#"{"credentialIDs":["a"],"nextPageToken":"p"}"#, r#"{"credentialIDs":["b"],"nextPageToken":"p"}"#][..],
        ),
        (
            "tokens in a circle",
            &[
                r#"{"credentialIDs":["a"],"nextPageToken":"p"}"#,
                r#"{"credentialIDs":["b"],"nextPageToken":"q"}"#,
                r#"{"credentialIDs":["c"],"next_page_token":"p"}"#,
            ],
        ),
        ("a last page before the total", &[r#"{"credentialIDs":["a"],"total":2}"#]),
    ] {
        let service = Service::new(move |_, before| ok(bodies[before.min(bodies.len() - 1)]));
        let error = block_on(client(&service, key()).all_credentials(&ListRequest::own())).expect_err(name);
        assert!(error.code() == Code::API_04 && !error.diagnosis().remedy.contains("--"), "{name}: {error}");
    }
    for unreadable in [&["{}"], &[r#"{"credentialIDs":["a",{}]}"#], &[r#"{"credentialIDs":[12345678901234567890123]}"#]]
    {
        assert_eq!(all(unreadable).0, Err(Code::AUT_05), "{unreadable:?}");
    }
}

#[test]
fn token_from_elsewhere_is_all_that_its_call_shows() {
    let service = Service::new(|_, _| ok("{}"));
    let bearer = CscCredential::bearer(CscToken::new("canary-token").expect("a token"));
    block_on(client(&service, bearer).credentials_list(&ListRequest::own())).expect("a list");
    let [arrived] = &service.arrived()[..] else { panic!("one request") };
    assert_eq!(arrived.target, "/documentmanager/csc/v1/credentials/list");
    assert_eq!(arrived.header("authorization"), Some("Bearer canary-token"));
    assert!(arrived.headers["authorization"].is_sensitive());
    assert_eq!((arrived.header("x-api-key"), arrived.json()), (None, json!({})));
}

#[test]
fn info_shows_nothing() {
    let service = Service::new(|_, _| ok(r#"{"name":"a service"}"#));
    let info = block_on(client(&service, key()).info()).expect("a service");
    assert_eq!(info.name.as_deref(), Some("a service"));
    let [arrived] = &service.arrived()[..] else { panic!("one request") };
    assert_eq!((arrived.header("x-api-key"), arrived.header("authorization")), (None, None));
}

#[test]
fn whole_signing_run_is_one_authorisation_and_one_signature_call() {
    let service = signing();
    let request = request(2).description("invoice").pin(secret("pin")).otp(secret("otp"));
    let signatures = block_on(client(&service, key()).sign_hashes(&request)).expect("signatures");
    assert_eq!(signatures, [b"MZ".to_vec(), b"MZ".to_vec()]);
    let [authorize, sign] = &service.arrived()[..] else { panic!("{:?}", service.names()) };
    let hashes =
        json!(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]);
    assert_eq!(
        authorize.json(),
        json!({ "credentialID": "c-1", "numSignatures": 2, "hash": hashes, "description": "invoice",
            "PIN": "canary-pin", "OTP": "canary-otp" })
    );
    assert_eq!(
        sign.json(),
        json!({ "credentialID": "c-1", "SAD": "canary-sad-0", "hash": hashes,
            "hashAlgo": "2.16.840.1.101.3.4.2.1", "signAlgo": "1.2.840.113549.1.1.1" })
    );
}

#[test]
fn more_hashes_are_signed_under_an_extended_authorisation() {
    let service = signing();
    let signatures = block_on(client(&service, key()).sign_hashes(&request(5).batch_size(2))).expect("signatures");
    assert_eq!(signatures.len(), 5);
    assert_eq!(
        service.names(),
        ["authorize", "signHash", "extendTransaction", "signHash", "extendTransaction", "signHash"]
    );
    let arrived = service.arrived();
    assert_eq!(
        (arrived[0].json()["numSignatures"].as_u64(), arrived[0].json()["hash"].as_array().map(Vec::len)),
        (Some(5), Some(2))
    );
    let sads: Vec<_> = arrived[1..].iter().map(|one| one.json()["SAD"].clone()).collect();
    assert_eq!(sads, ["canary-sad-0", "canary-sad-0", "canary-sad-1", "canary-sad-1", "canary-sad-2"]);
}

#[test]
fn implied_hash_algorithm_is_not_sent() {
    let service = signing();
    let request = SignRequest::new("c-1", HashAlgo::Sha256, SignAlgo::RsaSha256).hashes([[0; 32]]);
    block_on(client(&service, key()).sign_hash(&request, &Sad::new("s"))).expect("a signature");
    let body = service.arrived()[0].json();
    assert_eq!((body.get("hashAlgo"), body["signAlgo"].as_str()), (None, Some("1.2.840.113549.1.1.11")));
}

#[test]
fn another_number_of_signatures_than_of_hashes_is_an_error() {
    for (signatures, expected) in
        [(r#"["TVo="]"#, "1 signatures for 2 hashes"), ("[]", "0 sig"), (r#"["TVo=","TVo=","TVo="]"#, "3 sig")]
    {
        let service = Service::new(move |_, _| ok(format!(r#"{{"signatures":{signatures}}}"#)));
        let error =
            block_on(client(&service, key()).sign_hash(&request(2), &Sad::new("canary-sad"))).expect_err(expected);
        assert_eq!((error.code(), error.kind()), (Code::AUT_05, ErrorKind::Decode));
        assert!(discreet(error).to_string().contains(expected), "{expected}");
    }
    let service = Service::new(|_, _| ok(r#"{"signatures":["TVo=","canary!"]}"#));
    let error =
        block_on(client(&service, key()).sign_hash(&request(2), &Sad::new("canary-sad"))).expect_err("no base64");
    assert!(discreet(error).to_string().contains("signature 2 of the response is not base64"));
}

#[test]
fn invalid_hash_is_not_sent() {
    let service = signing();
    let client = client(&service, key());
    let short = SignRequest::new("c-1", HashAlgo::Sha384, SignAlgo::Rsa).hashes([[0; 32]]);
    for request in [request(0), short] {
        block_on(client.sign_hashes(&request)).expect_err("not valid");
        block_on(client.sign_hash(&request, &Sad::new("s"))).expect_err("not valid");
    }
    block_on(client.credentials_authorize(&AuthorizeRequest::new("c").hashes([[0; 32]; 3]).signatures(2)))
        .expect_err("fewer signatures than hashes");
    block_on(client.extend_transaction("c", &Sad::new("s"), [[0_u8; 32]; 0])).expect_err("no hash");
    assert!(service.arrived().is_empty());
}

#[test]
fn response_without_a_sad_is_an_error_that_shows_none_of_it() {
    for body in [r#"{"SAD":""}"#, r#"{"other":"canary"}"#, r#"{"SAD":["canary"]}"#, "canary", ""] {
        let service = Service::new(move |_, _| ok(body));
        let error = block_on(client(&service, key()).credentials_authorize(&AuthorizeRequest::new("c")));
        assert_eq!(discreet(error.expect_err(body)).code(), Code::AUT_05, "{body}");
    }
}

#[test]
fn rejection_is_typed_and_quotes_no_secret() {
    let body = r#"{"error":"invalid_pin","error_description":"PIN canary-pin of canary-key is wrong"}"#;
    let service = Service::new(move |_, _| response(400, body));
    let request = AuthorizeRequest::new("c").pin(secret("pin"));
    let error = discreet(block_on(client(&service, key()).credentials_authorize(&request)).expect_err("refused"));
    assert_eq!((error.code(), error.kind()), (Code::API_01, ErrorKind::Platform));
    let rejection = Rejection::of(&error).expect("of that shape");
    assert_eq!(*rejection.code(), ErrorCode::InvalidPin);
    assert_eq!(rejection.description(), Some("PIN (redacted) of (redacted) is wrong"));
    assert_eq!(error.response().and_then(|response| response.code.as_deref()), Some("invalid_pin"));
    assert_eq!(service.arrived().len(), 1, "a PIN is not tried twice");
}

#[test]
fn refused_key_is_reported_with_its_shape_and_not_tried_again() {
    let service = Service::new(|_, _| response(401, r#"{"error":"invalid_token","error_description":"canary-key"}"#));
    let error = discreet(block_on(client(&service, key()).credentials_info("c")).expect_err("refused"));
    assert_eq!((error.code(), error.attempts()), (Code::AUT_01, 1));
    assert!(error.diagnosis().to_string().contains("API key: 10 characters"), "{}", error.diagnosis());
}

#[test]
fn redirects_are_not_followed_and_show_no_path() {
    for location in
        ["https://other.test/canary?canary", "https://one.digicert.test/canary", "/canary", "//canary@x.test/"]
    {
        let service = Service::new(move |_, _| {
            Response::builder().status(307).header("location", location).body(String::new()).expect("valid")
        });
        let error = block_on(client(&service, key()).credentials_info("c")).expect_err(location);
        assert_eq!((error.code(), error.kind()), (Code::SEC_01, ErrorKind::Redirect), "{location}");
        discreet(error);
        assert_eq!(service.arrived().len(), 1, "{location}");
    }
}

#[test]
fn read_is_retried_and_signature_is_not() {
    let failing = || {
        Service::new(|_, before| match before {
            0 => response(500, "{}"),
            _ => ok(r#"{"SAD":"s","signatures":["TVo="]}"#),
        })
    };
    let time = clock();
    let made = |service: &Service| builder(service, key()).clock(Arc::new(time.clone())).build().expect("complete");
    let service = failing();
    let (client, own) = (made(&service), ListRequest::own());
    let (list, waits) = block_on(time.run(client.credentials_list(&own)));
    list.expect("the second attempt");
    assert_eq!((service.arrived().len(), waits.len()), (2, 1));
    let service = failing();
    let error = block_on(made(&service).sign_hash(&request(1), &Sad::new("s"))).expect_err("not repeated");
    assert_eq!((error.code(), error.attempts(), service.arrived().len()), (Code::API_03, 1, 1));
}

#[test]
fn calls_can_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    let service = signing();
    let client = client(&service, key());
    let (one, sad) = (request(1), Sad::new("s"));
    moves(&client);
    moves(&client.sign_hashes(&one));
    moves(&client.sign_hash(&one, &sad));
    moves(&client.info());
    moves(&client.authorize_url());
    moves(&client.revoke());
}

#[test]
fn wait_that_the_service_asks_for_is_kept() {
    let service = Service::new(|_, before| match before {
        0 => Response::builder().status(429).header("retry-after", "7").body("{}".to_owned()).expect("valid"),
        _ => ok(r#"{"signatures":["TVo="]}"#),
    });
    let time = clock();
    let client = builder(&service, key()).clock(Arc::new(time.clone())).build().expect("complete");
    let (sad, one) = (Sad::new("s"), request(1));
    let (signed, waits) = block_on(time.run(client.sign_hash(&one, &sad)));
    signed.expect("refused before it was processed, so repeated");
    assert_eq!(waits, [Duration::from_secs(7)]);
    let service = Service::new(|_, _| response(429, "{}"));
    let never = builder(&service, key()).retry(Retry::never()).build().expect("complete");
    let error = block_on(never.sign_hash(&one, &sad)).expect_err("once");
    assert!(matches!(error.diagnosis().advice, Advice::Retry { .. }));
}

#[test]
fn approval_may_take_longer_than_other_calls() {
    for (authorizes, seconds) in [(false, 60), (true, 300)] {
        let service = Service::perhaps(|_, _| None);
        let time = clock();
        let client =
            builder(&service, key()).clock(Arc::new(time.clone())).retry(Retry::never()).build().expect("complete");
        let asked = AuthorizeRequest::new("c");
        let call = async {
            match authorizes {
                true => client.credentials_authorize(&asked).await.map(drop),
                false => client.credentials_info("c").await.map(drop),
            }
        };
        let driver = async {
            let limit = time.limited_for().await;
            time.advance(limit);
            limit
        };
        let (outcome, limit) = block_on(join(call, driver));
        assert_eq!(limit, Duration::from_secs(seconds), "authorizes: {authorizes}");
        assert_eq!(outcome.expect_err("nothing comes").code(), Code::NET_08);
    }
}

#[test]
fn body_beyond_the_limit_is_refused() {
    let service = Service::new(|_, _| ok(format!(r#"{{"x":"{}"}}"#, "x".repeat(2000))));
    let client = builder(&service, key()).max_body(1000).build().expect("complete");
    assert_eq!(block_on(client.info()).expect_err("too large").code(), Code::CFG_03);
}

#[test]
fn missing_setting_is_reported_before_the_first_call() {
    let service = signing();
    let text = |built: Result<_, digicert_one_client::Error>| built.map(drop).expect_err("not valid").to_string();
    assert!(text(digicert_one_csc::CscClient::builder().build()).contains("connector"));
    assert!(text(builder(&service, key()).base_path("csc?x").build()).contains("base path"));
    assert!(text(builder(&service, key()).allow_oauth_host("http://x.test").build()).contains("https"));
    assert!(text(builder(&service, key()).user_agent("a\nb").build()).contains("User-Agent"));
}

#[test]
fn printed_values_show_no_secret() {
    let service = signing();
    for credential in [
        key(),
        CscCredential::bearer(CscToken::new("canary-token").expect("a token")),
        CscCredential::client_credentials("the-client", secret("client-secret")),
        CscCredential::authorization_code("the-client", Some(secret("secret")), "https://app.test/")
            .with_refresh_token(secret("refresh")),
        CscCredential::digest("user", secret("password")),
    ] {
        let shown = format!("{credential:?}");
        let builder = builder(&service, credential);
        let shown = format!("{shown} {builder:?}");
        let shown = format!("{shown} {:?}", builder.build().expect("complete"));
        assert!(!shown.contains(CANARY), "{shown}");
    }
}
