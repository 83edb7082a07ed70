//! Keys, certificates and passwords that were pasted where an option or argument takes a name, an id or a text. They are refused
//! before anything is sent, printed, or written to a journal; every argument of every command is looked at.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command};
use digicert_one::core::ValueShape;

/// Hexadecimal digits on one side of the underscore of an API key.
const KEY_SIDE: usize = 24;
/// A password in place of a name is recognised by its punctuation; short names with punctuation may exist.
const SHORTEST_PASSWORD: usize = 10;

/// Refuses a command line with a secret in it, without an echo.
pub(crate) fn check(command: &Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    for argument in command.get_arguments() {
        let Ok(Some(values)) = matches.try_get_raw(argument.get_id().as_str()) else { continue };
        for text in values.filter_map(|value| value.to_str()) {
            let looks_like = match shape(text) {
                Some(shape) => shape.to_string(),
                None if takes_a_name(argument) && is_password(text) => "a password".to_owned(),
                None => continue,
            };
            let mut error = clap::Error::new(ErrorKind::ValueValidation).with_cmd(command);
            error.insert(ContextKind::InvalidArg, ContextValue::String(argument.to_string()));
            error.insert(
                ContextKind::InvalidValue,
                ContextValue::String(format!("(not shown: looks like {looks_like})")),
            );
            return Err(error);
        }
    }
    match matches.subcommand() {
        Some((name, inner)) => command.find_subcommand(name).map_or(Ok(()), |command| check(command, inner)),
        None => Ok(()),
    }
}

/// The shape of a text that is a secret for certain. Serial numbers and fingerprints are long hexadecimal texts too, and belong into
/// paths and filters.
pub(super) fn shape(text: &str) -> Option<ValueShape> {
    let shape = ValueShape::of(text)?;
    let is_certain = match shape {
        ValueShape::PrivateKey | ValueShape::Certificate => true,
        ValueShape::ApiKey => text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').any(is_api_key),
        ValueShape::Base64 => text.trim().starts_with("MI"),
        _ => false,
    };
    is_certain.then_some(shape)
}

fn is_api_key(part: &str) -> bool {
    let is_hex = |side: &str| !side.is_empty() && side.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.split_once('_')
        .is_some_and(|(head, tail)| is_hex(head) && is_hex(tail) && (head.len() >= KEY_SIDE || tail.len() >= KEY_SIDE))
}

fn takes_a_name(argument: &Arg) -> bool {
    let names = argument.get_value_names().unwrap_or_default();
    let is_named = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
    is_named(&["NAME", "ID", "USER", "CODE", "ROLE"])
        || (argument.is_positional() && ["name", "user", "id", "credential"].contains(&argument.get_id().as_str()))
}

/// One word of letters, digits and marks that no name and no id on the platform has.
pub(crate) fn is_password(text: &str) -> bool {
    text.len() >= SHORTEST_PASSWORD
        && !text.contains(char::is_whitespace)
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.contains(['!', '"', '#', '$', '%', '&', '*', '<', '>', '?', '\\', '^', '`', '{', '|', '}', '~'])
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::arguments::{Arguments, path, whole};

    fn secrets() -> Vec<String> {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        let base64 = "MIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9MIIJ+TCCBJ8GCSqGSIb3DQEHBqCCBJAwggSMAgEAMIIEhQ";
        let wrapped = format!("{}\n{}\n", &base64[..64], &base64[64..]);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        let pair = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n{pem}");
        vec![key, base64.to_owned(), wrapped, pem, pair]
    }

    /// A value that the other arguments of a command accept.
    fn accepted(argument: &Arg) -> String {
        argument.get_possible_values().first().map_or("./x".to_owned(), |value| value.get_name().to_owned())
    }

    fn read(line: &[String]) -> Result<(), clap::Error> {
        let mut command = Arguments::command();
        let matches = command.try_get_matches_from_mut(line).map_err(path::scrubbed)?;
        check(&command, &matches)
    }

    fn commands(command: &Command, line: &[String], found: &mut Vec<(Command, Vec<String>)>) {
        if !command.has_subcommands() {
            found.push((command.clone(), line.to_vec()));
        }
        for inner in command.get_subcommands() {
            commands(inner, &[line, &[inner.get_name().to_owned()]].concat(), found);
        }
    }

    /// The command's line with this value for this argument, and what is needed beside it.
    fn line(command: &Command, line: &[String], tried: &Arg, value: &str) -> Vec<String> {
        let mut line = line.to_vec();
        let has = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
        if has("store") && tried.get_id() != "store" {
            line.push("--store=file:./x".to_owned());
        }
        match tried.get_id().as_str() {
            "last_resort_password" => line.push("--last-resort=./x".to_owned()),
            "client_id" => line.push("--client-secret=env:X".to_owned()),
            "client_secret" => line.push("--client-id=x".to_owned()),
            _ => {}
        }
        if let Some(long) = tried.get_long() {
            line.push(format!("--{long}={value}"));
        }
        line.push("--".to_owned());
        for other in command.get_positionals() {
            line.push(if other.get_id() == tried.get_id() { value.to_owned() } else { accepted(other) });
        }
        line
    }

    #[test]
    fn secret_in_any_argument_of_any_command_is_refused_without_an_echo() {
        let mut found = Vec::new();
        commands(&whole(), &["d1".to_owned()], &mut found);
        let mut tried = 0;
        for (command, start) in &found {
            for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
                for secret in secrets() {
                    let line = line(command, start, argument, &secret);
                    let shown = read(&line).expect_err(&line.join(" ")).render().to_string();
                    let pieces: Vec<&str> = secret
                        .lines()
                        .filter(|line| !line.starts_with("-----"))
                        .flat_map(|line| (0..line.len().saturating_sub(7)).map(move |at| &line[at..at + 8]))
                        .collect();
                    assert!(pieces.iter().all(|piece| !shown.contains(piece)), "{start:?} {argument}: {shown}");
                    tried += 1;
                }
                if takes_a_name(argument) {
                    let line = line(command, start, argument, "Tr0ub4dor&3xyz");
                    let shown = read(&line).expect_err(&line.join(" ")).render().to_string();
                    assert!(!shown.contains("Tr0ub4do") && !shown.contains("dor&3xyz"), "{shown}");
                }
            }
        }
        assert!(tried > 500, "{tried}");
    }

    #[test]
    fn ids_serial_numbers_and_texts_are_taken() {
        let serial = "0a1b2c3d".repeat(5);
        for line in [
            vec!["d1", "call", "GET", &format!("/mpki/api/v1/certificate/{serial}")],
            vec!["d1", "list", &format!("/mpki/api/v1/certificate-search?thumbprint={serial}")],
            vec!["d1", "token", "delete", "6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55", "--yes"],
            vec!["d1", "service-user", "show", "R&D 2026 build agents"],
            vec!["d1", "audit-log", "--filter", &format!("resource={serial}")],
        ] {
            let line: Vec<String> = line.into_iter().map(str::to_owned).collect();
            assert!(read(&line).is_ok(), "{line:?}");
        }
    }
}
