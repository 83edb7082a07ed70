//! Arithmetic on curves by aws-lc-rs.

use aws_lc_rs::agreement::{ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey};
use aws_lc_rs::digest::{Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey,
};

use crate::curve::{Curve, NoPublicHalf};

/// Returns the uncompressed point of a private key.
pub(crate) fn public_point(curve: Curve, scalar: &[u8]) -> Result<Vec<u8>, NoPublicHalf> {
    let algorithm = match curve {
        Curve::P256 => &ECDH_P256,
        Curve::P384 => &ECDH_P384,
        Curve::P521 => &ECDH_P521,
    };
    let key = PrivateKey::from_private_key(algorithm, scalar).map_err(|_| NoPublicHalf::Invalid)?;
    key.compute_public_key().map(|point| point.as_ref().to_vec()).map_err(|_| NoPublicHalf::Invalid)
}

pub(crate) fn public_of_ed25519(seed: &[u8; 32]) -> Result<Vec<u8>, NoPublicHalf> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoPublicHalf::Invalid)?;
    Ok(pair.public_key().as_ref().to_vec())
}

/// Returns whether the key with this point made the signature (in DER) of this digest; `None` for a point that is not on the curve.
pub(crate) fn is_ecdsa_by(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let (algorithm, hash) = match curve {
        Curve::P256 => (&ECDSA_P256_SHA256_ASN1, &SHA256),
        Curve::P384 => (&ECDSA_P384_SHA384_ASN1, &SHA384),
        Curve::P521 => (&ECDSA_P521_SHA512_ASN1, &SHA512),
    };
    // Whole keys with their algorithm are parsed too.
    if point.first() == Some(&0x30) {
        return None;
    }
    let key = ParsedPublicKey::new(algorithm, point).ok()?;
    // Only the number in the leftmost bits counts (FIPS 186-5 section 6.4.2), so any digest can be given in the length of this one.
    let len = hash.output_len();
    let digest = &digest[..digest.len().min(len)];
    let digest = Digest::import_less_safe(&[&vec![0; len - digest.len()], digest].concat(), hash).ok()?;
    Some(key.verify_digest_sig(&digest, signature).is_ok())
}

/// Returns whether this key made the signature; `None` for an invalid key.
pub(crate) fn is_ed25519_by(key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    Some(ParsedPublicKey::new(&ED25519, key).ok()?.verify_sig(message, signature).is_ok())
}
