//! Detects the format of bytes from their first bytes, and names it in the error if nothing usable is found.

/// The detectable formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Empty,
    Pem,
    Pkcs12,
    Der,
    Base64,
    Jks,
    OpensshKey,
    SshPublicKey,
    PuttyKey,
    PublicKey,
    Html,
    Zip,
    Gzip,
    Kubernetes,
    Json,
    Utf16,
    InexactPem,
    Other,
}

impl Look {
    /// Returns the name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Pem => "PEM",
            Self::Pkcs12 => "PKCS#12",
            Self::Der => "DER",
            Self::Base64 => "base64",
            Self::Jks => "a Java key store of the old kind (JKS)",
            Self::OpensshKey => "an OpenSSH key",
            Self::SshPublicKey => "an SSH public key",
            Self::PuttyKey => "a PuTTY key",
            Self::PublicKey => "a public key",
            Self::Html => "an HTML page",
            Self::Zip => "a ZIP archive",
            Self::Gzip => "a gzip archive",
            Self::Kubernetes => "a Secret of Kubernetes",
            Self::Json => "JSON without a certificate or key",
            Self::Utf16 => "damaged text in UTF-16",
            Self::InexactPem => "PEM with another BEGIN line than five hyphens and capital letters",
            Self::Other => "neither PEM nor DER",
        }
    }

    /// Returns what to do about it, if known.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Jks => {
                "; convert it: keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12"
            }
            Self::OpensshKey | Self::PuttyKey => "; a TLS client certificate needs its own key, not an SSH key",
            Self::Html => "; it was probably saved from a sign-in or error page: download the certificate again",
            Self::Kubernetes => "; decode its entries into files (base64 -d)",
            Self::Zip | Self::Gzip => "; unpack it first",
            Self::Utf16 => "; save it as UTF-8 or ASCII",
            Self::InexactPem => "; a text editor changed its dashes: copy the file itself",
            _ => "",
        }
    }
}

/// Detects the format of the bytes.
pub(crate) fn at(bytes: &[u8]) -> Look {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let begins_as = |text: &str| {
        let start = &bytes[..bytes.len().min(1024)];
        start.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
    };
    let is_credential = has("CERTIFICATE-----") || has("-----BEGIN PKCS");
    // PFX starts with version 3 (RFC 7292 section 4); a certificate and a PKCS#8 key do not.
    let pfx = match bytes {
        [0x30, length, rest @ ..] => {
            let more = if *length > 0x80 { usize::from(*length & 0x7f) } else { 0 };
            rest.get(more..).is_some_and(|content| content.starts_with(&[0x02, 0x01, 0x03]))
        }
        _ => false,
    };
    match bytes {
        _ if bytes.iter().all(u8::is_ascii_whitespace) => Look::Empty,
        _ if pfx => Look::Pkcs12,
        [0x30, 0x80..=0x84, ..] => Look::Der,
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => Look::Jks,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Look::Utf16,
        [b'P', b'K', 3, 4, ..] => Look::Zip,
        [0x1f, 0x8b, ..] => Look::Gzip,
        _ if bytes.starts_with(b"PuTTY-User-Key-File") => Look::PuttyKey,
        _ if bytes.starts_with(b"ssh-") || bytes.starts_with(b"ecdsa-sha2-") => Look::SshPublicKey,
        _ if has("-----BEGIN OPENSSH PRIVATE KEY") && !is_credential => Look::OpensshKey,
        _ if has("-----BEGIN PUBLIC KEY") && !is_credential && !has("PRIVATE KEY-----") => Look::PublicKey,
        _ if has("-----BEGIN ") => Look::Pem,
        _ if crate::pem::has_inexact_begin(bytes) => Look::InexactPem,
        _ if begins_as("<html") || begins_as("<!doctype") => Look::Html,
        _ if has("tls.crt") && has("apiVersion") => Look::Kubernetes,
        _ if matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]) => Look::Json,
        _ if crate::base64::decode(bytes).is_some() => Look::Base64,
        // Short keys have a length of one byte.
        [0x30, len @ 0x08..=0x7f, rest @ ..] if rest.len() == usize::from(*len) => Look::Der,
        _ => Look::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_detected() {
        for (bytes, look) in [
            (&b""[..], Look::Empty),
            (b" \r\n", Look::Empty),
            (b"\xef\xbb\xbfBag Attributes\n-----BEGIN CERTIFICATE-----", Look::Pem),
            (b"\x30\x82\x0a\x00\x02\x01\x03\x30", Look::Pkcs12),
            (b"\x30\x80\x02\x01\x03\x30\x80", Look::Pkcs12),
            (b"\x30\x82\x0a\x00\x30\x82", Look::Der),
            (b"\x30\x08\x02\x01\x00\x30\x03\x06\x01\x00", Look::Der),
            (b"\xfe\xed\xfe\xed\x00\x00\x00\x02", Look::Jks),
            (b"-----BEGIN OPENSSH PRIVATE KEY-----", Look::OpensshKey),
            (b"ssh-ed25519 AAAA", Look::SshPublicKey),
            (b"PuTTY-User-Key-File-3: ssh-rsa", Look::PuttyKey),
            (b"-----BEGIN PUBLIC KEY-----", Look::PublicKey),
            (b"<!DOCTYPE html><HTML>", Look::Html),
            (b"PK\x03\x04", Look::Zip),
            (b"\x1f\x8b\x08\x00", Look::Gzip),
            (b"apiVersion: v1\ndata:\n  tls.crt: TUlJ\n", Look::Kubernetes),
            (b" {\"errors\":[]}", Look::Json),
            (b"\xff\xfe-\x00-\x00", Look::Utf16),
            (b"MIIKAAIBAzCCCgAGCSqGSIb3DQEHAaCCCgAEggoA\nMIIKAAIBAzCCCgAGCSqGSIb3DQEHAaCCCgAEggoA", Look::Base64),
            ("——BEGIN CERTIFICATE——\nMII".as_bytes(), Look::InexactPem),
            (b"----BEGIN RSA PRIVATE KEY----\r\nMII", Look::InexactPem),
            (b"\x30\x82\x01\x2a\x30\x81\xd1\x02\x01\x03\x30", Look::Der),
            (b"hello world", Look::Other),
            (b"0123", Look::Other),
        ] {
            assert_eq!(at(bytes), look, "{}", bytes.escape_ascii());
        }
    }
}
