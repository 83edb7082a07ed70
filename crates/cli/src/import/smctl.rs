//! smctl: its variables, and its properties file, or a file with lines that set the variables in a shell. A variable stands before the file,
//! as in smctl. Scripts of DigiCert have names of their own for the API key.

use std::collections::BTreeMap;
use std::path::Path;

use digicert_one::Secret;
use digicert_one::core::CredentialError;
use digicert_one::credentials::Reference;
use zeroize::Zeroizing;

use super::draft::{self, API_KEY, CERTIFICATE, Draft, Part};

/// Of smctl, of d1, and of the scripts of DigiCert.
const KEYS: [&str; 4] = ["SM_API_KEY", "DC_API_KEY", "DIGICERT_API_KEY", "TLM_API_KEY"];
const PASSWORD: &str = "SM_CLIENT_CERT_PASSWORD";
const FILE: &str = "SM_CLIENT_CERT_FILE";
const BASE64: &str = "SM_CLIENT_CERT_FILE_B64";
/// What is read beside the keys.
const USED: [&str; 5] = ["SM_HOST", FILE, BASE64, "SM_CA_FILE", PASSWORD];

/// Reads both; the file may be missing.
pub(super) fn read(properties: Option<&Secret>) -> Result<Draft, CredentialError> {
    let mut draft = Draft::default();
    let mut found: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
    if let Some(properties) = properties {
        for line in properties.expose_text()?.lines().map(str::trim_start) {
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let Some((name, value)) = assignment(line).split_once(['=', ':']) else { continue };
            let name = name.trim();
            match of_value(value.trim()) {
                Some(value) if !value.is_empty() => {
                    let is_other = found.get(name).is_some_and(|before| *before != value);
                    found.insert(name.to_owned(), value);
                    if is_other {
                        draft.left_out(&known(name), "an earlier value: a later line gives another one, which is used");
                    }
                }
                Some(_) => {}
                None => draft.left_out(&known(name), "it has an escape of Java; set the variable of this name instead"),
            }
        }
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let key = KEYS.into_iter().find(|name| variable(name).is_some() || found.contains_key(*name));
    let parts = [(key, API_KEY, "api-key"), (Some(PASSWORD), draft::PASSWORD, "password")];
    for (name, what, to) in parts.into_iter().filter_map(|(name, what, to)| Some((name?, what, to))) {
        match (variable(name), found.get(name)) {
            (Some(_), _) => draft.take(name, what, Part::Reference(Reference::Variable(name.to_owned()))),
            (None, Some(value)) => draft.take(name, what, Part::Value(Secret::new(value.as_bytes(), name), to)),
            (None, None) => {}
        }
    }
    let value = |name: &str| variable(name).or_else(|| found.get(name).map(|value| value.to_string()));
    if let Some(host) = value("SM_HOST") {
        draft.host("SM_HOST", &host);
    }
    if let Some(path) = value(FILE) {
        draft.certificate_file(FILE, Path::new(&path));
    } else if variable(BASE64).is_some() {
        draft.take(BASE64, CERTIFICATE, Part::Reference(Reference::Variable(BASE64.to_owned())));
    } else if let Some(base64) = found.get(BASE64) {
        draft.take(BASE64, CERTIFICATE, Part::Value(Secret::new(base64.as_bytes(), BASE64), "tls.p12"));
    }
    if let Some(path) = value("SM_CA_FILE") {
        draft.ca_file("SM_CA_FILE", Path::new(&path));
    }
    if value("SM_TLS_SKIP_VERIFY").is_some() {
        draft.left_out("SM_TLS_SKIP_VERIFY", "d1 always verifies the server; name its CA with --ca-file");
    }
    for (name, value) in &found {
        let why = match &**name {
            "SM_TLS_SKIP_VERIFY" => continue,
            BASE64 if found.contains_key(FILE) || variable(FILE).is_some() => "SM_CLIENT_CERT_FILE has the certificate",
            name if KEYS.contains(&name) && key != Some(name) => "another API key is used",
            name if USED.contains(&name) || KEYS.contains(&name) => match variable(name) {
                Some(of_variable) if of_variable != **value => "the variable of this name, which is set, is used",
                _ => continue,
            },
            _ => "not about host or credential",
        };
        draft.left_out(&known(name), why);
    }
    Ok(draft)
}

/// `NAME=VALUE` in the words of a shell: `export` and `declare -x`, `set` of Windows, `$env:` of PowerShell.
fn assignment(line: &str) -> &str {
    let words = ["export ", "declare -x ", "set ", "SET ", "$env:", "$Env:", "$ENV:"];
    let line = words.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line).trim();
    // `set "NAME=VALUE"`, where the value may have any character.
    line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line)
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
    fn variables_are_read_as_each_shell_sets_them() {
        for line in [
            "SM_HOST=one.digicert.com",
            "SM_HOST: one.digicert.com",
            "export SM_HOST=\"one.digicert.com\"",
            "declare -x SM_HOST=\"one.digicert.com\"",
            "set SM_HOST=one.digicert.com",
            "set \"SM_HOST=one.digicert.com\"",
            "$env:SM_HOST = \"one.digicert.com\"",
            "$Env:SM_HOST='one.digicert.com'",
        ] {
            let (name, value) = assignment(line).split_once(['=', ':']).expect(line);
            assert_eq!(name.trim(), "SM_HOST", "{line}");
            assert_eq!(of_value(value.trim()).as_deref().map(String::as_str), Some("one.digicert.com"), "{line}");
        }
    }

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
