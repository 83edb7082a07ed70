//! `-v` and `-vv`: what the libraries report of their work through `tracing`, as lines on standard error. Only our own crates are listened to:
//! their spans and events hold templates in place of paths and no value of a header, and other crates promise no such thing.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::Instant;

use digicert_one::core::printable_line;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

const OURS: &str = "digicert_one";
const ATTEMPT: &str = "digicert_one.attempt";
const CALL: &str = "digicert_one.call";

/// Prints traces from now on, as detailed as this many `-v` ask for.
pub(crate) fn start(verbose: u8) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if verbose > 0 {
        tracing::subscriber::set_global_default(Registry::default().with(Lines { all: verbose > 1 }))?;
    }
    Ok(())
}

struct Lines {
    /// Each event and each field, as `-vv` asks for.
    all: bool,
}

/// The fields of a span.
struct Fields {
    started: Instant,
    values: Vec<(&'static str, String)>,
}

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.values.retain(|(name, _)| *name != field.name());
        self.values.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl Lines {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let level = if self.all { Level::TRACE } else { Level::INFO };
        metadata.target().starts_with(OURS) && *metadata.level() <= level
    }

    /// The line of a request.
    fn sent(fields: &Fields) -> String {
        let get = |name| fields.get(name).unwrap_or("?");
        let mut line = format!("> {} {}", get("http.request.method"), get("url.template"));
        let _ = write!(line, " to {}:{}", get("server.address"), get("server.port"));
        if let Some(mode) = fields.get("digicert_one.mode") {
            let _ = write!(line, ", mode {mode}");
        }
        if let Some(again) = fields.get("http.request.resend_count") {
            let _ = write!(line, ", retry {again}");
        }
        line
    }

    /// The line of its outcome.
    fn received(fields: &Fields) -> String {
        let mut line = "< ".to_owned();
        match (fields.get("http.response.status_code"), fields.get("error.type")) {
            (Some(status), None) => line.push_str(status),
            (Some(status), Some(code)) => line += &format!("{status}, {code}"),
            (None, Some(code)) => line += &format!("no response, {code}"),
            (None, None) => line.push_str("not finished"),
        }
        if let Some(version) = fields.get("network.protocol.version") {
            let _ = write!(line, ", HTTP/{version}");
        }
        if let Some(resumed) = fields.get("tls.resumed") {
            let _ = write!(line, ", TLS session {}", if resumed == "true" { "resumed" } else { "new" });
        }
        let _ = write!(line, ", {} ms", fields.started.elapsed().as_millis());
        line
    }

    fn all_of(&self, fields: &Fields) -> String {
        let shown = fields.values.iter().map(|(name, value)| format!(" {name}={value}"));
        if self.all { shown.collect() } else { String::new() }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.all { LevelFilter::TRACE } else { LevelFilter::INFO })
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields { started: Instant::now(), values: Vec::new() };
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(fields) = extensions.get_mut::<Fields>() else { return };
        let was_sent = fields.get("server.port").is_some();
        values.record(fields);
        if span.name() == ATTEMPT && !was_sent && fields.get("server.port").is_some() {
            print(&Self::sent(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields { started: Instant::now(), values: Vec::new() };
        event.record(&mut fields);
        let mut line = format!("* {}", fields.get("message").unwrap_or_default());
        for (name, value) in fields.values.iter().filter(|(name, _)| *name != "message") {
            let _ = write!(line, " {name}={value}");
        }
        print(&line);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let extensions = span.extensions();
        let Some(fields) = extensions.get::<Fields>() else { return };
        match span.name() {
            ATTEMPT => print(&format!("{}{}", Self::received(fields), self.all_of(fields))),
            CALL if self.all => {
                print(&format!("* the call took {} ms:{}", fields.started.elapsed().as_millis(), self.all_of(fields)))
            }
            _ => {}
        }
    }
}

/// Nothing can be shown where standard error is closed.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable_line(line));
}
