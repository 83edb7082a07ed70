//! The secrets that stores store: an API key, or a certificate with its private key, with id, name and
//! end dates. All written forms are defined here, so that no store knows a format.

use std::fmt;

use digicert_one_core::{ClientIdentity, EndDate, Secret};
use digicert_one_credentials::RawCredential;
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

/// The kinds of secret that exist only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// An API key, shown once by the platform.
    ApiKey,
    /// A client certificate with its private key, which was generated here.
    Certificate,
}

impl SecretKind {
    /// Returns how many bytes a store reserves before the platform is called. Keys have 91 characters, chains
    /// of three certificates about 6 KiB; the rest is spare.
    #[must_use]
    pub fn reserve(self) -> usize {
        match self {
            Self::ApiKey => 4 << 10,
            Self::Certificate => 64 << 10,
        }
    }
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "API key",
            Self::Certificate => "client certificate",
        })
    }
}

/// A secret that must not get lost, with its id, name and end dates. Wiped when dropped; `Debug` never shows the secret.
///
/// ```
/// use digicert_one_provisioning::StoredSecret;
/// use digicert_one_core::Secret;
/// let stored = StoredSecret::api_key(Secret::new("an-api-key", "the response of the platform")).with_name("ci-2027");
/// assert_eq!(stored.name(), Some("ci-2027"));
/// assert!(!format!("{stored:?}").contains("an-api-key"));
/// ```
#[derive(Clone)]
pub struct StoredSecret {
    value: Value,
    id: Option<String>,
    name: Option<String>,
    end_date: Option<EndDate>,
    owner_ends: Option<EndDate>,
}

#[derive(Clone)]
enum Value {
    ApiKey(Secret),
    Certificate(ClientIdentity),
    /// Private key and chain in one PEM text, read back from a store.
    Bundle(Secret),
}

impl StoredSecret {
    /// Creates a secret from an API key, exactly as the platform showed it. Nothing is checked: even an
    /// unusual key is stored, since it is not shown again.
    #[must_use]
    pub fn api_key(key: Secret) -> Self {
        Self::of(Value::ApiKey(key))
    }

    /// Creates a secret from a certificate chain and its private key.
    #[must_use]
    pub fn certificate(identity: ClientIdentity) -> Self {
        Self::of(Value::Certificate(identity))
    }

    /// Creates a secret from what a store returned: an API key, or private key and chain in one PEM text.
    pub(super) fn read_back(raw: &RawCredential) -> Option<Self> {
        let value = match (&raw.api_key, &raw.certificate) {
            (Some(key), _) => Value::ApiKey(key.clone()),
            (None, bundle) => Value::Bundle(bundle.clone()?),
        };
        Some(Self::of(value).with_ends(raw.key_ends, raw.owner_ends))
    }

    fn of(value: Value) -> Self {
        Self { value, id: None, name: None, end_date: None, owner_ends: None }
    }

    /// Sets the platform's id of the API token or certificate.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the name or nickname on the platform.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the end dates: of the secret, and of the service user.
    #[must_use]
    pub fn with_ends(mut self, end_date: Option<EndDate>, owner_ends: Option<EndDate>) -> Self {
        self.end_date = end_date;
        self.owner_ends = owner_ends;
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> SecretKind {
        match self.value {
            Value::ApiKey(_) => SecretKind::ApiKey,
            Value::Certificate(_) | Value::Bundle(_) => SecretKind::Certificate,
        }
    }

    /// Returns the platform's id of the API token or certificate.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the name or nickname on the platform.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns when it expires.
    #[must_use]
    pub fn end_date(&self) -> Option<EndDate> {
        self.end_date
    }

    /// Returns when the service user expires.
    #[must_use]
    pub fn owner_ends(&self) -> Option<EndDate> {
        self.owner_ends
    }

    /// Returns the secret as a source does, to verify it with a call.
    #[must_use]
    pub fn raw(&self) -> RawCredential {
        let bundle = match &self.value {
            Value::ApiKey(key) => {
                return RawCredential::new().with_api_key(key.clone()).with_ends(self.end_date, self.owner_ends);
            }
            Value::Certificate(identity) => {
                Secret::new(std::mem::take(&mut *bundle(identity)), "a newly issued certificate")
            }
            Value::Bundle(bundle) => bundle.clone(),
        };
        RawCredential::new().with_certificate(bundle).with_ends(None, self.owner_ends)
    }

    /// Returns the content of one file: the key on a line, or private key and chain in one PEM text.
    pub(crate) fn text(&self) -> Zeroizing<Vec<u8>> {
        match &self.value {
            Value::ApiKey(key) => line(key.expose()),
            Value::Certificate(identity) => bundle(identity),
            Value::Bundle(bundle) => Zeroizing::new(bundle.expose().to_vec()),
        }
    }

    /// Returns the content of two files: chain and private key. `None` for an API key.
    pub(crate) fn halves(&self) -> Option<(String, Zeroizing<Vec<u8>>)> {
        match &self.value {
            Value::ApiKey(_) => None,
            Value::Certificate(identity) => Some((identity.chain_pem(), key_pem(identity))),
            Value::Bundle(bundle) => {
                let text = bundle.expose();
                let begin = b"-----BEGIN CERTIFICATE-----";
                let chain = text.windows(begin.len()).position(|part| part == begin).unwrap_or(text.len());
                let (key, chain) = text.split_at(chain);
                Some((String::from_utf8_lossy(chain).into_owned(), Zeroizing::new(key.to_vec())))
            }
        }
    }

    /// Returns the JSON document that a [`Program`](digicert_one_credentials::Program) reads,
    /// with the facts in separate fields.
    pub(crate) fn document(&self) -> Zeroizing<Vec<u8>> {
        let mut fields = Map::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), Json::String(value));
            }
        };
        add("id", self.id.clone());
        add("name", self.name.clone());
        add("owner_ends", self.owner_ends.map(|end| end.to_string()));
        let (label, secret) = match &self.value {
            Value::ApiKey(key) => {
                add("api_key_ends", self.end_date.map(|end| end.to_string()));
                ("api_key", Zeroizing::new(key.expose().to_vec()))
            }
            Value::Certificate(_) | Value::Bundle(_) => ("certificate", self.text()),
        };
        // Built by hand, so that the only copy of the secret is in a buffer that is wiped and does not move.
        let rest = Json::Object(fields).to_string();
        let rest = rest.strip_prefix('{').unwrap_or_default();
        let mut whole = Zeroizing::new(Vec::with_capacity(secret.len() * 6 + rest.len() + 64));
        whole.extend_from_slice(b"{\"version\":1,\"");
        whole.extend_from_slice(label.as_bytes());
        whole.extend_from_slice(b"\":\"");
        escape(&String::from_utf8_lossy(&secret), &mut whole);
        whole.extend_from_slice(if rest == "}" { b"\"" } else { b"\"," });
        whole.extend_from_slice(rest.as_bytes());
        whole.push(b'\n');
        whole
    }
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSecret")
            .field("secret", &format_args!("{} (redacted)", self.kind()))
            .field("id", &self.id)
            .field("name", &self.name)
            .field("ends", &self.end_date)
            .field("owner_ends", &self.owner_ends)
            .finish()
    }
}

fn line(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    whole.extend_from_slice(text);
    whole.push(b'\n');
    whole
}

fn key_pem(identity: &ClientIdentity) -> Zeroizing<Vec<u8>> {
    identity.expose_key_pem(|pem| Zeroizing::new(pem.as_bytes().to_vec()))
}

fn bundle(identity: &ClientIdentity) -> Zeroizing<Vec<u8>> {
    let chain = identity.chain_pem();
    identity.expose_key_pem(|pem| {
        let mut whole = Zeroizing::new(Vec::with_capacity(pem.len() + chain.len()));
        whole.extend_from_slice(pem.as_bytes());
        whole.extend_from_slice(chain.as_bytes());
        whole
    })
}

/// RFC 8259 section 7.
fn escape(text: &str, into: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' => into.extend_from_slice(b"\\\""),
            '\\' => into.extend_from_slice(b"\\\\"),
            '\n' => into.extend_from_slice(b"\\n"),
            control if u32::from(control) < 0x20 => {
                into.extend_from_slice(format!("\\u{:04x}", u32::from(control)).as_bytes());
            }
            other => into.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_credentials::RawCredential;

    use super::*;

    #[test]
    fn command_source_reads_the_document_of_any_key() {
        for text in ["canary", "can\"ary\\ \u{1}\n\t<ü>", ""] {
            let key = StoredSecret::api_key(Secret::new(text, "a test"));
            for stored in [key.clone(), key.with_id("7d1f").with_name("\"ci\"")] {
                let raw = RawCredential::from_document(&Secret::new(stored.document().to_vec(), "a test"))
                    .expect("a document");
                assert_eq!(raw.api_key.expect("a key").expose(), text.as_bytes());
            }
        }
    }

    #[test]
    fn secret_is_not_printed() {
        let stored = StoredSecret::api_key(Secret::new("canary", "a test")).with_id("7d1f");
        let text = format!("{stored:?}");
        assert!(text.contains("API key (redacted)") && text.contains("7d1f") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn certificate_read_back_has_the_same_halves() {
        let pem = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
        let chain = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".repeat(2);
        let raw = RawCredential::new().with_certificate(Secret::new(format!("{pem}{chain}"), "a test"));
        let stored = StoredSecret::read_back(&raw).expect("a certificate");
        assert_eq!(stored.kind(), SecretKind::Certificate);
        assert_eq!(stored.halves(), Some((chain, Zeroizing::new(pem.as_bytes().to_vec()))));
        assert!(StoredSecret::read_back(&RawCredential::new()).is_none());
    }
}
