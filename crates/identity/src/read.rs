//! The three steps of reading: collect, arrange, check.

use digicert_one_core::{ClientIdentity, Code, CredentialError, Secret, Warning};
use rustls_pki_types::CertificateDer;

use crate::gather::{FoundCertificate, FoundKey, Gathering};
use crate::{ReadOptions, chain, checks, client_identity, gather};

/// Reads a client identity from one file with chain and key, or from two; decrypts it with the password if needed.
///
/// Formats: PEM and DER (PKCS#8, PKCS#1, SEC1, encrypted or not; PKCS#7 for certificates), PKCS#12, and base64 of these.
///
/// # Errors
/// See the codes ID-01 to ID-17; each error names the origin.
pub fn read_client_identity(
    certificate: &Secret,
    private_key: Option<&Secret>,
    password: Option<&Secret>,
    rules: &ReadOptions,
    warnings: &mut Vec<Warning>,
) -> Result<ClientIdentity, CredentialError> {
    let places = match private_key {
        Some(key) => chain::places(certificate.origin(), key.origin()),
        None => certificate.origin().to_string(),
    };
    let mut gathering = Gathering::new(password, warnings);
    gathering.add(certificate)?;
    // One file with both is often given twice.
    if let Some(key) = private_key.filter(|key| key.expose() != certificate.expose()) {
        gathering.add(key)?;
    }
    let Gathering { certificates, keys, others, .. } = gathering;
    let key = one_key(&certificates, &keys, &others).map_err(|error| error.at(places))?;
    let identity = chain::arrange(&certificates, key, rules.now, warnings)?;
    checks::check(&identity, rules, certificate.origin(), warnings)?;
    Ok(identity)
}

/// Reads the certificates of a CA file in every format that client certificates can have. Other content gives
/// a warning; a part that cannot be parsed is an error, as a missing root makes servers fail later.
///
/// # Errors
/// Returns an error for a file without a certificate, or with a damaged part (TR-03).
pub fn read_certificates(
    file: &Secret,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let refused = |error: CredentialError| {
        let password = matches!(error.code(), Code::ID_02 | Code::ID_03);
        let advice = match password {
            true => {
                "; a CA file has no password: write its certificates as PEM (openssl pkcs12 -nokeys -in FILE -out ca.pem)"
            }
            false => "",
        };
        let message = format!("invalid CA file: {}{advice}", error.message());
        CredentialError::new(Code::TR_03, message).at(&**file.origin())
    };
    let mut of_reading = Vec::new();
    let mut gathering = Gathering::of_roots(&mut of_reading);
    gathering.add(file).map_err(refused)?;
    let Gathering { certificates, keys, mut others, .. } = gathering;
    if !keys.is_empty() {
        others.push(gather::PRIVATE_KEY);
    }
    others.sort_unstable();
    others.dedup();
    if certificates.is_empty() {
        let found = if others.is_empty() { "PEM".to_owned() } else { others.join(", ") };
        let message = format!("invalid CA file: expected certificates in PEM or DER, found: {found}");
        return Err(CredentialError::new(Code::TR_03, message).at(&**file.origin()));
    }
    for other in others {
        let text = format!("the CA file also holds {other}, which is not used");
        warnings.push(Warning::new(Code::TR_03, text, &**file.origin()));
    }
    Ok(certificates.into_iter().map(|certificate| certificate.der).collect())
}

/// Returns the single key, given at least one certificate.
fn one_key<'a>(
    certificates: &[FoundCertificate],
    keys: &'a [FoundKey],
    others: &[&str],
) -> Result<&'a FoundKey, CredentialError> {
    match keys {
        [key] if !certificates.is_empty() => Ok(key),
        [first, _, ..] if !certificates.is_empty() && all_are_one(certificates, keys) => Ok(first),
        [_, _, ..] => {
            let message = format!("found {} private keys and cannot decide which one is meant", keys.len());
            Err(CredentialError::new(Code::ID_17, message))
        }
        _ => {
            let mut message = match (certificates.len(), keys.len()) {
                (0, 0) => "missing certificate and private key".to_owned(),
                (0, _) => "missing certificate: found a private key only".to_owned(),
                (1, _) => "missing private key: found a certificate only".to_owned(),
                (several, _) => format!("missing private key: found {several} certificates only"),
            };
            if let Some(other) = others.first() {
                message += &format!("; also found {other}, which cannot be used here");
            }
            Err(CredentialError::new(Code::ID_07, message))
        }
    }
}

/// Returns whether the keys are one key in two forms: all of them belong to one certificate.
fn all_are_one(certificates: &[FoundCertificate], keys: &[FoundKey]) -> bool {
    let belongs = |certificate: &FoundCertificate, key: &FoundKey| {
        client_identity(vec![certificate.der.clone()], &key.der()).is_ok()
    };
    // One file gives one form, two give two: more keys than that are different keys.
    keys.len() == 2 && certificates.iter().take(10).any(|it| keys.iter().all(|key| belongs(it, key)))
}
