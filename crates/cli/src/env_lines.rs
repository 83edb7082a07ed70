//! `d1 env --curl` and `--export`: lines for a shell. They refer to variables and files; a secret is in them only where it was asked for.

use std::path::PathBuf;

use digicert_one::Secret;
use digicert_one::core::{Mode, RequestTarget};
use digicert_one::credentials::RawCredential;

use crate::failure::Failure;
use crate::places::{Place, Places, quoted, quoted_text};

/// The facts that the lines are made of.
pub(crate) struct CallerFacts {
    pub(crate) raw: RawCredential,
    pub(crate) mode: Mode,
    /// The host that is called with an API key, and the one that is called with a certificate.
    pub(crate) platform: Option<String>,
    pub(crate) client_auth: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) profile: Option<String>,
}

impl CallerFacts {
    /// One line that calls `path` with curl. Secrets reach curl through its standard input: the shell's own `printf` writes them.
    pub(crate) fn curl(&self, path: &str) -> Result<String, Failure> {
        let places = Places::of(&self.raw);
        let (uses_key, uses_certificate) = (self.mode != Mode::Certificate, self.mode != Mode::Key);
        let is_missing = |secret: &Option<Secret>, place: &Option<Place>| secret.is_some() && place.is_none();
        let is_file =
            |secret: &Option<Secret>, place: &Option<Place>| secret.is_none() || matches!(place, Some(Place::File(_)));
        let lacks_key = uses_key && is_missing(&self.raw.api_key, &places.api_key);
        let lacks_certificate = uses_certificate
            && (!is_file(&self.raw.certificate, &places.certificate)
                || !is_file(&self.raw.private_key, &places.private_key)
                || is_missing(&self.raw.password, &places.password));
        if lacks_key || lacks_certificate { self.within_run(path) } else { self.direct(&places, path) }
    }

    fn url(&self, path: &str) -> Result<String, Failure> {
        let host = if self.mode == Mode::Key { &self.platform } else { &self.client_auth };
        let host = host.as_ref().ok_or_else(|| Failure::Usage("no host is known for this mode".to_owned()))?;
        let gap = if path.starts_with('/') { "" } else { "/" };
        // As d1 call would refuse it.
        let path =
            RequestTarget::parse(format!("{gap}{path}")).map_err(|error| Failure::Usage(format!("--curl: {error}")))?;
        Ok(format!("{}{path}", host.trim_end_matches('/'), path = path.as_str()))
    }

    fn direct(&self, places: &Places, path: &str) -> Result<String, Failure> {
        let (mut settings, mut options) = (Vec::new(), String::new());
        if let (Some(key), Some(place), true) = (&self.raw.api_key, &places.api_key, self.mode != Mode::Certificate) {
            let word = place.escaped_word(key.expose());
            settings.push(format!(r#"printf 'header = "x-api-key: %s"\n' {word}"#));
        }
        if let (Some(certificate), Some(Place::File(file)), true) =
            (&self.raw.certificate, &places.certificate, self.mode != Mode::Key)
        {
            options += &format!(" --cert {}{}", quoted(file), kind("--cert-type", certificate, "P12"));
            if let (Some(key), Some(Place::File(file))) = (&self.raw.private_key, &places.private_key) {
                options += &format!(" --key {}{}", quoted(file), kind("--key-type", key, "DER"));
            }
            if let (Some(password), Some(place)) = (&self.raw.password, &places.password) {
                let word = place.escaped_word(password.expose());
                settings.push(format!(r#"printf 'pass = "%s"\n' {word}"#));
            }
        }
        if let Some(file) = &self.ca_file {
            options += &format!(" --cacert {}", quoted(file));
        }
        let url = quoted_text(&self.url(path)?);
        Ok(match settings.as_slice() {
            [] => format!("curl{options} {url}"),
            [one] => format!("{one} | curl --config -{options} {url}"),
            several => format!("{{ {}; }} | curl --config -{options} {url}", several.join("; ")),
        })
    }

    /// For secrets that are in no variable and no file: `d1 run` gives the child variables, and a file with the certificate.
    fn within_run(&self, path: &str) -> Result<String, Failure> {
        let mut script = String::new();
        if self.mode != Mode::Certificate {
            script += r#"printf 'header = "x-api-key: %s"\n' "$DC_API_KEY" | curl --config -"#;
        } else {
            script += "curl";
        }
        if self.mode != Mode::Key {
            script += r#" --cert "$DC_CLIENT_CERT_FILE""#;
        }
        if self.ca_file.is_some() {
            script += r#" --cacert "$DC_CA_FILE""#;
        }
        script += &format!(" {}", quoted_text(&self.url(path)?));
        let profile = self.profile.as_ref().map(|name| format!(" --profile {}", quoted_text(name))).unwrap_or_default();
        let mode = self.mode.to_string();
        Ok(format!("d1 run{profile} --mode {mode} -- sh -c {}", quoted_text(&script)))
    }

    /// Lines that set the variables of d1 to what is used now.
    pub(crate) fn export(&self, with_secrets: bool) -> String {
        let places = Places::of(&self.raw);
        let mut lines = Vec::new();
        let hosts = [("DC_BASE", &self.platform), ("DC_CLIENTAUTH_BASE", &self.client_auth)];
        for (name, value) in hosts.into_iter().filter_map(|(name, host)| Some((name, host.as_ref()?))) {
            lines.push(format!("export {name}={}", quoted_text(value)));
        }
        if let Some(path) = &self.ca_file {
            lines.push(format!("export DC_CA_FILE={}", quoted(path)));
        }
        for (secret, place, value, file) in [
            (&self.raw.api_key, &places.api_key, Some("DC_API_KEY"), Some("DC_API_KEY_FILE")),
            (&self.raw.certificate, &places.certificate, None, Some("DC_CLIENT_CERT_FILE")),
            (&self.raw.private_key, &places.private_key, None, Some("DC_CLIENT_KEY_FILE")),
            (
                &self.raw.password,
                &places.password,
                Some("DC_CLIENT_CERT_PASSWORD"),
                Some("DC_CLIENT_CERT_PASSWORD_FILE"),
            ),
        ] {
            let Some(secret) = secret else { continue };
            lines.push(match (place, value, file) {
                (_, Some(name), _) if with_secrets => {
                    format!("export {name}={}", quoted_text(&String::from_utf8_lossy(secret.expose())))
                }
                (Some(Place::File(path)), _, Some(name)) => format!("export {name}={}", quoted(path)),
                (Some(Place::Variable(from)), Some(name), _) => format!("export {name}=\"${from}\""),
                (_, Some(name), _) => {
                    format!(
                        "# {name}: {} is neither a variable nor a file; use d1 run, or add --with-secrets",
                        secret.origin()
                    )
                }
                (_, None, _) => format!("# {} is not a file; use d1 run", secret.origin()),
            });
        }
        lines.join("\n")
    }
}

/// The option for a file that is not PEM.
fn kind(option: &str, file: &Secret, other: &str) -> String {
    let is_pem = file.expose().windows(11).any(|part| part == b"-----BEGIN ");
    if is_pem { String::new() } else { format!(" {option} {other}") }
}
