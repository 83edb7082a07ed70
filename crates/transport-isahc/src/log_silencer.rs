//! Keeps isahc's log to itself. Where a log wants it, isahc has libcurl describe every request, headers and all, to the targets
//! `isahc::handler` and `isahc::wire`: with it the API key. No log level may change that, so isahc sees no interested subscriber.
//!
//! Its calls run under a subscriber of ours that wants nothing but one span, which isahc enters on each agent thread as the
//! thread begins: there the thread loses its subscriber too. Upstream: isahc 2.0.2 src/handler.rs `debug`, src/agent/mod.rs
//! `spawn`. Out of reach is only a build that turns on tracing's feature `log-always`.

use std::cell::RefCell;
use std::sync::LazyLock;

use tracing::dispatcher::{self, DefaultGuard, Dispatch};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, NoSubscriber};
use tracing::{Event, Metadata, Subscriber};

/// The name of the span that isahc enters on each agent thread.
const AGENT: &str = "agent_thread";

thread_local! {
    static QUIET: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Our subscriber, if another one is set.
pub(crate) struct LogSilencer(Option<Dispatch>);

impl LogSilencer {
    pub(crate) fn new() -> Self {
        if listener() == Listener::Log {
            // The first subscriber of a process ends that for all: it must not happen unsaid.
            log::warn!(
                "isahc would log API keys at this level, so from here on tracing writes nothing to `log`; set the level of \
                 `isahc` to info, or use a tracing subscriber"
            );
        }
        // One for all: each that is new has tracing ask it about every place that logs.
        static MUTE: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Mute));
        Self((listener() != Listener::None).then(|| MUTE.clone()))
    }

    /// Whether a subscriber was set since.
    pub(crate) fn came_too_early(&self) -> bool {
        self.0.is_none() && listener() != Listener::None
    }

    /// Calls into isahc.
    pub(crate) fn around<R>(&self, call: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some(mute) => dispatcher::with_default(mute, call),
            None => call(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Listener {
    None,
    /// The program's subscriber.
    Subscriber,
    /// The program's `log`, to which tracing can be built to write without a subscriber.
    Log,
}

fn listener() -> Listener {
    if dispatcher::get_default(|current| !current.is::<NoSubscriber>()) {
        return Listener::Subscriber;
    }
    let logged = log::log_enabled!(target: "isahc::handler", log::Level::Debug)
        || log::log_enabled!(target: "isahc::wire", log::Level::Trace);
    // A disabled span equals no span, except in a build that writes to `log`.
    if logged && !tracing::trace_span!("probe").is_none() { Listener::Log } else { Listener::None }
}

/// Wants nothing but the span of the agent thread.
struct Mute;

impl Mute {
    fn wants(metadata: &Metadata<'_>) -> bool {
        metadata.name() == AGENT && metadata.target().starts_with("isahc")
    }
}

impl Subscriber for Mute {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::wants(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Self::wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {
        QUIET.with_borrow_mut(|guard| {
            guard.get_or_insert_with(|| dispatcher::set_default(&Dispatch::none()));
        });
    }

    fn exit(&self, _: &Id) {}
}
