//! Tests of unchanged models downstream: what a change breaks there is this change's defect.

use super::{Before, before, defect, enabled, judge, on_base, rule, run_all};
use crate::engine::Side;
use crate::finding::Finding;
use crate::gates::{Change, Context, Data};
use crate::project::DataTest;
use crate::report::ChangeKind;
use std::collections::BTreeSet;

/// Tests of the models that read this change by way of unchanged models only: behind another change, that one answers.
/// `own` are the tests that the model is judged by already.
pub(super) fn tests<'a>(change: &Change<'_>, cx: &Context<'a>, own: &[&DataTest]) -> Vec<&'a DataTest> {
    if change.same_output() {
        return Vec::new();
    }
    let reached = reached(change, cx);
    let is_own = |test: &DataTest| own.iter().any(|o| o.unique_id == test.unique_id);
    let concerns = |test: &&DataTest| match &test.attached {
        Some(attached) => reached.contains(attached.as_str()),
        None => test.depends_on.iter().any(|id| reached.contains(id.as_str())),
    };
    let all = cx.head.project.tests.values().filter(concerns).filter(enabled);
    // A test that the pull request adds or changes is judged with the model that declares it.
    all.filter(|test| !is_own(test) && on_base(test, cx.base).is_some()).collect()
}

/// Unchanged models downstream, up to the next change.
fn reached<'a>(change: &Change<'_>, cx: &Context<'a>) -> BTreeSet<&'a str> {
    let changed: BTreeSet<&str> = cx
        .changes
        .iter()
        .filter(|c| c.kind != ChangeKind::Removed && !c.same_output())
        .map(|c| c.unique_id.as_str())
        .collect();
    let children = cx.head.children();
    let mut reached = BTreeSet::new();
    let mut open = vec![change.unique_id.as_str()];
    while let Some(next) = open.pop() {
        for &child in children.get(next).into_iter().flatten() {
            if !changed.contains(child) && reached.insert(child) {
                open.push(child);
            }
        }
    }
    reached
}

/// What the tests downstream say.
#[derive(Default)]
pub(super) struct Ran {
    /// One for each test that fails more than on base.
    pub(super) findings: Vec<Finding>,
    /// Those that base can run and head cannot, and why.
    pub(super) not_run: Vec<(String, anyhow::Error)>,
}

/// Runs them on head, and on base what fails there.
pub(super) fn run(tests: &[&DataTest], cx: &Context<'_>, data: &dyn Data) -> Ran {
    let mut ran = Ran::default();
    for (test, outcome) in tests.iter().zip(run_all(tests, Side::Head, data)) {
        let of = test.attached.as_deref().map(|id| format!(" of {}", cx.head.display_name(id))).unwrap_or_default();
        let named = format!("{}{of}", test.name);
        match outcome.and_then(|count| Ok((count, judge(test, count, data)?))) {
            Ok((_, None)) => {}
            Ok((count, Some(severity))) => match before(test, cx, data) {
                Before::Count(base) if base >= count => {}
                base => {
                    let (_, what) = defect(test, count);
                    let note =
                        if matches!(base, Before::Count(0.0)) { "it passes on base" } else { "it fails less on base" };
                    let message = format!("downstream, {named} fails: {count} {what}; {note}");
                    let finding = rule("test/breaks-downstream", message).at(test.place.location()).severity(severity);
                    ran.findings.push(finding.evidence("failures", count).evidence("test", &*test.unique_id));
                }
            },
            Err(error) if !matches!(before(test, cx, data), Before::Unknown) => ran.not_run.push((named, error)),
            // Base cannot run it either: nothing that this change did.
            Err(_) => {}
        }
    }
    ran
}
