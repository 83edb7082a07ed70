//! The demo's output for people: a table of the calls that succeeded, and each failure with its diagnosis.

use super::story::StoryOutcome;
use crate::table::Table;

/// One line a call.
pub(crate) fn of_calls(outcomes: &[StoryOutcome]) -> String {
    let header = ["transport", "TLS engine", "mode", "origin", "HTTP", "TLS", "status", "the platform saw", "ms"];
    let mut table = Table::new(header);
    for outcome in outcomes {
        table.row(
            [
                outcome.connector.name.to_owned(),
                outcome.connector.tls_engine.clone(),
                outcome.story.mode.to_string(),
                outcome.origin.clone(),
                outcome.http.clone().unwrap_or_else(|| "-".to_owned()),
                outcome.tls.clone().unwrap_or_else(|| "-".to_owned()),
                outcome.status.map_or_else(|| code(outcome), |status| status.to_string()),
                outcome.seen.clone(),
                format!("{:.1}", outcome.time.as_secs_f64() * 1000.0),
            ]
            .map(Some),
        );
    }
    format!("{table}\n")
}

/// The diagnosis in full once, then a line for each transport, with what differs.
pub(crate) fn of_failure(title: &str, outcomes: &[StoryOutcome]) -> String {
    let mut text = format!("Failure: {title}\n");
    if let Some(diagnosis) = outcomes.iter().find_map(|outcome| outcome.diagnosis.as_ref()) {
        for line in diagnosis.to_string().lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    let mut table = Table::default();
    for outcome in outcomes {
        let status = outcome.status.map_or_else(|| "no response".to_owned(), |status| format!("HTTP {status}"));
        let last = outcome.causes.last().cloned().unwrap_or_default();
        let verdict = if outcome.as_described() { "as it should be" } else { "NOT AS DESCRIBED" };
        let name = format!("  {}", outcome.connector.name);
        table.row([name, status, code(outcome), verdict.to_owned(), last].map(Some));
    }
    text + &table.to_string() + "\n"
}

fn code(outcome: &StoryOutcome) -> String {
    outcome.diagnosis.as_ref().map_or_else(|| "-".to_owned(), |diagnosis| diagnosis.code.to_string())
}
