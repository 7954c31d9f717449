//! `on-run-start` and `on-run-end` hooks belong to no model: the safety gate judges them under the strictest layer.

use super::Inputs;
use super::judge::{Judged, weigh};
use crate::gates::{Context, safety};
use crate::project::Project;
use std::time::Instant;

/// The outcome of the safety gate on the project's own hooks, when the pull request changes them. It stands under the
/// project's name, since no model is to blame.
pub(super) fn judge_hooks(inputs: &Inputs<'_>, cx: &Context<'_>) -> Option<Judged> {
    let (base, head) = (texts(&inputs.base.project), texts(&inputs.head.project));
    if base == head || head.is_empty() {
        return None;
    }
    let start = Instant::now();
    let none = serde_json::json!({});
    let checked = safety::project_hooks(inputs.policy.options.get("safety").unwrap_or(&none), cx);
    let ms = start.elapsed().as_millis() as u64;
    Some(weigh("safety", checked, &inputs.head.project.name, &inputs.policy.strictest, inputs, ms))
}

fn texts(project: &Project) -> Vec<(&str, Result<&str, &str>)> {
    project.hooks.iter().map(|h| (h.event.as_str(), h.sql.as_deref().map_err(|e| e.message.as_str()))).collect()
}
