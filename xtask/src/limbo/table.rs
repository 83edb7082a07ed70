//! The generated part of docs/limbo.md: first what differs from the profile and matters, then what differs and does not, then
//! the rest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::judgement::{Judgements, Weight};
use super::outcomes::{Outcomes, Row};
use crate::page::cell;
use crate::stacks::STACKS;

const TITLES: [&str; 4] = [
    "Accepted although forbidden, and it matters",
    "Refused although permitted",
    "Accepted although forbidden, a formality",
    "As the profile says, on every stack",
];

/// The title above a vector.
fn place_of(row: &Row, judgements: &Judgements) -> usize {
    match judgements.of(&row.id).and_then(|judgement| judgement.weight) {
        None => 3,
        Some(_) if row.permitted => 1,
        Some(Weight::Matters) => 0,
        Some(Weight::Formality) => 2,
    }
}

pub(super) fn page(outcomes: &Outcomes, judgements: &Judgements) -> String {
    let played: Vec<&Row> = outcomes.0.iter().filter(|row| row.not_playable().is_none()).collect();
    let mut text = summary(&played);
    for (place, title) in TITLES.iter().enumerate() {
        let rows: Vec<&Row> = played.iter().copied().filter(|row| place_of(row, judgements) == place).collect();
        if !rows.is_empty() {
            group(&mut text, title, &rows, judgements);
        }
    }
    not_played(&mut text, outcomes);
    text
}

/// How many of what, on each stack.
fn summary(played: &[&Row]) -> String {
    let permitted = played.iter().filter(|row| row.permitted).count();
    let mut text = format!(
        "{} vectors were played: {permitted} chains that the profile permits, {} that it forbids.\n\n| Stack | permitted and accepted | \
         permitted and refused | forbidden and refused | forbidden and accepted |\n|---|---|---|---|---|\n",
        played.len(),
        played.len() - permitted
    );
    for (index, stack) in STACKS.iter().enumerate() {
        let count = |permitted: bool, accepted: bool| {
            played
                .iter()
                .filter(|row| row.permitted == permitted && (row.outcomes[index] == "accepted") == accepted)
                .count()
        };
        let (good, refused) = (count(true, true), count(true, false));
        let _ = writeln!(
            text,
            "| {} | {good} | {refused} | {} | {} |",
            stack.name,
            count(false, false),
            count(false, true)
        );
    }
    text
}

fn group(text: &mut String, title: &str, rows: &[&Row], judgements: &Judgements) {
    let is_judged = rows.iter().all(|row| judgements.of(&row.id).is_some_and(|judgement| judgement.why.is_some()));
    let _ = write!(text, "\n### {title}\n\n| Vector | What it is about | Profile |");
    for stack in STACKS {
        let _ = write!(text, " {} |", stack.name);
    }
    let _ = writeln!(
        text,
        "{}\n|---|---|---|{}",
        if is_judged { " Why |" } else { "" },
        "---|".repeat(STACKS.len() + usize::from(is_judged))
    );
    for row in rows {
        let Some(judgement) = judgements.of(&row.id) else { continue };
        let profile = if row.permitted { "permits" } else { "forbids" };
        let _ = write!(text, "| {} | {} | {profile} |", row.id, cell(&judgement.about));
        for outcome in &row.outcomes {
            let shown = outcome.strip_prefix("refused ").map_or(outcome.clone(), |reason| format!("refused: {reason}"));
            match Row::differs(outcome, row.permitted) {
                true => write!(text, " **{shown}** |"),
                false => write!(text, " {shown} |"),
            }
            .unwrap_or_default();
        }
        match judgement.why.as_deref().filter(|_| is_judged) {
            Some(why) => writeln!(text, " {} |", cell(why)),
            None => writeln!(text),
        }
        .unwrap_or_default();
    }
}

fn not_played(text: &mut String, outcomes: &Outcomes) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &outcomes.0 {
        if let Some(why) = row.not_playable() {
            reasons.entry(why).or_default().push(&row.id);
        }
    }
    let _ = writeln!(text, "\n### Not played\n\n| Why | Vectors |\n|---|---|");
    for (why, ids) in reasons {
        let _ = writeln!(text, "| {} | {}: {} |", cell(why), ids.len(), ids.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_is_listed_once_and_differences_are_marked() {
        let (outcomes, judgements) = (Outcomes::recorded().expect("valid"), Judgements::read().expect("valid"));
        let text = page(&outcomes, &judgements);
        for row in &outcomes.0 {
            let ends = [" |", ","];
            let places: usize = ends.iter().map(|end| text.matches(&format!(" {}{end}", row.id)).count()).sum();
            assert_eq!(places, 1, "{}", row.id);
        }
        let differing: usize = outcomes
            .0
            .iter()
            .filter(|row| row.not_playable().is_none())
            .map(|row| row.outcomes.iter().filter(|outcome| Row::differs(outcome, row.permitted)).count())
            .sum();
        assert_eq!(text.matches(" **").count(), differing);
    }
}
