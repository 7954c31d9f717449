//! Comments of pull requests and of their lines, many pull requests in one request.

use super::Store;
use super::ask::Asker;
use super::nodes::{self, CommentNode, Connection};
use super::query::{self, Query};
use crate::history::{Comment, MergedPull};
use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Pull requests of one request.
pub(super) const BATCH: usize = 100;
/// Name of what is kept.
pub(super) const NAME: &str = "comments";

#[derive(Serialize, Deserialize)]
struct Line {
    number: u64,
    /// A comment changes this of its pull request.
    updated_at: Timestamp,
    comments: Vec<Comment>,
}

/// A list to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Open {
    /// Both lists of a pull request, from the start.
    Pull,
    Comments(String),
    Threads(String),
    /// A thread's id, and where its comments go on.
    Thread(String, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    comments: Option<Connection<CommentNode>>,
    review_threads: Option<Connection<ThreadNode>>,
}

#[derive(Deserialize)]
struct ThreadNode {
    #[serde(default)]
    id: String,
    comments: Connection<CommentNode>,
}

/// All comments of each, oldest first.
pub(super) fn comments(
    asker: &Asker,
    pulls: &[&MergedPull],
    store: &mut dyn Store,
) -> Result<BTreeMap<u64, Vec<Comment>>> {
    let lines = store.lines(NAME);
    let kept = lines.iter().map_while(|l| serde_json::from_str::<Line>(l).ok());
    let kept: BTreeMap<u64, Line> = kept.map(|l| (l.number, l)).collect();
    if lines.len() > 2 * kept.len() {
        // Most of them were overtaken by later ones.
        let lines: Vec<String> = kept.values().map(serde_json::to_string).collect::<Result<_, _>>()?;
        store.replace(NAME, &lines);
    }
    let mut found = BTreeMap::new();
    let mut missing: BTreeMap<u64, Timestamp> = BTreeMap::new();
    for pull in pulls {
        match kept.get(&pull.number).filter(|l| l.updated_at == pull.updated_at) {
            Some(line) => drop(found.insert(pull.number, line.comments.clone())),
            None => drop(missing.insert(pull.number, pull.updated_at)),
        }
    }
    let numbers: Vec<u64> = missing.keys().copied().collect();
    for batch in numbers.chunks(BATCH) {
        for (number, comments) in read(asker, batch)? {
            let line = Line { number, updated_at: missing[&number], comments: comments.clone() };
            store.append(NAME, &serde_json::to_string(&line)?);
            found.insert(number, comments);
        }
    }
    Ok(found)
}

fn read(asker: &Asker, numbers: &[u64]) -> Result<BTreeMap<u64, Vec<Comment>>> {
    let mut found: BTreeMap<u64, Vec<Comment>> = numbers.iter().map(|n| (*n, Vec::new())).collect();
    let mut open: Vec<(u64, Open)> = numbers.iter().map(|n| (*n, Open::Pull)).collect();
    while !open.is_empty() {
        let batch: Vec<(u64, Open)> = open.iter().take(asker.size()).cloned().collect();
        let data = match asker.once(text(&batch)) {
            Ok(data) => data,
            Err(error) if error.is_overload() && asker.shrink() => continue,
            Err(error) => return Err(asker.explained(error)),
        };
        open.drain(..batch.len());
        for (i, (number, list)) in batch.iter().enumerate() {
            let what = || format!("the comments of pull request #{number}");
            let comments = found.get_mut(number).with_context(what)?;
            let more = take(&data, i, list, comments).with_context(what)?;
            if more.contains(list) {
                bail!("{}: GitHub gives the same page again and again", what());
            }
            open.extend(more.into_iter().map(|m| (*number, m)));
        }
    }
    for comments in found.values_mut() {
        comments.sort_by(|a, b| (a.at, &a.by, &a.body).cmp(&(b.at, &b.by, &b.body)));
    }
    Ok(found)
}

/// The query for these lists.
pub(super) fn text(open: &[(u64, Open)]) -> Query {
    let mut query = Query::default();
    for (i, (number, list)) in open.iter().enumerate() {
        let alias = query::alias(i);
        let mut after = |cursor: &str| query.variable(&format!("{alias}after"), "String!", cursor);
        let fields = match list {
            Open::Pull => "comments(first: 50) { ...Comments } reviewThreads(first: 20) { ...Threads }".to_owned(),
            Open::Comments(cursor) => format!("comments(first: 100, after: {}) {{ ...Comments }}", after(cursor)),
            Open::Threads(cursor) => format!("reviewThreads(first: 20, after: {}) {{ ...Threads }}", after(cursor)),
            Open::Thread(id, cursor) => {
                let after = after(cursor);
                let id = query.variable(&format!("{alias}id"), "ID!", id.as_str());
                query.root(&format!(
                    "{alias}: node(id: {id}) {{ ... on PullRequestReviewThread {{ comments(first: 100, after: {after}) {{ ...LineComments }} }} }}"
                ));
                continue;
            }
        };
        let number = query.variable(&format!("{alias}number"), "Int!", query::number(*number));
        query.field(&format!("{alias}: pullRequest(number: {number}) {{ {fields} }}"));
    }
    query
}

/// Takes in what an answer has of a list; gives what is still to be read.
fn take(data: &Value, i: usize, list: &Open, comments: &mut Vec<Comment>) -> Result<Vec<Open>> {
    let mut more = Vec::new();
    let alias = query::alias(i);
    let thread = matches!(list, Open::Thread(..));
    let place = if thread { format!("/{alias}") } else { format!("/repository/{alias}") };
    let node = data.pointer(&place).filter(|n| !n.is_null()).context("GitHub does not find it any more")?.clone();
    if let Open::Thread(id, _) = list {
        let node: ThreadNode = nodes::decode(node, || "a thread".to_owned())?;
        let next = add(node.comments, comments)?;
        more.extend(next.map(|after| Open::Thread(id.clone(), after)));
        return Ok(more);
    }
    let node: PullNode = nodes::decode(node, || "the pull request".to_owned())?;
    let (wants_comments, wants_threads) = match list {
        Open::Pull => (true, true),
        Open::Comments(_) => (true, false),
        Open::Threads(_) | Open::Thread(..) => (false, true),
    };
    if wants_comments {
        let next = add(node.comments.context("no `comments`")?, comments)?;
        more.extend(next.map(Open::Comments));
    }
    if wants_threads {
        let (threads, next) = node.review_threads.context("no `reviewThreads`")?.take()?;
        more.extend(next.map(Open::Threads));
        for thread in threads {
            let next = add(thread.comments, comments)?;
            more.extend(next.map(|after| Open::Thread(thread.id.clone(), after)));
        }
    }
    Ok(more)
}

fn add(page: Connection<CommentNode>, comments: &mut Vec<Comment>) -> Result<Option<String>> {
    let (nodes, next) = page.take()?;
    comments.extend(nodes.into_iter().map(CommentNode::plain));
    Ok(next)
}
