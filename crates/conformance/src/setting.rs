//! Crossing: a clause is tested in every setting where it applies. A case declares where (`Settings`); a
//! [`Crossing`] starts servers and a proxy once for all settings, creates the transport of each, and names
//! the setting in a failure.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use digicert_one_client::{Client, ClientBuilder};
use digicert_one_core::{
    Capability, FixedCredential, HttpVersions, Material, Proxy, ProxyRules, TlsVersion, TlsVersions, Transport,
    TransportConfig, TrustRoots,
};
use digicert_one_testbed::{
    ClientAuth, ClientCert, ConnectProxy, Front, FrontOptions, Handler, Pki, ProxyOptions, ServerCert, TlsRange,
    handler,
};
use http::{Method, Request};
use rustls_pki_types::CertificateDer;

use crate::life::{self, Life};
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
    /// What the transport went through before. Only a [`Crossing`] leads it there.
    pub(crate) life: Life,
}

/// Each method as sent, with a body or without.
const CALLS: [(Method, &str); 10] = [
    (Method::GET, ""),
    (Method::POST, BODY),
    (Method::PUT, BODY),
    (Method::DELETE, ""),
    (Method::PATCH, BODY),
    (Method::HEAD, ""),
    (Method::DELETE, BODY),
    (Method::POST, ""),
    (Method::PUT, ""),
    (Method::OPTIONS, ""),
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
        write!(f, "{held}{http}, {}, {way}, {identity}", self.tls_version())?;
        if self.life == Life::New { Ok(()) } else { write!(f, ", {}", self.life) }
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
            Setting { http2, tls13, proxied, with_identity, held, life: Life::New }
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

/// The same settings, each with a life: each life with each value of an aspect, as far as their number permits.
fn lived(settings: Vec<Setting>) -> Vec<Setting> {
    let mut led = BTreeSet::new();
    let mut times = [0_usize; Life::ALL.len()];
    let mut lives = Vec::new();
    for setting in settings {
        let pairs = |life: usize| combinations(setting, 1).into_iter().map(move |part| (life, part));
        let gain = |life: &usize| pairs(*life).filter(|pair| !led.contains(pair)).count();
        let best = (0..Life::ALL.len()).max_by_key(|life| (gain(life), Reverse(times[*life]), Reverse(*life)));
        let best = best.unwrap_or_default();
        led.extend(pairs(best));
        times[best] += 1;
        lives.push(Setting { life: Life::ALL[best], ..setting });
    }
    lives
}

/// The servers of a case that is tried in several settings, by a transport of each life.
pub(crate) struct Crossing {
    world: World,
    settings: Vec<Setting>,
    fronts: HashMap<bool, Front>,
    /// Servers for the calls before, where `fronts` cannot be called.
    before: HashMap<bool, Front>,
    proxy: Option<ConnectProxy>,
    certificate: ClientCert,
    /// The other transports of those that are the second.
    others: Mutex<Vec<Arc<dyn Transport>>>,
}

impl Crossing {
    /// Same as [`Self::start`], with a response that is a function of the request.
    pub(crate) fn responding<F>(world: &World, settings: &Settings, options: FrontOptions, response: F) -> Self
    where
        F: Fn(&Request<Bytes>) -> http::Response<Bytes> + Send + Sync + 'static,
    {
        let response = Arc::new(response);
        let handler = handler(move |request, _peer| {
            let response = response(&request);
            async move { response }
        });
        Self::start(world, settings, options, handler)
    }

    /// Servers that respond to every request with 200 and `{}`.
    pub(crate) fn plain(world: &World, settings: &Settings, options: FrontOptions) -> Self {
        Self::responding(world, settings, options, |_| http::Response::new(Bytes::from_static(b"{}")))
    }

    /// Servers that no transport can call, and for the calls before them servers with this certificate.
    pub(crate) fn untrusted(world: &World, settings: &Settings, options: FrontOptions, trusted: ServerCert) -> Self {
        let handler = handler(|_, _| async { http::Response::new(Bytes::from_static(b"{}")) });
        Self::with(world, settings, options, handler, Some(FrontOptions::default().server(trusted)))
    }

    /// A server for each TLS version, which asks for a certificate and accepts none, and a proxy in front of both.
    pub(crate) fn start(world: &World, settings: &Settings, options: FrontOptions, handler: Arc<dyn Handler>) -> Self {
        Self::with(world, settings, options, handler, None)
    }

    fn with(
        world: &World,
        settings: &Settings,
        options: FrontOptions,
        handler: Arc<dyn Handler>,
        before: Option<FrontOptions>,
    ) -> Self {
        let settings = lived(settings.chosen(world));
        let handler = life::serving(handler);
        let started = |options: FrontOptions| {
            let start = |setting: Setting| up(Front::start(setting.server(options.clone()), Arc::clone(&handler)));
            let mut fronts = HashMap::new();
            for setting in &settings {
                fronts.entry(setting.tls13).or_insert_with(|| start(*setting));
            }
            fronts
        };
        let fronts = started(options);
        let before = before.map(started).unwrap_or_default();
        let proxy = settings.iter().any(|one| one.proxied).then(|| {
            let routes = fronts.values().chain(before.values()).map(|front| (front.port(), front.addr()));
            up(ConnectProxy::start(leading(routes)))
        });
        let certificate = certificate();
        Self { world: world.clone(), settings, fronts, before, proxy, certificate, others: Mutex::default() }
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

    /// A transport of this setting, after its life.
    pub(crate) async fn transport(&self, setting: Setting) -> Arc<dyn Transport> {
        self.transport_with(self.world.config(), setting).await
    }

    /// As [`Self::transport`], its configuration based on `base`.
    pub(crate) async fn transport_with(&self, base: TransportConfig, setting: Setting) -> Arc<dyn Transport> {
        let server = self.before.get(&setting.tls13).unwrap_or_else(|| self.front(setting));
        if setting.life == Life::Second {
            let other = self.world.new_transport(&self.other_config(setting));
            Life::Answered.lead(&*other, server).await;
            self.others.lock().unwrap_or_else(PoisonError::into_inner).push(other);
        }
        let transport = self.world.new_transport(&self.config(base, setting));
        setting.life.lead(&*transport, server).await;
        transport
    }

    /// A configuration that differs from that of this setting in each part, and trusts more.
    fn other_config(&self, setting: Setting) -> TransportConfig {
        let roots = [Pki::shared().root_der(), Pki::shared().foreign_root_der()];
        let roots = roots.map(|root| CertificateDer::from(root.to_vec())).to_vec();
        let is_shown = !setting.with_identity && self.world.has(Capability::ClientIdentity);
        let trust =
            if self.world.has(Capability::TrustOnly) { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) };
        let other = Setting { http2: !setting.http2, held: false, ..setting };
        other.versions(self.world.config()).with_trust(trust).with_identity(is_shown.then(|| identity(&certificate())))
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

/// The `turn`th method, and a body where it is sent with one.
pub(crate) fn method(turn: usize) -> (Method, &'static str) {
    CALLS[turn % CALLS.len()].clone()
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
            Setting { http2, tls13, proxied, with_identity, held, life: Life::New }
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
    fn almost_each_life_is_led_with_each_value_of_an_aspect() {
        let settings = lived(covering(all(), Setting::ASPECTS - 1));
        let pairs = settings.iter().flat_map(|one| one.aspects().into_iter().enumerate().map(|part| (one.life, part)));
        let pairs: BTreeSet<_> = pairs.collect();
        // Sixty, of which sixteen settings leave a few out.
        assert!(pairs.len() >= 58, "{} of the pairs: {settings:?}", pairs.len());
        let lives: BTreeSet<_> = lived(covering(all(), 2)).iter().map(|one| one.life).collect();
        assert_eq!(lives.len(), Life::ALL.len());
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
