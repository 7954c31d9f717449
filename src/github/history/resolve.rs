//! Commit ids that texts name, to commits and the pull requests that brought them.

use super::Store;
use super::ask::Asker;
use super::nodes::{self, Connection};
use super::query::{self, Query};
use crate::github::ApiError;
use crate::history::{PullRef, Resolved};
use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Ids of one request.
pub(super) const BATCH: usize = 100;
/// Name of what is kept: commits that a pull request brought, which stays so.
pub(super) const NAME: &str = "commits";

#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    resolved: Resolved,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitNode {
    oid: Option<String>,
    message: Option<String>,
    associated_pull_requests: Option<Connection<PullNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    number: u64,
    base_ref_name: String,
    merged_at: Option<Timestamp>,
}

/// What each stands for.
pub(super) fn resolve(
    asker: &Asker,
    ids: &[String],
    store: &mut dyn Store,
) -> Result<BTreeMap<String, Option<Resolved>>> {
    let lines = store.lines(NAME);
    let kept = lines.iter().map_while(|l| serde_json::from_str::<Line>(l).ok());
    let mut kept: BTreeMap<String, Resolved> = kept.map(|l| (l.id, l.resolved)).collect();
    let mut found = BTreeMap::new();
    let mut open = Vec::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        match kept.remove(id) {
            Some(resolved) => drop(found.insert(id.clone(), Some(resolved))),
            None if may_be_id(id) => open.push(id.clone()),
            None => drop(found.insert(id.clone(), None)),
        }
    }
    while !open.is_empty() {
        let batch: Vec<String> = open.iter().take(asker.size()).cloned().collect();
        match asker.once(text(&batch, None)) {
            Ok(data) => {
                open.drain(..batch.len());
                for (i, id) in batch.iter().enumerate() {
                    let resolved = one(asker, &data, i, id)?;
                    if let Some(resolved) = resolved.as_ref().filter(|r| !r.pulls.is_empty()) {
                        let line = Line { id: id.clone(), resolved: resolved.clone() };
                        store.append(NAME, &serde_json::to_string(&line)?);
                    }
                    found.insert(id.clone(), resolved);
                }
            }
            Err(error) if error.is_overload() && asker.shrink() => {}
            Err(error) => match refused(&error, &batch) {
                Some(ids) => {
                    open.retain(|id| !ids.contains(id));
                    found.extend(ids.into_iter().map(|id| (id, None)));
                }
                None => return Err(asker.explained(error)),
            },
        }
    }
    Ok(found)
}

/// Whether it can be a commit id: a query takes nothing else.
fn may_be_id(id: &str) -> bool {
    (4..=64).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The query for these; `after` goes on with the pull requests of the only one.
pub(super) fn text(ids: &[String], after: Option<&str>) -> Query {
    let mut query = Query::default();
    for (i, id) in ids.iter().enumerate() {
        let alias = query::alias(i);
        let expression = query.variable(&format!("{alias}id"), "String!", id.as_str());
        let page = match after {
            Some(after) => format!("first: 100, after: {}", query.variable("after", "String!", after)),
            None => "first: 10".to_owned(),
        };
        query.field(&format!(
            "{alias}: object(expression: {expression}) {{ ... on Commit {{ oid message associatedPullRequests({page}) {{ ...PullsOfCommit }} }} }}"
        ));
    }
    query
}

fn one(asker: &Asker, data: &Value, i: usize, id: &str) -> Result<Option<Resolved>> {
    let Some(node) = data.pointer(&format!("/repository/{}", query::alias(i))).filter(|n| !n.is_null()) else {
        return Ok(None);
    };
    let node: CommitNode = nodes::decode(node.clone(), || format!("commit {id}"))?;
    // Something other than a commit, or a branch whose name looks like an id.
    let Some(sha) = node.oid.filter(|oid| oid.starts_with(id)) else { return Ok(None) };
    let message = node.message.with_context(|| format!("commit {id} has no message"))?;
    let mut pulls = Vec::new();
    let mut next = take(node.associated_pull_requests, &mut pulls)?;
    while let Some(after) = next {
        let query = text(std::slice::from_ref(&sha), Some(&after));
        let data = asker.once(query).map_err(|e| asker.explained(e))?;
        let node = data.pointer("/repository/i0").cloned().unwrap_or_default();
        let node: CommitNode = nodes::decode(node, || format!("commit {id}"))?;
        next = take(node.associated_pull_requests, &mut pulls)?;
        if next.as_ref() == Some(&after) {
            bail!("the pull requests of commit {id}: GitHub gives the same page again and again");
        }
    }
    pulls.sort();
    pulls.dedup();
    Ok(Some(Resolved { sha, message, pulls }))
}

fn take(page: Option<Connection<PullNode>>, pulls: &mut Vec<PullRef>) -> Result<Option<String>> {
    let Some(page) = page else { return Ok(None) };
    let (nodes, next) = page.take()?;
    let merged = nodes.into_iter().filter(|n| n.merged_at.is_some());
    pulls.extend(merged.map(|n| PullRef { number: n.number, base: n.base_ref_name }));
    Ok(next)
}

/// The ids that GitHub refuses for their own sake, a short one that fits several commits for instance; `None` where an error
/// is of another kind.
fn refused(error: &ApiError, batch: &[String]) -> Option<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for error in error.errors() {
        let [repository, alias] = error.path.as_slice() else { return None };
        let at = alias.strip_prefix('i').and_then(|n| n.parse::<usize>().ok());
        if repository != "repository"
            || error.is_forbidden()
            || error.is_limit()
            || error.is_passing()
            || error.is_too_much()
        {
            return None;
        }
        ids.insert(batch.get(at?)?.clone());
    }
    (!ids.is_empty()).then_some(ids)
}
