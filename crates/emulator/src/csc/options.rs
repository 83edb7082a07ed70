//! The options of content signing: OAuth clients, digest users, signing credentials, lifetimes.
//!
//! Plain data; it is checked at start. Secrets that are left out are made then, and returned by [`Emulator::csc`](crate::Emulator::csc).

use std::time::Duration;

use crate::words::{debug_only, setters, words};

/// The id of the one signer that the default options know.
pub(crate) const SIGNER: &str = "88888888-8888-4888-8888-888888888888";

/// The options of content signing. The default: one OAuth client, one digest user, and four credentials of
/// one signer (`rsa`, `rsa-scal2`, `rsa-oauth`, `ecdsa`).
///
/// ```
/// use digicert_one_emulator::{CscOptions, Emulator, EmulatorOptions, OAuthClientSpec};
///
/// let client = OAuthClientSpec::new("my-client").redirect_uris(["http://127.0.0.1:7777/callback"]);
/// let emulator = Emulator::start_blocking(EmulatorOptions::default().csc(CscOptions::default().clients([client])))?;
/// assert_eq!(emulator.csc().client_id(), "my-client");
/// # Ok::<_, digicert_one_emulator::EmulatorError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CscOptions {
    /// The OAuth clients; at least one.
    pub clients: Vec<OAuthClientSpec>,
    /// Who can log in at `auth/login`. If empty, the digest flow is not offered.
    pub digest_users: Vec<DigestUserSpec>,
    /// Whether `auth/login` takes HTTP Basic too.
    pub basic: bool,
    /// The signing credentials; at least one.
    pub credentials: Vec<CscCredentialSpec>,
    /// The id of the signer who signs in where a browser would open: whose tokens the code flow makes.
    pub signer_id: String,
    /// Whether that signer agrees at first. (Later: [`Csc::set_signer_agrees`](crate::Csc::set_signer_agrees).)
    pub signer_agrees: bool,
    /// Whether `/oauth2/authorize` insists on PKCE.
    pub pkce_required: bool,
    /// How long an access token lives. The platform: 1 hour, 24 on request.
    pub token_lifetime: Duration,
    /// How long a refresh token lives. (inferred)
    pub refresh_lifetime: Duration,
    /// How long signature activation data lives. (inferred)
    pub sad_lifetime: Duration,
    /// How long a nonce of the digest flow is fresh. (inferred)
    pub nonce_lifetime: Duration,
}

/// An OAuth client to create: confidential, as the platform makes them.
#[derive(Clone)]
#[non_exhaustive]
pub struct OAuthClientSpec {
    /// Unique.
    pub id: String,
    /// Its secret; `None` makes one.
    pub secret: Option<String>,
    /// Where codes may be sent; compared letter by letter.
    pub redirect_uris: Vec<String>,
}

/// A user who logs in with a password, to create.
#[derive(Clone)]
#[non_exhaustive]
pub struct DigestUserSpec {
    /// Unique.
    pub name: String,
    /// The password; `None` makes one.
    pub password: Option<String>,
    /// The id of the signer that this is.
    pub user_id: String,
}

/// A signing credential to create.
#[derive(Clone)]
#[non_exhaustive]
pub struct CscCredentialSpec {
    /// Unique.
    pub id: String,
    /// The id of the signer that it belongs to.
    pub user_id: String,
    /// The kind of key.
    pub key: SigningKey,
    /// How tightly an authorisation is bound.
    pub scal: Scal,
    /// How the signer authorises.
    pub auth_mode: AuthMode,
    /// How many signatures one authorisation may cover.
    pub multisign: u32,
    /// Whether its key is enabled.
    pub enabled: bool,
    /// The PIN that [`AuthMode::Explicit`] asks for, if it asks for one.
    pub pin: Option<String>,
    /// The one-time password that [`AuthMode::Explicit`] asks for, if it asks for one. Here it is always the same.
    pub otp: Option<String>,
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

impl Default for CscOptions {
    fn default() -> Self {
        CscOptions {
            clients: vec![OAuthClientSpec::new("emulator-client")],
            digest_users: vec![DigestUserSpec::new("signer")],
            basic: false,
            credentials: vec![
                CscCredentialSpec::new("rsa"),
                CscCredentialSpec::new("rsa-scal2").scal(Scal::Two),
                CscCredentialSpec::new("rsa-oauth").scal(Scal::Two).auth_mode(AuthMode::OAuth2Code),
                CscCredentialSpec::new("ecdsa").key(SigningKey::P256),
            ],
            signer_id: SIGNER.to_owned(),
            signer_agrees: true,
            pkce_required: false,
            token_lifetime: Duration::from_secs(3600),
            refresh_lifetime: Duration::from_secs(30 * 24 * 3600),
            sad_lifetime: Duration::from_secs(300),
            nonce_lifetime: Duration::from_secs(300),
        }
    }
}

setters! { CscOptions {
    /// Sets the OAuth clients.
    clients(clients: impl IntoIterator<Item = OAuthClientSpec>) clients = clients.into_iter().collect();
    /// Sets who can log in at `auth/login`.
    digest_users(users: impl IntoIterator<Item = DigestUserSpec>) digest_users = users.into_iter().collect();
    /// Sets the signing credentials.
    credentials(credentials: impl IntoIterator<Item = CscCredentialSpec>) credentials = credentials.into_iter().collect();
    /// Sets how long an access token lives (whole seconds).
    token_lifetime(lifetime: Duration) token_lifetime = lifetime;
    /// Sets how long signature activation data lives (whole seconds).
    sad_lifetime(lifetime: Duration) sad_lifetime = lifetime;
} }

impl CscOptions {
    /// Makes `auth/login` accept HTTP Basic too.
    #[must_use]
    pub fn with_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    /// Makes the signer refuse from the start.
    #[must_use]
    pub fn signer_refuses(mut self) -> Self {
        self.signer_agrees = false;
        self
    }

    /// Makes `/oauth2/authorize` require PKCE.
    #[must_use]
    pub fn pkce_required(mut self) -> Self {
        self.pkce_required = true;
        self
    }
}

impl OAuthClientSpec {
    /// A client with a generated secret and one redirect URI, `https://client.example.test/callback`.
    pub fn new(id: impl Into<String>) -> Self {
        let redirect_uris = vec!["https://client.example.test/callback".to_owned()];
        OAuthClientSpec { id: id.into(), secret: None, redirect_uris }
    }

    /// Sets where codes may be sent.
    #[must_use]
    pub fn redirect_uris<U: Into<String>>(mut self, uris: impl IntoIterator<Item = U>) -> Self {
        self.redirect_uris = uris.into_iter().map(Into::into).collect();
        self
    }
}

setters! { OAuthClientSpec {
    /// Sets the secret, for a test that must know it beforehand.
    secret(secret: impl Into<String>) secret = Some(secret.into());
} }

impl DigestUserSpec {
    /// The default signer under this name, with a generated password.
    pub fn new(name: impl Into<String>) -> Self {
        DigestUserSpec { name: name.into(), password: None, user_id: SIGNER.to_owned() }
    }
}

setters! { DigestUserSpec {
    /// Sets the password, for a test that must know it beforehand.
    password(password: impl Into<String>) password = Some(password.into());
    /// Sets which signer this is.
    user_id(user_id: impl Into<String>) user_id = user_id.into();
} }

impl CscCredentialSpec {
    /// An enabled RSA credential of the default signer: SCAL 1, no PIN, up to 200 signatures for one authorisation.
    pub fn new(id: impl Into<String>) -> Self {
        CscCredentialSpec {
            id: id.into(),
            user_id: SIGNER.to_owned(),
            key: SigningKey::Rsa2048,
            scal: Scal::One,
            auth_mode: AuthMode::Implicit,
            multisign: 200,
            enabled: true,
            pin: None,
            otp: None,
        }
    }

    /// Asks for this PIN, which makes the credential an [explicit](AuthMode::Explicit) one.
    #[must_use]
    pub fn pin(mut self, pin: impl Into<String>) -> Self {
        (self.pin, self.auth_mode) = (Some(pin.into()), AuthMode::Explicit);
        self
    }

    /// Asks for this one-time password, which makes the credential an [explicit](AuthMode::Explicit) one.
    #[must_use]
    pub fn otp(mut self, otp: impl Into<String>) -> Self {
        (self.otp, self.auth_mode) = (Some(otp.into()), AuthMode::Explicit);
        self
    }

    /// Makes it one with a disabled key.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

setters! { CscCredentialSpec {
    /// Sets the signer that it belongs to.
    user_id(user_id: impl Into<String>) user_id = user_id.into();
    /// Sets the kind of key.
    key(key: SigningKey) key = key;
    /// Sets how tightly an authorisation is bound.
    scal(scal: Scal) scal = scal;
    /// Sets how the signer authorises.
    auth_mode(auth_mode: AuthMode) auth_mode = auth_mode;
    /// Sets how many signatures one authorisation may cover.
    multisign(multisign: u32) multisign = multisign;
} }

debug_only! {
    OAuthClientSpec { id, redirect_uris }
    DigestUserSpec { name }
    CscCredentialSpec { id, user_id, key, scal, auth_mode, multisign, enabled }
}

impl CscOptions {
    /// Why these options are invalid, in words that follow "the content-signing options".
    pub(crate) fn defect(&self) -> Option<&'static str> {
        let repeated = |names: Vec<&str>| (1..names.len()).any(|end| names[..end].contains(&names[end]));
        let uris = || self.clients.iter().flat_map(|client| &client.redirect_uris);
        let checks = [
            (self.clients.is_empty(), "have no OAuth client; give at least one"),
            (self.credentials.is_empty(), "have no signing credential; give at least one"),
            (
                repeated(self.clients.iter().map(|client| client.id.as_str()).collect()),
                "have two OAuth clients of one id; ids are unique",
            ),
            (
                repeated(self.credentials.iter().map(|credential| credential.id.as_str()).collect()),
                "have two signing credentials of one id; ids are unique",
            ),
            (
                repeated(self.digest_users.iter().map(|user| user.name.as_str()).collect()),
                "have two digest users of one name; names are unique",
            ),
            (
                uris().any(|uri| uri.contains('#')),
                "have a redirect URI with a fragment, which OAuth forbids (RFC 6749 §3.1.2)",
            ),
        ];
        checks.into_iter().find(|(defective, _)| *defective).map(|(_, defect)| defect)
    }
}
