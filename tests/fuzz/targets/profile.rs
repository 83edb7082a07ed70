//! The profile file. Its references are parsed, not resolved: `exec:` would run fuzzed commands.
#![no_main]

use digicert_one_credentials::ProfileFile;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    digicert_one_fuzz::in_file(data, |path| match ProfileFile::read(path) {
        Ok(file) => {
            for name in file.names() {
                let profile = file.profile(name).expect("it was just listed");
                let _ = format!("{profile:?}");
            }
            let _ = file.profile("ci-prod");
        }
        Err(error) => digicert_one_fuzz::check::<()>(Err(error)),
    });
});
