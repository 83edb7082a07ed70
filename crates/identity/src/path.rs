//! The way from a leaf to its root, where several certificates could stand at one place: renewed ones, two authorities of one
//! name, cross-signed ones. Counted are, in this order: the key that signed, the right to sign, the dates, the ids that the
//! certificates name, the latest end, and the place in the file.

use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::time::SystemTime;

use crate::node::{Evidence, Node};

/// Steps of one search. Real files need some ten; in a hostile one each certificate could have signed each.
const MAX_STEPS: usize = 2000;
/// Signatures that are checked in one search.
const MAX_CHECKS: usize = 1000;
/// RFC 5280 knows no limit; OpenSSL's is 100.
const MAX_LENGTH: usize = 20;

/// The certificates of a file.
pub(crate) struct Paths<'a> {
    nodes: &'a [Option<Node<'a>>],
    now: SystemTime,
    /// Who issued whom, checked once.
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

    /// What speaks for `issuer` as the issuer of `child`.
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

    /// The issuers of a certificate, itself excepted. Where a signature was verified, what could not be checked is out.
    pub(crate) fn issuers_of(&self, child: usize) -> Vec<usize> {
        let all = (0..self.nodes.len()).filter(|index| *index != child);
        let all: Vec<(usize, Evidence)> =
            all.filter_map(|index| Some((index, self.issued_by(child, index)?))).collect();
        let any_signed = all.iter().any(|(_, evidence)| evidence.signed);
        all.into_iter().filter(|(_, evidence)| evidence.signed == any_signed).map(|(index, _)| index).collect()
    }

    /// The best path from the leaf upwards, without the root.
    pub(crate) fn best(&self, leaf: usize) -> Vec<usize> {
        let mut best: Option<Vec<usize>> = None;
        let mut open = vec![vec![leaf]];
        for _ in 0..MAX_STEPS {
            let Some(path) = open.pop() else { break };
            let mut next = self.continuations(&path);
            // What follows would be cut off where checks are missing. The first path is the most promising one.
            if best.is_some() && self.is_exhausted.get() {
                break;
            }
            if next.is_empty() {
                if best.as_ref().is_none_or(|best| self.compare(&path, best) == Ordering::Less) {
                    best = Some(path);
                }
                continue;
            }
            // The most promising is looked at first, as the search may be given up.
            next.sort_by(|one, other| self.compare(other, one));
            open.append(&mut next);
        }
        best.unwrap_or_else(|| vec![leaf])
    }

    /// The path with one certificate more, for each that may follow.
    fn continuations(&self, path: &[usize]) -> Vec<Vec<usize>> {
        let Some(last) = path.last().copied().filter(|_| path.len() < MAX_LENGTH) else { return Vec::new() };
        let issuers = self.issuers_of(last);
        let roots: Vec<usize> = issuers.iter().copied().filter(|index| self.is_root(*index)).collect();
        let may_follow = |index: &usize| {
            let Some(node) = self.node(*index) else { return false };
            let twin = |other: &usize| self.node(*other).is_some_and(|other| node.is_twin_of(other));
            // A cross-signed twin of a root leads to a server that trusts only the other root; one past its end leads nowhere.
            let of_use = node.is_inside_dates(self.now) || !roots.iter().any(twin);
            // Two authorities that signed each other are a circle.
            let circle = path.iter().any(|used| twin(used) || self.issued_by(*index, *used).is_some());
            !roots.contains(index) && of_use && !circle
        };
        let next = issuers.iter().copied().filter(may_follow);
        next.map(|index| [path, &[index]].concat()).collect()
    }

    /// `Less` is better.
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
