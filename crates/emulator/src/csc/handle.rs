//! What a test may read of content signing: ids, secrets, certificates, and the switch for the signer's consent.

use std::fmt;

use digicert_one_testbed::ClientCert;

use super::state::CscState;

/// The content-signing side of a running emulator, as [`Emulator::csc`](crate::Emulator::csc) returns it.
///
/// ```
/// use digicert_one_emulator::{Emulator, EmulatorOptions};
///
/// let emulator = Emulator::start_blocking(EmulatorOptions::default())?;
/// let csc = emulator.csc();
/// let token = format!("{}/oauth2/token", emulator.platform_url());
/// println!("client {} asks at {token}; it can sign with {:?}", csc.client_id(), csc.credential_ids());
/// assert!(csc.certificate_pem("rsa").is_some_and(|chain| chain.contains("BEGIN CERTIFICATE")));
/// # Ok::<_, digicert_one_emulator::EmulatorError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Csc<'e>(pub(crate) &'e CscState);

impl<'e> Csc<'e> {
    /// The id of the first OAuth client.
    pub fn client_id(&self) -> &'e str {
        &self.0.options.clients[0].id
    }

    /// The secret of the first OAuth client.
    pub fn client_secret(&self) -> &'e str {
        self.0.options.clients[0].secret.as_deref().unwrap_or_default()
    }

    /// The first redirect URI of the first OAuth client, if it has one.
    pub fn redirect_uri(&self) -> Option<&'e str> {
        self.0.options.clients[0].redirect_uris.first().map(String::as_str)
    }

    /// The secret of the OAuth client of this id.
    pub fn secret_of(&self, client_id: &str) -> Option<&'e str> {
        self.0.options.clients.iter().find(|client| client.id == client_id)?.secret.as_deref()
    }

    /// The name of the first digest user, if there is one.
    pub fn digest_user(&self) -> Option<&'e str> {
        self.0.options.digest_users.first().map(|user| user.name.as_str())
    }

    /// The password of the first digest user, if there is one.
    pub fn digest_password(&self) -> Option<&'e str> {
        self.0.options.digest_users.first()?.password.as_deref()
    }

    /// The id of the signer who signs in where a browser would open; what `user_id` takes.
    pub fn signer_id(&self) -> &'e str {
        &self.0.options.signer_id
    }

    /// The ids of all signing credentials, in the order of the options. There is at least one.
    pub fn credential_ids(&self) -> Vec<&'e str> {
        self.0.credentials.iter().map(|credential| credential.spec.id.as_str()).collect()
    }

    /// The certificate of a signing credential with the chain, leaf first. Its key is made at the first call for it.
    pub fn certificate(&self, credential_id: &str) -> Option<&'e ClientCert> {
        Some(self.0.credential(credential_id)?.certificate())
    }

    /// The same in PEM: the leaf, then its issuer. (The root is [`Emulator::ca_pem`](crate::Emulator::ca_pem).)
    pub fn certificate_pem(&self, credential_id: &str) -> Option<String> {
        Some(self.certificate(credential_id)?.chain_pem())
    }

    /// Whether the signer agrees from now on, when `/oauth2/authorize` asks; otherwise the response is `access_denied`.
    pub fn set_signer_agrees(&self, agrees: bool) {
        self.0.set_signer_agrees(agrees);
    }
}

impl fmt::Debug for Csc<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Csc");
        debug
            .field("client_id", &self.client_id())
            .field("credential_ids", &self.credential_ids())
            .finish_non_exhaustive()
    }
}
