//! smctl's properties file.
#![no_main]

use digicert_one_credentials::SmctlSource;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    digicert_one_fuzz::in_file(data, |path| digicert_one_fuzz::fetch(&SmctlSource::new(&|_| None).with_file(path)));
});
