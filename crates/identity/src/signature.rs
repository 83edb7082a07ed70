//! Verifies whether one certificate signed another. This only decides which of several certificates with one
//! name is sent: trust is the server's decision. All inputs are public, so nothing here needs constant time.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Sequence};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};

use crate::arithmetic::{is_ecdsa_by, is_ed25519_by};
use crate::content::children;
use crate::curve::Curve;
use crate::derive::Hash;

/// The result of a signature check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The key made the signature.
    Signed,
    /// The key did not make the signature.
    NotSigned,
    /// Unsupported algorithm, size or form of the key: names and key ids decide.
    Unknown,
}

/// Larger keys are not checked: a hostile file could take hours.
const MAX_RSA_BYTES: usize = 1024;

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";

/// The signed parts of a certificate, borrowed from it.
pub(crate) struct Signed<'a> {
    body: &'a [u8],
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Parses the signed parts; `None` if this is not a certificate.
    pub(crate) fn read(certificate: &'a [u8]) -> Option<Self> {
        let [body, algorithm, signature] = children(certificate)?[..] else { return None };
        let signature = BitStringRef::from_der(signature).ok()?.as_bytes()?;
        Some(Self { body, algorithm: AlgorithmIdentifierRef::from_der(algorithm).ok()?, signature })
    }

    /// Checks whether the signature was made with this key.
    pub(crate) fn is_by(&self, key: &SubjectPublicKeyInfoOwned) -> Verdict {
        let kind = key.algorithm.oid.to_string();
        let oid = self.algorithm.oid.to_string();
        let bits = key.subject_public_key.raw_bytes();
        let verdict = match (kind.as_str(), oid.as_str()) {
            (RSA | RSA_PSS, RSA_PSS) => {
                PssParameters::read(&self.algorithm).and_then(|it| it.verify(bits, self.body, self.signature))
            }
            (RSA, _) if hash_of_rsa(&oid).is_some() => {
                hash_of_rsa(&oid).and_then(|hash| pkcs1(hash, bits, self.body, self.signature))
            }
            ("1.2.840.10045.2.1", _) => {
                let curve = key.algorithm.parameters.as_ref().and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
                match hash_of_ecdsa(&oid) {
                    Some(hash) => curve.and_then(|curve| self.ecdsa(hash, curve, bits)),
                    None => is_known(&oid).then_some(false),
                }
            }
            ("1.3.101.112", "1.3.101.112") => self.ed25519(bits),
            // The signature algorithm requires another kind of key.
            (RSA | RSA_PSS | "1.3.101.112", _) if is_known(&oid) => Some(false),
            _ => None,
        };
        match verdict {
            Some(true) => Verdict::Signed,
            Some(false) => Verdict::NotSigned,
            None => Verdict::Unknown,
        }
    }

    fn ecdsa(&self, hash: Hash, curve: ObjectIdentifier, point: &[u8]) -> Option<bool> {
        // A signature that does not fit the curve was made with another key.
        TwoNumbers::from_der(self.signature).ok()?;
        is_ecdsa_by(Curve::of(curve)?, point, &digest(hash, &[self.body]), self.signature)
    }

    fn ed25519(&self, key: &[u8]) -> Option<bool> {
        // Another length is not a signature of this kind.
        (self.signature.len() == 64).then_some(())?;
        is_ed25519_by(key, self.body, self.signature)
    }
}

fn is_known(oid: &str) -> bool {
    oid == RSA_PSS || oid == "1.3.101.112" || hash_of_rsa(oid).is_some() || hash_of_ecdsa(oid).is_some()
}

fn hash_of_rsa(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.113549.1.1.4" => Hash::Md5,
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => Hash::Sha1,
        "1.2.840.113549.1.1.14" => Hash::Sha224,
        "1.2.840.113549.1.1.11" => Hash::Sha256,
        "1.2.840.113549.1.1.12" => Hash::Sha384,
        "1.2.840.113549.1.1.13" => Hash::Sha512,
        _ => return None,
    })
}

fn hash_of_ecdsa(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.10045.4.1" => Hash::Sha1,
        "1.2.840.10045.4.3.1" => Hash::Sha224,
        "1.2.840.10045.4.3.2" => Hash::Sha256,
        "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

fn hash_oid(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.3.14.3.2.26" => Hash::Sha1,
        "2.16.840.1.101.3.4.2.4" => Hash::Sha224,
        "2.16.840.1.101.3.4.2.1" => Hash::Sha256,
        "2.16.840.1.101.3.4.2.2" => Hash::Sha384,
        "2.16.840.1.101.3.4.2.3" => Hash::Sha512,
        _ => return None,
    })
}

fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    fn with<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().fold(D::new(), |digest, part| digest.chain_update(part)).finalize().to_vec()
    }
    match hash {
        Hash::Md5 => with::<Md5>(parts),
        Hash::Sha1 => with::<Sha1>(parts),
        Hash::Sha224 => with::<Sha224>(parts),
        Hash::Sha256 => with::<Sha256>(parts),
        Hash::Sha384 => with::<Sha384>(parts),
        Hash::Sha512 => with::<Sha512>(parts),
    }
}

/// An RSA key (RFC 8017 appendix A.1.1), and a signature of ECDSA (RFC 3279 section 2.2.3).
#[derive(Sequence)]
struct TwoNumbers<'a> {
    first: der::asn1::UintRef<'a>,
    second: der::asn1::UintRef<'a>,
}

/// Returns the message that an RSA signature carries (RFC 8017 section 5.2.2), as long as the modulus, and
/// the bits of the modulus; an empty message if the signature cannot be from this key.
fn rsa_message(key: &[u8], signature: &[u8]) -> Option<(Vec<u8>, usize)> {
    let key = TwoNumbers::from_der(key).ok()?;
    let (modulus, exponent) = (key.first.as_bytes(), key.second.as_bytes());
    // An exponent of the size of the modulus is legal but a thousand times as slow.
    if modulus.len() > MAX_RSA_BYTES || exponent.len() > 8 || modulus.len() < 64 {
        return None;
    }
    let of_another_key = (Vec::new(), 8);
    if signature.len() != modulus.len() {
        return Some(of_another_key);
    }
    let precision = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    let n = BoxedUint::from_be_slice(modulus, precision).ok()?;
    let bits = n.bit_width() as usize;
    let s = BoxedUint::from_be_slice(signature, n.bits_precision()).ok()?;
    if s >= n {
        return Some(of_another_key);
    }
    let e = BoxedUint::from_be_slice(exponent, 64).ok()?;
    let parameters = BoxedMontyParams::new_vartime(Odd::new(n).into_option()?);
    let message = BoxedMontyForm::new(s, &parameters).pow(&e).retrieve().to_be_bytes();
    // Limbs can be longer than the modulus.
    let start = message.len().checked_sub(modulus.len())?;
    Some((message[start..].to_vec(), bits))
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2).
fn pkcs1(hash: Hash, key: &[u8], body: &[u8], signature: &[u8]) -> Option<bool> {
    let oid: &[u8] = match hash {
        Hash::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5],
        Hash::Sha1 => &[0x2b, 0x0e, 3, 2, 0x1a],
        Hash::Sha224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4],
        Hash::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
        Hash::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
        Hash::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
    };
    let oid = ObjectIdentifier::from_bytes(oid).ok()?;
    let digest = digest(hash, &[body]);
    let (message, _) = rsa_message(key, signature)?;
    // The parameters are NULL; some old programs omit them.
    let forms = [Some(der::asn1::AnyRef::NULL), None].map(|parameters| {
        let algorithm = AlgorithmIdentifierRef { oid, parameters }.to_der().ok()?;
        let octets = der::asn1::OctetStringRef::new(&digest).and_then(|octets| octets.to_der()).ok()?;
        let inner = [algorithm, octets].concat();
        let header = der::Header::new(der::Tag::Sequence, der::Length::try_from(inner.len()).ok()?);
        let info = [header.to_der().ok()?, inner].concat();
        let padding = message.len().checked_sub(info.len() + 3)?;
        Some([&[0, 1], &*vec![0xff; padding], &[0], &*info].concat())
    });
    Some(forms.into_iter().flatten().any(|form| form == message))
}

/// RFC 8017 appendix A.2.3.
struct PssParameters {
    hash: Hash,
    mask: Hash,
    salt: usize,
}

impl PssParameters {
    fn read(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<Self> {
        let mut all = Self { hash: Hash::Sha1, mask: Hash::Sha1, salt: 20 };
        let parameters = algorithm.parameters?.to_der().ok()?;
        // All fields are optional.
        for field in children(&parameters).unwrap_or_default() {
            let value = der::asn1::AnyRef::from_der(field).ok()?.value();
            match field[0] {
                0xa0 => all.hash = hash_oid(&AlgorithmIdentifierRef::from_der(value).ok()?.oid.to_string())?,
                0xa1 => {
                    let generator = AlgorithmIdentifierRef::from_der(value).ok()?;
                    let hash: AlgorithmIdentifierRef<'_> = generator.parameters?.decode_as().ok()?;
                    all.mask = hash_oid(&hash.oid.to_string())?;
                }
                0xa2 => all.salt = usize::from(u16::from_der(value).ok()?),
                _ => {}
            }
        }
        Some(all)
    }

    /// RFC 8017 section 9.1.2.
    fn verify(&self, key: &[u8], body: &[u8], signature: &[u8]) -> Option<bool> {
        let (message, modulus_bits) = rsa_message(key, signature)?;
        let bits = modulus_bits.checked_sub(1)?;
        let Some(start) = message.len().checked_sub(bits.div_ceil(8)) else { return Some(false) };
        let message = &message[start..];
        let len = self.hash.len();
        let Some(split) = message.len().checked_sub(len + 1).filter(|split| *split > self.salt) else {
            return Some(false);
        };
        let (masked, rest) = message.split_at(split);
        let (expected, end) = rest.split_at(len);
        let unused = message.len() * 8 - bits;
        if end != [0xbc] || (masked[0].leading_zeros() as usize) < unused {
            return Some(false);
        }
        let mut block: Vec<u8> = masked.iter().zip(self.generate(expected, split)).map(|(a, b)| a ^ b).collect();
        block[0] &= u8::MAX.checked_shr(u32::try_from(unused).ok()?).unwrap_or(0);
        let (padding, salt) = block.split_at(split - self.salt);
        let padded = padding.split_last().is_some_and(|(last, zeros)| *last == 1 && zeros.iter().all(|it| *it == 0));
        let digest_of_body = digest(self.hash, &[body]);
        Some(padded && digest(self.hash, &[&[0; 8], &digest_of_body, salt]) == expected)
    }

    /// MGF1 (RFC 8017 appendix B.2.1).
    fn generate(&self, seed: &[u8], len: usize) -> Vec<u8> {
        let blocks = (0_u32..).flat_map(|counter| digest(self.mask, &[seed, &counter.to_be_bytes()]));
        blocks.take(len).collect()
    }
}
