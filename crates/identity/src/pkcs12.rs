//! Reads PKCS#12 key stores (RFC 7292, RFC 9579): first the integrity check, which detects a wrong password
//! early, then every bag with a key or certificate.
//!
//! The structures are borrowed, unlike those of the pkcs12 crate, so that a key in an unencrypted bag is not
//! copied to memory that is never wiped. `docs/decisions/0009-reading-key-stores.md` explains why no existing
//! reader is used.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use pkcs5::pbes2;
use pkcs12::kdf::Pkcs12KeyType;
use pkcs12::{CertBag, MacData};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::derive::{self, Hash};
use crate::encrypted::{EncryptedKey, decrypt, derivation_and_next};
use crate::fault::Fault;
use crate::kdf_budget::KdfBudget;
use crate::password::Candidate;
use crate::{algorithm, ber};

/// The content of a key store: certificates in DER, keys in PKCS#8.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) keys: Vec<Zeroizing<Vec<u8>>>,
}

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(crate) const SIGNED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ENVELOPED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const ENCRYPTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const MD5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const HMAC_SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.8");
const HMAC_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");

/// Maximum nesting of bags: allowed by the standard, but no program is known to use it.
const MAX_NESTING: usize = 4;

#[derive(Sequence)]
struct Pfx<'a> {
    version: u8,
    auth_safe: Content<'a>,
    mac: Option<MacData>,
}

/// ContentInfo (RFC 5652 section 3).
#[derive(Sequence)]
pub(crate) struct Content<'a> {
    pub(crate) kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: AnyRef<'a>,
}

#[derive(Sequence)]
struct Encrypted<'a> {
    version: u8,
    content: EncryptedContent<'a>,
    attributes: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct EncryptedContent<'a> {
    kind: ObjectIdentifier,
    algorithm: AlgorithmIdentifierRef<'a>,
    data: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct Bag<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: AnyRef<'a>,
    attributes: Option<AnyRef<'a>>,
}

/// Opens a key store.
pub(crate) fn open(bytes: &[u8], password: &Candidate<'_>, budget: &mut KdfBudget) -> Result<Contents, Fault> {
    let whole = ber::to_der(bytes).map_err(|_| Fault::Damaged("it is not one complete PKCS#12 structure"))?;
    let pfx = Pfx::from_der(&whole).map_err(|_| Fault::Damaged("its outermost structure cannot be read"))?;
    if pfx.version != 3 {
        return Err(Fault::Unsupported(format!("PKCS#12 version {}", pfx.version)));
    }
    match pfx.auth_safe.kind {
        DATA => {}
        SIGNED => return Err(Fault::Unsupported("a signature instead of a password".to_owned())),
        oid => return Err(Fault::Unsupported(algorithm::content_type(oid))),
    }
    let safe = octets(pfx.auth_safe.content)?;
    let checked = pfx.mac.is_some();
    if let Some(mac) = &pfx.mac {
        check(mac, safe, password, budget)?;
        budget.password_is_right();
    }
    let mut contents = Contents::default();
    let list = ber::to_der(safe).map_err(|_| Fault::Damaged("its list of parts cannot be read"))?;
    each(&list, |part: Content<'_>| match part.kind {
        DATA => bags(octets(part.content)?, false, MAX_NESTING, password, budget, &mut contents),
        ENCRYPTED => {
            let plain = open_part(part.content, password, budget)?;
            bags(&plain, !checked, MAX_NESTING, password, budget, &mut contents)
        }
        ENVELOPED => Err(Fault::Unsupported("a public key instead of a password".to_owned())),
        oid => Err(Fault::Unsupported(algorithm::content_type(oid))),
    })?;
    Ok(contents)
}

fn open_part(
    content: AnyRef<'_>,
    password: &Candidate<'_>,
    budget: &mut KdfBudget,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let damaged = |_| Fault::Damaged("an encrypted part cannot be read");
    let encrypted = content.decode_as::<Encrypted<'_>>().map_err(damaged)?.content;
    let Some(data) = encrypted.data else {
        return Err(Fault::Damaged("an encrypted part has no content"));
    };
    let data = ber::implicit_octets(data, data.tag().is_constructed()).map_err(damaged)?;
    decrypt(encrypted.algorithm, &data, password, budget)
}

/// Reads every bag. If the password is not verified yet, a parse error means a wrong password.
fn bags(
    bytes: &[u8],
    unchecked: bool,
    nesting: usize,
    password: &Candidate<'_>,
    budget: &mut KdfBudget,
    contents: &mut Contents,
) -> Result<(), Fault> {
    let broken = if unchecked { Fault::Decryption } else { Fault::Damaged("its list of bags cannot be read") };
    let list = ber::to_der(bytes).map_err(|_| broken.clone())?;
    if unchecked && SliceReader::new(&list).and_then(|mut reader| Vec::<AnyRef<'_>>::decode(&mut reader)).is_err() {
        return Err(broken);
    }
    each(&list, |bag: Bag<'_>| {
        let damaged = |_| Fault::Damaged("a bag cannot be read");
        match bag.kind {
            pkcs12::PKCS_12_KEY_BAG_OID => {
                let mut key = Zeroizing::new(Vec::with_capacity(bag.value.value().len() + 8));
                bag.value.encode_to_vec(&mut key).map_err(damaged)?;
                contents.keys.push(key);
            }
            pkcs12::PKCS_12_PKCS8_KEY_BAG_OID => {
                let key: EncryptedKey<'_> = bag.value.decode_as().map_err(damaged)?;
                contents.keys.push(key.open(password, budget)?);
            }
            pkcs12::PKCS_12_CERT_BAG_OID => {
                let certificate: CertBag = bag.value.decode_as().map_err(damaged)?;
                if certificate.cert_id == pkcs12::PKCS_12_X509_CERT_OID {
                    contents.certificates.push(certificate.cert_value.as_bytes().to_vec());
                }
            }
            pkcs12::PKCS_12_SAFE_CONTENTS_BAG_OID => {
                let nesting = nesting.checked_sub(1).ok_or(Fault::Damaged("its bags are nested too deeply"))?;
                let mut inner = Zeroizing::new(Vec::with_capacity(bag.value.value().len() + 8));
                bag.value.encode_to_vec(&mut inner).map_err(damaged)?;
                bags(&inner, false, nesting, password, budget, contents)?;
            }
            // Revocation lists, secrets of other kinds.
            _ => {}
        }
        Ok(())
    })
}

/// Iterates over the elements of a SEQUENCE OF.
fn each<'a, T: Decode<'a, Error = der::Error>>(
    list: &'a [u8],
    mut visit: impl FnMut(T) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let broken = |_: der::Error| Fault::Damaged("a list in it cannot be read");
    let list = AnyRef::from_der(list).map_err(broken)?;
    list.tag().assert_eq(Tag::Sequence).map_err(broken)?;
    let mut reader = SliceReader::new(list.value()).map_err(broken)?;
    while !reader.is_finished() {
        visit(T::decode(&mut reader).map_err(broken)?)?;
    }
    Ok(())
}

fn octets(content: AnyRef<'_>) -> Result<&[u8], Fault> {
    let octets = content.decode_as::<&OctetStringRef>().map_err(|_| Fault::Damaged("a part has no content"))?;
    Ok(octets.as_bytes())
}

/// Verifies the integrity: with PKCS#12 key derivation, or PBMAC1.
fn check(mac: &MacData, data: &[u8], password: &Candidate<'_>, budget: &mut KdfBudget) -> Result<(), Fault> {
    let expected = mac.mac.digest.as_bytes();
    let algorithm = &mac.mac.algorithm;
    if algorithm.oid == PBMAC1 {
        let parameters = algorithm.parameters.as_ref().ok_or(Fault::Parameters)?;
        let (derivation, scheme) = derivation_and_next(parameters.into())?;
        let hash = match scheme.oid {
            HMAC_SHA224 => Hash::Sha224,
            pbes2::HMAC_WITH_SHA256_OID => Hash::Sha256,
            HMAC_SHA384 => Hash::Sha384,
            HMAC_SHA512 => Hash::Sha512,
            oid => return Err(Fault::Unsupported(format!("an integrity check with {}", algorithm::name(oid)))),
        };
        // RFC 9579 section 4: the key length must be given; all programs use that of the hash.
        let key = derive::modern(derivation, password, hash.len(), budget)?;
        return verify(hash, &key, data, expected);
    }
    let hash = match algorithm.oid {
        MD5 => Hash::Md5,
        SHA1 => Hash::Sha1,
        SHA224 => Hash::Sha224,
        SHA256 => Hash::Sha256,
        SHA384 => Hash::Sha384,
        SHA512 => Hash::Sha512,
        oid => return Err(Fault::Unsupported(format!("an integrity check with {}", algorithm::name(oid)))),
    };
    let salt = mac.mac_salt.as_bytes();
    let key = derive::pkcs12(hash, password, salt, Pkcs12KeyType::Mac, mac.iterations, hash.len(), budget)?;
    verify(hash, &key, data, expected)?;
    match hash {
        Hash::Md5 => budget.outdated("an integrity check with MD5"),
        Hash::Sha1 => budget.outdated("an integrity check with SHA-1"),
        _ => {}
    }
    Ok(())
}

fn verify(hash: Hash, key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), Fault> {
    fn with<M: Mac + KeyInit>(key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), Fault> {
        let mac = <M as KeyInit>::new_from_slice(key).map_err(|_| Fault::Parameters)?;
        mac.chain_update(data).verify_slice(expected).map_err(|_| Fault::Integrity)
    }
    match hash {
        Hash::Sha1 => with::<Hmac<Sha1>>(key, data, expected),
        Hash::Sha224 => with::<Hmac<Sha224>>(key, data, expected),
        Hash::Sha256 => with::<Hmac<Sha256>>(key, data, expected),
        Hash::Sha384 => with::<Hmac<Sha384>>(key, data, expected),
        Hash::Sha512 => with::<Hmac<Sha512>>(key, data, expected),
        Hash::Md5 => with::<Hmac<Md5>>(key, data, expected),
    }
}
