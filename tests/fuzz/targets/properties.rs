//! smctl's properties file.
#![no_main]

use digicert_one_credentials::source;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    digicert_one_fuzz::in_file(data, |path| digicert_one_fuzz::fetch(&source::smctl(Some(path), &|_| None)));
});
