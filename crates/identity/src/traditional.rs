//! Encrypted traditional keys: `RSA PRIVATE KEY` and `EC PRIVATE KEY` with the headers of RFC 1421
//! (`Proc-Type: 4,ENCRYPTED`, `DEK-Info: AES-256-CBC,<iv>`). The key derivation is OpenSSL's, with MD5 and
//! one round, for every cipher.

use data_encoding::HEXUPPER_PERMISSIVE;
use der::Decode;
use der::asn1::AnyRef;
use rustls_pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::derive;
use crate::fault::Fault;
use crate::kdf_budget::KdfBudget;
use crate::password::Candidate;

/// Decrypts the body of a section with the value of its `DEK-Info` header.
pub(crate) fn open(
    dek_info: &str,
    body: &[u8],
    password: &Candidate<'_>,
    budget: &mut KdfBudget,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (name, iv) = dek_info.split_once(',').ok_or(Fault::Parameters)?;
    let cipher = match name.trim() {
        "AES-128-CBC" => Cipher::Aes128,
        "AES-192-CBC" => Cipher::Aes192,
        "AES-256-CBC" => Cipher::Aes256,
        "DES-EDE3-CBC" => Cipher::TripleDes,
        "DES-CBC" => Cipher::Des,
        // The name comes from the file: shown only if it looks like one.
        other if other.len() < 30 && other.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            return Err(Fault::Unsupported(format!("the cipher {other}")));
        }
        _ => return Err(Fault::Parameters),
    };
    let iv = HEXUPPER_PERMISSIVE.decode(iv.trim().as_bytes()).map_err(|_| Fault::Parameters)?;
    if iv.len() != cipher.block_len() {
        return Err(Fault::Parameters);
    }
    budget.outdated(cipher.outdated().unwrap_or("a key derivation with MD5 (\"DEK-Info\")"));
    let key = derive::bytes_to_key(password, &iv[..8], cipher.key_len());
    let plain = cipher.decrypt(&key, &iv, body)?;
    match AnyRef::from_der(&plain).is_ok() && PrivateKeyDer::try_from(plain.as_slice()).is_ok() {
        true => Ok(plain),
        false => Err(Fault::Decryption),
    }
}
