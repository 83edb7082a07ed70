//! Error texts of libraries without the parts that change from run to run, so that pages made of them are stable.

use std::sync::LazyLock;

use digicert_one_core::{TransportError, causes};
use regex::Regex;

static VARYING: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
    [
        // A port after an address or a name, not a line after a file.
        (r"((?:\d{1,3}\.){3}\d{1,3}|\.test|\.com|localhost):\d{2,5}", "$1:PORT"),
        // A name that has no address.
        (r"d1-[0-9a-f]{16}\.invalid\.?", "nothing.invalid"),
        // Seconds since 1970, and how far from them we are.
        (r"\d{9,}", "N"),
        (r"\d+ seconds", "N seconds"),
        (r"/tmp/[^\s,:)]+", "/tmp/FILE"),
    ]
    .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern of ours"), with))
});

/// Returns the message of the deepest library error, if any: its own text, or that of the error around it if
/// that has the same text and more (native-tls adds OpenSSL's verdict to OpenSSL's error).
pub(crate) fn deepest(error: &TransportError) -> Option<String> {
    let texts: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    let (deepest, around) = texts.split_last()?;
    let fullest = around.iter().rev().take_while(|text| text.contains(deepest.as_str())).last().unwrap_or(deepest);
    Some(of(fullest))
}

/// In one line.
fn of(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    VARYING.iter().fold(line, |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

#[cfg(test)]
mod tests {
    use digicert_one_core::{Delivery, TransportErrorKind};

    use super::*;

    #[test]
    fn outer_text_with_additional_detail_is_used() {
        #[derive(Debug, thiserror::Error)]
        #[error("{said}")]
        struct Said {
            said: &'static str,
            #[source]
            below: Option<Box<Said>>,
        }
        let said = |said, below| Said { said, below };
        let chain = said("connect", Some(Box::new(said("bad (ended)", Some(Box::new(said("bad", None)))))));
        let error = TransportError::new(TransportErrorKind::Tls, Delivery::NotSent);
        assert_eq!(deepest(&error), None);
        assert_eq!(deepest(&error.with_source(chain)).as_deref(), Some("bad (ended)"));
    }

    #[test]
    fn variable_parts_are_removed_and_searchable_text_stays() {
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
