//! jsign: the options of its command line, as they stand in a script.

use std::path::Path;

use digicert_one::Secret;
use zeroize::Zeroizing;

use super::draft::Draft;
use crate::failure::Failure;

/// The host that jsign calls where none is given.
const HOST: &str = "https://clientauth.one.digicert.com";

/// Reads the options.
pub(super) fn read(script: &Secret) -> Result<Draft, Failure> {
    let text = script.expose_text().map_err(Failure::CertificateFile)?.replace("\\\n", " ");
    let text = Zeroizing::new(text);
    let words: Zeroizing<Vec<String>> = Zeroizing::new(text.lines().filter_map(shlex::split).flatten().collect());
    let mut draft = Draft::default();
    let (mut host, mut is_storepass) = (HOST.to_owned(), false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-') else { continue };
        let name = name.trim_start_matches('-');
        let (name, joined) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        let mut value = || joined.or_else(|| words.next().map(String::as_str)).unwrap_or_default();
        match name {
            "storetype" => match value() {
                "DIGICERTONE" => draft.understood("--storetype", "DigiCert ONE"),
                _ => return Err(Failure::Usage("--file: --storetype is not DIGICERTONE".to_owned())),
            },
            "s" | "keystore" => value().clone_into(&mut host),
            "storepass" => {
                is_storepass = true;
                let whole = resolved(value())?;
                storepass(&mut draft, &whole);
            }
            "keypass" => {
                value();
                draft.left_out("--keypass", "the password is the third part of --storepass");
            }
            "a" | "alias" | "d" | "alg" | "t" | "tsaurl" | "m" | "tsmode" | "c" | "certfile" | "n" | "name" | "u"
            | "url" => {
                value();
                draft.left_out(word.split('=').next().unwrap_or_default(), "about signing, not about who calls whom");
            }
            _ => {}
        }
    }
    if !is_storepass {
        return Err(Failure::Usage("--file: missing option --storepass of jsign".to_owned()));
    }
    draft.host("--keystore", &host);
    Ok(draft)
}

/// `key|path|password`.
fn storepass(draft: &mut Draft, whole: &str) {
    let mut parts = whole.splitn(3, '|').map(str::trim);
    match parts.next().filter(|key| !key.is_empty()) {
        Some(key) => draft.api_key("--storepass, first part", key),
        None => draft.left_out("--storepass, first part", "it is empty"),
    }
    if let Some(path) = parts.next().filter(|path| !path.is_empty()) {
        draft.certificate_file("--storepass, second part", Path::new(path));
        if let Some(password) = parts.next() {
            draft.password("--storepass, third part", password);
        }
    }
}

/// A value that is given by a variable or a file, as jsign and shells do.
fn resolved(value: &str) -> Result<Zeroizing<String>, Failure> {
    let variable = value.strip_prefix("env:").or_else(|| {
        let name = value.strip_prefix('$')?;
        Some(name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name))
    });
    if let Some(name) = variable {
        let value = std::env::var(name)
            .map_err(|_| Failure::Usage("--file: the variable of --storepass is not set".to_owned()));
        return value.map(Zeroizing::new);
    }
    if let Some(path) = value.strip_prefix("file:") {
        let path = Path::new(path);
        let secret =
            digicert_one::credentials::read_secret_file(path, &mut Vec::new()).map_err(Failure::CertificateFile)?;
        let text = secret.line(&mut Vec::new());
        return text.expose_text().map(|text| Zeroizing::new(text.to_owned())).map_err(Failure::CertificateFile);
    }
    Ok(Zeroizing::new(value.to_owned()))
}
