//! `rowproof run`: judges a pull request and prints the report.

use super::gather::{self, Gathered};
use super::provenance::{Change, pull_of_event, undeclared};
use super::{console, faces, pull};
use crate::audit::provenance::PullText;
use crate::cli::{Cli, RunArgs};
use crate::gates::Data;
use crate::git::WORKTREE;
use crate::github::Event;
use crate::report::{PullRequestRef, Report, Verdict};
use crate::run::{self, Inputs, Selection, data::SideData};
use anyhow::{Context, Result, anyhow};

/// Judges, prints, writes the files asked for; the exit code follows the verdict.
pub(super) fn run(cli: &Cli, args: &RunArgs) -> Result<u8> {
    let pull = pull_of_event()?;
    let (report, sources) = judge(cli, args, pull.as_ref())?;
    let text = faces::render(&report, args.format, &faces::Look::of(cli), &sources)?;
    for file in &args.output {
        let format = faces::format_of(file)?;
        let text = faces::render(&report, format, &faces::Look::plain(), &sources)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    console::print(&text)?;
    let undecided = report.outcomes.iter().any(|o| o.verdict == Verdict::Error);
    Ok(match report.exit_code() {
        1 if args.exit_zero && !undecided => 0,
        1 if args.exit_zero => 2,
        code => code,
    })
}

/// The revisions to judge: as asked, else those of the event. A checkout that holds only GitHub's merge of the two
/// commits is judged as such: it is exactly what would be merged.
fn sides(args: &RunArgs, event: &Event) -> Result<(Option<String>, String)> {
    let asked = (args.base.clone(), args.head.clone());
    let Some((base, head)) = event.sides().filter(|_| asked.0.is_none() || asked.1.is_none()) else {
        return Ok((asked.0, asked.1.unwrap_or_else(|| WORKTREE.to_owned())));
    };
    if asked == (None, None) {
        let repo = gather::repository(&args.project)?;
        if !(repo.has(base) && repo.has(head))
            && let Some(parent) = repo.first_parent_of_merge(head)
        {
            return Ok((Some(parent), "HEAD".to_owned()));
        }
    }
    Ok((asked.0.or_else(|| Some(base.to_owned())), asked.1.unwrap_or_else(|| head.to_owned())))
}

/// The pull request of the event, when it is what was judged.
fn pull_request(args: &RunArgs, event: &Event, judged: &str) -> Option<PullRequestRef> {
    let pull = event.pull.as_ref()?;
    let taken = args.base.is_none() && args.head.is_none();
    (taken || judged == pull.head_sha).then(|| PullRequestRef {
        repository: event.repository.clone().unwrap_or_default(),
        number: pull.number,
        head_sha: pull.head_sha.clone(),
    })
}

/// The report, and the files of the judged side for excerpts. `described` is the
/// pull request, when it is known.
pub(super) fn judge(cli: &Cli, args: &RunArgs, described: Option<&PullText>) -> Result<(Report, faces::Sources)> {
    let bar = console::progress(cli);
    bar.set_message("reading both sides");
    let event = pull::event()?;
    let (base, head) = sides(args, &event)?;
    let gathered = gather::two_sides(&args.project, base.as_deref(), &head)?;
    let selection = Selection { gates: args.gates.clone(), models: args.select.clone() };
    let Gathered { repo, base_tree, head_tree, base, head, policy, database, mut notices } = gathered;
    let provenance =
        Change::read(&repo, &base_tree, &head_tree)?.provenance(described, policy.policy.llm.label.as_deref());
    notices.extend(provenance.problems.iter().cloned());
    notices.extend(undeclared(&policy.policy.llm, &provenance));
    let data = database.and_then(|store| SideData::new(store, &base, &head, &policy.policy, repo.root()));
    let reason = data.as_ref().err().map(|e| format!("{e:#}"));
    let data: Result<&dyn Data, &str> = match (&data, &reason) {
        (Ok(data), _) => Ok(data),
        (Err(_), Some(reason)) => Err(reason),
        (Err(_), None) => return Err(anyhow!("no data and no reason why")),
    };
    let inputs = Inputs {
        base_tree: &base_tree,
        head_tree: &head_tree,
        base: &base,
        head: &head,
        policy: &policy.policy,
        policy_side: policy.side,
        data,
        selection: &selection,
        llm: provenance.llm(),
        notices,
        pull_request: pull_request(args, &event, &head_tree.sha),
        today: jiff::Zoned::now().date(),
        progress: &|gate, model| bar.set_message(format!("{gate} {model}")),
    };
    let report = run::run(&inputs)?;
    bar.finish_and_clear();
    Ok((report, faces::Sources { head: head_tree.files.clone(), base: base_tree.files.clone() }))
}
