//! The checked policy out of the merged one.

use super::check;
use super::merge::{Merged, merge};
use super::problem::{Mark, Problem, Problems, suggestion};
use super::schema::{LayerFile, PolicyFile};
use super::source::{FileRead, PolicySource, read_chain};
use super::{Layer, Origin, Policy, PolicyNotice, ProjectChoice, Suppression, Warehouse};
use crate::gates::GateSpec;
use anyhow::{Context as _, Result};
use globset::GlobSetBuilder;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The role that everybody but the author has.
const ANY_PEER: &str = "any-peer";
/// The window that is always open.
const ANY: &str = "any";

/// Reads the chain of files, merges it and checks the whole.
pub fn assemble(
    source: PolicySource,
    read: &dyn Fn(&str) -> Result<Option<String>>,
    registry: &[&GateSpec],
) -> Result<Policy> {
    let path = source.path.clone();
    let sha256 = Sha256::digest(source.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let (chain, mut problems) = read_chain(source, read, registry)?;
    if !problems.is_empty() {
        // What is wrong in one file makes the merged whole wrong in ways that nobody wrote.
        return Err(Problems::sorted(problems).into());
    }
    let Merged { value, origins } = merge(&chain);
    let file: PolicyFile = serde_json::from_value(Value::Object(value.clone()))
        .with_context(|| format!("{path}: the merged policy does not read"))?;
    let whole = Whole { path: &path, chain: &chain, origins: &origins, file: &file };
    let layers = whole.layers(registry, &mut problems)?;
    let options = whole.options(&value, registry, &mut problems);
    let Some(strictest) = strictest(&layers, registry) else {
        let help = "write `extends: default`, or layers of your own".to_owned();
        problems.push(Problem { path, mark: Mark::default(), message: "the policy has no layers".to_owned(), help });
        return Err(Problems::sorted(problems).into());
    };
    if !problems.is_empty() {
        return Err(Problems::sorted(problems).into());
    }
    let auto = |choice: &Option<String>| choice.clone().filter(|c| c != "auto");
    Ok(Policy {
        sha256,
        project: ProjectChoice {
            path: file.project.path.clone(),
            dialect: auto(&file.project.dialect),
            target: auto(&file.project.target),
        },
        warehouse: Warehouse {
            engine: file.warehouse.engine,
            driver: file.warehouse.driver.clone(),
            options: file.warehouse.options.clone(),
            command: file.warehouse.command.clone(),
            timeout: file.warehouse.timeout.map(|seconds| Duration::from_secs(seconds.into())),
            maximum_bytes: file.warehouse.maximum_bytes,
            database: file.warehouse.database.clone(),
            files: file.warehouse.files.clone(),
        },
        compile: file.compile.clone(),
        strictest,
        options,
        severity: file.severity.clone(),
        suppress: whole.suppressions(),
        notices: whole.unknown_roles(&layers),
        layers,
        env_allow: file.env_allow,
        llm: file.llm,
        roles: file.roles,
        windows: file.windows,
        budget: file.budget,
        effective: value,
        origins: origins.into_iter().map(|(key, places)| (key, places.into_iter().map(origin).collect())).collect(),
        path,
    })
}

fn origin((path, mark): (String, Mark)) -> Origin {
    Origin { path, line: mark.line }
}

/// The layer that asks for all that any layer asks for; made up of all where no single one does.
fn strictest(layers: &[Layer], registry: &[&GateSpec]) -> Option<Layer> {
    let all: BTreeSet<&str> = layers.iter().flat_map(|l| &l.gates).map(String::as_str).collect();
    // Of several that ask for as much, the later: files are written from the laxest to the strictest.
    let most = layers.iter().max_by_key(|l| l.gates.len())?;
    if most.gates.len() == all.len() {
        return Some(most.clone());
    }
    let gates = registry.iter().map(|g| g.id).filter(|id| all.contains(id)).map(str::to_owned).collect();
    let review: BTreeSet<String> = layers.iter().flat_map(|l| l.review.iter().cloned()).collect();
    let review = if review.len() > 1 { review.into_iter().filter(|r| r != ANY_PEER).collect() } else { review };
    Some(Layer {
        name: "strictest".to_owned(),
        matcher: globset::GlobSet::empty(),
        globs: Vec::new(),
        gates,
        review: review.into_iter().collect(),
        ..most.clone()
    })
}

/// The merged policy with the files it came from.
struct Whole<'a> {
    path: &'a str,
    chain: &'a [FileRead],
    origins: &'a BTreeMap<String, Vec<(String, Mark)>>,
    file: &'a PolicyFile,
}

impl Whole<'_> {
    fn place(&self, part: &str) -> (String, Mark) {
        self.origins
            .get(part)
            .and_then(|places| places.first())
            .cloned()
            .unwrap_or_else(|| (self.path.to_owned(), Mark::default()))
    }

    fn problem(&self, part: &str, message: String, help: impl Into<String>) -> Problem {
        let (path, mark) = self.place(part);
        Problem { path, mark, message, help: help.into() }
    }

    fn layers(&self, registry: &[&GateSpec], problems: &mut Vec<Problem>) -> Result<Vec<Layer>> {
        self.file.layers.iter().map(|layer| self.layer(layer, registry, problems)).collect()
    }

    fn layer(&self, layer: &LayerFile, registry: &[&GateSpec], problems: &mut Vec<Problem>) -> Result<Layer> {
        let part = format!("layers.{}", layer.name);
        for (key, given) in [("match", layer.globs.is_some()), ("gates", layer.gates.is_some())] {
            if !given {
                let names: Vec<&str> = self.file.layers.iter().map(|l| l.name.as_str()).collect();
                let help = match crate::nearest::nearest(&layer.name, names.into_iter().filter(|n| *n != layer.name)) {
                    Some(close) => format!("did you mean to override layer `{close}`? a new layer needs `{key}`"),
                    None => format!("a new layer needs `{key}`"),
                };
                problems.push(self.problem(&part, format!("layer `{}` has no `{key}`", layer.name), help));
            }
        }
        let globs = layer.globs.clone().unwrap_or_default();
        let mut matcher = GlobSetBuilder::new();
        for text in &globs {
            let glob = check::glob(text).map_err(|e| anyhow::anyhow!("{}: glob `{text}`: {e}", self.path))?;
            matcher.add(glob);
        }
        let merge_window = layer.merge_window.clone().unwrap_or_else(|| ANY.to_owned());
        if merge_window != ANY && !self.file.windows.contains_key(&merge_window) {
            let mut known: Vec<&str> = self.file.windows.keys().map(String::as_str).collect();
            known.push(ANY);
            let message = format!("layer `{}`: there is no window `{merge_window}`", layer.name);
            let part = format!("{part}.merge_window");
            problems.push(self.problem(&part, message, suggestion(&merge_window, &known)));
        }
        let asked = layer.gates.as_deref().unwrap_or_default();
        let gates = registry.iter().map(|g| g.id).filter(|id| asked.iter().any(|a| a == id)).map(str::to_owned);
        Ok(Layer {
            name: layer.name.clone(),
            matcher: matcher.build().with_context(|| format!("{}: globs of layer `{}`", self.path, layer.name))?,
            globs,
            gates: gates.collect(),
            review: layer.review.clone().unwrap_or_else(|| vec![ANY_PEER.to_owned()]),
            merge_window,
            rollback_sla: layer.rollback_sla.as_ref().map_or("24h", |l| l.text.as_str()).to_owned(),
            origin: origin(self.place(&part)),
        })
    }

    /// The options of every gate that has some, accepted by the gate itself.
    fn options(
        &self,
        merged: &Map<String, Value>,
        registry: &[&GateSpec],
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<String, Value> {
        let mut accepted = BTreeMap::new();
        let none = Map::new();
        let gates = merged.get("gates").and_then(Value::as_object).unwrap_or(&none);
        for spec in registry {
            let Some(options) = gates.get(spec.id) else { continue };
            match (spec.build)(options) {
                Ok(_) => drop(accepted.insert(spec.id.to_owned(), options.clone())),
                Err(error) => problems.push(self.bad_options(spec, options, &error)),
            }
        }
        accepted
    }

    fn bad_options(&self, spec: &GateSpec, options: &Value, error: &anyhow::Error) -> Problem {
        let text = format!("{error:#}");
        let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let help = match named.split_first() {
            Some((wrong, known)) if text.contains("unknown field") || text.contains("unknown variant") => {
                suggestion(wrong, known)
            }
            _ => String::new(),
        };
        let message = match named.first() {
            Some(wrong) if text.contains("unknown field") => format!("unknown key `{wrong}` of gate `{}`", spec.id),
            _ => format!("options of gate `{}`: {text}", spec.id),
        };
        let named = if text.contains("unknown field") { &named[..named.len().min(1)] } else { &named[..] };
        let (path, mark) = self.blame(spec, options, named);
        Problem { path, mark, message, help }
    }

    /// The place of the option that is at fault: one that the error names, else the one without which the rest is
    /// accepted, else the gate; in the outermost file that has it, since what it extends was right before.
    fn blame(&self, spec: &GateSpec, options: &Value, named: &[&str]) -> (String, Mark) {
        let keys: Vec<&str> = options.as_object().into_iter().flat_map(|o| o.keys()).map(String::as_str).collect();
        let accepted_without = |key: &&str| {
            let mut rest = options.clone();
            rest.as_object_mut().is_some_and(|o| o.shift_remove(*key).is_some()) && (spec.build)(&rest).is_ok()
        };
        let mut culprits: Vec<&str> = named.iter().copied().filter(|n| keys.contains(n)).collect();
        if culprits.is_empty() {
            culprits.extend(keys.into_iter().find(accepted_without));
        }
        let trees = || self.chain.iter().filter_map(|f| Some((f, f.decoded.tree.get("gates")?.entry(spec.id)?)));
        for (file, (_, gate)) in trees() {
            if let Some((key, value)) = culprits.iter().find_map(|c| gate.entry(c)) {
                let inner = named.iter().find_map(|n| find_key(value, n)).unwrap_or(key.mark);
                return (file.path.clone(), inner);
            }
        }
        if let Some((file, (key, gate))) = trees().next() {
            let inner = named.iter().find_map(|n| find_key(gate, n)).unwrap_or(key.mark);
            return (file.path.clone(), inner);
        }
        self.place(&format!("gates.{}", spec.id))
    }

    fn suppressions(&self) -> Vec<Suppression> {
        let made = self.file.suppress.iter().enumerate().map(|(i, s)| {
            let (path, mark) = self.place(&format!("suppress.{i}"));
            Suppression {
                rule: s.rule.clone(),
                model: s.model.clone(),
                column: s.column.clone(),
                reason: s.reason.clone(),
                owner: s.owner.clone(),
                expires: s.expires.0,
                path,
                line: mark.line,
            }
        });
        made.collect()
    }

    /// Roles that a layer of somebody's own asks for and nobody has: the default policy may name roles in advance.
    fn unknown_roles(&self, layers: &[Layer]) -> Vec<PolicyNotice> {
        let mut known: Vec<&str> = self.file.roles.keys().map(String::as_str).collect();
        known.push(ANY_PEER);
        let mut notices = Vec::new();
        for layer in layers {
            let origin = origin(self.place(&format!("layers.{}.review", layer.name)));
            if origin.path.starts_with("built-in:") {
                continue;
            }
            for role in layer.review.iter().filter(|r| !known.contains(&r.as_str())) {
                let message = format!(
                    "layer `{}` asks for a review by `{role}`, and `roles` does not say who that is; {}",
                    layer.name,
                    suggestion(role, &known)
                );
                notices.push(PolicyNotice { path: origin.path.clone(), line: origin.line, message });
            }
        }
        notices.sort();
        notices
    }
}

/// The first key of that name anywhere under the node.
fn find_key(node: &super::marked::Node, name: &str) -> Option<Mark> {
    if let super::marked::Kind::List(items) = &node.kind {
        return items.iter().find_map(|item| find_key(item, name));
    }
    node.entries().iter().find_map(|(key, value)| if key.name == name { Some(key.mark) } else { find_key(value, name) })
}
