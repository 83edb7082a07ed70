//! Client identities in text: PEM of every kind, encrypted keys, base64.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| digicert_one_fuzz::read_identity(data));
