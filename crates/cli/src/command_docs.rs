//! `d1 completions` and `d1 man`: what shells and `man` show of the command line, made from its definition.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_complete::Generator;
use clap_mangen::Man;
use serde_json::json;

use crate::arguments::{self, CompletionsOptions, ManOptions, layout};
use crate::failure::Failure;
use crate::output::Output;

/// Prints a completion script.
pub(crate) fn completions(options: &CompletionsOptions, output: Output) -> Result<(), Failure> {
    let mut command = layout::with_all(arguments::whole());
    command.set_bin_name("d1");
    let mut script = Vec::new();
    options.shell.try_generate(&command, &mut script).map_err(|error| Failure::Internal(error.into()))?;
    let script = String::from_utf8_lossy(&script);
    output.text(script.trim_end())?;
    output.document(&json!({ "shell": options.shell.to_string(), "script": script }))
}

/// Prints the page of `d1`, or writes the pages of all commands.
pub(crate) fn man(options: &ManOptions, output: Output) -> Result<(), Failure> {
    let command = arguments::whole();
    let Some(directory) = &options.directory else {
        let page = page(&command)?;
        output.text(page.trim_end())?;
        return output.document(&json!({ "page": page }));
    };
    fs::create_dir_all(directory).map_err(|source| Failure::File {
        action: "make the directory",
        path: directory.clone(),
        source,
    })?;
    let mut files = Vec::new();
    write_pages(&command, directory, &mut files)?;
    output.text(&format!("wrote {} pages into {}", files.len(), directory.display()))?;
    output.document(&json!({ "directory": directory, "files": files }))
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(|error| Failure::Internal(error.into()))?;
    Ok(layout::shown(&String::from_utf8_lossy(&page)))
}

fn write_pages(command: &Command, directory: &Path, files: &mut Vec<String>) -> Result<(), Failure> {
    let name = format!("{}.1", command.get_display_name().unwrap_or(command.get_name()));
    let path = directory.join(&name);
    fs::write(&path, page(command)?).map_err(|source| Failure::File { action: "write", path, source })?;
    files.push(name);
    let mut commands = command.get_subcommands().filter(|one| one.get_name() != "help");
    commands.try_for_each(|command| write_pages(command, directory, files))
}
