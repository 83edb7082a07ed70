//! Names of encryption and hash algorithms, for messages about unsupported ones.

use der::asn1::ObjectIdentifier;

/// Returns the name; the number if the name is unknown.
pub(crate) fn name(oid: ObjectIdentifier) -> String {
    let known = match oid.to_string().as_str() {
        "1.2.840.113549.1.12.1.1" => "RC4 with 128 bits",
        "1.2.840.113549.1.12.1.2" => "RC4 with 40 bits",
        "1.2.840.113549.1.5.1" => "pbeWithMD2AndDES-CBC",
        "1.2.840.113549.1.5.4" => "pbeWithMD2AndRC2-CBC",
        "1.2.840.113549.1.5.6" => "pbeWithMD5AndRC2-CBC",
        "1.2.840.113549.1.5.11" => "pbeWithSHA1AndRC2-CBC",
        "1.2.840.113549.1.5.12" => "PBKDF2",
        "1.2.840.113549.1.5.13" => "PBES2",
        "1.2.840.113549.1.5.14" => "PBMAC1",
        "1.3.6.1.4.1.11591.4.11" => "scrypt",
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.26" | "2.16.840.1.101.3.4.1.46" => "AES in GCM mode",
        "2.16.840.1.101.3.4.1.1" | "2.16.840.1.101.3.4.1.21" | "2.16.840.1.101.3.4.1.41" => "AES in ECB mode",
        "2.16.840.1.101.3.4.1.3" | "2.16.840.1.101.3.4.1.23" | "2.16.840.1.101.3.4.1.43" => "AES in OFB mode",
        "2.16.840.1.101.3.4.1.4" | "2.16.840.1.101.3.4.1.24" | "2.16.840.1.101.3.4.1.44" => "AES in CFB mode",
        "1.2.392.200011.61.1.1.1.2" => "Camellia-128",
        "1.2.392.200011.61.1.1.1.3" => "Camellia-192",
        "1.2.392.200011.61.1.1.1.4" => "Camellia-256",
        "1.2.410.200046.1.1.2" => "ARIA-128",
        "1.2.410.200046.1.1.7" => "ARIA-192",
        "1.2.410.200046.1.1.12" => "ARIA-256",
        "1.2.410.200004.1.4" => "SEED",
        "1.2.156.10197.1.104.2" => "SM4",
        "1.2.840.113549.3.2" => "RC2",
        "1.2.840.113549.3.4" => "RC4",
        "1.2.840.113549.3.9" => "RC5",
        "1.2.840.113533.7.66.10" => "CAST5",
        "1.3.6.1.4.1.3029.1.2" => "Blowfish",
        "1.3.6.1.4.1.188.7.1.1.2" => "IDEA",
        "1.2.643.2.2.21" => "GOST 28147-89",
        "1.2.643.7.1.1.5.1.1" | "1.2.643.7.1.1.5.1.2" => "Magma",
        "1.2.643.7.1.1.5.2.1" | "1.2.643.7.1.1.5.2.2" => "Kuznyechik",
        "1.2.840.113549.2.2" => "MD2",
        "1.2.840.113549.2.4" => "MD4",
        "1.2.840.113549.2.5" => "MD5",
        "1.2.840.113549.2.6" => "HMAC with MD5",
        "1.2.840.113549.2.7" => "HMAC with SHA-1",
        "1.2.840.113549.2.8" => "HMAC with SHA-224",
        "1.2.840.113549.2.9" => "HMAC with SHA-256",
        "1.2.840.113549.2.10" => "HMAC with SHA-384",
        "1.2.840.113549.2.11" => "HMAC with SHA-512",
        "1.2.840.113549.2.12" => "HMAC with SHA-512/224",
        "1.2.840.113549.2.13" => "HMAC with SHA-512/256",
        "2.16.840.1.101.3.4.2.5" => "SHA-512/224",
        "2.16.840.1.101.3.4.2.6" => "SHA-512/256",
        "2.16.840.1.101.3.4.2.7" => "SHA3-224",
        "2.16.840.1.101.3.4.2.8" => "SHA3-256",
        "2.16.840.1.101.3.4.2.9" => "SHA3-384",
        "2.16.840.1.101.3.4.2.10" => "SHA3-512",
        "2.16.840.1.101.3.4.2.13" => "HMAC with SHA3-224",
        "2.16.840.1.101.3.4.2.14" => "HMAC with SHA3-256",
        "2.16.840.1.101.3.4.2.15" => "HMAC with SHA3-384",
        "2.16.840.1.101.3.4.2.16" => "HMAC with SHA3-512",
        "1.3.36.3.2.1" => "RIPEMD-160",
        "1.0.10118.3.0.55" => "Whirlpool",
        "1.2.156.10197.1.401" => "SM3",
        "1.3.6.1.4.1.1722.12.2.1.16" => "BLAKE2b",
        "1.3.6.1.4.1.1722.12.2.2.8" => "BLAKE2s",
        "1.2.643.2.2.9" => "GOST R 34.11-94",
        "1.2.643.2.2.10" => "HMAC with GOST R 34.11-94",
        "1.2.643.7.1.1.2.2" | "1.2.643.7.1.1.2.3" => "GOST R 34.11-2012",
        "1.2.643.7.1.1.4.1" | "1.2.643.7.1.1.4.2" => "HMAC with GOST R 34.11-2012",
        other => return format!("algorithm {other}"),
    };
    known.to_owned()
}

/// Returns the name of a key store's content type.
pub(crate) fn content_type(oid: ObjectIdentifier) -> String {
    let known = match oid.to_string().as_str() {
        "1.2.840.113549.1.7.1" => "data",
        "1.2.840.113549.1.7.2" => "signed data",
        "1.2.840.113549.1.7.3" => "enveloped data",
        "1.2.840.113549.1.7.5" => "digested data",
        "1.2.840.113549.1.7.6" => "encrypted data",
        other => return format!("content type {other}"),
    };
    format!("content type \"{known}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_algorithms_are_named() {
        for (oid, expected) in [
            ("1.2.392.200011.61.1.1.1.4", "Camellia-256"),
            ("1.2.840.113549.2.13", "HMAC with SHA-512/256"),
            ("2.16.840.1.101.3.4.2.8", "SHA3-256"),
            ("1.2.840.113549.1.12.1.1", "RC4 with 128 bits"),
            ("1.2.3", "algorithm 1.2.3"),
        ] {
            assert_eq!(name(ObjectIdentifier::new_unwrap(oid)), expected);
        }
        let digested = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.5");
        assert_eq!(content_type(digested), "content type \"digested data\"");
    }
}
