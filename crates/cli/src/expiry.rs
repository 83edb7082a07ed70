//! `d1 expiry`: when the credential stops working, and which of API key, client certificate and service user expires first.
//! A certificate has its own end date; the platform is asked for the other two.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use digicert_one::account::{AccountExt as _, ApiToken, Extra, Id, User};
use digicert_one::core::{CertificateFacts, Expiry, ExpiryCause};
use digicert_one::{Client, ClientIdentity, EndDate};
use serde_json::{Value, json};

use crate::arguments::ExpiryOptions;
use crate::connection::{self, LoadedConnection};
use crate::end_date::{DAY, NEAR, days_left, seconds_left, shown, until};
use crate::failure::Failure;
use crate::output::Output;
use crate::whole_file::{Existing, Readers, write_whole};

/// The exit code for an end that is nearer than `--fail-under`, or past.
const TOO_NEAR: u8 = 8;
/// The status of a plugin for Nagios that cannot say how things are.
const UNKNOWN: u8 = 3;

/// The beginning of the file for Prometheus.
const METRICS: &str = "# HELP d1_credential_expiration_timestamp_seconds";

/// The known facts about one end date.
pub(crate) struct End {
    pub(crate) cause: ExpiryCause,
    /// Or why it is not known.
    pub(crate) ends: Result<KnownEndDate, String>,
}

pub(crate) struct KnownEndDate {
    pub(crate) at: SystemTime,
    /// Where it is from.
    by: &'static str,
}

/// All three ends, as far as they exist and are known.
pub(crate) struct EndDates {
    pub(crate) ends: Vec<End>,
    /// The first second of a certificate that is not valid yet.
    begins: Option<SystemTime>,
    now: SystemTime,
}

/// Prints when the credential expires.
pub(crate) async fn run(options: &ExpiryOptions, output: &Output) -> Result<(), Failure> {
    let ends = match of_caller(options, *output).await {
        Ok(ends) => ends,
        // A plugin prints a line and exits with a status of its own, whatever happens.
        Err(failure) if options.nagios => {
            let diagnosis = failure.diagnosis();
            let summary = diagnosis.summary.lines().next().unwrap_or_default();
            // What follows a bar is performance data.
            let summary = summary.replace('|', "/");
            output.text(&format!("EXPIRY UNKNOWN - {} {summary}", diagnosis.code))?;
            return Err(Failure::Plugin { failure: Box::new(failure), status: UNKNOWN });
        }
        Err(failure) => return Err(failure),
    };
    ends.report(options, *output)
}

async fn of_caller(options: &ExpiryOptions, output: Output) -> Result<EndDates, Failure> {
    let found = connection::found(&options.connection, true).await?;
    let mut ends = EndDates::known(&found);
    let unasked = match () {
        () if options.offline => "not asked (--offline)",
        () if ends.has_expired() => "not asked: the credential has expired",
        () if ends.begins.is_some() => "not asked: the client certificate is not valid yet",
        () => "",
    };
    if unasked.is_empty() {
        let client = connection::over(&options.connection, found, output).await?;
        output.progress("asking the platform for the end dates that only it knows");
        ends.ask(&client).await?;
    } else {
        ends.unknown().for_each(|end| end.ends = Err(unasked.to_owned()));
    }
    Ok(ends)
}

impl EndDates {
    /// What is known on this machine.
    pub(crate) fn known(found: &LoadedConnection) -> Self {
        let (material, validity, now) = (&found.reading.material, found.reading.validity, SystemTime::now());
        let begins = validity.not_before.filter(|first| *first > now);
        let issuer = material.identity().and_then(issuer_end);
        let parts = [
            (material.key().is_some(), ExpiryCause::Key, validity.key_ends, "the configuration"),
            (material.identity().is_some(), ExpiryCause::Certificate, validity.certificate_ends, "the certificate"),
            (issuer.is_some(), ExpiryCause::Issuer, issuer, "the certificate file"),
            (true, ExpiryCause::Owner, validity.owner_ends, "the configuration"),
        ];
        let end = |cause, at: Option<SystemTime>, by| End {
            cause,
            ends: at.map(|at| KnownEndDate { at, by }).ok_or_else(|| "not asked".to_owned()),
        };
        let ends = parts.into_iter().filter(|part| part.0).map(|(_, cause, at, by)| end(cause, at, by)).collect();
        Self { ends, begins, now }
    }

    pub(crate) fn unknown(&mut self) -> impl Iterator<Item = &mut End> {
        self.ends.iter_mut().filter(|end| end.ends.is_err())
    }

    /// Asks the platform for what is not known yet. That it cannot be asked is an error only where nothing is known.
    pub(crate) async fn ask(&mut self, client: &Client) -> Result<(), Failure> {
        let me = match client.account().users().me().await {
            Ok(me) => me,
            Err(error) if self.earliest().is_none() => return Err(error.into()),
            Err(error) => {
                let why = format!("the platform could not be asked: {} {}", error.code(), error.diagnosis().summary);
                self.unknown().for_each(|end| end.ends = Err(why.clone()));
                return Ok(());
            }
        };
        let now = self.now;
        for end in self.unknown() {
            let asked = match end.cause {
                ExpiryCause::Owner => me.end_date.ok_or_else(|| no_end_date("", &me.extra)),
                ExpiryCause::Key => of_key(client, &me.id, now).await,
                _ => continue,
            };
            end.ends = asked.map(|date| {
                let at = date.last_second();
                let by = match Expiry::new(at, end.cause).has_passed(now) {
                    true => "the platform, which accepted a call all the same: compare this machine's clock",
                    false => "the platform",
                };
                KnownEndDate { at, by }
            });
        }
        Ok(())
    }

    /// Whether the platform would refuse a call. It may do without the certificates of the issuers.
    fn has_expired(&self) -> bool {
        let own = self.ends.iter().filter(|end| end.cause != ExpiryCause::Issuer);
        own.filter_map(|end| end.ends.as_ref().ok())
            .any(|known| Expiry::new(known.at, ExpiryCause::Key).has_passed(self.now))
    }

    fn earliest(&self) -> Option<Expiry> {
        let known = self.ends.iter().filter_map(|end| Some(Expiry::new(end.ends.as_ref().ok()?.at, end.cause)));
        known.min_by_key(|expiry| expiry.at)
    }

    /// The parts of the credential whose end is not known.
    fn not_known(&self) -> Option<String> {
        let causes = self.ends.iter().filter(|end| end.ends.is_err()).map(|end| end.cause.to_string());
        Some(causes.collect::<Vec<_>>().join(", ")).filter(|causes| !causes.is_empty())
    }

    fn report(&self, options: &ExpiryOptions, output: Output) -> Result<(), Failure> {
        let earliest = self.earliest();
        let is_near = self.begins.is_some()
            || earliest.is_some_and(|end| {
                end.has_passed(self.now) || options.fail_under.is_some_and(|limit| end.remaining(self.now) < limit)
            });
        if let Some(path) = &options.prometheus {
            write_whole(
                path,
                self.metrics(&connection::profile(&options.connection)).as_bytes(),
                Readers::All,
                Existing::ReplaceBeginning(METRICS),
            )
            .map_err(|source| Failure::File {
                action: "write the metrics to",
                path: path.clone(),
                source,
            })?;
        }
        if options.nagios {
            let (line, status) = self.nagios(options.fail_under, earliest);
            output.text(&line)?;
            output.document(&self.json(earliest, !is_near))?;
            return if status == 0 { Ok(()) } else { Err(Failure::Reported(status)) };
        }
        output.text(&self.text(earliest))?;
        // A check that had nothing to compare has not passed.
        let has_nothing = options.fail_under.is_some() && earliest.is_none() && !is_near;
        if let Some(causes) = self.not_known().filter(|_| options.fail_under.is_some()) {
            let what =
                if has_nothing { "--fail-under has nothing to compare" } else { "not compared with --fail-under" };
            output.warning(&format!("{what}, since it is not known when this ends: {causes}"));
        }
        output.document(&self.json(earliest, !is_near && !has_nothing))?;
        if has_nothing {
            return Err(Failure::Reported(UNKNOWN));
        }
        if is_near { Err(Failure::Reported(TOO_NEAR)) } else { Ok(()) }
    }

    fn text(&self, earliest: Option<Expiry>) -> String {
        let mut text = match (self.begins, earliest) {
            (Some(begins), _) => not_yet(begins),
            (None, Some(end)) => format!("the {} {}", end.cause, until(end.at, self.now)),
            (None, None) => "no end date is known".to_owned(),
        };
        for end in &self.ends {
            let name = end.cause.to_string();
            let _ = match &end.ends {
                Ok(known) => {
                    write!(
                        text,
                        "\n  {name:18}  {}  {} (from {})",
                        shown(known.at),
                        until(known.at, self.now),
                        known.by
                    )
                }
                Err(why) => write!(text, "\n  {name:18}  not known: {why}"),
            };
        }
        text
    }

    fn json(&self, earliest: Option<Expiry>, ok: bool) -> Value {
        let of = |at: SystemTime| json!({ "ends": shown(at), "days_left": days_left(at, self.now), "seconds_left": seconds_left(at, self.now) });
        let ends: Vec<Value> = self
            .ends
            .iter()
            .map(|end| match &end.ends {
                Ok(known) => {
                    let mut document = of(known.at);
                    document["of"] = json!(end.cause.as_str());
                    document["from"] = json!(known.by);
                    if let (ExpiryCause::Certificate, Some(begins)) = (end.cause, self.begins) {
                        document["begins"] = json!(shown(begins));
                    }
                    document
                }
                Err(why) => json!({ "of": end.cause.as_str(), "ends": null, "why": why }),
            })
            .collect();
        let earliest = earliest.map(|end| {
            let mut document = of(end.at);
            document["of"] = json!(end.cause.as_str());
            document
        });
        json!({ "ok": ok, "earliest": earliest, "ends": ends })
    }

    /// A line and a status as Nagios and its kin read them; `30:` is a range that 29 is outside of (Nagios Plugins Development Guidelines).
    fn nagios(&self, limit: Option<Duration>, earliest: Option<Expiry>) -> (String, u8) {
        let critical = limit.unwrap_or(7 * DAY);
        let Some(end) = earliest else { return ("EXPIRY UNKNOWN - no end date is known".to_owned(), UNKNOWN) };
        let left = end.remaining(self.now);
        let (word, status) = match () {
            () if self.begins.is_some() || end.has_passed(self.now) || left < critical => ("CRITICAL", 2),
            () if left < NEAR.max(critical) => ("WARNING", 1),
            () => ("OK", 0),
        };
        let (days, warn, critical) = (days_left(end.at, self.now), NEAR.max(critical).as_secs(), critical.as_secs());
        let day = DAY.as_secs();
        let what = match self.begins {
            Some(begins) => not_yet(begins),
            None => format!("the {} {}", end.cause, until(end.at, self.now)),
        };
        let not_known = self.not_known().map(|causes| format!("; not known: {causes}")).unwrap_or_default();
        let line = format!("EXPIRY {word} - {what}{not_known} | days={days};{}:;{}:", warn / day, critical / day);
        (line, status)
    }

    /// For the text-file collector of Prometheus' node exporter.
    fn metrics(&self, profile: &str) -> String {
        // Label values are quoted (Prometheus exposition format).
        let profile = profile.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let mut text = format!(
            "{METRICS} Last second in which this part of the credential works.\n\
             # TYPE d1_credential_expiration_timestamp_seconds gauge\n"
        );
        for end in &self.ends {
            if let Ok(known) = &end.ends {
                let seconds = seconds_left(known.at, SystemTime::UNIX_EPOCH);
                let _ = writeln!(
                    text,
                    "d1_credential_expiration_timestamp_seconds{{profile=\"{profile}\",kind=\"{}\"}} {seconds}",
                    end.cause.as_str()
                );
            }
        }
        text
    }
}

/// By this machine's clock, which may be slow.
fn not_yet(begins: SystemTime) -> String {
    format!("the client certificate is not valid before {} (compare this machine's clock)", shown(begins))
}

/// Why an object of the platform has no end date: it names none, or one in a form that is not known.
fn no_end_date(of: &str, others: &Extra) -> String {
    match others.unread_end_date() {
        Some(name) => format!("the platform names an end date{of} in a form that is not known (the field {name:?})"),
        None => format!("the platform names no end date{of}"),
    }
}

/// The first end of the certificates that are sent with the client certificate, where it comes before its own.
pub(crate) fn issuer_end(identity: &ClientIdentity) -> Option<SystemTime> {
    let issuers = identity.chain().iter().skip(1).filter_map(|der| CertificateFacts::read(der).ok());
    issuers.map(|facts| facts.not_after).min().filter(|end| *end < identity.not_after())
}

/// The end of the API key in use, where the platform has no more than one that it could be: enabled, of this user, and not expired, since
/// the platform accepted it.
async fn of_key(client: &Client, me: &Id<User>, now: SystemTime) -> Result<EndDate, String> {
    let tokens = client.account().tokens().list(&Id::me()).all().await;
    let tokens = tokens
        .map_err(|error| format!("the API tokens cannot be listed: {} {}", error.code(), error.diagnosis().summary))?;
    let is_own = |token: &&ApiToken| token.user_id.as_ref().is_none_or(|user| user == me);
    let enabled: Vec<_> = tokens.iter().filter(is_own).filter(|token| token.is_enabled() != Some(false)).collect();
    let has_passed = |token: &&&ApiToken| {
        token.end_date.is_some_and(|end| Expiry::new(end.last_second(), ExpiryCause::Key).has_passed(now))
    };
    let live: Vec<_> = enabled.iter().filter(|token| !has_passed(token)).copied().collect();
    // All of them have passed by a clock that is wrong.
    let candidates = if live.is_empty() { enabled } else { live };
    match candidates.as_slice() {
        [token] => token.end_date.ok_or_else(|| no_end_date(" for the API token", &token.extra)),
        [] => Err("the platform lists no enabled API token of this caller".to_owned()),
        several => {
            // All of them end on one day, or the earliest is as near as one can say.
            let ends: Vec<_> = several.iter().map(|token| token.end_date).collect();
            match ends.first().copied().flatten().filter(|first| ends.iter().all(|end| *end == Some(*first))) {
                Some(end) => Ok(end),
                None => {
                    let first = ends.iter().flatten().min_by_key(|end| end.last_second());
                    let first = first.map(|end| format!("; the first of them ends {}", shown(end.last_second())));
                    Err(format!(
                        "{} API tokens are enabled, and the platform does not say which of them this key is{} (DC_API_KEY_ENDS gives \
                         its end date)",
                        several.len(),
                        first.unwrap_or_default()
                    ))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_date_in_an_unknown_form_is_not_called_missing() {
        let of = |json: &str| no_end_date(" for the API token", &serde_json::from_str(json).expect("an object"));
        assert!(of(r#"{"endDate":"31/12/2026"}"#).contains("in a form that is not known (the field \"endDate\")"));
        for none in [r#"{"end_date":null}"#, r#"{"weekend":"sunday"}"#] {
            assert_eq!(of(none), "the platform names no end date for the API token", "{none}");
        }
    }

    #[test]
    fn nagios_output_has_its_four_states() {
        let now = SystemTime::UNIX_EPOCH + 20_000 * DAY;
        let of = |days: u32| EndDates {
            ends: vec![End { cause: ExpiryCause::Key, ends: Ok(KnownEndDate { at: now + days * DAY, by: "a test" }) }],
            begins: None,
            now,
        };
        for (days, limit, status) in
            [(60, None, 0), (20, None, 1), (3, None, 2), (20, Some(21 * DAY), 2), (45, Some(14 * DAY), 0)]
        {
            let ends = of(days);
            let (line, is) = ends.nagios(limit, ends.earliest());
            assert!(is == status && line.contains(&format!("| days={days};")), "{days} {limit:?}: {line}");
        }
        let mut unsure = of(60);
        unsure.ends.push(End { cause: ExpiryCause::Owner, ends: Err("a test".to_owned()) });
        let line = unsure.nagios(None, unsure.earliest()).0;
        assert!(line.contains("; not known: service user |"), "{line}");
        assert_eq!(of(1).nagios(None, None).1, 3);
        let later = EndDates { begins: Some(now + DAY), ..of(60) };
        let (line, status) = later.nagios(None, later.earliest());
        assert!(status == 2 && line.contains("is not valid before 2024-10-05T00:00:00Z"), "{line}");
    }
}
