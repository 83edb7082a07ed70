//! Base64 as pasted text: with line breaks, blanks, a literal `\n` for each line end, in either alphabet,
//! padded or not. For the bodies of PEM sections and for files that are base64 as a whole.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use zeroize::Zeroizing;

/// The shortest key or certificate is longer.
const SHORTEST: usize = 40;

/// Returns the bytes, or `None` if this is not base64 or too short to be a key.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = unquoted(text.trim_ascii());
    let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    loop {
        rest = match rest {
            [] => break,
            [b'\\', b'n' | b'r', rest @ ..] => rest,
            [byte, rest @ ..] => {
                if !byte.is_ascii_whitespace() {
                    kept.push(*byte);
                }
                rest
            }
        };
    }
    let padding = kept.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let kept = &kept[..kept.len() - padding];
    let url = kept.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = if url { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    if kept.len() < SHORTEST {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; encoding.decode_len(kept.len()).ok()?]);
    encoding.decode_mut(kept, &mut bytes).ok()?;
    Some(bytes)
}

/// Removes the quotes that jq and Terraform print without `-r` or `-raw`, and the beginning of a `data:` URL.
fn unquoted(text: &[u8]) -> &[u8] {
    let inner = match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => text,
    };
    let marker = b";base64,";
    match inner.starts_with(b"data:").then(|| inner.windows(marker.len()).take(100).position(|part| part == marker)) {
        Some(Some(at)) => &inner[at + marker.len()..],
        _ => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_in_every_pasted_form() {
        let bytes: Vec<u8> = (200..=255).chain(0..=2).collect();
        let text = data_encoding::BASE64.encode(&bytes);
        let wrapped: String =
            text.as_bytes().chunks(7).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
        let forms = [
            text.clone(),
            text.trim_end_matches('=').to_owned(),
            format!("  {text}\n\n"),
            wrapped.replace("\r\n", "\\n"),
            wrapped,
            data_encoding::BASE64URL.encode(&bytes),
            format!("\"{text}\"\n"),
            format!("'{text}'"),
            format!("data:application/x-pkcs12;base64,{text}"),
        ];
        for form in forms {
            assert_eq!(*decode(form.as_bytes()).expect("base64"), bytes, "{form}");
        }
        for bad in ["", "c2hvcnQ=", &text.replace('z', "!"), &text[1..], &format!("{text}===="), &format!("\"{text}")] {
            assert!(decode(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
