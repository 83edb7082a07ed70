//! The journal: an operation in progress is known to the next process, however the previous one ended.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
#[cfg(unix)]
use digicert_one_core::Secret;
use digicert_one_identity::{KeyAlgorithm, NewKey};
use sha2::{Digest as _, Sha256};

use super::{Journal, JournalError, OperationOutcome, Record};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn begin() -> Record {
    Record::new("rotate-certificate", NOW).with("user_id", "u-1").with("old_id", "old")
}

fn steps() -> [Record; 3] {
    let at = |second| NOW + Duration::from_secs(second);
    [
        Record::new("key-stored", at(1)),
        Record::new("created", at(2)).with("id", "7d1f").with("name", "ci \"2027\"\n"),
        Record::new("stored", at(3)).with("place", "file /etc/d1/tls.crt"),
    ]
}

/// A directory with a journal: two finished operations, one in progress with three steps.
fn written() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rotation.journal");
    let mut journal = Journal::open(&path).expect("new");
    for outcome in [OperationOutcome::Done, OperationOutcome::Undone] {
        journal.begin(begin()).expect("begun");
        journal.step(steps()[0].clone()).expect("noted");
        journal.finish(outcome, NOW).expect("finished");
    }
    journal.begin(begin()).expect("begun");
    steps().into_iter().for_each(|step| journal.step(step).expect("noted"));
    (directory, path)
}

#[test]
fn operation_in_progress_is_known_to_the_next_process() {
    let (_directory, path) = written();
    let mut journal = Journal::open(&path).expect("whole");
    assert!(!journal.was_torn());
    let pending = journal.pending().expect("under way").clone();
    assert_eq!((pending.operation(), pending.steps()), (&begin(), &steps()[..]));
    assert_eq!((pending.fact("id"), pending.fact("old_id"), pending.fact("no")), (Some("7d1f"), Some("old"), None));
    assert!(pending.is_done("stored") && !pending.is_done("verified"));
    assert!(matches!(journal.begin(begin()), Err(JournalError::Pending { .. })));
    journal.finish(OperationOutcome::Done, NOW).expect("finished");
    assert!(matches!(journal.step(steps()[0].clone()), Err(JournalError::NothingPending { .. })));
    drop(journal);
    let mut journal = Journal::open(&path).expect("whole");
    assert!(journal.pending().is_none());
    assert_ne!(journal.begin(begin()).expect("begun").id(), pending.id());
}

#[cfg(unix)]
#[test]
fn journal_and_key_are_readable_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = written();
    let mut journal = Journal::open(&path).expect("whole");
    let key = journal.store_key(&Secret::new("canary", "a test")).expect("stored");
    for path in [&path, &key] {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    journal.finish(OperationOutcome::Done, NOW).expect("finished");
    assert!(!key.exists());
}

/// The state after `count` complete lines of the journal of `written`.
fn expected(count: usize) -> (bool, usize) {
    match count {
        0 | 3 | 6 => (false, 0),
        1..=5 => (true, (count - 1) % 3),
        _ => (true, count - 7),
    }
}

#[test]
fn journal_truncated_at_any_byte_continues_after_the_last_whole_line() {
    let (_directory, path) = written();
    let whole = fs::read(&path).expect("there");
    let cut_directory = tempfile::tempdir().expect("a directory");
    let path = cut_directory.path().join("cut.journal");
    for length in 0..=whole.len() {
        let part = &whole[..length];
        fs::write(&path, part).expect("written");
        let lines = part.iter().filter(|byte| **byte == b'\n').count();
        let mut journal = Journal::open(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
        let (under_way, steps) = expected(lines);
        assert_eq!(journal.pending().map(|it| it.steps().len()), under_way.then_some(steps), "cut at {length}");
        assert_eq!(journal.was_torn(), !part.is_empty() && !part.ends_with(b"\n"), "cut at {length}");
        // The next entry follows the valid part.
        if under_way {
            journal.step(Record::new("resumed", NOW)).expect("noted");
        } else {
            journal.begin(begin()).expect("begun");
        }
        drop(journal);
        let journal = Journal::open(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
        let resumed = journal.pending().expect("under way").is_done("resumed");
        assert!(!journal.was_torn() && resumed == under_way, "cut at {length}");
    }
}

#[test]
fn invalid_last_line_counts_as_not_written() {
    let (_directory, path) = written();
    let whole = fs::read(&path).expect("there");
    let start = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("many lines") + 1;
    for garbage in [&b"\0\0\0\0"[..], b"{}\n", b"\0\0\n", b"{\"sum\":\"00\",\"entry\":{}}\n"] {
        fs::write(&path, [&whole[..start], garbage].concat()).expect("written");
        let journal = Journal::open(&path).expect("tolerated");
        assert!(journal.was_torn() && journal.pending().expect("under way").steps().len() == 2);
    }
}

#[test]
fn damage_before_the_last_line_is_an_error_with_a_remedy() {
    let (_directory, path) = written();
    let whole = fs::read_to_string(&path).expect("text");
    let lines: Vec<&str> = whole.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number] = line;
        lines.join("\n") + "\n"
    };
    let without = [&lines[..4], &lines[5..]].concat().join("\n") + "\n";
    let swapped = [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat().join("\n") + "\n";
    let changed = lines[7].replace("key-stored", "stored");
    assert_ne!(changed, lines[7]);
    for (text, number) in [
        (with(7, &changed), 8),
        (with(2, "garbage"), 3),
        (with(0, ""), 1),
        (without, 5),
        (swapped, 2),
        (format!("{whole}{}", lines[9].to_owned() + "\n" + lines[9] + "\n"), 11),
    ] {
        fs::write(&path, text).expect("written");
        let error = Journal::open(&path).expect_err("damaged");
        assert!(matches!(error, JournalError::Damaged { line, .. } if line == number), "{number}: {error}");
        let text = error.to_string();
        assert!(text.contains("rotation.journal") && text.contains("move the journal away"), "{text}");
    }
}

#[test]
fn journal_is_open_in_one_process_at_a_time() {
    let (_directory, path) = written();
    let journal = Journal::open(&path).expect("whole");
    assert!(matches!(Journal::open(&path), Err(JournalError::Busy { .. })));
    drop(journal);
    assert!(Journal::open(&path).is_ok());
}

#[test]
fn private_key_is_stored_until_the_operation_is_finished() {
    let (directory, path) = written();
    let key = NewKey::generate(KeyAlgorithm::P256).expect("random numbers");
    let mut journal = Journal::open(&path).expect("whole");
    assert!(journal.key().expect("readable").is_none());
    let stored = journal.store_key(&key.to_pem()).expect("stored");
    // Left by a finished operation that was killed before its cleanup.
    let previous = directory.path().join("rotation.journal.0123456789abcdef.key");
    fs::write(&previous, "old").expect("written");
    fs::write(directory.path().join("rotation.journal.notes.key"), "not ours").expect("written");
    drop(journal);

    let mut journal = Journal::open(&path).expect("whole");
    assert!(!previous.exists() && stored.exists());
    let again = NewKey::from_pem(&journal.key().expect("readable").expect("there")).expect("a key");
    assert_eq!(again.to_pem().expose(), key.to_pem().expose());
    let text = fs::read_to_string(&path).expect("text");
    assert!(!text.contains("PRIVATE"), "{text}");
    journal.finish(OperationOutcome::Done, NOW).expect("finished");
    assert!(!stored.exists() && directory.path().join("rotation.journal.notes.key").exists());
}

#[test]
fn fact_that_looks_like_a_secret_is_refused() {
    let (_directory, path) = written();
    let before = fs::read(&path).expect("there");
    let mut journal = Journal::open(&path).expect("whole");
    let usual = format!("{}_{}", "0a".repeat(13), "c".repeat(64));
    for value in ["-----BEGIN PRIVATE KEY-----\ncanary", &usual] {
        let error = journal.step(Record::new("created", NOW).with("token", value)).expect_err("a secret");
        assert!(matches!(error, JournalError::LooksSecret { .. }));
        assert!(error.to_string().contains("token") && !error.to_string().contains(value), "{error}");
    }
    assert_eq!(fs::read(&path).expect("there"), before);
}

#[test]
fn long_journal_is_restarted_if_nothing_is_in_progress() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rotation.journal");
    let mut journal = Journal::open(&path).expect("new");
    journal.begin(begin()).expect("begun");
    journal.step(Record::new("created", NOW).with("long", "x".repeat(300 << 10))).expect("noted");
    journal.finish(OperationOutcome::Done, NOW).expect("finished");
    journal.begin(begin()).expect("begun");
    drop(journal);
    assert!(fs::metadata(&path).expect("there").len() < 1000);
    assert_eq!(Journal::open(&path).expect("whole").pending().expect("under way").operation(), &begin());
}

#[test]
fn unusable_path_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    for path in [directory.path().to_owned(), directory.path().join("missing").join("journal")] {
        let error = Journal::open(&path).expect_err("no file");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn file_of_another_program_is_refused_and_unchanged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("api-key");
    for content in ["01ab_cd0123\n", "01ab_cd0123", "hello world\n", "{\"version\":1}\n", "{\n", "a=b\nc=d\n"] {
        fs::write(&path, content).expect("written");
        for opened in [Journal::open(&path).map(Some), Journal::open_existing(&path)] {
            let error = opened.expect_err(content);
            assert!(matches!(error, JournalError::Foreign { .. }), "{error:?}");
        }
        assert_eq!(fs::read_to_string(&path).expect("there"), content);
    }
}

#[test]
fn journal_of_another_version_is_not_called_damaged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("rotation.journal");
    let entry = r#"{"version":2,"id":"90ab","at":"2026-12-01T00:00:00Z","event":"step","what":"is new"}"#;
    let sum = HEXLOWER.encode(&Sha256::digest(entry)[..16]);
    let whole = format!("{{\"sum\":\"{sum}\",\"entry\":{entry}}}\n");
    fs::write(&path, &whole).expect("written");
    let error = Journal::open(&path).expect_err("another version");
    assert!(matches!(error, JournalError::OtherVersion { line: 1, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("another version") && !text.contains("damaged"), "{text}");
    assert_eq!(fs::read_to_string(&path).expect("there"), whole, "it is left unchanged");
}
