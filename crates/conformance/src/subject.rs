//! The subject of a run: a connector, its executor, and its waivers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use digicert_one_core::Connector;

use crate::generated::Draw;

/// The future of one case. It stays on its thread; what it starts on the transport may move.
pub type CaseFuture = Pin<Box<dyn Future<Output = ()>>>;

/// One transport under test.
#[derive(Clone)]
pub struct Subject {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) waivers: &'static str,
    pub(crate) block_on: fn(CaseFuture),
    pub(crate) draw: Draw,
    pub(crate) selects: bool,
}

impl Subject {
    /// A transport that runs under tokio.
    pub fn new(connector: impl Connector) -> Self {
        Self {
            connector: Arc::new(connector),
            waivers: "",
            block_on: on_tokio,
            draw: Draw::of_environment(),
            selects: false,
        }
    }

    /// The transport's library waits by `select(2)`, which cannot see the descriptors from 1,024 on: fewer cases run at a time.
    #[must_use]
    pub fn waits_by_select(mut self) -> Self {
        self.selects = true;
        self
    }

    /// Runs the cases under another executor.
    #[must_use]
    pub fn on(mut self, block_on: fn(CaseFuture)) -> Self {
        self.block_on = block_on;
        self
    }

    /// The text of the transport's `waivers.toml`.
    #[must_use]
    pub fn waivers(mut self, text: &'static str) -> Self {
        self.waivers = text;
        self
    }
}

fn on_tokio(case: CaseFuture) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a tokio runtime can be made").block_on(case);
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("connector", &self.connector).finish_non_exhaustive()
    }
}
