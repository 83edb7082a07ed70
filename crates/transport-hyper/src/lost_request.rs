//! Whether a call is lost: given to a connection that is gone, which hyper does not always say.
//!
//! A request that reaches hyper's queue for a connection in the moment in which that connection ends is never answered, not
//! even with an error (<https://github.com/hyperium/hyper/issues/4122>, seen with hyper 1.12). A server that refuses our
//! certificate under TLS 1.3 often brings the two together: one call in a few thousand would wait for its whole limit.

use std::sync::Arc;

use crate::handshake::Handshake;

/// The looks of one call after its connection.
#[derive(Default)]
pub(crate) struct LostRequest {
    was_gone: bool,
}

impl LostRequest {
    /// The connection that is gone with the call, if one is. To be found twice, so that a response or an error on its way from a
    /// connection just ended comes first.
    pub(crate) fn look(
        &mut self,
        carrier: Option<Arc<Handshake>>,
        begun: Option<&Handshake>,
    ) -> Option<Arc<Handshake>> {
        // Not while a connection is being made: hyper-util may have taken an unwritten request back for it.
        let is_waiting = begun.is_some_and(Handshake::is_pending);
        let gone = carrier.filter(|connection| connection.is_gone() && !is_waiting);
        let was_gone = std::mem::replace(&mut self.was_gone, gone.is_some());
        gone.filter(|_| was_gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone() -> Arc<Handshake> {
        let connection = Arc::new(Handshake::default());
        connection.note_gone();
        connection
    }

    #[test]
    fn call_is_lost_when_its_connection_is_gone_twice_in_a_row() {
        let mut call = LostRequest::default();
        assert!(call.look(Some(gone()), None).is_none());
        assert!(call.look(Some(gone()), None).is_some());

        let stands = Arc::new(Handshake::default());
        stands.stands();
        let mut call = LostRequest::default();
        assert!(call.look(Some(gone()), Some(&stands)).is_none());
        assert!(call.look(Some(Arc::clone(&stands)), Some(&stands)).is_none());
        assert!(call.look(Some(gone()), Some(&stands)).is_none(), "not twice in a row");
        assert!(call.look(Some(gone()), Some(&stands)).is_some());
    }

    #[test]
    fn call_without_connection_or_waiting_for_one_is_not_lost() {
        let pending = Handshake::default();
        let mut call = LostRequest::default();
        for _ in 0..3 {
            assert!(call.look(None, None).is_none());
            assert!(call.look(Some(gone()), Some(&pending)).is_none());
        }
    }
}
