//! OpenSSL's trust settings, which follow the certificate in a `TRUSTED CERTIFICATE`: its permitted and
//! forbidden uses. Bundles of distributions use this form only to mark certificates as not trusted.

use der::asn1::ObjectIdentifier;
use der::{Decode, Reader, SliceReader};

use crate::content::first_value;

const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Returns whether a certificate with these settings is trusted for servers. Missing or unreadable settings mean yes.
pub(crate) fn allows_servers(settings: &[u8]) -> bool {
    let settings = first_value(settings);
    let (mut trusted, mut rejected) = (None, None);
    // CertAux: SEQUENCE { trust SEQUENCE OF OID OPTIONAL, reject [0] SEQUENCE OF OID OPTIONAL, alias, keyid, other }
    each(settings, |field| match field[0] {
        0x30 => trusted = Some(names_servers(field)),
        0xa0 => rejected = Some(names_servers(field)),
        _ => {}
    });
    trusted != Some(false) && rejected != Some(true)
}

fn names_servers(list: &[u8]) -> bool {
    let mut named = false;
    each(list, |oid| {
        named |= ObjectIdentifier::from_der(oid).is_ok_and(|oid| [SERVER_AUTH, ANY_PURPOSE].contains(&oid))
    });
    named
}

/// Visits the values inside one, up to the first that cannot be parsed.
fn each<'a>(value: &'a [u8], mut visit: impl FnMut(&'a [u8])) {
    let content = der::asn1::AnyRef::from_der(value).map(|value| value.value()).unwrap_or_default();
    let Ok(mut reader) = SliceReader::new(content) else { return };
    while !reader.is_finished() {
        let Ok(value) = reader.tlv_bytes() else { return };
        visit(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_trust_settings_decide_about_servers() {
        let server = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
        let client = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
        let settings = |tag: u8, oid: &[u8]| [&[0x30, 12, tag, 10][..], oid].concat();
        for (bytes, allowed) in [
            (Vec::new(), true),
            (vec![0x30, 0], true),
            (settings(0x30, &server), true),
            (settings(0x30, &client), false),
            (settings(0xa0, &client), true),
            (settings(0xa0, &server), false),
            (b"\x30\x05\xa0".to_vec(), true),
        ] {
            assert_eq!(allows_servers(&bytes), allowed, "{bytes:?}");
        }
    }
}
