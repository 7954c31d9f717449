//! What the faces say, in order: heading, verdicts, and the sections under them.

use super::grids;
use super::piece::{Line, Part, Section};
use super::words::{self, FEW};
use crate::audit::budget::result::{Budget, Caught, Group, Sla};
use crate::reconcile::thousands;

/// The headline without a sign: `hallucination budget of acme/shop, 2026-Q3`.
pub(super) fn headline(budget: &Budget) -> String {
    format!("Hallucination budget of {}, {}", budget.repository, budget.period.label)
}

/// Both rates of the LLM-assisted cohort with their verdicts, and what may still change them.
pub(super) fn verdicts(budget: &Budget) -> Vec<(&'static str, String)> {
    let llm = &budget.llm;
    let mut lines = vec![("rollback", words::sentence(&llm.rollback)), ("escape", words::sentence(&llm.escape))];
    lines.extend(words::immature(llm.immature, llm.pulls, budget.limits.window_days).map(|text| ("", text)));
    lines
}

/// All sections that have something to say.
pub(super) fn sections(budget: &Budget) -> Vec<Section> {
    let all = [
        Section::of("Notices", true, vec![Part::Lines(budget.notices.iter().map(|notice| prose(notice)).collect())]),
        Section::of("Rates", true, vec![Part::Grid(grids::rates(budget)), Part::Note(BOUNDS.into())]),
        trend(budget),
        adoption(budget),
        Section::of("Cycle time", true, vec![Part::Grid(grids::cycle(budget)), Part::Note(CYCLE.into())]),
        caught(&budget.caught),
        sla(&budget.sla),
        outside(budget),
        groups("By layer", &budget.by_layer, false),
        groups("By assistant", &budget.by_assistant, false),
        groups("By SQL model", &budget.by_model, true),
        Section::of("Rolled back", false, vec![Part::Grid(grids::rollbacks(&budget.rollbacks))]),
        Section::of("Escaped", false, vec![Part::Grid(grids::escapes(&budget.escapes))]),
        Section::of("Listed, not counted", false, vec![Part::Grid(grids::listed(&budget.listed))]),
        candidates(budget),
        Section::of(
            "Records and labels disagree",
            false,
            vec![Part::Grid(grids::disagreements(&budget.disagreements)), Part::Note("The record counts.".into())],
        ),
    ];
    all.into_iter().flatten().collect()
}

const BOUNDS: &str = "In brackets, and under the rates: the two-sided 95% interval. The verdict stands on the two bounds, \
                      each 95% by itself: met when the upper one is within the budget, exceeded when the lower one is \
                      above it, else unproven.";
const CYCLE: &str = "Median / 90th percentile, from when a pull request was opened, or was ready where it began as a \
                     draft. Reviews and approvals are those of people other than the author.";

fn prose(text: &str) -> Line {
    Line::default().prose(text)
}

fn trend(budget: &Budget) -> Option<Section> {
    let mut notes = Vec::new();
    if budget.trend.iter().any(|quarter| quarter.immature) {
        let window = words::window(budget.limits.window_days);
        notes.push(Part::Note(format!(
            "immature: the quarter has not ended, or a part of it is younger than {window}; its rates may still rise."
        )));
    }
    let mut parts = vec![Part::Grid(grids::trend(budget))];
    parts.append(&mut notes);
    parts.push(Part::Grid(grids::burnt(budget)));
    Section::of("Trend", true, parts)
}

fn adoption(budget: &Budget) -> Option<Section> {
    let adoption = &budget.adoption;
    let (llm, of) = (thousands(adoption.llm), thousands(adoption.of));
    let (bots, docs) = (thousands(adoption.bots), thousands(adoption.docs_only));
    let of = match adoption.rate {
        Some(rate) => {
            format!("at least {} ({llm} of {of}; apart: {bots} bots, {docs} documentation)", words::percent(rate))
        }
        None => format!("nothing was merged (apart: {bots} bots, {docs} documentation)"),
    };
    let mut lines = vec![Line::of(of)];
    if !adoption.undeclared.is_empty() {
        lines.push(
            Line::of("opened by a coding agent and declared by nobody, among the bots: ").pulls(&adoption.undeclared),
        );
    }
    Section::of("Adoption", true, vec![Part::Lines(lines)])
}

fn caught(caught: &Caught) -> Option<Section> {
    let mut lines = Vec::new();
    if caught.recorded > 0 && caught.by_rule.is_empty() {
        lines.push(Line::of(format!("gates: nothing, as {} tell", records(caught.recorded))));
    }
    if !caught.changes_requested.is_empty() {
        let count = words::pulls(caught.changes_requested.len() as u64);
        lines.push(Line::of(format!("a person asked for changes on {count}: ")).pulls(&caught.changes_requested));
    }
    if !caught.remarks.is_empty() {
        lines.push(Line::of("remarks that hold one of the words ").names(&caught.words));
    }
    let mut parts = vec![Part::Grid(grids::rules(&caught.by_rule))];
    if !caught.by_rule.is_empty() {
        parts.push(Part::Note(format!("As {} tell.", records(caught.recorded))));
    }
    parts.push(Part::Lines(lines));
    parts.push(Part::Grid(grids::remarks(&caught.remarks)));
    Section::of("Caught before the merge", false, parts)
}

fn records(count: u64) -> String {
    format!("the records of {}", words::pulls(count))
}

fn sla(sla: &Sla) -> Option<Section> {
    let rows = [
        ("in time: ", &sla.within),
        ("late: ", &sla.late),
        ("labelled `rollback`, and no revert is known: ", &sla.unknown),
    ];
    let told = rows.into_iter().filter(|(_, numbers)| !numbers.is_empty());
    let lines = told.map(|(what, numbers)| Line::default().prose(what).pulls(numbers)).collect();
    Section::of("Rollbacks against their layer's time", true, vec![Part::Lines(lines)])
}

fn outside(budget: &Budget) -> Option<Section> {
    let numbers = &budget.outside_window;
    let lines = match numbers.as_slice() {
        [] => Vec::new(),
        _ => vec![Line::of(format!("{}: ", words::pulls(numbers.len() as u64))).pulls(numbers)],
    };
    Section::of("Merged outside their window", false, vec![Part::Lines(lines)])
}

/// Groups of at least one pull request; of SQL models only those with a rollback or an escape, the others counted.
fn groups(title: &'static str, groups: &[Group], only_bad: bool) -> Option<Section> {
    let bad = |group: &&Group| group.rollback.count > 0 || group.escape.count > 0;
    let merged = |group: &&Group| group.rollback.of > 0 || group.escape.of > 0;
    let all: Vec<&Group> = groups.iter().filter(merged).collect();
    let shown: Vec<&Group> = all.iter().copied().filter(|group| !only_bad || bad(group)).collect();
    let mut parts = vec![Part::Grid(grids::groups(&shown))];
    let quiet = all.len() - shown.len();
    if quiet > 0 {
        let more = if shown.is_empty() { "" } else { "more " };
        let models = if quiet == 1 { "model" } else { "models" };
        parts.push(Part::Lines(vec![Line::of(format!(
            "{} {more}{models} without a rollback or an escape",
            thousands(quiet as u64)
        ))]));
    }
    if shown.iter().any(|group| group.rollback.of < FEW || group.escape.of < FEW) {
        parts.push(Part::Note(format!(
            "* of fewer than {FEW} pull requests: the rate says little, look at the pull requests themselves."
        )));
    }
    Section::of(title, false, parts)
}

fn candidates(budget: &Budget) -> Option<Section> {
    let parts = vec![
        Part::Grid(grids::candidates(&budget.candidates)),
        Part::Note("Blame leads from the fix to the pull request, which proves nothing: confirm with the label escape, or refuse with escape:not.".into()),
    ];
    Section::of("Candidates for an escape", false, parts)
}
