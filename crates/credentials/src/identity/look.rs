//! What bytes look like, before anybody reads them: the first step, and the words of the error when no further step fits.

/// The forms that bytes can have by their look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Empty,
    Pem,
    Pkcs12,
    Der,
    OpensshKey,
    PublicKey,
    Html,
    Other,
}

impl Look {
    /// For messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Pem => "PEM",
            Self::Pkcs12 => "PKCS#12",
            Self::Der => "DER",
            Self::OpensshKey => "an OpenSSH key",
            Self::PublicKey => "a public key",
            Self::Html => "an HTML page",
            Self::Other => "neither PEM nor DER",
        }
    }
}

/// What the bytes look like.
pub(crate) fn at(bytes: &[u8]) -> Look {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
    // PFX starts with version 3 (RFC 7292 section 4); a certificate and a PKCS#8 key do not.
    let pfx = bytes.first() == Some(&0x30) && bytes.windows(3).take(8).any(|window| window == [0x02, 0x01, 0x03]);
    match bytes {
        [] => Look::Empty,
        _ if pfx => Look::Pkcs12,
        [0x30, 0x80..=0x84, ..] => Look::Der,
        _ if has("-----BEGIN OPENSSH PRIVATE KEY") => Look::OpensshKey,
        _ if has("-----BEGIN PUBLIC KEY") && !has("-----BEGIN CERTIFICATE") => Look::PublicKey,
        _ if has("-----BEGIN ") => Look::Pem,
        _ if has("<html") || has("<!doctype") => Look::Html,
        _ => Look::Other,
    }
}
