//! Everything that a count needs: the history of the branches, the policy, the records, the comments.

use super::super::console;
use super::super::pull::base::CommitFiles;
use super::super::pull::{Site, policy, record, shown};
use super::store;
use crate::audit::budget::period::{Span, quarters};
use crate::audit::budget::result::Disagreement;
use crate::audit::budget::{Records, Rules, chosen, llm_assisted, unknown_ids};
use crate::audit::ledger;
use crate::audit::record::Record;
use crate::cli::{BudgetArgs, Cli};
use crate::github::history::{self, Read, Store};
use crate::github::{ApiError, contents, ledger as branch};
use crate::history::History;
use crate::output::escape;
use crate::policy::Policy;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// Where the ledger is when nobody says otherwise.
const LEDGER: &str = "rowproof-ledger";
/// How often new commit ids may turn up: a pick of a pick of a pick.
const ROUNDS: usize = 8;

/// What was read.
pub(super) struct Collected {
    /// The history, with resolved commit ids and comments.
    pub history: History,
    /// The policy of the protected branch.
    pub policy: Policy,
    /// Folder of the project from the repository's root.
    pub project_root: String,
    /// Records, and what they disagree on.
    pub records: (BTreeMap<u64, Record>, Vec<Disagreement>),
    /// What a reader must know.
    pub notices: Vec<String>,
}

/// Reads all of it.
///
/// # Errors
/// A part that the count cannot do without could not be read.
pub(super) fn collect(cli: &Cli, site: &Site, args: &BudgetArgs, span: &Span) -> Result<Collected> {
    let since = quarters(span, args.trend).first().map_or(span.since, |q| q.since.min(span.since));
    let asked =
        history::Asked { since, branches: args.branch.clone(), check_name: shown::check_name(args.key.as_deref()) };
    let mut store = store::open(args.cache.as_deref(), &site.api_url, &site.repository, &asked, args.fresh);
    let progress = console::progress(cli);
    let tell = |p: history::Progress| {
        progress.set_message(format!("{} pull requests and {} commits in {} calls", p.pulls, p.commits, p.requests));
    };
    let read = history::read(&site.client, &site.repository, &asked, &mut store, &tell)?;
    let Read { mut history, default_branch, head_sha } = read;
    resolve(site, &mut history, &mut store)?;
    let mut notices = Vec::new();
    let (policy, project_root) = policy_of(site, args, &head_sha, &default_branch, &mut notices)?;
    let records = chosen(&history, records(site, args, &history)?);
    let rules = Rules::of(&policy, &project_root)?;
    let numbers = llm_assisted(&rules, span, &history, &records.0);
    let pulls: Vec<_> = numbers.iter().filter_map(|n| history.pulls.get(n)).collect();
    let comments = history::comments(&site.client, &site.repository, &pulls, &mut store);
    history.comments = comments.context("cannot read the comments")?;
    progress.finish_and_clear();
    if let Some(problem) = store.problem() {
        console::note(cli, &format!("nothing is kept for the next run: {problem}"));
    }
    Ok(Collected { history, policy, project_root, records, notices })
}

/// Asks for commit ids until every one that matters is known.
///
/// # Errors
/// GitHub does not answer.
pub(in crate::commands) fn resolve(site: &Site, history: &mut History, store: &mut dyn Store) -> Result<()> {
    for _ in 0..ROUNDS {
        let ids = unknown_ids(history);
        if ids.is_empty() {
            return Ok(());
        }
        let found = history::resolve(&site.client, &site.repository, &ids, store)
            .context("cannot tell which pull requests reverted commits belong to")?;
        history.resolved.extend(found);
    }
    bail!(
        "commit ids lead to further commit ids, {ROUNDS} times over; which pull requests were reverted cannot be told"
    )
}

/// The policy at the head of the default branch, or the one that is named.
fn policy_of(
    site: &Site,
    args: &BudgetArgs,
    head_sha: &str,
    default_branch: &str,
    notices: &mut Vec<String>,
) -> Result<(Policy, String)> {
    let files = CommitFiles::new(site, head_sha);
    match policy::trusted(&files, args.policy.as_deref(), args.project_dir.as_deref(), &[]) {
        Ok(trusted) => {
            if trusted.policy.folder().is_none() {
                notices
                    .push(format!("`{default_branch}` has no rowproof.yml: the budget of the built-in policy counts"));
            } else {
                notices.extend(trusted.note);
            }
            Ok((trusted.policy, trusted.project_root))
        }
        // Files that cannot be listed at all (an empty repository, say) are told, and are no reason not to count.
        Err(error) if args.policy.is_none() && is_not_found(&error) => {
            notices.push(format!("no policy was found ({error:#}): the budget of the built-in policy counts"));
            Ok((policy::built_in()?, args.project_dir.clone().unwrap_or_default()))
        }
        Err(error) => Err(error.context(format!("cannot read the policy of `{default_branch}`"))),
    }
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<ApiError>()).any(ApiError::is_not_found)
}

/// The records of the ledger and of the check runs.
fn records(site: &Site, args: &BudgetArgs, history: &History) -> Result<Records> {
    let mut records = Records { ledger: from_ledger(site, args)?, ..Records::default() };
    for pull in history.pulls.values() {
        let Some(text) = pull.check_text.as_deref().filter(|t| record::is_one(t)) else { continue };
        match record::from_text(text) {
            Some(record) => drop(records.checks.insert(pull.number, record)),
            None => records.broken.push(pull.number),
        }
    }
    Ok(records)
}

fn from_ledger(site: &Site, args: &BudgetArgs) -> Result<Vec<Record>> {
    let name = args.ledger.as_deref().unwrap_or(LEDGER);
    let shown = escape::terminal(name);
    let bytes = contents::file(&site.client, &site.repository, branch::FILE, name)
        .with_context(|| format!("cannot read the ledger on branch `{shown}`"))?;
    let Some(bytes) = bytes else {
        if args.ledger.is_some() {
            bail!("there is no {} on branch `{shown}`; name another with --ledger", branch::FILE);
        }
        return Ok(Vec::new());
    };
    let text = String::from_utf8(bytes).with_context(|| format!("the ledger on branch `{shown}` is not UTF-8"))?;
    if let Some(broken) = ledger::verify(&text).broken.first() {
        bail!(
            "the ledger on branch `{shown}` does not hold, line {} {}; nothing is counted from it (`rowproof audit verify` tells more)",
            broken.line,
            broken.message
        );
    }
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
