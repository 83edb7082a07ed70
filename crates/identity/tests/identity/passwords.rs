//! Passwords: missing, wrong, and nearly right.

use digicert_one_core::Code;
use digicert_one_testbed::Format;

use crate::{PASSWORD, read};

fn protected() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|format| format.make().password.is_some_and(|password| !password.is_empty()))
}

#[test]
fn ident_07_encrypted_key_without_password_is_id_02() {
    for format in protected() {
        let store = format.make();
        let read = read(&store.certificate, store.key.as_deref(), None);
        assert_eq!(read.error().code(), Code::ID_02, "{}", format.name());
        assert!(read.error().to_string().contains("/etc/testbed/client."), "{}", read.error());
    }
}

#[test]
fn ident_12_wrong_password_is_id_03_and_names_the_failed_check() {
    for format in protected() {
        let store = format.make();
        for wrong in ["canary-wrong", "", "canary-wrong \n"] {
            let read = read(&store.certificate, store.key.as_deref(), Some(wrong));
            let text = read.error().to_string();
            assert_eq!(read.error().code(), Code::ID_03, "{}: {text}", format.name());
            let is_store = format.name().contains("PKCS#12");
            assert_eq!(text.contains("integrity check failed; the file itself is complete"), is_store, "{text}");
            assert!(text.contains(PASSWORD) && !text.contains("canary"), "{text}");
        }
    }
}

#[test]
fn password_with_surroundings_works_with_a_warning() {
    for format in protected() {
        let store = format.make();
        let right = store.password.expect("protected");
        for (given, what) in [
            (format!("{right}\n"), "a trailing line end"),
            (format!("{right}\r\n"), "a trailing line end"),
            (format!(" {right}\t"), "blanks around it"),
            (format!("\"{right}\"\n"), "quotes around it"),
            (format!("'{right}'"), "quotes around it"),
        ] {
            let read = read(&store.certificate, store.key.as_deref(), Some(&given));
            assert_eq!(read.identity().thumbprint_hex(), store.client.fingerprint(), "{}", format.name());
            let warning = read.warnings.iter().find(|warning| warning.code == Code::ID_03).expect("a warning");
            assert!(warning.text.contains(what) && !warning.text.contains(&right), "{warning}");
            assert_eq!(warning.origin, PASSWORD);
        }
    }
}

#[test]
fn key_store_with_empty_password_opens_with_none_and_empty() {
    let store = Format::Pkcs12EmptyPassword.make();
    for password in [None, Some(""), Some("\n")] {
        let read = read(&store.certificate, None, password);
        assert_eq!(read.identity().thumbprint_hex(), store.client.fingerprint(), "{password:?}");
    }
}
