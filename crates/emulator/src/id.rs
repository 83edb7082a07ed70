//! Random names and secrets: ids, API keys, tokens.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use digicert_one_testbed::random_bytes;

/// An API key of the shape seen in public samples: `01` and 24, then `_` and 64 hexadecimal digits.
pub(crate) fn new_api_key() -> String {
    format!("01{}_{}", HEXLOWER.encode(&random_bytes::<12>()), HEXLOWER.encode(&random_bytes::<32>()))
}

/// A random UUID (version 4), as the platform names things.
pub(crate) fn new_id() -> String {
    let mut bytes = random_bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = HEXLOWER.encode(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// 256 random bits, as text that needs no escape anywhere.
pub(crate) fn new_secret() -> String {
    BASE64URL_NOPAD.encode(&random_bytes::<32>())
}
