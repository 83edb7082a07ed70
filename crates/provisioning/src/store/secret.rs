//! The secrets that sinks store: an API key, or a certificate with its private key, and their facts that are
//! not secret. All written forms are defined here, so that no sink knows a format.

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
    /// Returns how many bytes a sink reserves before the platform is called. Keys have 91 characters, chains
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

/// The facts of a secret that are not secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretFacts {
    /// The platform's id of the API token or certificate.
    pub id: Option<String>,
    /// Its name or nickname on the platform.
    pub name: Option<String>,
    /// When it expires.
    pub ends: Option<EndDate>,
    /// When the service user expires.
    pub owner_ends: Option<EndDate>,
}

impl SecretFacts {
    /// Creates empty facts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the platform's id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds the name or nickname.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds the end dates: of the secret, and of the service user.
    #[must_use]
    pub fn with_ends(mut self, ends: Option<EndDate>, owner_ends: Option<EndDate>) -> Self {
        self.ends = ends;
        self.owner_ends = owner_ends;
        self
    }
}

/// A secret that must not get lost, with its facts. Wiped when dropped; `Debug` shows the facts and never the secret.
///
/// ```
/// use digicert_one_provisioning::{StoredSecret, SecretFacts};
/// use digicert_one_core::Secret;
/// let key = Secret::new("an-api-key", "the answer of the platform");
/// let kept = StoredSecret::api_key(key, SecretFacts::new().with_name("ci-2027"));
/// assert!(!format!("{kept:?}").contains("an-api-key"));
/// ```
#[derive(Clone)]
pub struct StoredSecret {
    value: Value,
    facts: SecretFacts,
}

#[derive(Clone)]
enum Value {
    ApiKey(Secret),
    Certificate(ClientIdentity),
}

impl StoredSecret {
    /// Creates a secret from an API key, exactly as the platform showed it. Nothing is checked: even an
    /// unusual key is stored, since it is not shown again.
    #[must_use]
    pub fn api_key(key: Secret, facts: SecretFacts) -> Self {
        Self { value: Value::ApiKey(key), facts }
    }

    /// Creates a secret from a certificate chain and its private key.
    #[must_use]
    pub fn certificate(identity: ClientIdentity, facts: SecretFacts) -> Self {
        Self { value: Value::Certificate(identity), facts }
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> SecretKind {
        match self.value {
            Value::ApiKey(_) => SecretKind::ApiKey,
            Value::Certificate(_) => SecretKind::Certificate,
        }
    }

    /// Returns the facts.
    #[must_use]
    pub fn facts(&self) -> &SecretFacts {
        &self.facts
    }

    /// Returns the secret as a source does, to verify it with a call.
    #[must_use]
    pub fn raw(&self) -> RawCredential {
        match &self.value {
            Value::ApiKey(key) => {
                RawCredential::new().with_api_key(key.clone()).with_ends(self.facts.ends, self.facts.owner_ends)
            }
            Value::Certificate(identity) => {
                let bundle = Secret::new(std::mem::take(&mut *bundle(identity)), "a newly issued certificate");
                RawCredential::new().with_certificate(bundle).with_ends(None, self.facts.owner_ends)
            }
        }
    }

    /// Returns the content of one file: the key on a line, or private key and chain in one PEM text.
    pub(crate) fn text(&self) -> Zeroizing<Vec<u8>> {
        match &self.value {
            Value::ApiKey(key) => line(key.expose()),
            Value::Certificate(identity) => bundle(identity),
        }
    }

    /// Returns the content of two files: chain and private key. `None` for an API key.
    pub(crate) fn halves(&self) -> Option<(String, Zeroizing<Vec<u8>>)> {
        match &self.value {
            Value::ApiKey(_) => None,
            Value::Certificate(identity) => Some((identity.chain_pem(), key_pem(identity))),
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
        add("id", self.facts.id.clone());
        add("name", self.facts.name.clone());
        add("owner_ends", self.facts.owner_ends.map(|end| end.to_string()));
        let (label, secret) = match &self.value {
            Value::ApiKey(key) => {
                add("api_key_ends", self.facts.ends.map(|end| end.to_string()));
                ("api_key", Zeroizing::new(key.expose().to_vec()))
            }
            Value::Certificate(identity) => ("certificate", bundle(identity)),
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
            .field("facts", &self.facts)
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
            for facts in [SecretFacts::new(), SecretFacts::new().with_id("7d1f").with_name("\"ci\"")] {
                let kept = StoredSecret::api_key(Secret::new(text, "a test"), facts);
                let raw =
                    RawCredential::from_document(&Secret::new(kept.document().to_vec(), "a test")).expect("a document");
                assert_eq!(raw.api_key.expect("a key").expose(), text.as_bytes());
            }
        }
    }

    #[test]
    fn secret_is_not_printed() {
        let kept = StoredSecret::api_key(Secret::new("canary", "a test"), SecretFacts::new().with_id("7d1f"));
        let text = format!("{kept:?}");
        assert!(text.contains("API key (redacted)") && text.contains("7d1f") && !text.contains("canary"), "{text}");
    }
}
