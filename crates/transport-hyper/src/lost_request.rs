//! Whether a call is lost: given to a connection that is gone, which hyper does not always say.
//!
//! A request that reaches hyper's queue for a connection in the moment in which that connection ends is never answered, not
//! even with an error (<https://github.com/hyperium/hyper/issues/4122>, seen with hyper 1.12). A server that refuses our
//! certificate under TLS 1.3 often brings the two together: one call in a few thousand would wait for its whole limit.

use crate::handshake::Handshake;

/// The looks of one call after its connection.
#[derive(Default)]
pub(crate) struct LostRequest {
    was_gone: bool,
}

impl LostRequest {
    /// Whether the connection is gone with the call. It has to be found so twice, so that a response or an error on its way from a
    /// connection just ended comes first.
    pub(crate) fn look(&mut self, carrier: &Handshake) -> bool {
        std::mem::replace(&mut self.was_gone, carrier.is_gone()) && self.was_gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_is_lost_when_its_connection_is_found_gone_twice() {
        let carrier = Handshake::default();
        let mut call = LostRequest::default();
        assert!(!call.look(&carrier) && !call.look(&carrier));
        carrier.note_gone();
        assert!(!call.look(&carrier), "a response may be on its way");
        assert!(call.look(&carrier));
    }
}
