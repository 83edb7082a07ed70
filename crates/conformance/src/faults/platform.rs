//! Faults in responses of the platform, or of a server in its place: the same on every stack, for HTTP
//! carries them all.

use digicert_one_core::Code;
use digicert_one_testbed::FrontOptions;
use serde_json::Value;

use super::fault::{Fault, fault};
use super::lab::{ObservedFault, answered, client, responding};
use crate::world::{World, key};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const HTML: &[(&str, &str)] = &[("content-type", "text/html")];

pub(super) const FAULTS: &[Fault] = &[
    fault("401 for a key", Code::AUT_01, &[], |world| {
        let body = r#"{"errors":[{"code":"invalid_api_key","message":"The API key is not known"}]}"#;
        Box::pin(answered(world, 401, JSON, body))
    }),
    fault("401, and the clocks differ by years", Code::AUT_01, &[], |world| {
        Box::pin(async move {
            let dated = &[("content-type", "application/json"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")];
            let seen = answered(world, 401, dated, "{}").await;
            let skew = "ahead of the server's";
            assert!(seen.diagnosis.evidence.iter().any(|fact| fact.contains(skew)), "{}", seen.diagnosis);
            seen
        })
    }),
    fault("403, the second factor is missing", Code::AUT_02, &[], |world| {
        let body = r#"{"error":{"status":"access_denied","message":"The user is not multi-factor authenticated"}}"#;
        Box::pin(answered(world, 403, JSON, body))
    }),
    fault("403, the role is missing", Code::AUT_03, &[], |world| {
        let body = r#"{"errors":[{"code":"access_denied","message":"Missing permission MANAGE_CM_KEYPAIR"}]}"#;
        Box::pin(answered(world, 403, JSON, body))
    }),
    fault("429", Code::AUT_04, &[], |world| {
        const WAIT: &[(&str, &str)] = &[("retry-after", "3600")];
        Box::pin(answered(world, 429, WAIT, r#"{"errors":[{"code":"too_many_requests"}]}"#))
    }),
    fault("503", Code::AUT_04, &[], |world| {
        const WAIT: &[(&str, &str)] = &[("retry-after", "3600")];
        Box::pin(answered(world, 503, WAIT, r#"{"errors":[{"code":"maintenance","message":"Back at noon"}]}"#))
    }),
    fault("503 with the page of a gateway", Code::GW_02, &[], |world| {
        const WAIT: &[(&str, &str)] = &[("retry-after", "3600"), ("content-type", "text/html")];
        Box::pin(answered(world, 503, WAIT, "<html><title>Down for maintenance</title></html>"))
    }),
    fault("429 with the page of a gateway", Code::GW_02, &[], |world| {
        Box::pin(answered(world, 429, HTML, "<html><title>Rate limited</title></html>"))
    }),
    fault("401 in HTML", Code::GW_01, &[], |world| {
        Box::pin(answered(world, 401, HTML, "<html><title>401 Authorization Required</title></html>"))
    }),
    fault("403 in HTML", Code::GW_01, &[], |world| {
        Box::pin(answered(world, 403, HTML, "<html><title>Request Rejected</title></html>"))
    }),
    fault("403 in plain text", Code::GW_01, &[], |world| Box::pin(answered(world, 403, &[], "RBAC: access denied"))),
    fault("403 without a body", Code::AUT_05, &[], |world| Box::pin(answered(world, 403, &[], ""))),
    fault("403 of Apache, which wants the certificate after the handshake", Code::HS_05, &[], |world| {
        let page = "<html><title>403 Forbidden</title><p>You don't have permission to access this resource.Reason: \
                    Cannot perform Post-Handshake Authentication.</p></html>";
        Box::pin(answered(world, 403, HTML, page))
    }),
    fault("407 of something that is not the proxy of the configuration", Code::GW_01, &[], |world| {
        Box::pin(answered(world, 407, HTML, "<html><title>Proxy Authentication Required</title></html>"))
    }),
    fault("403 in gzip, unasked", Code::GW_04, &[], |world| {
        const GZIP: &[(&str, &str)] = &[("content-encoding", "gzip")];
        Box::pin(answered(world, 403, GZIP, &b"\x1f\x8b\x08\x00\x00\x00\x00\x00"[..]))
    }),
    fault("408", Code::API_08, &[], |world| Box::pin(answered(world, 408, &[], ""))),
    fault("511 of a captive portal", Code::GW_03, &[], |world| {
        Box::pin(answered(world, 511, HTML, "<html><title>Welcome to the lounge</title></html>"))
    }),
    fault("500 of a framework", Code::API_03, &[], |world| {
        Box::pin(answered(world, 500, JSON, r#"{"status":"500","error":"Internal Server Error","path":"/x"}"#))
    }),
    fault("502 of a gateway", Code::GW_02, &[], |world| {
        Box::pin(answered(world, 502, HTML, "<html><h1>502 Bad Gateway</h1></html>"))
    }),
    fault("400 that names a field", Code::API_01, &[], |world| {
        let body = r#"{"errors":[{"code":"invalid_input_field","message":"must not be empty","field":"name"}]}"#;
        Box::pin(answered(world, 400, JSON, body))
    }),
    fault("404 of the platform", Code::API_02, &[], |world| {
        Box::pin(answered(world, 404, JSON, r#"{"errors":[{"code":"not_found","message":"No such user"}]}"#))
    }),
    fault("404 in HTML", Code::GW_01, &[], |world| {
        Box::pin(answered(world, 404, HTML, "<html><title>Not Found</title></html>"))
    }),
    fault("400 without a body", Code::AUT_05, &[], |world| Box::pin(answered(world, 400, &[], ""))),
    fault("400 with cut JSON", Code::AUT_05, &[], |world| {
        Box::pin(answered(world, 400, JSON, r#"{"errors":[{"code":"inv"#))
    }),
    fault("400 with JSON 10,000 deep", Code::AUT_05, &[], |world| {
        Box::pin(answered(world, 400, JSON, "[".repeat(10_000) + &"]".repeat(10_000)))
    }),
    fault("400 in escape codes and bytes that are not text", Code::GW_01, &[], |world| {
        Box::pin(async move {
            let seen = answered(world, 400, &[], &b"\x1b[31mred\x00\xff\xfe\r\n"[..]).await;
            assert!(!seen.diagnosis.summary.contains(char::is_control), "{:?}", seen.diagnosis.summary);
            seen
        })
    }),
    fault("200 in HTML where JSON was expected", Code::GW_03, &[], |world| {
        Box::pin(async move {
            let front = responding(FrontOptions::default(), 200, HTML, "<html><title>Sign in</title></html>");
            let client = client(world.builder(front.port()), key());
            let response = client.get("/").send().await.expect("a response");
            response.json::<Value>().await.expect_err("not JSON").into()
        })
    }),
    fault("redirect to another host", Code::SEC_01, &[], |world| {
        Box::pin(redirected(world, &[("location", "https://elsewhere.test/?token=canary")]))
    }),
    fault("redirect to http://", Code::SEC_01, &[], |world| {
        Box::pin(redirected(world, &[("location", "http://one.digicert.test/")]))
    }),
    fault("redirect to javascript:", Code::SEC_01, &[], |world| {
        Box::pin(redirected(world, &[("location", "javascript:alert(1)")]))
    }),
    fault("redirect to a host with user info", Code::SEC_01, &[], |world| {
        Box::pin(redirected(world, &[("location", "https://canary:canary@one.digicert.test/")]))
    }),
    fault("page link to another host", Code::SEC_01, &[], |world| {
        Box::pin(listed(
            world,
            r#"{"total":4,"records":[1,2],"next":"https://elsewhere.test/x?offset=2&token=canary"}"#,
        ))
    }),
    fault("list that repeats its first page", Code::API_04, &[], |world| {
        Box::pin(listed(world, r#"{"total":4,"offset":0,"limit":2,"items":[1,2]}"#))
    }),
];

/// The end of a list of which every page is this.
async fn listed(world: World, page: &'static str) -> ObservedFault {
    let front = responding(FrontOptions::default(), 200, JSON, page);
    let mut items = client(world.builder(front.port()), key()).pages("/x").page_size(2).items::<Value>();
    while let Some(item) = items.next().await {
        if let Err(error) = item {
            return error.into();
        }
    }
    panic!("no fault: the list ended")
}

async fn redirected(world: World, headers: &'static [(&'static str, &'static str)]) -> ObservedFault {
    answered(world, 302, headers, "").await
}
