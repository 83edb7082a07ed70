//! Refuses both engines at once, in our words and before isahc does it in its own.
//!
//! A `compile_error!` in the library would come too late: isahc is compiled first and stops with a message that names
//! neither feature of ours. A build script has no dependencies to wait for.
//! Upstream: isahc 2 src/tls/mod.rs, "multiple TLS engines cannot be enabled at the same time".

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let on = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    match (on("RUSTLS_ENGINE"), on("OPENSSL_ENGINE")) {
        (true, true) => println!(
            "cargo::error=the features rustls-engine (the default) and openssl-engine exclude each other: libcurl is built \
             with one TLS engine. For OpenSSL set default-features = false; to see who asks for the other one: cargo tree \
             -e features -i digicert-one-isahc"
        ),
        (false, false) => {
            println!("cargo::error=digicert-one-isahc needs one of its features `rustls-engine` and `openssl-engine`")
        }
        _ => {}
    }
}
