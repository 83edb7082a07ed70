//! The transports that are compiled in.

use std::sync::Arc;

use digicert_one_core::Connector;

/// Returns hyper on rustls; the default.
#[cfg(feature = "rustls")]
#[must_use]
pub fn rustls() -> digicert_one_rustls::Connector {
    digicert_one_rustls::Connector::new()
}

/// Returns reqwest on rustls, for programs that use reqwest already.
#[cfg(feature = "reqwest")]
#[must_use]
pub fn reqwest() -> digicert_one_reqwest::Connector {
    digicert_one_reqwest::Connector::new()
}

/// isahc on libcurl, for programs without tokio.
#[cfg(feature = "isahc")]
#[must_use]
pub fn isahc() -> digicert_one_isahc::Connector {
    digicert_one_isahc::Connector::new()
}

/// Returns hyper on the operating system's TLS.
#[cfg(feature = "native-tls")]
#[must_use]
pub fn native_tls() -> digicert_one_native_tls::Connector {
    digicert_one_native_tls::Connector::new()
}

/// Returns every transport that is compiled in, the default first.
///
/// ```
/// let names: Vec<&str> = digicert_one::transport::all().iter().map(|one| one.info().name).collect();
/// assert_eq!(names.first(), Some(&"rustls"));
/// ```
#[must_use]
pub fn all() -> Vec<Arc<dyn Connector>> {
    vec![
        #[cfg(feature = "rustls")]
        Arc::new(rustls()),
        #[cfg(feature = "reqwest")]
        Arc::new(reqwest()),
        #[cfg(feature = "isahc")]
        Arc::new(isahc()),
        #[cfg(feature = "native-tls")]
        Arc::new(native_tls()),
    ]
}
