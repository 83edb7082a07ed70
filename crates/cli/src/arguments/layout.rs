//! How help looks: compact, examples on lines of their own that are never wrapped, and the connection options in full on one page only.

use clap::Command;
use clap::builder::{Resettable, StyledStr};

/// The command whose page has the connection options.
pub(crate) const CONNECTION: &str = "connection";
const HEADING: &str = "Connection";
/// A blank at which clap does not wrap. It is replaced before help is shown.
const FIXED: &str = "\u{a0}";

/// A line for each option where it fits, and what a command says beside its summary before its examples.
pub(super) fn compact(mut command: Command) -> Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let details = command.get_long_about().map(ToString::to_string);
    let details = details
        .as_deref()
        .map(|whole| whole.strip_prefix(&*about).unwrap_or(whole).trim_start_matches('.').trim().to_owned());
    if let Some(details) = details.filter(|details| !details.is_empty() && command.get_name() != "d1") {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command = command.after_help(format!("{details}\n\n{examples}"));
    }
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = command
        .long_about(Resettable::<StyledStr>::Reset)
        .mut_args(|argument| argument.long_help(Resettable::<StyledStr>::Reset));
    names.iter().fold(command, |command, name| command.mut_subcommand(name, compact))
}

/// For a terminal: connection options on one line, and lines with a margin as they are.
pub(super) fn for_terminal(mut command: Command) -> Command {
    if command.get_name() != CONNECTION {
        let options: Vec<String> = command
            .get_arguments()
            .filter(|argument| argument.get_help_heading() == Some(HEADING))
            .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
            .collect();
        if !options.is_empty() {
            let rest = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let options = format!("{HEADING} options (d1 help {CONNECTION}): {}", options.join(", "));
            command = command.after_help(format!("{options}\n\n{rest}")).mut_args(|argument| {
                let is_shown = argument.get_help_heading() != Some(HEADING);
                if is_shown { argument } else { argument.hide(true) }
            });
        }
    }
    if let Some(text) = command.get_after_help().map(ToString::to_string) {
        let fixed = |line: &str| if line.starts_with("  ") { line.replace(' ', FIXED) } else { line.to_owned() };
        command = command.after_help(text.lines().map(fixed).collect::<Vec<_>>().join("\n"));
    }
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, for_terminal))
}

/// Help as it is shown.
pub(crate) fn shown(help: &str) -> String {
    help.replace(FIXED, " ")
}
