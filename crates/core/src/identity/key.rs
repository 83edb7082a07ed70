//! Private keys: PKCS#1 and SEC1 become PKCS#8, and the public half is computed from the private one, never read from the
//! file, so that a key with a foreign public part cannot pass.

use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rustls_pki_types::PrivateKeyDer;
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use super::certificate::{Algorithm, PublicKey};
use super::{KeyKind, algorithm};
use crate::CredentialError;
use crate::diagnosis::Code;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A key in the normal form, with its public half.
pub(super) struct Key {
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    pub(super) kind: KeyKind,
    pub(super) public_key: PublicKey,
    pub(super) bits: usize,
}

/// Brings a key into PKCS#8 and computes its public half.
pub(super) fn normalise(key: &PrivateKeyDer<'_>) -> Result<Key, CredentialError> {
    let pkcs8 = match key {
        PrivateKeyDer::Pkcs8(der) => Zeroizing::new(der.secret_pkcs8_der().to_vec()),
        PrivateKeyDer::Pkcs1(der) => {
            // RFC 8017 A.1: the parameters of rsaEncryption are NULL.
            wrap(AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }, der.secret_pkcs1_der())?
        }
        PrivateKeyDer::Sec1(der) => {
            let ec = EcPrivateKey::from_der(der.secret_sec1_der()).map_err(|_| unreadable())?;
            // RFC 5915: outside PKCS#8 the curve stands in the key; inside, in the algorithm.
            let Some(EcParameters::NamedCurve(curve)) = ec.parameters else {
                let message = "the EC private key does not name its curve, or describes it by its parameters";
                return Err(CredentialError::new(Code::ID_07, message));
            };
            wrap(AlgorithmIdentifierRef { oid: EC, parameters: Some((&curve).into()) }, der.secret_sec1_der())?
        }
        _ => return Err(unreadable()),
    };
    let pkcs8 = with_whole_scalar(&pkcs8)?.unwrap_or(pkcs8);
    let (kind, public_key) = public_half(&pkcs8)?;
    let bits = match kind {
        KeyKind::Rsa => modulus_bits(&public_key.bits)?,
        KeyKind::P256 | KeyKind::Ed25519 => 256,
        KeyKind::P384 => 384,
        KeyKind::P521 => 521,
    };
    Ok(Key { pkcs8, kind, public_key, bits })
}

fn wrap(algorithm: AlgorithmIdentifierRef<'_>, inner: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let inner = OctetStringRef::new(inner).map_err(|_| unreadable())?;
    PrivateKeyInfoRef::new(algorithm, inner).to_der().map(Zeroizing::new).map_err(|_| unreadable())
}

/// An EC key with its scalar in the length that RFC 5915 section 3 demands, where it has another: GnuTLS writes it as an ASN.1 integer,
/// with a zero before a high first bit and without leading zeros.
fn with_whole_scalar(pkcs8: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, CredentialError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| unreadable())?;
    let curve = info.algorithm.parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let length = match (info.algorithm.oid, curve) {
        (EC, Some(P256)) => 32,
        (EC, Some(P384)) => 48,
        (EC, Some(P521)) => 66,
        _ => return Ok(None),
    };
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

fn public_half(pkcs8: &[u8]) -> Result<(KeyKind, PublicKey), CredentialError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8).map_err(|_| unreadable())?;
    let secret = info.private_key.as_bytes();
    let curve = match info.algorithm.parameters {
        Some(parameters) if info.algorithm.oid == EC => parameters.decode_as::<ObjectIdentifier>().ok(),
        _ => None,
    };
    let (kind, bits) = match (info.algorithm.oid, curve) {
        (RSA, _) => (KeyKind::Rsa, rsa(secret)?),
        (ED25519, _) => (KeyKind::Ed25519, ed25519(secret)?),
        (EC, Some(P256)) => (KeyKind::P256, {
            let key = p256::SecretKey::from_slice(ec_scalar(secret)?).map_err(|_| unreadable())?;
            key.public_key().to_sec1_point(false).as_bytes().to_vec()
        }),
        (EC, Some(P384)) => (KeyKind::P384, {
            let key = p384::SecretKey::from_slice(ec_scalar(secret)?).map_err(|_| unreadable())?;
            key.public_key().to_sec1_point(false).as_bytes().to_vec()
        }),
        (EC, Some(P521)) => (KeyKind::P521, {
            let key = p521::SecretKey::from_slice(ec_scalar(secret)?).map_err(|_| unreadable())?;
            key.public_key().to_sec1_point(false).as_bytes().to_vec()
        }),
        (oid, curve) => {
            let name = algorithm::name(&curve.unwrap_or(oid).to_string());
            let message = format!("the private key is of a kind that is not supported ({name})");
            return Err(CredentialError::new(Code::ID_07, message));
        }
    };
    let algorithm = Algorithm { oid: info.algorithm.oid.to_string(), curve: curve.map(|oid| oid.to_string()) };
    Ok((kind, PublicKey { algorithm, bits }))
}

fn rsa(secret: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(secret).map_err(|_| unreadable())?;
    key.public_key().to_der().map_err(|_| unreadable())
}

fn modulus_bits(public_key: &[u8]) -> Result<usize, CredentialError> {
    let key = pkcs1::RsaPublicKeyRef::from_der(public_key).map_err(|_| unreadable())?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    Ok(modulus.len() * 8 - leading)
}

fn ed25519(secret: &[u8]) -> Result<Vec<u8>, CredentialError> {
    // RFC 8410 §7: the 32 bytes stand in an OCTET STRING of their own.
    let seed = <&OctetStringRef>::from_der(secret).map_err(|_| unreadable())?;
    let seed: &[u8; 32] = seed.as_bytes().try_into().map_err(|_| unreadable())?;
    Ok(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes().to_vec())
}

fn ec_scalar(secret: &[u8]) -> Result<&[u8], CredentialError> {
    Ok(EcPrivateKey::from_der(secret).map_err(|_| unreadable())?.private_key)
}

/// Without the parser's text: it may quote bytes around the fault.
fn unreadable() -> CredentialError {
    CredentialError::new(Code::ID_07, "the private key cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pkcs8_of(scalar: &[u8]) -> Zeroizing<Vec<u8>> {
        let ec = EcPrivateKey { private_key: scalar, parameters: None, public_key: None };
        let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&P256).into()) };
        wrap(algorithm, &ec.to_der().expect("encoded")).expect("wrapped")
    }

    #[test]
    fn ec_scalar_of_another_length_is_read_and_written_in_full() {
        // A high first bit, which an ASN.1 integer precedes with a zero; and one that begins with a zero, which it leaves out.
        for first in [0x90, 0x00] {
            let mut scalar = [0x11; 32];
            scalar[0] = first;
            let usual = normalise(&PrivateKeyDer::Pkcs8(pkcs8_of(&scalar).to_vec().into())).expect("a key");
            let written = if first == 0 { scalar[1..].to_vec() } else { [&[0], &scalar[..]].concat() };
            let odd = normalise(&PrivateKeyDer::Pkcs8(pkcs8_of(&written).to_vec().into())).expect("the same key");
            assert_eq!(*odd.pkcs8, *usual.pkcs8, "{first}");
            assert_eq!(odd.public_key.bits, usual.public_key.bits, "{first}");
        }
        let long = PrivateKeyDer::Pkcs8(pkcs8_of(&[0x11; 33]).to_vec().into());
        assert_eq!(normalise(&long).err().map(|error| error.code()), Some(Code::ID_07));
    }
}
