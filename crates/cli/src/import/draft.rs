//! The result of an import: the parts of a profile, and notes on what is used and what is not.

use std::path::{Path, PathBuf};

use digicert_one::Secret;
use digicert_one::core::{ValueShape, is_random_word};
use digicert_one::credentials::Reference;

use crate::failure::Failure;

/// What an entry becomes: the parts of a credential.
pub(super) const API_KEY: &str = "API key";
pub(super) const CERTIFICATE: &str = "client certificate";
pub(super) const PRIVATE_KEY: &str = "private key";
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

impl Part {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reference(one), Self::Reference(other)) => one == other,
            (Self::Value(one, _), Self::Value(other, _)) => one.expose() == other.expose(),
            _ => false,
        }
    }
}

impl Draft {
    /// Whether a profile can be made of it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let missing = match (&self.host, self.api_key.is_some() || self.certificate.is_some()) {
            (_, false) => "neither an API key nor a client certificate was found: nothing is imported",
            (None, _) => "no host was found: give --host, such as one.digicert.com",
            (Some(_), true) => return Ok(()),
        };
        Err(Failure::Usage(missing.to_owned()))
    }

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
                std::mem::take(&mut self.understood).into_iter().partition(|(_, what)| what.starts_with(PASSWORD));
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
        if self.host.replace(host.to_owned()).is_some_and(|before| before != host) {
            self.left_out("an earlier host", &format!("{} gives another one, which is used", shown(name)));
        }
    }

    /// Takes the API key itself, or the variable that has it.
    pub(super) fn api_key(&mut self, name: &str, value: &str) {
        self.text(name, value, API_KEY, "api-key");
    }

    /// Takes the password itself, or the variable that has it.
    pub(super) fn password(&mut self, name: &str, value: &str) {
        self.text(name, value, PASSWORD, "password");
    }

    fn text(&mut self, name: &str, value: &str, what: &'static str, file: &'static str) {
        if value.contains("${{") {
            return self.left_out(name, "an expression of a CI system; set a variable to it, and import with that");
        }
        let part = match variable(value) {
            Some(variable) => Part::Reference(Reference::Variable(variable.to_owned())),
            None => Part::Value(Secret::new(value, name), file),
        };
        self.take(name, what, part);
    }

    /// Takes a part. The last of two counts, and that there were two is said.
    pub(super) fn take(&mut self, name: &str, what: &'static str, part: Part) {
        let as_what = match &part {
            Part::Reference(Reference::Variable(variable)) if name != variable => {
                format!("{what}, in the variable {variable}")
            }
            _ => what.to_owned(),
        };
        let slot = match what {
            API_KEY => &mut self.api_key,
            CERTIFICATE => &mut self.certificate,
            PRIVATE_KEY => &mut self.private_key,
            _ => &mut self.password,
        };
        let is_other = slot.as_ref().is_some_and(|before| !before.is_same(&part));
        *slot = Some(part);
        if is_other {
            self.left_out(&format!("an earlier {what}"), &format!("{} gives another one, which is used", shown(name)));
        }
        self.understood(name, &as_what);
    }

    /// Takes a file with the client certificate.
    pub(super) fn certificate_file(&mut self, name: &str, path: &Path) {
        self.take(name, CERTIFICATE, file(path));
    }

    /// Takes a file with the private key.
    pub(super) fn private_key_file(&mut self, name: &str, path: &Path) {
        self.take(name, PRIVATE_KEY, file(path));
    }

    /// Takes a CA file.
    pub(super) fn ca_file(&mut self, name: &str, path: &Path) {
        let path = absolute(path);
        if self.ca_file.as_ref().is_some_and(|before| *before != path) {
            self.left_out("an earlier CA file", &format!("{} gives another one, which is used", shown(name)));
        }
        self.understood(name, "CA file");
        self.ca_file = Some(path);
    }
}

/// The name of an entry, where it cannot be a secret itself.
fn shown(name: &str) -> String {
    if name.len() <= 80 && ValueShape::of(name).is_none() { name.to_owned() } else { "an entry".to_owned() }
}

/// The name in `$NAME`, `${NAME}`, `%NAME%`, `$env:NAME` or `${env:NAME}`.
pub(super) fn variable(text: &str) -> Option<&str> {
    let between = |start: &str, end: &str| text.strip_prefix(start)?.strip_suffix(end);
    let name = between("${", "}").or_else(|| between("%", "%")).or_else(|| text.strip_prefix('$'))?;
    let name = name.strip_prefix("env:").unwrap_or(name);
    let in_names = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = name.starts_with(|one: char| one.is_ascii_uppercase() || one == '_') && name.bytes().all(in_names);
    (is_name && ValueShape::of(name).is_none()).then_some(name)
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
    // A path of Windows stays as it is on other systems.
    let is_of_windows =
        path.to_str().is_some_and(|text| text.starts_with("\\\\") || text.get(1..3).is_some_and(|two| two == ":\\"));
    match is_of_windows {
        true => path.to_owned(),
        false => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_each_shell_are_recognised_and_secrets_are_not() {
        for text in ["$CI_KEY", "${CI_KEY}", "%CI_KEY%", "$env:CI_KEY", "${env:CI_KEY}"] {
            assert_eq!(variable(text), Some("CI_KEY"), "{text}");
        }
        for text in ["CI_KEY", "$", "${}", "$1", "$a", "$A-B", "pa$$WORD", "${{ secrets.KEY }}", "${CI_KEY"] {
            assert_eq!(variable(text), None, "{text}");
        }
    }

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
