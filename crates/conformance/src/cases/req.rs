//! REQ: requests arrive exactly as given.

use bytes::Bytes;
use digicert_one_client::Path;
use digicert_one_core::{Delivery, FixedCredential, Instance, TransportErrorKind};
use digicert_one_testbed::{FrontOptions, Request as Arrived, Step};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Version};

use crate::setting::{Crossing, Settings, calls, method};
use crate::world::{HOST, World, collect, front, front_responding, get, key, request, scripted, untouched};

const YESTERDAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

pub(crate) async fn req_01_path_and_query_arrive_byte_for_byte(world: World) {
    let target = "/a/b%2Fc;v=1/~x:@!$&'()*+,=/%E4%C3%A4?q=a%20b&r=%2B+&s=?/:@;,!$()*&t";
    // The others are those that a library likes to tidy up.
    let targets = [target, "/", "/a?", "/a//b", "/a%20", "/a/", "/a/?b=", "/a?b=c?d", "/?a=//b"];
    let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), FrontOptions::default());
    for setting in crossing.settings() {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        for (turn, target) in targets.into_iter().enumerate() {
            // Each target with a method of each kind.
            let calls = [(Method::GET, ""), method(turn + 1)];
            for (method, body) in calls {
                let sent = transport.send(request(method, format!("{}{target}", front.url(HOST)), body)).await;
                sent.unwrap_or_else(|error| panic!("{target} is not answered, {setting}: {error:?}"));
                assert_eq!(front.ledger().requests().pop().expect("arrived").target, target, "{setting}");
            }
        }
    }
    // A library may refuse these.
    for (setting, target) in crossing
        .settings()
        .flat_map(|setting| ["/a/./b", "/a/../b?c=/../d", "/a/%2E%2E/b", "/a?b='c'"].map(|target| (setting, target)))
    {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        let before = front.ledger().requests().len();
        let outcome = transport.send(get(format!("{}{target}", front.url(HOST)))).await;
        let arrived = front.ledger().requests_since(before);
        match outcome {
            Ok(_) => assert_eq!(arrived[0].target, target, "{setting}"),
            Err(error) => {
                let reported = (error.kind(), error.delivery(), arrived.len());
                assert_eq!(reported, (TransportErrorKind::Config, Delivery::NotSent, 0), "{target}, {setting}");
            }
        }
    }
    let front = front(FrontOptions::default());
    let client = world.client(front.port(), key());
    client.get(target).send().await.expect("answered");
    assert_eq!(front.ledger().requests()[0].target, target);
    // The same escapes in lower case are the same path (RFC 3986 §6.2.2.1), and arrive the same on every stack.
    client.get("/%e4?x=%2f").send().await.expect("answered");
    assert_eq!(front.ledger().requests()[1].target, "/%E4?x=%2F");
}

pub(crate) async fn req_02_a_segment_is_encoded_exactly_once(world: World) {
    let front = front(FrontOptions::default());
    let client = world.client(front.port(), key());
    let path = Path::root().segment("account").segment("a b&/ü%2F?#");
    client.get(path).query("role", "EM_EPKI_USER_&_CERT").query("data[type]", "a b").send().await.expect("answered");
    client.get("/x/%2F").send().await.expect("answered");
    let targets: Vec<String> = front.ledger().requests().into_iter().map(|request| request.target).collect();
    let (path, query) = targets[0].split_once('?').expect("a query");
    assert_eq!(path.to_ascii_uppercase(), "/ACCOUNT/A%20B%26%2F%C3%BC%252F%3F%23".to_ascii_uppercase());
    assert!(
        ["role=EM_EPKI_USER_%26_CERT&data%5Btype%5D=a%20b", "role=EM_EPKI_USER_%26_CERT&data%5Btype%5D=a+b"]
            .contains(&query),
        "{query}"
    );
    assert_eq!(targets[1], "/x/%2F");
}

pub(crate) async fn req_03_methods_arrive_unchanged_and_head_has_no_body(world: World) {
    let hello = |_: &http::Request<Bytes>| Response::new(Bytes::from_static(b"hello"));
    let crossing = Crossing::responding(&world, &Settings::ALL, FrontOptions::default(), hello);
    for (turn, setting) in crossing.settings().enumerate() {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        for (mut call, what) in calls(turn, &front.url(HOST)) {
            let what = format!("{what}, {setting}");
            // Larger than what a library sends together with the head.
            let body = Bytes::from(call.body().repeat(2000));
            *call.body_mut() = body.clone();
            let method = call.method().clone();
            let exchange = transport.send(call).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let received = collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let expected: &[u8] = if method == Method::HEAD { b"" } else { b"hello" };
            assert_eq!(&received[..], expected, "{what}");
            let arrived = front.ledger().requests().pop().expect("arrived");
            assert_eq!(arrived.method, method.as_str(), "{what}");
            let hash = digicert_one_testbed::sha256_hex(&body);
            assert_eq!((arrived.body_len, arrived.body_sha256), (body.len() as u64, hash), "{what}");
        }
    }
}

pub(crate) async fn req_04_three_values_of_one_header_arrive_in_order(world: World) {
    let crossing = Crossing::plain(&world, &Settings::ALL.pairwise(), FrontOptions::default());
    let common = [&[][..], &COMMON];
    let settings = crossing.settings().flat_map(|setting| common.map(|given| (setting, given)));
    for (turn, (setting, given)) in settings.enumerate() {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        let (method, body) = method(turn);
        let mut request = request(method, front.url(HOST), body);
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/x-given"));
        for value in ["three", "one", "two"] {
            request.headers_mut().append("x-values", HeaderValue::from_static(value));
        }
        request.headers_mut().insert("x-empty", HeaderValue::from_static(""));
        for (name, value) in given {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        transport.send(request).await.expect("answered");
        let arrived = front.ledger().requests().pop().expect("arrived");
        for (name, value) in given {
            assert_eq!(arrived.header_values(name), [*value], "{name} is as it was given, {setting}");
        }
        assert_eq!(arrived.header_values("x-values"), ["three", "one", "two"], "{setting}");
        assert_eq!(arrived.header_values("x-empty"), [""], "an empty value is a value {setting}");
        assert_eq!(
            arrived.header_values("content-type"),
            ["application/x-given"],
            "a type, {}, {setting}",
            arrived.method
        );
        // Only what was given, the framing, and the two headers that the client always sets.
        let extra: Vec<&str> = arrived.headers.iter().map(|(name, _)| name.as_str()).collect();
        let known =
            ["x-values", "x-empty", "host", "accept", "user-agent", "content-length", "connection", "content-type"];
        let is_given = |name: &&str| given.iter().any(|(given, _)| given == name);
        assert!(extra.iter().all(|name| known.contains(name) || is_given(name)), "{extra:?} {setting}");
    }
}

/// Headers that libraries know, with values that none of them would set.
pub(crate) const COMMON: [(&str, &str); 16] = [
    ("accept", "application/x-given;q=0.5"),
    ("accept-encoding", "gzip;q=0.1, given"),
    ("accept-language", "de-CH, en;q=0.1"),
    ("authorization", "Given Token=="),
    ("cache-control", "max-age=7, given"),
    ("cookie", "given=1; other=\"2\""),
    ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("forwarded", "for=given"),
    ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("if-none-match", "\"given\", W/\"other\""),
    ("origin", "https://given.test"),
    ("pragma", "given"),
    ("range", "bytes=7-9"),
    ("referer", "https://given.test/?a=b"),
    ("user-agent", "Given/1 (a comment) Other/2"),
    ("via", "1.1 given"),
];

pub(crate) async fn req_05_a_line_end_in_a_header_is_a_local_error(world: World) {
    let front = front(FrontOptions::default());
    let client = world.client(front.port(), key());
    for bad in ["a\r\nx-injected: 1", "a\nb", "a\0b"] {
        client.get("/").header("x-note", bad).send().await.expect_err("a local error");
    }
    untouched(&front, "nothing is to come here").await;
}

pub(crate) async fn req_06_the_user_agent_is_product_and_version_alone(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let builder = world.builder(front.port()).transport_config(world.config().with_http_versions(versions));
        let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
        client.get("/").send().await.expect("answered");
        client.post("/").json(&["a body"]).send().await.expect("answered");
        for arrived in front.ledger().requests() {
            let agents = arrived.header_values("user-agent");
            let [agent] = agents.as_slice() else { panic!("{agents:?} {versions:?}") };
            // RFC 9110 §10.1.5: one product, with its version; a comment or a second product would reveal the
            // machine.
            let (product, version) = agent.split_once('/').expect("a version");
            let is_token = |text: &str, more: &str| {
                text.chars().all(|character| character.is_ascii_alphanumeric() || more.contains(character))
            };
            assert!(is_token(product, "-") && is_token(version, ".-+"), "{agent:?} {versions:?}");
            assert!(
                ![std::env::consts::OS, std::env::consts::ARCH].iter().any(|word| agent.contains(word)),
                "{agent:?}"
            );
        }
    }
}

pub(crate) async fn req_07_json_is_asked_for_and_a_body_alone_has_a_type(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let builder = world.builder(front.port()).transport_config(world.config().with_http_versions(versions));
        let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
        client.get("/").send().await.expect("answered");
        client.post("/").send().await.expect("answered");
        client.delete("/").send().await.expect("answered");
        client.post("/").json(&["a body"]).send().await.expect("answered");
        for arrived in front.ledger().requests() {
            assert_eq!(arrived.header_values("accept"), ["application/json"], "{versions:?}");
            let types: &[&str] = if arrived.body_len > 0 { &["application/json"] } else { &[] };
            assert_eq!(arrived.header_values("content-type"), types, "{} {versions:?}", arrived.method);
        }
        assert_eq!(front.ledger().requests().len(), 4);
    }
}

pub(crate) async fn req_08_a_post_without_body_says_length_zero(world: World) {
    let methods = [Method::POST, Method::PUT, Method::PATCH];
    for (versions, method) in world.http_versions().into_iter().flat_map(|one| methods.each_ref().map(|two| (one, two)))
    {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        transport.send(request(method.clone(), front.url("localhost"), "")).await.expect("answered");
        let arrived = front.ledger().requests().remove(0);
        let lengths = arrived.header_values("content-length");
        // HTTP/2 expresses the same by ending the stream with its headers (RFC 9113 §8.1.1).
        let framed = arrived.version == Version::HTTP_2 && lengths.is_empty();
        assert!(framed || lengths == ["0"], "{lengths:?} {versions:?} of {method}");
        assert_eq!(arrived.body_len, 0);
        assert!(arrived.header_values("transfer-encoding").is_empty());
    }
}

pub(crate) async fn req_09_slashes_and_prefixes_join_to_one_path(world: World) {
    let front = front(FrontOptions::default());
    let bases = [front.url(HOST), format!("{}/", front.url(HOST))];
    for (base, prefix) in bases.iter().flat_map(|base| [None, Some("/d1"), Some("/d1/")].map(|prefix| (base, prefix))) {
        let mut instance = Instance::parse(base).expect("a host");
        if let Some(prefix) = prefix {
            instance = instance.with_path_prefix(prefix).expect("a prefix");
        }
        let builder = world.builder(front.port()).instance(instance);
        let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
        client.get("/account/api/v1/user/me?x=/").send().await.expect("answered");
        let expected = format!("{}/account/api/v1/user/me?x=/", prefix.map_or("", |_| "/d1"));
        assert_eq!(front.ledger().requests().pop().expect("arrived").target, expected, "{base} {prefix:?}");
    }
}

pub(crate) async fn req_10_empty_responses_keep_status_duplicates_and_version(world: World) {
    let methods = [Method::GET, Method::PUT];
    for (versions, method) in world.http_versions().into_iter().flat_map(|one| methods.each_ref().map(|two| (one, two)))
    {
        for status in [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
            let front = front_responding(FrontOptions::default(), move |_| {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                response.headers_mut().append("x-twice", HeaderValue::from_static("b"));
                response.headers_mut().append("x-twice", HeaderValue::from_static("a"));
                response.headers_mut().append("x-bytes", HeaderValue::from_bytes(b"\xe4\xff").expect("opaque bytes"));
                response
            });
            let transport = world.transport(&world.config().with_http_versions(versions));
            let exchange = transport.send(request(method.clone(), front.url("localhost"), "")).await.expect("answered");
            assert_eq!(exchange.response.status(), status);
            let twice: Vec<_> = exchange.response.headers().get_all("x-twice").iter().collect();
            assert_eq!(twice, ["b", "a"], "{versions:?}");
            assert_eq!(exchange.response.headers()["x-bytes"].as_bytes(), b"\xe4\xff");
            let spoken = front.ledger().requests()[0].version;
            assert_eq!(exchange.response.version(), spoken, "{versions:?}");
            assert!(collect(exchange).await.expect("no body").is_empty());
        }
    }
    many_headers(&world).await;
}

/// A response of a hundred headers (with the two cookies, its length and its date), and values in mixed case.
async fn many_headers(world: &World) {
    const NUMBERED: usize = 96;
    let methods = [Method::GET, Method::PUT];
    for (versions, method) in world.http_versions().into_iter().flat_map(|one| methods.each_ref().map(|two| (one, two)))
    {
        let front = front_responding(FrontOptions::default(), |_| {
            let response = (0..NUMBERED).fold(Response::builder(), |response, number| {
                response.header(format!("x-number-{number}"), format!("Value Of {number}"))
            });
            let response = response.header("set-cookie", "A=1; Path=/").header("set-cookie", "B=2; Path=/");
            response.body(Bytes::from_static(b"{}")).expect("a response")
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        let exchange = transport.send(request(method.clone(), front.url("localhost"), "")).await.expect("answered");
        let headers = exchange.response.headers();
        for number in 0..NUMBERED {
            let values: Vec<_> = headers.get_all(format!("x-number-{number}")).iter().collect();
            assert_eq!(values, [&*format!("Value Of {number}")], "header {number} {versions:?}");
        }
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["A=1; Path=/", "B=2; Path=/"], "{versions:?}");
    }
}

pub(crate) async fn req_11_no_response_leaves_a_trace_in_the_next_request(world: World) {
    for versions in world.http_versions() {
        let front = front_responding(FrontOptions::default(), |_| {
            let response = Response::builder().header("set-cookie", "session=1; Path=/").header("etag", "\"1\"");
            let response = response.header("cache-control", "max-age=3600").header("last-modified", YESTERDAY);
            response.body(Bytes::from_static(b"hello")).expect("a response")
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        for _ in 0..2 {
            let body = collect(transport.send(get(front.url(HOST))).await.expect("answered")).await;
            assert_eq!(&body.expect("a body")[..], b"hello", "{versions:?}");
        }
        let requests = front.ledger().requests();
        let [first, second] = requests.as_slice() else { panic!("{} requests {versions:?}", requests.len()) };
        let names = |request: &Arrived| request.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(second), names(first), "a cookie, a condition, a referer {versions:?}");
    }
}

pub(crate) async fn req_12_the_request_line_holds_path_and_query_alone(world: World) {
    // A server may accept the whole address instead (RFC 9112 §3.2.2), so this one only records what was sent.
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = scripted([vec![Step::ReadRequest, Step::write(response)]]);
    let transport = world.transport(&world.config());
    transport.send(get(format!("{}/a?b=c", server.url(HOST)))).await.expect("answered");
    let arrived = server.ledger().requests().remove(0);
    assert_eq!(arrived.target, "/a?b=c");
    assert_eq!(arrived.header_values("host"), [format!("{HOST}:{}", server.port())]);
}

pub(crate) async fn req_23_methods_of_extensions_arrive_or_are_refused(world: World) {
    for versions in world.http_versions() {
        let (front, transport) =
            (front(FrontOptions::default()), world.transport(&world.config().with_http_versions(versions)));
        for (name, body) in [("PROPFIND", ""), ("QUERY", "{}"), ("purge", ""), ("get", "")] {
            let (method, before) = (Method::from_bytes(name.as_bytes()).expect("a method"), front.ledger().requests());
            let what = format!("{name} {versions:?}");
            match transport.send(request(method, front.url(HOST), body)).await {
                Ok(exchange) => drop(collect(exchange).await.expect("a body")),
                // A stack refuses what it cannot send, and sends nothing else in its place.
                Err(error) => {
                    let refusal = (TransportErrorKind::Config, Delivery::NotSent);
                    assert_eq!((error.kind(), error.delivery()), refusal, "{what}: {error:?}");
                    assert_eq!(front.ledger().requests().len(), before.len(), "{what}");
                    continue;
                }
            }
            let arrived = front.ledger().requests().pop().expect("arrived");
            assert_eq!((&*arrived.method, arrived.body_len), (name, body.len() as u64), "{what}");
        }
    }
}

pub(crate) async fn req_24_long_targets_and_header_values_arrive_whole(world: World) {
    const MANY: u16 = 85;
    let target = format!("/{}?q={}", "a/".repeat(1500), "b".repeat(3000));
    let value = "Long Value ".repeat(800).trim_end().to_owned();
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let mut with_value = get(front.url(HOST));
        with_value.headers_mut().insert("x-long", HeaderValue::from_str(&value).expect("a header value"));
        let mut with_many = get(front.url(HOST));
        for number in 0..MANY {
            let name = HeaderName::try_from(format!("x-number-{number}")).expect("a header name");
            with_many.headers_mut().insert(name, HeaderValue::from(number));
        }
        let with_target = get(format!("{}{target}", front.url(HOST)));
        for (what, call) in [("target", with_target), ("value", with_value), ("list of headers", with_many)] {
            let outcome = transport.send(call).await;
            let exchange = outcome.unwrap_or_else(|error| panic!("a long {what}, {versions:?}: {error:?}"));
            collect(exchange).await.expect("a body");
        }
        let arrived = front.ledger().requests();
        let [with_target, with_value, with_many] = &arrived[..] else { panic!("three requests, {versions:?}") };
        for number in 0..MANY {
            let values = with_many.header_values(&format!("x-number-{number}"));
            assert_eq!(values, [number.to_string()], "header {number} of {MANY}, {versions:?}");
        }
        assert!(with_target.target == target, "the target has {} bytes, {versions:?}", with_target.target.len());
        assert_eq!(with_value.header_values("x-long"), [value.as_str()], "{versions:?}");
    }
}
