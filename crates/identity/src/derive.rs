//! Derives keys from passwords. Each function asks the budget before it starts.

use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use pkcs5::pbes2::{Kdf, Pbkdf2Prf};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::algorithm;
use crate::fault::Fault;
use crate::kdf_budget::KdfBudget;
use crate::limits::MAX_MEMORY;
use crate::password::Candidate;

/// A derived key.
pub(crate) type Derived = Zeroizing<Vec<u8>>;

/// The hashes of PKCS#5 version 1 and of PKCS#12 key derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Returns the output size in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// Derives with PBKDF2 or scrypt, as the algorithm says (RFC 8018 section 5.2, RFC 7914).
pub(crate) fn modern(
    algorithm: AlgorithmIdentifierRef<'_>,
    password: &Candidate<'_>,
    len: usize,
    budget: &mut KdfBudget,
) -> Result<Derived, Fault> {
    let kdf = Kdf::try_from(algorithm).map_err(|error| match error.kind() {
        der::ErrorKind::OidUnknown { oid } => {
            Fault::Unsupported(format!("a key derivation with {}", algorithm::name(oid)))
        }
        _ => Fault::Parameters,
    })?;
    if kdf.key_length().is_some_and(|given| usize::from(given) != len) {
        return Err(Fault::Parameters);
    }
    let mut key = Zeroizing::new(vec![0; len]);
    match kdf {
        Kdf::Pbkdf2(parameters) => {
            let (salt, rounds) = (parameters.salt.as_bytes(), parameters.iteration_count);
            if rounds == 0 {
                return Err(Fault::Parameters);
            }
            budget.spend(rounds.into())?;
            match parameters.prf {
                Pbkdf2Prf::HmacWithSha1 => pbkdf2_hmac::<Sha1>(password.bytes, salt, rounds, &mut key),
                Pbkdf2Prf::HmacWithSha224 => pbkdf2_hmac::<Sha224>(password.bytes, salt, rounds, &mut key),
                Pbkdf2Prf::HmacWithSha256 => pbkdf2_hmac::<Sha256>(password.bytes, salt, rounds, &mut key),
                Pbkdf2Prf::HmacWithSha384 => pbkdf2_hmac::<Sha384>(password.bytes, salt, rounds, &mut key),
                Pbkdf2Prf::HmacWithSha512 => pbkdf2_hmac::<Sha512>(password.bytes, salt, rounds, &mut key),
                other => {
                    return Err(Fault::Unsupported(format!("a key derivation with {}", algorithm::name(other.oid()))));
                }
            }
        }
        Kdf::Scrypt(parameters) => {
            let (n, r, p) = (parameters.cost_parameter, parameters.block_size, parameters.parallelization);
            // Checked here because pkcs5 0.8 subtracts from the value during conversion, even if it is not a
            // power of two.
            if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
                return Err(Fault::Parameters);
            }
            let memory = n.saturating_add(p.into()).saturating_mul(u64::from(r) * 128);
            if memory > MAX_MEMORY {
                return Err(Fault::Memory(memory));
            }
            // One step of scrypt's mixing costs about as much as two rounds of PBKDF2.
            budget.spend(n.saturating_mul(u64::from(r) * u64::from(p)).saturating_mul(2))?;
            let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| Fault::Parameters)?;
            let parameters_checked = scrypt::Params::new(log_n, r.into(), p.into()).map_err(|_| Fault::Parameters)?;
            scrypt::scrypt(password.bytes, parameters.salt.as_bytes(), &parameters_checked, &mut key)
                .map_err(|_| Fault::Parameters)?;
        }
        other => return Err(Fault::Unsupported(format!("a key derivation with {}", algorithm::name(other.oid())))),
    }
    Ok(key)
}

/// Derives with PKCS#12 (RFC 7292 appendix B).
pub(crate) fn pkcs12(
    hash: Hash,
    password: &Candidate<'_>,
    salt: &[u8],
    usage: Pkcs12KeyType,
    rounds: i32,
    len: usize,
    budget: &mut KdfBudget,
) -> Result<Derived, Fault> {
    budget.spend(u64::try_from(rounds).ok().filter(|rounds| *rounds > 0).ok_or(Fault::Parameters)?)?;
    let password = &password.utf16;
    Ok(Zeroizing::new(match hash {
        Hash::Md5 => derive_key::<Md5>(password, salt, usage, rounds, len),
        Hash::Sha1 => derive_key::<Sha1>(password, salt, usage, rounds, len),
        Hash::Sha224 => derive_key::<Sha224>(password, salt, usage, rounds, len),
        Hash::Sha256 => derive_key::<Sha256>(password, salt, usage, rounds, len),
        Hash::Sha384 => derive_key::<Sha384>(password, salt, usage, rounds, len),
        Hash::Sha512 => derive_key::<Sha512>(password, salt, usage, rounds, len),
    }))
}

/// Derives with PBKDF1 (RFC 8018 section 5.1): the first 8 bytes are the key, the next 8 the initialisation vector.
pub(crate) fn pbkdf1(
    hash: Hash,
    password: &Candidate<'_>,
    salt: &[u8],
    rounds: i32,
    budget: &mut KdfBudget,
) -> Result<Derived, Fault> {
    let rounds = u64::try_from(rounds).ok().filter(|rounds| *rounds > 0).ok_or(Fault::Parameters)?;
    budget.spend(rounds)?;
    let mut key = match hash {
        Hash::Md5 => chained::<Md5>(password.bytes, salt, rounds),
        Hash::Sha1 => chained::<Sha1>(password.bytes, salt, rounds),
        _ => return Err(Fault::Parameters),
    };
    key.truncate(16);
    Ok(key)
}

/// Derives keys of encrypted traditional keys: EVP_BytesToKey of OpenSSL with MD5 and one round.
pub(crate) fn bytes_to_key(password: &Candidate<'_>, salt: &[u8], len: usize) -> Derived {
    let mut key = Zeroizing::new(Vec::with_capacity(len + 16));
    let mut last = Zeroizing::new(Vec::new());
    while key.len() < len {
        let digest = Md5::new().chain_update(&*last).chain_update(password.bytes).chain_update(salt).finalize();
        last = Zeroizing::new(digest.to_vec());
        key.extend_from_slice(&last);
    }
    key.truncate(len);
    key
}

fn chained<D: Digest>(password: &[u8], salt: &[u8], rounds: u64) -> Derived {
    let mut last = D::new().chain_update(password).chain_update(salt).finalize();
    for _ in 1..rounds {
        last = D::digest(&last);
    }
    Zeroizing::new(last.to_vec())
}
