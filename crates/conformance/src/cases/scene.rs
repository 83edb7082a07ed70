//! The settings in which a clause must hold: HTTP version, TLS version, direct or through a proxy, with or without an identity.

use std::fmt;
use std::net::SocketAddr;
use std::sync::OnceLock;

use digicert_one_core::{Capability, HttpVersions, Proxy, TlsVersion, TlsVersions, TransportConfig};
use digicert_one_testbed::{ClientCert, ConnectProxy, ProxyOptions};

use crate::world::{HOST, World, certificate, identity};

/// The password of every proxy of a scene.
pub(crate) const PASSWORD: &str = "scenecanary5ecret";

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scene {
    pub(crate) http: HttpVersions,
    pub(crate) tls: TlsVersion,
    pub(crate) through_proxy: bool,
    pub(crate) has_identity: bool,
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = if self.through_proxy { "through a proxy" } else { "direct" };
        let identity = if self.has_identity { "with an identity" } else { "without identity" };
        write!(f, "HTTP {:?}, {}, {proxy}, {identity}", self.http, self.tls)
    }
}

impl Scene {
    /// Every setting that the transport knows.
    pub(crate) fn all(world: &World) -> Vec<Self> {
        let tls = [(TlsVersion::Tls12, Capability::Tls12), (TlsVersion::Tls13, Capability::Tls13)];
        let without_and = |capability| [Some(false), world.has(capability).then_some(true)].into_iter().flatten();
        let mut scenes = Vec::new();
        for (tls, _) in tls.into_iter().filter(|(_, capability)| world.has(*capability)) {
            for http in world.http_versions() {
                for through_proxy in without_and(Capability::HttpProxy) {
                    for has_identity in without_and(Capability::ClientIdentity) {
                        scenes.push(Self { http, tls, through_proxy, has_identity });
                    }
                }
            }
        }
        scenes
    }

    /// As few of them as hold every pair of two properties.
    pub(crate) fn pairs(world: &World) -> Vec<Self> {
        let is_even = |scene: &Self| {
            let properties = [scene.tls == TlsVersion::Tls12, scene.http == HttpVersions::Http1, scene.through_proxy];
            let odd = properties.into_iter().filter(|holds| *holds).count() % 2 == 1;
            odd == scene.has_identity || !world.has(Capability::ClientIdentity)
        };
        Self::all(world).into_iter().filter(is_even).collect()
    }

    /// Each HTTP version with and without a proxy, half of them with an identity, for what takes many calls.
    pub(crate) fn few(world: &World) -> Vec<Self> {
        Self::pairs(world)
            .into_iter()
            .filter(|scene| scene.tls == TlsVersion::Tls13 || !world.has(Capability::Tls13))
            .collect()
    }

    /// The configuration with all of this, and the proxy that leads to `server` where there is one.
    pub(crate) fn config(
        &self,
        config: &TransportConfig,
        server: SocketAddr,
    ) -> (TransportConfig, Option<ConnectProxy>) {
        let mut config = config.clone().with_http_versions(self.http).with_tls_versions(TlsVersions::Only(self.tls));
        if self.has_identity {
            config = config.with_identity(Some(identity(Self::certificate())));
        }
        if !self.through_proxy {
            return (config, None);
        }
        let names = [HOST.to_owned(), format!("clientauth.{HOST}"), "localhost".to_owned()];
        let targets = names.iter().map(|name| format!("{name}:{}", server.port()));
        let options = targets.fold(ProxyOptions::default().credentials("user", PASSWORD), |options, target| {
            options.route(&target, server)
        });
        let proxy = ConnectProxy::start(options).expect("loopback can be bound");
        let url = proxy.url().replace("http://", &format!("http://user:{PASSWORD}@"));
        let config = config.with_proxy(Proxy::Http(url.parse().expect("a proxy address")));
        (config, Some(proxy))
    }

    /// The identity of all scenes that have one.
    pub(crate) fn certificate() -> &'static ClientCert {
        static CERTIFICATE: OnceLock<ClientCert> = OnceLock::new();
        CERTIFICATE.get_or_init(certificate)
    }
}
