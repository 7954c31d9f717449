//! The rest of lists that are longer than what comes with a pull request, many of them in one request.

use super::ask::Asker;
use super::kept::Kept;
use super::pulls::Rest;
use super::query::{self, Query};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Lists of one request.
const LISTS: usize = 20;

/// Reads a page of each of some lists; gives the numbers of their pull requests, `None` when every list is whole.
pub(super) fn step(asker: &Asker, kept: &mut Kept) -> Result<Option<Vec<u64>>> {
    let open = kept.pulls.values().flat_map(|p| p.rest.iter().map(|r| (p.pull.number, r.clone())));
    let open: Vec<(u64, Rest)> = open.take(LISTS).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let count = |size: usize| open.len().min((LISTS * size / query::PAGE).max(1));
    let asked = std::cell::Cell::new(0);
    let data = asker.ask(&mut Vec::new(), &|size, _| {
        asked.set(count(size));
        text(&open[..count(size)])
    })?;
    let mut numbers = Vec::new();
    for (i, (number, rest)) in open.iter().take(asked.get()).enumerate() {
        let what = || format!("reading the rest of pull request #{number}");
        let node = data.get(query::alias(i)).filter(|n| !n.is_null());
        let node: &Value = node.with_context(|| format!("{}: GitHub does not find it any more", what()))?;
        let read = kept.pulls.get_mut(number).with_context(what)?;
        let next = read.extend(rest.list, node).with_context(what)?;
        if next.as_ref() == Some(&rest.after) {
            bail!("{}: GitHub gives the same page again and again", what());
        }
        read.rest.retain(|r| r.list != rest.list);
        read.rest.extend(next.map(|after| Rest { list: rest.list, after }));
        read.settle();
        numbers.push(*number);
    }
    numbers.dedup();
    Ok(Some(numbers))
}

/// The query for these.
pub(super) fn text(open: &[(u64, Rest)]) -> Query {
    let mut query = Query::default();
    for (i, (number, rest)) in open.iter().enumerate() {
        let alias = query::alias(i);
        let number = query.variable(&format!("{alias}number"), "Int!", query::number(*number));
        let after = query.variable(&format!("{alias}after"), "String!", rest.after.as_str());
        query.field(&format!("{alias}: pullRequest(number: {number}) {{ {} }}", rest.list.field(&after)));
    }
    query
}
