//! Finds the path from a leaf to its root if several certificates could be at one place: renewed ones, two
//! authorities with one name, cross-signed ones. Criteria, in this order: the signing key, the right to sign,
//! the dates, the ids that the certificates name, the latest expiry, and the position in the file.

use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::time::SystemTime;

use crate::node::{Evidence, Node};

/// Maximum steps of one search. Real files need about ten; in a hostile one every certificate could have
/// signed every other.
const MAX_STEPS: usize = 2000;
/// Maximum signature checks in one search.
const MAX_CHECKS: usize = 1000;
/// Maximum path length. RFC 5280 has no limit; OpenSSL's is 100.
const MAX_LENGTH: usize = 20;

/// The certificates of a file.
pub(crate) struct Paths<'a> {
    nodes: &'a [Option<Node<'a>>],
    now: SystemTime,
    /// Cache of who issued whom.
    evidence: RefCell<HashMap<(usize, usize), Option<Evidence>>>,
    /// Whether a signature was left unchecked.
    is_exhausted: Cell<bool>,
}

impl<'a> Paths<'a> {
    pub(crate) fn new(nodes: &'a [Option<Node<'a>>], now: SystemTime) -> Self {
        Self { nodes, now, evidence: RefCell::default(), is_exhausted: Cell::default() }
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node<'a>> {
        self.nodes.get(index)?.as_ref()
    }

    /// Returns the evidence for `issuer` as the issuer of `child`.
    pub(crate) fn issued_by(&self, child: usize, issuer: usize) -> Option<Evidence> {
        let (child_node, issuer_node) = (self.node(child)?, self.node(issuer)?);
        if !child_node.names_as_issuer(issuer_node) {
            return None;
        }
        let mut checked = self.evidence.borrow_mut();
        if let Some(known) = checked.get(&(child, issuer)) {
            return *known;
        }
        if checked.len() >= MAX_CHECKS {
            self.is_exhausted.set(true);
            return None;
        }
        *checked.entry((child, issuer)).or_insert_with(|| child_node.issued_by(issuer_node))
    }

    pub(crate) fn is_root(&self, index: usize) -> bool {
        self.issued_by(index, index).is_some()
    }

    /// Returns the issuers of a certificate, without itself. If one signature was verified, unverified ones
    /// are excluded.
    pub(crate) fn issuers_of(&self, child: usize) -> Vec<usize> {
        let all = (0..self.nodes.len()).filter(|index| *index != child);
        let all: Vec<(usize, Evidence)> =
            all.filter_map(|index| Some((index, self.issued_by(child, index)?))).collect();
        let any_signed = all.iter().any(|(_, evidence)| evidence.signed);
        all.into_iter().filter(|(_, evidence)| evidence.signed == any_signed).map(|(index, _)| index).collect()
    }

    /// Returns the best path from the leaf upwards, without the root.
    pub(crate) fn best(&self, leaf: usize) -> Vec<usize> {
        let mut best: Option<Vec<usize>> = None;
        let mut open = vec![vec![leaf]];
        for _ in 0..MAX_STEPS {
            let Some(path) = open.pop() else { break };
            let mut next = self.continuations(&path);
            // Later paths would be incomplete where checks are missing. The first path is the most promising one.
            if best.is_some() && self.is_exhausted.get() {
                break;
            }
            if next.is_empty() {
                if best.as_ref().is_none_or(|best| self.compare(&path, best) == Ordering::Less) {
                    best = Some(path);
                }
                continue;
            }
            // The most promising one is searched first, as the search may be stopped.
            next.sort_by(|one, other| self.compare(other, one));
            open.append(&mut next);
        }
        best.unwrap_or_else(|| vec![leaf])
    }

    /// Extends the path by one certificate, in each possible way.
    fn continuations(&self, path: &[usize]) -> Vec<Vec<usize>> {
        let Some(last) = path.last().copied().filter(|_| path.len() < MAX_LENGTH) else { return Vec::new() };
        let issuers = self.issuers_of(last);
        let roots: Vec<usize> = issuers.iter().copied().filter(|index| self.is_root(*index)).collect();
        let may_follow = |index: &usize| {
            let Some(node) = self.node(*index) else { return false };
            let twin = |other: &usize| self.node(*other).is_some_and(|other| node.is_twin_of(other));
            // A cross-signed twin of a root is for servers that trust only the other root; an expired one is useless.
            let of_use = node.is_inside_dates(self.now) || !roots.iter().any(twin);
            // Two authorities that signed each other form a cycle.
            let circle = path.iter().any(|used| twin(used) || self.issued_by(*index, *used).is_some());
            !roots.contains(index) && of_use && !circle
        };
        let next = issuers.iter().copied().filter(may_follow);
        next.map(|index| [path, &[index]].concat()).collect()
    }

    /// Compares two paths; `Less` is better.
    fn compare(&self, one: &[usize], other: &[usize]) -> Ordering {
        let count = |path: &[usize], is_bad: &dyn Fn(usize, usize) -> bool| {
            path.windows(2).filter(|pair| is_bad(pair[0], pair[1])).count()
        };
        let is = |index: usize, fact: &dyn Fn(&Node<'a>) -> bool| self.node(index).is_some_and(fact);
        let criteria: [&dyn Fn(usize, usize) -> bool; 4] = [
            &|_, issuer| is(issuer, &|node| node.is_authority() == Some(false)),
            &|_, issuer| is(issuer, &|node| !node.is_inside_dates(self.now)),
            &|_, issuer| is(issuer, &|node| node.is_authority().is_none()),
            &|child, issuer| self.issued_by(child, issuer).is_none_or(|evidence| !evidence.ids_agree),
        ];
        let by_criteria = criteria.iter().map(|is_bad| count(one, is_bad).cmp(&count(other, is_bad)));
        let ends = |path: &[usize]| -> Vec<_> {
            path.iter().map(|index| Reverse(self.node(*index).map(Node::not_after))).collect()
        };
        by_criteria
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| ends(one).cmp(&ends(other)))
            .then_with(|| one.cmp(other))
    }
}
