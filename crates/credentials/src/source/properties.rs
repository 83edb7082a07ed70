//! Java's properties format, in which smctl stores its settings: a bounded reader that wipes what it reads.
//! Existing crates keep values in plain strings and quote lines in their errors, which may contain the
//! secret.

use digicert_one_core::{Code, CredentialError, Secret};
use zeroize::{Zeroize, Zeroizing};

/// More than any real file has.
const MAX_ENTRIES: usize = 1000;

/// The entries of a file, in order.
pub(crate) struct Properties {
    entries: Vec<(Zeroizing<String>, Zeroizing<String>)>,
    origin: String,
}

impl Properties {
    /// Parses a file. Text is UTF-8 or, as formerly in Java, Latin-1.
    ///
    /// Source: java.util.Properties, `load(Reader)`.
    ///
    /// # Errors
    /// Returns an error for any other file (ID-07); the error shows the line number but not the line.
    pub(crate) fn read(file: &Secret) -> Result<Self, CredentialError> {
        let origin = file.origin().to_string();
        let error = |line: usize, what: &str| {
            CredentialError::new(Code::ID_07, format!("{what} (line {line})")).at(origin.clone())
        };
        let mut text = Zeroizing::new(String::with_capacity(file.expose().len() * 2));
        match std::str::from_utf8(file.expose()) {
            Ok(utf8) => text.push_str(utf8.trim_start_matches('\u{feff}')),
            Err(_) => text.extend(file.expose().iter().map(|byte| char::from(*byte))),
        }
        let mut entries = Vec::new();
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate();
        while let Some((number, line)) = lines.next() {
            let number = number + 1;
            if line.contains(|character: char| character.is_control() && !matches!(character, '\t' | '\u{c}')) {
                return Err(error(number, "invalid properties file: binary content"));
            }
            let line = line.trim_start_matches(is_blank);
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let mut whole = Zeroizing::new(String::with_capacity(text.len()));
            whole.push_str(line);
            while ends_in_odd_backslashes(&whole) {
                whole.pop();
                // A file may end inside an entry; Java uses what is present.
                let Some((_, next)) = lines.next() else { break };
                whole.push_str(next.trim_start_matches(is_blank));
            }
            if entries.len() == MAX_ENTRIES {
                return Err(error(number, "invalid properties file: too many entries"));
            }
            entries.push(entry(&whole).ok_or_else(|| error(number, "invalid properties file: broken \\u escape"))?);
        }
        Ok(Self { entries, origin })
    }

    /// Returns the value of a key, the last one as in Java; an empty one counts as not set.
    pub(crate) fn get(&self, key: &str) -> Option<Secret> {
        let (_, value) = self.entries.iter().rev().find(|(name, _)| **name == key)?;
        (!value.is_empty()).then(|| Secret::new(value.as_bytes(), format!("{}, {key}", self.origin)))
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{c}')
}

fn ends_in_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Splits a line into key and value; `None` for a broken escape.
fn entry(line: &str) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
    let mut escaped = false;
    let end = line.find(|character: char| {
        let ends = !escaped && (is_blank(character) || matches!(character, '=' | ':'));
        escaped = character == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    Some((unescaped(key)?, unescaped(value)?))
}

fn unescaped(text: &str) -> Option<Zeroizing<String>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => plain.push(unicode(&mut characters)?),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Some(plain)
}

/// Parses `\uXXXX`, or two of them for one character.
fn unicode(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let unit = |characters: &mut std::str::Chars<'_>| {
        let mut digits: String = characters.by_ref().take(4).collect();
        let is_hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| is_hex);
        digits.zeroize();
        unit
    };
    let first = unit(characters)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first.into());
    }
    let next = (characters.next(), characters.next());
    let second = (next == (Some('\\'), Some('u'))).then(|| unit(characters)).flatten()?;
    char::decode_utf16([first, second]).next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Properties, CredentialError> {
        Properties::read(&Secret::new(bytes, "/home/x/ssm-config.properties"))
    }

    #[test]
    fn every_entry_form_is_parsed_as_in_java() {
        let text = "\u{feff}# SM_API_KEY=comment\n! another\n\n  SM_API_KEY = canary \r\nSM_HOST: https://clientauth.one\n\
                    blank value\nlong=one\\\r\n   two\\\n   three\nkey\\ with\\=blanks=v\nempty=\nalone\n\
                    escaped=\\u00fc\\t\\\\\\:\\ud83d\\ude00\nback=C:\\\\keys\\\\a.p12\nSM_API_KEY=last\nend=x\\";
        let properties = read(text.as_bytes()).expect("properties");
        for (key, value) in [
            ("SM_API_KEY", Some("last")),
            ("SM_HOST", Some("https://clientauth.one")),
            ("blank", Some("value")),
            ("long", Some("onetwothree")),
            ("key with=blanks", Some("v")),
            ("empty", None),
            ("alone", None),
            ("escaped", Some("ü\t\\:😀")),
            ("back", Some("C:\\keys\\a.p12")),
            ("end", Some("x")),
            ("missing", None),
        ] {
            let found = properties.get(key);
            assert_eq!(found.as_ref().map(|secret| secret.expose()), value.map(str::as_bytes), "{key}");
        }
        let key = properties.get("SM_API_KEY").expect("given");
        assert_eq!(&**key.origin(), "/home/x/ssm-config.properties, SM_API_KEY");
    }

    #[test]
    fn latin_1_files_are_supported() {
        let properties = read(b"SM_CLIENT_CERT_PASSWORD=\xfcber\n").expect("properties");
        assert_eq!(properties.get("SM_CLIENT_CERT_PASSWORD").expect("given").expose(), "über".as_bytes());
    }

    #[test]
    fn error_for_binary_content_or_broken_escape_names_the_line() {
        let many = "a=b\n".repeat(MAX_ENTRIES + 1);
        for (bytes, named) in [
            (&b"canary=1\nx=canary\0\x01"[..], "line 2"),
            (b"\x30\x82\x01\x02\x03canary", "line 1"),
            (b"canary=\\u12", "line 1"),
            (b"canary=\\u+123", "line 1"),
            (b"canary=\\ud83d", "line 1"),
            (b"canary=\\udc00", "line 1"),
            (many.as_bytes(), "line 1001"),
        ] {
            let error = read(bytes).map(drop).expect_err(named);
            assert_eq!(error.code(), Code::ID_07);
            let text = format!("{error} {error:?}");
            assert!(text.contains(named) && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn empty_file_has_no_entries() {
        assert!(read(b"").expect("properties").get("SM_API_KEY").is_none());
    }
}
