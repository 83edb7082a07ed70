//! TRUST and IDENT, continued: what a process keeps of a server or an authority is found by more than its name.

use std::net::IpAddr;

use bytes::Bytes;
use digicert_one_core::{Capability, TransportErrorKind, TrustRoots};
use digicert_one_testbed::{ClientCert, ClientSpec, Front, FrontOptions, KeyKind, Pki, handler};
use http::Response;
use rustls_pki_types::CertificateDer;

use crate::cases::names::{FIRST, NAME, SECOND, twins_of};
use crate::setting::{Setting, Settings, method};
use crate::world::{World, collect, request};

/// A server of each of two authorities that have one name, at one port of two addresses.
struct Namesakes {
    pkis: [Pki; 2],
    servers: [Front; 2],
}

impl Namesakes {
    fn start(setting: Setting) -> Self {
        let pkis = Pki::namesakes();
        let options = pkis.each_ref().map(|pki| setting.server(FrontOptions::default()).server(pki.server(&[NAME])));
        let answer = handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) });
        Self { servers: twins_of(options, &answer), pkis }
    }

    fn root(&self, authority: usize) -> CertificateDer<'static> {
        CertificateDer::from(self.pkis[authority].root_der().to_vec())
    }
}

const ADDRESSES: [IpAddr; 2] = [FIRST, SECOND];

pub(crate) async fn trust_60_authorities_with_one_name_are_kept_apart(world: World) {
    if world.leaves_out(Capability::TrustOnly) {
        return;
    }
    // Another key; and, as RSA keys of one name are one key here, a renewed certificate.
    let people = [KeyKind::P256, KeyKind::Rsa2048]
        .map(|key| [(); 2].map(|()| Pki::shared().client(ClientSpec { key, ..ClientSpec::default() })));
    let settings = Settings::where_(|one| !one.proxied).pairwise().chosen(&world);
    for (turn, setting) in settings.into_iter().enumerate() {
        for order in [[0, 1], [1, 0]] {
            let people = &people[(turn + order[0]) % 2];
            let both = Namesakes::start(setting);
            let config = |authorities: &[usize], server: usize, person: &ClientCert| {
                let roots = authorities.iter().map(|one| both.root(*one)).collect();
                let config = setting.config(world.config().with_trust(TrustRoots::Only(roots)), person, None);
                config.with_name_override(NAME, ADDRESSES[server])
            };
            // Each with its own server, in this order; then each with the other's.
            let pairs = order.map(|one| (vec![one], one)).into_iter().chain(order.map(|one| (vec![one], 1 - one)));
            let lists = order.into_iter().map(|server| (order.to_vec(), server));
            let calls: Vec<_> = pairs.chain(lists).collect();
            let transports: Vec<_> = calls
                .iter()
                .map(|(authorities, server)| world.transport(&config(authorities, *server, &people[*server])))
                .collect();
            for round in 0..2 {
                for (index, ((authorities, server), transport)) in calls.iter().zip(&transports).enumerate() {
                    let (method, body) = method(turn + round + index);
                    let what = format!("{method}, roots {authorities:?}, server {server}, {setting}");
                    let outcome = transport.send(request(method, both.servers[0].url(NAME), body)).await;
                    if !authorities.contains(server) {
                        let error = outcome.err().unwrap_or_else(|| panic!("of another authority: {what}"));
                        let is_refused =
                            matches!(error.kind(), TransportErrorKind::PeerUntrusted(_) | TransportErrorKind::Tls);
                        assert!(is_refused, "{what}: {error:?}");
                        continue;
                    }
                    let exchange = outcome.unwrap_or_else(|error| panic!("its own authority: {what}: {error:?}"));
                    collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                    shows(&both.servers[*server], setting, &people[*server], &what);
                }
            }
        }
    }
}

/// The last request of this server came with the identity of this person, where the setting has one.
fn shows(server: &Front, setting: Setting, person: &ClientCert, what: &str) {
    let seen = server.ledger().snapshot();
    let carrier = seen.requests.last().expect("arrived").connection;
    let shown = seen.connections.iter().find(|one| one.id == carrier).and_then(|one| one.peer_fingerprint.clone());
    assert_eq!(shown, setting.with_identity.then(|| person.fingerprint()), "another's identity: {what}");
}
