//! Exposures.

use super::load::Loaded;
use super::properties;
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::yaml::Node;
use crate::project::{Place, Problem};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Exposures and the nodes that they depend on.
pub(crate) fn exposures(loaded: &Loaded<'_>, problems: &mut Vec<Problem>) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for patch in &loaded.properties.exposures {
        let name = patch.node.get("name").and_then(Node::text).unwrap_or_default();
        let node = NodeInfo {
            unique_id: format!("exposure.{}.{name}", patch.package),
            name: name.clone(),
            package: patch.package.clone(),
            path: patch.place.path.clone(),
            ..NodeInfo::default()
        };
        if !properties::enabled(&patch.node) {
            continue;
        }
        let job = Arc::new(Job::new(&loaded.world, node, true));
        for item in patch.node.get("depends_on").map(Node::items).unwrap_or_default() {
            let text = item.text().unwrap_or_default();
            if let Err(fault) = render::expression(&loaded.env, &job, &text) {
                problems.push(Problem {
                    place: Place { path: patch.place.path.clone(), line: item.line, column: item.column },
                    message: format!("exposure `{name}`: {}", fault.message),
                    help: "name a model or source that exists".to_owned(),
                });
            }
        }
        let depends_on: Vec<String> = job.seen().depends_on.iter().cloned().collect();
        out.insert(name, depends_on);
    }
    out
}
