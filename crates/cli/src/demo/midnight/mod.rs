//! `d1 demo --midnight`: the month before an API key ends, and the day after, in virtual time and over real TLS; once without
//! rotation and once with. It ends with 0 only if both went as they should.

mod clock;
mod rotation;
mod stage;
mod story;

use std::time::Instant;

use serde_json::{Value, json};

use self::stage::{Stage, USER};
use self::story::{Event, Half, rfc3339};
use crate::failure::Failure;
use crate::output::{Output, diagnosis_json};

/// Plays both halves, each on an emulator of its own.
pub(crate) async fn run(output: &Output) -> Result<(), Failure> {
    let start = Instant::now();
    let connector = digicert_one::transport::all().swap_remove(0);
    let mut halves = Vec::new();
    let mut ends = String::new();
    for rotation in [false, true] {
        let stage = Stage::new(&connector).await?;
        ends = rfc3339(stage.end);
        output.text(&title(rotation, &ends))?;
        let half = story::play(&stage, rotation).await?;
        output.text(&text(&half))?;
        halves.push(half);
    }
    let deviations: Vec<&str> = halves.iter().flat_map(|half| &half.deviations).map(String::as_str).collect();
    output.document(&json!({
        "transport": connector.info().name,
        "tls_engine": connector.info().tls_engine,
        "key_ends": ends,
        "halves": halves.iter().map(half_json).collect::<Vec<_>>(),
        "as_described": deviations.is_empty(),
    }))?;
    if !deviations.is_empty() {
        return Err(Failure::Demo(format!("not as described: {}", deviations.join("; "))));
    }
    output.text(&format!(
        "Both went as they should, over {} and in virtual time ({:.1} s).",
        connector.info().name,
        start.elapsed().as_secs_f32()
    ))
}

fn title(rotation: bool, ends: &str) -> String {
    match rotation {
        false => format!("Without rotation: {USER} calls every six hours, and its API key ends at {ends}."),
        true => {
            "With rotation: the same key and the same calls, and 14 days before the end the key is replaced.".to_owned()
        }
    }
}

/// A time line, with each diagnosis in full below its line.
fn text(half: &Half) -> String {
    let mut text = String::new();
    for event in &half.events {
        text.push_str(&format!("  {}  {:<8}  {}\n", rfc3339(event.at), event.kind.name(), event.text));
        let diagnosis = event.diagnosis.as_ref().map(ToString::to_string).unwrap_or_default();
        diagnosis.lines().for_each(|line| text.push_str(&format!("      {line}\n")));
    }
    text.push_str(&format!("{} calls: {} good, {} refused.\n", half.good + half.refused, half.good, half.refused));
    half.deviations.iter().for_each(|deviation| text.push_str(&format!("NOT AS DESCRIBED: {deviation}\n")));
    text
}

fn half_json(half: &Half) -> Value {
    json!({
        "rotation": half.rotation,
        "good": half.good,
        "refused": half.refused,
        "events": half.events.iter().map(event_json).collect::<Vec<_>>(),
        "deviations": half.deviations,
    })
}

fn event_json(event: &Event) -> Value {
    json!({
        "at": rfc3339(event.at),
        "kind": event.kind.name(),
        "text": event.text,
        "diagnosis": event.diagnosis.as_ref().map(diagnosis_json),
    })
}
