//! Rules about configurations: a part that is ignored, or mistaken for another.

use std::net::IpAddr;
use std::time::Duration;

use digicert_one_core::{HttpVersions, Proxy, Timeouts, TlsVersion, TlsVersions, TransportConfig, TrustRoots};

use crate::rule::Act::Config;
use crate::rule::{Rule, rules};

/// What becomes of the time limits.
macro_rules! limits {
    ($change:expr) => {
        Config(|config| {
            let change: fn(Timeouts) -> Timeouts = $change;
            config.clone().with_timeouts(change(config.timeouts().clone()))
        })
    };
}

pub(crate) const RULES: &[Rule] = rules! {
    "ignores" "identity" Config(|config| config.clone().with_identity(None)),
        [Http1 Http2 Tls12 Tls13 Proxied Second], ["REQ-20" "CRED-02" "CRED-03" "IDENT-02" "PROXY-01"];
    "ignores" "name-overrides" Config(|config| named(config, &[])), [Http1 Http2 Identity Tls12], ["REQ-20" "TRUST-01"];
    "drops" "last-name-override" Config(|config| named(config, config.name_overrides().split_last().map_or(&[], |(_, first)| first))),
        [Always Identity], ["TRUST-52" "HOST-08" "REQ-20"];
    "ignores" "all-roots-but-the-last" Config(|config| match config.trust() {
        TrustRoots::Only(roots) => config.clone().with_trust(TrustRoots::Only(roots.iter().rev().take(1).cloned().collect())),
        _ => config.clone(),
    }), [Http1 Http2 Identity], ["TRUST-52" "TRUST-23" "ROTATE-14"];
    "ignores" "proxy" Config(|config| config.clone().with_proxy(Proxy::None)),
        [Http1 Http2 Identity NoIdentity Tls12], ["REQ-20" "PROXY-01" "PROXY-04"];
    "drops" "proxy-credentials" Config(|config| match config.proxy() {
        Proxy::Http(uri) => config.clone().with_proxy(Proxy::Http(without_user_info(uri))),
        _ => config.clone(),
    }), [Http1 Http2 Identity NoIdentity], ["REQ-20" "PROXY-02" "PROXY-16"];
    "ignores" "connect-limit" limits!(|limits| limits.with_connect(Duration::MAX)),
        [Http1 Http2 Proxied Identity Tls12], ["TIME-12" "TIME-01" "TIME-16" "PROXY-15" "TIME-12"];
    "stretches" "connect-limit" limits!(|limits| { let twice = limits.connect() * 20; limits.with_connect(twice) }),
        [Http1 Http2 Proxied Identity], ["TIME-12" "TIME-16" "PROXY-15" "TIME-12"];
    "ignores" "total-limit" limits!(|limits| limits.with_total(Duration::MAX)),
        [Http1 Http2 Proxied Identity Tls12], ["TIME-12" "TIME-03" "TIME-12"];
    "stretches" "total-limit" limits!(|limits| { let more = limits.total().saturating_mul(20); limits.with_total(more) }),
        [Http1 Http2 Proxied], ["TIME-12" "TIME-03" "TIME-12"];
    "ignores" "idle-limit" limits!(|limits| limits.with_pool_idle(Duration::MAX)), [Http1 Http2 Proxied Identity], ["POOL-16" "POOL-05" "POOL-16"];
    "halves" "total-limit" limits!(|limits| { let less = limits.total() / 100; limits.with_total(less) }), [Http1 Http2 Identity], ["TIME-12" "TIME-08" "BODY-02" "TIME-12"];
    "swaps" "connect-and-total-limit" limits!(|limits| {
        let (connect, total) = (limits.connect(), limits.total());
        limits.with_connect(total).with_total(connect)
    }), [Http1 Http2 Identity], ["TIME-12" "TIME-01" "TIME-02" "TIME-12"];
    "ignores" "all-limits" limits!(|_| Timeouts::new()), [Http1 Http2 Proxied Second], ["TIME-01" "TIME-12" "PROXY-15"];
    "ignores" "http1-alone" Config(|config| config.clone().with_http_versions(HttpVersions::Both)), [Http1 Identity Tls12 Proxied], ["REQ-20" "POOL-09"];
    "drops" "http2" Config(|config| config.clone().with_http_versions(HttpVersions::Http1)), [Http2 Identity Tls12 Tls13 Proxied], ["REQ-20" "POOL-09"];
    "ignores" "tls-versions" Config(|config| config.clone().with_tls_versions(TlsVersions::Both)), [Http1 Http2 Identity Proxied Second], ["TRUST-15" "REQ-20"];
    "drops" "tls13" Config(|config| config.clone().with_tls_versions(TlsVersions::Only(TlsVersion::Tls12))),
        [Http1 Http2 Identity NoIdentity Proxied], ["REQ-20" "OBS-10" "IDENT-24"];
    "drops" "tls12" Config(|config| config.clone().with_tls_versions(TlsVersions::Only(TlsVersion::Tls13))),
        [Http1 Http2 Identity NoIdentity Proxied], ["REQ-20" "OBS-10" "IDENT-25"];
};

/// The same configuration with only these names.
fn named(config: &TransportConfig, names: &[(String, IpAddr)]) -> TransportConfig {
    let fresh = TransportConfig::new()
        .with_identity(config.identity().cloned())
        .with_trust(config.trust().clone())
        .with_timeouts(config.timeouts().clone())
        .with_proxy(config.proxy().clone())
        .with_tls_versions(config.tls_versions())
        .with_http_versions(config.http_versions());
    names.iter().fold(fresh, |config, (name, address)| config.with_name_override(name, *address))
}

fn without_user_info(uri: &http::Uri) -> http::Uri {
    let text = uri.to_string();
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}").parse().unwrap_or_else(|_| uri.clone()),
        _ => uri.clone(),
    }
}
