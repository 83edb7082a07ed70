//! The options of content signing: OAuth clients, digest users, signing credentials, lifetimes.
//!
//! Plain data; validated at start. Missing secrets are generated then, and returned by
//! [`Emulator::csc`](crate::Emulator::csc).

use std::time::Duration;

use crate::words::{debug_only, options, words};

/// The id of the default signer.
pub(crate) const SIGNER: &str = "88888888-8888-4888-8888-888888888888";

options! {
    /// The options of content signing. The default: one OAuth client, one digest user, and four credentials of one signer (`rsa`,
    /// `rsa-scal2`, `rsa-oauth`, `ecdsa`).
    #[derive(Clone, Debug)]
    pub struct CscOptions: Default {
        /// The OAuth clients; at least one.
        clients: Vec<OAuthClientSpec> = vec![OAuthClientSpec::new("emulator-client")],
            set(clients: impl IntoIterator<Item = OAuthClientSpec>) clients.into_iter().collect();
        /// Users of `auth/login`. If empty, the digest flow is not offered.
        digest_users: Vec<DigestUserSpec> = vec![DigestUserSpec::new("signer")],
            set(users: impl IntoIterator<Item = DigestUserSpec>) users.into_iter().collect();
        /// Whether `auth/login` accepts HTTP Basic too.
        basic: bool = false, set(basic: bool) basic;
        /// The signing credentials; at least one.
        credentials: Vec<CscCredentialSpec> = vec![
            CscCredentialSpec::new("rsa"),
            CscCredentialSpec::new("rsa-scal2").scal(Scal::Two),
            CscCredentialSpec::new("rsa-oauth").scal(Scal::Two).auth_mode(AuthMode::OAuth2Code),
            CscCredentialSpec::new("ecdsa").key(SigningKey::P256),
        ], set(credentials: impl IntoIterator<Item = CscCredentialSpec>) credentials.into_iter().collect();
        /// The id of the signer who signs in at the authorisation endpoint: the owner of tokens of the code flow.
        signer_id: String = SIGNER.to_owned();
        /// Whether that signer agrees at first. (Later: [`Csc::set_signer_agrees`](crate::Csc::set_signer_agrees).)
        signer_agrees: bool = true, set(agrees: bool) agrees;
        /// Whether `/oauth2/authorize` requires PKCE.
        pkce_required: bool = false, set(required: bool) required;
        /// How long an access token lives, in whole seconds. The platform: 1 hour, 24 on request.
        token_lifetime: Duration = Duration::from_secs(3600), set(lifetime: Duration) lifetime;
        /// How long a refresh token lives. (inferred)
        refresh_lifetime: Duration = Duration::from_secs(30 * 24 * 3600);
        /// How long signature activation data lives, in whole seconds. (inferred)
        sad_lifetime: Duration = Duration::from_secs(300), set(lifetime: Duration) lifetime;
        /// How long a nonce of the digest flow is fresh. (inferred)
        nonce_lifetime: Duration = Duration::from_secs(300);
    }
}

options! {
    /// An OAuth client to create: confidential, like those of the platform.
    #[derive(Clone)]
    pub struct OAuthClientSpec {
        /// Unique.
        id: String = String::new();
        /// Its secret, for tests that must know it beforehand; `None` generates one.
        secret: Option<String> = None, set(secret: impl Into<String>) Some(secret.into());
        /// Where codes may be sent; compared letter by letter.
        redirect_uris: Vec<String> = vec!["https://client.example.test/callback".to_owned()],
            set(uris: impl IntoIterator<Item = impl Into<String>>) uris.into_iter().map(Into::into).collect();
    }
}

options! {
    /// A user who logs in with a password, to create.
    #[derive(Clone)]
    pub struct DigestUserSpec {
        /// Unique.
        name: String = String::new();
        /// The password, for tests that must know it beforehand; `None` generates one.
        password: Option<String> = None, set(password: impl Into<String>) Some(password.into());
        /// The id of the signer that this is.
        user_id: String = SIGNER.to_owned(), set(user_id: impl Into<String>) user_id.into();
    }
}

options! {
    /// A signing credential to create.
    #[derive(Clone)]
    pub struct CscCredentialSpec {
        /// Unique.
        id: String = String::new();
        /// The id of the signer that it belongs to.
        user_id: String = SIGNER.to_owned(), set(user_id: impl Into<String>) user_id.into();
        /// The kind of key.
        key: SigningKey = SigningKey::Rsa2048, set(key: SigningKey) key;
        /// How tightly an authorisation is bound.
        scal: Scal = Scal::One, set(scal: Scal) scal;
        /// How the signer authorises.
        auth_mode: AuthMode = AuthMode::Implicit, set(auth_mode: AuthMode) auth_mode;
        /// How many signatures one authorisation may cover.
        multisign: u32 = 200, set(multisign: u32) multisign;
        /// Whether its key is enabled.
        enabled: bool = true, set(enabled: bool) enabled;
        /// The PIN that [`AuthMode::Explicit`] asks for, if it asks for one.
        pin: Option<String> = None;
        /// The one-time password that [`AuthMode::Explicit`] requires, if any. Here it is always the same.
        otp: Option<String> = None;
    }
}

/// The kinds of key that sign hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningKey {
    /// RSA, 2048 bits: PKCS#1 v1.5 over SHA-256, SHA-384 or SHA-512.
    Rsa2048,
    /// ECDSA on P-256, over SHA-256.
    P256,
    /// ECDSA on P-384, over SHA-384.
    P384,
}

words! { "SCAL",
    /// The sole control assurance level: what signature activation data is bound to.
    pub enum Scal {
        /// To the credential and a number of signatures.
        One = "1",
        /// To the hashes as well.
        Two = "2",
    }
}

words! { "authMode",
    /// How a signer authorises signatures.
    pub enum AuthMode {
        /// `credentials/authorize`, without more.
        Implicit = "implicit",
        /// `credentials/authorize`, with the PIN and the one-time password that the credential has.
        Explicit = "explicit",
        /// `/oauth2/authorize` with the scope `credential`.
        OAuth2Code = "oauth2code",
    }
}

impl OAuthClientSpec {
    /// A client with a generated secret and one redirect URI, `https://client.example.test/callback`.
    pub fn new(id: impl Into<String>) -> Self {
        OAuthClientSpec { id: id.into(), ..OAuthClientSpec::defaults() }
    }
}

impl DigestUserSpec {
    /// The default signer under this name, with a generated password.
    pub fn new(name: impl Into<String>) -> Self {
        DigestUserSpec { name: name.into(), ..DigestUserSpec::defaults() }
    }
}

impl CscCredentialSpec {
    /// An enabled RSA credential of the default signer: SCAL 1, no PIN, up to 200 signatures for one authorisation.
    pub fn new(id: impl Into<String>) -> Self {
        CscCredentialSpec { id: id.into(), ..CscCredentialSpec::defaults() }
    }

    /// Requires this PIN, which makes the credential [explicit](AuthMode::Explicit).
    #[must_use]
    pub fn pin(self, pin: impl Into<String>) -> Self {
        CscCredentialSpec { pin: Some(pin.into()), auth_mode: AuthMode::Explicit, ..self }
    }

    /// Requires this one-time password, which makes the credential [explicit](AuthMode::Explicit).
    #[must_use]
    pub fn otp(self, otp: impl Into<String>) -> Self {
        CscCredentialSpec { otp: Some(otp.into()), auth_mode: AuthMode::Explicit, ..self }
    }
}

debug_only! {
    OAuthClientSpec { id, redirect_uris }
    DigestUserSpec { name }
    CscCredentialSpec { id, user_id, key, scal, auth_mode, multisign, enabled }
}

impl CscOptions {
    /// Why these options are invalid, in words that follow "the content-signing options".
    pub(crate) fn defect(&self) -> Option<&'static str> {
        let repeated = |names: Vec<&String>| (1..names.len()).any(|end| names[..end].contains(&names[end]));
        let mut uris = self.clients.iter().flat_map(|client| &client.redirect_uris);
        let clients = repeated(self.clients.iter().map(|client| &client.id).collect());
        let credentials = repeated(self.credentials.iter().map(|credential| &credential.id).collect());
        let users = repeated(self.digest_users.iter().map(|user| &user.name).collect());
        let fragment = "have a redirect URI with a fragment, which OAuth forbids (RFC 6749 §3.1.2)";
        let checks = [
            (self.clients.is_empty(), "have no OAuth client; give at least one"),
            (self.credentials.is_empty(), "have no signing credential; give at least one"),
            (clients, "have two OAuth clients of one id; ids are unique"),
            (credentials, "have two signing credentials of one id; ids are unique"),
            (users, "have two digest users of one name; names are unique"),
            (uris.any(|uri| uri.contains('#')), fragment),
        ];
        checks.into_iter().find(|(defective, _)| *defective).map(|(_, defect)| defect)
    }
}
