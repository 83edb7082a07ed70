//! smctl: its variables, and its properties file, or a file with lines that set the variables in a shell. A variable stands before the file,
//! as in smctl. Scripts of DigiCert have names of their own for the API key.

use std::collections::BTreeMap;
use std::path::Path;

use digicert_one::Secret;
use digicert_one::core::CredentialError;
use digicert_one::credentials::Reference;
use zeroize::Zeroizing;

use super::draft::{self, Draft, Part, file};

/// Of smctl, of d1, and of the scripts of DigiCert.
const KEYS: [&str; 4] = ["SM_API_KEY", "DC_API_KEY", "DIGICERT_API_KEY", "TLM_API_KEY"];
const PASSWORD: &str = "SM_CLIENT_CERT_PASSWORD";
const BASE64: &str = "SM_CLIENT_CERT_FILE_B64";

/// Reads both; the file may be missing.
pub(super) fn read(properties: Option<&Secret>) -> Result<Draft, CredentialError> {
    let mut draft = Draft::default();
    let mut found: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
    if let Some(properties) = properties {
        for line in properties.expose_text()?.lines().map(str::trim_start) {
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let line = ["export ", "set "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
            let Some((name, value)) = line.split_once(['=', ':']) else { continue };
            let name = name.trim();
            match of_value(value.trim()) {
                Some(value) if !value.is_empty() => drop(found.insert(name.to_owned(), value)),
                Some(_) => {}
                None => draft.left_out(&known(name), "it has an escape of Java; set the variable of this name instead"),
            }
        }
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let key = KEYS.into_iter().find(|name| variable(name).is_some() || found.contains_key(*name));
    for name in key.into_iter().chain([PASSWORD]) {
        let part = match (variable(name), found.get(name)) {
            (Some(_), _) => Some(Part::Reference(Reference::Variable(name.to_owned()))),
            (None, Some(value)) => {
                let file = if name != PASSWORD { "api-key" } else { "password" };
                Some(Part::Value(Secret::new(value.as_bytes(), name), file))
            }
            (None, None) => None,
        };
        let Some(part) = part else { continue };
        if name != PASSWORD {
            draft.understood(name, "API key");
            draft.api_key = Some(part);
        } else {
            draft.understood(name, draft::PASSWORD);
            draft.password = Some(part);
        }
    }
    let value = |name: &str| variable(name).or_else(|| found.get(name).map(|value| value.to_string()));
    if let Some(host) = value("SM_HOST") {
        draft.host("SM_HOST", &host);
    }
    if let Some(path) = value("SM_CLIENT_CERT_FILE") {
        draft.understood("SM_CLIENT_CERT_FILE", "client certificate");
        draft.certificate = Some(file(Path::new(&path)));
    } else if variable(BASE64).is_some() {
        draft.understood(BASE64, "client certificate");
        draft.certificate = Some(Part::Reference(Reference::Variable(BASE64.to_owned())));
    }
    if let Some(path) = value("SM_CA_FILE") {
        draft.ca_file("SM_CA_FILE", Path::new(&path));
    }
    if value("SM_TLS_SKIP_VERIFY").is_some() {
        draft.left_out("SM_TLS_SKIP_VERIFY", "d1 always verifies the server; name its CA with --ca-file");
    }
    let used = ["SM_HOST", "SM_CLIENT_CERT_FILE", "SM_CA_FILE", "SM_TLS_SKIP_VERIFY", PASSWORD];
    let is_used = |name: &str| used.contains(&name) || key == Some(name);
    let others: Vec<String> = found.keys().filter(|name| !is_used(name)).cloned().collect();
    others.iter().for_each(|name| draft.left_out(&known(name), "not about host or credential"));
    Ok(draft)
}

/// The name of a setting, where it cannot be a secret.
fn known(name: &str) -> String {
    let is_name = name.len() <= 40 && name.bytes().all(|one| one.is_ascii_uppercase() || one == b'_');
    if is_name { name.to_owned() } else { "an entry".to_owned() }
}

/// A value, without the quotes of a shell. A path of Windows is taken as it is: one with the escapes of Java has two marks behind its colon.
fn of_value(text: &str) -> Option<Zeroizing<String>> {
    let quoted = ['"', '\''].iter().find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let text = quoted.unwrap_or(text);
    let is_of_windows = text.get(1..3) == Some(":\\") && text.as_bytes().get(3) != Some(&b'\\');
    if is_of_windows { Some(Zeroizing::new(text.to_owned())) } else { unescaped(text) }
}

/// A value of a properties file; nothing where it has an escape for a character by its number, or continues in the next line.
fn unescaped(text: &str) -> Option<Zeroizing<String>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'u' => return None,
                't' => plain.push('\t'),
                'n' => plain.push('\n'),
                'r' => plain.push('\r'),
                'f' => plain.push('\u{c}'),
                other => plain.push(other),
            },
            other => plain.push(other),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_a_shell_and_paths_of_windows_are_understood() {
        for (text, value) in [
            (r#""https://one.digicert.com""#, "https://one.digicert.com"),
            (r"https\://one.digicert.com", "https://one.digicert.com"),
            (r"C:\Users\ci\client.p12", r"C:\Users\ci\client.p12"),
            (r"C:\\Users\\ci\\client.p12", r"C:\Users\ci\client.p12"),
            ("'a b'", "a b"),
            ("\"", "\""),
        ] {
            assert_eq!(of_value(text).as_deref().map(String::as_str), Some(value), "{text}");
        }
        assert!(of_value(r"pass\u00e4").is_none());
    }
}
