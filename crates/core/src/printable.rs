//! Escapes characters that control a terminal in foreign text: names chosen by users of the account,
//! responses of servers, paths.

use std::borrow::Cow;

/// Escapes text for one line: control characters, line ends and characters that reorder or hide text become
/// `\u{1b}` and the like.
///
/// ```
/// use digicert_one_core::printable_line;
/// assert_eq!(printable_line("bot\u{1b}[2J\r"), "bot\\u{1b}[2J\\r");
/// assert_eq!(printable_line("Käte 😀"), "Käte 😀");
/// ```
#[must_use]
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, |character| character.escape_default().to_string())
}

/// Escapes text of several lines: as [`printable_line`], but line feeds and tabs stay.
///
/// ```
/// use digicert_one_core::{printable_json, printable_text};
///
/// assert_eq!(printable_text("one\ntwo\u{1b}[2J"), "one\ntwo\\u{1b}[2J");
/// assert_eq!(printable_json("{\"name\":\"\u{202e}x\"}"), "{\"name\":\"\\u202ex\"}");
/// ```
#[must_use]
pub fn printable_text(text: &str) -> Cow<'_, str> {
    escaped(text, |character| matches!(character, '\n' | '\t'), |character| character.escape_default().to_string())
}

/// Escapes the same characters of a JSON document in JSON's syntax. They occur in strings only, so the
/// meaning stays the same.
#[must_use]
pub fn printable_json(document: &str) -> Cow<'_, str> {
    let escape = |character: char| {
        character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
    };
    escaped(document, |character| matches!(character, '\n' | '\t' | '\r'), escape)
}

fn escaped(text: &str, is_kept: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let steers = |character: char| is_steering(character) && !is_kept(character);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) { shown.push_str(&escape(character)) } else { shown.push(character) }
    }
    Cow::Owned(shown)
}

/// Returns whether this is a control character (C0, DEL, C1), or a Unicode format character that reorders,
/// joins, hides or ends text.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEERING: [char; 14] = [
        '\0',
        '\u{7}',
        '\u{8}',
        '\r',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{200b}',
        '\u{202e}',
        '\u{2028}',
        '\u{2066}',
        '\u{feff}',
        '\u{e0041}',
    ];

    #[test]
    fn terminal_control_characters_are_all_escaped() {
        for character in STEERING {
            let text = format!("a{character}b\n\tc");
            assert!(!printable_line(&text).contains([character, '\n', '\t']), "{character:?}");
            let lines = printable_text(&text);
            assert!(!lines.contains(character) && lines.ends_with("b\n\tc"), "{character:?}");
        }
    }

    #[test]
    fn escaped_json_keeps_its_meaning() {
        for character in STEERING.into_iter().filter(|character| *character >= ' ') {
            let document = format!("{{\n  \"name\": \"a{character}b\"\n}}");
            let shown = printable_json(&document);
            assert!(!shown.contains(character), "{character:?}");
            let units: Vec<u16> = character.encode_utf16(&mut [0; 2]).to_vec();
            let escape: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            assert_eq!(shown, format!("{{\n  \"name\": \"a{escape}b\"\n}}"));
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(printable_line("plain — text"), Cow::Borrowed(_)));
    }
}
