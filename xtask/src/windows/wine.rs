//! Windows programs under Wine, in a prefix of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cross::is_installed;
use crate::failure::Failure;

/// The names of Wine, the first that is installed is used.
const PROGRAMS: [&str; 3] = ["wine64", "/usr/lib/wine/wine64", "wine"];
/// The compiler for C, which also links.
pub(crate) const COMPILER: &str = "x86_64-w64-mingw32-gcc";
/// The longest run of one program: a test that hangs must not hang the rest.
const LONGEST: Duration = Duration::from_secs(20 * 60);
const PAUSE: Duration = Duration::from_millis(100);

/// Wine 8 has no bcryptprimitives.dll, from which the standard library takes its random numbers; where Wine has one, it wins.
const RANDOM_NUMBERS: &str = "\
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    while (length > 0) {
        ULONG part = length > 0x40000000 ? 0x40000000 : (ULONG)length;
        if (!SystemFunction036(buffer, part)) return FALSE;
        buffer += part;
        length -= part;
    }
    return TRUE;
}
";

/// Wine with its prefix.
#[derive(Debug)]
pub(crate) struct Wine {
    program: &'static str,
    prefix: PathBuf,
    libraries: PathBuf,
}

/// The end of a program and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if it was stopped because it ran for too long.
    pub status: Option<ExitStatus>,
    /// Standard output and standard error.
    pub text: String,
}

impl Wine {
    /// Returns the name of an installed Wine.
    pub(crate) fn installed() -> Option<&'static str> {
        PROGRAMS.into_iter().find(|program| is_installed(program))
    }

    /// Makes a prefix, and the library that Wine 8 lacks.
    pub(crate) fn new(program: &'static str, folder: &Path) -> Result<Self, Failure> {
        let libraries = folder.join("libraries");
        let written = |error: std::io::Error| Failure::new(format_args!("{}: {error}", libraries.display()));
        fs::create_dir_all(&libraries).map_err(written)?;
        let source = libraries.join("bcryptprimitives.c");
        fs::write(&source, RANDOM_NUMBERS).map_err(written)?;
        let mut compile = Command::new(COMPILER);
        compile
            .args(["-shared", "-O1", "-o"])
            .arg(libraries.join("bcryptprimitives.dll"))
            .arg(&source)
            .arg("-ladvapi32");
        let status = compile.status().map_err(|error| Failure::new(format_args!("cannot run {COMPILER}: {error}")))?;
        if !status.success() {
            return Err(Failure::new("failed to compile bcryptprimitives.dll"));
        }
        Ok(Self { program, prefix: folder.join("wine"), libraries })
    }

    /// Returns a command that runs a Windows program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.arg(program).env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all");
        // No desktop, no .NET, no browser: tests of ours use none, and each asks to be installed.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=").env_remove("DISPLAY");
        command.env("WINEPATH", windows_path(&self.libraries));
        command
    }

    /// Runs a command until it ends, or for the longest time; `log` keeps what it prints.
    pub(crate) fn run(command: &mut Command, log: &Path) -> Result<Ended, Failure> {
        let about = |error: std::io::Error| Failure::new(format_args!("{}: {error}", log.display()));
        let file = File::create(log).map_err(about)?;
        command.stdin(Stdio::null()).stdout(file.try_clone().map_err(about)?).stderr(file);
        let shown = format!("{command:?}");
        let mut child = command.spawn().map_err(|error| Failure::new(format_args!("cannot run {shown}: {error}")))?;
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().map_err(about)? {
                Some(status) => break Some(status),
                None if begin.elapsed() > LONGEST => {
                    child.kill().and_then(|()| child.wait()).map_err(about)?;
                    break None;
                }
                None => thread::sleep(PAUSE),
            }
        };
        let text = String::from_utf8_lossy(&fs::read(log).map_err(about)?).into_owned();
        Ok(Ended { status, text })
    }
}

/// As Wine shows the files of this system: on the drive Z.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_of_a_program_are_returned() {
        let log = std::env::temp_dir().join(format!("xtask-wine-{}", std::process::id()));
        let ended = Wine::run(Command::new(crate::cargo::path()).arg("--version"), &log).expect("cargo runs");
        fs::remove_file(&log).expect("written");
        assert!(ended.status.is_some_and(|status| status.success()) && ended.text.starts_with("cargo "), "{ended:?}");
    }

    #[test]
    fn path_is_on_the_drive_of_this_system() {
        assert_eq!(windows_path(Path::new("/a/b c")), "Z:\\a\\b c");
    }
}
