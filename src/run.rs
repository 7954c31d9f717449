//! One run: changes, their layers, the gates of each layer, and the verdict.
//!
//! The only place where severities of the policy are applied and verdicts are decided.

pub mod data;
mod judge;
pub mod plan;
mod policy_changes;
mod project_hooks;
mod select;
mod shared;
pub mod store;

pub use select::Selection;

use crate::gates::{Change, Context, Data, GATES, Gate};
use crate::git::SideTree;
use crate::policy::{Layer, Policy};
use crate::project::Problem;
use crate::project::bind::Bound;
use crate::project::changes::{Changed, changes};
use crate::report::{
    ChangeInfo, Llm, Notice, Outcome, PolicyUsed, ProjectInfo, PullRequestRef, Report, Revision, SCHEMA_VERSION, Tool,
};
use anyhow::Result;
use judge::{Judged, judge, run_verdict};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Everything that a run judges.
pub struct Inputs<'a> {
    /// Trusted side, as read from git.
    pub base_tree: &'a SideTree,
    /// Judged side, as read from git.
    pub head_tree: &'a SideTree,
    /// Trusted side, bound.
    pub base: &'a Bound,
    /// Judged side, bound.
    pub head: &'a Bound,
    /// The policy.
    pub policy: &'a Policy,
    /// `base`, `built-in` or `override`.
    pub policy_side: &'a str,
    /// The data, or why there is none.
    pub data: Result<&'a dyn Data, &'a str>,
    /// What of it to judge.
    pub selection: &'a Selection,
    /// Whether a language model helped, as far as the gatherer knows.
    pub llm: Llm,
    /// What the gatherer of these inputs has to say.
    pub notices: Vec<Notice>,
    /// The pull request that is judged, where the event names one.
    pub pull_request: Option<PullRequestRef>,
    /// Today, for suppressions.
    pub today: jiff::civil::Date,
    /// Told of each pair as it is done (gate id, model).
    pub progress: &'a (dyn Fn(&str, &str) + Sync),
}

/// Judges every changed model by the gates of its layer.
///
/// # Errors
/// A gate that cannot be built from the policy's options, or a selection that names nothing.
pub fn run(inputs: &Inputs<'_>) -> Result<Report> {
    let mut changed = changes(inputs.base, inputs.head, shared::differ(inputs));
    changed.retain(|c| in_root_package(inputs, c));
    let all: Vec<Change<'_>> = changed.into_iter().map(|c| pair(inputs, c)).collect();
    inputs.selection.check([inputs.base, inputs.head])?;
    let mut chosen: Vec<&Change<'_>> = all.iter().filter(|c| inputs.selection.selects(c)).collect();
    chosen.sort_by(|a, b| (&a.model().name, &a.unique_id).cmp(&(&b.model().name, &b.unique_id)));

    let cx = Context { base: inputs.base, head: inputs.head, data: inputs.data, changes: &all };
    let gates = build_gates(inputs.policy)?;
    let mut jobs: Vec<Job<'_, '_>> = Vec::new();
    for change in &chosen {
        let layer = inputs.policy.layer_of(&project_path(inputs, &change.model().path));
        let asked = gates_of(inputs.policy, layer, change);
        for (gate_id, gate) in gates.iter().filter(|(id, _)| asked.contains(*id) && inputs.selection.gate(id)) {
            jobs.push(Job { gate_id, gate: gate.as_ref(), change, layer });
        }
    }
    let mut judged: Vec<Judged> = jobs
        .par_iter()
        .map(|job| {
            let judged = judge(job.gate_id, job.gate, job.change, job.layer, &cx, inputs);
            (inputs.progress)(job.gate_id, &job.change.model().name);
            judged
        })
        .collect();
    if inputs.selection.gate("safety") && inputs.selection.is_whole() {
        judged.extend(project_hooks::judge_hooks(inputs, &cx));
    }
    if inputs.selection.gate("integrity") && inputs.selection.is_whole() {
        judged.extend(policy_changes::judge_policy(inputs));
    }
    Ok(report(inputs, &chosen, judged))
}

struct Job<'a, 'c> {
    gate_id: &'static str,
    gate: &'a dyn Gate,
    change: &'a Change<'c>,
    layer: &'a Layer,
}

fn pair<'a>(inputs: &Inputs<'a>, changed: Changed) -> Change<'a> {
    Change {
        base: inputs.base.project.models.get(&changed.unique_id),
        head: inputs.head.project.models.get(&changed.unique_id),
        unique_id: changed.unique_id,
        kind: changed.kind,
        reasons: changed.reasons,
        equivalence: changed.equivalence,
    }
}

/// Models of installed packages are not the pull request's to answer for, unless it carries them in the repository.
fn in_root_package(inputs: &Inputs<'_>, changed: &Changed) -> bool {
    let model =
        inputs.head.project.models.get(&changed.unique_id).or(inputs.base.project.models.get(&changed.unique_id));
    model.is_some_and(|m| {
        m.package == inputs.head.project.name
            || inputs.head_tree.files.contains(&m.path)
            || inputs.base_tree.files.contains(&m.path)
    })
}

/// A gate per id that any layer asks for, in the order of [`GATES`].
fn build_gates(policy: &Policy) -> Result<Vec<(&'static str, Box<dyn Gate>)>> {
    let none = serde_json::json!({});
    GATES
        .iter()
        .map(|spec| {
            let options = policy.options.get(spec.id).unwrap_or(&none);
            let gate = (spec.build)(options)
                .map_err(|e| e.context(format!("{}: options of gate `{}`", policy.path, spec.id)))?;
            Ok((spec.id, gate))
        })
        .collect()
}

/// The gates of the model's layer. What changed through a macro or the project file was changed outside any layer,
/// for many models at once: it is judged by the strictest layer's gates as well.
fn gates_of<'a>(policy: &'a Policy, layer: &'a Layer, change: &Change<'_>) -> BTreeSet<&'a str> {
    let mut asked: BTreeSet<&str> = layer.gates.iter().map(String::as_str).collect();
    let from_outside = change.reasons.iter().any(|r| r.starts_with("macro:") || r == "project");
    if from_outside {
        asked.extend(policy.strictest.gates.iter().map(String::as_str));
    }
    asked
}

fn project_path(inputs: &Inputs<'_>, path: &str) -> String {
    let root = &inputs.head.project.root;
    match path.strip_prefix(root.as_str()) {
        Some(rest) if !root.is_empty() => rest.trim_start_matches('/').to_owned(),
        _ => path.to_owned(),
    }
}

fn report(inputs: &Inputs<'_>, chosen: &[&Change<'_>], judged: Vec<Judged>) -> Report {
    let mut notices = inputs.notices.clone();
    notices.extend(problem_notices(inputs));
    notices.extend(policy_notices(inputs));
    notices.sort();
    notices.dedup();
    let verdict = run_verdict(&judged, &notices);
    let (mut outcomes, mut findings): (Vec<Outcome>, Vec<_>) = (Vec::new(), Vec::new());
    for one in judged {
        outcomes.push(one.outcome);
        findings.extend(one.findings);
    }
    findings.sort_by(|a, b| {
        let key = |f: &crate::finding::Finding| {
            (std::cmp::Reverse(f.severity), f.model.clone(), f.location.clone(), f.rule.clone(), f.column.clone())
        };
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    let revision = |tree: &SideTree| Revision { rev: tree.rev.clone(), sha: tree.sha.clone() };
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "rowproof".into(), version: env!("CARGO_PKG_VERSION").into() },
        verdict,
        base: revision(inputs.base_tree),
        head: revision(inputs.head_tree),
        policy: PolicyUsed {
            path: inputs.policy.path.clone(),
            sha256: inputs.policy.sha256.clone(),
            side: inputs.policy_side.to_owned(),
        },
        project: ProjectInfo {
            kind: inputs.head.project.kind.name().into(),
            name: inputs.head.project.name.clone(),
            dialect: inputs.head.project.dialect.name().into(),
        },
        pull_request: inputs.pull_request.clone(),
        llm: inputs.llm.clone(),
        changes: chosen.iter().map(|c| change_info(inputs, c)).collect(),
        outcomes,
        findings: judge::fingerprinted(findings),
        notices,
    }
}

fn change_info(inputs: &Inputs<'_>, change: &Change<'_>) -> ChangeInfo {
    let model = change.model();
    let side = if change.head.is_some() { inputs.head } else { inputs.base };
    let mut downstream: Vec<String> =
        side.downstream(&change.unique_id).into_iter().map(|id| side.display_name(id)).collect();
    downstream.sort();
    ChangeInfo {
        model: model.name.clone(),
        unique_id: change.unique_id.clone(),
        path: model.path.clone(),
        layer: inputs.policy.layer_of(&project_path(inputs, &model.path)).name.clone(),
        kind: change.kind,
        reasons: change.reasons.clone(),
        equivalence: change.equivalence,
        downstream,
    }
}

/// What the policy says and the project does not bear out: stale globs and suppressions.
fn policy_notices(inputs: &Inputs<'_>) -> Vec<Notice> {
    let models = [inputs.base, inputs.head].into_iter().flat_map(Bound::models);
    let models: Vec<(String, String)> = models.map(|m| (m.name.clone(), project_path(inputs, &m.path))).collect();
    let told = inputs.policy.check_against(&models, inputs.today).into_iter();
    told.map(|n| Notice {
        severity: crate::finding::Severity::Note,
        place: if n.line > 0 { format!("{}:{}", n.path, n.line) } else { n.path },
        message: n.message,
    })
    .collect()
}

/// What could not be read on head, and was readable or absent on base: new trouble is an error, old trouble a note.
fn problem_notices(inputs: &Inputs<'_>) -> Vec<Notice> {
    use crate::finding::Severity;
    let text = |p: &Problem| format!("{}; {}", p.message, p.help);
    let known: BTreeSet<(&str, String)> =
        inputs.base.project.problems.iter().map(|p| (p.place.path.as_str(), text(p))).collect();
    inputs
        .head
        .project
        .problems
        .iter()
        .map(|p| {
            let old = known.contains(&(p.place.path.as_str(), text(p)));
            let place =
                if p.place.line > 0 { format!("{}:{}", p.place.path, p.place.line) } else { p.place.path.clone() };
            Notice { severity: if old { Severity::Warning } else { Severity::Error }, place, message: text(p) }
        })
        .collect()
}
