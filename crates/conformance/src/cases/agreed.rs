//! TRUST, IDENT and OBS, continued: what client and server agree on in the handshake, where the server accepts one thing alone.

use digicert_one_testbed::{ClientAuth, ClientCert, ClientSignatures, ClientSpec, FrontOptions, Group, KeyKind, Pki};

use crate::setting::Settings;
use crate::world::{HOST, World, collect, front, get, servers};

fn rsa() -> ClientCert {
    Pki::shared().client(ClientSpec { key: KeyKind::Rsa2048, ..ClientSpec::default() })
}

pub(crate) async fn trust_47_a_server_may_insist_on_one_group(world: World) {
    // OpenSSL as a server accepts an ECDSA key under TLS 1.2 on that group alone.
    let ours = rsa();
    let settings = Settings::where_(|one| !one.proxied).pairwise().chosen(&world);
    for (group, setting) in Group::ALL.into_iter().flat_map(|group| settings.iter().map(move |one| (group, *one))) {
        for options in servers() {
            let front = front(setting.server(options.group(group)));
            let transport = world.new_transport(&setting.config(world.config(), &ours, None));
            let what = format!("a server of {group:?} alone, {setting}");
            let exchange =
                transport.send(get(front.url(HOST))).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let shown = front.ledger().connections().into_iter().find_map(|one| one.peer_fingerprint);
            assert_eq!(shown, setting.with_identity.then(|| ours.fingerprint()), "the identity that was shown, {what}");
        }
    }
}

pub(crate) async fn obs_22_identity_whose_key_does_not_fit_is_not_said_to_be_sent(world: World) {
    let ours = Pki::shared().client(ClientSpec { key: KeyKind::P384, ..ClientSpec::default() });
    for setting in Settings::where_(|one| one.with_identity && !one.proxied).pairwise().chosen(&world) {
        let options = setting.server(FrontOptions::default().client_signatures(ClientSignatures::Rsa));
        let front = front(options);
        let transport = world.transport(&setting.config(world.config(), &ours, None));
        // A library may also refuse the handshake.
        let facts = match transport.send(get(front.url(HOST))).await {
            Ok(exchange) => exchange.facts,
            Err(error) => error.facts().clone(),
        };
        let shown = front.ledger().settle().await.connections.into_iter().find_map(|one| one.peer_fingerprint);
        assert_eq!(shown, None, "a key that the server does not accept was used, {setting}");
        assert_ne!(facts.identity_sent, Some(true), "it is said to be sent, {setting}: {facts:?}");
    }
}

pub(crate) async fn ident_35_an_identity_signs_as_the_server_accepts(world: World) {
    let ours = rsa();
    for setting in Settings::where_(|one| one.with_identity && !one.proxied).pairwise().chosen(&world) {
        for signatures in [ClientSignatures::LongHashes, ClientSignatures::Pss] {
            let options = setting.server(FrontOptions::default().client_signatures(signatures));
            let front = front(options.client_auth(ClientAuth::Required));
            let transport = world.new_transport(&setting.config(world.config(), &ours, None));
            let what = format!("a server that accepts {signatures:?}, {setting}");
            let exchange =
                transport.send(get(front.url(HOST))).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let shown = front.ledger().connections().into_iter().find_map(|one| one.peer_fingerprint);
            assert_eq!(shown, Some(ours.fingerprint()), "the identity that was shown, {what}");
        }
    }
}
