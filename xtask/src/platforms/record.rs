//! docs/platforms.tsv: what was seen on which system, a line for each run. The tables of docs/platforms.md are made from it.

use std::collections::BTreeMap;
use std::fs;

use crate::cargo;
use crate::failure::Failure;

pub(crate) const FILE: &str = "docs/platforms.tsv";

/// The lines: system, package, what was done, and its outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record(BTreeMap<(String, String, String), String>);

impl Record {
    /// Reads the file.
    pub(crate) fn read() -> Result<Self, Failure> {
        let text = fs::read_to_string(cargo::root().join(FILE))
            .map_err(|error| Failure::new(format_args!("{FILE}: {error}")))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut record = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let [system, package, what, outcome] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Err(Failure::new(format_args!("{FILE}: expected four columns: {line}")));
            };
            record.set(system, package, what, outcome);
        }
        Ok(record)
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        fs::write(cargo::root().join(FILE), self.text()).map_err(|error| Failure::new(format_args!("{FILE}: {error}")))
    }

    fn text(&self) -> String {
        let line = |((system, package, what), outcome): (&(String, String, String), &String)| {
            format!("{system}\t{package}\t{what}\t{outcome}\n")
        };
        let head =
            "# system, package, what was done, outcome; written by `cargo xtask windows` and `cargo xtask platforms`\n";
        std::iter::once(head.to_owned()).chain(self.0.iter().map(line)).collect()
    }

    /// Adds or replaces a line.
    pub(crate) fn set(&mut self, system: &str, package: &str, what: &str, outcome: &str) {
        let outcome = outcome.replace(['\t', '\n', '\r'], " ");
        self.0.insert((system.to_owned(), package.to_owned(), what.to_owned()), outcome);
    }

    /// Removes the lines of a package on a system whose work is one of these.
    pub(crate) fn forget(&mut self, system: &str, package: &str, is_of: impl Fn(&str) -> bool) {
        self.0.retain(|(of, named, what), _| of != system || named != package || !is_of(what));
    }

    /// Returns the lines of a system: package, what was done, outcome.
    pub(crate) fn of<'a>(&'a self, system: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        let lines = self.0.iter().filter(move |((of, ..), _)| of == system);
        lines.map(|((_, package, what), outcome)| (&**package, &**what, &**outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_round_trips_and_forgets_one_package() {
        let mut record = Record::default();
        record.set("windows", "core", "unit tests", "12 passed");
        record.set("windows", "client", "unit tests", "failed:\tno\nresult");
        assert_eq!(Record::parse(&record.text()).as_ref(), Ok(&record));
        record.forget("windows", "core", |what| what == "check");
        assert_eq!(record.of("windows").count(), 2);
        record.forget("windows", "core", |_| true);
        assert_eq!(record.of("windows").collect::<Vec<_>>(), [("client", "unit tests", "failed: no result")]);
        assert!(Record::parse("windows\tcore\n").is_err());
    }
}
