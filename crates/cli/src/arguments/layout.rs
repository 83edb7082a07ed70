//! How help looks: compact, examples on lines of their own that are never wrapped, and the options that many commands have in full on one
//! page only: those of the connection, and those of every command.

use clap::builder::{Resettable, StyledStr};
use clap::{Arg, Command};

/// The command whose page has the connection options.
pub(crate) const CONNECTION: &str = "connection";
const HEADING: &str = "Connection";
/// A blank at which clap does not wrap. It is replaced before help is shown.
const FIXED: &str = "\u{a0}";

/// The layout of a command without commands below it, once it has its options.
pub(super) fn of_command(command: Command) -> Command {
    fixed(without_globals(without_connection(compact(command))))
}

/// The layout of the commands that only lead to others.
pub(super) fn of_groups(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    if names.is_empty() {
        return command;
    }
    names.iter().fold(fixed(compact(command)), |command, name| command.mut_subcommand(name, of_groups))
}

/// A line for each option where it fits, and what a command says beside its summary before its examples.
fn compact(mut command: Command) -> Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let details = command.get_long_about().map(ToString::to_string);
    let details = details
        .as_deref()
        .map(|whole| whole.strip_prefix(&*about).unwrap_or(whole).trim_start_matches('.').trim().to_owned());
    if let Some(details) = details.filter(|details| !details.is_empty() && command.get_name() != "d1") {
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command = command.after_help(format!("{details}\n\n{examples}"));
    }
    command
        .long_about(Resettable::<StyledStr>::Reset)
        .mut_args(|argument| argument.long_help(Resettable::<StyledStr>::Reset))
}

/// The connection options on one line.
fn without_connection(command: Command) -> Command {
    let options: Vec<String> = command
        .get_arguments()
        .filter(|argument| is_connection(argument))
        .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
        .collect();
    if options.is_empty() || command.get_name() == CONNECTION {
        return command;
    }
    let rest = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let options = format!("{HEADING} options (d1 help {CONNECTION}): {}", options.join(", "));
    command
        .after_help(format!("{options}\n\n{rest}"))
        .mut_args(|argument| if is_connection(&argument) { argument.hide(true) } else { argument })
}

/// The options of every command on one line.
fn without_globals(command: Command) -> Command {
    let globals = command.get_arguments().filter(|argument| argument.is_global_set());
    let options: Vec<String> = globals.filter_map(|one| one.get_long().map(|long| format!("--{long}"))).collect();
    if options.is_empty() {
        return command;
    }
    let rest = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let options = format!("Options of every command (d1 --help): {}", options.join(", "));
    command
        .after_help(format!("{options}\n{}{rest}", if rest.starts_with(HEADING) { "" } else { "\n" }))
        .mut_args(|argument| if argument.is_global_set() { argument.hide(true) } else { argument })
}

/// Lines with a margin as they are.
fn fixed(command: Command) -> Command {
    let Some(text) = command.get_after_help().map(ToString::to_string) else { return command };
    let fixed = |line: &str| if line.starts_with("  ") { line.replace(' ', FIXED) } else { line.to_owned() };
    command.after_help(text.lines().map(fixed).collect::<Vec<_>>().join("\n"))
}

/// With the hidden options of every command, as shells complete them.
pub(crate) fn with_all(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let is_hidden = |argument: &Arg| is_connection(argument) || argument.is_global_set();
    let command = command.mut_args(|argument| if is_hidden(&argument) { argument.hide(false) } else { argument });
    names.iter().fold(command, |command, name| command.mut_subcommand(name, with_all))
}

fn is_connection(argument: &Arg) -> bool {
    argument.get_help_heading() == Some(HEADING)
}

/// Help as it is shown.
pub(crate) fn shown(help: &str) -> String {
    help.replace(FIXED, " ")
}
