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
    let path = stage.path("api-key");
    for (name, bytes) in encodings(&format!("{}\r\n", stage.key())) {
        std::fs::write(&path, bytes).expect("written");
        let output = stage.d1(&["whoami"], &[("DC_API_KEY_FILE", &path)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn password_file_in_any_encoding_of_text_opens_the_key_store() {
    let stage = Stage::new();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../credentials/tests/fixtures/openssl");
    let (store, file) = (format!("{fixtures}/aes256.p12"), stage.path("password"));
    let word = std::fs::read_to_string(format!("{fixtures}/password")).expect("a password");
    for (name, bytes) in encodings(&format!("{}\r\n", word.trim_end())) {
        std::fs::write(&file, bytes).expect("written");
        let variables = [("SM_CLIENT_CERT_FILE", &*store), ("SM_CLIENT_CERT_PASSWORD_FILE", &*file)];
        let output = stage.d1(&["env"], &variables);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn properties_file_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let home = stage.directory.path().join(".signingmanager");
    std::fs::create_dir(&home).expect("created");
    let directory = stage.directory.path().display().to_string();
    for (name, bytes) in encodings(&format!("SM_API_KEY={}\r\n", stage.key())) {
        std::fs::write(home.join("ssm-config.properties"), bytes).expect("written");
        let output = stage.d1(&["whoami"], &[("HOME", &directory)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn output_of_a_command_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let (config, key) = (stage.path("d1.toml"), stage.path("key"));
    std::fs::write(&config, format!("[profiles.ci]\napi_key = 'exec:/bin/cat {key}'\n")).expect("written");
    for (name, bytes) in encodings(&format!("{}\r\n", stage.key())) {
        std::fs::write(&key, bytes).expect("written");
        let output = stage.d1(&["whoami", "--profile", "ci"], &[("DC_CONFIG", &config)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}

#[test]
fn end_date_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let folder = stage.directory.path().join("credentials");
    std::fs::create_dir(&folder).expect("created");
    std::fs::write(folder.join("api-key"), stage.key()).expect("written");
    let directory = folder.display().to_string();
    for (name, bytes) in encodings("2001-12-31\r\n") {
        std::fs::write(folder.join("api-key-ends"), bytes).expect("written");
        let output = stage.d1(&["whoami"], &[("DC_CREDENTIALS_DIR", &directory)]);
        assert!(text(&output).contains("2001-12-31"), "{name}: {}", text(&output));
    }
}

#[test]
fn profile_in_any_encoding_of_text_is_read() {
    let stage = Stage::new();
    let (config, key) = (stage.path("d1.toml"), stage.path("key"));
    std::fs::write(&key, stage.key()).expect("written");
    for (name, bytes) in encodings(&format!("[profiles.ci]\r\napi_key = 'file:{key}'\r\n")) {
        std::fs::write(&config, bytes).expect("written");
        let output = stage.d1(&["whoami", "--profile", "ci"], &[("DC_CONFIG", &config)]);
        assert!(output.status.success(), "{name}: {}", text(&output));
    }
}
