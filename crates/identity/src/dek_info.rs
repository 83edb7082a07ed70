//! Parses the headers of an encrypted traditional key (RFC 1421: `Proc-Type`, `DEK-Info`), whatever separates
//! the lines of the section: line ends, literal `\n`, blanks, or nothing.

/// Returns the value of `DEK-Info`, if any, and what follows all headers. Base64 has no colon.
pub(crate) fn without_headers(inside: &[u8]) -> (Option<String>, &[u8]) {
    let mut dek_info = None;
    let mut rest = without_separators(inside);
    while let Some((name, value)) = header(rest) {
        rest = if name.eq_ignore_ascii_case(b"DEK-Info") {
            let (info, rest) = dek_value(value);
            dek_info = Some(info);
            rest
        } else if name.eq_ignore_ascii_case(b"Proc-Type") {
            let value = without_separators(value);
            // `4,ENCRYPTED`
            let end = value.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b',' | b' ')).unwrap_or(value.len());
            let value = &value[end..];
            value.strip_prefix(b"ENCRYPTED").unwrap_or_else(|| rest_of_line(value))
        } else {
            rest_of_line(value)
        };
        rest = without_separators(rest);
    }
    (dek_info, rest)
}

/// Splits a header name from what follows its colon.
fn header(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().take(40).position(|byte| *byte == b':')?;
    let name = text[..colon].trim_ascii_end();
    let is_name =
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' '));
    is_name.then_some((name, &text[colon + 1..]))
}

/// Splits `AES-256-CBC,<hexadecimal digits>` from what follows: the cipher name determines the number of digits.
fn dek_value(text: &[u8]) -> (String, &[u8]) {
    let text = without_separators(text);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let end = text.iter().position(|byte| !is_name(byte)).unwrap_or(text.len());
    let name = String::from_utf8_lossy(&text[..end]).into_owned();
    let Some(digits) = text[end..].trim_ascii_start().strip_prefix(b",") else { return (name, &text[end..]) };
    let digits = without_separators(digits);
    let most = if name.starts_with("DES") { 16 } else { 32 };
    let count = digits.iter().take(most).take_while(|byte| byte.is_ascii_hexdigit()).count();
    (format!("{name},{}", String::from_utf8_lossy(&digits[..count])), &digits[count..])
}

/// Returns what follows the next line end, real or literal.
fn rest_of_line(text: &[u8]) -> &[u8] {
    let end = |at: usize| matches!(&text[at..], [b'\n' | b'\r', ..] | [b'\\', b'n' | b'r', ..]);
    (0..text.len()).find(|at| end(*at)).map_or(&[][..], |at| &text[at..])
}

/// Removes line ends and blanks at the start.
fn without_separators(mut text: &[u8]) -> &[u8] {
    loop {
        text = match text {
            [byte, rest @ ..] if byte.is_ascii_whitespace() => rest,
            [b'\\', b'n' | b'r', rest @ ..] => rest,
            _ => return text,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_with_any_line_separator() {
        const IV: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F9";
        let lines = ["Proc-Type: 4,ENCRYPTED", &format!("DEK-Info: AES-256-CBC,{IV}"), "", "MIIabc", "def="];
        for separator in ["\n", "\r\n", "\r", "\\n", "\\r\\n", " ", "\t", "\n\n", ""] {
            let text = format!("{separator}{}{separator}", lines.join(separator));
            let (dek_info, body) = without_headers(text.as_bytes());
            assert_eq!(dek_info.as_deref(), Some(format!("AES-256-CBC,{IV}").as_str()), "{text}");
            assert!(body.starts_with(b"MIIabc"), "{text}");
        }
    }

    #[test]
    fn other_headers_end_with_their_line() {
        for text in ["Comment: a key: mine\nMIIabc", "Proc-Type: 5,CRL\\nMIIabc", "X-Name: \r\nMIIabc"] {
            assert_eq!(without_headers(text.as_bytes()), (None, &b"MIIabc"[..]));
        }
        let (dek_info, body) = without_headers(b"DEK-Info: DES-EDE3-CBC, 0102030405060708MIIabc");
        assert_eq!((dek_info.as_deref(), body), (Some("DES-EDE3-CBC,0102030405060708"), &b"MIIabc"[..]));
        assert_eq!(without_headers(b"MIIabc"), (None, &b"MIIabc"[..]));
        for text in ["DEK-Info:", "DEK-Info: ", "DEK-Info: AES", ":", "Proc-Type"] {
            without_headers(text.as_bytes());
        }
    }
}
