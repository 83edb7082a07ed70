//! Certificate names normalised for comparison (RFC 5280 section 7.1): by their text, not by the string type,
//! letter case or number of blanks. Programs that renew a certificate change all three.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Tag, Tagged};
use x509_cert::name::Name;

/// A name, ready for comparison.
///
/// Composed and decomposed forms of one letter differ, as in OpenSSL: the tables would outweigh all other code here.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ComparableName(Vec<Vec<(ObjectIdentifier, Value)>>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    /// Values of other types, and strings that do not match their type.
    Bytes(Tag, Vec<u8>),
}

impl ComparableName {
    pub(crate) fn new(name: &Name) -> Self {
        let parts = name.iter_rdn().map(|part| {
            let mut values: Vec<_> = part.iter().map(|it| (it.oid, Value::new((&it.value).into()))).collect();
            // A part is a set: the encoding order depends on what was normalised.
            values.sort_unstable();
            values
        });
        Self(parts.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Value {
    fn new(value: AnyRef<'_>) -> Self {
        let bytes = value.value();
        let text = match value.tag() {
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
                std::str::from_utf8(bytes).ok().map(prepared)
            }
            // Read as Latin-1, as in every program.
            Tag::TeletexString => Some(prepared(&bytes.iter().copied().map(char::from).collect::<String>())),
            Tag::BmpString => {
                let (units, rest) = bytes.as_chunks::<2>();
                let text = String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>());
                text.ok().filter(|_| rest.is_empty()).map(|text| prepared(&text))
            }
            _ => None,
        };
        text.map_or_else(|| Self::Bytes(value.tag(), bytes.to_vec()), Self::Text)
    }
}

/// Returns lower-case text without invisible characters, with single blanks (RFC 4518 section 2).
fn prepared(text: &str) -> String {
    let visible = text.chars().filter(|char| {
        !matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
            && (!char.is_control() || char.is_whitespace())
    });
    let small: String = visible.flat_map(char::to_lowercase).collect();
    small.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use der::asn1::{Any, SetOfVec};
    use der::{Decode, Encode};
    use x509_cert::attr::AttributeTypeAndValue;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;

    fn name(tag: Tag, value: &[u8]) -> ComparableName {
        let mut set = SetOfVec::new();
        let oid = ObjectIdentifier::new_unwrap("2.5.4.3");
        set.insert(AttributeTypeAndValue { oid, value: Any::new(tag, value).expect("short") }).expect("one");
        let mut sequence = RdnSequence::default();
        sequence.push(RelativeDistinguishedName::from(set));
        ComparableName::new(&Name::from_der(&sequence.to_der().expect("short")).expect("a name"))
    }

    #[test]
    fn equivalent_names_are_equal() {
        let expected = name(Tag::Utf8String, "Issuing CA é".as_bytes());
        for (tag, value) in [
            (Tag::Utf8String, "  issuing   ca É ".as_bytes()),
            (Tag::Utf8String, "Issuing\u{a0}CA\u{200b} é".as_bytes()),
            (Tag::TeletexString, b"ISSUING CA \xe9"),
            (Tag::BmpString, b"\0I\0s\0s\0u\0i\0n\0g\0 \0c\0a\0 \0\xe9"),
        ] {
            assert!(name(tag, value) == expected, "{value:?}");
        }
        for (tag, value) in [
            (Tag::Utf8String, &b"IssuingCA"[..]),
            (Tag::Utf8String, b"Issuing CA \xe9"),
            (Tag::BmpString, b"\0I\0"),
            (Tag::OctetString, "Issuing CA é".as_bytes()),
        ] {
            assert!(name(tag, value) != expected, "{value:?}");
        }
    }

    #[test]
    fn order_matters_between_parts_but_not_inside_one() {
        let name = |text| ComparableName::new(&Name::from_str(text).expect("a name"));
        assert!(name("CN=a+O=b,C=DE") == name("o=B+cn=A,C=de"));
        assert!(name("CN=a,O=b") != name("O=b,CN=a"));
        assert!(name("CN=a") != name("O=a"));
    }
}
