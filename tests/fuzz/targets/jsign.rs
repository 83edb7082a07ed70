//! jsign's `key|file|password`.
#![no_main]

use digicert_one_credentials::{Variable, source};

libfuzzer_sys::fuzz_target!(|text: &str| {
    // A path is read: only names below this folder, so that no device is met by chance.
    let text = text.replace('/', "-").replace('\0', "");
    let source = source::jsign("STOREPASS", &|name| Some(Variable::new(name, text.clone())));
    digicert_one_fuzz::fetch(&source);
});
