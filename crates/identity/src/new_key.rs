//! Private keys that never leave this machine, and the requests (PKCS#10, RFC 2986) that get certificates for them. RSA keys
//! are read everywhere here and made nowhere: elliptic curves do the same in a hundredth of the time.

use std::fmt;
use std::str::FromStr;

use der::asn1::{SetOfVec, Utf8StringRef};
use der::{Any, Decode, Encode};
use digicert_one_core::{ClientIdentity, Code, CredentialError, Secret, Warning};
use p256::elliptic_curve::Generate;
use p256::pkcs8::EncodePrivateKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::{Builder, RequestBuilder};
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::request::CertReq;
use zeroize::Zeroizing;

use crate::pem;
use crate::{Rules, client_identity};

/// RFC 5280, appendix A.1: `ub-common-name`.
const LONGEST_COMMON_NAME: usize = 64;
const COMMON_NAME: der::asn1::ObjectIdentifier = der::asn1::ObjectIdentifier::new_unwrap("2.5.4.3");
const CLIENT_AUTH: der::asn1::ObjectIdentifier = der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// The kinds of key that can be made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256; what every TLS stack takes.
    #[default]
    P256,
    /// ECDSA on NIST P-384.
    P384,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        })
    }
}

impl FromStr for KeyAlgorithm {
    type Err = CredentialError;

    /// `p256` or `p384`, in any case and with a hyphen or not.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().replace('-', "").as_str() {
            "p256" => Ok(Self::P256),
            "p384" => Ok(Self::P384),
            _ => Err(CredentialError::new(Code::CFG_01, "keys of this kind cannot be made here; take p256 or p384")),
        }
    }
}

/// A private key that was made here. Its only form is PKCS#8; wiped when dropped, never printed.
///
/// ```
/// use digicert_one_identity::{KeyAlgorithm, NewKey};
///
/// let key = NewKey::generate(KeyAlgorithm::P256)?;
/// let request = key.csr_pem("ci-pipeline")?;
/// assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
/// assert_eq!(format!("{key:?}"), "NewKey(P-256, redacted)");
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
pub struct NewKey {
    algorithm: KeyAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl NewKey {
    /// Makes a key out of the system's random numbers.
    ///
    /// # Errors
    /// The system gives none.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, CredentialError> {
        let no_numbers = |error: getrandom::Error| {
            CredentialError::new(Code::ID_13, "the system gives no random numbers to make a key of").with_source(error)
        };
        let pkcs8 = match algorithm {
            KeyAlgorithm::P256 => p256::SecretKey::try_generate().map_err(no_numbers)?.to_pkcs8_der(),
            KeyAlgorithm::P384 => p384::SecretKey::try_generate().map_err(no_numbers)?.to_pkcs8_der(),
        };
        let pkcs8 = pkcs8.map_err(|_| CredentialError::new(Code::ID_07, "the new key cannot be written as PKCS#8"))?;
        Ok(Self { algorithm, pkcs8: Zeroizing::new(pkcs8.as_bytes().to_vec()) })
    }

    /// Takes up a key again that was made here and kept as PKCS#8 PEM.
    ///
    /// # Errors
    /// It is not such a key; names the origin.
    pub fn from_pem(secret: &Secret) -> Result<Self, CredentialError> {
        let damaged = || {
            CredentialError::new(Code::ID_07, "it does not hold one private key of the kind that is made here")
                .at(secret.origin().to_string())
        };
        let mut sections = pem::sections(secret.expose());
        let pkcs8 = match (sections.next(), sections.next()) {
            (Some(Ok(section)), None) if section.label == "PRIVATE KEY" => section.body,
            _ => return Err(damaged()),
        };
        let algorithm = if p256::SecretKey::try_from(info(&pkcs8).ok_or_else(damaged)?).is_ok() {
            KeyAlgorithm::P256
        } else if p384::SecretKey::try_from(info(&pkcs8).ok_or_else(damaged)?).is_ok() {
            KeyAlgorithm::P384
        } else {
            return Err(damaged());
        };
        Ok(Self { algorithm, pkcs8 })
    }

    /// The kind of key.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key as PKCS#8 PEM, to be kept before its request is sent.
    #[must_use]
    pub fn to_pem(&self) -> Secret {
        let label = "PRIVATE KEY";
        // Fails on labels with control characters only.
        let text = pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, &self.pkcs8).unwrap_or_default();
        Secret::new(text.into_bytes(), "a key just made")
    }

    /// A request for a client certificate in this name, signed with the key, as PEM. It asks for digital signatures and client
    /// authentication; what the certificate is for is the issuer's choice all the same.
    ///
    /// # Errors
    /// The name is empty, longer than 64 characters or has control characters.
    pub fn csr_pem(&self, common_name: &str) -> Result<String, CredentialError> {
        let failed =
            |what: &str| CredentialError::new(Code::ID_07, format!("the certificate request cannot be {what}"));
        let der = self.request(subject(common_name)?)?.to_der().map_err(|_| failed("written"))?;
        pem_rfc7468::encode_string("CERTIFICATE REQUEST", pem_rfc7468::LineEnding::LF, &der)
            .map_err(|_| failed("written"))
    }

    fn request(&self, subject: Name) -> Result<CertReq, CredentialError> {
        let failed = || CredentialError::new(Code::ID_07, "the certificate request cannot be built");
        let mut request = RequestBuilder::new(subject).map_err(|_| failed())?;
        request.add_extension(&KeyUsage(KeyUsages::DigitalSignature.into())).map_err(|_| failed())?;
        request.add_extension(&ExtendedKeyUsage(vec![CLIENT_AUTH])).map_err(|_| failed())?;
        let info = || info(&self.pkcs8).ok_or_else(failed);
        match self.algorithm {
            KeyAlgorithm::P256 => {
                let key = p256::SecretKey::try_from(info()?).map_err(|_| failed())?;
                request.build::<_, p256::ecdsa::DerSignature>(&p256::ecdsa::SigningKey::from(key))
            }
            KeyAlgorithm::P384 => {
                let key = p384::SecretKey::try_from(info()?).map_err(|_| failed())?;
                request.build::<_, p384::ecdsa::DerSignature>(&p384::ecdsa::SigningKey::from(key))
            }
        }
        .map_err(|_| failed())
    }

    /// Puts the key together with the certificate that was issued for it: PEM texts or DER, the leaf and its chain in any
    /// order. Checked are that they belong together and what else a server would refuse.
    ///
    /// # Errors
    /// The certificate is another key's (ID-01), or one that cannot be used (ID-07 to ID-17). The key is still there.
    pub fn into_identity(
        &self,
        certificates: &Secret,
        rules: &Rules,
        warnings: &mut Vec<Warning>,
    ) -> Result<ClientIdentity, CredentialError> {
        crate::read_client_identity(certificates, Some(&self.to_pem()), None, rules, warnings)
    }

    /// Puts the key together with exactly this chain, leaf first, and checks only that they belong together: for keeping what
    /// was issued, whatever else may be said of it.
    ///
    /// # Errors
    /// The certificate is another key's (ID-01) or cannot be read (ID-07).
    pub fn pair_with(&self, chain: Vec<CertificateDer<'static>>) -> Result<ClientIdentity, CredentialError> {
        client_identity(chain, &PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.pkcs8.as_slice())))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({}, redacted)", self.algorithm)
    }
}

fn info(pkcs8: &[u8]) -> Option<p256::pkcs8::PrivateKeyInfoRef<'_>> {
    p256::pkcs8::PrivateKeyInfoRef::try_from(pkcs8).ok()
}

/// Built of its parts: a text form would have to be escaped.
fn subject(common_name: &str) -> Result<Name, CredentialError> {
    let length = common_name.chars().count();
    if length == 0 || length > LONGEST_COMMON_NAME || common_name.chars().any(char::is_control) {
        let message = format!(
            "the common name of a certificate request has 1 to {LONGEST_COMMON_NAME} characters and no control characters; \
             this one has {length} characters"
        );
        return Err(CredentialError::new(Code::CFG_01, message));
    }
    let built = || -> der::Result<Name> {
        let value = Any::encode_from(&Utf8StringRef::new(common_name)?)?;
        let mut parts = SetOfVec::new();
        parts.insert(AttributeTypeAndValue { oid: COMMON_NAME, value })?;
        let mut sequence = RdnSequence::default();
        sequence.push(RelativeDistinguishedName::from(parts));
        Name::from_der(&sequence.to_der()?)
    };
    built().map_err(|_| CredentialError::new(Code::CFG_01, "the common name cannot stand in a certificate request"))
}
