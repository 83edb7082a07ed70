//! A signer signs in: PKCE, the state, the code, and what may come back instead.

use data_encoding::BASE64URL_NOPAD;
use digicert_one_core::Code;
use digicert_one_csc::{
    AuthorizeRequest, CscClient, CscCredential, ErrorCode, ListRequest, OAuthEndpoints, PendingSignIn, Rejection,
    SignIn,
};
use futures_executor::block_on;
use sha2::{Digest as _, Sha256};

use crate::service::{CANARY, Service, builder, client, client_credentials, discreet, field, ok, secret, usual};

fn credential() -> CscCredential {
    CscCredential::authorization_code("the-client", Some(secret("client-secret")), "https://app.test/back?x=1")
}

fn begun(client: &CscClient) -> (String, PendingSignIn) {
    let SignIn { url, pending, .. } = block_on(client.authorize_url()).expect("an address");
    (url, pending)
}

#[test]
fn sign_in_shows_the_challenge_and_the_exchange_the_verifier() {
    let service = Service::new(usual);
    let client = client(&service, credential());
    let (url, pending) = begun(&client);
    let (page, query) = url.split_once('?').expect("a query");
    assert_eq!(page, "https://one.digicert.test/oauth2/authorize");
    let shown = |name: &str| field(query, name);
    assert_eq!(shown("response_type").as_deref(), Some("code"));
    assert_eq!(shown("client_id").as_deref(), Some("the-client"));
    assert_eq!(shown("redirect_uri").as_deref(), Some("https://app.test/back?x=1"));
    assert_eq!(shown("scope").as_deref(), Some("service"));
    assert_eq!(shown("state").as_deref(), Some(pending.state()));
    assert_eq!(shown("code_challenge_method").as_deref(), Some("S256"));
    assert!(!url.contains(CANARY) && !url.contains(pending.verifier()), "{url}");
    let (state, verifier) = (pending.state().to_owned(), pending.verifier().to_owned());
    block_on(client.exchange(pending, "canary-code", &state)).expect("signed in");
    let token = &service.named("token")[0];
    assert_eq!(token.field("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(token.field("code").as_deref(), Some("canary-code"));
    assert_eq!(token.field("redirect_uri").as_deref(), Some("https://app.test/back?x=1"));
    assert_eq!(token.field("client_secret").as_deref(), Some("canary-client-secret"));
    assert_eq!(token.field("code_verifier"), Some(verifier.clone()));
    assert_eq!(shown("code_challenge"), Some(BASE64URL_NOPAD.encode(&Sha256::digest(&verifier))));
    block_on(client.credentials_list(&ListRequest::own())).expect("as the signer");
    assert_eq!(service.names(), ["info", "token", "list"]);
}

#[test]
fn two_sign_ins_have_nothing_in_common() {
    let service = Service::new(usual);
    let client = client(&service, credential());
    let ((_, one), (_, other)) = (begun(&client), begun(&client));
    assert_ne!(one.state(), other.state());
    assert_ne!(one.verifier(), other.verifier());
    assert!(!format!("{one:?}").contains(one.verifier()));
}

#[test]
fn another_state_is_refused_before_anything_is_sent() {
    let service = Service::new(usual);
    let client = client(&service, credential());
    for state in ["", "canary", "other"] {
        let (_, pending) = begun(&client);
        let error = block_on(client.exchange(pending, "canary-code", state)).expect_err(state);
        assert_eq!(discreet(error).code(), Code::CFG_01);
    }
    let (_, pending) = begun(&client);
    let longer = format!("{}x", pending.state());
    let address = format!("https://app.test/back?code=canary-code&state={longer}");
    discreet(block_on(client.exchange_redirect(pending, &address)).expect_err("longer"));
    assert_eq!(service.names(), ["info"]);
}

#[test]
fn address_that_the_browser_came_to_is_read() {
    let service = Service::new(usual);
    let client = client(&service, credential());
    for prefix in ["https://app.test/back?x=1&", "?", ""] {
        let (_, pending) = begun(&client);
        let address = format!("{prefix}code=a%2Fb+c&state={}#part", pending.state());
        block_on(client.exchange_redirect(pending, &address)).expect(prefix);
    }
    assert!(service.named("token").iter().all(|token| token.field("code").as_deref() == Some("a/b c")));
    let (_, pending) = begun(&client);
    let address = format!("?state={}", pending.state());
    block_on(client.exchange_redirect(pending, &address)).expect_err("no code");
}

#[test]
fn refusal_in_the_address_is_typed_and_believed_only_with_the_state() {
    let service = Service::new(usual);
    let client = client(&service, credential());
    let (_, pending) = begun(&client);
    let address = format!("?error=access_denied&error_description=No%0A&state={}", pending.state());
    let error = block_on(client.exchange_redirect(pending, &address)).expect_err("refused");
    let rejection = Rejection::of(&error).expect("typed");
    assert_eq!((rejection.code(), rejection.description()), (&ErrorCode::AccessDenied, Some("No")));
    assert_eq!(error.code(), Code::AUT_03);
    let (_, pending) = begun(&client);
    let error = block_on(client.exchange_redirect(pending, "?error=access_denied&state=other")).expect_err("strange");
    assert!(Rejection::of(&error).is_none());
}

#[test]
fn sign_in_can_end_in_another_process() {
    let service = Service::new(usual);
    let (_, pending) = begun(&client(&service, credential()));
    let kept = (pending.state().to_owned(), pending.verifier().to_owned());
    let other = client(&service, credential());
    block_on(other.exchange(PendingSignIn::resume(kept.0.clone(), kept.1.clone()), "c", &kept.0)).expect("signed in");
    assert_eq!(service.named("token")[0].field("code_verifier"), Some(kept.1));
}

#[test]
fn right_to_sign_is_asked_for_apart_and_comes_as_a_sad() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok(r#"{"access_token":"canary-sad","token_type":"SAD","expires_in":300}"#),
        _ => usual(arrived, before),
    });
    let client = client(&service, credential());
    let request = AuthorizeRequest::new("c-1").hashes([[0xff_u8; 32], [0_u8; 32]]).description("two letters");
    let SignIn { url, pending, .. } = block_on(client.authorize_credential_url(&request)).expect("an address");
    let shown = |name: &str| field(url.split_once('?').expect("a query").1, name);
    assert_eq!(shown("scope").as_deref(), Some("credential"));
    assert_eq!(shown("credentialID").as_deref(), Some("c-1"));
    assert_eq!(shown("numSignatures").as_deref(), Some("2"));
    let hashes = "__________________________________________8,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(shown("hash").as_deref(), Some(hashes));
    let back = format!("https://app.test/back?x=1&code=c&state={}", pending.state());
    let right = block_on(client.exchange_sad_redirect(pending, &back)).expect("a SAD");
    assert_eq!((right.sad.expose(), right.expires_in.map(|life| life.as_secs())), ("canary-sad", Some(300)));
    assert!(!format!("{right:?}").contains(CANARY));
    let error =
        block_on(client.credentials_list(&ListRequest::own())).expect_err("a SAD is not a token of the service");
    assert_eq!(error.code(), Code::ID_13);
}

#[test]
fn sad_is_not_taken_for_a_token() {
    let service = Service::new(|arrived, before| match arrived.name() {
        "token" => ok(r#"{"access_token":"canary-sad","token_type":"SAD"}"#),
        _ => usual(arrived, before),
    });
    let client = client(&service, credential());
    let (_, pending) = begun(&client);
    let state = pending.state().to_owned();
    assert_eq!(discreet(block_on(client.exchange(pending, "c", &state)).expect_err("a SAD")).code(), Code::AUT_05);
}

#[test]
fn sign_in_needs_an_oauth_client_and_an_address() {
    let service = Service::new(usual);
    let error = block_on(client(&service, client_credentials()).authorize_url()).expect_err("another kind");
    assert!(error.to_string().contains("OAuth client credentials"), "{error}");
    let endpoints = OAuthEndpoints::new("https://one.digicert.test/token").expect("an address");
    let client = builder(&service, credential()).oauth_endpoints(endpoints).build().expect("complete");
    let error = block_on(client.authorize_url()).expect_err("no address to sign in at");
    assert!(error.to_string().contains("OAuthEndpoints::authorize"), "{error}");
    let bad = CscCredential::authorization_code("c", None, "no address");
    let error = block_on(builder(&service, bad).build().expect("complete").authorize_url()).expect_err("not a URL");
    assert_eq!(error.code(), Code::CFG_01);
    assert!(service.arrived().is_empty());
}
