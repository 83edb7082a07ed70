//! Replaces the arithmetic on curves without the features that bring it: a key on a curve is an error that names them, and no
//! signature is checked.

use crate::curve::{Curve, NoPublicHalf};

pub(crate) fn public_point(_curve: Curve, _scalar: &[u8]) -> Result<Vec<u8>, NoPublicHalf> {
    Err(NoPublicHalf::NotBuilt)
}

pub(crate) fn public_of_ed25519(_seed: &[u8; 32]) -> Result<Vec<u8>, NoPublicHalf> {
    Err(NoPublicHalf::NotBuilt)
}

pub(crate) fn is_ecdsa_by(_curve: Curve, _point: &[u8], _digest: &[u8], _signature: &[u8]) -> Option<bool> {
    None
}

pub(crate) fn is_ed25519_by(_key: &[u8], _message: &[u8], _signature: &[u8]) -> Option<bool> {
    None
}
