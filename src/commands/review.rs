//! `rowproof review`: judges the human rules of a pull request again, and says so in a check run that never is neutral.
//!
//! It runs whenever something happens that could change the answer, and looks back after a merge: GitHub itself cannot
//! hold a merge window or tell a senior from a peer.

mod after;
mod rollback;
mod text;

use super::pull::shown::{self, REVIEW_END, REVIEW_START};
use super::pull::{self, Site, human, origin};
use super::{console, told};
use crate::audit::review::{Judgement, Ruling};
use crate::cli::{Cli, ReviewArgs, TextFormat};
use crate::github::check_run::{self, Check};
use crate::github::pull::Pull;
use crate::github::{comment, viewer};
use crate::output;
use anyhow::{Context, Result, bail};

/// Name of the check run.
const CHECK: &str = "rowproof review";

/// Judges; the exit code is 0 (everything asked for is there), 1 (something is not) or 2 (could not tell).
///
/// # Errors
/// No pull request is meant, or GitHub does not answer.
pub(super) fn review(cli: &Cli, args: &ReviewArgs) -> Result<u8> {
    let site = pull::site(args.pull.repo.as_deref())?;
    let numbers = match numbers(&site, args)? {
        Numbers::These(numbers) => numbers,
        Numbers::AllOpen => return all_open(cli, args, &site),
    };
    if numbers.is_empty() {
        console::note(cli, "nobody is judged: no open pull request has the commit of this run as its head");
    }
    let mut worst = 0;
    for number in numbers {
        let pull = Pull::get(&site.client, &site.repository, number)
            .with_context(|| format!("cannot read pull request #{number}"))?;
        worst = worst.max(one(cli, args, &site, &pull)?);
    }
    Ok(worst)
}

enum Numbers {
    These(Vec<u64>),
    AllOpen,
}

fn numbers(site: &Site, args: &ReviewArgs) -> Result<Numbers> {
    let event = &site.event;
    if let Some(number) = args.pull.pr {
        return Ok(Numbers::These(vec![number]));
    }
    if args.all {
        return Ok(Numbers::AllOpen);
    }
    if let Some(group) = &event.merge_group {
        let number = group.pull_number().with_context(|| {
            format!(
                "the branch of the merge group ({}) names no pull request",
                output::escape::terminal(&group.head_ref)
            )
        })?;
        return Ok(Numbers::These(vec![number]));
    }
    if let Some(pull) = &event.pull {
        return Ok(Numbers::These(vec![pull.number]));
    }
    if let Some(run) = &event.workflow_run {
        let open = Pull::all_open(&site.client, &site.repository).context("cannot list the open pull requests")?;
        return Ok(Numbers::These(open.iter().filter(|p| p.head.sha == run.head_sha).map(|p| p.number).collect()));
    }
    match event.name.as_str() {
        "schedule" | "workflow_dispatch" => Ok(Numbers::AllOpen),
        "" => bail!("which pull request is unknown: name it with --pr, or --all for all open ones"),
        other => bail!("event `{other}` names no pull request; name it with --pr, or --all for all open ones"),
    }
}

/// All open pull requests: each has its own check run; the exit code tells only whether that worked.
fn all_open(cli: &Cli, args: &ReviewArgs, site: &Site) -> Result<u8> {
    let mut failed = 0;
    for listed in Pull::all_open(&site.client, &site.repository).context("cannot list the open pull requests")? {
        // The list leaves out who turned auto-merge on and who merged.
        let judged = Pull::get(&site.client, &site.repository, listed.number)
            .map_err(anyhow::Error::from)
            .and_then(|pull| one(cli, args, site, &pull));
        if let Err(error) = judged {
            console::note(cli, &format!("#{}: {error:#}", listed.number));
            failed += 1;
        }
    }
    Ok(if failed > 0 { 2 } else { 0 })
}

fn one(cli: &Cli, args: &ReviewArgs, site: &Site, pull: &Pull) -> Result<u8> {
    let judged = judge(args, site, pull);
    let code = match judged.as_ref().map(|j| j.verdict) {
        Ok(Ruling::Pass) => 0,
        Ok(Ruling::Fail) => 1,
        Ok(Ruling::Error) | Err(_) => 2,
    };
    print(args, pull, &judged)?;
    if args.dry_run {
        return Ok(code);
    }
    match publish(args, site, pull, &judged) {
        Err(error)
            if error.chain().filter_map(|e| e.downcast_ref::<crate::github::ApiError>()).any(|e| e.is_forbidden()) =>
        {
            console::note(
                cli,
                &format!("the token may not publish ({error:#}); grant checks: write and pull-requests: write"),
            );
        }
        other => other?,
    }
    if pull.is_merged() {
        // Whatever becomes of one, the other is done all the same.
        let labelled = rollback::merged(cli, site, pull);
        if let Ok(judgement) = &judged {
            after::merged(args, site, pull, judgement)?;
        }
        labelled?;
    }
    Ok(code)
}

fn judge(args: &ReviewArgs, site: &Site, pull: &Pull) -> Result<Judgement> {
    let (trusted, layers) = human::asked(&args.pull, site, pull)?;
    let commits = human::commits(site, pull)?;
    let provenance = origin::of_pull(site, pull, &commits, trusted.policy.llm.label.as_deref());
    human::judge(site, pull, &commits, &trusted, layers, &provenance, pull::now()?)
}

fn print(args: &ReviewArgs, pull: &Pull, judged: &Result<Judgement>) -> Result<()> {
    let text = match (args.format, judged) {
        (TextFormat::Json, Ok(judgement)) => format!("{}\n", serde_json::to_string_pretty(judgement)?),
        (TextFormat::Json, Err(error)) => {
            let text = output::escape::terminal(&format!("{error:#}"));
            format!("{:#}\n", serde_json::json!({"verdict": "error", "summary": text, "findings": []}))
        }
        (TextFormat::Markdown, judged) => shown::section(judged),
        (_, Ok(judgement)) => text::terminal(judgement, pull.number),
        (_, Err(error)) => {
            format!("#{}: could not tell: {}\n", pull.number, output::escape::terminal(&format!("{error:#}")))
        }
    };
    told((text, 0)).map(drop)
}

/// The check run at the commit that is judged, and the section of the comment.
fn publish(args: &ReviewArgs, site: &Site, pull: &Pull, judged: &Result<Judgement>) -> Result<()> {
    let head = site.event.merge_group.as_ref().map_or(pull.head.sha.as_str(), |g| g.head_sha.as_str());
    let (title, passed) = match judged {
        Ok(judgement) => (judgement.summary.clone(), judgement.verdict == Ruling::Pass),
        Err(error) => (format!("could not tell: {error:#}"), false),
    };
    let title: String = output::escape::terminal(&title).chars().take(200).collect();
    let check = Check {
        name: args
            .pull
            .key
            .as_deref()
            .map_or_else(|| CHECK.to_owned(), |key| format!("{CHECK} ({})", shown::harmless(key))),
        head_sha: head.to_owned(),
        external_id: format!("{}review", check_run::OURS),
        // Neutral and skipped would satisfy a required check.
        conclusion: if passed { "success" } else { "failure" },
        details_url: site.run_url.clone(),
        title,
        summary: shown::section(judged).chars().take(check_run::MAX_TEXT).collect(),
        text: None,
        annotations: Vec::new(),
    };
    check_run::settle(&site.client, &site.repository, &check, false)?;
    renew_comment(args, site, pull, judged)
}

/// Renews the human rules within our comment, where there is one.
fn renew_comment(args: &ReviewArgs, site: &Site, pull: &Pull, judged: &Result<Judgement>) -> Result<()> {
    let marker = shown::marker(args.pull.key.as_deref());
    let logins = viewer::logins(&site.client);
    let place = site.comment(pull.number, &marker, &logins);
    let there = place.ours()?;
    let Some(found) = there.first() else { return Ok(()) };
    let Some(body) = found.body.as_deref().and_then(|b| renewed(b, &shown::section(judged))) else { return Ok(()) };
    Ok(place.update(found, &body)?)
}

/// The comment with another section; `None` when it has none, or would become too long.
fn renewed(body: &str, section: &str) -> Option<String> {
    let start = body.find(REVIEW_START)?;
    let end = start + body[start..].find(REVIEW_END)? + REVIEW_END.len();
    let new = format!("{}{}{}", &body[..start], section.trim_end(), &body[end..]);
    (new.chars().count() <= comment::MAX_BODY).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_alone_is_renewed() {
        let body = format!("head\n{REVIEW_START}\nold\n{REVIEW_END}\ntail {REVIEW_START}");
        let section = format!("{REVIEW_START}\nnew\n{REVIEW_END}\n");
        let expected = format!("head\n{REVIEW_START}\nnew\n{REVIEW_END}\ntail {REVIEW_START}");
        assert_eq!(renewed(&body, &section), Some(expected));
        assert_eq!(renewed("no section", &section), None);
    }
}
