//! Starting, and what the one who starts it may know: addresses, secrets, ledgers, observations.
//!
//! Each emulator has a PKI of its own, so that the certificates of one prove nothing to another.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use digicert_one_testbed::{Authority, ClientAuth, ClientCert, ClientSpec, Front, FrontOptions, Ledger, Pki};

use crate::csc::{self, Csc};
use crate::error::EmulatorError;
use crate::observation::{HostKind, Observation};
use crate::options::{EmulatorOptions, ServiceUserSpec};
use crate::routes::Listener;
use crate::service_user::{ServiceUser, new_api_key};
use crate::store::Store;

/// Names that the server certificates are valid for, each also with `clientauth.` in front: loopback, a reserved test
/// name, and the public hosts, so that a name override can lead a program here unchanged.
const HOSTS: [&str; 10] = [
    "one.digicert.test",
    "one.localhost",
    "one.digicert.com",
    "demo.one.digicert.com",
    "one.ch.digicert.com",
    "demo.one.ch.digicert.com",
    "one.digicert.co.jp",
    "demo.one.digicert.co.jp",
    "one.nl.digicert.com",
    "demo.one.nl.digicert.com",
];

/// A running emulator. Dropping it closes both listeners and all connections.
pub struct Emulator {
    pki: Arc<Pki>,
    store: Arc<Store>,
    csc: Arc<csc::State>,
    platform: Front,
    client_auth: Front,
    host: String,
}

impl Emulator {
    /// Starts an emulator, from any thread, inside or outside an async runtime.
    pub fn start(options: EmulatorOptions) -> Result<Emulator, EmulatorError> {
        check(&options)?;
        let pki = Arc::new(Pki::generate());
        let server = pki.server(&server_names(options.address));
        let store = Arc::new(Store::create(options.service_users, options.devices, &pki, options.clock));
        let csc = Arc::new(csc::State::create(options.csc, &pki));
        let start = |host, port, client_auth| {
            let listener = Arc::new(Listener { host, store: Arc::clone(&store), csc: Arc::clone(&csc) });
            let front = FrontOptions::new(server.clone(), &pki)
                .client_auth(client_auth)
                .bind(SocketAddr::new(options.address, port));
            Front::start(front, listener).map_err(|source| listen_error(host, options.address, port, source))
        };
        let platform = start(HostKind::Platform, options.platform_port, ClientAuth::Off)?;
        let client_auth = start(HostKind::ClientAuth, options.client_auth_port, options.client_auth)?;
        let host = host_for_urls(options.address);
        csc.listens_at(platform.url(&host));
        Ok(Emulator { host, pki, platform, client_auth, store, csc })
    }

    /// Starts an emulator with the default options.
    pub fn start_default() -> Result<Emulator, EmulatorError> {
        Emulator::start(EmulatorOptions::default())
    }

    /// The platform host: `https://localhost:port`, or with the address where that is not 127.0.0.1.
    pub fn platform_url(&self) -> String {
        self.platform.url(&self.host)
    }

    /// The clientauth host: `https://localhost:port`, with another port.
    pub fn client_auth_url(&self) -> String {
        self.client_auth.url(&self.host)
    }

    /// Where the platform listener is.
    pub fn platform_addr(&self) -> SocketAddr {
        self.platform.addr()
    }

    /// Where the clientauth listener is.
    pub fn client_auth_addr(&self) -> SocketAddr {
        self.client_auth.addr()
    }

    /// The root that signed the certificates of both listeners (and of the service users).
    pub fn ca_pem(&self) -> &str {
        self.pki.root_pem()
    }

    /// The same in DER.
    pub fn ca_der(&self) -> &[u8] {
        self.pki.root_der()
    }

    /// The service users, in the order of the options. There is at least one.
    pub fn users(&self) -> &[ServiceUser] {
        &self.store.users
    }

    /// The service user of this friendly name.
    pub fn user(&self, friendly_name: &str) -> Option<&ServiceUser> {
        self.users().iter().find(|user| user.friendly_name() == friendly_name)
    }

    /// The content-signing side: ids and secrets of its OAuth clients, its credentials, and the signer's mind.
    pub fn csc(&self) -> Csc<'_> {
        Csc(&self.csc)
    }

    /// The id of the account that all belong to.
    pub fn account_id(&self) -> &str {
        &self.store.account_id
    }

    /// The id of a key pair that can sign: `POST /signingmanager/api/v1/keypairs/{id}/sign`.
    pub fn keypair_id(&self) -> &str {
        self.store.signing[0].keypair_id()
    }

    /// A well-made API key that belongs to nobody here.
    pub fn foreign_api_key(&self) -> String {
        new_api_key()
    }

    /// A valid certificate of an authority that nobody here trusts: it is refused in the handshake.
    pub fn foreign_client(&self) -> ClientCert {
        self.pki.client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() })
    }

    /// A valid certificate of the right authority that belongs to no service user: it is refused with 401.
    pub fn unregistered_client(&self) -> ClientCert {
        self.pki.client(ClientSpec { common_name: "nobody".to_owned(), ..ClientSpec::default() })
    }

    /// What arrived at one of the listeners.
    pub fn ledger(&self, host: HostKind) -> &Ledger {
        match host {
            HostKind::Platform => self.platform.ledger(),
            HostKind::ClientAuth => self.client_auth.ledger(),
        }
    }

    /// What was made of the requests, in the order of the answers.
    pub fn observed(&self) -> Vec<Observation> {
        self.store.observed()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Emulator")
            .field("platform", &self.platform_addr())
            .field("client_auth", &self.client_auth_addr())
            .field("users", &self.users())
            .finish_non_exhaustive()
    }
}

fn check(options: &EmulatorOptions) -> Result<(), EmulatorError> {
    if !options.address.is_loopback() {
        return Err(EmulatorError::NotLoopback { address: options.address });
    }
    if options.platform_port != 0 && options.platform_port == options.client_auth_port {
        return Err(EmulatorError::SamePort { port: options.platform_port });
    }
    if options.service_users.is_empty() {
        return Err(EmulatorError::NoServiceUser);
    }
    if let Some(defect) = csc::defect(&options.csc) {
        return Err(EmulatorError::UnusableCsc { defect });
    }
    for (index, user) in options.service_users.iter().enumerate() {
        let (before, name) = (&options.service_users[..index], &user.friendly_name);
        if before.iter().any(|other| other.friendly_name == *name) {
            return Err(EmulatorError::DuplicateName { name: name.clone() });
        }
        let taken = |value: &str| before.iter().flat_map(values).any(|other| other == value);
        let own: Vec<_> = values(user).collect();
        let repeated = (1..own.len()).any(|end| own[..end].contains(&own[end]));
        if repeated || own.iter().any(|value| value.is_empty() || taken(value)) {
            return Err(EmulatorError::UnusableApiKey { name: name.clone() });
        }
    }
    Ok(())
}

fn values(user: &ServiceUserSpec) -> impl Iterator<Item = &str> {
    user.api_keys.iter().filter_map(|key| key.value.as_deref())
}

fn server_names(address: IpAddr) -> Vec<String> {
    let hosts = HOSTS.iter().flat_map(|host| [(*host).to_owned(), format!("clientauth.{host}")]);
    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut names: Vec<String> = loopback.into_iter().chain(hosts).collect();
    let address = address.to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    names
}

/// `localhost` leads to 127.0.0.1 everywhere, to ::1 on some systems, and to nothing else.
fn host_for_urls(address: IpAddr) -> String {
    match address {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => "localhost".to_owned(),
        IpAddr::V4(other) => other.to_string(),
        IpAddr::V6(other) => format!("[{other}]"),
    }
}

fn listen_error(listener: HostKind, address: IpAddr, port: u16, source: io::Error) -> EmulatorError {
    match source.kind() {
        io::ErrorKind::AddrInUse => EmulatorError::PortTaken { listener, port, source },
        _ => EmulatorError::Listen { listener, address, port, source },
    }
}
