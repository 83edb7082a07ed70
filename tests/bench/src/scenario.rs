//! The scenarios: a library, an HTTP version, a number of calls in flight.

use std::fmt;

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub library: Library,
    pub http: Http,
    pub in_flight: usize,
}

/// The library below a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Rustls,
    /// The transport over rustls again, compared with what is below it: the limit.
    RustlsLimit,
    /// The same without the client: one transport alone.
    RustlsAlone,
    Reqwest,
    Isahc,
    NativeTls,
}

impl Library {
    const ALL: [Self; 6] =
        [Self::Rustls, Self::RustlsLimit, Self::RustlsAlone, Self::Reqwest, Self::Isahc, Self::NativeTls];
}

/// The HTTP version on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

impl Scenario {
    /// All scenarios, in the order in which they run.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for library in Library::ALL {
            for http in [Http::One, Http::Two] {
                for in_flight in [1, 32] {
                    all.push(Self { library, http, in_flight });
                }
            }
        }
        all
    }

    /// The name to choose it by.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}/{}", self.library, self.http, self.in_flight)
    }
}

impl Library {
    /// The raw library that the client is compared with.
    pub(crate) fn raw(self) -> &'static str {
        match self {
            Self::Rustls | Self::Reqwest => "reqwest + rustls",
            Self::RustlsLimit | Self::RustlsAlone => "hyper-util + rustls",
            Self::Isahc => "isahc + rustls",
            Self::NativeTls => "reqwest + native-tls",
        }
    }
}

impl Http {
    /// The version as a response carries it.
    pub(crate) fn version(self) -> http::Version {
        match self {
            Self::One => http::Version::HTTP_11,
            Self::Two => http::Version::HTTP_2,
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rustls => "rustls",
            Self::RustlsLimit => "limit",
            Self::RustlsAlone => "alone",
            Self::Reqwest => "reqwest",
            Self::Isahc => "isahc",
            Self::NativeTls => "native-tls",
        })
    }
}

impl fmt::Display for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::One => "h1",
            Self::Two => "h2",
        })
    }
}
