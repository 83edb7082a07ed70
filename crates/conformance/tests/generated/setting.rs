//! The settings in which a generated defect shows: of the configuration that a transport is created with, or
//! of a single call.

use std::sync::atomic::{AtomicBool, Ordering};

use digicert_one_core::{HttpVersions, Proxy, TlsVersion, TlsVersions, TransportConfig};
use http::Method;

use crate::transport::sometimes::When;
use crate::transport::{At, Ended};

/// The number of calls before [`Setting::Later`] applies.
const EARLIER: usize = 3;
/// Above this many bytes a body is [`Setting::Large`].
const LARGE: usize = 64 << 10;

macro_rules! settings {
    ($($setting:ident $name:literal;)+) => {
        /// Where a defect shows; anywhere else the transport is correct.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Setting { $($setting,)+ }

        impl Setting {
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$setting => $name,)+ }
            }

            pub(crate) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$setting),)+ _ => None }
            }
        }
    };
}

settings! {
    Always "always";
    Http1 "http1";
    Http2 "http2";
    Tls12 "tls12";
    Tls13 "tls13";
    Proxied "proxied";
    Direct "direct";
    Identity "identity";
    NoIdentity "no-identity";
    Body "body";
    NoBody "no-body";
    Large "large";
    First "first";
    Reused "reused";
    Later "later";
    Second "second-transport";
    Unsafe "unsafe-method";
    Answered "after-success";
    Refused "after-refusal";
    Failed "after-failure";
}

/// What is known of the setting when a transport is created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    http: HttpVersions,
    tls: TlsVersions,
    is_proxied: bool,
    has_identity: bool,
    /// Whether the connector created another transport before.
    is_second: bool,
}

impl Made {
    pub(crate) fn new(config: &TransportConfig, is_second: bool) -> Self {
        Self {
            http: config.http_versions(),
            tls: config.tls_versions(),
            is_proxied: !matches!(config.proxy(), Proxy::None),
            has_identity: config.identity().is_some(),
            is_second,
        }
    }
}

/// What became of the earlier calls of a transport.
#[derive(Debug, Default)]
pub(crate) struct Past {
    answered: AtomicBool,
    refused: AtomicBool,
    failed: AtomicBool,
}

impl Past {
    pub(crate) fn note(&self, ended: &Ended) {
        match ended {
            Ok(exchange) if exchange.response.status().as_u16() >= 400 => self.refused.store(true, Ordering::Relaxed),
            Ok(_) => self.answered.store(true, Ordering::Relaxed),
            Err(_) => self.failed.store(true, Ordering::Relaxed),
        }
    }
}

impl Setting {
    /// The calls with a listed defect, if it is one of some calls only.
    pub(crate) fn when(self) -> Option<When> {
        match self {
            Self::Unsafe => Some(When::Unsafe),
            Self::Answered => Some(When::Answered),
            Self::Refused => Some(When::Refused),
            Self::Failed => Some(When::Failed),
            _ => None,
        }
    }

    /// Whether a transport created like this is in this setting, as far as its configuration decides that.
    pub(crate) fn is_of(self, made: &Made) -> bool {
        match self {
            Self::Http1 => made.http == HttpVersions::Http1,
            Self::Http2 => made.http == HttpVersions::Both,
            Self::Tls12 => made.tls == TlsVersions::Only(TlsVersion::Tls12),
            Self::Tls13 => made.tls == TlsVersions::Only(TlsVersion::Tls13),
            Self::Second => made.is_second,
            // Of some of its calls.
            Self::Unsafe | Self::Answered | Self::Refused | Self::Failed => false,
            _ => self.is_of_route(made),
        }
    }

    /// Whether this call is in this setting. Before there is a connection, its versions are those of the configuration.
    pub(crate) fn is_of_call(self, made: &Made, past: &Past, at: &At) -> bool {
        let version = at.facts.tls_version;
        match self {
            Self::Http1 => at.is_http2.map_or(self.is_of(made), |is_http2| !is_http2),
            Self::Http2 => at.is_http2.unwrap_or(self.is_of(made)),
            Self::Tls12 => version.map_or(self.is_of(made), |version| version == TlsVersion::Tls12),
            Self::Tls13 => version.map_or(self.is_of(made), |version| version == TlsVersion::Tls13),
            Self::Body => at.sends > 0,
            Self::NoBody => at.sends == 0,
            Self::Large => at.sends > LARGE,
            Self::First => at.facts.reused != Some(true),
            Self::Reused => at.facts.reused == Some(true),
            Self::Later => at.earlier >= EARLIER,
            Self::Unsafe => [Method::PUT, Method::PATCH, Method::DELETE].contains(&at.method),
            Self::Answered => past.answered.load(Ordering::Relaxed),
            Self::Refused => past.refused.load(Ordering::Relaxed),
            Self::Failed => past.failed.load(Ordering::Relaxed),
            Self::Second => made.is_second,
            _ => self.is_of_route(made),
        }
    }

    fn is_of_route(self, made: &Made) -> bool {
        match self {
            Self::Proxied => made.is_proxied,
            Self::Direct => !made.is_proxied,
            Self::Identity => made.has_identity,
            Self::NoIdentity => !made.has_identity,
            _ => true,
        }
    }
}
