//! PEM as programs write it: sections anywhere in a text, with headers (RFC 1421), lines of any length, CRLF, a byte order
//! mark. The PEM crates refuse the headers of encrypted keys, or long lines, or keep copies of keys that nobody wipes.

use zeroize::Zeroizing;

use super::base64;

/// One section.
pub(crate) struct Section<'a> {
    /// Such as `CERTIFICATE`.
    pub(crate) label: &'a str,
    /// The value of `DEK-Info`, where the body is encrypted in the traditional way.
    pub(crate) dek_info: Option<&'a str>,
    /// The decoded body.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// A text that cannot be read: what and in which section, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) section: usize,
    pub(crate) what: &'static str,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// All sections with a body that matters to us; others are known by their label alone.
pub(crate) fn sections(text: &[u8]) -> impl Iterator<Item = Result<Section<'_>, Broken>> {
    let mut rest = text;
    let mut number = 0;
    std::iter::from_fn(move || {
        let begin = find(rest, BEGIN)?;
        number += 1;
        let section = one(&rest[begin + BEGIN.len()..]);
        rest = section.as_ref().map_or(&[][..], |(_, rest)| *rest);
        Some(section.map(|(section, _)| section).map_err(|what| Broken { section: number, what }))
    })
}

/// The section of which `text` starts with the label, and what follows it.
fn one(text: &[u8]) -> Result<(Section<'_>, &[u8]), &'static str> {
    let label_end = find(text, DASHES).ok_or("its first line has no end")?;
    let label = std::str::from_utf8(&text[..label_end]).ok().filter(|label| is_label(label));
    let label = label.ok_or("its first line has no label")?;
    let inside = &text[label_end + DASHES.len()..];
    let end = find(inside, END).ok_or("it has no END line: the file is cut off")?;
    let after = &inside[end + END.len()..];
    if !after.strip_prefix(label.as_bytes()).is_some_and(|rest| rest.starts_with(DASHES)) {
        return Err("its END line does not match its BEGIN line");
    }
    let (dek_info, encoded) = without_headers(&inside[..end]);
    let body = base64::decode(encoded).or_else(|| {
        // `EC PARAMETERS` are shorter than any key and of no use here.
        (!label.ends_with("KEY") && !label.contains("CERT") && !label.starts_with("PKCS")).then(Zeroizing::default)
    });
    let body = body.ok_or("its base64 is damaged or cut off")?;
    Ok((Section { label, dek_info, body }, &after[label.len() + DASHES.len()..]))
}

/// Headers stand before the first empty line, and only where a colon does; base64 has none.
fn without_headers(inside: &[u8]) -> (Option<&str>, &[u8]) {
    let mut dek_info = None;
    let mut rest = inside.trim_ascii_start();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n')
        && let Ok(line) = std::str::from_utf8(&rest[..end])
        && let Some((name, value)) = line.split_once(':')
    {
        if name.trim() == "DEK-Info" {
            dek_info = Some(value.trim());
        }
        rest = &rest[end + 1..];
    }
    (dek_info, rest)
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

    #[test]
    fn sections_are_found_in_any_surroundings() {
        let text = format!(
            "\u{feff}Bag Attributes\r\n    friendlyName: a -----\r\n-----BEGIN CERTIFICATE-----\r\n{BODY}\r\n-----END \
             CERTIFICATE-----\r\nbetween-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \
             AES-128-CBC,00\n\n{BODY}\n-----END RSA PRIVATE KEY-----"
        );
        let found: Vec<_> = read(&text).into_iter().filter_map(Result::ok).collect();
        let facts: Vec<_> = found.iter().map(|it| (it.label, it.dek_info, it.body.len())).collect();
        assert_eq!(facts, [("CERTIFICATE", None, 48), ("RSA PRIVATE KEY", Some("AES-128-CBC,00"), 48)]);
    }

    #[test]
    fn what_is_cut_off_or_damaged_names_the_section() {
        let whole = format!("-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n");
        for (text, what) in [
            (format!("{whole}-----BEGIN CERTIFICATE-----\n{BODY}"), "cut off"),
            (format!("{whole}{}", whole.replace("MII", "M!I")), "base64"),
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
}
