//! A credential as collected by a source: bytes with their origins, not yet parsed. Every source produces
//! one, and only here is it parsed; so each format works from each source.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{
    ApiKey, ClientIdentity, Code, CredentialError, EndDate, FixedCredential, Generation, Lease, Material, Mode, Secret,
    Validity, Warning,
};
use digicert_one_identity::{ReadOptions, read_client_identity};
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::key_text::read_api_key;

/// The content of a source.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RawCredential {
    /// The API key, as text.
    pub api_key: Option<Secret>,
    /// The client certificate: PEM (with or without the key), DER, PKCS#12, or base64 of a PKCS#12.
    pub certificate: Option<Secret>,
    /// The certificate's private key, if separate.
    pub private_key: Option<Secret>,
    /// The password of the private key or the PKCS#12.
    pub password: Option<Secret>,
    /// The end date of the API key, if the source knows it.
    pub key_ends: Option<EndDate>,
    /// The end date of the service user, if the source knows it.
    pub owner_ends: Option<EndDate>,
    /// The credential to use, if not all that is present.
    pub mode: Option<Mode>,
    /// Warnings about the source itself.
    pub warnings: Vec<Warning>,
}

/// A credential that was read from a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadedCredential {
    /// What is sent.
    pub material: Material,
    /// When it is valid.
    pub validity: Validity,
    /// The origins of all that is used.
    pub source: Arc<str>,
    /// Warnings about the credential.
    pub warnings: Vec<Warning>,
}

/// SHA-256 of what is sent: shows whether a reading is a new generation, without comparing secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaterialHash([u8; 32]);

impl LoadedCredential {
    pub(crate) fn material_hash(&self) -> MaterialHash {
        let mut hash = Sha256::new();
        hash.update(self.material.identity().map_or([0; 32], ClientIdentity::thumbprint));
        hash.update(self.material.key().map(ApiKey::header_value).as_ref().map_or(&[][..], HeaderValue::as_bytes));
        MaterialHash(hash.finalize().into())
    }

    /// Returns the credential as one that never changes.
    #[must_use]
    pub fn fixed(&self) -> FixedCredential {
        FixedCredential::from_lease(self.lease(Generation::FIRST))
    }

    /// Returns the credential as a lease.
    #[must_use]
    pub fn lease(&self, generation: Generation) -> Lease {
        Lease::new(self.material.clone(), generation, Arc::clone(&self.source)).with_validity(self.validity)
    }
}

/// SHA-256 of everything in a raw credential: equal hashes mean that nothing changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentHash([u8; 32]);

impl fmt::Debug for ContentHash {
    /// Prints nothing: the hash of a short password can be searched for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentHash")
    }
}

impl RawCredential {
    /// Creates an empty raw credential.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the API key.
    #[must_use]
    pub fn with_api_key(mut self, key: Secret) -> Self {
        self.api_key = Some(key);
        self
    }

    /// Adds the client certificate, in any format, with or without its key.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Secret) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Adds the private key, if separate.
    #[must_use]
    pub fn with_private_key(mut self, key: Secret) -> Self {
        self.private_key = Some(key);
        self
    }

    /// Adds the password of the private key or the PKCS#12.
    #[must_use]
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// Uses only the API key or only the certificate.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Adds the known end dates: of the API key, and of the service user.
    #[must_use]
    pub fn with_ends(mut self, key: Option<EndDate>, owner: Option<EndDate>) -> Self {
        self.key_ends = key;
        self.owner_ends = owner;
        self
    }

    /// Parses and checks key and certificate.
    ///
    /// # Errors
    /// Returns an error if it is empty, if something is missing for the mode, or if a key or certificate
    /// cannot be used; each error names its origin.
    pub fn read(&self, rules: &ReadOptions) -> Result<LoadedCredential, CredentialError> {
        let mut warnings = self.warnings.clone();
        let mode = self.mode()?;
        let key = match mode {
            Mode::Key | Mode::Both => Some(self.read_key(&mut warnings)?),
            Mode::Certificate | Mode::Anonymous => None,
        };
        let identity = match (&self.certificate, mode) {
            (Some(certificate), Mode::Certificate | Mode::Both) => Some(read_client_identity(
                certificate,
                self.private_key.as_ref(),
                self.password.as_ref(),
                rules,
                &mut warnings,
            )?),
            _ => None,
        };
        let material = match (identity, key) {
            (Some(identity), Some(key)) => Material::certificate_and_key(identity, key),
            (Some(identity), None) => Material::certificate(identity),
            (None, Some(key)) => Material::api_key(key),
            (None, None) => return Err(missing("client certificate")),
        };
        let ends = |end: Option<EndDate>| end.map(EndDate::last_second);
        let key_ends = material.key().and(ends(self.key_ends));
        let validity = Validity::of(&material).with_key_ends(key_ends).with_owner_ends(ends(self.owner_ends));
        if !rules.allow_expired {
            validity.check(rules.now).map_err(|error| error.at(self.origins(&material)))?;
        }
        Ok(LoadedCredential { source: self.origins(&material).into(), material, validity, warnings })
    }

    /// Returns the names of everything that this material was created from.
    fn origins(&self, material: &Material) -> String {
        let origins = [
            material.key().and(self.api_key.as_ref()),
            material.identity().and(self.certificate.as_ref()),
            material.identity().and(self.private_key.as_ref()),
        ];
        let origins: Vec<&str> = origins.into_iter().flatten().map(|secret| &**secret.origin()).collect();
        origins.join(" and ")
    }

    /// Returns the mode: the requested one, else that for everything present.
    ///
    /// # Errors
    /// Returns an error if there is neither key nor certificate, or not what was requested.
    pub fn mode(&self) -> Result<Mode, CredentialError> {
        let (key, certificate) = (self.api_key.is_some(), self.certificate.is_some());
        match self.mode {
            Some(Mode::Key) if !key => Err(missing("API key")),
            Some(Mode::Certificate) if !certificate => Err(missing("client certificate")),
            Some(Mode::Both) if !key || !certificate => Err(missing("API key and client certificate")),
            Some(Mode::Anonymous) | None => match (key, certificate) {
                (true, true) => Ok(Mode::Both),
                (true, false) => Ok(Mode::Key),
                (false, true) => Ok(Mode::Certificate),
                (false, false) => Err(missing("API key or client certificate")),
            },
            Some(mode) => Ok(mode),
        }
    }

    /// Returns the hash of the whole content.
    pub(crate) fn content_hash(&self) -> ContentHash {
        let mut hash = Sha256::new();
        for part in [&self.api_key, &self.certificate, &self.private_key, &self.password] {
            // The length comes first, so that bytes cannot move from one part to the next without changing the hash.
            hash.update(part.as_ref().map_or(u64::MAX, |secret| secret.expose().len() as u64).to_le_bytes());
            hash.update(part.as_ref().map_or(&[][..], Secret::expose));
        }
        for end in [self.key_ends, self.owner_ends] {
            hash.update(end.map(|end| end.to_string()).unwrap_or_default());
            hash.update([0]);
        }
        ContentHash(hash.finalize().into())
    }

    fn read_key(&self, warnings: &mut Vec<Warning>) -> Result<ApiKey, CredentialError> {
        read_api_key(self.api_key.as_ref().ok_or_else(|| missing("API key"))?, warnings)
    }
}

fn missing(what: &str) -> CredentialError {
    CredentialError::new(Code::ID_13, format!("missing {what}"))
}
