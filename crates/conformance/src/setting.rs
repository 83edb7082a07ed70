//! Crossing: a clause is tested in every setting where it applies. A case declares where (`Settings`); a
//! [`Crossing`] starts servers and a proxy once for all settings, creates the transport of each, and names
//! the setting in a failure.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use digicert_one_client::{Client, ClientBuilder};
use digicert_one_core::{
    Capability, FixedCredential, HttpVersions, Material, Proxy, ProxyRules, TlsVersion, TlsVersions, Transport,
    TransportConfig,
};
use digicert_one_testbed::{
    ClientAuth, ClientCert, ConnectProxy, Front, FrontOptions, Handler, ProxyOptions, TlsRange, handler,
};
use http::{Method, Request};

use crate::world::{HOST, World, certificate, identity, request, up};

/// The properties of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Setting {
    /// HTTP/2, if the transport uses it for the method; else only HTTP/1.1.
    pub(crate) http2: bool,
    /// TLS 1.3; else 1.2.
    pub(crate) tls13: bool,
    pub(crate) proxied: bool,
    pub(crate) with_identity: bool,
    /// Held to this TLS version by the configuration too, and not by the server alone.
    pub(crate) held: bool,
}

/// Each method as sent, with a body or without.
pub(crate) const CALLS: [(Method, &str); 9] = [
    (Method::GET, ""),
    (Method::POST, BODY),
    (Method::PUT, BODY),
    (Method::DELETE, ""),
    (Method::PATCH, BODY),
    (Method::HEAD, ""),
    (Method::DELETE, BODY),
    (Method::POST, ""),
    (Method::PUT, ""),
];
const BODY: &str = "{\"hash\":\"c2lnbiBtZQ==\"}";

impl Setting {
    const ASPECTS: usize = 5;

    fn aspects(self) -> [bool; Self::ASPECTS] {
        [self.http2, self.tls13, self.proxied, self.with_identity, self.held]
    }

    fn tls(self) -> TlsRange {
        if self.tls13 { TlsRange::Only13 } else { TlsRange::Only12 }
    }

    fn tls_version(self) -> TlsVersion {
        if self.tls13 { TlsVersion::Tls13 } else { TlsVersion::Tls12 }
    }

    /// The configuration with the versions of this setting.
    fn versions(self, config: TransportConfig) -> TransportConfig {
        let config = config.with_http_versions(if self.http2 { HttpVersions::Both } else { HttpVersions::Http1 });
        if self.held { config.with_tls_versions(TlsVersions::Only(self.tls_version())) } else { config }
    }

    /// The server options of this setting.
    pub(crate) fn server(self, options: FrontOptions) -> FrontOptions {
        options.tls(self.tls()).client_auth(ClientAuth::Optional)
    }

    /// A proxy that leads the hosts of the tests to this server, in a setting that has one.
    pub(crate) fn proxy(self, server: SocketAddr) -> Option<ConnectProxy> {
        let routes = [(server.port(), server)].into_iter();
        self.proxied.then(|| up(ConnectProxy::start(leading(routes))))
    }

    /// The configuration of this setting, with this identity and this proxy where it has them.
    pub(crate) fn config(
        self,
        base: TransportConfig,
        certificate: &ClientCert,
        proxy: Option<&ConnectProxy>,
    ) -> TransportConfig {
        let config = self.versions(base).with_identity(self.with_identity.then(|| identity(certificate)));
        match proxy.filter(|_| self.proxied) {
            Some(proxy) => config.with_proxy(Proxy::Http(proxy.url().parse().expect("a proxy address"))),
            None => config,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.proxied { "through a proxy" } else { "direct" };
        let identity = if self.with_identity { "with an identity" } else { "without an identity" };
        let http = if self.http2 { "HTTP/2" } else { "HTTP/1.1" };
        let held = if self.held { "held to the TLS version: " } else { "" };
        write!(f, "{held}{http}, {}, {way}, {identity}", self.tls_version())
    }
}

/// Where a clause applies: everywhere, minus exceptions.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    holds: fn(Setting) -> bool,
    /// Each combination of this many aspects is covered.
    strength: usize,
}

impl Settings {
    /// In every setting; each combination of four aspects is covered, which is half of the settings.
    pub(crate) const ALL: Self = Self::where_(|_| true);

    /// In these, as [`Self::ALL`].
    pub(crate) const fn where_(holds: fn(Setting) -> bool) -> Self {
        Self { holds, strength: Setting::ASPECTS - 1 }
    }

    /// Each pair of aspects is covered, which is a fifth of the settings.
    pub(crate) const fn pairwise(mut self) -> Self {
        self.strength = 2;
        self
    }

    /// The settings for a transport of this world.
    pub(crate) fn chosen(&self, world: &World) -> Vec<Setting> {
        let number = 1_u32 << Setting::ASPECTS;
        let all = (0..number).map(|bits| {
            let [held, http2, tls13, proxied, with_identity] = [16, 8, 4, 2, 1].map(|bit| bits & bit != 0);
            Setting { http2, tls13, proxied, with_identity, held }
        });
        let able = |one: &Setting| {
            (!one.http2 || world.has(Capability::Http2))
                && world.has(if one.tls13 { Capability::Tls13 } else { Capability::Tls12 })
                && (!one.proxied || world.has(Capability::HttpProxy))
                && (!one.with_identity || world.has(Capability::ClientIdentity))
        };
        covering(all.filter(|one| (self.holds)(*one)).filter(able).collect(), self.strength)
    }
}

/// Selects some of these, so that every combination of this many aspects that occurs in any is in one of them.
fn covering(all: Vec<Setting>, strength: usize) -> Vec<Setting> {
    let mut missing: BTreeSet<_> = all.iter().flat_map(|one| combinations(*one, strength)).collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let gain = |one: &Setting| combinations(*one, strength).iter().filter(|part| missing.contains(*part)).count();
        let Some(best) = all.iter().rev().max_by_key(|one| gain(one)).copied() else { break };
        for part in combinations(best, strength) {
            missing.remove(&part);
        }
        chosen.push(best);
    }
    chosen
}

/// Which aspects, and their values.
fn combinations(setting: Setting, strength: usize) -> Vec<(u32, u32)> {
    let values = setting.aspects().iter().fold(0, |bits, one| bits << 1 | u32::from(*one));
    let masks = 0..1_u32 << Setting::ASPECTS;
    masks.filter(|mask| mask.count_ones() as usize == strength).map(|mask| (mask, values & mask)).collect()
}

/// The servers of a case that is tried in several settings.
pub(crate) struct Crossing {
    world: World,
    settings: Vec<Setting>,
    fronts: HashMap<bool, Front>,
    proxy: Option<ConnectProxy>,
    certificate: ClientCert,
}

impl Crossing {
    /// Same as [`Self::start`], with a response that is a function of the request.
    pub(crate) fn answering<F>(world: &World, settings: &Settings, options: FrontOptions, answer: F) -> Self
    where
        F: Fn(&Request<Bytes>) -> http::Response<Bytes> + Send + Sync + 'static,
    {
        let answer = Arc::new(answer);
        let handler = handler(move |request, _peer| {
            let response = answer(&request);
            async move { response }
        });
        Self::start(world, settings, options, handler)
    }

    /// Servers that respond to every request with 200 and `{}`.
    pub(crate) fn plain(world: &World, settings: &Settings, options: FrontOptions) -> Self {
        Self::answering(world, settings, options, |_| http::Response::new(Bytes::from_static(b"{}")))
    }

    /// A server for each TLS version, which asks for a certificate and accepts none, and a proxy in front of both.
    pub(crate) fn start(world: &World, settings: &Settings, options: FrontOptions, handler: Arc<dyn Handler>) -> Self {
        let settings = settings.chosen(world);
        let mut fronts = HashMap::new();
        for setting in &settings {
            fronts
                .entry(setting.tls13)
                .or_insert_with(|| up(Front::start(setting.server(options.clone()), Arc::clone(&handler))));
        }
        let proxy = settings.iter().any(|one| one.proxied).then(|| {
            let routes = fronts.values().map(|front| (front.port(), front.addr()));
            up(ConnectProxy::start(leading(routes)))
        });
        Self { world: world.clone(), settings, fronts, proxy, certificate: certificate() }
    }

    pub(crate) fn settings(&self) -> impl Iterator<Item = Setting> {
        self.settings.clone().into_iter()
    }

    pub(crate) fn front(&self, setting: Setting) -> &Front {
        &self.fronts[&setting.tls13]
    }

    pub(crate) fn certificate(&self) -> &ClientCert {
        &self.certificate
    }

    /// Returns the proxy, if there is one.
    pub(crate) fn proxy(&self) -> Option<&ConnectProxy> {
        self.proxy.as_ref()
    }

    /// Returns the configuration of this setting, based on `base`.
    pub(crate) fn config(&self, base: TransportConfig, setting: Setting) -> TransportConfig {
        setting.config(base, &self.certificate, self.proxy.as_ref())
    }

    pub(crate) fn transport(&self, setting: Setting) -> Arc<dyn Transport> {
        self.world.transport(&self.config(self.world.config(), setting))
    }

    /// A client with this material in this setting; its mode decides over the identity.
    pub(crate) fn client(&self, setting: Setting, material: Material) -> Client {
        let config = setting.versions(self.world.config());
        let builder = self.world.builder(self.front(setting).port()).transport_config(config);
        let builder = match self.proxy.as_ref().filter(|_| setting.proxied) {
            Some(proxy) => through(builder, proxy),
            None => builder,
        };
        builder.credential(FixedCredential::new(material, "the case")).build().expect("complete")
    }
}

fn through(builder: ClientBuilder, proxy: &ConnectProxy) -> ClientBuilder {
    builder.proxy_rules(ProxyRules::parse(&proxy.url()).expect("an address"))
}

/// A proxy that leads the hosts of the tests, at these ports, to these addresses.
pub(crate) fn leading(routes: impl Iterator<Item = (u16, SocketAddr)>) -> ProxyOptions {
    routes.fold(ProxyOptions::default(), |options, (port, address)| {
        let hosts = [HOST.to_owned(), format!("clientauth.{HOST}")];
        hosts.iter().fold(options, |options, host| options.route(&format!("{host}:{port}"), address))
    })
}

/// Returns each call of [`CALLS`] once, starting with the `turn`th: over all settings each is the first of a
/// connection, and one of the later ones.
pub(crate) fn calls(turn: usize, url: &str) -> impl Iterator<Item = (Request<Bytes>, String)> {
    (0..CALLS.len()).map(move |index| {
        let (method, body) = &CALLS[(turn + index) % CALLS.len()];
        let with = if body.is_empty() { "without" } else { "with" };
        let place = if index == 0 { "first call".to_owned() } else { format!("call {} after {index}", index + 1) };
        (request(method.clone(), url, *body), format!("{method} {with} a body, {place}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Setting> {
        let bits = 0..1_u32 << Setting::ASPECTS;
        let setting = |bits: u32| {
            let [http2, tls13, proxied, with_identity, held] = [1, 2, 4, 8, 16].map(|bit| bits & bit != 0);
            Setting { http2, tls13, proxied, with_identity, held }
        };
        bits.map(setting).collect()
    }

    #[test]
    fn pairs_are_covered_by_few_settings_and_fours_by_half_of_them() {
        let pairs = covering(all(), 2);
        assert!(pairs.len() <= 6, "{pairs:?}");
        for first in 0..Setting::ASPECTS {
            for second in first + 1..Setting::ASPECTS {
                let values: BTreeSet<_> =
                    pairs.iter().map(|one| (one.aspects()[first], one.aspects()[second])).collect();
                assert_eq!(values.len(), 4, "aspects {first} and {second}");
            }
        }
        assert_eq!(covering(all(), Setting::ASPECTS - 1).len(), 16);
        assert_eq!(covering(all(), Setting::ASPECTS).len(), 32);
    }

    #[test]
    fn what_is_left_out_is_in_no_setting() {
        let direct: Vec<_> = all().into_iter().filter(|one| !one.proxied).collect();
        assert!(covering(direct, 3).iter().all(|one| !one.proxied));
    }

    #[test]
    fn every_call_is_first_in_some_turn() {
        let first = |turn| calls(turn, "https://one.test/").next().expect("a call").1;
        let firsts: BTreeSet<_> = (0..CALLS.len()).map(first).collect();
        assert_eq!(firsts.len(), CALLS.len());
    }
}
