//! Files as editors on Windows write them: with a byte order mark, or in UTF-16.

use crate::stage::{Stage, text};

fn encodings(content: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{content}");
    vec![
        ("UTF-8 with a mark", marked.clone().into_bytes()),
        ("UTF-16LE with a mark", utf16(&marked, u16::to_le_bytes)),
        ("UTF-16BE with a mark", utf16(&marked, u16::to_be_bytes)),
        ("UTF-16LE", utf16(content, u16::to_le_bytes)),
        ("UTF-16BE", utf16(content, u16::to_be_bytes)),
    ]
}

#[test]
fn api_key_file_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let path = stage.file("api-key");
    for (name, bytes) in encodings(&format!("{}\r\n", stage.key())) {
        std::fs::write(&path, bytes).expect("written");
        let output = stage.d1(&["whoami"], &[("DC_API_KEY_FILE", &path)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn profile_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let (config, key) = (stage.file("d1.toml"), stage.file("key"));
    std::fs::write(&key, stage.key()).expect("written");
    for (name, bytes) in encodings(&format!("[profiles.ci]\r\napi_key = 'file:{key}'\r\n")) {
        std::fs::write(&config, bytes).expect("written");
        let output = stage.d1(&["whoami", "--profile", "ci"], &[("DC_CONFIG", &config)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}
