//! Certificates and keys out of whatever a secret holds, in whichever format, and nothing judged yet: what belongs together
//! is seen only when everything is there.

use std::sync::Arc;

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader};
use digicert_one_core::{Code, CredentialError};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::encrypted::EncryptedKey;
use super::fault::Fault;
use super::look::Look;
use super::password::Candidate;
use super::work::Work;
use super::{base64, look, password, pem, pkcs7, pkcs12, traditional};
use crate::{Secret, Warning};

/// A certificate and where it was.
pub(crate) struct FoundCertificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) origin: Arc<str>,
    /// Whether its place in the file means anything: in PKCS#12 and PKCS#7 it does not.
    pub(crate) ordered: bool,
}

/// A private key and where it was. Wiped when dropped.
pub(crate) struct FoundKey {
    form: KeyForm,
    der: Zeroizing<Vec<u8>>,
    pub(crate) origin: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyForm {
    Pkcs8,
    Pkcs1,
    Sec1,
}

impl FoundKey {
    /// Lends the key.
    pub(crate) fn der(&self) -> PrivateKeyDer<'_> {
        match self.form {
            KeyForm::Pkcs8 => PrivatePkcs8KeyDer::from(self.der.as_slice()).into(),
            KeyForm::Pkcs1 => PrivatePkcs1KeyDer::from(self.der.as_slice()).into(),
            KeyForm::Sec1 => PrivateSec1KeyDer::from(self.der.as_slice()).into(),
        }
    }
}

/// Everything found so far.
pub(crate) struct Gathering<'a> {
    password: Option<&'a Secret>,
    warnings: &'a mut Vec<Warning>,
    work: Work,
    pub(crate) certificates: Vec<FoundCertificate>,
    pub(crate) keys: Vec<FoundKey>,
    /// What else was there, for messages.
    pub(crate) others: Vec<&'static str>,
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(password: Option<&'a Secret>, warnings: &'a mut Vec<Warning>) -> Self {
        Self {
            password,
            warnings,
            work: Work::default(),
            certificates: Vec::new(),
            keys: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Adds what a secret holds.
    pub(crate) fn add(&mut self, secret: &Secret) -> Result<(), CredentialError> {
        let origin = secret.origin();
        let bytes = secret.expose();
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match look::at(text) {
            Look::Base64 => {
                let inner = base64::decode(text).unwrap_or_default();
                let look = look::at(&inner);
                match look {
                    Look::Pem | Look::Pkcs12 | Look::Der => self.add_as(look, &inner, origin),
                    _ => Err(no_identity(&format!("base64 of {}", look.name()), look.advice(), origin)),
                }
            }
            look => self.add_as(look, text, origin),
        }?;
        self.warn_of_outdated(origin);
        Ok(())
    }

    fn add_as(&mut self, look: Look, bytes: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        match look {
            Look::Pem => self.add_pem(bytes, origin),
            Look::Pkcs12 => self.add_pkcs12(bytes, origin),
            Look::Der => self.add_der(bytes, origin),
            other => Err(no_identity(other.name(), other.advice(), origin)),
        }
    }

    fn add_pem(&mut self, text: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        for section in pem::sections(text) {
            let section = section.map_err(|broken| {
                let message = format!("PEM section {} cannot be read: {}", broken.section, broken.what);
                CredentialError::new(Code::ID_07, message).at(&**origin)
            })?;
            match (section.label, section.dek_info) {
                ("CERTIFICATE" | "X509 CERTIFICATE", _) => self.add_certificate(section.body.to_vec(), origin, true),
                ("TRUSTED CERTIFICATE", _) => self.add_certificate(first_value(&section.body).to_vec(), origin, true),
                (label @ ("RSA PRIVATE KEY" | "EC PRIVATE KEY"), Some(dek_info)) => {
                    let plain = self.open_key(origin, |password, work| {
                        traditional::open(dek_info, &section.body, password, work)
                    })?;
                    self.add_key(form_of(label), plain, origin);
                }
                (label @ ("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY"), _) => {
                    self.add_key(form_of(label), section.body, origin);
                }
                ("ENCRYPTED PRIVATE KEY", _) => match EncryptedKey::from_der(&section.body) {
                    Ok(key) => self.add_encrypted(&key, origin)?,
                    Err(_) => return Err(damaged_key(origin)),
                },
                ("PKCS7" | "CMS", _) => match pkcs7::certificates(&section.body) {
                    Some(certificates) => self.add_certificates(certificates, origin),
                    None => self.others.push("a PKCS#7 structure without certificates"),
                },
                ("PKCS12" | "PKCS #12", _) => self.add_pkcs12(&section.body, origin)?,
                ("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", _) => self.others.push("a certificate request"),
                ("OPENSSH PRIVATE KEY", _) => self.others.push("an OpenSSH key"),
                ("PUBLIC KEY" | "RSA PUBLIC KEY", _) => self.others.push("a public key"),
                ("X509 CRL", _) => self.others.push("a list of revoked certificates"),
                ("DSA PRIVATE KEY", _) => self.others.push("a DSA key"),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_pkcs12(&mut self, bytes: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        // One with an empty password, or none, opens without.
        let contents = self.open("key store", origin, |password, work| pkcs12::open(bytes, password, work))?;
        self.add_certificates(contents.certificates, origin);
        for key in contents.keys {
            self.add_key(KeyForm::Pkcs8, key, origin);
        }
        Ok(())
    }

    fn add_der(&mut self, bytes: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        let der = first_value(bytes);
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        if der.is_empty() || !bytes[der.len()..].iter().all(blank) {
            let what = "it looks like DER, but is cut off or damaged";
            return Err(CredentialError::new(Code::ID_07, what).at(&**origin));
        }
        if Certificate::from_der(der).is_ok() {
            self.add_certificate(der.to_vec(), origin, true);
        } else if let Ok(key) = EncryptedKey::from_der(der) {
            self.add_encrypted(&key, origin)?;
        } else if let Ok(key) = PrivateKeyDer::try_from(der) {
            let form = match key {
                PrivateKeyDer::Pkcs8(_) => KeyForm::Pkcs8,
                PrivateKeyDer::Pkcs1(_) => KeyForm::Pkcs1,
                _ => KeyForm::Sec1,
            };
            self.add_key(form, Zeroizing::new(der.to_vec()), origin);
        } else if let Some(certificates) = pkcs7::certificates(der) {
            self.add_certificates(certificates, origin);
        } else if spki::SubjectPublicKeyInfoRef::try_from(der).is_ok() {
            return Err(no_identity("a public key in DER", "", origin));
        } else if x509_cert::request::CertReq::from_der(der).is_ok() {
            return Err(no_identity("a certificate request in DER", "", origin));
        } else {
            return Err(no_identity("DER that is neither a certificate nor a private key", "", origin));
        }
        Ok(())
    }

    fn add_encrypted(&mut self, key: &EncryptedKey<'_>, origin: &Arc<str>) -> Result<(), CredentialError> {
        let plain = self.open_key(origin, |password, work| key.open(password, work))?;
        self.add_key(KeyForm::Pkcs8, plain, origin);
        Ok(())
    }

    fn add_certificates(&mut self, certificates: Vec<Vec<u8>>, origin: &Arc<str>) {
        for certificate in certificates {
            self.add_certificate(certificate, origin, false);
        }
    }

    fn add_certificate(&mut self, der: Vec<u8>, origin: &Arc<str>, ordered: bool) {
        let der = CertificateDer::from(der);
        self.certificates.push(FoundCertificate { der, origin: Arc::clone(origin), ordered });
    }

    /// The same key may stand in both files.
    fn add_key(&mut self, form: KeyForm, der: Zeroizing<Vec<u8>>, origin: &Arc<str>) {
        if !self.keys.iter().any(|key| key.form == form && *key.der == *der) {
            self.keys.push(FoundKey { form, der, origin: Arc::clone(origin) });
        }
    }

    fn open_key(
        &mut self,
        origin: &str,
        attempt: impl FnMut(&Candidate<'_>, &mut Work) -> Result<Zeroizing<Vec<u8>>, Fault>,
    ) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
        match self.password {
            Some(_) => self.open("private key", origin, attempt),
            None => Err(password::missing("private key", origin)),
        }
    }

    fn open<T>(
        &mut self,
        what: &str,
        origin: &str,
        mut attempt: impl FnMut(&Candidate<'_>, &mut Work) -> Result<T, Fault>,
    ) -> Result<T, CredentialError> {
        let work = &mut self.work;
        password::open(self.password, what, origin, self.warnings, |password| attempt(password, work))
    }

    fn warn_of_outdated(&mut self, origin: &str) {
        let names = self.work.take_outdated();
        if !names.is_empty() {
            let text = format!(
                "it is protected with outdated means ({}) and was read anyway; write it anew with AES-256",
                names.join(", ")
            );
            self.warnings.push(Warning::new(Code::ID_04, text, origin));
        }
    }
}

fn form_of(label: &str) -> KeyForm {
    match label {
        "RSA PRIVATE KEY" => KeyForm::Pkcs1,
        "EC PRIVATE KEY" => KeyForm::Sec1,
        _ => KeyForm::Pkcs8,
    }
}

/// The first DER value; empty if there is none.
fn first_value(bytes: &[u8]) -> &[u8] {
    let value = SliceReader::new(bytes).and_then(|mut reader| reader.tlv_bytes()).unwrap_or_default();
    if AnyRef::from_der(value).is_ok() { value } else { &[] }
}

fn no_identity(found: &str, advice: &str, origin: &str) -> CredentialError {
    let message = format!("there is no certificate or private key in it: it looks like {found}{advice}");
    CredentialError::new(Code::ID_07, message).at(origin)
}

fn damaged_key(origin: &str) -> CredentialError {
    CredentialError::new(Code::ID_07, "the encrypted private key is damaged or cut off").at(origin)
}
