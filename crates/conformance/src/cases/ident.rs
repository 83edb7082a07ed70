//! IDENT: the client identity is presented whole, or refused at build; and a refusal by the server is never mistaken.

use std::time::{Duration, SystemTime};

use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, ClientIdentity, Code, Credential, CredentialError, HttpVersions, LeaseRequest, Material, Mode, Secret,
    Side, TlsVersion, TlsVersions, TransportErrorKind,
};
use digicert_one_credentials::{DirectorySource, LoadedCredential, RawCredential, WatchOptions, WatchingCredential};
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{
    Authority, CaSpec, Chain, ChainSpec, ClientAuth, ClientCert, ClientSpec, Format, Front, FrontOptions, Hints,
    KeyEncoding, KeyKind, KeyStore, Pki, Purpose, RawOptions, RawServer, Snapshot, Step, TlsRange, Validity,
    sha256_hex,
};

use crate::formats;
use crate::setting::Settings;
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, get, identity, identity_encoded, read, servers, untouched, up,
    without_request,
};

pub(crate) async fn ident_01_a_pkcs8_rsa_pair_is_presented(world: World) {
    presented(&world, KeyKind::Rsa2048, KeyEncoding::Pkcs8).await;
}

pub(crate) async fn ident_02_a_p256_pair_is_presented(world: World) {
    presented(&world, KeyKind::P256, KeyEncoding::Pkcs8).await;
}

pub(crate) async fn ident_03_a_p384_pair_is_presented(world: World) {
    presented(&world, KeyKind::P384, KeyEncoding::Pkcs8).await;
}

pub(crate) async fn ident_04_an_ed25519_pair_is_presented_or_refused_cleanly(world: World) {
    let certificate = made(KeyKind::Ed25519);
    let config = world.config().with_identity(Some(identity(&certificate)));
    if !world.lacks(Capability::Ed25519Identity, &config) {
        presented(&world, KeyKind::Ed25519, KeyEncoding::Pkcs8).await;
    }
}

pub(crate) async fn ident_05_a_sec1_key_is_presented(world: World) {
    presented(&world, KeyKind::P256, KeyEncoding::Sec1).await;
    presented(&world, KeyKind::P384, KeyEncoding::Sec1).await;
}

pub(crate) async fn ident_06_a_pkcs1_key_is_presented(world: World) {
    presented(&world, KeyKind::Rsa2048, KeyEncoding::Pkcs1).await;
}

pub(crate) async fn ident_34_each_certificate_of_a_longer_chain_is_sent_in_its_order(world: World) {
    let spec = ChainSpec { purpose: Purpose::ClientAuth, ..ChainSpec::default() };
    let client = Pki::shared().server_below(&spec.below([CaSpec::default(), CaSpec::default()]));
    let bundle = Secret::new(client.chain_pem() + &client.key_pem(), "the case");
    let ours = read(&bundle, SystemTime::now()).expect("the pair is valid");
    let chain: Vec<_> = client.chain_der().iter().map(|one| sha256_hex(one)).collect();
    for setting in Settings::where_(|one| one.with_identity).pairwise().chosen(&world) {
        for server in servers() {
            let front = front(setting.server(server));
            let proxy = setting.proxy(front.addr());
            let config = setting.config(world.config(), &certificate(), proxy.as_ref());
            let transport = world.transport(&config.with_identity(Some(ours.clone())));
            transport.send(get(front.url(HOST))).await.expect("presented");
            let sent = front.ledger().connections().remove(0).peer_chain_fingerprints;
            assert_eq!(sent, chain, "leaf, lower and upper CA, {setting}");
        }
    }
}

/// Read, presented, and seen by the server.
async fn shown(world: &World, format: Format) -> LoadedCredential {
    formats::presented(world, &format.make()).await.unwrap_or_else(|error| panic!("{}: {error}", format.name()))
}

/// Refused by the reader: no transport sees it, so nothing can be sent.
fn unreadable(store: &KeyStore) -> CredentialError {
    formats::read(store, &ReadOptions::at(SystemTime::now())).expect_err("it cannot be used")
}

pub(crate) async fn ident_07_an_encrypted_pkcs8_key_is_presented_and_needs_its_password(world: World) {
    for format in [Format::PemPbes2Aes256, Format::PemPbes2Aes128, Format::PemPbes2Scrypt] {
        shown(&world, format).await;
        let without = KeyStore { password: None, ..format.make() };
        assert_eq!(unreadable(&without).code(), Code::ID_02, "{}", format.name());
    }
}

pub(crate) async fn ident_08_preamble_bom_and_crlf_are_read_over(world: World) {
    shown(&world, Format::PemPreamble).await;
}

pub(crate) async fn ident_09_a_pkcs12_with_aes_is_presented(world: World) {
    assert!(shown(&world, Format::Pkcs12Aes256).await.warnings.is_empty());
}

pub(crate) async fn ident_10_a_pkcs12_with_triple_des_is_presented(world: World) {
    shown(&world, Format::Pkcs12TripleDes).await;
}

pub(crate) async fn ident_11_a_pkcs12_with_rc2_is_presented_with_a_warning(world: World) {
    let warnings = shown(&world, Format::Pkcs12Rc2).await.warnings;
    assert!(warnings.iter().any(|warning| warning.code == Code::ID_04 && warning.text.contains("RC2")), "{warnings:?}");
}

pub(crate) async fn ident_12_a_wrong_password_is_named(world: World) {
    for format in [Format::Pkcs12Aes256, Format::Pkcs12Rc2, Format::PemPbes2Aes256, Format::PemDekAes256] {
        let wrong = KeyStore { password: Some("canary, not the password".to_owned()), ..format.make() };
        let error = unreadable(&wrong);
        assert_eq!(error.code(), Code::ID_03, "{}: {error}", format.name());
        assert!(error.to_string().contains("file client") && !format!("{error:?}").contains("canary"), "{error:?}");
    }
    assert!(world.connector.connect(&world.config()).is_ok(), "the transport itself is fine");
}

pub(crate) async fn ident_13_two_keys_ask_for_a_choice(world: World) {
    let [one, other] = ["one", "other"]
        .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }));
    let bundle = Secret::new(one.bundle_pem() + &other.bundle_pem(), "the case");
    assert_eq!(read(&bundle, SystemTime::now()).expect_err("a choice").code(), Code::ID_17);
    assert!(world.connector.connect(&world.config()).is_ok(), "the transport itself is fine");
}

pub(crate) async fn ident_14_the_key_of_another_certificate_never_connects(world: World) {
    let other = Pki::shared().client(ClientSpec { common_name: "another".to_owned(), ..ClientSpec::default() });
    mismatch(&world, &certificate(), &other).await;
}

pub(crate) async fn ident_15_an_ec_key_with_an_rsa_certificate_never_connects(world: World) {
    mismatch(&world, &made(KeyKind::Rsa2048), &certificate()).await;
}

pub(crate) async fn ident_16_a_leaf_without_its_intermediate_is_refused_with_a_hint(world: World) {
    let certificate = Pki::shared().client(ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() });
    let front = requiring(TlsRange::Only12);
    let diagnosis = refused(&world, &front, Some(&certificate), HttpVersions::Http1).await;
    if world.has(Capability::AlertDetail) {
        assert_eq!(diagnosis.code, Code::HS_02);
        assert!(diagnosis.cause.contains("intermediate"), "{diagnosis}");
    }
}

pub(crate) async fn ident_17_a_chain_in_wrong_order_is_sent_leaf_first(world: World) {
    // The ledger has the leaf first, or this fails.
    let warnings = shown(&world, Format::PemWrongOrderWithRoot).await.warnings;
    assert!(warnings.iter().any(|warning| warning.code == Code::ID_11), "{warnings:?}");
}

pub(crate) async fn ident_18_a_root_in_the_file_is_not_sent(world: World) {
    let reading = shown(&world, Format::PemWrongOrderWithRoot).await;
    let chain = reading.material.identity().expect("one").chain();
    assert_eq!(chain.len(), 2, "leaf and intermediate");
    assert!(chain.iter().all(|one| **one != *Pki::shared().root_der()));
}

pub(crate) async fn ident_19_an_expired_certificate_is_found_at_build_or_by_the_server_if_allowed(world: World) {
    let certificate = Pki::shared().client(ClientSpec { validity: Validity::Expired, ..ClientSpec::default() });
    let bundle = Secret::new(certificate.bundle_pem(), "file client.pem");
    let error = read(&bundle, SystemTime::now()).expect_err("it has ended");
    assert_eq!(error.code(), Code::ID_09);
    assert!(error.to_string().contains("client.pem") && error.to_string().contains("ago"), "{error}");

    let rules = ReadOptions::at(SystemTime::now()).allow_expired(true);
    let raw = RawCredential::new().with_certificate(bundle);
    let allowed = raw.read(&rules).expect("allowed").material.identity().cloned();
    let front = requiring(TlsRange::Only12);
    let diagnosis = refused_as(&world, &front, allowed, HttpVersions::Http1).await;
    let code = if world.has(Capability::AlertDetail) { Code::HS_02 } else { Code::HS_03 };
    assert_eq!(diagnosis.code, code, "{diagnosis}");
    assert!(diagnosis.cause.contains("expired"), "our own certificate's dates explain it: {diagnosis}");
}

pub(crate) async fn ident_20_a_certificate_of_tomorrow_is_found_with_our_clock_shown(world: World) {
    let certificate = Pki::shared().client(ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() });
    let error = read(&Secret::new(certificate.bundle_pem(), "the case"), SystemTime::now()).expect_err("tomorrow");
    assert_eq!(error.code(), Code::ID_09);
    let year = httpdate::fmt_http_date(SystemTime::now())[12..16].to_owned();
    assert!(error.to_string().contains("clock") && error.to_string().contains(&year), "{error}");
    assert!(world.connector.connect(&world.config()).is_ok(), "the transport itself is fine");
}

pub(crate) async fn ident_21_a_certificate_for_servers_is_found_at_build(world: World) {
    let certificate = Pki::shared().client(ClientSpec { purpose: Purpose::ServerAuth, ..ClientSpec::default() });
    let error = read(&Secret::new(certificate.bundle_pem(), "the case"), SystemTime::now()).expect_err("for servers");
    assert_eq!(error.code(), Code::ID_12, "{error}");
    assert!(world.connector.connect(&world.config()).is_ok(), "the transport itself is fine");
}

pub(crate) async fn ident_22_an_identity_from_memory_is_presented_or_refused_at_build(world: World) {
    let certificate = certificate();
    let config = world.config().with_identity(Some(identity(&certificate)));
    if world.lacks(Capability::ClientIdentity, &config) {
        return;
    }
    for versions in world.http_versions() {
        let front = requiring(TlsRange::Both);
        let transport = world.transport(&config.clone().with_http_versions(versions));
        for _ in 0..2 {
            collect(transport.send(get(front.url(HOST))).await.expect("presented")).await.expect("a body");
        }
        // A pool may have begun a second connection that the second call then did not need.
        assert!(front.ledger().wait_until(Snapshot::settled, Duration::from_secs(30)).await, "a handshake still runs");
        for connection in front.ledger().connections() {
            assert_eq!(connection.peer_fingerprint, Some(certificate.fingerprint()), "{versions:?}");
        }
    }
}

pub(crate) async fn ident_23_an_identity_from_a_file_is_presented_or_refused_at_build(world: World) {
    let certificate = certificate();
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("tls.crt"), certificate.chain_pem()).expect("written");
    let key = certificate.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    std::fs::write(directory.path().join("tls.key"), key).expect("written");
    let files = DirectorySource::new(directory.path());
    let credential = WatchingCredential::open(files, SystemClock::new(), WatchOptions::new()).expect("usable");
    let lease = credential.lease(&LeaseRequest::at(SystemTime::now())).await.expect("a lease");
    let config = world.config().with_identity(lease.material().identity().cloned());
    if world.lacks(Capability::ClientIdentity, &config) {
        return;
    }
    let front = requiring(TlsRange::Both);
    let client = world.builder(front.port()).credential(credential).build().expect("complete");
    client.get("/").send().await.expect("presented");
    assert_eq!(front.ledger().connections()[0].peer_fingerprint, Some(certificate.fingerprint()));
}

pub(crate) async fn ident_24_no_certificate_where_tls13_requires_one(world: World) {
    for versions in world.http_versions() {
        none_where_required(&world, TlsRange::Only13, versions).await;
    }
}

pub(crate) async fn ident_25_no_certificate_where_tls12_requires_one(world: World) {
    none_where_required(&world, TlsRange::Only12, HttpVersions::Http1).await;
}

pub(crate) async fn ident_26_a_server_that_only_asks_answers_over_http(world: World) {
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional).tls(range));
        let exchange = world.transport(&world.config()).send(get(front.url(HOST))).await.expect("the response decides");
        assert_eq!(exchange.response.status(), 200);
        assert!(front.ledger().connections()[0].requested_client_cert);
    }
}

pub(crate) async fn ident_27_a_foreign_certificate_under_tls13_is_one_attempt(world: World) {
    for (versions, server) in
        world.http_versions().into_iter().flat_map(|one| servers().map(move |server| (one, server)))
    {
        let front = front(server.client_auth(ClientAuth::Required).tls(TlsRange::Only13));
        let diagnosis = refused(&world, &front, Some(&foreign()), versions).await;
        // HTTP libraries mostly lose the late alert; only a stack that watches the connection itself always has it.
        assert!([Code::HS_02, Code::HS_03].contains(&diagnosis.code), "{versions:?} {diagnosis}");
        assert_eq!(front.ledger().connections().len(), 1, "exactly one attempt ({versions:?})");
    }
}

pub(crate) async fn ident_28_a_foreign_certificate_under_tls12_never_blames_the_server(world: World) {
    for server in servers() {
        let front = front(server.client_auth(ClientAuth::Required).tls(TlsRange::Only12));
        let diagnosis = refused(&world, &front, Some(&foreign()), HttpVersions::Http1).await;
        let code = if world.has(Capability::AlertDetail) { Code::HS_02 } else { Code::HS_03 };
        assert_eq!(diagnosis.code, code, "{diagnosis}");
    }
}

pub(crate) async fn ident_29_an_end_without_a_word_after_the_handshake_names_the_candidates(world: World) {
    let options = FrontOptions::default().client_auth(ClientAuth::Optional).tls(TlsRange::Only13);
    let mut raw = RawOptions::tls([vec![Step::ReadRequest, Step::Reset]]);
    raw.tls = Some(options);
    let server = up(RawServer::start(raw));
    let given = identity(&certificate());
    let config = world.config().with_http_versions(HttpVersions::Http1).with_identity(Some(given.clone()));
    let error = world.transport(&config).send(get(server.url(HOST))).await.expect_err("reset");
    let diagnosis = diagnose(&error, Mode::Certificate, Some(&given));
    assert_eq!(diagnosis.code, Code::HS_03, "{diagnosis}\n{error:?}");
    let places: Vec<_> = ["certificate", "proxy", "firewall"].map(|one| diagnosis.remedy.find(one)).to_vec();
    assert!(places.is_sorted() && places[0].is_some(), "ranked candidates: {diagnosis}");
    assert!(!diagnosis.retryable(), "{diagnosis}");
}

pub(crate) async fn ident_30_an_outdated_list_of_authorities_does_not_hold_the_certificate_back(world: World) {
    let certificate = certificate();
    let config = world.config().with_identity(Some(identity(&certificate)));
    for server in servers() {
        for (range, only, capability) in [
            (TlsRange::Only12, None, Capability::Tls12),
            (TlsRange::Only12, Some(TlsVersion::Tls12), Capability::Tls12),
            (TlsRange::Only13, None, Capability::Tls13),
            (TlsRange::Only13, Some(TlsVersion::Tls13), Capability::Tls13),
        ] {
            if !world.has(capability) {
                continue;
            }
            let config = config.clone().with_tls_versions(only.map_or(TlsVersions::Both, TlsVersions::Only));
            let transport = world.transport(&config);
            for hints in [Hints::Foreign, Hints::Empty, Hints::Many] {
                let options = server.clone().client_auth(ClientAuth::Required).tls(range).hints(hints);
                let front = front(options);
                transport.send(get(front.url(HOST))).await.expect("offered anyway, and accepted");
                let seen = front.ledger().connections().remove(0).peer_fingerprint;
                assert_eq!(seen, Some(certificate.fingerprint()), "{range:?} {hints:?} {:?}", server.engine);
            }
        }
    }
}

pub(crate) async fn ident_31_a_server_that_does_not_ask_is_worth_a_warning(world: World) {
    for (client_auth, warned) in [(ClientAuth::Off, true), (ClientAuth::Optional, false)] {
        let front = front(FrontOptions::default().client_auth(client_auth));
        let client = world.client(front.port(), Material::certificate(identity(&certificate())));
        let response = client.get("/").send().await.expect("answered");
        let code = response.warning().map(|warning| warning.code);
        // A stack that cannot know must not warn either way.
        let expected = (warned && world.has(Capability::ClientAuthSignal)).then_some(Code::NET_03);
        assert_eq!(code, expected, "{client_auth:?} {:?}", response.facts());
    }
}

pub(crate) async fn ident_32_the_client_auth_signal_equals_the_ledger(world: World) {
    let identity = identity(&certificate());
    for client_auth in [ClientAuth::Off, ClientAuth::Optional] {
        for given in [None, Some(&identity)] {
            let front = front(FrontOptions::default().client_auth(client_auth));
            let transport = world.transport(&world.config().with_identity(given.cloned()));
            let facts = transport.send(get(front.url(HOST))).await.expect("answered").facts;
            let connection = front.ledger().connections().remove(0);
            let (requested, sent) = (connection.requested_client_cert, connection.peer_fingerprint.is_some());
            if world.has(Capability::ClientAuthSignal) {
                assert_eq!((facts.identity_requested, facts.identity_sent), (Some(requested), Some(sent)));
            } else {
                assert!(facts.identity_requested.is_none_or(|known| known == requested), "{facts:?}");
                assert!(facts.identity_sent.is_none_or(|known| known == sent), "{facts:?}");
            }
        }
    }
}

fn made(key: KeyKind) -> ClientCert {
    Pki::shared().client(ClientSpec { key, ..ClientSpec::default() })
}

fn foreign() -> ClientCert {
    Pki::shared().client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() })
}

fn requiring(range: TlsRange) -> Front {
    front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range))
}

/// Leaf and intermediate reach a server that requires them, on both TLS versions.
async fn presented(world: &World, key: KeyKind, encoding: KeyEncoding) {
    let certificate = made(key);
    let identity = identity_encoded(&certificate, encoding);
    for (range, version, capability) in [
        (TlsRange::Only12, TlsVersion::Tls12, Capability::Tls12),
        (TlsRange::Only13, TlsVersion::Tls13, Capability::Tls13),
    ] {
        let config = world.config().with_identity(Some(identity.clone())).with_tls_versions(TlsVersions::Only(version));
        if world.refuses(capability, &config) {
            continue;
        }
        let transport = world.transport(&config);
        for server in servers() {
            let front = front(server.client_auth(ClientAuth::Required).tls(range));
            let exchange = transport.send(get(front.url(HOST))).await.expect("presented");
            assert_eq!(exchange.response.status(), 200);
            if world.has(Capability::TlsVersionFact) {
                assert_eq!(exchange.facts.tls_version, Some(version));
            }
            let connection = front.ledger().connections().remove(0);
            assert_eq!(connection.peer_fingerprint, Some(certificate.fingerprint()));
            assert_eq!(connection.peer_chain_fingerprints.len(), 2, "leaf and intermediate ({key:?} {version})");
        }
    }
}

/// Core refuses the pair before any transport sees it.
async fn mismatch(world: &World, certificate: &ClientCert, other: &ClientCert) {
    let front = requiring(TlsRange::Both);
    let key = other.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    let pem = format!("{}{key}", certificate.chain_pem());
    let error = read(&Secret::new(pem, "the case"), SystemTime::now()).expect_err("the key is another certificate's");
    assert_eq!(error.code(), Code::ID_01);
    assert!(world.connector.connect(&world.config()).is_ok());
    untouched(&front, "nothing is to come here").await;
}

async fn none_where_required(world: &World, range: TlsRange, versions: HttpVersions) {
    for server in servers() {
        let front = front(server.client_auth(ClientAuth::Required).tls(range));
        let diagnosis = refused(world, &front, None, versions).await;
        let mut codes = vec![Code::HS_01];
        // Without alert and without signal the stack cannot know.
        if !world.has(Capability::AlertDetail) && !world.has(Capability::ClientAuthSignal) {
            codes.push(Code::HS_03);
        }
        // TLS 1.2 has no alert for it: handshake_failure alone is not enough for a stack without the signal.
        if range == TlsRange::Only12 && !world.has(Capability::ClientAuthSignal) {
            codes.push(Code::HS_04);
        }
        assert!(codes.contains(&diagnosis.code), "{codes:?} {diagnosis}");
    }
}

/// The server refuses us: reported as such, not mistaken for a fault of the server's certificate, not retried.
async fn refused(
    world: &World,
    front: &Front,
    certificate: Option<&ClientCert>,
    versions: HttpVersions,
) -> digicert_one_core::Diagnosis {
    refused_as(world, front, certificate.map(identity), versions).await
}

async fn refused_as(
    world: &World,
    front: &Front,
    given: Option<ClientIdentity>,
    versions: HttpVersions,
) -> digicert_one_core::Diagnosis {
    let config = world.config().with_http_versions(versions).with_identity(given.clone());
    let outcome = world.transport(&config).send(get(front.url(HOST))).await;
    let error = match outcome {
        Err(error) => error,
        Ok(exchange) => panic!("the server refused, and yet there is a response: {:?}", exchange.response.status()),
    };
    assert!(!matches!(error.kind(), TransportErrorKind::PeerUntrusted(_)), "the wrong side is blamed: {error:?}");
    let mode = if given.is_some() { Mode::Certificate } else { Mode::Anonymous };
    let diagnosis = diagnose(&error, mode, given.as_ref());
    assert!([Side::Peer, Side::Both, Side::Unclear].contains(&diagnosis.side()), "{diagnosis}\n{error:?}");
    assert!(!diagnosis.retryable(), "{diagnosis}\n{error:?}");
    // The server records a refusal just after its alert went out.
    assert!(front.ledger().wait_until(Snapshot::settled, Duration::from_secs(30)).await, "a handshake still runs");
    without_request(front, "a server that refused us takes no request").await;
    diagnosis
}
