//! Raw texts of libraries without what changes from run to run, so that pages made of them are stable.

use std::sync::LazyLock;

use regex::Regex;

static VARYING: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
    [
        // A port after an address or a name, not a line after a file.
        (r"((?:\d{1,3}\.){3}\d{1,3}|\.test|\.com|localhost):\d{2,5}", "$1:PORT"),
        // Seconds since 1970, and how far from them we are.
        (r"\d{9,}", "N"),
        (r"\d+ seconds", "N seconds"),
        (r"/tmp/[^\s,:)]+", "/tmp/FILE"),
    ]
    .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern of ours"), with))
});

/// In one line.
pub(super) fn of(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    VARYING.iter().fold(line, |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_changes_goes_and_what_people_search_for_stays() {
        let expired = "certificate expired: verification time 1732406400 (UNIX), but certificate is not valid after \
                       1732320000 (86400 seconds ago)";
        let stable =
            "certificate expired: verification time N (UNIX), but certificate is not valid after N (N seconds ago)";
        assert_eq!(of(expired), stable);
        assert_eq!(of("tcp connect to 127.0.0.1:40123"), "tcp connect to 127.0.0.1:PORT");
        let openssl = "error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:ssl/record/rec_layer_s3.c:1584:\
                       SSL alert number 48";
        assert_eq!(of(openssl), openssl);
    }
}
