//! Hosts as users write them, and the paths of calls.
#![no_main]

use digicert_one_core::{HostRole, Instance, RequestTarget};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for instance in [Instance::parse(text), Instance::from_client_auth(text), Instance::pair(text, text)] {
        match instance {
            Ok(instance) => {
                for role in [HostRole::Platform, HostRole::ClientAuth] {
                    let Ok(origin) = instance.origin(role) else { continue };
                    let again = Instance::pair(&origin.to_string(), &origin.to_string()).expect("our own form is read");
                    assert_eq!(again.origin(HostRole::Platform).expect("one").to_string(), origin.to_string());
                }
            }
            // User info of a URL could be a password.
            Err(error) => {
                let user_info = text.split_once("//").and_then(|(_, rest)| rest.split_once('@'));
                let elsewhere = |secret: &str| text.matches(secret).count() > 1;
                if let Some((secret, _)) = user_info.filter(|(secret, _)| secret.len() > 8 && !elsewhere(secret)) {
                    assert!(!error.to_string().contains(secret));
                }
                assert!(!error.to_string().contains(|sign: char| sign.is_control()), "{:?}", error.to_string());
            }
        }
    }
    if let Ok(target) = RequestTarget::parse(text) {
        assert_eq!(RequestTarget::parse(target.as_str()).expect("our own form is read").as_str(), target.as_str());
    }
});
