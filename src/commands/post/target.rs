//! Which pull request a report belongs to: told by the event and by GitHub, compared with what the report claims.

use super::super::pull::Site;
use crate::github::event::{EventPull, WorkflowRun};
use crate::github::pull::Pull;
use crate::report::{PullRequestRef, Report};
use anyhow::{Context, Result, bail};

/// What is to be done with a report.
pub(super) enum Target {
    /// Publish it there.
    Pull(Box<Pull>),
    /// There is no pull request to publish to, and none was expected (a merge group, a push).
    Nothing(String),
    /// It is of a commit that the pull request has left behind.
    Stale(String),
    /// It is of another pull request, repository or commit than the event.
    Foreign(String),
}

/// Finds the pull request; `asked` is the number that a person names.
///
/// # Errors
/// Nothing names one, or GitHub does not answer.
pub(super) fn find(site: &Site, report: &Report, asked: Option<u64>) -> Result<Target> {
    let claim = report.pull_request.as_ref();
    if let Some(claim) = claim
        && !claim.repository.eq_ignore_ascii_case(site.repository.full_name())
    {
        return Ok(Target::Foreign("the report is of another repository".to_owned()));
    }
    let event = &site.event;
    match (&event.workflow_run, &event.pull, asked) {
        (Some(run), ..) => after_run(site, report, run),
        (None, Some(pull), None) => of_event(site, report, pull),
        (None, Some(pull), Some(number)) if pull.number == number => of_event(site, report, pull),
        (None, Some(pull), Some(number)) => {
            bail!("--pr {number} is not the pull request of the event, which is #{}", pull.number)
        }
        (None, None, Some(number)) => by_number(site, report, number),
        (None, None, None) if event.merge_group.is_some() => Ok(Target::Nothing("a merge group has no comment".into())),
        (None, None, None) if !event.name.is_empty() && claim.is_none() => {
            Ok(Target::Nothing(format!("event `{}` is of no pull request", event.name)))
        }
        (None, None, None) => bail!("which pull request is unknown: name it with --pr"),
    }
}

/// Whether the report says that it judged `sha`: itself, or a merge commit made of it.
fn judged(report: &Report, sha: &str) -> bool {
    match &report.pull_request {
        Some(claim) => claim.head_sha == sha,
        None => report.head.sha == sha,
    }
}

fn other_number(claim: Option<&PullRequestRef>, number: u64) -> Option<Target> {
    let claim = claim.filter(|c| c.number != number)?;
    Some(Target::Foreign(format!("the report is of pull request #{}, the event of #{number}", claim.number)))
}

fn of_event(site: &Site, report: &Report, event: &EventPull) -> Result<Target> {
    if let Some(foreign) = other_number(report.pull_request.as_ref(), event.number) {
        return Ok(foreign);
    }
    // The commit that Actions checks out by default is a merge of the head into its base; the runner names it.
    let merge = super::super::pull::variable("GITHUB_SHA").is_some_and(|sha| {
        site.event.name == "pull_request" && report.pull_request.is_none() && report.head.sha == sha
    });
    if !judged(report, &event.head_sha) && !merge {
        let head = short(&event.head_sha);
        return Ok(Target::Foreign(format!(
            "the report is not of the event's commit {head}, but of {}",
            names(report)
        )));
    }
    let pull = get(site, event.number)?;
    if pull.head.sha != event.head_sha {
        return Ok(Target::Stale(format!("#{} has moved on from {}", pull.number, short(&event.head_sha))));
    }
    Ok(Target::Pull(Box::new(pull)))
}

/// In the privileged workflow only the event's commit and repository are trusted: the pull request must be open and have
/// both.
fn after_run(site: &Site, report: &Report, run: &WorkflowRun) -> Result<Target> {
    if !run.event.is_empty() && !run.event.starts_with("pull_request") {
        return Ok(Target::Nothing(format!("the run was started by `{}`", run.event)));
    }
    let Some(repository) = run.head_repository.as_deref() else {
        return Ok(Target::Foreign("the repository of the run's commit is gone".to_owned()));
    };
    if !judged(report, &run.head_sha) {
        let head = short(&run.head_sha);
        return Ok(Target::Foreign(format!("the report is not of the run's commit {head}, but of {}", names(report))));
    }
    let fits = |pull: &Pull| {
        pull.state == "open" && pull.head.repo.as_ref().is_some_and(|r| r.full_name.eq_ignore_ascii_case(repository))
    };
    if let Some(claim) = &report.pull_request {
        let pull = get(site, claim.number)?;
        return Ok(match (fits(&pull), pull.head.sha == run.head_sha) {
            (true, true) => Target::Pull(Box::new(pull)),
            (true, false) => Target::Stale(format!("#{} has moved on from {}", pull.number, short(&run.head_sha))),
            _ => Target::Foreign(format!("the run's commit is not the head of an open #{}", claim.number)),
        });
    }
    let owner = repository.split('/').next().unwrap_or_default();
    let open = Pull::open_from(&site.client, &site.repository, owner, &run.head_branch)
        .context("cannot list the open pull requests")?;
    let mut fitting = open.into_iter().filter(|p| fits(p) && p.head.sha == run.head_sha);
    Ok(match (fitting.next(), fitting.next()) {
        (Some(one), None) => Target::Pull(Box::new(one)),
        (None, _) => Target::Stale(format!("no open pull request has {} as its head", short(&run.head_sha))),
        (Some(_), Some(_)) => Target::Foreign("several pull requests have this head; which is meant is unknown".into()),
    })
}

fn by_number(site: &Site, report: &Report, number: u64) -> Result<Target> {
    if let Some(foreign) = other_number(report.pull_request.as_ref(), number) {
        return Ok(foreign);
    }
    let pull = get(site, number)?;
    if judged(report, &pull.head.sha) {
        return Ok(Target::Pull(Box::new(pull)));
    }
    let head = short(&pull.head.sha);
    Ok(Target::Foreign(format!("the report is not of #{number}'s head {head}, but of {}", names(report))))
}

fn get(site: &Site, number: u64) -> Result<Pull> {
    Pull::get(&site.client, &site.repository, number).with_context(|| format!("cannot read pull request #{number}"))
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

/// What the report says it judged, harmless and short.
fn names(report: &Report) -> String {
    let sha = report.pull_request.as_ref().map_or(report.head.sha.as_str(), |c| c.head_sha.as_str());
    crate::output::escape::terminal(&sha.chars().take(12).collect::<String>())
}
