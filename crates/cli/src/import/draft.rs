//! The result of an import: the parts of a profile, and notes on what is used and what is not.

use std::path::{Path, PathBuf};

use digicert_one::Secret;
use digicert_one::core::{ValueShape, is_random_word};
use digicert_one::credentials::Reference;

/// What a password becomes.
pub(super) const PASSWORD: &str = "password of the client certificate";

/// A part of a credential.
pub(super) enum Part {
    /// It stays where it is.
    Reference(Reference),
    /// It was in the imported file, and goes to a file of this name.
    Value(Secret, &'static str),
}

/// The parts of a profile.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) host: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) api_key: Option<Part>,
    pub(super) certificate: Option<Part>,
    pub(super) private_key: Option<Part>,
    pub(super) password: Option<Part>,
    /// Name, and what it became.
    pub(super) understood: Vec<(String, String)>,
    /// Name, and why it was left out.
    pub(super) left_out: Vec<(String, String)>,
}

impl Draft {
    pub(super) fn understood(&mut self, name: &str, what: &str) {
        self.understood.push((shown(name), what.to_owned()));
    }

    pub(super) fn left_out(&mut self, name: &str, why: &str) {
        self.left_out.push((shown(name), why.to_owned()));
    }

    /// Leaves out a password that opens nothing, which no profile may have.
    pub(super) fn without_lost_password(mut self) -> Self {
        if self.certificate.is_none() && self.password.take().is_some() {
            let (lost, understood) =
                std::mem::take(&mut self.understood).into_iter().partition(|(_, what)| what == PASSWORD);
            self.understood = understood;
            let lost: Vec<(String, String)> = lost;
            lost.iter().for_each(|(name, _)| self.left_out(name, "missing client certificate, which it would open"));
        }
        self
    }

    /// Takes a host: a profile has the one for API keys, and the other follows from it.
    pub(super) fn host(&mut self, name: &str, url: &str) {
        let url = url.trim();
        let host = url.strip_prefix("https://").unwrap_or(url);
        // A path belongs to a call.
        let host = host.split(['/', '?']).next().unwrap_or_default();
        let host = host.strip_prefix("clientauth.").unwrap_or(host);
        if url.starts_with("http://") || host.is_empty() || host.contains('@') {
            return self.left_out(name, "not an https address of a host");
        }
        if !is_host(host) {
            return self.left_out(name, "not the name of a host; it is not shown, as it may be a secret");
        }
        self.understood(name, &format!("host {host}"));
        self.host = Some(host.to_owned());
    }

    /// Takes the API key itself.
    pub(super) fn api_key(&mut self, name: &str, value: &str) {
        self.understood(name, "API key");
        self.api_key = Some(Part::Value(Secret::new(value, name), "api-key"));
    }

    /// Takes the password itself.
    pub(super) fn password(&mut self, name: &str, value: &str) {
        self.understood(name, PASSWORD);
        self.password = Some(Part::Value(Secret::new(value, name), "password"));
    }

    /// Takes a file with the client certificate.
    pub(super) fn certificate_file(&mut self, name: &str, path: &Path) {
        self.understood(name, "client certificate");
        self.certificate = Some(file(path));
    }

    /// Takes a file with the private key.
    pub(super) fn private_key_file(&mut self, name: &str, path: &Path) {
        self.understood(name, "private key");
        self.private_key = Some(file(path));
    }

    /// Takes a CA file.
    pub(super) fn ca_file(&mut self, name: &str, path: &Path) {
        self.understood(name, "CA file");
        self.ca_file = Some(absolute(path));
    }
}

/// The name of an entry, where it cannot be a secret itself.
fn shown(name: &str) -> String {
    if name.len() <= 80 && ValueShape::of(name).is_none() { name.to_owned() } else { "an entry".to_owned() }
}

/// Whether it has the form of a host, with a port or without.
fn is_host(text: &str) -> bool {
    let in_hosts = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let is_placed = text.contains(['.', ':']) || text == "localhost";
    is_placed && text.bytes().all(in_hosts) && ValueShape::of(text).is_none() && !text.split('.').any(is_random_word)
}

/// A file that stays where it is, found from anywhere.
pub(super) fn file(path: &Path) -> Part {
    Part::Reference(Reference::File(absolute(path).display().to_string()))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_understood_and_secrets_left_out_without_an_echo() {
        for (url, host) in [
            ("https://clientauth.one.digicert.com/", "one.digicert.com"),
            ("one.digicert.com:8443", "one.digicert.com:8443"),
            ("https://[::1]:4433/x?y", "[::1]:4433"),
            ("localhost", "localhost"),
        ] {
            let mut draft = Draft::default();
            draft.host("SM_HOST", url);
            assert_eq!(draft.host.as_deref(), Some(host), "{:?}", draft.left_out);
        }
        let key = format!("{}_{}", "01".repeat(13), "c7e3".repeat(16));
        for secret in [&*key, "C4nary!pa55-w0rd", &format!("https://{key}"), "hunter2", "a:b@one.digicert.com", ""] {
            let mut draft = Draft::default();
            draft.host("SM_HOST", secret);
            let shown = format!("{:?} {:?}", draft.understood, draft.left_out);
            assert!(draft.host.is_none() && draft.left_out.len() == 1, "{shown}");
            assert!(secret.is_empty() || !shown.contains(secret), "{shown}");
        }
    }
}
