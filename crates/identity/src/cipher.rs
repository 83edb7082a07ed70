//! The decrypting side of block ciphers in CBC mode with PKCS#7 padding, the only mode used for keys and key stores.

use aes::{Aes128Dec, Aes192Dec, Aes256Dec};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit};
use des::{Des, TdesEde2, TdesEde3};
use rc2::Rc2;
use zeroize::Zeroizing;

use crate::fault::Fault;

/// A cipher with its key size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    TripleDesTwoKeys,
    Des,
    Rc2Of40Bits,
    Rc2Of64Bits,
    Rc2Of128Bits,
}

impl Cipher {
    /// Returns the key size in bytes.
    pub(crate) fn key_len(self) -> usize {
        match self {
            Self::Rc2Of40Bits => 5,
            Self::Des | Self::Rc2Of64Bits => 8,
            Self::Aes128 | Self::TripleDesTwoKeys | Self::Rc2Of128Bits => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    /// Returns the block size in bytes, which is also that of an initialisation vector.
    pub(crate) fn block_len(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            _ => 8,
        }
    }

    /// Returns the name if the cipher is outdated.
    pub(crate) fn outdated(self) -> Option<&'static str> {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => None,
            Self::TripleDes | Self::TripleDesTwoKeys => Some("triple DES"),
            Self::Des => Some("DES"),
            Self::Rc2Of40Bits => Some("RC2 with 40 bits"),
            Self::Rc2Of64Bits => Some("RC2 with 64 bits"),
            Self::Rc2Of128Bits => Some("RC2 with 128 bits"),
        }
    }

    /// Decrypts; invalid padding counts as a wrong password, which it nearly always is.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        match self {
            Self::Aes128 => cbc::<Aes128Dec>(key, iv, data),
            Self::Aes192 => cbc::<Aes192Dec>(key, iv, data),
            Self::Aes256 => cbc::<Aes256Dec>(key, iv, data),
            Self::TripleDes => cbc::<TdesEde3>(key, iv, data),
            Self::TripleDesTwoKeys => cbc::<TdesEde2>(key, iv, data),
            Self::Des => cbc::<Des>(key, iv, data),
            Self::Rc2Of40Bits | Self::Rc2Of64Bits | Self::Rc2Of128Bits => cbc::<Rc2>(key, iv, data),
        }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let cipher = C::new_from_slice(key).map_err(|_| Fault::Parameters)?;
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).map_err(|_| Fault::Parameters)?;
    let mut buffer = Zeroizing::new(data.to_vec());
    let plain = mode.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| Fault::Decryption)?.len();
    buffer.truncate(plain);
    Ok(buffer)
}
