//! Whether a text from a setting is a path that may be shown, or a value that may be a secret.
#![no_main]

use std::path::Path;

use digicert_one_core::{ValueShape, is_random_word, printable_line};
use digicert_one_credentials::{Source, Variable, is_path, shown_path, source};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let path = Path::new(text);
    // An existing path may look like anything.
    let exists = path.symlink_metadata().is_ok() || Path::new(text.trim()).symlink_metadata().is_ok();
    let shown = shown_path(path);
    assert_eq!(shown.is_some(), is_path(path));
    if let Some(shown) = &shown {
        assert_eq!(*shown, printable_line(text));
        assert!(!shown.contains(char::is_control));
    }
    let is_bare = !text.contains(['/', '\\', '.']);
    let is_secret = ValueShape::of(text).is_some() || (is_bare && (text.len() >= 8 || is_random_word(text)));
    if is_secret && !exists {
        assert_eq!(shown, None, "{text:?}");
        // A short text may be a part of our own words.
        let source = source::environment(&|name| (name == "DC_API_KEY_FILE").then(|| Variable::new(name, text)));
        if let Err(error) = source.fetch() {
            let shown = error.to_string().replace("DC_API_KEY_FILE", "the variable");
            assert!(text.len() < 16 || !shown.contains(text), "{error}");
        }
    }
});
