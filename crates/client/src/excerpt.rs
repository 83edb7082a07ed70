//! An excerpt of a body that is not an error document, for an error message. The body may hold a secret that is shown once, and errors are
//! logged: what is named or formed like a secret is left out.

use digicert_one_core::ValueShape;

/// In place of a value.
const HIDDEN: &str = "(not shown)";
/// Parts of names of secrets.
const PARTS: [&str; 8] =
    ["token", "secret", "password", "passphrase", "apikey", "privatekey", "authorization", "cookie"];
/// Names of secrets. `SAD` is the one-time authorisation of CSC.
const NAMES: [&str; 8] = ["key", "value", "pin", "otp", "sad", "pwd", "pass", "pem"];
/// Ends of names that contain one of the above and only describe it.
const ABOUT: [&str; 7] = ["id", "name", "type", "date", "status", "count", "url"];

/// The JSON text, which may be truncated, without the values of secrets.
pub(crate) fn of_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(1 << 10));
    let (mut rest, mut hide) = (text, false);
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => string_end(rest),
            _ if first.is_ascii_alphanumeric() || first == '-' => scalar_end(rest),
            _ => {
                // In an object, its own names count.
                hide &= !matches!(first, '{' | ',' | '}' | ']');
                shown.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        if first == '"' && after.trim_start().starts_with(':') {
            hide = is_name_of_secret(part);
            shown.push_str(part);
        } else if (hide && !matches!(part, "true" | "false" | "null" | "\"\"")) || is_secret(part.trim_matches('"')) {
            shown.push_str(HIDDEN);
        } else {
            shown.push_str(part);
        }
    }
    shown
}

/// The text without words that are formed like a secret.
pub(crate) fn of_text(text: &str) -> String {
    if text.contains("PRIVATE KEY") {
        return HIDDEN.to_owned();
    }
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end();
            if is_secret(bare) { format!("{HIDDEN}{}", &word[bare.len()..]) } else { word.to_owned() }
        })
        .collect()
}

/// Whether a value has the form of a secret; a UUID, a path and a sentence have not.
fn is_secret(value: &str) -> bool {
    let is_short = |part: &str| part.len() < 400;
    match ValueShape::of(value) {
        Some(ValueShape::Text) => value.split_whitespace().any(|part| is_short(part) && is_secret(part)),
        shape => shape.is_some(),
    }
}

fn is_name_of_secret(name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.contains(&&*letters)
        || (PARTS.iter().any(|part| letters.contains(part)) && !ABOUT.iter().any(|end| letters.ends_with(end)))
}

/// The end of the string that begins here, or of the text.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn scalar_end(text: &str) -> usize {
    text.find(|one: char| !one.is_ascii_alphanumeric() && !matches!(one, '-' | '+' | '.' | '_')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_are_left_out_of_excerpts() {
        let key = format!("{}_{}", "0a".repeat(13), "1b".repeat(32));
        for text in [
            format!(r#"{{"id":"t-1","name":"n","token":"{key}"}}"#),
            format!(r#"{{"id":"t-1","unknown":"{key}"}}"#),
            format!(r#"{{"unknown":"x-api-key: {key}"}}"#),
            format!(r#"["{key}"]"#),
            format!(r#"{{"token":"{}"#, &key[..50]),
            r#"{"apiToken":{"id":1,"value":"canary"}}"#.replace("canary", "0a1b2c"),
            r#"{"client_secret" : "0a1b\"2c" , "x":1}"#.to_owned(),
            r#"{"PIN":0a1b2c}"#.to_owned(),
            r#"{"a":"-----BEGIN PRIVATE KEY-----\nMII0a1b2c"}"#.to_owned(),
            r#"{"a":"-----BEGIN PRIVATE KEY-----\nMII0a1b2c"#.to_owned(),
        ] {
            let shown = of_json(&text);
            assert!(shown.contains(HIDDEN) && !shown.contains("0a1b") && !shown.contains("0a0a"), "{text}: {shown}");
        }
    }

    #[test]
    fn other_values_stay_in_excerpts() {
        for text in [
            r#"{"code":"x","hint":"Seat limit reached"}"#,
            r#"{"trace":"5d1c9b07-e2a4-4f0e-8a55-90b6c0d3e812","path":"/account/api/v1/api-access-token"}"#,
            r#"{"token_id":"6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55","token":null,"secret":true}"#,
            r#"{"status":"UP","n":[1,-2.5e3],"deep":{"a":"ü\" b"}} tail"#,
            "[",
            "{\"cut\":\"",
            "",
        ] {
            assert_eq!(of_json(text), text);
        }
        assert_eq!(of_text("RBAC: access denied\n"), "RBAC: access denied\n");
        let key = format!("{}_{}", "0a".repeat(13), "1b".repeat(32));
        assert_eq!(of_text(&format!("key {key} is wrong")), format!("key {HIDDEN} is wrong"));
        assert_eq!(of_text("-----BEGIN PRIVATE KEY-----\nMII"), HIDDEN);
    }
}
