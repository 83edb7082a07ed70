//! The types of the records that follow a TLS 1.2 handshake. They are in clear text, whatever the library above shows.

const HANDSHAKE: u8 = 22;

/// Reads the types of the records that follow a TLS 1.2 handshake: encrypted, but for these.
#[derive(Debug, Default)]
pub(crate) struct RecordTypes {
    head: [u8; 5],
    known: usize,
    left: usize,
}

impl RecordTypes {
    /// Whether a handshake message is among the records that begin in `bytes`: the server wants a second handshake.
    pub(crate) fn begins_handshake(&mut self, mut bytes: &[u8]) -> bool {
        let mut found = false;
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let Some((next, rest)) = bytes.split_first() else { break };
            self.head[self.known] = *next;
            self.known += 1;
            bytes = rest;
            if self.known == self.head.len() {
                found |= self.head[0] == HANDSHAKE;
                self.known = 0;
                self.left = usize::from(u16::from_be_bytes([self.head[3], self.head[4]]));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALERT: u8 = 21;
    const APPLICATION_DATA: u8 = 23;

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend((payload.len() as u16).to_be_bytes());
        record.extend(payload);
        record
    }

    #[test]
    fn second_handshake_shows_in_the_type_of_its_record() {
        let data = [record(APPLICATION_DATA, &[HANDSHAKE; 40]), record(ALERT, &[1, 0])].concat();
        let hello = record(HANDSHAKE, &[9; 30]);
        for size in 1..data.len() {
            let mut types = RecordTypes::default();
            assert!(!data.chunks(size).any(|part| types.begins_handshake(part)), "{size}");
            let found: Vec<_> = hello.chunks(size).map(|part| types.begins_handshake(part)).collect();
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "{size}");
        }
    }
}
