//! JSON for people: indented, and token for token what was sent. Numbers keep their digits, objects their order.

use serde::de::IgnoredAny;

/// Indents a document; nothing where it is not JSON.
pub(crate) fn indented(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim();
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let (mut out, mut depth, mut in_string, mut escaped) = (String::with_capacity(text.len() * 2), 0, false, false);
    let mut characters = text.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                out.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => {
                in_string = other == '"';
                out.push(other);
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_is_indented_and_its_tokens_stay() {
        let sent = br#" {"b":12345678901234567890123,"a":[1.10,-0.0 , {}, [ ]],"s":"x{,:\"}\\","e":"\u001b"}"#;
        let text = indented(sent).expect("JSON");
        let expected = "{\n  \"b\": 12345678901234567890123,\n  \"a\": [\n    1.10,\n    -0.0,\n    {},\n    []\n  ],\n  \
             \"s\": \"x{,:\\\"}\\\\\",\n  \"e\": \"\\u001b\"\n}";
        assert_eq!(text, expected);
        assert_eq!(indented(text.as_bytes()).as_deref(), Some(expected));
    }

    #[test]
    fn other_text_is_not_json() {
        for text in [&b"Hello"[..], b"{\"a\":1", b"\xff", b"", b"{} {}"] {
            assert_eq!(indented(text), None, "{text:?}");
        }
        assert_eq!(indented(b"7").as_deref(), Some("7"));
    }
}
