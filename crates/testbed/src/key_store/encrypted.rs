//! Private keys under a password: PBES2 by the pkcs5 crate; the old schemes, which no crate writes, from their standards.

use aes::{Aes128, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherEncrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use data_encoding::{BASE64, HEXUPPER};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Encode, EncodeValue, Tagged};
use des::{Des, TdesEde3};
use md5::Md5;
use p12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};
use pkcs5::pbes2::{EncryptionScheme, Kdf, PBES2_OID, Parameters, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams};
use pkcs5::{pbes1, scrypt};
use pkcs8::spki::AlgorithmIdentifierOwned;
use pkcs12 as p12;
use sha1::Sha1;
use sha2::Digest;

use crate::provider::random_bytes;

/// Enough to be real, and quick in tests.
const ROUNDS: u32 = 2048;

/// How a PKCS#8 key is encrypted.
#[derive(Clone, Copy)]
pub(super) enum Protection {
    Pbkdf2Sha256Aes256,
    Pbkdf2Sha1Aes128,
    Pbkdf2Sha1TripleDes,
    ScryptAes256,
    Md5Des,
    Sha1Des,
}

impl Protection {
    /// EncryptedPrivateKeyInfo in DER.
    pub(super) fn pkcs8(self, key: &[u8], password: &str) -> Vec<u8> {
        let (algorithm, data) = match self {
            Self::Pbkdf2Sha256Aes256 => {
                let encryption = EncryptionScheme::Aes256Cbc { iv: random_bytes() };
                pbes2(pbkdf2(Pbkdf2Prf::HmacWithSha256), encryption, key, password)
            }
            Self::Pbkdf2Sha1Aes128 => {
                let encryption = EncryptionScheme::Aes128Cbc { iv: random_bytes() };
                pbes2(pbkdf2(Pbkdf2Prf::HmacWithSha1), encryption, key, password)
            }
            Self::Pbkdf2Sha1TripleDes => {
                let encryption = EncryptionScheme::DesEde3Cbc { iv: random_bytes() };
                pbes2(pbkdf2(Pbkdf2Prf::HmacWithSha1), encryption, key, password)
            }
            Self::ScryptAes256 => {
                let cost = scrypt::Params::new(10, 8, 1).expect("small and valid");
                let kdf = ScryptParams::from_params_and_salt(cost, &random_bytes::<16>()).expect("a short salt");
                pbes2(kdf.into(), EncryptionScheme::Aes256Cbc { iv: random_bytes() }, key, password)
            }
            Self::Md5Des => pbes1::<Md5>(pbes1::PBE_WITH_MD5_AND_DES_CBC_OID, key, password),
            Self::Sha1Des => pbes1::<Sha1>(pbes1::PBE_WITH_SHA1_AND_DES_CBC_OID, key, password),
        };
        let encrypted_data = OctetString::new(data).expect("short");
        EncryptedPrivateKeyInfo { encryption_algorithm: algorithm, encrypted_data }.to_der().expect("it encodes")
    }
}

/// A traditional key with the headers of RFC 1421, as OpenSSL writes it.
pub(super) fn traditional(label: &str, cipher: &str, key: &[u8], password: &str) -> String {
    let iv = random_bytes::<16>();
    let (iv, body) = match cipher {
        "AES-128-CBC" => (&iv[..], cbc_of::<Aes128>(&bytes_to_key(password, &iv, 16), &iv, key)),
        "AES-256-CBC" => (&iv[..], cbc_of::<Aes256>(&bytes_to_key(password, &iv, 32), &iv, key)),
        "DES-EDE3-CBC" => (&iv[..8], cbc_of::<TdesEde3>(&bytes_to_key(password, &iv, 24), &iv[..8], key)),
        other => panic!("no cipher {other}"),
    };
    let lines: String = BASE64
        .encode(&body)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
        .collect();
    let iv = HEXUPPER.encode(iv);
    format!(
        "-----BEGIN {label}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {cipher},{iv}\n\n{lines}-----END {label}-----\n"
    )
}

fn pbkdf2(prf: Pbkdf2Prf) -> Kdf {
    let salt = Salt::new(random_bytes::<16>()).expect("a short salt");
    Kdf::Pbkdf2(Pbkdf2Params { salt, iteration_count: ROUNDS, key_length: None, prf })
}

fn pbes2(kdf: Kdf, encryption: EncryptionScheme, key: &[u8], password: &str) -> (AlgorithmIdentifierOwned, Vec<u8>) {
    let parameters = Parameters { kdf, encryption };
    let data = parameters.encrypt(password, key).expect("the parameters are valid");
    (algorithm(PBES2_OID, &parameters), data)
}

/// RFC 8018 section 6.1.1.
fn pbes1<D: Digest>(oid: ObjectIdentifier, key: &[u8], password: &str) -> (AlgorithmIdentifierOwned, Vec<u8>) {
    let salt = random_bytes::<8>();
    let mut derived = D::digest([password.as_bytes(), &salt].concat());
    for _ in 1..ROUNDS {
        derived = D::digest(&derived);
    }
    let data = cbc_of::<Des>(&derived[..8], &derived[8..16], key);
    let salt = OctetString::new(salt).expect("short");
    (algorithm(oid, &Pkcs12PbeParams { salt, iterations: i32::try_from(ROUNDS).expect("small") }), data)
}

fn algorithm(oid: ObjectIdentifier, parameters: &(impl EncodeValue + Tagged)) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Any::encode_from(parameters).expect("it encodes")) }
}

/// EVP_BytesToKey with MD5, one round, and the first half of the initialisation vector as salt.
fn bytes_to_key(password: &str, iv: &[u8], len: usize) -> Vec<u8> {
    let mut key: Vec<u8> = Vec::new();
    while key.len() < len {
        let last = key.len().saturating_sub(16);
        let block = Md5::digest([&key[last..], password.as_bytes(), &iv[..8]].concat());
        key.extend_from_slice(&block);
    }
    key.truncate(len);
    key
}

fn cbc_of<C: BlockCipherEncrypt + KeyInit>(key: &[u8], iv: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 16, 0);
    let mode = cbc::Encryptor::<C>::new_from_slices(key, iv).expect("the lengths fit");
    mode.encrypt_padded::<Pkcs7>(&mut buffer, plain.len()).expect("there is room").to_vec()
}
