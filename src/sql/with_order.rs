//! The order in which WITH entries are resolved: under RECURSIVE an entry may read one that stands further down.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{Cte, ObjectName, Visit, Visitor, With};

/// An entry to resolve, and the entries that it reads though they are not resolved before it: those of a circle.
pub(super) struct Turn<'w> {
    pub(super) entry: &'w Cte,
    pub(super) ahead: Vec<&'w Cte>,
}

/// The entries in an order in which each comes after those that it reads, as far as there is one.
pub(super) fn turns(with: &With) -> Vec<Turn<'_>> {
    let entries = with.cte_tables.as_slice();
    let as_written = || entries.iter().map(|entry| Turn { entry, ahead: Vec::new() }).collect();
    if !with.recursive || entries.len() < 2 {
        return as_written();
    }
    let names = entries.iter().enumerate().map(|(at, entry)| (entry.alias.name.value.to_lowercase(), at));
    let names: BTreeMap<String, usize> = names.collect();
    let mut needs: Vec<BTreeSet<usize>> = entries.iter().map(|entry| read(entry, &names)).collect();
    for (at, needs) in needs.iter_mut().enumerate() {
        needs.remove(&at);
    }
    if needs.iter().enumerate().all(|(at, needs)| needs.iter().all(|&need| need < at)) {
        return as_written();
    }
    ordered(entries, needs)
}

fn ordered(entries: &[Cte], mut needs: Vec<BTreeSet<usize>>) -> Vec<Turn<'_>> {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    for (at, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|&need| readers[need].push(at));
    }
    let mut waiting: BTreeSet<usize> = (0..entries.len()).collect();
    let mut ready: BTreeSet<usize> = waiting.iter().copied().filter(|&at| needs[at].is_empty()).collect();
    let mut turns = Vec::with_capacity(entries.len());
    while let Some(at) = ready.pop_first().or_else(|| waiting.first().copied()) {
        waiting.remove(&at);
        let ahead = std::mem::take(&mut needs[at]).into_iter().map(|need| &entries[need]).collect();
        turns.push(Turn { entry: &entries[at], ahead });
        for &reader in &readers[at] {
            if needs[reader].remove(&at) && needs[reader].is_empty() && waiting.contains(&reader) {
                ready.insert(reader);
            }
        }
    }
    turns
}

/// The entries that one names anywhere within.
fn read(entry: &Cte, names: &BTreeMap<String, usize>) -> BTreeSet<usize> {
    struct Names<'a>(&'a BTreeMap<String, usize>, BTreeSet<usize>);
    impl Visitor for Names<'_> {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            if let [only] = relation.0.as_slice()
                && let Some(ident) = only.as_ident()
            {
                self.1.extend(self.0.get(&ident.value.to_lowercase()));
            }
            ControlFlow::Continue(())
        }
    }
    let mut found = Names(names, BTreeSet::new());
    let _ = entry.query.visit(&mut found);
    found.1
}
