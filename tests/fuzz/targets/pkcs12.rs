//! Client identities in DER: PKCS#12, PKCS#8, certificates.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| digicert_one_fuzz::read_identity(data));
