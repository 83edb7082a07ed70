//! REDIR: a redirect to another origin is an error that names both, and the other origin is not contacted.

use bytes::Bytes;
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{ApiKey, Code, Material};
use digicert_one_testbed::{ClientAuth, Front, FrontOptions, RawOptions, RawServer, Step};
use http::{Response, StatusCode, header};

use crate::world::{HOST, KEY, World, certificate, front, front_responding, get, identity, key, untouched, up};

pub(crate) async fn redir_01_another_host_is_not_followed(world: World) {
    let other = front(FrontOptions::default());
    let url = other.url("localhost");
    let error = redirected(&world, &format!("{url}/elsewhere?token=canary")).await;
    assert!(error.to_string().contains("localhost") && error.to_string().contains(HOST), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    untouched(&other, "nothing is to come here").await;
}

pub(crate) async fn redir_02_another_port_is_not_followed(world: World) {
    let other = front(FrontOptions::default());
    redirected(&world, &other.url(HOST)).await;
    untouched(&other, "nothing is to come here").await;
}

pub(crate) async fn redir_03_plain_http_is_not_followed(world: World) {
    let other = up(RawServer::start(RawOptions::plain([vec![Step::ReadRequest]])));
    redirected(&world, &other.url(HOST)).await;
    untouched(&other, "nothing is to come here").await;
}

pub(crate) async fn redir_04_clientauth_and_platform_are_different_origins(world: World) {
    for (material, target) in [
        (key(), format!("clientauth.{HOST}")),
        (Material::certificate(identity(&certificate())), HOST.to_owned()),
        (Material::certificate_and_key(identity(&certificate()), ApiKey::new(KEY).expect("a key")), HOST.to_owned()),
    ] {
        let front = front_responding(FrontOptions::default().client_auth(ClientAuth::Optional), move |request| {
            // The same server has both names. HTTP/2 has the port in the URI, HTTP/1.1 in `Host`.
            let in_host = request
                .headers()
                .get(header::HOST)
                .and_then(|host| host.to_str().ok()?.rsplit(':').next()?.parse().ok());
            let port: u16 = request.uri().port_u16().or(in_host).expect("the port of this server");
            redirect(StatusCode::FOUND, &format!("https://{target}:{port}/"))
        });
        let error = world.client(front.port(), material).get("/").send().await.expect_err("another origin");
        assert_eq!(error.code(), Code::SEC_01, "{error}");
        assert_eq!(front.ledger().requests().len(), 1);
        assert_eq!(front.ledger().connections().len(), 1);
    }
}

/// Redirects `/old` with this status; all other paths succeed.
fn moving(status: StatusCode) -> Front {
    front_responding(FrontOptions::default(), move |request| match request.uri().path() {
        "/old" => redirect(status, "/new?moved=yes"),
        _ => Response::new(Bytes::from_static(b"{}")),
    })
}

pub(crate) async fn redir_05_a_307_keeps_method_body_and_key(world: World) {
    for status in [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT] {
        let front = moving(status);
        let call = world.client(front.port(), key()).post("/old").json(&["sign me"]).send().await;
        call.expect("followed");
        let [before, after] = &front.ledger().requests()[..] else { panic!("two requests: {status}") };
        assert_eq!((&*after.target, &*after.method), ("/new?moved=yes", "POST"));
        assert_eq!((&after.body_sha256, after.body_len), (&before.body_sha256, before.body_len));
        assert!(after.body_len > 0);
        for header in ["x-api-key", "content-type", "host"] {
            assert_eq!(after.header_values(header), before.header_values(header), "{header}");
        }
        assert_eq!(after.header_values("x-api-key"), [KEY]);
    }
}

pub(crate) async fn redir_06_a_303_becomes_a_get_without_body(world: World) {
    let front = moving(StatusCode::SEE_OTHER);
    world.client(front.port(), key()).post("/old").json(&["sign me"]).send().await.expect("followed");
    let after = front.ledger().requests().pop().expect("arrived");
    assert_eq!((&*after.target, &*after.method, after.body_len), ("/new?moved=yes", "GET", 0));
    assert!(after.header_values("content-type").is_empty());
    assert_eq!(after.header_values("x-api-key"), [KEY]);
}

pub(crate) async fn redir_07_a_circle_ends_with_its_number_of_hops(world: World) {
    let front = front_responding(FrontOptions::default(), |request| {
        let there = if request.uri().path() == "/a" { "/b" } else { "/a" };
        redirect(StatusCode::FOUND, there)
    });
    let error = world.client(front.port(), key()).get("/a").send().await.expect_err("it never ends");
    let sent = front.ledger().requests().len();
    assert!((2..=20).contains(&sent), "{sent}");
    assert_eq!(error.kind(), ErrorKind::Redirect, "{error}");
    assert!(error.to_string().contains(&format!("{sent} times")), "{sent} requests: {error}");
}

pub(crate) async fn redir_08_an_invalid_target_is_refused_without_its_query(world: World) {
    let other = front(FrontOptions::default());
    let port = other.port();
    let long = format!("https://localhost:{port}/{}?canary", "x".repeat(8 << 10));
    let targets = [
        &*format!("https://canary:canary@{HOST}:{port}/?canary"),
        &*format!("//canary@localhost:{port}/"),
        "file:///etc/passwd?canary",
        "file:/etc/passwd?canary",
        "javascript:alert('canary')",
        "JavaScript://localhost/%0acanary",
        "data:text/html,canary",
        "mailto:canary@example.test",
        "ftp://localhost/?canary",
        "https:///?canary",
        "https://[::1/?canary",
        "https://localhost:99999/?canary",
        "/../../?canary",
        "/%2e%2e/%2e%2e/?canary",
        "\\\\localhost\\canary",
        "/a b?canary",
        "?ca nary",
        &*long,
    ];
    let places = targets.map(str::to_owned);
    let front = front_responding(FrontOptions::default(), move |request| {
        let index: usize = request.uri().path().trim_start_matches('/').parse().expect("the number of a target");
        redirect(StatusCode::FOUND, &places[index])
    });
    let client = world.client(front.port(), key());
    for (index, target) in targets.into_iter().enumerate() {
        let error = client.get(format!("/{index}")).send().await.expect_err("not followed");
        assert_eq!(error.code(), Code::SEC_01, "{target}: {error}");
        let shown = format!("{error} {error:?} {}", error.diagnosis());
        assert!(!shown.contains("canary"), "{target}: {shown}");
        assert!(shown.len() < 4 << 10, "{target}: {} bytes", shown.len());
    }
    assert_eq!(front.ledger().requests().len(), targets.len());
    untouched(&other, "nothing is to come here").await;
}

pub(crate) async fn redir_09_nothing_goes_to_another_origin_even_without_a_credential(world: World) {
    for status in [StatusCode::TEMPORARY_REDIRECT, StatusCode::SEE_OTHER] {
        let other = front(FrontOptions::default().client_auth(ClientAuth::Optional));
        let front = redirecting(status, other.url("localhost"));
        let identity = identity(&certificate());
        let both = Material::certificate_and_key(identity.clone(), ApiKey::new(KEY).expect("a key"));
        for material in [key(), Material::certificate(identity), both] {
            let client = world.client(front.port(), material);
            let calls = [client.post("/").json(&["sign me"]), client.post("/").json(&["sign me"]).unauthenticated()];
            for call in calls {
                assert_eq!(call.send().await.expect_err("another origin").code(), Code::SEC_01);
            }
        }
        assert_eq!(front.ledger().requests().len(), 6);
        untouched(&other, "nothing is to come here").await;
    }
}

pub(crate) async fn redir_10_the_transport_itself_never_follows(world: World) {
    let other = front(FrontOptions::default());
    for status in
        [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND, StatusCode::SEE_OTHER, StatusCode::TEMPORARY_REDIRECT]
    {
        for versions in world.http_versions() {
            let server = redirecting(status, other.url(HOST));
            let transport = world.transport(&world.config().with_http_versions(versions));
            let exchange = transport.send(get(server.url(HOST))).await.expect("a response like any other");
            assert_eq!(exchange.response.status(), status);
            assert_eq!(server.ledger().requests().len(), 1);
        }
    }
    untouched(&other, "nothing is to come here").await;
}

fn redirect(status: StatusCode, location: &str) -> Response<Bytes> {
    let response = Response::builder().status(status).header(header::LOCATION, location);
    response.body(Bytes::new()).expect("a valid response")
}

fn redirecting(status: StatusCode, location: String) -> Front {
    front_responding(FrontOptions::default(), move |_| redirect(status, &location))
}

async fn redirected(world: &World, location: &str) -> Error {
    let front = redirecting(StatusCode::FOUND, location.to_owned());
    let error = world.client(front.port(), key()).get("/").send().await.expect_err("not followed");
    assert_eq!(error.code(), Code::SEC_01, "{error}");
    assert_eq!(front.ledger().requests().len(), 1);
    error
}
