//! Exposures and unit tests.

use super::config::truth;
use super::load::Loaded;
use super::properties;
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::yaml::Node;
use crate::project::{Place, Problem, UnitTest};
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

/// Unit tests as they are written.
pub(crate) fn unit_tests(loaded: &Loaded<'_>) -> BTreeMap<String, UnitTest> {
    let mut out = BTreeMap::new();
    for patch in loaded
        .properties
        .unit_tests
        .iter()
        .filter(|p| truth(p.node.get("config").and_then(|c| c.get("enabled")).map(Node::to_json).as_ref(), true))
    {
        let name = patch.node.get("name").and_then(Node::text).unwrap_or_default();
        let model_name = patch.node.get("model").and_then(Node::text).unwrap_or_default();
        let found = loaded.world.index.get().and_then(|index| {
            index.node(None, &model_name, None, &patch.package, &loaded.world.root).ok().map(|e| e.unique_id.clone())
        });
        let unique_id = format!("unit_test.{}.{model_name}.{name}", patch.package);
        let test = UnitTest {
            unique_id: unique_id.clone(),
            name,
            model: found,
            definition: patch.node.to_json(),
            place: patch.place.clone(),
        };
        out.insert(unique_id, test);
    }
    out
}
