//! `cargo xtask book`: the site, made of docs/ by mdBook. The pages link to files outside docs/ so that they can be read in the
//! repository; mdBook takes one folder, so the pages and these files are first put together in one, with the links changed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::{cargo, links};

/// mdBook, where it is not on the PATH.
const MDBOOK: &str = "0.5.4";
const SUMMARY: &str = "docs/SUMMARY.md";
/// Pages from elsewhere in the repository, and where the site has them.
const OTHERS: &[(&str, &str)] = &[
    ("README.md", "project/overview.md"),
    ("CONTRIBUTING.md", "project/contributing.md"),
    ("CHANGELOG.md", "project/changelog.md"),
    ("SECURITY.md", "project/security-policy.md"),
    ("CODE_OF_CONDUCT.md", "project/code-of-conduct.md"),
    ("crates/digicert-one/src/tutorial.md", "tutorial.md"),
    ("examples/README.md", "examples.md"),
    // Beside it, README.md becomes index.html.
    ("docs/conformance/index.html", "conformance/report.html"),
];
/// Folders whose pages the summary does not list one by one: each page is put below the page that is named here.
const LISTED: &[(&str, &str)] = &[("docs/errors/", "errors.md"), ("docs/decisions/", "decisions.md")];

/// Whether to build or only to check.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build nothing; check the links, and that the site has every page
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    check()?;
    if arguments.check {
        return Ok(());
    }
    let target = cargo::target_directory()?;
    let mdbook = installed(&target).map_or_else(|| install(&target), Ok)?;
    build(&target, &mdbook)
}

/// Builds the site if mdBook is installed; the end says whether it is.
pub(crate) fn build_if_installed() -> Result<bool, Failure> {
    let target = cargo::target_directory()?;
    installed(&target).map_or(Ok(false), |mdbook| build(&target, &mdbook).map(|()| true))
}

/// Fails if a link of any page leads nowhere, or if a page of docs/ is not in the summary.
pub(crate) fn check() -> Result<(), Failure> {
    let pages = tracked("*.md")?;
    let count = links::check(&pages)?;
    let summary = read(Path::new(SUMMARY))?;
    let mut listed = BTreeSet::new();
    links::replace(&summary, |target| {
        listed.extend(links::target_path(Path::new(SUMMARY), target));
        String::new()
    });
    let is_below = |page: &Path| LISTED.iter().any(|(folder, _)| page.starts_with(folder));
    let is_missing =
        |page: &&PathBuf| page.starts_with("docs") && **page != *SUMMARY && !is_below(page) && !listed.contains(*page);
    if let Some(page) = pages.iter().find(is_missing) {
        return Err(Failure::new(format_args!("book: {} is not in {SUMMARY}: add a line for it", page.display())));
    }
    println!("book: {count} links of {} pages lead somewhere, and {SUMMARY} has every page", pages.len());
    Ok(())
}

/// Builds the site. Any warning of mdBook is a failure.
fn build(target: &Path, mdbook: &OsStr) -> Result<(), Failure> {
    let (folder, site) = (target.join("book-source"), target.join("book"));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| about(&folder, error))?;
    }
    assemble(&folder.join("src"))?;
    write(&folder.join("book.toml"), read(Path::new("docs/book.toml"))?.as_bytes())?;
    for file in tracked("docs/theme/*")? {
        let name = file.file_name().unwrap_or_default();
        write(&folder.join("theme").join(name), &bytes(&file)?)?;
    }
    let output = Command::new(mdbook).arg("build").arg(&folder).arg("--dest-dir").arg(&site).output();
    let output = output.map_err(|error| about(Path::new(mdbook), error))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || text.contains("WARN") || text.contains("ERROR") {
        return Err(Failure::new(format_args!("book: mdbook failed or warned:\n{text}")));
    }
    println!("book: {}", site.join("index.html").display());
    Ok(())
}

/// Puts the pages, and the files that they link to, into one folder.
fn assemble(folder: &Path) -> Result<(), Failure> {
    let mut places: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for file in tracked("docs")? {
        let place = file.strip_prefix("docs").unwrap_or(&file).to_path_buf();
        places.insert(file, place);
    }
    places.extend(OTHERS.iter().map(|(file, place)| (PathBuf::from(file), PathBuf::from(place))));
    let mut linked = BTreeSet::new();
    for (file, place) in &places {
        if file.extension().is_none_or(|extension| extension != "md") {
            write(&folder.join(place), &bytes(file)?)?;
            continue;
        }
        let mut text = read(file)?;
        if *file == *SUMMARY {
            text = with_listed_pages(&text)?;
        }
        let text = links::replace(&text, |target| {
            let Some(path) = links::target_path(file, target) else { return target.to_owned() };
            let heading = target.find('#').map_or("", |at| &target[at..]);
            let readme = path.join("README.md");
            let to = places.get(&path).or_else(|| places.get(&readme)).cloned().unwrap_or_else(|| {
                linked.insert(path.clone());
                source_place(&path)
            });
            // A page of the site, or the text of a file; a folder has no page, so its files stand for it, one after the other.
            if target.starts_with('#') { target.to_owned() } else { format!("{}{heading}", relative(place, &to)) }
        });
        write(&folder.join(place), text.as_bytes())?;
    }
    for path in linked {
        let absolute = cargo::root().join(&path);
        let content = if absolute.is_dir() {
            let mut content = Vec::new();
            for file in tracked(&path.display().to_string())? {
                content.extend(format!("==> {} <==\n\n", file.display()).into_bytes());
                content.extend(bytes(&file)?);
                content.push(b'\n');
            }
            content
        } else {
            bytes(&path)?
        };
        write(&folder.join(source_place(&path)), &content)?;
    }
    Ok(())
}

/// Where the text of a file outside the site goes: as text, which a browser shows.
fn source_place(path: &Path) -> PathBuf {
    PathBuf::from(format!("source/{}.txt", path.display()))
}

/// The summary with the pages of the listed folders below the page of each.
fn with_listed_pages(summary: &str) -> Result<String, Failure> {
    let mut text = String::new();
    for line in summary.lines() {
        text.push_str(line);
        text.push('\n');
        let Some((folder, _)) = LISTED.iter().find(|(_, page)| line.contains(&format!("]({page})"))) else { continue };
        let indent = line.len() - line.trim_start().len() + 2;
        for page in tracked(&format!("{folder}*.md"))? {
            let title = read(&page)?.lines().find_map(|line| line.strip_prefix("# ").map(str::to_owned));
            let title = title.ok_or_else(|| Failure::new(format_args!("book: {} has no title", page.display())))?;
            let place = page.strip_prefix("docs").unwrap_or(&page).display().to_string();
            text.push_str(&format!("{:indent$}- [{}]({place})\n", "", title.replace(['[', ']'], "")));
        }
    }
    Ok(text)
}

/// The way from one page to another.
fn relative(from: &Path, to: &Path) -> String {
    let up = from.components().count().saturating_sub(1);
    format!("{}{}", "../".repeat(up), to.display())
}

/// mdBook, where it is installed: on the PATH, or in the target directory.
fn installed(target: &Path) -> Option<OsString> {
    let ours = target.join("tools/bin").join(format!("mdbook{}", env::consts::EXE_SUFFIX)).into_os_string();
    let runs = |program: &OsString| Command::new(program).arg("--version").output().is_ok();
    [OsString::from("mdbook"), ours].into_iter().find(runs)
}

/// Builds mdBook into the target directory.
fn install(target: &Path) -> Result<OsString, Failure> {
    let tools = target.join("tools");
    println!("book: mdbook is not installed; building {MDBOOK} into {}", tools.display());
    let status = cargo::command(&["install", "--locked", "--version", MDBOOK, "mdbook", "--no-default-features"])
        .args(["--features", "search", "--root"])
        .arg(&tools)
        .arg("--target-dir")
        .arg(tools.join("build"))
        .status();
    let is_built = status.is_ok_and(|status| status.success());
    installed(target).filter(|_| is_built).ok_or_else(|| {
        Failure::new(format_args!(
            "book: mdbook is missing and cannot be installed from the registry\n  do:  put mdbook {MDBOOK} on the PATH, or check links only: cargo xtask book --check"
        ))
    })
}

/// The files that git tracks, by a pattern.
fn tracked(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", pattern])
        .current_dir(cargo::root())
        .output()
        .map_err(|error| Failure::new(format_args!("cannot run git: {error}")))?;
    if !output.status.success() {
        return Err(Failure::new("book: git does not list the files; this is not a checkout"));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_ours = |path: &PathBuf| !path.starts_with("xtask/src/testdata") && !path.iter().any(|part| part == "vendor");
    let mut files: Vec<PathBuf> = text.lines().map(PathBuf::from).filter(is_ours).collect();
    files.retain(|file| cargo::root().join(file).exists());
    files.sort();
    Ok(files)
}

fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(cargo::root().join(file)).map_err(|error| about(file, error))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(cargo::root().join(file)).map_err(|error| about(file, error))
}

fn write(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).and_then(|()| fs::write(file, content)).map_err(|error| about(file, error))
}

fn about(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(format_args!("book: {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_between_pages_goes_through_the_top() {
        assert_eq!(relative(Path::new("errors/AUT-01.md"), Path::new("errors.md")), "../errors.md");
        assert_eq!(relative(Path::new("README.md"), Path::new("project/changelog.md")), "project/changelog.md");
    }

    #[test]
    fn summary_gets_a_line_for_every_code() {
        let text = with_listed_pages("- [Error codes](errors.md)\n- [Other](other.md)\n").expect("the pages");
        for code in digicert_one_core::Code::ALL {
            assert!(text.contains(&format!("](errors/{code}.md)")), "{code}");
        }
        assert!(text.ends_with("- [Other](other.md)\n"), "{text}");
    }
}
