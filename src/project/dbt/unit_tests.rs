//! Unit tests: their fixtures read, the relations that they give found, and their model rendered as their overrides say.

use super::assemble::info;
use super::config::truth;
use super::ephemeral;
use super::load::{Loaded, Settled};
use super::properties::Patch;
use crate::project::find::relative;
use crate::project::jinja::job::{Job, NodeInfo, Overrides};
use crate::project::jinja::relation::Quoting;
use crate::project::jinja::render;
use crate::project::yaml::Node;
use crate::project::{Compiled, NodeKind, NotCompiled, NotCompiledCode, UnitTest};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All unit tests that are not switched off; one of a versioned model stands for each version that it names.
pub(super) fn all(loaded: &Loaded<'_>) -> BTreeMap<String, UnitTest> {
    let mut out = BTreeMap::new();
    for patch in &loaded.properties.unit_tests {
        let enabled = patch.node.get("config").and_then(|c| c.get("enabled")).map(Node::to_json);
        if !truth(enabled.as_ref(), true) {
            continue;
        }
        for model in models(loaded, patch) {
            let test = unit_test(loaded, patch, model);
            out.insert(test.unique_id.clone(), test);
        }
    }
    out
}

/// The models under test; none of that name is one that is not there.
fn models<'a>(loaded: &'a Loaded<'_>, patch: &Patch) -> Vec<Option<&'a Settled>> {
    let name = patch.node.get("model").and_then(Node::text).unwrap_or_default();
    let named = |settled: &&Settled| settled.draft.kind == NodeKind::Model && !settled.draft.singular;
    let listed = |key: &str| patch.node.get("versions").and_then(|v| v.get(key)).map(super::project_file::strings);
    let (include, exclude) = (listed("include"), listed("exclude").unwrap_or_default());
    let versions: Vec<Option<&Settled>> = loaded
        .drafts
        .iter()
        .filter(named)
        .filter(|settled| settled.draft.package == patch.package && settled.draft.name == name)
        .filter(|settled| {
            let Some((version, _)) = &settled.draft.version else { return false };
            include.as_ref().is_none_or(|listed| listed.contains(version)) && !exclude.contains(version)
        })
        .map(Some)
        .collect();
    if !versions.is_empty() {
        return versions;
    }
    let found = loaded.world.index.get().and_then(|index| {
        index.node(None, &name, None, &patch.package, &loaded.world.root).ok().map(|entry| entry.unique_id.clone())
    });
    vec![found.and_then(|id| loaded.drafts.iter().find(|settled| settled.draft.unique_id == id))]
}

fn unit_test(loaded: &Loaded<'_>, patch: &Patch, model: Option<&Settled>) -> UnitTest {
    let text = |key: &str| patch.node.get(key).and_then(Node::text).unwrap_or_default();
    let version = model.and_then(|settled| settled.draft.version.as_ref());
    let name = version.map_or_else(|| text("name"), |(version, _)| format!("{}_v{version}", text("name")));
    let mut definition = patch.node.to_json();
    let blocks = definition.get_mut("given").and_then(Value::as_array_mut).into_iter().flatten();
    for block in blocks {
        with_fixture(loaded, patch, block);
    }
    if let Some(expect) = definition.get_mut("expect") {
        with_fixture(loaded, patch, expect);
    }
    let inputs = definition.get("given").and_then(Value::as_array).into_iter().flatten();
    let inputs = inputs.map(|input| input_id(loaded, patch, input, model)).collect();
    let (compiled, depends_on) = match model {
        Some(model) => rendered(loaded, &definition, model, patch),
        None => {
            let message = format!("unit test of `{}`, which is no model of this project", text("model"));
            let code = NotCompiledCode::RefNotFound;
            let missing = NotCompiled { code, message, name: Some(text("model")), place: patch.place.clone() };
            (Err(missing), BTreeSet::new())
        }
    };
    UnitTest {
        unique_id: format!("unit_test.{}.{}.{name}", patch.package, text("model")),
        name,
        model: model.map(|settled| settled.draft.unique_id.clone()),
        definition,
        inputs,
        compiled,
        depends_on,
        place: patch.place.clone(),
    }
}

/// Puts the text of a fixture file in the place of its name; a name without a file stays.
fn with_fixture(loaded: &Loaded<'_>, patch: &Patch, block: &mut Value) {
    let Some(block) = block.as_object_mut() else { return };
    let Some(name) = block.get("fixture").and_then(Value::as_str).map(str::to_owned) else { return };
    let extension = block.get("format").and_then(Value::as_str).unwrap_or("csv").to_owned();
    let Some(package) = loaded.packages.get(&patch.package) else { return };
    let wanted = format!("{name}.{extension}");
    let mut files = package.test_paths.iter().flat_map(|root| {
        let within = move |path: &&str| relative(path, root).starts_with("fixtures/");
        loaded.files.under(root).filter(within)
    });
    let found = files.find(|path| path.rsplit('/').next() == Some(wanted.as_str()));
    if let Some(Ok(Some(text))) = found.map(|path| loaded.files.text(path)) {
        block.insert("rows".to_owned(), Value::String(text));
        block.remove("fixture");
    }
}

/// The relation that an input names: `this`, or whatever its `ref` or `source` resolves to.
fn input_id(loaded: &Loaded<'_>, patch: &Patch, input: &Value, model: Option<&Settled>) -> Result<String, String> {
    let written = input.get("input").and_then(Value::as_str).ok_or("`given` without `input`")?.trim();
    if written == "this" {
        return model.map(|settled| settled.draft.unique_id.clone()).ok_or_else(|| "the model is not there".to_owned());
    }
    if !["ref", "source"].iter().any(|call| written.starts_with(call)) {
        return Err(format!("input {written} is neither `this` nor a ref() or source()"));
    }
    let node = NodeInfo {
        unique_id: format!("unit_test.{}", patch.package),
        package: patch.package.clone(),
        path: patch.place.path.clone(),
        ..NodeInfo::default()
    };
    let job = Arc::new(Job::new(&loaded.world, node, true));
    render::expression(&loaded.env, &job, written).map_err(|fault| format!("input {written}: {}", fault.message))?;
    let seen = job.seen();
    let mut ids = seen.depends_on.iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id.clone()),
        _ => Err(format!("input {written} names no relation of this project")),
    }
}

/// The model's SQL under the overrides of the test; ephemeral models stand in it as relations, which are given too.
fn rendered(
    loaded: &Loaded<'_>,
    definition: &Value,
    model: &Settled,
    patch: &Patch,
) -> (Result<Compiled, NotCompiled>, BTreeSet<String>) {
    let draft = &model.draft;
    if let Some(refused) = &draft.refused {
        return (Err(refused.clone()), BTreeSet::new());
    }
    let mut job = Job::new(&loaded.world, info(model), true);
    job.overrides = overrides(definition.get("overrides"));
    let (job, text) = render::node(&loaded.env, job, &draft.text, draft.range.clone());
    let seen = job.seen();
    let mut ctes = Vec::new();
    for id in &seen.ephemeral {
        let parent = loaded.drafts.iter().find(|settled| settled.draft.unique_id == *id);
        let Some(parent) = parent else {
            let (code, message) = (NotCompiledCode::Upstream, format!("ephemeral model `{id}` is not there"));
            let place = patch.place.clone();
            return (Err(NotCompiled { code, message, name: Some(id.clone()), place }), seen.depends_on.clone());
        };
        let name = ephemeral::cte_name(&parent.relation.identifier);
        // Its own text for itself is the name of the CTE; the relation is meant.
        let quoting = Quoting::of(&loaded.world.target.adapter);
        let of = &parent.relation;
        let relation = quoting.render(&of.database, &of.schema, &of.identifier);
        ctes.push((name, format!("select * from {relation}")));
    }
    if let Some(message) = refused(definition, seen.asked_incremental) {
        let (code, place) = (NotCompiledCode::CompilerError, patch.place.clone());
        return (Err(NotCompiled { code, message, name: None, place }), seen.depends_on.clone());
    }
    let compiled = text.and_then(|text| {
        let sql = ephemeral::inject(&text, &ctes).map_err(|why| NotCompiled {
            code: NotCompiledCode::Unsupported,
            message: format!("its model reads an ephemeral model, and {why}"),
            name: None,
            place: patch.place.clone(),
        })?;
        Ok(Compiled { sql, incremental_sql: None, flags: seen.flags.clone() })
    });
    (compiled, seen.depends_on.clone())
}

/// What dbt asks of a test whose model asks for `is_incremental()`.
fn refused(definition: &Value, incremental: bool) -> Option<String> {
    let answer = definition.get("overrides").and_then(|o| o.get("macros")).and_then(|m| m.get("is_incremental"));
    let given = definition.get("given").and_then(Value::as_array).into_iter().flatten();
    let this = || given.filter_map(|input| input.get("input")?.as_str()).any(|input| input.trim() == "this");
    match answer.and_then(Value::as_bool) {
        _ if !incremental => None,
        None => Some("the test must say under `overrides: macros:` whether `is_incremental` is true".to_owned()),
        Some(true) if !this() => Some("with `is_incremental: true` the test must give rows for `this`".to_owned()),
        Some(_) => None,
    }
}

fn overrides(written: Option<&Value>) -> Overrides {
    let map = |key: &str| written.and_then(|w| w.get(key)).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Overrides {
        vars: map("vars"),
        env: map("env_vars").iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        macros: map("macros"),
    }
}
