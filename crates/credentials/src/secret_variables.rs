//! Environment variables whose value is a secret.

pub(crate) const KEY: [&str; 2] = ["DC_API_KEY", "SM_API_KEY"];

pub(crate) const CERTIFICATE_BASE64: &str = "SM_CLIENT_CERT_FILE_B64";

pub(crate) const PASSWORD: [&str; 2] = ["DC_CLIENT_CERT_PASSWORD", "SM_CLIENT_CERT_PASSWORD"];

/// Variables whose value is a secret. Child processes do not inherit them.
pub(crate) const SECRET_VARIABLES: [&str; 7] = [
    KEY[0],
    KEY[1],
    PASSWORD[0],
    PASSWORD[1],
    CERTIFICATE_BASE64,
    // The name in DigiCert's own sample scripts.
    "DIGICERT_API_KEY",
    "TLM_API_KEY",
];
