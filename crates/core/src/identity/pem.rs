//! Encodes PEM (RFC 7468) for TLS libraries that do not accept DER.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// Octets that become one line of 64 characters.
const LINE: usize = 48;

/// Encodes DER as PEM; wiped when dropped, as it may be a private key.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    // Allocated at once: a growing buffer leaves unwiped copies behind.
    let mut text = String::with_capacity(2 * label.len() + 40 + der.len().div_ceil(LINE) * 65);
    text += &format!("-----BEGIN {label}-----\n");
    let mut line = Zeroizing::new([0; 64]);
    for part in der.chunks(LINE) {
        // 48 octets fit into 64 characters.
        text += Base64::encode(part, &mut *line).unwrap_or_default();
        text.push('\n');
    }
    text += &format!("-----END {label}-----\n");
    Zeroizing::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_64_characters_and_the_buffer_never_moves() {
        for length in [0, 1, 47, 48, 49, 4800] {
            let text = encode("CERTIFICATE", &vec![0xa5; length]);
            let lines: Vec<&str> = text.lines().collect();
            let (first, last) = (lines.first().copied(), lines.last().copied());
            assert_eq!((first, last), (Some("-----BEGIN CERTIFICATE-----"), Some("-----END CERTIFICATE-----")));
            let body = &lines[1..lines.len() - 1];
            assert!(body.iter().rev().skip(1).all(|line| line.len() == 64), "{length}");
            assert_eq!(Base64::decode_vec(&body.concat()).map(|der| der.len()), Ok(length));
            assert!(text.capacity() < text.len() + 100, "{length}: {} {}", text.capacity(), text.len());
        }
    }
}
