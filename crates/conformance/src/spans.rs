//! The spans that one thread opens while a probe is active, with their fields and parents. Unlike `log_scan`,
//! it does not see other threads, so that concurrent cases do not disturb it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// One span.
#[derive(Clone, Debug)]
pub(crate) struct SeenSpan {
    pub(crate) name: &'static str,
    id: u64,
    parent: Option<u64>,
    pub(crate) fields: BTreeMap<String, String>,
}

impl SeenSpan {
    pub(crate) fn is_child_of(&self, other: &Self) -> bool {
        self.parent == Some(other.id)
    }

    /// The value of a field, empty where it has none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Active until it is dropped.
pub(crate) struct Spans {
    seen: Arc<Mutex<SpanRecord>>,
    _guard: DefaultGuard,
}

#[derive(Default)]
struct SpanRecord {
    spans: Vec<SeenSpan>,
    /// The messages of this thread's events.
    events: Vec<String>,
}

impl Spans {
    pub(crate) fn watch() -> Self {
        let seen = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Recorder(Arc::clone(&seen)));
        Self { seen, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Our own spans with this name, in the order in which they were opened.
    pub(crate) fn named(&self, name: &str) -> Vec<SeenSpan> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.spans.iter().filter(|span| span.name == name).cloned().collect()
    }

    /// Everything that was seen, as text.
    pub(crate) fn text(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:?}\n{}", seen.spans, seen.events.join("\n"))
    }
}

struct Recorder(Arc<Mutex<SpanRecord>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        attributes.record(&mut fields);
        let parent = context.span(id).and_then(|span| Some(span.parent()?.id().into_u64()));
        let span = SeenSpan { name: attributes.metadata().name(), id: id.into_u64(), parent, fields: fields.0 };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).spans.push(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _context: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        values.record(&mut fields);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An id is used again when its span is closed: the last one is meant.
        if let Some(span) = seen.spans.iter_mut().rev().find(|span| span.id == id.into_u64()) {
            span.fields.append(&mut fields.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        let line = format!("{}: {:?}", event.metadata().target(), fields.0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).events.push(line);
    }
}

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}
