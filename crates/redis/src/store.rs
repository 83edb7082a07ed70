//! Redis as the limiter and the lock see it: one command with a bound on its time, over a connection that is opened when it is needed
//! and opened again after it broke.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use digicert_one_core::Clock;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, Shared, select};
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};

use crate::address::AddressKind;
use crate::config::RedisConfig;
use crate::connection::RedisConnection;
use crate::error::{FleetError, FleetErrorKind};
use crate::lua::Lua;

/// The most nodes of a cluster to which connections are kept.
const NODES: usize = 64;
/// Timeouts without a response in between after which a connection counts as dead.
const SILENT: u32 = 4;

/// Clones share their connections.
#[derive(Clone)]
pub(crate) struct Store {
    config: Arc<RedisConfig>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    links: BTreeMap<AddressKind, Opening>,
    /// Where the keys with a hash tag are, if not on the configured node.
    moved: BTreeMap<String, AddressKind>,
    commands: u64,
    /// Since the last response.
    timeouts: u32,
}

/// A connection, open or being opened. The task that opens it continues when no call waits for it any more.
type Opening = Shared<BoxFuture<'static, Result<RedisConnection, FleetError>>>;

impl Store {
    pub(crate) fn new(config: RedisConfig) -> Self {
        Self { config: Arc::new(config), state: Arc::default() }
    }

    pub(crate) fn config(&self) -> &RedisConfig {
        &self.config
    }

    /// How many commands were sent.
    pub(crate) fn commands(&self) -> u64 {
        self.state().commands
    }

    /// Whether Redis responds within the bound.
    pub(crate) async fn ping(&self, clock: &Arc<dyn Clock>) -> Result<(), FleetError> {
        self.command(&redis::cmd("PING"), "", self.config.wait, clock).await.map(drop)
    }

    /// Runs a script on these keys, and sends its text only where Redis does not have it.
    pub(crate) async fn script(
        &self,
        script: &Lua,
        keys: &[&str],
        arguments: &[String],
        clock: &Arc<dyn Clock>,
    ) -> Result<Value, FleetError> {
        let key = keys.first().copied().unwrap_or_default();
        let build = |name: &str, text: &str| {
            let mut command = redis::cmd(name);
            command.arg(text).arg(keys.len()).arg(keys).arg(arguments);
            command
        };
        let both = async {
            match self.raw(&build("EVALSHA", &script.hash), key).await {
                Err(Failed::Server(error)) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.raw(&build("EVAL", &script.text), key).await
                }
                other => other,
            }
        };
        self.bounded(both, self.config.wait, clock).await
    }

    /// Sends one command about this key, within this time.
    pub(crate) async fn command(
        &self,
        command: &Cmd,
        key: &str,
        within: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Value, FleetError> {
        self.bounded(self.raw(command, key), within, clock).await
    }

    async fn bounded(
        &self,
        work: impl Future<Output = Result<Value, Failed>>,
        within: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Value, FleetError> {
        let work = std::pin::pin!(work);
        match select(work, clock.limit(within)).await {
            Either::Left((done, _)) => {
                self.state().timeouts = 0;
                done.map_err(Failed::into_error)
            }
            Either::Right(_) => {
                self.timed_out();
                Err(FleetError::new(
                    FleetErrorKind::Timeout,
                    format!("Redis did not respond within {} ms", within.as_millis()),
                ))
            }
        }
    }

    /// Sends one command. A connection that turns out to be dead is opened again once; a node of a cluster that names another is followed.
    async fn raw(&self, command: &Cmd, key: &str) -> Result<Value, Failed> {
        let tag = key.split(['{', '}']).nth(1).unwrap_or_default();
        let mut reopened = false;
        let mut followed = 0;
        loop {
            let place = self.place(tag);
            let (opening, was_open) = self.opening(&place)?;
            let mut link = match opening.await {
                Ok(link) => link,
                Err(error) => {
                    self.forget(&place);
                    return Err(Failed::Own(error));
                }
            };
            self.state().commands += 1;
            match link.send(command).await {
                Ok(value) => return Ok(value),
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) && followed < 3 => {
                    followed += 1;
                    let Some(node) = redirected(&error, &place) else { return Err(Failed::Server(error)) };
                    self.state().moved.insert(tag.to_owned(), node);
                }
                Err(error) if error.is_io_error() && was_open && !reopened => {
                    reopened = true;
                    self.forget(&place);
                }
                Err(error) => {
                    if FleetError::of(error.clone()).ends_connection() {
                        self.forget(&place);
                    }
                    return Err(Failed::Server(error));
                }
            }
        }
    }

    /// After some timeouts in a row, a connection may lead nowhere: the next call opens another one.
    fn timed_out(&self) {
        let mut state = self.state();
        state.timeouts += 1;
        if state.timeouts >= SILENT {
            state.timeouts = 0;
            state.links.retain(|_, opening| opening.peek().is_none());
        }
    }

    fn place(&self, tag: &str) -> AddressKind {
        self.state().moved.get(tag).cloned().unwrap_or_else(|| self.config.address.place.clone())
    }

    /// The connection to this place, and whether it was there already.
    fn opening(&self, place: &AddressKind) -> Result<(Opening, bool), Failed> {
        let mut state = self.state();
        if let Some(opening) = state.links.get(place) {
            let open = opening.peek().is_some();
            return Ok((opening.clone(), open));
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            let message = "the connection to Redis needs a tokio runtime, and this call runs outside of one";
            Failed::Own(FleetError::new(FleetErrorKind::Config, message).caused_by(error))
        })?;
        if state.links.len() >= NODES {
            state.links.clear();
            state.moved.clear();
        }
        let (config, to) = (Arc::clone(&self.config), place.clone());
        let task = runtime.spawn(async move {
            match tokio::time::timeout(config.connect, RedisConnection::open(&to, &config)).await {
                Ok(opened) => opened,
                Err(_) => Err(FleetError::new(
                    FleetErrorKind::Timeout,
                    format!("no connection to Redis within {} ms", config.connect.as_millis()),
                )),
            }
        });
        let opening = async move {
            task.await.unwrap_or_else(|error| {
                let message = "the runtime that opened the connection to Redis is gone";
                Err(FleetError::new(FleetErrorKind::Unreachable, message).caused_by(error))
            })
        };
        let opening = opening.boxed().shared();
        state.links.insert(place.clone(), opening.clone());
        Ok((opening, false))
    }

    /// Drops the connection, and the knowledge of the cluster that led to it.
    fn forget(&self, place: &AddressKind) {
        let mut state = self.state();
        // One that is being opened is waited for by the next call.
        if state.links.get(place).is_some_and(|opening| opening.peek().is_some()) {
            state.links.remove(place);
        }
        state.moved.retain(|_, moved| moved != place);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The node that the server names, as `host:port`, for the slot of a key.
fn redirected(error: &RedisError, from: &AddressKind) -> Option<AddressKind> {
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    Some(from.at(host.trim_matches(['[', ']']), port.parse().ok()?))
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.config).finish()
    }
}

/// Errors keep their form until the decision about NOSCRIPT is made.
enum Failed {
    Own(FleetError),
    Server(RedisError),
}

impl Failed {
    fn into_error(self) -> FleetError {
        match self {
            Self::Own(error) => error,
            Self::Server(error) => FleetError::of(error),
        }
    }
}
