//! The HTTP Digest challenge (RFC 7616) of a login with user and password.

use std::fmt;

use http::header::{HeaderMap, WWW_AUTHENTICATE};
use http_auth::digest::{Algorithm, DigestClient, Qop};
use http_auth::parse_challenges;

/// The challenge of the server, with the use count of its nonce.
pub(crate) struct Challenge(pub(crate) DigestClient);

impl Challenge {
    /// The best challenge of a response: SHA-256 before MD5, and always with `qop=auth`.
    pub(crate) fn best(headers: &HeaderMap) -> Option<Self> {
        let mut offered: Vec<DigestClient> = headers
            .get_all(WWW_AUTHENTICATE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .filter_map(|text| parse_challenges(text).ok())
            .flatten()
            .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("digest"))
            .filter_map(|challenge| DigestClient::try_from(&challenge).ok())
            .filter(|client| client.qop() & Qop::Auth && !client.rfc2069_compat())
            .collect();
        // Stable: the server's order among equals.
        offered.sort_by_key(|client| matches!(client.algorithm(), Algorithm::Md5));
        offered.into_iter().next().map(Self)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}
