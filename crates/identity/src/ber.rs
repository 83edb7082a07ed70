//! Converts BER to DER, as far as key stores of old Windows, Java and Mozilla programs need it: indefinite
//! lengths become definite, constructed byte strings become primitive (X.690 sections 8.1.3.6 and 8.7). Uses
//! the parser of the der crate.
//!
//! DER input is returned unchanged, so that the code handles both in one way.

use der::asn1::AnyRef;
use der::{Decode, Encode, EncodingRules, ErrorKind, Header, Length, Reader, SliceReader, Tag};
use zeroize::Zeroizing;

/// Key stores nest about ten deep.
const MAX_DEPTH: usize = 32;

/// Converts the single value in these bytes to definite lengths.
pub(crate) fn to_der(bytes: &[u8]) -> der::Result<Zeroizing<Vec<u8>>> {
    let mut reader = SliceReader::new_with_encoding_rules(bytes, EncodingRules::Ber)?;
    // A definite length is at most one byte per 64 KiB longer than an indefinite one with its end mark.
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + bytes.len() / 1024 + 64));
    value(&mut reader, MAX_DEPTH, &mut out)?;
    reader.finish()?;
    Ok(out)
}

/// Returns the bytes of an OCTET STRING under an implicit tag. It may be constructed, which the tag does not show.
pub(crate) fn implicit_octets(value: AnyRef<'_>, constructed: bool) -> der::Result<Vec<u8>> {
    if !constructed {
        return Ok(value.value().to_vec());
    }
    let mut whole = Vec::with_capacity(value.value().len());
    let mut pieces = SliceReader::new(value.value())?;
    while !pieces.is_finished() {
        let piece = AnyRef::decode(&mut pieces)?;
        der::Tagged::tag(&piece).assert_eq(Tag::OctetString)?;
        whole.extend_from_slice(piece.value());
    }
    Ok(whole)
}

fn value(reader: &mut SliceReader<'_>, depth: usize, out: &mut Vec<u8>) -> der::Result<()> {
    let mut start = [0; 2];
    reader.peek_into(&mut start)?;
    // Tags of more than one byte do not occur in key stores.
    let depth = match depth.checked_sub(1) {
        Some(depth) if start[0] & 0x1f != 0x1f => depth,
        _ => return Err(ErrorKind::NestingDepth.into()),
    };
    let any = AnyRef::decode(reader)?;
    let tag = der::Tagged::tag(&any);
    let content = match start[1] {
        0x80 => any.value().strip_suffix(&[0, 0]).ok_or(ErrorKind::IndefiniteLength)?,
        _ => any.value(),
    };
    if start[0] & 0x20 == 0 {
        return put(tag, content, out);
    }
    let mut inner = Zeroizing::new(Vec::with_capacity(content.len() + content.len() / 1024 + 64));
    let mut children = SliceReader::new_with_encoding_rules(content, EncodingRules::Ber)?;
    while !children.is_finished() {
        value(&mut children, depth, &mut inner)?;
    }
    match tag {
        Tag::OctetString => {
            let whole = Zeroizing::new(implicit_octets(AnyRef::new(tag, &inner)?, true)?);
            put(tag, &whole, out)
        }
        _ => put(tag, &inner, out),
    }
}

fn put(tag: Tag, content: &[u8], out: &mut Vec<u8>) -> der::Result<()> {
    Header::new(tag, Length::try_from(content.len())?).encode_to_vec(out)?;
    out.extend_from_slice(content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_and_strings_in_pieces_become_der() {
        let ber = [
            0x30, 0x80, 0x02, 0x01, 0x03, 0xa0, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0x24, 0x80, 0x04, 0x01, 3, 0, 0, 0,
            0, 0, 0, 0, 0,
        ];
        let der = [0x30, 0x0a, 0x02, 0x01, 0x03, 0xa0, 0x05, 0x04, 0x03, 1, 2, 3];
        assert_eq!(*to_der(&ber).expect("BER"), der);
        assert_eq!(*to_der(&der).expect("DER"), der);
        for cut in 0..ber.len() {
            assert!(to_der(&ber[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        for deep in [[0x30, 0x80].repeat(1000), [0x24, 0x80].repeat(1 << 20)] {
            assert!(to_der(&deep).is_err());
        }
        let mut definite = vec![0x05, 0x00];
        for _ in 0..40 {
            definite.splice(0..0, [0x30, u8::try_from(definite.len()).expect("short")]);
        }
        assert!(to_der(&definite).is_err());
    }
}
