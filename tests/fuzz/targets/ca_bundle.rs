//! CA files: every certificate that is in them, or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| digicert_one_fuzz::read_ca_bundle(data));
