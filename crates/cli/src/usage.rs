//! The command line as it was typed, where it cannot be understood: text for people, or the one document of `--json`, wherever
//! on the line that stands.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::ValueEnum as _;
use clap::error::ErrorKind;

use crate::arguments::{layout, whole};
use crate::failure::Failure;
use crate::output::Output;
use crate::page::ColorChoice;

/// Whether `--json` is among the arguments. A line that is not understood was not read to its end.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let options = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    options
        .filter_map(|argument| argument.to_str())
        .any(|argument| argument == "--json" || argument.starts_with("--json="))
}

/// The colours that are asked for, on a line that was not read to its end.
pub(crate) fn color(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<&str> =
        arguments.iter().skip(1).take_while(|word| *word != "--").filter_map(|word| word.to_str()).collect();
    let of = |(number, word): (usize, &&str)| match word.strip_prefix("--color")? {
        "" => words.get(number + 1).copied().map(str::to_owned),
        value => value.strip_prefix('=').map(str::to_owned),
    };
    let asked = words.iter().enumerate().find_map(of).unwrap_or_default();
    ColorChoice::from_str(&asked, false).unwrap_or_default()
}

/// Prints help, or what is wrong with a command line, and gives the exit code.
pub(crate) fn print(error: &clap::Error, color: ColorChoice) -> ExitCode {
    let has_colours = match error.use_stderr() {
        true => color.applies_to(&std::io::stderr()),
        false => color.applies_to(&std::io::stdout()),
    };
    let text = error.render();
    let text = layout::shown(&if has_colours { text.ansi().to_string() } else { text.to_string() });
    if error.use_stderr() {
        // Nothing is to be done where it cannot be shown.
        let _ = std::io::stderr().write_all(text.as_bytes());
        return ExitCode::from(2);
    }
    let mut output = std::io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Output::new(false, color).failed(&Failure::Output(error))
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Prints the help of one command.
pub(crate) fn help_of(name: &str, output: Output) -> Result<(), Failure> {
    let mut root = whole();
    let help = root.find_subcommand_mut(name).map(|command| command.render_help().to_string()).unwrap_or_default();
    let help = layout::shown(&help);
    output.text(help.trim_end())?;
    output.document(&serde_json::json!({ "help": help }))
}

/// Whether help or the version was asked for: no failure.
pub(crate) fn is_request(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// The failure of a command line: its first paragraph says what is wrong, the rest what to type.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::CommandLine {
            summary: "a command is missing".to_owned(),
            hint: "see d1 --help for the commands".to_owned(),
        };
    }
    let text = error.render().to_string();
    let (summary, hint) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::CommandLine { summary: line(summary.strip_prefix("error: ").unwrap_or(summary)), hint: line(hint) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn arguments(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn json_is_found_wherever_it_stands_but_among_operands() {
        for line in ["d1 --json lst", "d1 list --page-size x /y --json", "d1 --json=yes list /x", "d1 nonsense --json"]
        {
            assert!(wants_json(&arguments(line)), "{line}");
        }
        for line in ["d1 list", "--json", "d1 list -- --json", "d1 list --jsonx"] {
            assert!(!wants_json(&arguments(line)), "{line}");
        }
    }

    #[test]
    fn colours_are_found_on_a_line_that_is_not_understood() {
        for (line, choice) in [
            ("d1 lst --color=never", ColorChoice::Never),
            ("d1 --color always lst", ColorChoice::Always),
            ("d1 lst", ColorChoice::Auto),
            ("d1 lst --color", ColorChoice::Auto),
            ("d1 run -- --color=never", ColorChoice::Auto),
        ] {
            assert_eq!(color(&arguments(line)), choice, "{line}");
        }
    }

    #[test]
    fn failure_of_a_command_line_says_what_is_wrong_and_what_to_type() {
        for (line, wrong, hint) in [
            ("d1 list /x --pagesize 3", "unexpected argument '--pagesize' found", "--page-size"),
            ("d1 list /x --page-size 0", "invalid value '0' for '--page-size <ITEMS>'", "--help"),
            ("d1 list", "the following required arguments were not provided: <PATH>", "Usage: d1 list"),
            ("d1 lst", "unrecognized subcommand 'lst'", "list"),
            ("d1 --json", "requires a subcommand but one was not provided", "--help"),
        ] {
            let error = Arguments::try_parse_from(arguments(line)).expect_err(line);
            assert!(!is_request(&error), "{line}");
            let failure = failure(&error);
            let diagnosis = failure.diagnosis();
            assert!(diagnosis.summary.contains(wrong) && diagnosis.remedy.contains(hint), "{line}: {diagnosis:?}");
            assert_eq!(failure.exit_code(), 2, "{line}");
            assert!(!diagnosis.summary.contains('\n') && !diagnosis.summary.starts_with("error:"), "{line}");
        }
        let help = Arguments::try_parse_from(["d1", "--json", "--help"]).expect_err("help");
        assert!(is_request(&help));
    }
}
