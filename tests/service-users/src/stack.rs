//! The TLS stacks, and clients of an emulator over each of them.

use std::fmt;
use std::sync::Arc;

use digicert_one_client::{Client, ClientBuilder};
use digicert_one_core::{Connector, Instance, TransportConfig, TrustRoots};
use digicert_one_emulator::Emulator;
use serde::{Deserialize, Serialize};

/// A TLS stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stack {
    /// hyper on rustls.
    Rustls,
    /// reqwest on rustls.
    Reqwest,
    /// isahc on libcurl.
    Isahc,
    /// hyper on the operating system's TLS.
    NativeTls,
}

impl Stack {
    fn connector(self) -> Arc<dyn Connector> {
        match self {
            Self::Rustls => Arc::new(digicert_one_rustls::Connector::new()),
            Self::Reqwest => Arc::new(digicert_one_reqwest::Connector::new()),
            Self::Isahc => Arc::new(digicert_one_isahc::Connector::new()),
            Self::NativeTls => Arc::new(digicert_one_native_tls::Connector::new()),
        }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rustls => "rustls",
            Self::Reqwest => "reqwest",
            Self::Isahc => "isahc",
            Self::NativeTls => "native-tls",
        })
    }
}

/// The addresses of an emulator, for another process. Nothing in it is secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    platform: String,
    client_auth: String,
    root: Vec<u8>,
}

impl Address {
    /// Where this emulator is.
    #[must_use]
    pub fn of(emulator: &Emulator) -> Self {
        Self {
            platform: emulator.platform_url(),
            client_auth: emulator.client_auth_url(),
            root: emulator.ca_der().to_vec(),
        }
    }

    /// A client of it that has no credential yet.
    ///
    /// # Panics
    /// The address is none of an emulator.
    pub fn client(&self, stack: Stack) -> ClientBuilder {
        let instance = Instance::pair(&self.platform, &self.client_auth).expect("two hosts");
        let roots = vec![self.root.clone().into()];
        Client::builder()
            .instance(instance)
            .shared_connector(stack.connector())
            .transport_config(TransportConfig::new().with_trust(TrustRoots::Only(roots)))
    }
}
