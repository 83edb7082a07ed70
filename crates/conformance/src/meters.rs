//! The metrics that one thread records while a probe is active. Like `spans`, it does not see other threads.

use metrics::LocalRecorderGuard;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// Active until it is dropped.
pub(crate) struct Meters<'a> {
    recorder: &'a DebuggingRecorder,
    _guard: LocalRecorderGuard<'a>,
}

/// One metric and its value.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) name: String,
    labels: Vec<(String, String)>,
    value: DebugValue,
}

impl Reading {
    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// The value of a counter.
    pub(crate) fn count(&self) -> Option<u64> {
        if let DebugValue::Counter(count) = self.value { Some(count) } else { None }
    }

    /// The value of a gauge.
    pub(crate) fn gauge(&self) -> Option<f64> {
        if let DebugValue::Gauge(value) = self.value { Some(value.into_inner()) } else { None }
    }

    /// How many values a histogram has.
    pub(crate) fn values(&self) -> Option<usize> {
        if let DebugValue::Histogram(values) = &self.value { Some(values.len()) } else { None }
    }
}

impl<'a> Meters<'a> {
    pub(crate) fn watch(recorder: &'a DebuggingRecorder) -> Self {
        Self { recorder, _guard: metrics::set_default_local_recorder(recorder) }
    }

    /// Every metric so far; counters begin again.
    pub(crate) fn read(&self) -> Vec<Reading> {
        let seen = self.recorder.snapshotter().snapshot().into_vec();
        let read = seen.into_iter().map(|(key, _, _, value)| Reading {
            name: key.key().name().to_owned(),
            labels: key.key().labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect(),
            value,
        });
        read.collect()
    }
}
