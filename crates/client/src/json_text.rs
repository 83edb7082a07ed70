//! The text of a body as UTF-8: removes a byte order mark (RFC 8259 section 8.1), and converts UTF-16, which is detected by its mark or by
//! the zeros beside its first character. Used for results, pages of lists and error responses.

use std::borrow::Cow;

use bytes::Bytes;
use zeroize::Zeroize;

/// The text in UTF-8, without its byte order mark.
pub(crate) fn utf8(body: &[u8]) -> Cow<'_, [u8]> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        [first, 0, ..] if begins_json(*first) => Cow::Owned(wide(body, u16::from_le_bytes)),
        [0, first, ..] if begins_json(*first) => Cow::Owned(wide(body, u16::from_be_bytes)),
        body => Cow::Borrowed(body),
    }
}

/// The text of an owned body in UTF-8, without its byte order mark. It is copied only if it was UTF-16, and then overwritten, since it may hold a secret.
pub fn of_body(body: Bytes) -> Bytes {
    let text = match utf8(&body) {
        Cow::Borrowed(text) if text.len() == body.len() => return body,
        Cow::Borrowed(text) => return body.slice_ref(text),
        Cow::Owned(text) => Bytes::from(text),
    };
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
    text
}

fn begins_json(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b'"' | b'\t' | b'\n' | b'\r' | b' ')
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len() / 2 + 1);
    text.extend(char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_in_utf8_and_utf16_with_and_without_a_mark() {
        let units = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for body in [
            b"{\"a\":\"\xc3\xbc\"}".to_vec(),
            b"\xef\xbb\xbf{\"a\":\"\xc3\xbc\"}".to_vec(),
            units("\u{feff}{\"a\":\"ü\"}", u16::to_le_bytes),
            units("\u{feff}{\"a\":\"ü\"}", u16::to_be_bytes),
            units("{\"a\":\"ü\"}", u16::to_le_bytes),
            units("{\"a\":\"ü\"}", u16::to_be_bytes),
        ] {
            assert_eq!(of_body(Bytes::from(body.clone())), "{\"a\":\"ü\"}".as_bytes(), "{body:?}");
        }
        assert_eq!(of_body(Bytes::from_static(b"PK\0\x03")), &b"PK\0\x03"[..]);
        assert_eq!(of_body(Bytes::new()), Bytes::new());
    }
}
