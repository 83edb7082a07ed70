//! Parses PEM as programs write it: sections anywhere in a text, with headers (RFC 1421), lines of any
//! length, any line ends. The PEM crates refuse the headers of encrypted keys, or long lines, or keep unwiped
//! copies of keys, and skip what they do not recognise.

use zeroize::Zeroizing;

use crate::{base64, dek_info};

/// One section.
pub(crate) struct Section<'a> {
    /// For example `CERTIFICATE`.
    pub(crate) label: &'a str,
    /// The value of `DEK-Info`, if the body uses the traditional encryption.
    pub(crate) dek_info: Option<String>,
    /// The decoded body.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// A text that cannot be parsed: the reason and the section, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) section: usize,
    pub(crate) what: &'static str,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Iterates over all sections, with bodies decoded only where they are needed. The text between them is
/// checked for sections that would otherwise be missed.
pub(crate) fn sections(text: &[u8]) -> impl Iterator<Item = Result<Section<'_>, Broken>> {
    let mut rest = text;
    let mut number = 0;
    std::iter::from_fn(move || {
        let begin = find(rest, BEGIN);
        let around = &rest[..begin.unwrap_or(rest.len())];
        number += usize::from(!rest.is_empty());
        let section = match (hidden(around), begin) {
            (Some(what), _) => Err(what),
            (None, Some(begin)) => one(&rest[begin + BEGIN.len()..]),
            (None, None) => return None,
        };
        rest = section.as_ref().map_or(&[][..], |(_, rest)| *rest);
        Some(section.map(|(section, _)| section).map_err(|what| Broken { section: number, what }))
    })
}

/// Parses the section whose label starts `text`, and returns what follows it.
fn one(text: &[u8]) -> Result<(Section<'_>, &[u8]), &'static str> {
    let label_end = find(text, DASHES).ok_or("its first line has no end")?;
    let label = std::str::from_utf8(&text[..label_end]).ok().map(str::trim).filter(|label| is_label(label));
    let label = label.ok_or("its first line has no label")?;
    let inside = &text[label_end + DASHES.len()..];
    let end = find(inside, END).ok_or("it has no END line: the file is truncated")?;
    let after = &inside[end + END.len()..];
    if !after.strip_prefix(label.as_bytes()).is_some_and(|rest| rest.trim_ascii_start().starts_with(DASHES)) {
        return Err("its END line does not match its BEGIN line");
    }
    let (dek_info, encoded) = dek_info::without_headers(&inside[..end]);
    let body = base64::decode(encoded).or_else(|| {
        // `EC PARAMETERS` are shorter than any key and not needed.
        (!label.ends_with("KEY") && !label.contains("CERT") && !label.starts_with("PKCS")).then(Zeroizing::default)
    });
    let body = body.ok_or_else(|| match encoded.iter().all(|byte| is_in_base64(*byte)) {
        true => "its base64 is damaged or truncated",
        false => "other characters are between its base64, as in a quoted mail, a web page or text with line numbers: copy the file itself",
    })?;
    let rest = after[label.len()..].trim_ascii_start();
    Ok((Section { label, dek_info, body }, &rest[DASHES.len()..]))
}

/// Whether a byte may be in base64 as it is pasted, line ends and quotes included.
fn is_in_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/-_=\\\"'".contains(&byte)
}

/// Detects a section in text outside of all sections, which would otherwise be skipped silently.
fn hidden(text: &[u8]) -> Option<&'static str> {
    if find(text, b"B\0E\0G\0I\0N\0 \0").is_some() {
        return Some("a part of the file is UTF-16 (as appended by PowerShell's >>): save it as UTF-8");
    }
    if has_inexact_begin(text) {
        return Some(
            "the dashes of its BEGIN line are not five hyphens, or its letters are not capitals: a text editor changed \
             them; copy the file itself",
        );
    }
    let starts = text.windows(2).enumerate().filter(|(_, pair)| *pair == [0x30, 0x82]);
    let mut values = starts.map(|(start, _)| &text[start..]);
    values
        .any(|bytes| crate::content::of(crate::content::first_value(bytes)) == crate::content::Content::Certificate)
        .then_some("a certificate in DER is between sections of PEM: convert it to PEM")
}

/// Returns whether there is a malformed BEGIN line of a certificate or key. Its body is base64 of DER, which
/// distinguishes it from a comment.
pub(crate) fn has_inexact_begin(text: &[u8]) -> bool {
    const BEGIN: &[u8] = b"BEGIN";
    const WORDS: [&[u8]; 4] = [b"CERTIFICATE", b"KEY", b"PKCS", b"CMS"];
    let holds = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    (0..text.len()).any(|at| {
        let Some(after) =
            text[at..].get(BEGIN.len()..).filter(|_| text[at..at + BEGIN.len()].eq_ignore_ascii_case(BEGIN))
        else {
            return false;
        };
        // Blanks that do not break a line are outside ASCII.
        let in_label =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'#' | b'_' | b'\t' | 0xa0 | 0xc2);
        let label = &after[..after.iter().take(64).position(|byte| !in_label(byte)).unwrap_or(0)];
        let mut body = &after[label.len()..];
        loop {
            body = match body {
                [b'\\', b'n' | b'r', rest @ ..] => rest,
                [byte, rest @ ..] if !byte.is_ascii_alphanumeric() => rest,
                _ => break,
            };
        }
        let before = &text[at.saturating_sub(8)..at];
        (0..=before.len()).any(|end| ends_with_dash(&before[..end]))
            && WORDS.iter().any(|word| holds(label, word))
            && (body.starts_with(b"MI") || body.starts_with(b"Proc-Type"))
    })
}

/// Accepts hyphens, and the dashes and minus signs that text editors substitute (in UTF-8 and in Windows-1252).
fn ends_with_dash(text: &[u8]) -> bool {
    let dashes = ["-", "\u{ad}", "\u{2212}", "\u{fe58}", "\u{fe63}", "\u{ff0d}"];
    dashes.iter().any(|dash| text.ends_with(dash.as_bytes()))
        || matches!(text, [.., 0xe2, 0x80, 0x90..=0x95] | [.., 0x96 | 0x97])
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() < 64
        && label.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'#'))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIBszCCAVmgAwIBAgIUAQIDBAUGBwgJCgsMDQ4PEBESExQwCgYIKoZIzj0EAwIw";

    fn read(text: &str) -> Vec<Result<Section<'_>, Broken>> {
        sections(text.as_bytes()).collect()
    }

    fn whole() -> String {
        format!("-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn sections_are_found_in_any_surroundings() {
        let text = format!(
            "\u{feff}Bag Attributes\r\n    friendlyName: a -----\r\n-----BEGIN CERTIFICATE-----\r\n{BODY}\r\n-----END \
             CERTIFICATE-----\r\nbetween-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \
             AES-128-CBC,00\n\n{BODY}\n-----END RSA PRIVATE KEY-----"
        );
        let found: Vec<_> = read(&text).into_iter().filter_map(Result::ok).collect();
        let facts: Vec<_> = found.iter().map(|it| (it.label, it.dek_info.as_deref(), it.body.len())).collect();
        assert_eq!(facts, [("CERTIFICATE", None, 48), ("RSA PRIVATE KEY", Some("AES-128-CBC,00"), 48)]);
    }

    #[test]
    fn sections_joined_without_line_end_are_all_found() {
        let joined = format!("{0}{0}# a comment\n{0}", whole().trim_end());
        assert_eq!(read(&joined).into_iter().filter_map(Result::ok).count(), 3);
    }

    #[test]
    fn error_for_truncated_or_damaged_section_names_it() {
        let whole = whole();
        for (text, what) in [
            (format!("{whole}-----BEGIN CERTIFICATE-----\n{BODY}"), "truncated"),
            (format!("{whole}{}", whole.replace("MII", "M!I")), "other characters"),
            (format!("{whole}{}", whole.replace("MII", "MII\u{200b}")), "other characters"),
            (format!("{whole}{}", whole.replace("MII", "> MII")), "other characters"),
            (format!("{whole}{}", whole.replace("MII", "MII====")), "damaged"),
            (format!("{whole}{}", whole.replace("END CERT", "END ZERT")), "does not match"),
            (format!("{whole}-----BEGIN "), "no end"),
            (format!("{whole}-----BEGIN certificate-----"), "no label"),
        ] {
            let sections = read(&text);
            assert!(sections[0].is_ok(), "{text}");
            let broken = sections[1].as_ref().err().expect(what);
            assert_eq!(broken.section, 2);
            assert!(broken.what.contains(what), "{broken:?}");
        }
    }

    #[test]
    fn hidden_section_is_an_error_anywhere() {
        let whole = whole();
        let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let der = digicert_one_testbed::Pki::shared().root_der();
        for (hidden, what) in [
            (whole.replace("-----", "\u{2014}\u{2013}").into_bytes(), "five hyphens"),
            (whole.replace("-----", "----").into_bytes(), "five hyphens"),
            (whole.replace("BEGIN CERT", "begin cert").replace("END", "end").into_bytes(), "capitals"),
            (whole.replace("BEGIN ", "BEGIN\u{a0}").into_bytes(), "five hyphens"),
            (whole.replace("-----BEGIN", "-----\u{200b}BEGIN").into_bytes(), "five hyphens"),
            (utf16, "UTF-16"),
            (der.to_vec(), "DER"),
        ] {
            for text in [[whole.as_bytes(), &hidden].concat(), [&hidden, whole.as_bytes()].concat()] {
                let broken = sections(&text).filter_map(Result::err).next().expect(what);
                assert!(broken.what.contains(what), "{broken:?}");
            }
        }
        let prose =
            format!("To begin certificate enrollment -- BEGIN here\n--- begin certificate ---\n{whole}-- \nsigned");
        assert!(read(&prose).iter().all(Result::is_ok));
    }
}
