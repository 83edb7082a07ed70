//! The demo's output for people: a table of the calls that succeeded, and each failure with its diagnosis.

use super::story::Outcome;

/// One line a call.
pub(crate) fn of_calls(outcomes: &[Outcome]) -> String {
    let header = ["transport", "TLS engine", "mode", "origin", "HTTP", "TLS", "status", "the platform saw", "ms"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(outcomes.iter().map(|outcome| {
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
    }));
    aligned(&rows)
}

/// The diagnosis in full once, then a line for each transport, with what differs.
pub(crate) fn of_failure(title: &str, outcomes: &[Outcome]) -> String {
    let mut text = format!("Failure: {title}\n");
    if let Some(diagnosis) = outcomes.iter().find_map(|outcome| outcome.diagnosis.as_ref()) {
        for line in diagnosis.to_string().lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    let mut rows = Vec::new();
    for outcome in outcomes {
        let status = outcome.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
        let last = outcome.causes.last().cloned().unwrap_or_default();
        let verdict = if outcome.as_described() { "as it should be" } else { "NOT AS DESCRIBED" };
        rows.push([format!("  {}", outcome.connector.name), status, code(outcome), verdict.to_owned(), last]);
    }
    text.push_str(&aligned(&rows));
    text
}

fn code(outcome: &Outcome) -> String {
    outcome.diagnosis.as_ref().map_or_else(|| "-".to_owned(), |diagnosis| diagnosis.code.to_string())
}

fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
