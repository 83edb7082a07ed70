//! REDIR: a redirect to another origin is an error that names both, and the other origin hears nothing.

use bytes::Bytes;
use digicert_one_client::Error;
use digicert_one_core::{ApiKey, Code, Material};
use digicert_one_testbed::{ClientAuth, Front, FrontOptions, RawOptions, RawServer, Step};
use http::{Response, StatusCode, header};

use crate::world::{HOST, KEY, World, certificate, front, front_answering, get, identity, key};

pub(crate) async fn redir_01_another_host_is_not_followed(world: World) {
    let other = front(FrontOptions::default());
    let url = other.url("localhost");
    let error = redirected(&world, &format!("{url}/elsewhere?token=canary")).await;
    assert!(error.to_string().contains("localhost") && error.to_string().contains(HOST), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!(other.ledger().connections().is_empty());
}

pub(crate) async fn redir_02_another_port_is_not_followed(world: World) {
    let other = front(FrontOptions::default());
    redirected(&world, &other.url(HOST)).await;
    assert!(other.ledger().connections().is_empty());
}

pub(crate) async fn redir_03_plain_http_is_not_followed(world: World) {
    let other = RawServer::start(RawOptions::plain([vec![Step::ReadRequest]])).expect("loopback can be bound");
    redirected(&world, &other.url(HOST)).await;
    assert!(other.ledger().connections().is_empty());
}

pub(crate) async fn redir_04_clientauth_and_platform_are_different_origins(world: World) {
    for (material, target) in [
        (key(), format!("clientauth.{HOST}")),
        (Material::certificate(identity(&certificate())), HOST.to_owned()),
        (Material::certificate_and_key(identity(&certificate()), ApiKey::new(KEY).expect("a key")), HOST.to_owned()),
    ] {
        let front = front_answering(FrontOptions::default().client_auth(ClientAuth::Optional), move |request| {
            // The same server answers for both names. HTTP/2 has the port in the URI, HTTP/1.1 in `Host`.
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

pub(crate) async fn redir_10_the_transport_itself_never_follows(world: World) {
    let other = front(FrontOptions::default());
    for status in
        [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND, StatusCode::SEE_OTHER, StatusCode::TEMPORARY_REDIRECT]
    {
        for versions in world.http_versions() {
            let server = redirecting(status, other.url(HOST));
            let transport = world.transport(&world.config().with_http_versions(versions));
            let exchange = transport.send(get(server.url(HOST))).await.expect("an answer like any other");
            assert_eq!(exchange.response.status(), status);
            assert_eq!(server.ledger().requests().len(), 1);
        }
    }
    assert!(other.ledger().connections().is_empty());
}

fn redirect(status: StatusCode, location: &str) -> Response<Bytes> {
    let answer = Response::builder().status(status).header(header::LOCATION, location);
    answer.body(Bytes::new()).expect("a valid answer")
}

fn redirecting(status: StatusCode, location: String) -> Front {
    front_answering(FrontOptions::default(), move |_| redirect(status, &location))
}

async fn redirected(world: &World, location: &str) -> Error {
    let front = redirecting(StatusCode::FOUND, location.to_owned());
    let error = world.client(front.port(), key()).get("/").send().await.expect_err("not followed");
    assert_eq!(error.code(), Code::SEC_01, "{error}");
    assert_eq!(front.ledger().requests().len(), 1);
    error
}
