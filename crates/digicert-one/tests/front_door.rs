//! The main crate as a program uses it, against the emulator.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use digicert_one::core::ProxyRules;
use digicert_one::{
    ApiKey, Builder, Code, DigiCertOne, Error, ErrorKind, Instance, ReadOptions, Secret, TrustRoots, UploadBody,
    read_client_identity,
};
use digicert_one_emulator::{Emulator, EmulatorOptions};

/// Returns a builder for a client of this emulator.
fn to(emulator: &Emulator) -> Builder {
    let instance = Instance::pair(&emulator.platform_url(), &emulator.client_auth_url()).expect("two hosts");
    digicert_one::builder().instance(instance).trust(TrustRoots::Only(vec![emulator.ca_der().to_vec().into()]))
}

fn key(emulator: &Emulator) -> ApiKey {
    ApiKey::new(emulator.users()[0].api_key()).expect("a key")
}

#[tokio::test]
async fn whoami_with_a_key_names_the_caller() {
    let emulator = Emulator::start().await.expect("an emulator");
    let one = to(&emulator).api_key(key(&emulator)).build().expect("complete");
    let me = one.whoami().await.expect("known");
    assert_eq!((me.friendly_name.as_str(), me.user_type.as_str()), ("ci-bot", "service"), "{me:?}");
    assert_eq!(me.id.as_str(), emulator.users()[0].id());
    assert!(!me.permissions.is_empty() && me.to_string().starts_with("ci-bot (service"), "{me}");
}

#[tokio::test]
async fn certificate_goes_to_its_host_and_its_expiry_is_known() {
    let emulator = Emulator::start().await.expect("an emulator");
    let user = &emulator.users()[0];
    let pem = Secret::new(format!("{}{}", user.certificate_pem(), user.key_pem()), "the emulator");
    let rules = ReadOptions::at(std::time::SystemTime::now());
    let identity = read_client_identity(&pem, None, None, &rules, &mut Vec::new()).expect("a pair");
    let ends = identity.not_after();
    let one = to(&emulator).client_certificate(identity).build().expect("complete");
    assert_eq!(one.whoami().await.expect("known").credential_expiry.map(|end| end.at), Some(ends));
}

#[tokio::test]
async fn wrong_key_has_a_code_and_is_not_retryable() {
    let emulator = Emulator::start().await.expect("an emulator");
    let one = to(&emulator).api_key(ApiKey::new(emulator.foreign_api_key()).expect("a key")).build().expect("complete");
    let error = one.whoami().await.expect_err("unknown key");
    assert!(error.code().as_str().starts_with("AUT"), "{error}");
    assert!(!error.is_retryable() && std::error::Error::source(&error).is_none(), "{error:?}");
}

#[test]
fn contradicting_settings_are_both_named() {
    let key = || ApiKey::new("01ab-canary").expect("a key");
    let instance = || Instance::parse("one.digicert.com").expect("a host");
    let fixed = || digicert_one::FixedCredential::api_key(key());
    let empty = || digicert_one::credentials::DirectorySource::new("/nowhere");
    let rows: [(&str, Builder, [&str; 2]); 7] = [
        ("two hosts", digicert_one::builder().host("one.digicert.com").instance(instance()), ["`host`", "`instance`"]),
        ("one host twice", digicert_one::builder().host("a.test").host("b.test"), ["`host`", "twice"]),
        ("two callers", digicert_one::builder().api_key(key()).credential(fixed()), ["`credential`", "`api_key`"]),
        ("a key and a source", digicert_one::builder().watch(empty()).api_key(key()), ["`watch`", "`api_key`"]),
        ("two sources", digicert_one::builder().watch(empty()).credential(fixed()), ["`watch`", "`credential`"]),
        (
            "two kinds of trust",
            digicert_one::builder().trust(TrustRoots::System).roots_beside_system(Vec::new()),
            ["`trust`", "`roots_beside_system`"],
        ),
        (
            "two proxies",
            digicert_one::builder()
                .proxy(ProxyRules::parse("http://a.test").expect("a proxy"))
                .proxy(ProxyRules::parse("http://b.test").expect("a proxy")),
            ["`proxy`", "twice"],
        ),
    ];
    for (what, builder, names) in rows {
        let error = builder.build().expect_err(what);
        let text = error.to_string();
        assert!(names.iter().all(|name| text.contains(name)), "{what}: {text}");
        assert!(
            error.kind() == ErrorKind::Config && error.code() == Code::CFG_01 && !text.contains("canary"),
            "{text}"
        );
    }
}

#[test]
fn missing_setting_is_named() {
    let key = || ApiKey::new("01ab").expect("a key");
    let no_host = digicert_one::builder().api_key(key()).build().expect_err("no host").to_string();
    let no_caller = digicert_one::builder().host("one.digicert.com").build().expect_err("no caller").to_string();
    assert!(no_host.contains("`host`") && no_caller.contains("`api_key`"), "{no_host}\n{no_caller}");
    let resembling = || digicert_one::builder().host("one.digicret.com").api_key(key());
    let error = resembling().build().expect_err("not DigiCert's");
    assert!(error.to_string().contains("`confirm_host`"), "{error}");
    resembling().confirm_host().build().expect("confirmed");
}

#[tokio::test]
async fn blocking_client_behaves_the_same_and_reads_lists() {
    let emulator = Emulator::start().await.expect("an emulator");
    let one = to(&emulator).api_key(key(&emulator)).build_blocking().expect("complete");
    // A thread without a runtime, as in such programs.
    let (me, users) = std::thread::spawn(move || {
        let users = one.pages("/account/api/v1/user").items::<serde_json::Value>().collect::<Result<Vec<_>, _>>();
        (one.whoami().expect("known"), users.expect("a list"))
    })
    .join()
    .expect("no panic");
    assert_eq!(me.friendly_name, "ci-bot");
    assert!(users.iter().any(|user| user["friendly_name"] == "ci-bot"), "{users:?}");
}

#[test]
fn blocking_client_works_inside_an_async_runtime_and_is_dropped_there() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).expect("an emulator");
    let flavours = [tokio::runtime::Builder::new_current_thread, tokio::runtime::Builder::new_multi_thread];
    for runtime in flavours.map(|flavour| flavour().enable_all().build().expect("a runtime")) {
        let one = to(&emulator).api_key(key(&emulator)).build_blocking().expect("complete");
        let calls = async move {
            // More turns than tokio gives to one task at a time.
            for _ in 0..50 {
                assert_eq!(one.whoami().expect("known").friendly_name, "ci-bot");
            }
            assert!(one.pages("/account/api/v1/user").items::<serde_json::Value>().all(|user| user.is_ok()));
        };
        runtime.block_on(async { tokio::spawn(calls).await }).expect("no panic");
    }
}

#[tokio::test]
async fn panicking_upload_is_named_and_ends_no_other_call() {
    let emulator = Emulator::start().await.expect("an emulator");
    for connector in digicert_one::transport::all() {
        let name = connector.info().name;
        let one = to(&emulator).api_key(key(&emulator)).engine(|engine| engine.shared_connector(connector));
        let one = one.build().expect("complete");
        one.whoami().await.expect("a connection that stands");
        let mut chunks = 0;
        let body = UploadBody::poll_fn(move |_| {
            chunks += 1;
            assert!(chunks < 2, "a defect of the caller's, meant by this test");
            Poll::Ready(Some(Ok::<_, Error>(b"{".to_vec().into())))
        });
        let call = one.post("/account/api/v1/user").header("content-type", "application/json").upload(body);
        let (refused, others) = tokio::join!(call.send(), one.whoami());
        let error = refused.expect_err("it panicked");
        assert!(error.code() == Code::IO_03 && error.to_string().contains("panicked"), "{name}: {error}");
        others.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn streamed_bodies_arrive_whole_with_and_without_async() {
    let emulator = Emulator::start().await.expect("an emulator");
    let chunks_of = |name: &str| {
        let text = format!(r#"{{"user_type":"service","friendly_name":"{name}"}}"#).into_bytes();
        let mut chunks = text.chunks(7).map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter();
        let next = move |_: &mut Context<'_>| Poll::Ready(chunks.next().map(|chunk| Ok::<_, Error>(chunk.into())));
        (UploadBody::poll_fn(next), text.len() as u64)
    };
    let one = to(&emulator).api_key(key(&emulator)).build().expect("complete");
    let (body, _) = chunks_of("streamed");
    let call = one.post("/account/api/v1/user").header("content-type", "application/json").upload(body);
    let made: serde_json::Value = call.send().await.expect("created").json().await.expect("a user");
    assert_eq!(made["friendly_name"], "streamed");

    let one = to(&emulator).api_key(key(&emulator)).build_blocking().expect("complete");
    let made = std::thread::spawn(move || {
        let call = one.post("/account/api/v1/user").header("content-type", "application/json");
        let call = call.upload_with(move || {
            let (body, length) = chunks_of("blocking");
            body.with_length(length)
        });
        call.send().expect("created").json::<serde_json::Value>().expect("a user")
    });
    assert_eq!(made.join().expect("no panic")["friendly_name"], "blocking");
}

/// The part of the next test that needs its own variables.
#[tokio::test]
#[ignore = "started by environment_alone_configures_a_client in a separate process"]
#[expect(clippy::print_stdout, reason = "the process that started it reads this")]
async fn whoami_by_the_environment() {
    let one: DigiCertOne = digicert_one::from_env().expect("variables");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let with_callback = Builder::from_env().expect("variables");
    with_callback
        .on_warning(move |warning| heard.lock().expect("unpoisoned").push(warning.code))
        .build()
        .expect("complete");
    println!("{} {:?}", one.whoami().await.expect("known"), seen.lock().expect("unpoisoned"));
}

#[tokio::test]
async fn environment_alone_configures_a_client() {
    let emulator = Emulator::start().await.expect("an emulator");
    let roots = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(roots.path(), emulator.ca_pem()).expect("written");
    let run = |variables: &[(&str, &str)]| {
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "whoami_by_the_environment", "--ignored", "--nocapture"]).env_clear();
        child.envs(variables.iter().copied());
        let output = child.output().expect("it runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let (platform, client_auth) = (emulator.platform_url(), emulator.client_auth_url());
    // A blank after the key gives a warning.
    let key = format!("{} ", emulator.users()[0].api_key());
    let roots = roots.path().display().to_string();
    let all = [
        ("DC_BASE", platform.as_str()),
        ("DC_CLIENTAUTH_BASE", client_auth.as_str()),
        ("DC_API_KEY", key.as_str()),
        ("DC_CA_FILE", roots.as_str()),
    ];
    let text = run(&all);
    assert!(text.contains("ci-bot (service") && text.contains("[ID-07]"), "{text}");
    let text = run(&all[..2]);
    assert!(text.contains("DC_API_KEY") && !text.contains("1 passed"), "{text}");
}
