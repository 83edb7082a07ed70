//! Signature activation data (SAD): what a signer authorised, and how much of it remains.
//!
//! A *transaction* is one agreement: a credential and a number of signatures. A SAD is the ticket to it for a short while;
//! `extendTransaction` trades a ticket for a new one of the same transaction, with new hashes, and never adds signatures.
//! With SCAL 2 a ticket names the hashes, and each is signed once; with SCAL 1 it is good for as many as are left.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::code_store::{CodeStanding, Shelf};
use super::refusal::Refused;

#[derive(Default)]
pub(super) struct Transactions {
    open: HashMap<u64, Transaction>,
    tickets: Shelf<Ticket>,
    count: u64,
}

pub(super) struct Transaction {
    pub(super) credential: String,
    /// The client whose code created it, and the family of the code; `None` for `credentials/authorize`.
    pub(super) code: Option<(String, u64)>,
    pub(super) remaining: u32,
}

#[derive(Clone)]
struct Ticket {
    transaction: u64,
    /// The hashes that may be signed, as bytes; `None` binds to the number only.
    hashes: Option<Vec<Vec<u8>>>,
}

const TOO_MANY: &str = "Numbers of signatures is too high";

impl Transactions {
    /// A ticket to a new transaction; with SCAL 2, for these hashes.
    pub(super) fn open(
        &mut self,
        transaction: Transaction,
        hashes: Option<Vec<Vec<u8>>>,
        lifetime: Duration,
        now: SystemTime,
    ) -> String {
        self.count += 1;
        self.open.insert(self.count, transaction);
        let sad = self.tickets.put(Ticket { transaction: self.count, hashes }, now + lifetime, now);
        self.open.retain(|id, _| self.tickets.things().any(|ticket| ticket.transaction == *id));
        sad
    }

    /// A new ticket for an old one, which is void from then on.
    pub(super) fn extend(
        &mut self,
        sad: &str,
        credential: &str,
        hashes: Option<Vec<Vec<u8>>>,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<String, Refused> {
        let Ticket { transaction, .. } = self.valid(sad, credential, now)?;
        let remaining = self.open.get(&transaction).map_or(0, |open| open.remaining);
        let wanted = hashes.as_ref().map_or(1, Vec::len);
        if u32::try_from(wanted).map_or(true, |wanted| wanted > remaining) {
            return Err(Refused::request(TOO_MANY));
        }
        self.tickets.remove(sad);
        Ok(self.tickets.put(Ticket { transaction, hashes }, now + lifetime, now))
    }

    /// Consumes the right to sign these hashes, all or none. It is not returned.
    pub(super) fn consume(
        &mut self,
        sad: &str,
        credential: &str,
        hashes: &[Vec<u8>],
        now: SystemTime,
    ) -> Result<(), Refused> {
        let mut ticket = self.valid(sad, credential, now)?;
        if let Some(left) = &mut ticket.hashes {
            for hash in hashes {
                let index = left.iter().position(|authorised| authorised == hash);
                left.swap_remove(index.ok_or_else(|| Refused::request("Hash is not authorized by the SAD"))?);
            }
        }
        let open = self.open.get_mut(&ticket.transaction).filter(|open| open.remaining > 0);
        let open = open.ok_or_else(|| Refused::parameter("SAD"))?;
        let wanted = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
        open.remaining = open.remaining.checked_sub(wanted).ok_or_else(|| Refused::request(TOO_MANY))?;
        if let Some((own, _)) = self.tickets.get_mut(sad) {
            *own = ticket;
        }
        Ok(())
    }

    /// The client whose code created this ticket; `None` inside if no code did.
    pub(super) fn client(&self, sad: &str) -> Option<Option<&str>> {
        let open = self.open.get(&self.tickets.get(sad)?.transaction)?;
        Some(open.code.as_ref().map(|(client, _)| client.as_str()))
    }

    pub(super) fn revoke(&mut self, sad: &str) {
        self.tickets.remove(sad);
    }

    /// Revokes everything from a code that was presented twice.
    pub(super) fn end_family(&mut self, family: u64) {
        let open = &mut self.open;
        open.retain(|_, transaction| transaction.code.as_ref().is_none_or(|(_, own)| *own != family));
        self.tickets.retain(|ticket| open.contains_key(&ticket.transaction));
    }

    fn valid(&self, sad: &str, credential: &str, now: SystemTime) -> Result<Ticket, Refused> {
        match self.tickets.show(sad, now) {
            CodeStanding::Expired => Err(Refused::request("The SAD has expired")),
            CodeStanding::Good(ticket)
                if self.open.get(&ticket.transaction).is_some_and(|open| open.credential == credential) =>
            {
                Ok(ticket)
            }
            _ => Err(Refused::parameter("SAD")),
        }
    }
}
