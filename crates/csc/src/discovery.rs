//! The OAuth server: as in the response of `info`, or as set by the caller. It gets the client secret, so a host other than the platform's
//! is called only if the caller named it.

use std::sync::{Arc, Mutex};

use digicert_one_core::{HostRole, Instance, Origin, RequestTarget};

use digicert_one_client::{Error, ErrorKind};

/// The endpoints of an OAuth server, for a service whose `info` names none, or a wrong one.
///
/// Their hosts get the client secret.
///
/// ```
/// use digicert_one_csc::OAuthEndpoints;
/// let endpoints = OAuthEndpoints::new("https://one.example.test/oauth2/token")?
///     .authorize("https://one.example.test/oauth2/authorize")?;
/// # Ok::<(), digicert_one_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OAuthEndpoints {
    pub(crate) token: Endpoint,
    pub(crate) authorize: Option<Endpoint>,
    pub(crate) revoke: Option<Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) origin: Origin,
    pub(crate) target: RequestTarget,
    pub(crate) url: String,
}

impl OAuthEndpoints {
    /// Sets the token endpoint.
    ///
    /// # Errors
    /// Not an `https://` URL (SEC-05, HO-02), or an invalid path.
    pub fn new(token: &str) -> Result<Self, Error> {
        Ok(Self { token: Endpoint::parse(token)?, authorize: None, revoke: None })
    }

    /// Sets the authorization endpoint, where a signer signs in.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn authorize(mut self, url: &str) -> Result<Self, Error> {
        self.authorize = Some(Endpoint::parse(url)?);
        Ok(self)
    }

    /// Sets the revocation endpoint.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn revoke(mut self, url: &str) -> Result<Self, Error> {
        self.revoke = Some(Endpoint::parse(url)?);
        Ok(self)
    }

    /// The three endpoints below a base URL, as in CSC (spec).
    pub(crate) fn below(base: &str) -> Result<Self, Error> {
        let base = base.trim().trim_end_matches('/');
        if base.contains(['?', '#']) {
            let text = "the address of the OAuth server has a query or a fragment";
            return Err(Error::local(ErrorKind::Config, text));
        }
        let at = |name: &str| format!("{base}/oauth2/{name}");
        Self::new(&at("token"))?.authorize(&at("authorize"))?.revoke(&at("revoke"))
    }
}

impl Endpoint {
    fn parse(url: &str) -> Result<Self, Error> {
        let url = url.trim();
        let start = url.find("://").map_or(0, |at| at + "://".len());
        let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
        let (place, path) = url.split_at(end);
        let origin = place_of(place)?;
        let target = RequestTarget::parse(if path.is_empty() { "/" } else { path }).map_err(|error| {
            let text = format!("the address of the OAuth server at {origin} has a path that cannot be sent: {error}");
            Error::local(ErrorKind::Config, text).with_source(error)
        })?;
        let url = format!("{origin}{target}");
        Ok(Self { origin, target, url })
    }
}

/// `https://host[:port]`, or a bare host, without adding or removing `clientauth.`.
pub(crate) fn place_of(text: &str) -> Result<Origin, Error> {
    let instance = Instance::pair(text, text).map_err(Error::instance)?;
    instance.origin(HostRole::Platform).cloned().map_err(Error::instance)
}

/// The OAuth server: set, allowed and found.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    pub(crate) given: Option<Arc<OAuthEndpoints>>,
    /// Hosts, beside the platform's, that `info` may name.
    pub(crate) allowed: Vec<Origin>,
    pub(crate) found: Mutex<Option<Arc<OAuthEndpoints>>>,
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Code;

    use super::*;

    #[test]
    fn address_is_read_once_and_as_it_stands() {
        let endpoints = OAuthEndpoints::below("https://Clientauth.One.test:8443/auth/").expect("a base");
        assert_eq!(endpoints.token.url, "https://clientauth.one.test:8443/auth/oauth2/token");
        assert_eq!(endpoints.token.origin.to_string(), "https://clientauth.one.test:8443");
        let revoke = endpoints.revoke.expect("a third");
        assert_eq!(revoke.target.as_str(), "/auth/oauth2/revoke");
        assert_eq!(OAuthEndpoints::new("https://one.test/t?x=1").expect("a query").token.target.as_str(), "/t?x=1");
    }

    #[test]
    fn other_addresses_are_refused_and_show_no_secret() {
        let code = |base: &str| {
            let error = OAuthEndpoints::below(base).expect_err(base);
            assert!(!error.to_string().contains("canary"), "{error}");
            error.code()
        };
        assert_eq!(code("http://one.test"), Code::SEC_05);
        assert_eq!(code("http://127.0.0.1:80"), Code::SEC_05);
        assert_eq!(code("https://canary:canary@one.test"), Code::HO_02);
        assert_eq!(code("ftp://one.test"), Code::HO_02);
        assert_eq!(code("https://one.test/?canary"), Code::CFG_01);
        assert_eq!(code("https://one.test/../x"), Code::CFG_01);
        assert_eq!(code("https:///x"), Code::HO_02);
    }
}
