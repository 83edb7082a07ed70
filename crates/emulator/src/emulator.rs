//! Starting an emulator, and what its owner may read: addresses, secrets, ledgers, observations.
//!
//! Each emulator has its own PKI, so that certificates of one are not valid on another.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use digicert_one_testbed::{Authority, ClientAuth, ClientCert, ClientSpec, Front, FrontOptions, Ledger, Pki};

use crate::control::{Control, Fronts, start_api};
use crate::csc::{self, Csc};
use crate::error::EmulatorError;
use crate::id::new_api_key;
use crate::listener::Listener;
use crate::observation::{HostKind, Observation};
use crate::options::{EmulatorOptions, ServiceUserSpec};
use crate::role;
use crate::seed;
use crate::service_user::ServiceUser;
use crate::state_file;
use crate::steering::Steering;
use crate::store::Store;
use crate::words::{debug_only, readers};

/// Names in the server certificates, each also with `clientauth.` in front: loopback, a reserved test name,
/// and the public hosts, so that a name override can direct an unchanged program here.
const HOSTS: &str = "one.digicert.test one.localhost one.digicert.com demo.one.digicert.com one.ch.digicert.com \
                     demo.one.ch.digicert.com one.digicert.co.jp demo.one.digicert.co.jp one.nl.digicert.com \
                     demo.one.nl.digicert.com";

/// A running emulator. Dropping it closes both listeners and all connections.
pub struct Emulator {
    store: Arc<Store>,
    csc: Arc<csc::CscState>,
    administrator: ServiceUser,
    users: Vec<ServiceUser>,
    account_id: String,
    keypair_id: String,
    control: Control,
    control_front: Option<Front>,
    fronts: Arc<Fronts>,
    host: String,
}

impl Emulator {
    /// Starts an emulator with the default options: one line in a test.
    pub async fn start() -> Result<Emulator, EmulatorError> {
        Emulator::start_with(EmulatorOptions::default()).await
    }

    /// Same as [`start_blocking`](Emulator::start_blocking), which takes milliseconds, or some hundred with RSA keys.
    pub async fn start_with(options: EmulatorOptions) -> Result<Emulator, EmulatorError> {
        Emulator::start_blocking(options)
    }

    /// Starts an emulator, from any thread, inside or outside an async runtime.
    ///
    /// ```
    /// use digicert_one_emulator::{Emulator, EmulatorOptions, ServiceUserSpec};
    ///
    /// let users = [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("reader").permissions(&[])];
    /// let emulator = Emulator::start_blocking(EmulatorOptions::default().service_users(users))?;
    /// assert_eq!(emulator.users().len(), 2);
    /// # Ok::<_, digicert_one_emulator::EmulatorError>(())
    /// ```
    pub fn start_blocking(options: EmulatorOptions) -> Result<Emulator, EmulatorError> {
        check(&options)?;
        let steering = Arc::new(Steering::new(&options));
        let (pki, mut state) = match options.state.as_deref().map(state_file::read).transpose()?.flatten() {
            Some(stored) => stored,
            None => {
                let pki = Pki::generate();
                let state = seed::state(options.service_users, options.devices, &pki, steering.clock.now());
                (pki, state)
            }
        };
        let pki = Arc::new(pki);
        let csc = Arc::new(csc::CscState::create(options.csc, &pki, &mut state.csc));
        let names = server_names(options.address);
        let server = pki.server(&names);
        let store = Arc::new(Store {
            pki,
            generation: options.generation,
            no_authorities: options.no_authorities,
            clock: steering.clock.clone(),
            path: options.state.clone(),
            state: Mutex::new(state),
            observations: Mutex::default(),
        });
        let incomplete =
            |place: &str| EmulatorError::StateMalformed(options.state.clone().unwrap_or_default(), place.to_owned());
        let mut users = ServiceUser::all(&store).filter(|users| users.len() >= 2).ok_or_else(|| {
            incomplete("disclosed: an administrator and a service user, each with a key and a certificate")
        })?;
        let administrator = users.remove(0);
        let account_id = store.read(|state| state.accounts.first().map(|account| account.id.clone()));
        let account_id = account_id.ok_or_else(|| incomplete("accounts: missing"))?;
        let keypair_id = store.read(|state| state.signing.first().map(|key| key.keypair_id.clone()));
        let keypair_id = keypair_id.ok_or_else(|| incomplete("signing: missing"))?;
        let start = |host, port, client_auth| {
            let listener = Arc::new(Listener {
                host,
                store: Arc::clone(&store),
                csc: Arc::clone(&csc),
                steering: Arc::clone(&steering),
            });
            let front = FrontOptions::new(server.clone(), &store.pki)
                .client_auth(client_auth)
                .bind(SocketAddr::new(options.address, port));
            Front::start(front, listener).map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => EmulatorError::PortTaken { listener: host, port, source },
                _ => EmulatorError::Listen(host, SocketAddr::new(options.address, port), source),
            })
        };
        let platform = start(HostKind::Platform, options.platform_port, ClientAuth::Off)?;
        let client_auth = start(HostKind::ClientAuth, options.client_auth_port, options.client_auth)?;
        let host = host_for_urls(options.address);
        csc.listens_at(platform.url(&host));
        let fronts = Arc::new(Fronts { platform, client_auth, names });
        let control = Control::new(Arc::clone(&steering), Arc::clone(&store), &fronts);
        let control_front =
            options.control_port.map(|port| start_control(&control, options.address, port)).transpose()?;
        // Last, so that a file is as it was if the emulator does not start.
        if let Some(path) = &options.state {
            store.save(path)?;
        }
        Ok(Emulator { host, administrator, users, account_id, keypair_id, control, control_front, fronts, store, csc })
    }

    /// Writes the state to a file, which [`EmulatorOptions::state`] can start from: whole or not at all, readable for its owner only.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), EmulatorError> {
        self.store.save(path.as_ref())
    }

    /// The service user of this friendly name.
    pub fn user(&self, friendly_name: &str) -> Option<&ServiceUser> {
        self.users().iter().find(|user| user.friendly_name() == friendly_name)
    }

    /// Returns a well-formed API key that belongs to no user.
    pub fn foreign_api_key(&self) -> String {
        new_api_key()
    }

    /// The requests that arrived at one of the listeners.
    pub fn ledger(&self, host: HostKind) -> &Ledger {
        match host {
            HostKind::Platform => self.fronts.platform.ledger(),
            HostKind::ClientAuth => self.fronts.client_auth.ledger(),
        }
    }

    /// Returns the URL of the control API, `http://127.0.0.1:port`, if enabled: see
    /// [`EmulatorOptions::control_port`].
    pub fn control_url(&self) -> Option<String> {
        let front = self.control_front.as_ref()?;
        Some(format!("http://{}", front.addr()))
    }
}

readers! { Emulator as emulator {
    /// The platform host: `https://localhost:port`, or with the address where that is not 127.0.0.1.
    platform_url: String = emulator.fronts.platform.url(&emulator.host);
    /// The clientauth host: `https://localhost:port`, with another port.
    client_auth_url: String = emulator.fronts.client_auth.url(&emulator.host);
    /// Where the platform listener is.
    platform_addr: SocketAddr = emulator.fronts.platform.addr();
    /// Where the clientauth listener is.
    client_auth_addr: SocketAddr = emulator.fronts.client_auth.addr();
    /// The root that signed the certificates of both listeners (and of the service users).
    ca_pem: &str = emulator.store.pki.root_pem();
    /// The same in DER.
    ca_der: &[u8] = emulator.store.pki.root_der();
    /// Returns the initial service users, in the order of the options. There is at least one.
    users: &[ServiceUser] = &emulator.users;
    /// Returns the administrator who created them: a standard user with an API key and a client certificate,
    /// and all roles.
    administrator: &ServiceUser = &emulator.administrator;
    /// The content-signing side: ids and secrets of its OAuth clients, its credentials, and the signer's consent.
    csc: Csc<'_> = Csc(&emulator.csc);
    /// The id of the account that all belong to.
    account_id: &str = &emulator.account_id;
    /// The id of the organisation that the account is of.
    organization_id: String = emulator.store.read(|state| state.organization_id.clone());
    /// The id of a key pair (P-256, `SHA256withECDSA`) that can sign: `POST /signingmanager/api/v1/keypairs/{id}/sign`.
    keypair_id: &str = &emulator.keypair_id;
    /// Returns a valid certificate of an authority that is not trusted here: the handshake refuses it.
    foreign_client: ClientCert = emulator.store.pki.client(ClientSpec { authority: Authority::Foreign, ..ClientSpec::default() });
    /// A valid certificate of the right authority that belongs to no service user: it is refused with 401.
    unregistered_client: ClientCert = emulator.store.pki.client(ClientSpec { common_name: "stranger".to_owned(), ..ClientSpec::default() });
    /// Returns the controls of this emulator: time, faults, limits, users.
    control: Control = emulator.control.clone();
    /// Returns the observed requests, in the order of their responses.
    observed: Vec<Observation> = emulator.store.observed().clone();
} }

debug_only! { Emulator { fronts, users } }

/// The control API is for loopback even where the rest is not.
fn start_control(control: &Control, address: IpAddr, port: u16) -> Result<Front, EmulatorError> {
    let address = if address.is_loopback() { address } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let bind = SocketAddr::new(address, port);
    start_api(control.clone(), bind).map_err(|source| EmulatorError::ControlPort(bind, source))
}

fn check(options: &EmulatorOptions) -> Result<(), EmulatorError> {
    let meant = options.reachable_by_others && options.keys_are_public;
    if !options.address.is_loopback() && !meant {
        return Err(EmulatorError::NotLoopback(options.address));
    }
    if options.platform_port != 0 && options.platform_port == options.client_auth_port {
        return Err(EmulatorError::SamePort(options.platform_port));
    }
    if options.service_users.is_empty() {
        return Err(EmulatorError::NoServiceUser);
    }
    if let Some(defect) = options.csc.defect() {
        return Err(EmulatorError::UnusableCsc(defect));
    }
    if options.service_users.iter().any(|user| user.friendly_name == seed::ADMINISTRATOR) {
        return Err(EmulatorError::DuplicateName { name: seed::ADMINISTRATOR.to_owned() });
    }
    let values =
        |user: &ServiceUserSpec| -> Vec<String> { user.api_keys.iter().filter_map(|key| key.value.clone()).collect() };
    for (index, user) in options.service_users.iter().enumerate() {
        let (before, name) = (&options.service_users[..index], &user.friendly_name);
        if before.iter().any(|other| other.friendly_name == *name) {
            return Err(EmulatorError::DuplicateName { name: name.clone() });
        }
        if let Some(unknown) = user.roles.iter().find(|id| role::find(id).is_none()) {
            return Err(EmulatorError::UnknownRole { name: name.clone(), role: unknown.clone() });
        }
        let taken = |value: &str| before.iter().flat_map(&values).any(|other| other == value);
        let own = values(user);
        let repeated = (1..own.len()).any(|end| own[..end].contains(&own[end]));
        if repeated || own.iter().any(|value| value.is_empty() || taken(value)) {
            return Err(EmulatorError::UnusableApiKey(name.clone()));
        }
    }
    Ok(())
}

fn server_names(address: IpAddr) -> Vec<String> {
    let hosts = HOSTS.split(' ').flat_map(|host| [host.to_owned(), format!("clientauth.{host}")]);
    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut names: Vec<String> = loopback.into_iter().chain(hosts).collect();
    let address = address.to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    names
}

/// A listener on all addresses includes loopback. `localhost` resolves to 127.0.0.1 everywhere, to ::1 on
/// some systems, and to nothing else.
fn host_for_urls(address: IpAddr) -> String {
    match address {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V4(other) => other.to_string(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => "[::1]".to_owned(),
        IpAddr::V6(other) => format!("[{other}]"),
    }
}
