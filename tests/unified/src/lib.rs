//! Every transport with every feature in one binary. Another `Cargo.toml` may enable a second TLS stack or
//! other defaults in a library that we use; this package does so on purpose (see its manifest) and runs the
//! suites again.
