//! curl: a configuration file (`--config`), in the forms that curl reads.

use std::path::Path;

use digicert_one::Secret;
use digicert_one::core::CredentialError;
use zeroize::Zeroizing;

use super::draft::Draft;

/// Reads the file.
pub(super) fn read(file: &Secret) -> Result<Draft, CredentialError> {
    let mut draft = Draft::default();
    for line in file.expose_text()?.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_end = |one: char| one.is_whitespace() || matches!(one, '=' | ':');
        let end = match line.strip_prefix('-').filter(|option| !option.starts_with('-')) {
            // A letter, whose value may follow at once.
            Some(option) => 1 + option.chars().next().map_or(0, char::len_utf8),
            None => line.find(is_end).unwrap_or(line.len()),
        };
        let (name, rest) = line.split_at(end);
        let name = name.trim_start_matches('-');
        let value = unquoted(rest.trim_start_matches(|one: char| one.is_whitespace() || matches!(one, '=' | ':')));
        match name {
            "next" => {
                draft.left_out(name, "another transfer follows; only the first is imported");
                break;
            }
            "curl" => draft.left_out(name, "a command line; give its options one a line, as curl --config reads them"),
            "url" if draft.host.is_some() => draft.left_out(name, "a host was found already"),
            "url" => draft.host("url", &value),
            "H" | "header" | "expand-header" => header(&mut draft, &value),
            "E" | "cert" => {
                // The password follows after a colon that is not that of a drive.
                let colon = value.char_indices().skip(2).find(|(_, one)| *one == ':').map(|(at, _)| at);
                let (path, password) = colon.map_or((&**value, None), |at| (&value[..at], Some(&value[at + 1..])));
                draft.certificate_file("cert", Path::new(path));
                if let Some(password) = password {
                    draft.password("cert, after the colon", password);
                }
            }
            "key" => draft.private_key_file("key", Path::new(&*value)),
            "pass" => draft.password("pass", &value),
            "cacert" => draft.ca_file("cacert", Path::new(&*value)),
            "cert-type" | "key-type" => draft.left_out(name, "d1 detects the format of a file"),
            "k" | "insecure" => draft.left_out("insecure", "d1 always verifies the server; name its CA with --ca-file"),
            "x" | "proxy" | "noproxy" => draft.left_out(name, "set HTTPS_PROXY or NO_PROXY"),
            "u" | "user" | "oauth2-bearer" => draft.left_out(name, "DigiCert ONE has API keys and client certificates"),
            name => draft.left_out(&known(name), "not about host or credential"),
        }
    }
    Ok(draft)
}

fn header(draft: &mut Draft, value: &str) {
    match value.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("x-api-key") => {
            let value = value.trim();
            // A variable of curl, which has the name of one of the environment.
            let variable = value.strip_prefix("{{").and_then(|name| name.strip_suffix("}}"));
            match variable {
                Some(name) => draft.api_key("header x-api-key", &format!("${}", name.trim())),
                None => draft.api_key("header x-api-key", value),
            }
        }
        _ if value.starts_with('@') => draft.left_out("header", "it is in another file; import that file's header"),
        _ => draft.left_out("header", "not x-api-key; give it with d1 call -H"),
    }
}

/// A name of an option, where it cannot be a secret.
fn known(name: &str) -> String {
    let is_name =
        name.len() <= 24 && name.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-');
    if is_name { name.to_owned() } else { "a line".to_owned() }
}

/// A value in quotes, with the escapes of curl, or up to the first blank.
fn unquoted(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let Some(quoted) = text.strip_prefix('"') else {
        plain.push_str(text.split_whitespace().next().unwrap_or_default());
        return plain;
    };
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => plain.push(match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('v') => '\u{b}',
                Some(other) => other,
                None => break,
            }),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_curl_reads_them() {
        for (text, value) in
            [("\"a \\\"b\\\\\" rest", "a \"b\\"), ("plain rest", "plain"), ("\"open", "open"), ("", "")]
        {
            assert_eq!(&**unquoted(text), value);
        }
    }
}
