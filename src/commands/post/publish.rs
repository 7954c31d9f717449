//! Comment, check run, labels and record of one report.

use super::super::console;
use super::super::pull::record::text;
use super::super::pull::sources::Sources;
use super::super::pull::{self, Site, human, origin, policy, shown};
use super::caught::{self, Caught};
use super::{record, wants_comment};
use crate::audit::provenance::Provenance;
use crate::audit::review::{Judgement, LayerAsked};
use crate::audit::{labels as wanted, record::Record};
use crate::cli::{Cli, PostArgs};
use crate::finding::Severity;
use crate::github::check_run::{self, Check};
use crate::github::comment::{self, Comment, Place, Settled};
use crate::github::{ApiError, pull::Pull, viewer};
use crate::output;
use crate::output::markdown::Frame;
use crate::policy::Policy;
use crate::report::{Notice, Report};
use anyhow::Result;
use serde_json::{Value, json};

/// Everything that is said of a pull request beside its report.
pub(super) struct Told {
    /// Who or what wrote it.
    pub provenance: Provenance,
    /// The human rules, or why they could not be judged.
    pub judgement: Result<Judgement>,
    /// Layers touched; none where they could not be told.
    pub layers: Vec<LayerAsked>,
    /// The base side's policy; the built-in default where it could not be read, which `judgement` then tells.
    pub policy: Policy,
    /// What a reader must know of the policy.
    pub note: Option<String>,
}

/// Publishes. What one step may not do is told at the end; the others are done all the same.
///
/// # Errors
/// The first thing that GitHub refused.
pub(super) fn publish(cli: &Cli, args: &PostArgs, site: &Site, report: &Report, pull: &Pull) -> Result<()> {
    let told = told(args, site, pull)?;
    if let Err(error) = &told.judgement {
        console::note(cli, &format!("the human rules could not be judged: {error:#}"));
    }
    let marker = shown::marker(args.pull.key.as_deref());
    let logins = viewer::logins(&site.client);
    let place = site.comment(pull.number, &marker, &logins);
    let there = place.ours();
    let record = record::record(site, report, pull, &told, caught(cli, args, site, report, pull, &there));
    let mut first_error = None;
    let mut done = |what: &str, result: Result<()>| match result {
        Ok(()) => {}
        Err(error) => {
            let error = error.context(format!("cannot publish the {what}"));
            console::note(cli, &format!("{error:#}"));
            first_error.get_or_insert(error);
        }
    };
    let mut another_first = false;
    let settled = there.map_err(anyhow::Error::from).and_then(|there| {
        if !wants_comment(args.comment, report, !there.is_empty()) {
            return Ok(false);
        }
        let settled = sticky(site, report, pull, &told, &record, &place)?;
        // Then another run was faster, and its check run is worth waiting for.
        Ok(settled == Settled::Updated && there.is_empty())
    });
    done("comment", settled.map(|s| another_first = s));
    done("check run", check(args, site, report, pull, &record, another_first));
    done("labels", label(site, pull, &told));
    match first_error {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// What could not be read keeps the report from nobody: it stands in the comment as what it is.
fn told(args: &PostArgs, site: &Site, pull: &Pull) -> Result<Told> {
    let commits = human::commits(site, pull);
    let known = commits.as_deref().unwrap_or_default();
    let (policy, note, layers, trusted) = match human::asked(&args.pull, site, pull) {
        Ok((trusted, layers)) => (trusted.policy.clone(), trusted.note.clone(), layers, Ok(trusted)),
        Err(error) => (policy::built_in()?, None, Vec::new(), Err(error)),
    };
    let mut provenance = origin::of_pull(site, pull, known, policy.llm.label.as_deref());
    if let Err(error) = &commits {
        let message = format!("not all evidence was looked at: {error:#}");
        provenance.problems.push(Notice { severity: Severity::Warning, place: String::new(), message });
    }
    let judgement = match (trusted, commits) {
        (Ok(trusted), Ok(commits)) => {
            human::judge(site, pull, &commits, &trusted, layers.clone(), &provenance, pull::now()?)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    Ok(Told { provenance, judgement, layers, policy, note })
}

/// What was caught at this head and at those before it. What cannot be read of them is told.
fn caught(
    cli: &Cli,
    args: &PostArgs,
    site: &Site,
    report: &Report,
    pull: &Pull,
    there: &Result<Vec<Comment>, ApiError>,
) -> Caught {
    let here = caught::of_report(report);
    // Comments that do not read are told where they are to be written.
    let Ok(there) = there else { return here };
    match caught::earlier(site, args.pull.key.as_deref(), pull, there) {
        Ok(before) => caught::most(here, &before),
        Err(error) => {
            console::note(cli, &format!("the record does not tell what earlier commits held: {error:#}"));
            here
        }
    }
}

/// Settles the comment.
fn sticky(
    site: &Site,
    report: &Report,
    pull: &Pull,
    told: &Told,
    record: &Record,
    place: &Place<'_>,
) -> Result<Settled> {
    let sources = Sources::new(site, &pull.head.sha, &report.base.sha);
    let hidden = format!("{}\n{}", place.marker, caught::line(&record.hash, &pull.head.sha));
    let sections = [shown::section(&told.judgement), provenance_section(&told.provenance)];
    let note = notes(site, told);
    let frame = Frame {
        marker: &hidden,
        note: (!note.is_empty()).then_some(note.as_str()),
        sections: &sections,
        link: site.run_url.as_deref(),
    };
    let lookup = |path: &str| sources.text(path);
    let body = within_limit(&frame, |frame| output::markdown::render_framed(report, &lookup, frame));
    Ok(place.settle(&body)?)
}

/// The text with all sections; without them where they alone make it longer than GitHub takes (the check run of
/// `rowproof review` shows the people too).
fn within_limit(frame: &Frame<'_>, render: impl Fn(&Frame<'_>) -> String) -> String {
    let body = render(frame);
    if body.chars().count() <= comment::MAX_BODY {
        return body;
    }
    let told = [format!(
        "{}\nThe human rules take more room than a comment has: see the checks.\n{}",
        shown::REVIEW_START,
        shown::REVIEW_END
    )];
    render(&Frame { sections: &told, ..*frame })
}

fn notes(site: &Site, told: &Told) -> String {
    let mut notes = Vec::new();
    if site.event.workflow_run.is_some() {
        notes.push("reported by a run without any rights; people, labels and policy were asked of GitHub".to_owned());
    }
    notes.extend(told.note.as_deref().map(output::escape::markdown_prose));
    notes.join(" · ")
}

fn provenance_section(provenance: &Provenance) -> String {
    let mut text = format!("**Provenance:** {}\n", output::escape::markdown_prose(&provenance.says()));
    for problem in &provenance.problems {
        text.push_str(&format!("- {}\n", output::escape::markdown_prose(&problem.message)));
    }
    text
}

fn check(
    args: &PostArgs,
    site: &Site,
    report: &Report,
    pull: &Pull,
    record: &Record,
    another_first: bool,
) -> Result<()> {
    let frame = Frame { link: site.run_url.as_deref(), ..Frame::default() };
    let annotations: Vec<Value> = output::check_run::annotations(report).into_iter().map(annotation).collect();
    let check = Check {
        name: shown::check_name(args.pull.key.as_deref()),
        head_sha: pull.head.sha.clone(),
        external_id: format!("{}{}", check_run::OURS, record.hash),
        conclusion: if report.exit_code() == 0 { "success" } else { "failure" },
        details_url: site.run_url.clone(),
        title: output::check_run::title(report),
        summary: output::check_run::summary(report, &frame),
        text: Some(text(record)),
        annotations,
    };
    Ok(check_run::settle(&site.client, &site.repository, &check, another_first)?)
}

fn annotation(a: output::check_run::Annotation) -> Value {
    let mut value = json!({
        "path": a.path,
        "start_line": a.start_line,
        "end_line": a.end_line,
        "annotation_level": a.level,
        "title": a.title,
        "message": a.message,
    });
    for (key, number) in [("start_column", a.start_column), ("end_column", a.end_column)] {
        if let Some(number) = number {
            value[key] = number.into();
        }
    }
    if let Some(details) = a.raw_details {
        value["raw_details"] = details.into();
    }
    value
}

/// Adds the labels of an LLM-assisted change; takes none away, since people set them too.
fn label(site: &Site, pull: &Pull, told: &Told) -> Result<()> {
    let llm = &told.policy.llm;
    let Some(name) = llm.label.as_deref().filter(|_| told.provenance.assisted) else { return Ok(()) };
    let bar: Vec<String> = match &told.judgement {
        Ok(judgement) => judgement.seats.iter().map(|s| s.role.clone()).collect(),
        // Unknown people are no reason to leave the label away.
        Err(_) => told.layers.iter().flat_map(|l| l.layer(&told.policy).review.clone()).collect(),
    };
    shown::set(site, pull, &wanted::wanted(name, &llm.add_labels, &bar))
}
