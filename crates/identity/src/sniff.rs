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
    /// A file that another program still has to decrypt.
    Sealed(&'static str),
    /// The pointer that Git LFS leaves in place of a file.
    LfsPointer,
    /// A variable or template that was not replaced.
    Unreplaced,
    /// Asterisks, as CI systems print in place of a secret.
    Asterisks,
    /// The place of a secret in a store, and not the secret.
    Reference,
    /// A private key in a format that only some programs have.
    OtherKey(&'static str),
    Hexadecimal,
    PercentEncoded,
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
            Self::Sealed(name) | Self::OtherKey(name) => name,
            Self::LfsPointer => "a pointer of Git LFS in place of the file",
            Self::Unreplaced => "a variable or template that was not replaced",
            Self::Asterisks => "asterisks, which hide a value",
            Self::Reference => "a reference to a secret store in place of the secret",
            Self::Hexadecimal => "hexadecimal digits",
            Self::PercentEncoded => "PEM in percent-encoding",
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
            Self::InexactPem => {
                "; a text editor or web page changed its dashes, blanks or letters: copy the file itself"
            }
            Self::Sealed(_) => "; decrypt it first",
            Self::LfsPointer => "; fetch it: git lfs pull",
            Self::OtherKey(_) => "; convert it to PKCS#8 in PEM",
            Self::Hexadecimal => "; convert them to bytes: xxd -r -p",
            Self::PercentEncoded => "; decode it first",
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
    let other = of_other_program(bytes);
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
        _ if has("-----BEGIN%20") || has("-----BEGIN+") => Look::PercentEncoded,
        _ if crate::pem::has_inexact_begin(bytes) => Look::InexactPem,
        _ if begins_as("<html") || begins_as("<!doctype") => Look::Html,
        _ if has("tls.crt") && has("apiVersion") => Look::Kubernetes,
        _ if has("ENC[AES256_GCM,") => Look::Sealed("a file that SOPS encrypted"),
        _ if other.is_some() => other.unwrap_or(Look::Other),
        _ if matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]) => Look::Json,
        _ if crate::base64::decode(bytes).is_some() => Look::Base64,
        // Short keys have a length of one byte.
        [0x30, len @ 0x08..=0x7f, rest @ ..] if rest.len() == usize::from(*len) => Look::Der,
        _ => Look::Other,
    }
}

/// Detects what other programs write, or leave in place of a file, by how it begins.
fn of_other_program(bytes: &[u8]) -> Option<Look> {
    let text = bytes.trim_ascii();
    let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start.as_bytes()));
    Some(match text {
        _ if begins(&["$ANSIBLE_VAULT"]) => Look::Sealed("a file that Ansible Vault encrypted"),
        _ if bytes.starts_with(b"\0GITCRYPT\0") => Look::Sealed("a file that git-crypt encrypted"),
        _ if begins(&["age-encryption.org/"]) => Look::Sealed("a file that age encrypted"),
        _ if begins(&["version https://git-lfs."]) => Look::LfsPointer,
        _ if begins(&["AGE-SECRET-KEY-"]) => Look::OtherKey("a key of age"),
        _ if begins(&["<RSAKeyValue", "<RSAKeyPair"]) => Look::OtherKey("an RSA key in XML"),
        // PVK, and PRIVATEKEYBLOB of Windows.
        [0x1e, 0xf1, 0xb5, 0xb0, ..] | [7, 2, 0, 0, 0, 0xa4 | 0x24, 0, 0, ..] => {
            Look::OtherKey("a key in a format of Windows (PVK)")
        }
        [b'$', b'{' | b'(', ..] | [b'{', b'{', ..] => Look::Unreplaced,
        [b'%', name @ .., b'%']
            if !name.is_empty() && name.iter().all(|one| one.is_ascii_alphanumeric() || *one == b'_') =>
        {
            Look::Unreplaced
        }
        [b'*', ..] if text.iter().all(|byte| *byte == b'*') => Look::Asterisks,
        _ if begins(&["op://", "vault:", "file:", "env:", "keyring:", "arn:aws:", "projects/"])
            && text.len() < 1024 =>
        {
            Look::Reference
        }
        _ if is_hexadecimal(text) => Look::Hexadecimal,
        _ => return None,
    })
}

/// Returns whether these are hexadecimal digits of a value in DER, in lines and with the separators of Windows and OpenSSL.
fn is_hexadecimal(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || *byte == b':';
    text.len() >= 80 && text.starts_with(b"30") && text.iter().all(is_part)
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
            (b"$ANSIBLE_VAULT;1.1;AES256\n3862", Look::Sealed("a file that Ansible Vault encrypted")),
            (b"data: ENC[AES256_GCM,data:abc]\nsops:\n", Look::Sealed("a file that SOPS encrypted")),
            (b"\0GITCRYPT\0abc", Look::Sealed("a file that git-crypt encrypted")),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", Look::LfsPointer),
            (b"${TLS_CERT}\n", Look::Unreplaced),
            (b"{{ .Values.tls.cert }}", Look::Unreplaced),
            (b"%TLS_CERT%", Look::Unreplaced),
            (b"***", Look::Asterisks),
            (b"op://vault/item/cert", Look::Reference),
            (b"AGE-SECRET-KEY-1QQ", Look::OtherKey("a key of age")),
            (b"<RSAKeyValue><Modulus>", Look::OtherKey("an RSA key in XML")),
            (b"\x1e\xf1\xb5\xb0\0\0", Look::OtherKey("a key in a format of Windows (PVK)")),
            (b"-----BEGIN%20CERTIFICATE-----%0AMII", Look::PercentEncoded),
            (
                b"3082010a0201033082010a0201033082010a0201033082010a\n3082010a0201033082010a0201033082010a\n",
                Look::Hexadecimal,
            ),
            (b"hello world", Look::Other),
            (b"0123", Look::Other),
        ] {
            assert_eq!(at(bytes), look, "{}", bytes.escape_ascii());
        }
    }
}
