//! SECRET: canaries are planted everywhere, and no output may show one.

use std::fmt::{Debug, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_core::{
    ApiKey, Capability, Credential, CredentialError, FixedCredential, Generation, Lease, LeaseRequest, Material, Proxy,
    TransportErrorKind, causes,
};
use digicert_one_testbed::{
    ClientAuth, ClientCert, ClientSpec, Front, FrontOptions, Gate, KeyEncoding, Pki, RawServer, ServerSpec, Step,
    Validity, handler, refused_addr,
};
use futures_util::FutureExt as _;
use futures_util::future::join;
use http::{Method, Request, Response};

use crate::child::{self, Parent};
use crate::log_scan::LogScan;
use crate::setting::Settings;
use crate::witness::{self, Meant};
use crate::world::{
    HOST, KEY, World, certificate, collect, front, front_responding, get, identity, request, scripted, untouched, up,
};

const PROXY_PASSWORD: &str = "canarypass";

pub(crate) async fn secret_01_no_public_type_prints_a_secret(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let certificate = certificate();
    let identity = identity(&certificate);
    let key = ApiKey::new(KEY).expect("the canary is a key");
    let material = Material::certificate_and_key(identity.clone(), key.clone());
    let config = world.config().with_identity(Some(identity.clone()));
    let proxied = world
        .config()
        .with_proxy(Proxy::Http(format!("http://user:{PROXY_PASSWORD}@127.0.0.1:1").parse().expect("a proxy")));
    let transport = world.transport(&config);
    let client = world.client(front.port(), material.clone());
    let response = client.get("/").send().await.expect("answered");
    let failure = world.client(refused_addr().port(), material.clone()).get("/").send().await.expect_err("refused");
    let mut request = get(front.url(HOST));
    request.headers_mut().insert("x-api-key", key.header_value());

    let mut output = String::new();
    let things: [&dyn Debug; 12] = [
        &world.connector,
        &identity,
        &key,
        &material,
        &config,
        &proxied,
        &transport,
        &client,
        &response,
        &failure,
        &request,
        &client.get("/"),
    ];
    for thing in things {
        write!(output, "{thing:?}\n{thing:#?}\n").expect("writing to a string");
    }
    write!(output, "{failure}").expect("writing to a string");
    for cause in causes(&failure) {
        write!(output, "{cause} {cause:?}").expect("writing to a string");
    }

    for canary in canaries(&certificate) {
        assert!(!output.contains(&canary), "a secret is printed ({} characters of it): {output}", canary.len());
    }
}

/// The secrets of the cases in every form in which they could slip out: whole and in part, and as base64, hexadecimal digits,
/// numbers and URL-encoded.
fn canaries(certificate: &ClientCert) -> Vec<String> {
    let pem = certificate.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    let key_line = pem.lines().nth(1).expect("a line of base64");
    let numbers = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let private = &certificate.pkcs8_der()[40..56];
    // Three alignments: base64 inside a longer text begins anywhere.
    let encoded = (0..3).map(|skip| {
        let text = BASE64.encode(&KEY.as_bytes()[skip..]);
        text[..24].to_owned()
    });
    [
        KEY.to_owned(),
        KEY[..12].to_owned(),
        KEY[KEY.len() - 12..].to_owned(),
        hex(KEY.as_bytes()),
        numbers(&KEY.as_bytes()[..12]),
        PROXY_PASSWORD.to_owned(),
        key_line.to_owned(),
        numbers(private),
        hex(private),
    ]
    .into_iter()
    .chain(encoded)
    .collect()
}

/// Everything that a program could print of an error.
fn printed(error: &(dyn std::error::Error + 'static), output: &mut String) {
    for cause in causes(error) {
        write!(output, "{cause}\n{cause:?}\n{cause:#?}\n").expect("writing to a string");
    }
}

pub(crate) async fn secret_02_no_error_shows_a_secret(world: World) {
    let certificate = certificate();
    let both = Material::certificate_and_key(identity(&certificate), ApiKey::new(KEY).expect("a key"));
    // A platform that quotes the key it refuses.
    let quoting = format!(r#"{{"error":{{"status":"denied","message":"unknown key {KEY}"}}}}"#);
    let fronts =
        [
            front(FrontOptions::default().client_auth(ClientAuth::Optional).server(
                Pki::shared().server_with(ServerSpec { validity: Validity::Expired, ..ServerSpec::default() }),
            )),
            front(
                FrontOptions::default()
                    .client_auth(ClientAuth::Optional)
                    .trusted_clients(vec![Pki::shared().foreign_root_der().to_vec()]),
            ),
            front_responding(FrontOptions::default().client_auth(ClientAuth::Optional), move |_| {
                let mut response = http::Response::new(quoting.clone().into());
                *response.status_mut() = http::StatusCode::UNAUTHORIZED;
                response
            }),
            front_responding(FrontOptions::default().client_auth(ClientAuth::Optional), |_| {
                let response = http::Response::builder().status(302).header("location", "https://elsewhere.test/?x=1");
                response.body(bytes::Bytes::new()).expect("a response")
            }),
        ];
    let cut = scripted([vec![Step::ReadRequest, Step::CloseAbrupt]]);
    // As a response to the creation of an API key may hold it.
    let garbage = ["no HTTP at all: ", "HTTP/1.1 200 OK\r\nx-created "]
        .map(|text| scripted([vec![Step::ReadRequest, Step::write(format!("{text}{KEY}\r\n\r\n")), Step::CloseClean]]));
    let mut ports: Vec<u16> = fronts.iter().map(digicert_one_testbed::Front::port).collect();
    ports.extend(garbage.iter().map(RawServer::port).chain([cut.port(), refused_addr().port()]));
    let mut output = String::new();
    for port in ports {
        let error = world.client(port, both.clone()).get("/?q=1").send().await.expect_err("each of them fails");
        write!(output, "{}\n{:?}\n", error.diagnosis(), error.diagnosis()).expect("writing to a string");
        printed(&error, &mut output);
    }
    if world.has(Capability::HttpProxy) {
        let proxy = format!("http://user:{PROXY_PASSWORD}@{}", refused_addr()).parse().expect("a proxy");
        let config = world.config().with_proxy(Proxy::Http(proxy));
        let builder = world.builder(443).transport_config(config).credential(FixedCredential::new(both, "the case"));
        let error = builder.build().expect("complete").get("/").send().await.expect_err("no proxy there");
        printed(&error, &mut output);
    }
    for canary in canaries(&certificate) {
        assert!(!output.contains(&canary), "a secret is printed ({} characters of it): {output}", canary.len());
    }
}

pub(crate) async fn secret_03_no_log_at_any_level_shows_a_secret(world: World) {
    let certificate = certificate();
    let scan = LogScan::start(canaries(&certificate));
    let material = Material::certificate_and_key(identity(&certificate), ApiKey::new(KEY).expect("a key"));
    for versions in world.http_versions() {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
        let config = world.config().with_http_versions(versions);
        let builder = world.builder(front.port()).transport_config(config);
        let client = builder.credential(FixedCredential::new(material.clone(), "the case")).build().expect("complete");
        for _ in 0..2 {
            client.get("/").send().await.expect("answered").bytes().await.expect("a body");
            let body = client.post("/").json(&["a body"]).send().await.expect("answered");
            body.bytes().await.expect("a body");
        }
        let shown = front.ledger().requests().iter().filter(|one| one.header_values("x-api-key") == [KEY]).count();
        assert_eq!(shown, 4, "or this shows nothing");
        world.client(refused_addr().port(), material.clone()).get("/").send().await.expect_err("refused");
    }
    tracing::trace!("the log is read");
    let (lines, shown) = scan.result();
    assert!(lines > 0, "nothing was logged, or the log was not captured");
    assert!(shown.is_empty(), "a secret is logged by {shown:?}");
}

pub(crate) async fn secret_04_a_panic_in_a_hook_shows_no_secret(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let certificate = certificate();
    let material = Material::certificate_and_key(identity(&certificate), ApiKey::new(KEY).expect("a key"));
    let client = world.builder(front.port()).credential(Panicking(material)).build().expect("complete");
    let call = AssertUnwindSafe(client.get("/").send()).catch_unwind();
    let payload = call.await.expect_err("the hook panics");
    let Meant(message) = payload.downcast_ref().expect("a message");
    assert!(message.contains("Panicking") && message.contains("redacted"), "{message}");
    for canary in canaries(&certificate) {
        assert!(!message.contains(&canary), "a panic shows a secret ({} characters of it)", canary.len());
    }
    untouched(&front, "nothing is to come here").await;
}

/// A source whose author panics with all its data.
#[derive(Debug)]
struct Panicking(Material);

#[async_trait]
impl Credential for Panicking {
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError> {
        witness::meant(format!("{self:?} {need:?} {:?}", Lease::new(self.0.clone(), Generation::FIRST, "the case")))
    }
}

pub(crate) async fn secret_07_a_file_with_the_key_is_private_and_goes_with_the_transport(world: World) {
    let begin = SystemTime::now();
    let certificate = Pki::shared().client(ClientSpec { common_name: "on disk".to_owned(), ..ClientSpec::default() });
    let pem = certificate.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    let line = pem.lines().nth(1).expect("a line of base64").as_bytes().to_vec();
    let front = front(FrontOptions::default().client_auth(ClientAuth::Required));
    let transport = world.transport(&world.config().with_identity(Some(identity(&certificate))));
    collect(transport.send(get(front.url(HOST))).await.expect("presented")).await.expect("a body");
    for (path, mode) in holding(&line, begin) {
        assert_eq!(mode & 0o077, 0, "{} holds the private key and is open to others ({mode:o})", path.display());
    }
    drop(transport);
    let left: Vec<_> = holding(&line, begin).into_iter().map(|(path, _)| path).collect();
    assert!(left.is_empty(), "the private key is left behind in {left:?}");
}

pub(crate) async fn secret_11_the_keys_of_a_connection_are_written_nowhere(world: World) {
    // The environment is the process's, so a second one plays the machine on which the variable is set.
    let Some(Parent { port, root }) = child::parent() else {
        let front = front(FrontOptions::default());
        let folder = tempfile::tempdir().expect("a directory");
        for value in [folder.path().join("keys"), PathBuf::new()] {
            let mut command = child::command(front.port());
            command.env("SSLKEYLOGFILE", value);
            child::run(command);
        }
        // Some library opens the file when it is loaded; that alone proves nothing.
        let left = std::fs::read_dir(folder.path()).expect("it is still there").flatten();
        let written: u64 = left.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum();
        assert_eq!(written, 0, "what SSLKEYLOGFILE names was written");
        return;
    };
    let ours = certificate();
    for setting in Settings::where_(|one| !one.proxied).pairwise().chosen(&world) {
        let config = setting.config(world.config().with_trust(world.trusting(&root)), &ours, None);
        match world.connector.connect(&config) {
            Ok(transport) => {
                let exchange = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("answered");
                collect(exchange).await.expect("a body");
            }
            // A library that cannot be prevented from it is not used where it would.
            Err(error) => {
                let named = std::env::var_os("SSLKEYLOGFILE").is_some_and(|path| !path.is_empty());
                assert!(named, "an empty variable names no file: {error:?}");
                let words = causes(&error).map(|cause| format!("{cause} ")).collect::<String>();
                assert_eq!(error.kind(), TransportErrorKind::Config, "{error:?}");
                assert!(words.contains("SSLKEYLOGFILE"), "the variable is not named: {words}");
            }
        }
    }
}

pub(crate) async fn secret_13_bodies_are_written_to_no_file(world: World) {
    const CANARY: &[u8] = b"canary of a large body 0007";
    // Below the size of the files that are read, and above what libraries keep in memory.
    const COUNT: usize = 20_000;
    let begin = SystemTime::now();
    let unwritten = |what: &str| {
        let found: Vec<_> = holding(CANARY, begin).into_iter().map(|(path, _)| path).collect();
        assert!(found.is_empty(), "a body is in a file, {what}: {found:?}");
    };
    for versions in world.http_versions() {
        let gate = Gate::new();
        let opened = gate.clone();
        let waits = handler(move |_request: Request<Bytes>, _peer| {
            let gate = opened.clone();
            async move {
                gate.passed().await;
                Response::new(Bytes::from(CANARY.repeat(COUNT)))
            }
        });
        let front = up(Front::start(FrontOptions::default(), waits));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let call = transport.send(request(Method::POST, front.url(HOST), CANARY.repeat(COUNT)));
        let looks = async {
            let arrived = front.ledger().wait_until(|seen| !seen.requests.is_empty(), Duration::from_secs(20)).await;
            assert!(arrived, "the request did not arrive, {versions:?}");
            unwritten("before the response");
            gate.open();
        };
        let (outcome, ()) = join(call, looks).await;
        let mut body = outcome.expect("answered").response.into_body();
        let mut length = body.chunk().await.expect("a body").expect("begins").len();
        unwritten("in the response");
        while let Some(chunk) = body.chunk().await.expect("a body") {
            length += chunk.len();
        }
        assert_eq!(length, CANARY.len() * COUNT, "{versions:?}");
    }
}

/// Small files with these bytes, in the temporary directory (and directories in it) and among the open files of this process,
/// with their permissions. What was last changed before `begin` is older than the case.
fn holding(bytes: &[u8], begin: SystemTime) -> Vec<(PathBuf, u32)> {
    // File systems have clocks of their own.
    let begin = begin - Duration::from_secs(2);
    let list = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut paths = list(Path::new("/proc/self/fd"));
    for path in list(&std::env::temp_dir()) {
        match path.is_dir() {
            true => paths.extend(list(&path)),
            false => paths.push(path),
        }
    }
    let small = |path: &PathBuf| {
        let metadata = std::fs::metadata(path).ok()?;
        // Pipes and sockets would block, or read foreign data.
        let is_new = metadata.modified().is_ok_and(|at| at >= begin);
        (is_new && metadata.is_file() && metadata.len() < 1 << 20).then_some(mode(&metadata))
    };
    let held = |path: PathBuf| {
        let mode = small(&path)?;
        let content = std::fs::read(&path).ok()?;
        holds(&content, bytes).then_some((path, mode))
    };
    paths.into_iter().filter_map(held).collect()
}

/// Whether these bytes are in a file; in a debug build far faster than by all windows.
fn holds(content: &[u8], bytes: &[u8]) -> bool {
    let mut rest = content;
    while let Some(place) = rest.iter().position(|byte| *byte == bytes[0]) {
        rest = &rest[place..];
        if rest.starts_with(bytes) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o777
}

#[cfg(not(unix))]
fn mode(_metadata: &std::fs::Metadata) -> u32 {
    0o600
}
