//! jsign: the options of its command line, as they stand in a script.

use std::path::Path;

use digicert_one::Secret;
use zeroize::Zeroizing;

use super::draft::{Draft, variable};
use crate::failure::Failure;

/// The host that jsign calls where none is given.
const HOST: &str = "https://clientauth.one.digicert.com";

/// Reads the options of the first command of jsign that signs with DigiCert ONE.
pub(super) fn read(script: &Secret) -> Result<Draft, Failure> {
    let text = Zeroizing::new(script.expose_text().map_err(Failure::CertificateFile)?.replace('\r', ""));
    // A command goes on in the next line behind a mark of sh, cmd or PowerShell.
    let text =
        Zeroizing::new(["\\\n", "^\n", "`\n"].iter().fold(text.to_string(), |text, mark| text.replace(mark, " ")));
    let lines: Zeroizing<Vec<Vec<String>>> = Zeroizing::new(text.lines().filter_map(shlex::split).collect());
    let is_option = |word: &String, name: &str| {
        let word = word.trim_start_matches('-');
        word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
    };
    let has_store = |line: &&Vec<String>| line.iter().any(|word| is_option(word, "storepass"));
    let is_ours = |line: &&Vec<String>| line.iter().any(|word| word.ends_with("DIGICERTONE"));
    let found = lines.iter().filter(has_store).find(is_ours).or_else(|| lines.iter().find(has_store));
    let missing = || Failure::Usage("--file: missing option --storepass of jsign".to_owned());
    let mut words = found.ok_or_else(missing)?.iter();
    let mut draft = Draft::default();
    let mut host = HOST.to_owned();
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
                draft.left_out(
                    word.split('=').next().unwrap_or_default(),
                    "about signing, not about host or credential",
                );
            }
            _ => {}
        }
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
        const NAME: &str = "--storepass, second part";
        match variable(path).map(|name| (name, std::env::var_os(name))) {
            Some((_, Some(path))) => draft.certificate_file(NAME, Path::new(&path)),
            Some((name, None)) => {
                draft.left_out(
                    NAME,
                    &format!("the variable {name}, which has the path, is not set here; set it, and import again"),
                );
                return;
            }
            None => draft.certificate_file(NAME, Path::new(path)),
        }
        if let Some(password) = parts.next() {
            draft.password("--storepass, third part", password);
        }
    }
}

/// A value that is given by a variable or a file, as jsign and shells do.
fn resolved(value: &str) -> Result<Zeroizing<String>, Failure> {
    if let Some(name) = value.strip_prefix("env:").or_else(|| variable(value)) {
        let missing =
            |_| Failure::Usage("--file: the variable of --storepass is not set: set it, and import again".to_owned());
        return std::env::var(name).map_err(missing).map(Zeroizing::new);
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
