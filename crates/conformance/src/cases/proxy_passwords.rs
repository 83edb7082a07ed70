//! PROXY, continued: the user and the password of a proxy reach it as they are meant, and nothing else.

use std::fmt::Write as _;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_client::Error;
use digicert_one_core::{Capability, Proxy, ProxyRules, causes};
use digicert_one_testbed::{FrontOptions, ProxyOptions, RawOptions, RawServer, Step, refused_addr};
use http::{HeaderValue, Response};

use crate::cases::failures;
use crate::cases::proxy::{client_with, proxied, proxy_to};
use crate::log_scan::LogScan;
use crate::world::{HOST, KEY, World, collect, front, front_responding, get, key_value, up};

/// What a request has, besides the key, that is for its server alone.
const FOR_THE_SERVER: [(&str, &str); 4] = [
    ("authorization", "Bearer canary"),
    ("cookie", "session=canary"),
    ("x-tenant", "canary"),
    ("content-type", "application/json"),
];

pub(crate) async fn proxy_02_a_connect_proxy_sees_no_key(world: World) {
    const STATUSES: [u16; 5] = [200, 407, 401, 503, 200];
    for versions in world.http_versions() {
        // Each call over HTTP/1.1 needs a tunnel of its own; and a 407 of the server is not the proxy's.
        let front = front_responding(FrontOptions::default(), move |request| {
            let status = request.uri().path()[1..].parse::<u16>().expect("a status");
            let response = Response::builder().status(status);
            let response = ["proxy-authenticate", "www-authenticate"]
                .into_iter()
                .fold(response, |response, name| response.header(name, "Basic realm=\"a\""));
            let closes = response.header("connection", "close");
            closes.body(Bytes::from_static(b"{}")).expect("a response")
        });
        // Characters with a special meaning in a URL are escaped there.
        let proxy = proxy_to(&front, ProxyOptions::default().credentials("us er", "p@ss:w/\u{f6}rd%"));
        let url = proxy.url().replace("http://", "http://us%20er:p%40ss%3Aw%2F%C3%B6rd%25@");
        let config = proxied(world.config().with_http_versions(versions), &url);
        if world.lacks(Capability::HttpProxy, &config) {
            return;
        }
        let transport = world.transport(&config);
        for status in STATUSES {
            let mut call = get(format!("{}/{status}", front.url(HOST)));
            call.headers_mut().insert("x-api-key", key_value());
            for (name, value) in FOR_THE_SERVER {
                call.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            let outcome = transport.send(call).await;
            let exchange =
                outcome.unwrap_or_else(|error| panic!("a server that sends {status}, {versions:?}: {error:?}"));
            collect(exchange).await.expect("a body");
        }
        for connect in proxy.ledger().requests() {
            for (name, _) in FOR_THE_SERVER.into_iter().chain([("x-api-key", KEY)]) {
                assert!(connect.header_values(name).is_empty(), "the proxy is shown {name}, {versions:?}");
            }
        }
        let arrived = front.ledger().requests();
        assert_eq!(arrived.len(), STATUSES.len(), "{versions:?}");
        for arrived in arrived {
            assert_eq!(arrived.header_values("x-api-key"), [KEY]);
            let shown = arrived.header_values("proxy-authorization");
            assert!(
                shown.is_empty(),
                "the proxy's password is shown to the server with {}, {versions:?}",
                arrived.target
            );
        }
    }
}

pub(crate) async fn proxy_16_proxy_user_without_password_is_sent_with_a_colon(world: World) {
    let front = front(FrontOptions::default());
    // Longer than a line of base64 in a mail.
    let long = format!("user-{0}:password-{0}", "a".repeat(100));
    for (given, meant) in [
        ("user", "user:"),
        ("user:", "user:"),
        ("us%40er%2F%C3%B6", "us@er/\u{f6}:"),
        ("us%40er:p%40ss%3Aw%25", "us@er:p@ss:w%"),
        ("us+er:p+ss%2B", "us+er:p+ss+"),
        (&*long, &*long),
    ] {
        let (user, password) = meant.split_once(':').expect("a colon");
        let proxy = proxy_to(&front, ProxyOptions::default().credentials(user, password));
        let config = proxied(world.config(), &proxy.url().replace("http://", &format!("http://{given}@")));
        if world.lacks(Capability::HttpProxy, &config) {
            return;
        }
        let outcome = world.new_transport(&config).send(get(front.url(HOST))).await;
        let asked = proxy.ledger().requests();
        let [asked] = &asked[..] else { panic!("one CONNECT, with the credentials, for {given}: {asked:?}") };
        let expected = format!("Basic {}", BASE64.encode(meant.as_bytes()));
        assert_eq!(asked.header_values("proxy-authorization"), [expected], "for {given}");
        outcome.expect("answered");
    }
}

/// Everything that a program could print of it.
fn printed(error: &Error) -> String {
    let mut output = format!("{error} {error:?} {} {:?}", error.diagnosis(), error.diagnosis());
    for cause in causes(error) {
        write!(output, " {cause} {cause:?} {cause:#?}").expect("writing to a string");
    }
    output
}

pub(crate) async fn proxy_05_the_proxys_password_is_shown_nowhere(world: World) {
    const PASSWORD: &str = "proxycanary5ecret";
    let canaries = [PASSWORD.to_owned(), BASE64.encode(format!("user:{PASSWORD}").as_bytes())];
    let front = front(FrontOptions::default());
    let right = proxy_to(&front, ProxyOptions::default().credentials("user", PASSWORD));
    let wrong = proxy_to(&front, ProxyOptions::default().credentials("user", "another"));
    // Some proxies repeat in a refusal what they were shown.
    let page = format!("user:{PASSWORD}");
    let shown = format!("x-seen: proxy-authorization: Basic {}", canaries[1]);
    let refusal = format!("HTTP/1.1 407 {}\r\n{shown}\r\ncontent-length: {}\r\n\r\n{page}", canaries[1], page.len());
    let script = vec![Step::ReadRequest, Step::write_and_close(refusal)];
    let repeating = up(RawServer::start(RawOptions::plain([script])));
    let scan = LogScan::start(canaries.clone());
    let mut output = String::new();
    for address in [right.addr(), wrong.addr(), repeating.addr(), refused_addr()] {
        let rules = ProxyRules::parse(&format!("http://user:{PASSWORD}@{address}")).expect("an address");
        let Some(client) = client_with(&world, &front.url(HOST), &rules) else { return };
        write!(output, "{rules:?} {} {client:?}", rules.proxy()).expect("writing to a string");
        let transport = world.transport(&world.config().with_proxy(rules.proxy().clone()));
        write!(output, "{transport:?}").expect("writing to a string");
        if let Err(error) = transport.send(get(front.url(HOST))).await {
            output.push_str(&failures::printed(&error));
        }
        write!(output, "{transport:?} {transport:#?}").expect("writing to a string");
        match client.get("/").send().await {
            Ok(_) => assert_eq!(address, right.addr()),
            Err(error) => {
                assert_ne!(address, right.addr(), "{error}");
                output.push_str(&printed(&error));
            }
        }
    }
    let shown = right.ledger().requests().pop().expect("a tunnel").header_values("proxy-authorization");
    assert_eq!(shown, [format!("Basic {}", canaries[1])], "or this shows nothing");
    for (scheme, capability) in [("https", Capability::HttpsProxy), ("socks5", Capability::SocksProxy)] {
        if world.has(capability) {
            continue;
        }
        let proxy = Proxy::parse(&format!("{scheme}://user:{PASSWORD}@127.0.0.1:1")).expect("an address");
        let error = world.connector.connect(&world.config().with_proxy(proxy)).expect_err("refused");
        write!(output, "{error} {error:?}").expect("writing to a string");
    }
    let invalid = Proxy::parse(&format!("http://user:{PASSWORD}@a b")).expect_err("a blank");
    write!(output, "{invalid} {invalid:?}").expect("writing to a string");
    tracing::trace!("the log is read");
    let (lines, logged) = scan.result();
    assert!(lines > 0 && logged.is_empty(), "{lines} lines; the password is logged by {logged:?}");
    for canary in canaries {
        assert!(!output.contains(&canary), "the password is printed: {output}");
    }
}
