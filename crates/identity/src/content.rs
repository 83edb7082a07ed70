//! Detects the type of a DER value by its outermost structure. PEM labels, file names and variables are only
//! hints, and often wrong.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader};

use crate::pkcs12::SIGNED;

/// The kinds of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Certificate,
    Pkcs8,
    Pkcs1,
    Sec1,
    EncryptedKey,
    Pkcs12,
    Pkcs7,
    /// Known, but not usable as a credential.
    Other(&'static str),
    Unknown,
}

/// Returns the type of the value. Its parts are not parsed: a certificate with a damaged name is still a certificate.
pub(crate) fn of(bytes: &[u8]) -> Content {
    // In BER the lengths may be indefinite, which occurs for these two only.
    if let [0x30, 0x80, rest @ ..] = bytes {
        return match rest {
            [0x02, 0x01, 0x03, ..] => Content::Pkcs12,
            [0x06, ..] => Content::Pkcs7,
            _ => Content::Unknown,
        };
    }
    let Some(parts) = children(bytes) else { return Content::Unknown };
    let tags: Vec<u8> = parts.iter().map(|part| part[0]).collect();
    match tags.as_slice() {
        [0x30, 0x30, 0x03] => signed(parts[0]),
        [0x30, 0x04] if starts_with_oid(parts[0]) => Content::EncryptedKey,
        [0x30, 0x03] if starts_with_oid(parts[0]) => Content::Other("a public key"),
        [0x02, 0x30, 0x04, ..] => Content::Pkcs8,
        [0x02, 0x30] | [0x02, 0x30, 0x30] if parts[0] == [2, 1, 3] => Content::Pkcs12,
        [0x02, 0x04, ..] => Content::Sec1,
        [0x02, 0x02] => Content::Other("a public key"),
        numbers if numbers.len() == 6 && numbers.iter().all(|tag| *tag == 2) => Content::Other("a DSA key"),
        // Additional primes are in a list at the end.
        numbers if numbers.len() >= 9 && numbers[..9].iter().all(|tag| *tag == 2) => Content::Pkcs1,
        [0x06, 0xa0] if ObjectIdentifier::from_der(parts[0]).is_ok_and(|oid| oid == SIGNED) => Content::Pkcs7,
        [0x06, 0xa0] => Content::Other("a PKCS#7 structure of another kind than certificates"),
        _ => Content::Unknown,
    }
}

/// Distinguishes certificates, requests and revocation lists: a body, an algorithm and a signature.
fn signed(body: &[u8]) -> Content {
    let Some(parts) = children(body) else { return Content::Unknown };
    let tags: Vec<u8> = parts.iter().map(|part| part[0]).collect();
    let revoked = Content::Other("a list of revoked certificates");
    match tags.as_slice() {
        [0xa0, 0x02, 0x30, 0x30, 0x30, 0x30, 0x30, ..] => Content::Certificate,
        // Version 1 has no version field.
        [0x02, 0x30, 0x30, 0x30, 0x30, 0x30, ..] if starts_with_oid(parts[1]) => Content::Certificate,
        [0x02, 0x30, 0x30, 0x17 | 0x18, ..] | [0x30, 0x30, 0x17 | 0x18, ..] => revoked,
        [0x02, 0x30, 0x30] | [0x02, 0x30, 0x30, 0xa0] => Content::Other("a certificate request"),
        _ => Content::Unknown,
    }
}

fn starts_with_oid(sequence: &[u8]) -> bool {
    children(sequence).is_some_and(|parts| parts.first().is_some_and(|part| part[0] == 0x06))
}

/// Returns the complete values in a SEQUENCE; `None` if the bytes are not exactly one SEQUENCE or it is empty.
pub(crate) fn children(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let sequence = AnyRef::from_der(bytes).ok().filter(|_| bytes[0] == 0x30)?;
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        parts.push(reader.tlv_bytes().ok()?);
        // No structure that is detected here has more.
        if parts.len() > 16 {
            return None;
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Returns the first value; empty if there is none.
pub(crate) fn first_value(bytes: &[u8]) -> &[u8] {
    let value = SliceReader::new(bytes).and_then(|mut reader| reader.tlv_bytes()).unwrap_or_default();
    if AnyRef::from_der(value).is_ok() { value } else { &[] }
}

/// Splits a file or section with several values in a row; blanks and zeros between and after them are
/// padding. The rest is what is not a value.
pub(crate) fn values(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let mut values = Vec::new();
    let mut rest = bytes;
    loop {
        let start = rest.iter().position(|byte| !padding(byte)).unwrap_or(rest.len());
        rest = &rest[start..];
        let value = first_value(rest);
        if value.is_empty() {
            return (values, rest);
        }
        values.push(value);
        rest = &rest[value.len()..];
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, KeyKind, Pki};

    use super::*;

    fn key(kind: KeyKind, encoding: KeyEncoding) -> Vec<u8> {
        let client = Pki::shared().client(ClientSpec { key: kind, ..ClientSpec::default() });
        pem_rfc7468::decode_vec(client.key_pem(encoding).expect("a key").as_bytes()).expect("PEM").1
    }

    #[test]
    fn every_structure_is_detected() {
        for (bytes, content) in [
            (Pki::shared().root_der().to_vec(), Content::Certificate),
            (key(KeyKind::P256, KeyEncoding::Pkcs8), Content::Pkcs8),
            (key(KeyKind::Rsa2048, KeyEncoding::Pkcs8), Content::Pkcs8),
            (key(KeyKind::Ed25519, KeyEncoding::Pkcs8), Content::Pkcs8),
            (key(KeyKind::Rsa2048, KeyEncoding::Pkcs1), Content::Pkcs1),
            (key(KeyKind::P256, KeyEncoding::Sec1), Content::Sec1),
            (Format::Pkcs12Aes256.make().certificate, Content::Pkcs12),
            (Format::Pkcs12Ber.make().certificate, Content::Pkcs12),
            (Format::DerPbes2.make().key.expect("a key"), Content::EncryptedKey),
            (b"\x30\x00".to_vec(), Content::Unknown),
            (b"\x04\x01\x00".to_vec(), Content::Unknown),
            (Vec::new(), Content::Unknown),
        ] {
            assert_eq!(of(&bytes), content);
        }
    }

    #[test]
    fn values_are_split_and_trailing_bytes_are_the_rest() {
        let (one, two) = (Pki::shared().root_der(), Pki::shared().intermediate_der());
        let joined = [one, b"\n", two, b"\0\0 garbage"].concat();
        assert_eq!(values(&joined), (vec![one, two], &b"garbage"[..]));
        assert_eq!(values(b""), (vec![], &b""[..]));
    }
}
