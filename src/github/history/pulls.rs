//! Pull requests as the answers give them, page by page of each of their lists, put together.

use super::nodes::{
    Actor, Checked, CommitNode, Connection, Event, File, Name, Nodes, PullCommit, PullNode, ReviewNode, Run, decode,
};
use super::query::List;
use crate::github::check_run::OURS;
use crate::history::{DraftEvent, LabelEvent, MergedPull, Review, ReviewState};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pull request, and what is still to be read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PullRead {
    pub pull: MergedPull,
    /// Lists that go on.
    pub rest: Vec<Rest>,
    /// How many files GitHub counts.
    changed_files: u64,
    /// There are more check runs than were looked at.
    pub checks_cut: bool,
}

/// A list that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub list: List,
    pub after: String,
}

/// A page of pull requests that were merged, and where the next one begins.
pub(super) fn merged(data: &Value, check_name: &str) -> Result<(Vec<PullRead>, Option<String>)> {
    let page = data.get("pullRequests").cloned().unwrap_or_default();
    let page: Connection<Value> = decode(page, || "the list of pull requests".to_owned())?;
    if page.has_hole() {
        bail!("GitHub lists a pull request and gives nothing of it");
    }
    let (nodes, next) = page.take()?;
    let mut pulls = Vec::with_capacity(nodes.len());
    for node in nodes {
        let number = node.get("number").map_or_else(|| "without a number".to_owned(), |n| format!("#{n}"));
        let node: PullNode = decode(node, || format!("pull request {number}"))?;
        if node.merged {
            pulls.push(pull(node, check_name).with_context(|| format!("pull request {number}"))?);
        }
    }
    Ok((pulls, next))
}

fn pull(node: PullNode, check_name: &str) -> Result<PullRead> {
    let (check_text, checks_cut) = node.checked.map_or((None, false), |c| record(c, check_name));
    let pull = MergedPull {
        number: node.number,
        title: node.title,
        body: node.body,
        author: node.author.map(Actor::plain),
        created_at: node.created_at,
        merged_at: node.merged_at.context("it was merged, and GitHub does not say when")?,
        updated_at: node.updated_at,
        base: node.base_ref_name,
        head_sha: node.head_ref_oid,
        merge_commit: node.merge_commit.map(CommitNode::plain),
        labels: Vec::new(),
        label_events: Vec::new(),
        draft_events: Vec::new(),
        files: Vec::new(),
        files_cut: false,
        additions: node.additions,
        deletions: node.deletions,
        commits: Vec::new(),
        reviews: Vec::new(),
        check_text,
    };
    let mut read = PullRead { pull, rest: Vec::new(), changed_files: node.changed_files, checks_cut };
    let mut rest = Vec::new();
    let mut more = |list, next: Option<String>| rest.extend(next.map(|after| Rest { list, after }));
    if let Some(labels) = node.labels {
        more(List::Labels, read.labels(labels)?);
    }
    if let Some(files) = node.files {
        more(List::Files, read.files(files)?);
    }
    more(List::Commits, read.commits(node.commits)?);
    if let Some(reviews) = node.reviews {
        more(List::Reviews, read.reviews(reviews)?);
    }
    more(List::Timeline, read.timeline(node.timeline_items)?);
    read.rest = rest;
    read.settle();
    Ok(read)
}

impl PullRead {
    /// Takes in the next page of a list, out of the answer's pull request; gives where the next one begins.
    pub fn extend(&mut self, list: List, node: &Value) -> Result<Option<String>> {
        let what = || format!("pull request #{}", self.pull.number);
        let field = |name| node.get(name).cloned().unwrap_or_default();
        match list {
            List::Labels => self.labels(decode(field("labels"), what)?),
            List::Files => self.files(decode(field("files"), what)?),
            List::Commits => self.commits(decode(field("commits"), what)?),
            List::Reviews => self.reviews(decode(field("reviews"), what)?),
            List::Timeline => self.timeline(decode(field("timelineItems"), what)?),
        }
    }

    /// Once all lists are read: in order, whatever the pages were.
    pub fn settle(&mut self) {
        let pull = &mut self.pull;
        pull.labels.sort();
        pull.labels.dedup();
        pull.files.sort();
        pull.files.dedup();
        pull.files_cut = (pull.files.len() as u64) < self.changed_files;
        pull.label_events.sort_by_key(|e| e.at);
        pull.draft_events.sort_by_key(|e| e.at);
        pull.reviews.sort_by_key(|r| r.at);
    }

    fn labels(&mut self, page: Connection<Name>) -> Result<Option<String>> {
        let (labels, next) = page.take()?;
        self.pull.labels.extend(labels.into_iter().map(|l| l.name));
        Ok(next)
    }

    fn files(&mut self, page: Connection<File>) -> Result<Option<String>> {
        let (files, next) = page.take()?;
        self.pull.files.extend(files.into_iter().map(|f| f.path));
        Ok(next)
    }

    fn commits(&mut self, page: Connection<PullCommit>) -> Result<Option<String>> {
        let (commits, next) = page.take()?;
        self.pull.commits.extend(commits.into_iter().map(|c| c.commit.plain()));
        Ok(next)
    }

    fn reviews(&mut self, page: Connection<ReviewNode>) -> Result<Option<String>> {
        let (reviews, next) = page.take()?;
        for review in reviews {
            let state = match review.state.as_str() {
                "APPROVED" => ReviewState::Approved,
                "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
                "COMMENTED" => ReviewState::Commented,
                "DISMISSED" => ReviewState::Dismissed,
                // The viewer's own, which nobody else sees yet.
                "PENDING" => continue,
                other => bail!("a review's state is `{other}`, which is none that GitHub documents"),
            };
            let Some(at) = review.submitted_at else { continue };
            self.pull.reviews.push(Review { by: review.author.map(Actor::plain), state, at, body: review.body });
        }
        Ok(next)
    }

    fn timeline(&mut self, page: Connection<Event>) -> Result<Option<String>> {
        let (events, next) = page.take()?;
        for event in events {
            let at = || event.created_at.with_context(|| format!("a {} without a time", event.kind));
            match event.kind.as_str() {
                "LabeledEvent" | "UnlabeledEvent" => {
                    let at = at()?;
                    let label = event.label.with_context(|| format!("a {} without a label", event.kind))?.name;
                    let set = event.kind == "LabeledEvent";
                    self.pull.label_events.push(LabelEvent { label, set, by: event.actor.map(Actor::plain), at });
                }
                "ReadyForReviewEvent" => self.pull.draft_events.push(DraftEvent { ready: true, at: at()? }),
                "ConvertToDraftEvent" => self.pull.draft_events.push(DraftEvent { ready: false, at: at()? }),
                _ => {}
            }
        }
        Ok(next)
    }
}

/// Text of the newest check run of ours, and whether there are more than were looked at.
fn record(checked: Nodes<Checked>, check_name: &str) -> (Option<String>, bool) {
    let mut cut = false;
    let mut newest: Option<(u64, Option<String>)> = None;
    for suites in checked.all().filter_map(|c| c.commit.check_suites) {
        cut |= suites.goes_on();
        for runs in suites.all().filter_map(|s| s.check_runs) {
            cut |= runs.goes_on();
            let ours =
                |r: &Run| r.name == check_name && r.external_id.as_deref().is_some_and(|id| id.starts_with(OURS));
            for run in runs.all().filter(ours) {
                let id = run.database_id.unwrap_or_default();
                if newest.as_ref().is_none_or(|(known, _)| id >= *known) {
                    newest = Some((id, run.text));
                }
            }
        }
    }
    (newest.and_then(|(_, text)| text), cut)
}
