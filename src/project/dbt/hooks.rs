//! Hooks: rendered SQL that runs beside models, and where it is written.

use super::assemble::info;
use super::config::as_list;
use super::load::{Loaded, Settled};
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::jinja::tokens::line_of;
use crate::project::{Hook, Place};
use serde_json::Value;
use std::collections::BTreeSet;

/// Pre- and post-hooks of a node, rendered.
pub(crate) fn of_node(loaded: &Loaded<'_>, settled: &Settled, depends_on: &mut BTreeSet<String>) -> Vec<Hook> {
    let mut out = Vec::new();
    for (event, key) in [("pre-hook", "pre_hook"), ("post-hook", "post_hook")] {
        for hook in settled.draft.config.get(key).map(as_list).unwrap_or_default() {
            let text = hook.as_str().or_else(|| hook.get("sql").and_then(Value::as_str)).map(str::to_owned);
            let Some(text) = text else { continue };
            let place = hook_place(loaded, settled, &text);
            let (job, sql) = render::text(&loaded.env, Job::new(&loaded.world, info(settled), true), &text, &place);
            depends_on.extend(job.seen().depends_on.iter().cloned());
            out.push(Hook { event: event.to_owned(), sql: sql.map(|s| s.trim().to_owned()), place });
        }
    }
    out
}

/// Where a hook is written: the node's file, its properties, or the project file; by its first line of text.
fn hook_place(loaded: &Loaded<'_>, settled: &Settled, hook: &str) -> Place {
    let draft = &settled.draft;
    let needle = hook.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(hook);
    let properties = draft.patch.as_ref().map(|p| p.place.path.clone());
    let project = loaded.packages.get(&draft.package).map(|p| p.path.clone());
    for path in [Some(draft.path.clone()), properties, project, Some(loaded.root.path.clone())].into_iter().flatten() {
        let text = loaded.files.text(&path).ok().flatten().unwrap_or_default();
        if let Some(at) = text.find(needle) {
            let line = line_of(&text, at);
            let column = text[..at].rsplit('\n').next().map_or(0, |l| l.chars().count() + 1);
            return Place { path, line, column: u32::try_from(column).unwrap_or(0) };
        }
    }
    Place { path: draft.path.clone(), line: 1, column: 1 }
}

/// `on-run-start` and `on-run-end` of the project and its packages, rendered.
pub(crate) fn of_project(loaded: &Loaded<'_>) -> Vec<Hook> {
    let mut out = Vec::new();
    for package in loaded.packages.values() {
        for (event, text, place) in &package.hooks {
            let node = NodeInfo {
                unique_id: format!("operation.{}.{event}", package.name),
                name: event.clone(),
                package: package.name.clone(),
                path: place.path.clone(),
                ..NodeInfo::default()
            };
            let (_, sql) = render::text(&loaded.env, Job::new(&loaded.world, node, true), text, place);
            out.push(Hook { event: event.clone(), sql: sql.map(|s| s.trim().to_owned()), place: place.clone() });
        }
    }
    out
}
