//! What a transport can do. Connectors declare capabilities and the conformance suite checks them: what is
//! declared must work, and `connect` must refuse what is missing, never ignore it.

use std::fmt;

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A feature that a TLS stack may or may not have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Capability { $($(#[doc = $doc])+ $name,)+ }

        impl Capability {
            /// Every capability, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the stable name used in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

capabilities! {
    /// Presents a client identity that exists in memory only.
    ClientIdentity = "identity.memory",
    /// Presents an identity with an Ed25519 key.
    Ed25519Identity = "identity.ed25519",
    /// Trusts exactly the given roots and nothing else.
    TrustOnly = "trust.only_custom",
    /// Trusts the system's roots.
    TrustSystem = "trust.os",
    /// Trusts the given roots in addition to the system's.
    TrustSystemAnd = "trust.os_and_custom",
    /// Supports TLS 1.2, and can be restricted to it.
    Tls12 = "tls12",
    /// Supports TLS 1.3, and can be restricted to it.
    Tls13 = "tls13",
    /// Supports HTTP/2 by ALPN.
    Http2 = "http2",
    /// Tunnels through an HTTP proxy with CONNECT.
    HttpProxy = "proxy.http",
    /// Uses TLS to the proxy itself, without showing it the client identity.
    HttpsProxy = "proxy.https",
    /// Tunnels through a SOCKS proxy that resolves the name.
    SocksProxy = "proxy.socks",
    /// Connects a host name to a given address.
    NameOverride = "dns_override",
    /// Reports the alert that the server sent before TLS 1.3 finished (always) or after (mostly).
    AlertDetail = "alert_detail",
    /// Reports why the server's certificate was not trusted: name, date or issuer.
    PeerFaultDetail = "peer_fault_detail",
    /// Reports whether the server asked for a client certificate and whether one was sent.
    ClientAuthSignal = "client_auth_signal",
    /// Reports whether a timeout happened before or after the TCP connection was established.
    TimeoutPhase = "timeout_phase",
    /// Reports the TLS version of a fresh connection.
    TlsVersionFact = "tls_version_fact",
    /// Reports whether a connection was reused.
    ReuseFact = "reuse_fact",
    /// Streams a request body in constant memory, see [`Transport::upload`](crate::Transport::upload).
    StreamingUploads = "uploads",
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of capabilities.
///
/// ```
/// use digicert_one_core::{Capabilities, Capability};
/// let some = Capabilities::none().with(Capability::Http2);
/// assert!(some.has(Capability::Http2) && !some.has(Capability::HttpProxy));
/// assert!(Capabilities::all().without(Capability::Http2).iter().all(|one| one != Capability::Http2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u64);

impl Capabilities {
    /// The empty set.
    #[must_use]
    pub fn none() -> Self {
        Self(0)
    }

    /// Every capability that this version of the SDK defines.
    #[must_use]
    pub fn all() -> Self {
        Capability::ALL.iter().fold(Self::none(), |set, &one| set.with(one))
    }

    /// Returns the set with `capability` added.
    #[must_use]
    pub fn with(self, capability: Capability) -> Self {
        Self(self.0 | bit(capability))
    }

    /// Returns the set with `capability` removed.
    #[must_use]
    pub fn without(self, capability: Capability) -> Self {
        Self(self.0 & !bit(capability))
    }

    /// Returns whether `capability` is in the set.
    #[must_use]
    pub fn has(self, capability: Capability) -> bool {
        self.0 & bit(capability) != 0
    }

    /// Iterates over the members, in order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |&one| self.has(one))
    }
}

fn bit(capability: Capability) -> u64 {
    1 << (capability as u64)
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Capability::name)).finish()
    }
}
