//! Private keys: converts PKCS#1 and SEC1 to PKCS#8. The public half is computed from the private one, never
//! read from the file, so that a key with another key's public part is detected.

use data_encoding::HEXLOWER;
use digicert_one_core::{ClientIdentity, Code, CredentialError, PublicKey, algorithm_name};
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sec1::{EcParameters, EcPrivateKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::arithmetic::{public_of_ed25519, public_point};
use crate::curve::{Curve, NoPublicHalf};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The field of a curve that is described by its parameters.
const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Creates an identity from a chain (leaf first) and a key in PKCS#8, PKCS#1 or SEC1.
///
/// # Errors
/// Returns an error if the certificate is missing, if a certificate or key cannot be parsed, for a kind of key
/// that DigiCert ONE does not use (ID-07), and for a key that belongs to another certificate (ID-01).
pub fn client_identity(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
) -> Result<ClientIdentity, CredentialError> {
    let key = normalise(key)?;
    let pkcs8 = PrivatePkcs8KeyDer::from(key.pkcs8.as_slice());
    ClientIdentity::checked(chain, &pkcs8, |of_leaf, subject| {
        if key.public == *of_leaf {
            return Ok(());
        }
        let digest = |key: &PublicKey| HEXLOWER.encode(&Sha256::digest(key.bits())[..8]);
        let message = format!(
            "the private key does not belong to the certificate: certificate \"{subject}\" has the {of_leaf} public key sha256 \
             {}, the key is {} with sha256 {}",
            digest(of_leaf),
            key.public,
            digest(&key.public),
        );
        Err(CredentialError::new(Code::ID_01, message))
    })
}

/// A key in PKCS#8, with its public half.
struct Key {
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

/// Converts a key to PKCS#8 and computes its public half.
fn normalise(key: &PrivateKeyDer<'_>) -> Result<Key, CredentialError> {
    let pkcs8 = match key {
        PrivateKeyDer::Pkcs8(der) => Zeroizing::new(der.secret_pkcs8_der().to_vec()),
        PrivateKeyDer::Pkcs1(der) => {
            // RFC 8017 A.1: the parameters of rsaEncryption are NULL.
            wrap(AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }, der.secret_pkcs1_der())?
        }
        PrivateKeyDer::Sec1(der) => {
            let ec = EcPrivateKey::from_der(der.secret_sec1_der()).map_err(|_| {
                let field = PRIME_FIELD.as_bytes();
                match der.secret_sec1_der().windows(field.len()).any(|part| part == field) {
                    true => unsupported(&algorithm_name(&EC.to_string())),
                    false => unreadable(),
                }
            })?;
            // RFC 5915: the curve is in the key, but in PKCS#8 it is in the algorithm.
            let Some(EcParameters::NamedCurve(curve)) = ec.parameters else {
                return Err(CredentialError::new(Code::ID_07, "the EC private key does not name its curve"));
            };
            wrap(AlgorithmIdentifierRef { oid: EC, parameters: Some((&curve).into()) }, der.secret_sec1_der())?
        }
        _ => return Err(unreadable()),
    };
    let pkcs8 = with_whole_scalar(&pkcs8)?.unwrap_or(pkcs8);
    let public = public_half(&pkcs8)?;
    Ok(Key { pkcs8, public })
}

fn wrap(algorithm: AlgorithmIdentifierRef<'_>, inner: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let inner = OctetStringRef::new(inner).map_err(|_| unreadable())?;
    PrivateKeyInfoRef::new(algorithm, inner).to_der().map(Zeroizing::new).map_err(|_| unreadable())
}

/// Rewrites an EC key whose scalar does not have the length that RFC 5915 section 3 requires: GnuTLS writes
/// it as an ASN.1 integer, with a zero before a high first bit and without leading zeros.
fn with_whole_scalar(pkcs8: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, CredentialError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| unreadable())?;
    let curve = info.algorithm.parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let Some(curve) = curve.and_then(Curve::of).filter(|_| info.algorithm.oid == EC) else { return Ok(None) };
    let length = curve.scalar_len();
    let ec = EcPrivateKey::from_der(info.private_key.as_bytes()).map_err(|_| unreadable())?;
    if ec.private_key.len() == length {
        return Ok(None);
    }
    let zeros = ec.private_key.iter().take_while(|byte| **byte == 0).count();
    let digits = &ec.private_key[zeros..];
    let missing = length.checked_sub(digits.len()).ok_or_else(unreadable)?;
    let mut scalar = Zeroizing::new(vec![0; length]);
    scalar[missing..].copy_from_slice(digits);
    let whole = EcPrivateKey { private_key: &scalar, ..ec };
    let inner = Zeroizing::new(whole.to_der().map_err(|_| unreadable())?);
    wrap(info.algorithm, &inner).map(Some)
}

fn public_half(pkcs8: &[u8]) -> Result<PublicKey, CredentialError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| unreadable())?;
    let secret = info.private_key.as_bytes();
    let curve = match info.algorithm.parameters {
        Some(parameters) if info.algorithm.oid == EC => parameters.decode_as::<ObjectIdentifier>().ok(),
        _ => None,
    };
    let bits = match (info.algorithm.oid, curve.map(|oid| (oid, Curve::of(oid)))) {
        (RSA, _) => rsa(secret)?,
        (ED25519, _) => ed25519(secret)?,
        (EC, Some((_, Some(curve)))) => public_point(curve, ec_scalar(secret)?).map_err(no_public_half)?,
        (oid, curve) => {
            return Err(unsupported(&algorithm_name(&curve.map_or(oid, |(curve, _)| curve).to_string())));
        }
    };
    Ok(PublicKey::new(info.algorithm.oid.to_string(), curve.map(|oid| oid.to_string()), bits))
}

fn unsupported(name: &str) -> CredentialError {
    let message = format!(
        "unsupported private key: {name}; use RSA (PKCS#1), P-256, P-384, P-521 or Ed25519, and for a curve its name and not its parameters"
    );
    CredentialError::new(Code::ID_07, message)
}

fn rsa(secret: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(secret).map_err(|_| unreadable())?;
    key.public_key().to_der().map_err(|_| unreadable())
}

fn ed25519(secret: &[u8]) -> Result<Vec<u8>, CredentialError> {
    // RFC 8410 §7: the 32 bytes are in a nested OCTET STRING.
    let seed = <&OctetStringRef>::from_der(secret).map_err(|_| unreadable())?;
    let seed: &[u8; 32] = seed.as_bytes().try_into().map_err(|_| unreadable())?;
    public_of_ed25519(seed).map_err(no_public_half)
}

fn ec_scalar(secret: &[u8]) -> Result<&[u8], CredentialError> {
    Ok(EcPrivateKey::from_der(secret).map_err(|_| unreadable())?.private_key)
}

fn no_public_half(why: NoPublicHalf) -> CredentialError {
    match why {
        NoPublicHalf::Invalid => unreadable(),
        NoPublicHalf::NotBuilt => {
            let message = "cannot check that the elliptic curve key belongs to its certificate: this program was built without \
                           the feature `rustcrypto` or `aws-lc-rs` of digicert-one-identity";
            CredentialError::new(Code::ID_07, message)
        }
    }
}

/// Returns the error without the parser's text, which may quote input bytes.
fn unreadable() -> CredentialError {
    CredentialError::new(Code::ID_07, "failed to parse the private key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pkcs8_of(scalar: &[u8]) -> Zeroizing<Vec<u8>> {
        const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
        let ec = EcPrivateKey { private_key: scalar, parameters: None, public_key: None };
        let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&P256).into()) };
        wrap(algorithm, &ec.to_der().expect("encoded")).expect("wrapped")
    }

    #[test]
    fn ec_scalar_of_another_length_is_normalised() {
        // A high first bit, which an ASN.1 integer precedes with a zero; and a leading zero, which it omits.
        for first in [0x90, 0x00] {
            let mut scalar = [0x11; 32];
            scalar[0] = first;
            let usual = normalise(&PrivateKeyDer::Pkcs8(pkcs8_of(&scalar).to_vec().into())).expect("a key");
            let written = if first == 0 { scalar[1..].to_vec() } else { [&[0], &scalar[..]].concat() };
            let odd = normalise(&PrivateKeyDer::Pkcs8(pkcs8_of(&written).to_vec().into())).expect("the same key");
            assert_eq!(*odd.pkcs8, *usual.pkcs8, "{first}");
            assert_eq!(odd.public, usual.public, "{first}");
        }
        let long = PrivateKeyDer::Pkcs8(pkcs8_of(&[0x11; 33]).to_vec().into());
        assert_eq!(normalise(&long).err().map(|error| error.code()), Some(Code::ID_07));
    }
}
