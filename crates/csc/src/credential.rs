//! The credentials of CSC. None of them is a [`Credential`](digicert_one_core::Credential), so that a CSC token cannot be used for the core
//! product APIs.

use std::fmt;

use digicert_one_core::{ApiKey, Secret};

use crate::secret::CscToken;

/// A credential for CSC.
///
/// | made by | what goes on the wire | when |
/// |---|---|---|
/// | [`api_key`](Self::api_key) | `x-api-key` | the default of DigiCert's own guide |
/// | [`client_credentials`](Self::client_credentials) | `Authorization: Bearer`, a token for id and secret | programs of their own |
/// | [`authorization_code`](Self::authorization_code) | `Authorization: Bearer`, a token for a signer who has signed in | programs that act for a signer |
/// | [`digest`](Self::digest) | `Authorization: Bearer`, a token for user and password | experimental |
/// | [`bearer`](Self::bearer) | `Authorization: Bearer`, this token | tokens from elsewhere |
///
/// Source: DigiCert, Content Signing Service, "Authentication methods"; CSC API v1.0.4 (spec).
///
/// ```
/// use digicert_one_core::Secret;
/// use digicert_one_csc::CscCredential;
///
/// let secret = Secret::new("from a store", "environment variable CSC_CLIENT_SECRET");
/// let credential = CscCredential::client_credentials("my-client-id", secret);
/// assert!(!format!("{credential:?}").contains("from a store"));
/// ```
pub struct CscCredential(pub(crate) Kind);

pub(crate) enum Kind {
    ApiKey(ApiKey),
    Bearer(CscToken),
    ClientCredentials(OAuthClient),
    AuthorizationCode { client: OAuthClient, redirect_uri: String, refresh_token: Option<Secret> },
    Digest { user: String, password: Secret },
}

/// An OAuth client as it was registered.
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
}

impl CscCredential {
    /// An API key, sent as `x-api-key` to the platform host.
    #[must_use]
    pub fn api_key(key: ApiKey) -> Self {
        Self(Kind::ApiKey(key))
    }

    /// A fixed token. It is used until it expires, and is not replaced.
    #[must_use]
    pub fn bearer(token: CscToken) -> Self {
        Self(Kind::Bearer(token))
    }

    /// OAuth client credentials (RFC 6749 §4.4): id and secret of the OAuth integration, from Account Manager or DigiCert.
    #[must_use]
    pub fn client_credentials(client_id: impl Into<String>, secret: Secret) -> Self {
        Self(Kind::ClientCredentials(OAuthClient { id: client_id.into(), secret: Some(secret) }))
    }

    /// OAuth authorization code (RFC 6749 §4.1) with PKCE (RFC 7636): a signer signs in with a browser. `redirect_uri` as it was
    /// registered; the secret where the integration has one.
    ///
    /// See [`authorize_url`](crate::CscClient::authorize_url).
    #[must_use]
    pub fn authorization_code(
        client_id: impl Into<String>,
        secret: Option<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        let client = OAuthClient { id: client_id.into(), secret };
        Self(Kind::AuthorizationCode { client, redirect_uri: redirect_uri.into(), refresh_token: None })
    }

    /// Starts with a refresh token of an earlier sign-in, so that no sign-in is needed. Without effect on credentials other
    /// than [`authorization_code`](Self::authorization_code).
    #[must_use]
    pub fn with_refresh_token(mut self, token: Secret) -> Self {
        if let Kind::AuthorizationCode { refresh_token, .. } = &mut self.0 {
            *refresh_token = Some(token);
        }
        self
    }

    /// **Experimental.** User and password, sent to `auth/login` by HTTP Digest (RFC 7616), which responds with a token. DigiCert's
    /// pages only name "digest"; this follows the CSC specification (inferred). Used only where `info`
    /// lists `digest`.
    #[must_use]
    pub fn digest(user: impl Into<String>, password: Secret) -> Self {
        Self(Kind::Digest { user: user.into(), password })
    }
}

impl Kind {
    /// The name of its kind, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "API key",
            Self::Bearer(_) => "bearer token",
            Self::ClientCredentials(_) => "OAuth client credentials",
            Self::AuthorizationCode { .. } => "OAuth authorization code",
            Self::Digest { .. } => "HTTP Digest login",
        }
    }
}

impl fmt::Debug for CscCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CscCredential({}, redacted)", self.name())
    }
}
