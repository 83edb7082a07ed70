//! Arithmetic on curves by the crates of RustCrypto.

use ed25519_dalek::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;

use crate::curve::{Curve, NoPublicHalf};

/// Returns the uncompressed point of a private key.
pub(crate) fn public_point(curve: Curve, scalar: &[u8]) -> Result<Vec<u8>, NoPublicHalf> {
    // The crates accept other lengths, too.
    if scalar.len() != curve.scalar_len() {
        return Err(NoPublicHalf::Invalid);
    }
    let point = match curve {
        Curve::P256 => p256::SecretKey::from_slice(scalar).map(|key| key.public_key().to_sec1_point(false).to_bytes()),
        Curve::P384 => p384::SecretKey::from_slice(scalar).map(|key| key.public_key().to_sec1_point(false).to_bytes()),
        Curve::P521 => p521::SecretKey::from_slice(scalar).map(|key| key.public_key().to_sec1_point(false).to_bytes()),
    };
    point.map(<[u8]>::into_vec).map_err(|_| NoPublicHalf::Invalid)
}

#[expect(clippy::unnecessary_wraps, reason = "as its siblings")]
pub(crate) fn public_of_ed25519(seed: &[u8; 32]) -> Result<Vec<u8>, NoPublicHalf> {
    Ok(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes().to_vec())
}

/// Returns whether the key with this point made the signature (in DER) of this digest; `None` for a point that is not on the curve.
pub(crate) fn is_ecdsa_by(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    // A digest shorter than the order of the curve is valid; the crates require padding.
    let padded = [&vec![0; curve.scalar_len().saturating_sub(digest.len())], digest].concat();
    Some(match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p256::ecdsa::Signature::from_der(signature);
            signature.is_ok_and(|signature| key.verify_prehash(&padded, &signature).is_ok())
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p384::ecdsa::Signature::from_der(signature);
            signature.is_ok_and(|signature| key.verify_prehash(&padded, &signature).is_ok())
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = p521::ecdsa::Signature::from_der(signature);
            signature.is_ok_and(|signature| key.verify_prehash(&padded, &signature).is_ok())
        }
    })
}

/// Returns whether this key made the signature; `None` for an invalid key.
pub(crate) fn is_ed25519_by(key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature);
    Some(signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
}
