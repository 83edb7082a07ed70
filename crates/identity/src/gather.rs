//! Collects certificates and keys from a secret in any format. Nothing is judged yet: what belongs together
//! is known only when everything is collected.

use std::sync::Arc;

use der::Decode;
use digicert_one_core::{Code, CredentialError, Secret, Warning, decode_text};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::content::{self, Content};
use crate::encrypted::EncryptedKey;
use crate::fault::Fault;
use crate::kdf_budget::KdfBudget;
use crate::password::Candidate;
use crate::sniff::Look;
use crate::{base64, password, pem, pkcs7, pkcs12, sniff, traditional, trust};

/// In a CA file, where it is not usable.
pub(crate) const PRIVATE_KEY: &str = "a private key";

/// A certificate and where it was.
pub(crate) struct FoundCertificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) origin: Arc<str>,
    /// Whether its position in the file matters: in PKCS#12 and PKCS#7 it does not.
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

/// Everything collected so far.
pub(crate) struct Gathering<'a> {
    wanted: Wanted,
    password: Option<&'a Secret>,
    warnings: &'a mut Vec<Warning>,
    budget: KdfBudget,
    pub(crate) certificates: Vec<FoundCertificate>,
    pub(crate) keys: Vec<FoundKey>,
    /// Other content, for messages.
    pub(crate) others: Vec<&'static str>,
}

/// The purpose of reading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Certificates and keys.
    Identity,
    /// CA certificates: keys are not opened, and no certificate may be left out.
    Roots,
}

/// Base64 of base64 occurs; more layers do not.
const MAX_LAYERS: usize = 3;

impl<'a> Gathering<'a> {
    /// Collects for client identities.
    pub(crate) fn new(password: Option<&'a Secret>, warnings: &'a mut Vec<Warning>) -> Self {
        Self {
            wanted: Wanted::Identity,
            password,
            warnings,
            budget: KdfBudget::default(),
            certificates: Vec::new(),
            keys: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Collects for CA files.
    pub(crate) fn of_roots(warnings: &'a mut Vec<Warning>) -> Self {
        Self { wanted: Wanted::Roots, ..Self::new(None, warnings) }
    }

    /// Adds the content of a secret.
    pub(crate) fn add(&mut self, secret: &Secret) -> Result<(), CredentialError> {
        let origin = secret.origin();
        self.add_bytes(secret.expose(), "", MAX_LAYERS, origin)?;
        self.warn_of_outdated(origin);
        Ok(())
    }

    /// Adds bytes in any format; `inside` names the layers around them.
    fn add_bytes(
        &mut self,
        bytes: &[u8],
        inside: &str,
        layers: usize,
        origin: &Arc<str>,
    ) -> Result<(), CredentialError> {
        if let Some((text, encoding)) = decode_text(bytes) {
            let inside = match encoding {
                encoding if encoding.starts_with("UTF-8") => inside.to_owned(),
                encoding => format!("{inside}text in {encoding}, in it "),
            };
            return self.add_layer(&text, &inside, layers, origin);
        }
        match sniff::at(bytes) {
            Look::Pem => self.add_pem(bytes, origin),
            Look::Pkcs12 => match content::values(bytes) {
                (values, []) if values.len() == 1 => self.add_pkcs12(values[0], origin),
                _ => self.add_pkcs12(bytes, origin),
            },
            Look::Der => self.add_der(bytes, origin),
            Look::Base64 if layers > 0 => {
                let inner = base64::decode(bytes).unwrap_or_default();
                self.add_layer(&inner, &format!("{inside}base64 of "), layers, origin)
            }
            look => Err(self.nothing(&format!("{inside}{}", look.name()), look.advice(), origin)),
        }
    }

    fn add_layer(
        &mut self,
        bytes: &[u8],
        inside: &str,
        layers: usize,
        origin: &Arc<str>,
    ) -> Result<(), CredentialError> {
        match layers.checked_sub(1) {
            Some(layers) => self.add_bytes(bytes, inside, layers, origin),
            None => Err(self.nothing(&format!("{inside}text in several encodings"), "", origin)),
        }
    }

    fn add_pem(&mut self, text: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        for section in pem::sections(text) {
            let section = section.map_err(|broken| {
                let message = format!("failed to read PEM section {}: {}", broken.section, broken.what);
                CredentialError::new(Code::ID_07, message).at(&**origin)
            })?;
            match (section.label, section.dek_info) {
                (label, Some(dek_info)) if label.ends_with("PRIVATE KEY") => {
                    self.add_traditional(&dek_info, &section.body, origin)?;
                }
                ("TRUSTED CERTIFICATE", _) => self.add_trusted(&section.body, origin)?,
                (label, _) => self.add_section(label, &section.body, origin)?,
            }
        }
        Ok(())
    }

    fn add_traditional(&mut self, dek_info: &str, body: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        if self.wanted == Wanted::Roots {
            self.others.push(PRIVATE_KEY);
            return Ok(());
        }
        let plain = self.open_key(origin, |password, budget| traditional::open(dek_info, body, password, budget))?;
        let form = form_of(content::of(&plain)).unwrap_or(KeyForm::Pkcs8);
        self.add_key(form, plain, origin);
        Ok(())
    }

    /// Adds a certificate that is followed by OpenSSL's trust settings.
    fn add_trusted(&mut self, body: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        let certificate = content::first_value(body);
        if content::of(certificate) != Content::Certificate {
            return self.add_section("TRUSTED CERTIFICATE", body, origin);
        }
        if self.wanted == Wanted::Roots && !trust::allows_servers(&body[certificate.len()..]) {
            self.others.push("a certificate that is marked as not trusted for servers");
            return Ok(());
        }
        self.add_certificate(certificate.to_vec(), origin, true);
        Ok(())
    }

    /// Adds a section, by its content; by its label only if the content is not recognised.
    fn add_section(&mut self, label: &str, body: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        if body.starts_with(b"openssh-key-v1\0") || label == "OPENSSH PRIVATE KEY" {
            self.others.push("an OpenSSH key");
            return Ok(());
        }
        let whole = content::of(body);
        let (values, rest) = content::values(body);
        if whole == Content::Unknown && values.len() > 1 && rest.is_empty() {
            // This happens if several files in DER are joined before they are encoded.
            return self.add_values(&values, origin);
        }
        match (whole, label) {
            (Content::Unknown, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") => {
                if self.wanted == Wanted::Roots {
                    let number = self.certificates.len() + 1;
                    let message = format!("certificate {number} is damaged or truncated");
                    return Err(CredentialError::new(Code::ID_07, message).at(&**origin));
                }
                self.add_certificate(body.to_vec(), origin, true);
            }
            (Content::Unknown, "ENCRYPTED PRIVATE KEY") => return Err(damaged_key(origin)),
            (Content::Unknown, "TSS2 PRIVATE KEY") => self.others.push("a key of a TPM"),
            (Content::Unknown, label) if label.ends_with("PRIVATE KEY") => {
                let form = match label {
                    "RSA PRIVATE KEY" => KeyForm::Pkcs1,
                    "EC PRIVATE KEY" => KeyForm::Sec1,
                    _ => KeyForm::Pkcs8,
                };
                self.add_key(form, Zeroizing::new(body.to_vec()), origin);
            }
            (Content::Unknown, "PKCS7" | "CMS") => self.others.push("a PKCS#7 structure without certificates"),
            (Content::Unknown, "PKCS12" | "PKCS #12") => self.add_pkcs12(body, origin)?,
            (Content::Unknown, "PUBLIC KEY" | "RSA PUBLIC KEY") => self.others.push("a public key"),
            (Content::Unknown, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
                self.others.push("a certificate request");
            }
            (Content::Unknown, "X509 CRL") => self.others.push("a list of revoked certificates"),
            (Content::Unknown, label) if label.starts_with("PGP ") => self.others.push("a PGP key or message"),
            (Content::Unknown, label) if label.starts_with("PKCS#11 ") => {
                self.others.push("a reference to a PKCS#11 token")
            }
            // Key parameters, and labels of other programs.
            (Content::Unknown, _) => {}
            (content, _) => self.add_value(content, body, origin)?,
        }
        Ok(())
    }

    /// Adds a file in DER: one value, or several joined; PEM may follow.
    fn add_der(&mut self, bytes: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        // Indefinite lengths end where the file does.
        if bytes.starts_with(&[0x30, 0x80]) {
            return self.add_value(content::of(bytes), bytes, origin);
        }
        let (values, rest) = content::values(bytes);
        let pem_follows = rest.starts_with(b"-----BEGIN ");
        if values.is_empty() || !(rest.is_empty() || pem_follows) {
            let what = "it looks like DER, but is truncated or damaged";
            return Err(CredentialError::new(Code::ID_07, what).at(&**origin));
        }
        self.add_values(&values, origin)?;
        if pem_follows { self.add_pem(rest, origin) } else { Ok(()) }
    }

    fn add_values(&mut self, values: &[&[u8]], origin: &Arc<str>) -> Result<(), CredentialError> {
        values.iter().try_for_each(|value| self.add_value(content::of(value), value, origin))
    }

    fn add_value(&mut self, content: Content, der: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        match content {
            Content::Certificate => self.add_certificate(der.to_vec(), origin, true),
            Content::Pkcs12 => self.add_pkcs12(der, origin)?,
            Content::Pkcs7 => match pkcs7::certificates(der) {
                Some(certificates) => self.add_certificates(certificates, origin),
                None => self.others.push("a PKCS#7 structure without certificates"),
            },
            Content::Pkcs8 | Content::Pkcs1 | Content::Sec1 | Content::EncryptedKey if self.wanted == Wanted::Roots => {
                self.others.push(PRIVATE_KEY);
            }
            Content::EncryptedKey => match EncryptedKey::from_der(der) {
                Ok(key) => {
                    let plain = self.open_key(origin, |password, budget| key.open(password, budget))?;
                    self.add_key(KeyForm::Pkcs8, plain, origin);
                }
                Err(_) => return Err(damaged_key(origin)),
            },
            Content::Other(other) => self.others.push(other),
            content => match form_of(content) {
                Some(form) => self.add_key(form, Zeroizing::new(der.to_vec()), origin),
                None => return Err(self.nothing("DER that is neither a certificate nor a private key", "", origin)),
            },
        }
        Ok(())
    }

    fn add_pkcs12(&mut self, bytes: &[u8], origin: &Arc<str>) -> Result<(), CredentialError> {
        // A key store with an empty password, or none, opens without a password.
        let contents = self.open("key store", origin, |password, budget| pkcs12::open(bytes, password, budget))?;
        self.add_certificates(contents.certificates, origin);
        for key in contents.keys {
            self.add_key(KeyForm::Pkcs8, key, origin);
        }
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

    /// Adds a key; the same key may be in both files.
    fn add_key(&mut self, form: KeyForm, der: Zeroizing<Vec<u8>>, origin: &Arc<str>) {
        if !self.keys.iter().any(|key| key.form == form && *key.der == *der) {
            self.keys.push(FoundKey { form, der, origin: Arc::clone(origin) });
        }
    }

    fn nothing(&self, found: &str, advice: &str, origin: &str) -> CredentialError {
        let wanted = match self.wanted {
            Wanted::Identity => "certificate or private key",
            Wanted::Roots => "certificate",
        };
        let message = format!("expected a {wanted}; it looks like {found}{advice}");
        CredentialError::new(Code::ID_07, message).at(origin)
    }

    fn open_key(
        &mut self,
        origin: &str,
        attempt: impl FnMut(&Candidate<'_>, &mut KdfBudget) -> Result<Zeroizing<Vec<u8>>, Fault>,
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
        mut attempt: impl FnMut(&Candidate<'_>, &mut KdfBudget) -> Result<T, Fault>,
    ) -> Result<T, CredentialError> {
        let budget = &mut self.budget;
        password::open(self.password, what, origin, self.warnings, |password| attempt(password, budget))
    }

    fn warn_of_outdated(&mut self, origin: &str) {
        let names = self.budget.take_outdated();
        if !names.is_empty() {
            let text = format!(
                "it is protected with outdated algorithms ({}) and was read anyway; write it again with AES-256",
                names.join(", ")
            );
            self.warnings.push(Warning::new(Code::ID_04, text, origin));
        }
    }
}

fn form_of(content: Content) -> Option<KeyForm> {
    match content {
        Content::Pkcs8 => Some(KeyForm::Pkcs8),
        Content::Pkcs1 => Some(KeyForm::Pkcs1),
        Content::Sec1 => Some(KeyForm::Sec1),
        _ => None,
    }
}

fn damaged_key(origin: &str) -> CredentialError {
    CredentialError::new(Code::ID_07, "the encrypted private key is damaged or truncated").at(origin)
}
