//! Encodings of text other than plain UTF-8, as editors and shells write them: with a byte order mark, in UTF-16 or UTF-32.
//! One decoder for every text input: certificate files, keys, passwords, properties.

use zeroize::Zeroizing;

const UTF8_WITH_MARK: &str = "UTF-8 with a byte order mark";
const UTF16_LE: &str = "UTF-16 (little endian)";
const UTF16_BE: &str = "UTF-16 (big endian)";
const UTF32_LE: &str = "UTF-32 (little endian)";
const UTF32_BE: &str = "UTF-32 (big endian)";

const MARK: char = '\u{feff}';

/// Converts to UTF-8 without a byte order mark. `None` if there is nothing to convert: plain UTF-8, another encoding, or
/// bytes that are not text.
///
/// ```
/// use digicert_one_core::decode_text;
///
/// let (text, encoding) = decode_text(b"\xef\xbb\xbfkey").expect("a byte order mark");
/// assert_eq!((text.as_slice(), encoding), (&b"key"[..], "UTF-8 with a byte order mark"));
/// assert!(decode_text(b"key").is_none());
/// ```
#[must_use]
pub fn decode_text(bytes: &[u8]) -> Option<(Zeroizing<Vec<u8>>, &'static str)> {
    // A UTF-32 mark starts like a UTF-16 mark.
    let (encoding, text) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (UTF8_WITH_MARK, Some(without_marks(rest))),
        [0xff, 0xfe, 0, 0, rest @ ..] => (UTF32_LE, utf32(rest, u32::from_le_bytes)),
        [0, 0, 0xfe, 0xff, rest @ ..] => (UTF32_BE, utf32(rest, u32::from_be_bytes)),
        [0xff, 0xfe, rest @ ..] => (UTF16_LE, utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => (UTF16_BE, utf16(rest, u16::from_be_bytes)),
        _ if is_mostly_ascii(bytes, u16::from_le_bytes) => (UTF16_LE, utf16(bytes, u16::from_le_bytes)),
        _ if is_mostly_ascii(bytes, u16::from_be_bytes) => (UTF16_BE, utf16(bytes, u16::from_be_bytes)),
        _ => return None,
    };
    text.map(|text| (text, encoding))
}

/// Removes repeated marks: some programs write the mark twice.
fn without_marks(mut text: &[u8]) -> Zeroizing<Vec<u8>> {
    while let [0xef, 0xbb, 0xbf, rest @ ..] = text {
        text = rest;
    }
    Zeroizing::new(text.to_vec())
}

/// Returns whether these are UTF-16 units without a mark: no zero unit, and three of four in ASCII. Neither
/// DER nor UTF-8 text is.
fn is_mostly_ascii(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (units, rest) = bytes.as_chunks::<2>();
    let mut ascii = 0;
    for bytes in units {
        match unit(*bytes) {
            0 => return false,
            1..=0x7f => ascii += 1,
            _ => {}
        }
    }
    !units.is_empty() && rest.is_empty() && ascii * 4 >= units.len() * 3
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Zeroizing<Vec<u8>>> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let chars = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    // A unit becomes at most three bytes.
    collect(chars.map(Result::ok), units.len() * 3)
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Zeroizing<Vec<u8>>> {
    let (units, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    collect(units.iter().map(|bytes| char::from_u32(unit(*bytes))), bytes.len())
}

/// Collects into a buffer that does not move: one that grows leaves copies behind that are not wiped.
fn collect(chars: impl Iterator<Item = Option<char>>, capacity: usize) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(capacity));
    for char in chars {
        let char = char?;
        if char != MARK || !text.is_empty() {
            text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn text_in_each_encoding_becomes_utf8_without_mark() {
        let text = "secret Ünïcode-€ 😀\r\n";
        let marked = format!("{MARK}{text}");
        let utf32 = |bytes: fn(u32) -> [u8; 4]| marked.chars().flat_map(|char| bytes(char.into())).collect::<Vec<u8>>();
        for (bytes, encoding) in [
            (marked.clone().into_bytes(), UTF8_WITH_MARK),
            (format!("{MARK}{marked}").into_bytes(), UTF8_WITH_MARK),
            (utf16_of(&marked, u16::to_le_bytes), UTF16_LE),
            (utf16_of(&marked, u16::to_be_bytes), UTF16_BE),
            (utf16_of(text, u16::to_le_bytes), UTF16_LE),
            (utf16_of(text, u16::to_be_bytes), UTF16_BE),
            (utf32(u32::to_le_bytes), UTF32_LE),
            (utf32(u32::to_be_bytes), UTF32_BE),
        ] {
            let (decoded, found) = decode_text(&bytes).expect("text");
            assert_eq!((std::str::from_utf8(&decoded), found), (Ok(text), encoding));
        }
    }

    #[test]
    fn plain_text_der_and_damaged_text_are_unchanged() {
        let der = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, 0xc0];
        let lone_surrogate = [0xff, 0xfe, 0x61, 0x00, 0x00, 0xd8];
        let odd = [0xff, 0xfe, 0x61];
        for bytes in [&b""[..], b"a", b"ab", b"secret\n", "Kestrel-Ünïcode-€".as_bytes(), &der, &lone_surrogate, &odd]
        {
            assert!(decode_text(bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn lone_mark_is_empty_text() {
        for bytes in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
            assert!(decode_text(bytes).is_some_and(|(text, _)| text.is_empty()));
        }
    }
}
