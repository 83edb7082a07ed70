//! What the content-signing side is to be like: OAuth clients, people who log in by digest, signing credentials, lifetimes.
//!
//! Plain data with nothing checked; whether it fits together is decided at start. Secrets that are left out are made up
//! there, and are shown by [`Emulator::csc`](crate::Emulator::csc).

use std::fmt;
use std::time::Duration;

/// The id of the one signer that the default options know.
pub(crate) const SIGNER: &str = "88888888-8888-4888-8888-888888888888";

/// What the content-signing side is to be like. The default: one OAuth client, one digest user, and four credentials of
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
    /// Who can log in at `auth/login`. Nobody: the digest flow is not offered.
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

/// Somebody who logs in with a password, to create.
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

/// The sole control assurance level: what signature activation data is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scal {
    /// To the credential and a number of signatures.
    One,
    /// To the hashes as well.
    Two,
}

/// How a signer authorises signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// `credentials/authorize`, without more.
    Implicit,
    /// `credentials/authorize`, with the PIN and the one-time password that the credential has.
    Explicit,
    /// `/oauth2/authorize` with the scope `credential`.
    OAuth2Code,
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

impl CscOptions {
    /// Sets the OAuth clients.
    #[must_use]
    pub fn clients(mut self, clients: impl IntoIterator<Item = OAuthClientSpec>) -> Self {
        self.clients = clients.into_iter().collect();
        self
    }

    /// Sets who can log in at `auth/login`.
    #[must_use]
    pub fn digest_users(mut self, users: impl IntoIterator<Item = DigestUserSpec>) -> Self {
        self.digest_users = users.into_iter().collect();
        self
    }

    /// Sets the signing credentials.
    #[must_use]
    pub fn credentials(mut self, credentials: impl IntoIterator<Item = CscCredentialSpec>) -> Self {
        self.credentials = credentials.into_iter().collect();
        self
    }

    /// Makes `auth/login` take HTTP Basic too.
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

    /// Makes `/oauth2/authorize` insist on PKCE.
    #[must_use]
    pub fn pkce_required(mut self) -> Self {
        self.pkce_required = true;
        self
    }

    /// Sets how long an access token lives (whole seconds).
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Sets how long signature activation data lives (whole seconds).
    #[must_use]
    pub fn sad_lifetime(mut self, lifetime: Duration) -> Self {
        self.sad_lifetime = lifetime;
        self
    }
}

impl OAuthClientSpec {
    /// A client with a secret that is made up and one redirect URI, `https://client.example.test/callback`.
    pub fn new(id: impl Into<String>) -> Self {
        OAuthClientSpec {
            id: id.into(),
            secret: None,
            redirect_uris: vec!["https://client.example.test/callback".to_owned()],
        }
    }

    /// Sets the secret, for a test that must know it beforehand.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Sets where codes may be sent.
    #[must_use]
    pub fn redirect_uris<U: Into<String>>(mut self, uris: impl IntoIterator<Item = U>) -> Self {
        self.redirect_uris = uris.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Debug for OAuthClientSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OAuthClientSpec")
            .field("id", &self.id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

impl DigestUserSpec {
    /// The default signer under this name, with a password that is made up.
    pub fn new(name: impl Into<String>) -> Self {
        DigestUserSpec { name: name.into(), password: None, user_id: SIGNER.to_owned() }
    }

    /// Sets the password, for a test that must know it beforehand.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets which signer this is.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = user_id.into();
        self
    }
}

impl fmt::Debug for DigestUserSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DigestUserSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

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

    /// Sets whose it is.
    #[must_use]
    pub fn user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = user_id.into();
        self
    }

    /// Sets the kind of key.
    #[must_use]
    pub fn key(mut self, key: SigningKey) -> Self {
        self.key = key;
        self
    }

    /// Sets how tightly an authorisation is bound.
    #[must_use]
    pub fn scal(mut self, scal: Scal) -> Self {
        self.scal = scal;
        self
    }

    /// Sets how the signer authorises.
    #[must_use]
    pub fn auth_mode(mut self, auth_mode: AuthMode) -> Self {
        self.auth_mode = auth_mode;
        self
    }

    /// Sets how many signatures one authorisation may cover.
    #[must_use]
    pub fn multisign(mut self, multisign: u32) -> Self {
        self.multisign = multisign;
        self
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

impl fmt::Debug for CscCredentialSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CscCredentialSpec")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("key", &self.key)
            .field("scal", &self.scal)
            .field("auth_mode", &self.auth_mode)
            .field("multisign", &self.multisign)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
