//! Reads PKCS#7 certificate bags (`.p7b`): a SignedData without signers (RFC 5652 section 5), certificates
//! and no key. The certificates are copied byte for byte, as re-encoding may change the thumbprint.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader};

use crate::ber;
use crate::pkcs12::{Content, SIGNED};

/// Returns the certificates, or `None` if this is not such a bag.
pub(crate) fn certificates(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let whole = ber::to_der(bytes).ok()?;
    let signed = Content::from_der(&whole).ok().filter(|content| content.kind == SIGNED)?.content;
    let mut fields = SliceReader::new(signed.value()).ok()?;
    let mut certificates = Vec::new();
    while !fields.is_finished() {
        let is_certificates = fields.peek_byte() == Some(0xa0);
        let field = AnyRef::decode(&mut fields).ok()?;
        if !is_certificates {
            continue;
        }
        let mut set = SliceReader::new(field.value()).ok()?;
        while !set.is_finished() {
            certificates.push(set.tlv_bytes().ok()?.to_vec());
        }
    }
    Some(certificates)
}
