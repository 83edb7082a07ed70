//! TRUST, continued: chains that a certificate authority should not or did not issue. Each violates one rule
//! that prevents a key without a CA's trust from impersonating the platform; a similar chain that follows the
//! rule is trusted. docs/limbo.md has the results of libraries for many more.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Code, HttpVersions, Mode, PeerFault, Transport, TransportErrorKind, UploadBody,
};
use digicert_one_testbed::{
    CaMark, CaSpec, ChainSpec, ClientAuth, ConnectProxy, FrontOptions, KeyKind, Pki, Purpose, ServerCert, ServerSpec,
    SubjectName, Validity,
};
use http::Method;
use rustls_pki_types::CertificateDer;

use crate::cases::server_proof::{refused_by, refused_in};
use crate::setting::Settings;
use crate::world::{HOST, World, certificate, collect, diagnose, front, get, identity, local_proxy, request, servers};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The domain of the host.
const DOMAIN: &str = "digicert.test";
const OTHER: &str = "other.test";

/// The transport under test with HTTP/1.1, and with HTTP/2 and an identity through a proxy. Each judges one server after the other.
struct Judge {
    world: World,
    transports: Vec<(HttpVersions, Arc<dyn Transport>)>,
    _proxy: ConnectProxy,
}

impl Judge {
    fn new(world: World) -> Self {
        let proxy = local_proxy();
        let with = |versions| {
            let config = world.config().with_http_versions(versions);
            let is_direct = versions == HttpVersions::Http1;
            (versions, world.transport(&if is_direct { config } else { world.through(&proxy, config) }))
        };
        Self { transports: world.http_versions().into_iter().map(with).collect(), world, _proxy: proxy }
    }

    /// We refuse the server with each HTTP version, for one of these reasons as far as it is reported.
    async fn refuses(&self, server: ServerCert, host: &str, reasons: &[PeerFault], what: &str) {
        let front = front(FrontOptions::default().server(server));
        for (versions, transport) in &self.transports {
            let what = format!("{what}, {versions:?}");
            let error = refused_by(&self.world, &**transport, &front, host, &what).await;
            if *versions == HttpVersions::Http1 && self.world.has(Capability::StreamingUploads) {
                let uploaded = request(Method::PUT, front.url(host), "{}").map(UploadBody::full);
                refused_in(&self.world, transport.upload(uploaded).await, &front, &format!("an upload, {what}")).await;
            }
            let TransportErrorKind::PeerUntrusted(fault) = error.kind() else { continue };
            let code = match fault {
                PeerFault::UnknownIssuer => Code::TR_01,
                PeerFault::Expired | PeerFault::NotYetValid => Code::TR_02,
                PeerFault::NameMismatch => Code::HO_01,
                _ => Code::TR_05,
            };
            assert_eq!(diagnose(&error, Mode::Key, None).code, code, "{what}: {error:?}");
            let is_true = match self.world.has(Capability::PeerFaultDetail) {
                true => reasons.contains(&fault) || fault == PeerFault::Other,
                false => fault == PeerFault::Unspecified,
            };
            assert!(is_true, "{what}: {fault:?} is not the reason: {error:?}");
        }
    }

    async fn refuses_chain(&self, spec: &ChainSpec, host: &str, reasons: &[PeerFault], what: &str) {
        self.refuses(Pki::shared().server_below(spec), host, reasons, what).await;
    }

    /// The same but for the rule: we trust it.
    async fn trusts(&self, spec: &ChainSpec, host: &str, what: &str) {
        self.trusts_server(Pki::shared().server_below(spec), host, what).await;
    }

    async fn trusts_server(&self, server: ServerCert, host: &str, what: &str) {
        let front = front(FrontOptions::default().server(server));
        for (versions, transport) in &self.transports {
            let outcome = transport.send(get(front.url(host))).await;
            assert!(outcome.is_ok(), "{what}, {versions:?}: this chain is good: {outcome:?}");
        }
    }
}

pub(crate) async fn trust_43_certificates_of_a_chain_may_come_in_any_order(world: World) {
    let server = Pki::shared().server_below(&host().below([CaSpec::default(), CaSpec::default()]));
    let foreign = Pki::shared().foreign_root_der().to_vec();
    let [leaf, lower, upper] = server.chain_der() else { unreachable!("a leaf below two CAs") };
    let orders = [
        ("another's between them", vec![leaf, &foreign, lower, upper]),
        ("the upper CA first", vec![leaf, upper, lower]),
        ("the lower CA twice", vec![leaf, lower, lower, upper]),
    ];
    // A long chain is one, too.
    let judge = Judge::new(world);
    judge.trusts(&host().below([(); 4].map(|()| CaSpec::default())), HOST, "a chain of four CAs is complete").await;
    for (what, chain) in orders {
        let chain = chain.into_iter().cloned().collect();
        let server = ServerCert::from_elsewhere(chain, &server.key_pem()).expect("a key");
        judge.trusts_server(server, HOST, what).await;
    }
}

pub(crate) async fn trust_45_servers_may_have_keys_of_each_common_kind(world: World) {
    let ours = certificate();
    for key in [KeyKind::Rsa2048, KeyKind::P384] {
        let server = Pki::shared().server_below(&ChainSpec { key, ..host() });
        for (options, setting) in servers().flat_map(|options| {
            let settings = Settings::where_(|one| !one.proxied).pairwise().chosen(&world);
            settings.into_iter().map(move |setting| (options.clone(), setting))
        }) {
            let front = front(setting.server(options.server(server.clone())));
            let transport = world.transport(&setting.config(world.config(), &ours, None));
            let outcome = transport.send(get(front.url(HOST))).await;
            assert!(outcome.is_ok(), "a server with a key of {key:?}, {setting}: {outcome:?}");
        }
    }
}

pub(crate) async fn trust_44_authorities_of_the_identity_are_not_roots(world: World) {
    let ours = identity(&certificate());
    let foreign = world.trusting(Pki::shared().foreign_root_der());
    for versions in world.http_versions() {
        // The issuer of the identity is that of the server, and not in the list of roots.
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
        let config = world.config().with_trust(foreign.clone()).with_http_versions(versions);
        let config = config.with_identity(Some(ours.clone()));
        let transport = world.transport(&config);
        let what = format!("a server below the CA of our identity, {versions:?}");
        refused_by(&world, &*transport, &front, HOST, &what).await;
    }
}

pub(crate) async fn trust_46_server_certificate_among_the_roots_is_verified_as_any_other(world: World) {
    let expired = ServerSpec { names: vec![HOST.to_owned()], validity: Validity::Expired, ..ServerSpec::default() };
    for (what, server) in [
        ("a root for another name", Pki::shared().server(&[OTHER])),
        ("a root that has expired", Pki::shared().server_with(expired)),
    ] {
        let [leaf, ..] = server.chain_der() else { unreachable!("a chain has a leaf") };
        let roots = vec![Pki::shared().root_der().to_vec().into(), CertificateDer::from(leaf.to_vec())];
        let front = front(FrontOptions::default().server(server));
        for versions in world.http_versions() {
            let config = world.config().with_trust(world.trusting_each(roots.clone())).with_http_versions(versions);
            let transport = world.transport(&config);
            let what = format!("a server whose certificate is {what}, {versions:?}");
            refused_by(&world, &*transport, &front, HOST, &what).await;
        }
    }
}

fn host() -> ChainSpec {
    ChainSpec::named(HOST)
}

fn permitting(names: &[&str]) -> CaSpec {
    CaSpec { permitted: names.iter().map(|name| SubjectName::dns(name)).collect(), ..CaSpec::default() }
}

fn excluding(name: SubjectName) -> CaSpec {
    CaSpec { excluded: vec![name], ..CaSpec::default() }
}

pub(crate) async fn trust_30_certificate_issued_by_what_is_not_a_ca_is_refused(world: World) {
    let judge = Judge::new(world);
    judge.trusts(&host(), HOST, "a CA").await;
    for mark in [CaMark::NotACa, CaMark::Missing] {
        let server = Pki::shared().server_below(&host().below([CaSpec { mark, ..CaSpec::default() }]));
        let reasons = [PeerFault::IssuerNotCa, PeerFault::UnknownIssuer];
        judge.refuses(server, HOST, &reasons, &format!("issuer with the mark {mark:?}")).await;
    }
}

pub(crate) async fn trust_31_more_authorities_than_the_path_length_allows_are_refused(world: World) {
    let judge = Judge::new(world);
    let below = |length| host().below([CaSpec { path_length: Some(length), ..CaSpec::default() }, CaSpec::default()]);
    judge.trusts(&below(1), HOST, "one CA below path length 1").await;
    let server = Pki::shared().server_below(&below(0));
    judge.refuses(server, HOST, &[PeerFault::IssuerNotCa], "one CA below path length 0").await;
}

pub(crate) async fn trust_32_name_that_a_ca_may_not_issue_for_is_refused(world: World) {
    let judge = Judge::new(world);
    judge.trusts(&host().below([excluding(SubjectName::dns(OTHER))]), HOST, "another domain is excluded").await;
    judge.trusts(&host().below([permitting(&[DOMAIN])]), HOST, "the domain is permitted").await;
    let (second, address) = (SubjectName::dns("second.other.test"), SubjectName::Address(ADDRESS));
    let two = ChainSpec { names: vec![SubjectName::dns(HOST), second], ..ChainSpec::default() };
    let addressed = ChainSpec { names: vec![address.clone()], ..ChainSpec::default() };
    let called = ADDRESS.to_string();
    for (what, spec, host) in [
        ("the domain is excluded", host().below([excluding(SubjectName::dns(DOMAIN))]), HOST),
        ("the host is excluded", host().below([excluding(SubjectName::dns(HOST))]), HOST),
        ("another domain is permitted", host().below([permitting(&[OTHER])]), HOST),
        ("the second name is excluded", two.clone().below([excluding(SubjectName::dns(OTHER))]), HOST),
        ("the second name is not permitted", two.below([permitting(&[DOMAIN])]), HOST),
        ("the address is excluded", addressed.below([excluding(address)]), &called),
    ] {
        judge.refuses_chain(&spec, host, &[PeerFault::NameConstraints], what).await;
    }
}

pub(crate) async fn trust_33_lower_ca_does_not_lift_the_constraints_of_the_upper(world: World) {
    let judge = Judge::new(world);
    let both = || permitting(&[DOMAIN, OTHER]);
    judge.trusts(&host().below([both(), permitting(&[DOMAIN])]), HOST, "permitted by both").await;
    for (what, upper, lower) in [
        ("the lower one permits more than the upper", permitting(&[OTHER]), both()),
        ("the lower one has no constraints", permitting(&[OTHER]), CaSpec::default()),
        ("the lower one permits what the upper excludes", excluding(SubjectName::dns(DOMAIN)), both()),
    ] {
        let server = Pki::shared().server_below(&host().below([upper, lower]));
        judge.refuses(server, HOST, &[PeerFault::NameConstraints], what).await;
    }
}

pub(crate) async fn trust_34_ca_that_is_not_valid_now_is_refused(world: World) {
    let judge = Judge::new(world);
    for (validity, fault) in [(Validity::Expired, PeerFault::Expired), (Validity::NotYetValid, PeerFault::NotYetValid)]
    {
        let server = Pki::shared().server_below(&host().below([CaSpec { validity, ..CaSpec::default() }]));
        judge.refuses(server, HOST, &[fault], &format!("a CA that is {validity:?}")).await;
    }
}

pub(crate) async fn trust_35_server_of_a_ca_for_clients_is_refused(world: World) {
    let judge = Judge::new(world);
    let below = |purpose| host().below([CaSpec { purpose: Some(purpose), ..CaSpec::default() }]);
    judge.trusts(&below(Purpose::ServerAuth), HOST, "a CA for servers").await;
    let server = Pki::shared().server_below(&below(Purpose::ClientAuth));
    let reasons = [PeerFault::WrongPurpose, PeerFault::IssuerNotCa];
    judge.refuses(server, HOST, &reasons, "a CA for clients").await;
}

pub(crate) async fn trust_36_every_signature_of_the_chain_is_verified(world: World) {
    let judge = Judge::new(world);
    let reasons = [PeerFault::BadSignature, PeerFault::UnknownIssuer];
    let impostor = Pki::shared().server_below(&ChainSpec { impostor: true, ..host() });
    judge.refuses(impostor, HOST, &reasons, "a CA that another key signed in the root's name").await;
    let below_two = ChainSpec { impostor: true, ..host() }.below([CaSpec::default(), CaSpec::default()]);
    judge.refuses_chain(&below_two, HOST, &reasons, "the same, two CAs above the server").await;
    let other = HOST.replacen("one", "two", 1);
    let altered = Pki::shared().server(&[&other]).altered(&other, HOST);
    judge.refuses(altered, HOST, &reasons, "a certificate whose name was changed after it was signed").await;
}

pub(crate) async fn trust_37_name_that_only_resembles_the_host_is_refused(world: World) {
    let judge = Judge::new(world);
    let names = [
        "on*.digicert.test",
        "*ne.digicert.test",
        "one.*.test",
        "*.*.test",
        "*.test",
        "*",
        DOMAIN,
        ".digicert.test",
        "*.one.digicert.test",
        "xone.digicert.test",
        "below.one.digicert.test",
        "one.digicert.test.other.test",
        "one.digicert.test\0.other.test",
    ];
    let reasons = [PeerFault::NameMismatch, PeerFault::Malformed];
    for name in names {
        let server = Pki::shared().server_below(&ChainSpec::named(name));
        judge.refuses(server, HOST, &reasons, &format!("a certificate for {name:?}")).await;
    }
    let [shown, own] = [OTHER, HOST].map(|name| Pki::shared().server_below(&ChainSpec::named(name)));
    let behind = shown.chain_der().iter().chain(own.chain_der()).cloned().collect();
    let behind = ServerCert::from_elsewhere(behind, &shown.key_pem()).expect("a key");
    judge.refuses(behind, HOST, &reasons, "the certificate of the host behind another one").await;
    judge.trusts(&ChainSpec::named("ONE.DigiCert.test"), HOST, "capitals make no difference").await;
    let others = (0..20).map(|number| SubjectName::dns(&format!("name-{number}.test")));
    let names = others.chain([SubjectName::dns(HOST)]).collect();
    judge.trusts(&ChainSpec { names, ..ChainSpec::default() }, HOST, "the last of many names").await;
}

pub(crate) async fn trust_38_address_is_not_matched_by_a_dns_name(world: World) {
    let judge = Judge::new(world);
    let called = ADDRESS.to_string();
    let reasons = [PeerFault::NameMismatch, PeerFault::Malformed];
    let other =
        ChainSpec { names: vec![SubjectName::Address(Ipv4Addr::new(127, 0, 0, 2).into())], ..ChainSpec::default() };
    for (what, spec) in [
        ("the address as a DNS name", ChainSpec::named(&called)),
        ("a wildcard", ChainSpec::named("*.0.0.1")),
        ("another address", other.clone()),
        ("the address as common name", ChainSpec { common_name: called.clone(), ..other }),
    ] {
        judge.refuses_chain(&spec, &called, &reasons, what).await;
    }
    let right = ChainSpec { names: vec![SubjectName::Address(ADDRESS)], ..ChainSpec::default() };
    judge.refuses_chain(&right, HOST, &reasons, "the address that the name leads to").await;
    judge.trusts(&right, &called, "the address").await;
}

pub(crate) async fn trust_39_common_name_beside_dns_names_does_not_count(world: World) {
    let judge = Judge::new(world);
    let spec = ChainSpec { common_name: HOST.to_owned(), ..ChainSpec::named("other.digicert.test") };
    let server = Pki::shared().server_below(&spec);
    judge.refuses(server, HOST, &[PeerFault::NameMismatch], "the host as common name alone").await;
}

pub(crate) async fn trust_40_common_name_without_dns_names_does_not_count(world: World) {
    let judge = Judge::new(world);
    let address = vec![SubjectName::Address(ADDRESS)];
    for (what, names) in [("no subjectAltName", Vec::new()), ("a subjectAltName with an address", address)] {
        let server =
            Pki::shared().server_below(&ChainSpec { common_name: HOST.to_owned(), names, ..ChainSpec::default() });
        judge.refuses(server, HOST, &[PeerFault::NameMismatch], what).await;
    }
}

pub(crate) async fn trust_41_ca_with_an_unknown_critical_extension_is_refused(world: World) {
    let judge = Judge::new(world);
    let limited = CaSpec { unknown_critical_extension: true, ..CaSpec::default() };
    let server = Pki::shared().server_below(&host().below([limited]));
    judge.refuses(server, HOST, &[PeerFault::CriticalExtension], "a critical extension of the CA").await;
}

pub(crate) async fn trust_42_wildcard_does_not_cover_a_host_that_the_ca_may_not_issue_for(world: World) {
    let judge = Judge::new(world);
    let wildcard = |excluded| ChainSpec::named("*.digicert.test").below([excluding(SubjectName::dns(excluded))]);
    judge.trusts(&wildcard(OTHER), HOST, "another domain is excluded").await;
    let server = Pki::shared().server_below(&wildcard(HOST));
    judge.refuses(server, HOST, &[PeerFault::NameConstraints], "a wildcard over an excluded host").await;
}

pub(crate) async fn trust_53_the_time_of_each_handshake_counts(world: World) {
    let early = front(FrontOptions::default());
    let transports = world.http_versions().into_iter().map(|versions| {
        let transport = world.transport(&world.config().with_http_versions(versions));
        (versions, transport)
    });
    let transports: Vec<_> = transports.collect();
    for (_, transport) in &transports {
        collect(transport.send(get(early.url(HOST))).await.expect("answered")).await.expect("a body");
    }
    // Certificates count whole seconds: this one begins a second ago, which is after those handshakes.
    SystemClock::new().sleep(Duration::from_secs(3)).await;
    let now = SystemTime::now();
    let validity = Validity::Between(now - Duration::from_secs(1), now + Duration::from_secs(24 * 60 * 60));
    let spec = ServerSpec { names: vec![HOST.to_owned()], validity, ..ServerSpec::default() };
    let late = front(FrontOptions::default().server(Pki::shared().server_with(spec)));
    for (versions, transport) in &transports {
        let outcome = transport.send(get(late.url(HOST))).await;
        assert!(outcome.is_ok(), "the certificate has begun since the transport was made, {versions:?}: {outcome:?}");
    }
}
