//! TLS alerts, read from the texts of OpenSSL: the only place where it shows them.

use std::error::Error;

use digicert_one_core::{TlsAlert, causes};

/// `... SSL alert number 116`, as OpenSSL prints an alert that it received.
pub(crate) fn alert_in(error: &(dyn Error + 'static)) -> Option<TlsAlert> {
    causes(error).find_map(|cause| alert_number(&cause.to_string()))
}

fn alert_number(text: &str) -> Option<TlsAlert> {
    let digits = text.split("SSL alert number ").nth(1)?;
    let end = digits.find(|one: char| !one.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok().map(TlsAlert)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alert_is_read_by_its_number_only() {
        let text = "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:\
                    ssl/record/rec_layer_s3.c:916:SSL alert number 116";
        assert_eq!(alert_number(text), Some(TlsAlert(116)));
        assert_eq!(alert_number("SSL alert number 48, more"), Some(TlsAlert(48)));
        assert_eq!(alert_number("SSL alert number 4096"), None);
        assert_eq!(alert_number("certificate verify failed (certificate has expired)"), None);
    }
}
