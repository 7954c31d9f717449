//! First pass: the config and name of every node, and with them what `ref` and `source` resolve to.

use super::assemble;
use super::config::truth;
use super::load::{Loaded, Settled};
use super::names::{Naming, node_json};
use super::nodes::Draft;
use crate::project::jinja::index::{Entry, Index};
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::yaml::Node;
use crate::project::{NodeKind, Place, Problem, RelationName, Source, config_of};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// First pass: configs, names, and with them what `ref` and `source` resolve to.
pub(crate) fn index(loaded: &mut Loaded<'_>, found: Vec<Draft>) {
    let naming = loaded.naming();
    let settled: Vec<(Draft, Option<RelationName>, BTreeMap<String, String>)> =
        found.into_par_iter().map(|draft| settle_draft(&naming, draft)).collect();
    let flag = loaded.root.node.get("flags").and_then(|f| f.get("require_ref_searches_node_package_before_root"));
    let own_first = truth(flag.map(Node::to_json).as_ref(), false);
    let mut index = Index { packages_missing: loaded.world.missing_packages.clone(), own_first, ..Index::default() };
    let mut drafts: Vec<Settled> = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for (draft, relation, macros) in settled {
        let Some(relation) = relation else {
            index.disabled.insert(draft.name);
            continue;
        };
        if let Some(first) = ids.get(&draft.unique_id) {
            problems.push(Problem {
                place: Place { path: draft.path.clone(), line: 1, column: 1 },
                message: format!("`{}` is defined twice, first in {first}", draft.name),
                help: "rename one of the two; dbt refuses the project".to_owned(),
            });
            continue;
        }
        ids.insert(draft.unique_id.clone(), draft.path.clone());
        if !draft.singular {
            let ephemeral = config_of(&draft.config, "materialized") == Some("ephemeral");
            let entry = Entry {
                unique_id: draft.unique_id.clone(),
                relation: relation.clone(),
                ephemeral,
                unnamed: draft.unnamed,
            };
            match &draft.version {
                Some((version, latest)) => {
                    index.insert(&draft.package, &draft.name, version, entry.clone());
                    if *latest {
                        index.insert(&draft.package, &draft.name, "", entry);
                    }
                }
                None => index.insert(&draft.package, &draft.name, "", entry),
            }
        }
        drafts.push(Settled { draft, relation, macros });
    }
    let sources = index_sources(loaded, &mut index, &mut problems);
    index.broken_yaml = loaded.properties.broken.clone();
    drafts.sort_by(|a, b| a.draft.unique_id.cmp(&b.draft.unique_id));
    // Set once: the world is ours alone until now.
    let _ = loaded.world.index.set(index);
    (loaded.drafts, loaded.sources) = (drafts, sources);
    loaded.problems.extend(problems);
}

/// Config and name of a node; no name when it is disabled. A node that fails here keeps the reason.
fn settle_draft(naming: &Naming<'_>, mut draft: Draft) -> (Draft, Option<RelationName>, BTreeMap<String, String>) {
    let mut calls = Vec::new();
    let mut macros = BTreeMap::new();
    if draft.kind != NodeKind::Seed && draft.refused.is_none() {
        let node = NodeInfo {
            unique_id: draft.unique_id.clone(),
            name: draft.name.clone(),
            package: draft.package.clone(),
            path: draft.path.clone(),
            json: node_json(&draft, None, &draft.text),
            // Configs known so far: `config.get` in a template may ask for them already.
            config: naming.config(&draft, &[]).unwrap_or_default(),
            relation: None,
        };
        let (job, result) =
            render::node(naming.env, Job::new(naming.world, node, false), &draft.text, draft.range.clone());
        let mut seen = job.seen();
        calls = std::mem::take(&mut seen.configs);
        macros = std::mem::take(&mut seen.macros);
        draft.refused = result.err();
        // What failed before its config was read may be called anything.
        draft.unnamed = draft.refused.is_some() && calls.is_empty() && draft.text.contains("config");
    }
    match naming.config(&draft, &calls) {
        Ok(config) => draft.config = config,
        Err(error) => draft.refused = draft.refused.or(Some(error)),
    }
    if !truth(draft.config.get("enabled"), true) {
        return (draft, None, macros);
    }
    let relation = naming.relation(&draft).unwrap_or_else(|error| {
        draft.refused.get_or_insert(error);
        RelationName { identifier: draft.name.clone(), ..RelationName::default() }
    });
    (draft, Some(relation), macros)
}

fn index_sources(loaded: &Loaded<'_>, index: &mut Index, problems: &mut Vec<Problem>) -> Vec<Source> {
    let naming = loaded.naming();
    let mut sources = Vec::new();
    for table in &loaded.properties.sources {
        let full = format!("{}.{}", table.source_name, table.name);
        let settled = naming.source_config(table).and_then(|config| {
            let names = naming.source(table, &config)?;
            Ok((config, names))
        });
        let (config, (relation, external)) = match settled {
            Ok(settled) => settled,
            Err(error) => {
                problems.push(Problem {
                    place: table.place.clone(),
                    message: format!("source `{full}` cannot be named: {}", error.message),
                    help: "fix the Jinja, or allow what it reads".to_owned(),
                });
                index.broken_sources.insert(full);
                continue;
            }
        };
        if !truth(config.get("enabled"), true) {
            index.disabled_sources.insert(full);
            continue;
        }
        let unique_id = format!("source.{}.{full}", table.package);
        let entry =
            Entry { unique_id: unique_id.clone(), relation: relation.clone(), ephemeral: false, unnamed: false };
        let key = (table.source_name.clone(), table.name.clone());
        let packages = index.sources.entry(key).or_default();
        if packages.insert(table.package.clone(), entry).is_some() {
            problems.push(Problem {
                place: table.place.clone(),
                message: format!("source table `{full}` is declared twice"),
                help: "keep one of the two; dbt refuses the project".to_owned(),
            });
        }
        sources.push(assemble::source(table, unique_id, relation, external, &config));
    }
    sources
}
