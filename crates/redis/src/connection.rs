//! One connection to Redis: dialling, the password, the version, and one command on it.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ProtocolVersion, RedisConnectionInfo, RedisError, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::address::AddressKind;
use crate::config::RedisConfig;
use crate::error::{FleetError, FleetErrorKind};

/// The first supported version: scripts that read the time may write since then.
const OLDEST: u32 = 5;

/// An open connection; clones share it.
#[derive(Clone)]
pub(crate) struct RedisConnection(MultiplexedConnection);

impl RedisConnection {
    /// Opens a connection, and has its tasks run on this runtime.
    pub(crate) async fn open(place: &AddressKind, config: &RedisConfig) -> Result<Self, FleetError> {
        Self::over(dial(place, config).await?, config).await
    }

    async fn over<S>(stream: S, config: &RedisConfig) -> Result<Self, FleetError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let info = login(config)?;
        // The store has the timeouts: a command that took too long is not a broken connection.
        let timeouts = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&info, stream, timeouts).await.map_err(FleetError::of)?;
        tokio::spawn(driver);
        let mut link = Self(connection);
        link.check_version().await?;
        Ok(link)
    }

    /// Sends one command.
    pub(crate) async fn send(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        self.0.send_packed_command(command).await.and_then(Value::extract_error)
    }

    async fn check_version(&mut self) -> Result<(), FleetError> {
        let information = match self.send(redis::cmd("INFO").arg("server")).await {
            Ok(information) => information,
            Err(error) => {
                let error = FleetError::of(error);
                // A user without this command may have all that we need; the first script shows it.
                let says_no = error.kind() == FleetErrorKind::Denied && error.to_string().contains("permit");
                return if says_no { Ok(()) } else { Err(error) };
            }
        };
        let text = redis::from_redis_value::<String>(information).unwrap_or_default();
        let version = text.lines().find_map(|line| line.strip_prefix("redis_version:"));
        let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        match major {
            Some(major) if major >= OLDEST => Ok(()),
            Some(major) => Err(FleetError::new(
                FleetErrorKind::Version,
                format!("Redis {major} is not supported: expected version {OLDEST} or newer"),
            )),
            None => Err(FleetError::new(
                FleetErrorKind::Version,
                "the server does not report a version of Redis; check that the address leads to Redis",
            )),
        }
    }

    /// Asks Sentinel for the primary of this name.
    async fn primary(&mut self, name: &str) -> Result<(String, u16), FleetError> {
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(name);
        let found = self.send(&command).await.map_err(FleetError::of)?;
        match redis::from_redis_value::<Option<(String, u16)>>(found) {
            Ok(Some(primary)) => Ok(primary),
            _ => Err(FleetError::new(FleetErrorKind::NotReady, "Sentinel knows no primary of this name")),
        }
    }
}

/// Name, password and database.
fn login(config: &RedisConfig) -> Result<RedisConnectionInfo, FleetError> {
    let mut info = RedisConnectionInfo::default()
        .set_db(config.address.database)
        .set_protocol(ProtocolVersion::RESP2)
        .set_lib_name("digicert-one", env!("CARGO_PKG_VERSION"));
    if let Some(password) = &config.password {
        let text = password.expose_text().map_err(|error| {
            FleetError::new(FleetErrorKind::Config, "the password of Redis is not text").caused_by(error)
        })?;
        info = info.set_password(text);
        if let Some(user) = &config.address.user {
            info = info.set_username(user);
        }
    }
    Ok(info)
}

/// Any stream to Redis.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// Connects to this place.
async fn dial(place: &AddressKind, config: &RedisConfig) -> Result<Box<dyn Wire>, FleetError> {
    match place {
        AddressKind::Tcp { host, port, tls: false } => Ok(Box::new(tcp(host, *port).await?)),
        #[cfg(feature = "tls")]
        AddressKind::Tcp { host, port, tls: true } => {
            let stream = tcp(host, *port).await?;
            // Redis without TLS on this port waits for more. The other half of the time is for what follows.
            let handshake = crate::tls::handshake(stream, host, &config.trust);
            let stream = tokio::time::timeout(config.connect / 2, handshake).await.map_err(|elapsed| {
                let message = "the server did not respond to TLS; check that this port has TLS";
                FleetError::new(FleetErrorKind::Tls, message).caused_by(elapsed)
            })??;
            Ok(Box::new(stream))
        }
        #[cfg(not(feature = "tls"))]
        AddressKind::Tcp { tls: true, .. } => {
            Err(FleetError::new(FleetErrorKind::Config, "TLS to Redis needs the feature `tls`"))
        }
        #[cfg(unix)]
        AddressKind::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await.map_err(unreachable)?)),
        #[cfg(not(unix))]
        AddressKind::Unix(_) => {
            Err(FleetError::new(FleetErrorKind::Config, "this system has no Unix sockets; use redis://host"))
        }
        AddressKind::Sentinel { host, port, tls, name } => {
            let sentinel = AddressKind::Tcp { host: host.clone(), port: *port, tls: *tls };
            // Sentinel has passwords of its own and no databases; ours are for the primary.
            let mut asked = config.clone();
            asked.password = None;
            asked.address.database = 0;
            let mut sentinel = Box::pin(RedisConnection::open(&sentinel, &asked)).await?;
            let (host, port) = sentinel.primary(name).await?;
            Box::pin(dial(&place.at(&host, port), config)).await
        }
    }
}

/// A connection that receives the messages of one channel.
#[cfg(feature = "provisioning")]
pub(crate) struct Listener {
    _subscription: redis::aio::PubSubSink,
    pub(crate) messages: redis::aio::PubSubStream,
}

#[cfg(feature = "provisioning")]
impl Listener {
    pub(crate) async fn open(config: &RedisConfig, channel: &str) -> Result<Self, FleetError> {
        let stream = dial(&config.address.place, config).await?;
        let subscription = redis::aio::PubSub::new(&login(config)?, stream).await.map_err(FleetError::of)?;
        let (mut subscription, messages) = subscription.split();
        subscription.subscribe(channel).await.map_err(FleetError::of)?;
        Ok(Self { _subscription: subscription, messages })
    }
}

#[cfg(feature = "provisioning")]
impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, FleetError> {
    let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    // Without it the connection works, only slower.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn unreachable(error: std::io::Error) -> FleetError {
    FleetError::new(FleetErrorKind::Unreachable, "failed to connect to Redis").caused_by(Arc::new(error))
}
