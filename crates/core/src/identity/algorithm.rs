//! Names of algorithms, curves and extensions for messages, instead of their numbers.

/// Returns the name of a key's algorithm or curve, given in dotted form; its number if the name is unknown.
#[must_use]
pub fn name(oid: &str) -> String {
    let known = match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.7" => "RSA-OAEP",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10046.2.1" | "1.2.840.113549.1.3.1" => "Diffie-Hellman",
        "1.2.840.10045.2.1" => "an elliptic curve given by its parameters",
        "1.2.840.10045.3.1.1" => "P-192",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        "1.2.156.10197.1.301" => "SM2",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.643.7.1.1.1.1" | "1.2.643.7.1.1.1.2" | "1.2.643.2.2.19" => "GOST R 34.10",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        other => return format!("algorithm {other}"),
    };
    known.to_owned()
}

/// Returns the name of a certificate extension.
pub(super) fn extension(oid: &str) -> String {
    let known = match oid {
        "2.5.29.14" => "subject key identifier",
        "2.5.29.16" => "private key usage period",
        "2.5.29.18" => "issuer alternative name",
        "2.5.29.32" => "certificate policies",
        "2.5.29.33" => "policy mappings",
        "2.5.29.35" => "authority key identifier",
        "2.5.29.36" => "policy constraints",
        "2.5.29.46" => "freshest CRL",
        "2.5.29.54" => "inhibit anyPolicy",
        "1.3.6.1.5.5.7.1.1" => "authority information access",
        "1.3.6.1.5.5.7.1.3" => "qualified certificate statements",
        "1.3.6.1.5.5.7.1.14" => "proxy certificate information",
        "1.3.6.1.5.5.7.1.24" => "TLS feature",
        "1.3.6.1.5.5.7.48.1.5" => "OCSP no check",
        "1.3.6.1.4.1.11129.2.4.3" => "precertificate poison",
        "2.16.840.1.113730.1.1" => "Netscape certificate type",
        other => return format!("extension {other}"),
    };
    format!("extension \"{known}\" ({oid})")
}
