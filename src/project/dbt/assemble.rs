//! Second pass: compiled SQL, tests, hooks, exposures; put together as a [`Project`].

use super::config::tags;
use super::load::{Ephemeral, Loaded, Settled};
use super::names::node_json;
use super::nodes::{self, Draft};
use super::properties::{self, SourceTable};
use super::{extras, fields, hooks, metrics, resolve, tests, unit_tests};
use crate::project::jinja::index::Entry;
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::jinja::tokens::line_of;
use crate::project::jinja::told::Key;
use crate::project::yaml::Node;
use crate::project::{
    ColumnInfo, Compiled, DataTest, Hook, Model, NodeKind, NotCompiled, NotCompiledCode, Place, Problem, Project,
    ProjectKind, RelationName, Source, TestKind, config_of,
};
use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A node's own SQL, before ephemeral parents are put in, and what rendering told.
pub(crate) struct Rendered {
    pub(crate) sql: Result<Compiled, NotCompiled>,
    ephemeral: Vec<String>,
    /// Ephemeral models of the incremental run.
    incremental_ephemeral: Vec<String>,
    /// Relations that it asked for and of which nothing is known yet.
    pub(crate) wanted: BTreeSet<Key>,
    pub(crate) depends_on: BTreeSet<String>,
    macros: BTreeMap<String, String>,
    vars: BTreeMap<String, String>,
    hooks: Vec<Hook>,
}

/// The project's own macros that decide what relations are called.
fn naming_macros(loaded: &Loaded<'_>) -> BTreeMap<String, String> {
    let names = ["generate_schema_name", "generate_alias_name", "generate_database_name", "ref", "source"];
    let own = |name: &&str| loaded.world.macros.get(&loaded.root.name, name);
    names.iter().filter_map(|name| own(name).map(|def| ((*name).to_owned(), def.hash.clone()))).collect()
}

/// Compiles everything and puts it together.
pub(crate) fn project(mut loaded: Loaded<'_>) -> Project {
    resolve::declared(&loaded);
    let mut rendered: Vec<Rendered> = loaded.drafts.par_iter().map(|settled| node(&loaded, settled)).collect();
    loaded.ephemeral = ephemeral(&loaded, &rendered);
    // What one round compiles may be what templates of the next ask for.
    loop {
        let learned = resolve::learn(&loaded, &rendered);
        let again = |r: &Rendered| r.wanted.iter().any(|key| learned.contains(key));
        if learned.is_empty() {
            break;
        }
        let drafts = &loaded.drafts;
        rendered = rendered
            .into_par_iter()
            .zip(drafts)
            .map(|(old, settled)| if again(&old) { node(&loaded, settled) } else { old })
            .collect();
        loaded.ephemeral = ephemeral(&loaded, &rendered);
    }
    let (mut models, mut data_tests) = (BTreeMap::new(), BTreeMap::new());
    for (settled, mut rendered) in loaded.drafts.iter().zip(rendered) {
        let compiled = finished(&loaded, settled, &rendered);
        if let Some(source) = compiled.as_ref().ok().and_then(Compiled::lent_by) {
            // A rendering that broke off has not met all that the whole reads.
            let (nodes, macros) = loaded.lender.reads(&loaded, &settled.draft.unique_id, source);
            rendered.depends_on.extend(nodes);
            rendered.macros.extend(macros);
        }
        if settled.draft.singular {
            let test = singular(settled, compiled, rendered);
            data_tests.insert(test.unique_id.clone(), test);
        } else {
            let model = model(settled, compiled, rendered);
            models.insert(model.unique_id.clone(), model);
        }
    }
    let mut problems = std::mem::take(&mut loaded.problems);
    for test in generic(&loaded, &mut problems) {
        let mut id = test.unique_id.clone();
        while data_tests.contains_key(&id) {
            id.push_str("_again");
        }
        data_tests.insert(id.clone(), DataTest { unique_id: id, ..test });
    }
    let exposures = extras::exposures(&loaded, &mut problems);
    let unit_tests = unit_tests::all(&loaded);
    let (semantic_models, metrics) = metrics::read(&loaded, &mut problems);
    problems.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    Project {
        kind: ProjectKind::Dbt,
        name: loaded.root.name.clone(),
        root: loaded.root.root.clone(),
        dialect: loaded.dialect,
        target: loaded.world.target.clone(),
        models,
        tests: data_tests,
        unit_tests,
        naming_macros: naming_macros(&loaded),
        semantic_models,
        metrics,
        exposures,
        hooks: hooks::of_project(&loaded),
        sources: std::mem::take(&mut loaded.sources).into_iter().map(|s| (s.unique_id.clone(), s)).collect(),
        problems,
    }
}

fn ephemeral(loaded: &Loaded<'_>, rendered: &[Rendered]) -> BTreeMap<String, Ephemeral> {
    let mut out = BTreeMap::new();
    for (settled, rendered) in loaded.drafts.iter().zip(rendered) {
        if config_of(&settled.draft.config, "materialized") == Some("ephemeral") {
            let (name, reads) = (settled.relation.identifier.clone(), rendered.ephemeral.clone());
            let compiled = rendered.sql.clone();
            out.insert(settled.draft.unique_id.clone(), Ephemeral { name, compiled, reads });
        }
    }
    out
}

/// What a node's templates see of it.
pub(crate) fn info(settled: &Settled) -> NodeInfo {
    let draft = &settled.draft;
    NodeInfo {
        unique_id: draft.unique_id.clone(),
        name: draft.name.clone(),
        package: draft.package.clone(),
        path: draft.path.clone(),
        config: fields::complete(&draft.config, draft.resource_type()),
        relation: Some(settled.relation.clone()),
        json: node_json(draft, Some(&settled.relation), &draft.text),
    }
}

fn node(loaded: &Loaded<'_>, settled: &Settled) -> Rendered {
    let draft = &settled.draft;
    let mut out = Rendered {
        sql: Ok(Compiled::default()),
        ephemeral: Vec::new(),
        incremental_ephemeral: Vec::new(),
        wanted: BTreeSet::new(),
        depends_on: BTreeSet::new(),
        macros: settled.macros.clone(),
        vars: BTreeMap::new(),
        hooks: Vec::new(),
    };
    if draft.kind != NodeKind::Seed && draft.refused.is_none() {
        out.sql = sql(loaded, settled, &mut out);
    }
    if let Some(refused) = &draft.refused {
        out.sql = Err(refused.clone());
    }
    out.hooks = hooks::of_node(loaded, settled, &mut out.depends_on);
    out
}

fn render_once(loaded: &Loaded<'_>, settled: &Settled, incremental: bool) -> (Arc<Job>, Result<String, NotCompiled>) {
    let render = |reversed: bool| {
        let mut job = Job::new(&loaded.world, info(settled), true);
        (job.incremental, job.reversed) = (incremental, reversed);
        render::node(&loaded.env, job, &settled.draft.text, settled.draft.range.clone())
    };
    let (job, result) = render(false);
    let unordered = job.seen().unordered;
    match result {
        Ok(text) if unordered && render(true).1.as_ref() != Ok(&text) => {
            let message =
                "the text depends on the order of `graph` or of a set, which differs between runs of dbt".to_owned();
            let place = Place { path: settled.draft.path.clone(), line: 1, column: 0 };
            (job, Err(NotCompiled { code: NotCompiledCode::Volatile, message, name: None, place }))
        }
        result => (job, result),
    }
}

fn sql(loaded: &Loaded<'_>, settled: &Settled, out: &mut Rendered) -> Result<Compiled, NotCompiled> {
    let (job, result) = render_once(loaded, settled, false);
    let asked = told(&job, out);
    let mut compiled = Compiled { sql: result?, incremental_sql: None, flags: job.seen().flags.clone() };
    // Only incremental models ever get a yes from dbt's is_incremental().
    if asked && config_of(&settled.draft.config, "materialized") == Some("incremental") {
        let (job, result) = render_once(loaded, settled, true);
        // The two runs may read different ephemeral models.
        let full = std::mem::take(&mut out.ephemeral);
        told(&job, out);
        out.incremental_ephemeral = std::mem::replace(&mut out.ephemeral, full);
        compiled.flags.extend(job.seen().flags.iter().cloned());
        match result {
            Ok(text) if text != compiled.sql => compiled.incremental_sql = Some(text),
            Ok(_) => {}
            Err(error) if error.code.is_defect() => return Err(error),
            // A full build is known, an incremental run is not: said, not hidden.
            Err(_) => drop(compiled.flags.insert("incremental:not-compiled".to_owned())),
        }
    }
    Ok(compiled)
}

/// Takes over what a rendering told; whether it asked for `is_incremental()`.
fn told(job: &Job, out: &mut Rendered) -> bool {
    let seen = job.seen();
    out.depends_on.extend(seen.depends_on.iter().cloned());
    out.wanted.extend(seen.wanted.iter().cloned());
    out.macros.extend(seen.macros.iter().map(|(k, v)| (k.clone(), v.clone())));
    out.vars.extend(seen.vars.iter().map(|(k, v)| (k.clone(), v.clone())));
    for id in &seen.ephemeral {
        if !out.ephemeral.contains(id) {
            out.ephemeral.push(id.clone());
        }
    }
    seen.asked_incremental
}

/// The compiled SQL with ephemeral parents in it; where there is none, or dbt's is asked for, what its manifest lends.
pub(crate) fn finished(loaded: &Loaded<'_>, settled: &Settled, rendered: &Rendered) -> Result<Compiled, NotCompiled> {
    loaded.lender.instead(loaded, settled, native(loaded, settled, rendered))
}

fn native(loaded: &Loaded<'_>, settled: &Settled, rendered: &Rendered) -> Result<Compiled, NotCompiled> {
    let compiled = rendered.sql.clone()?;
    let place = Place { path: settled.draft.path.clone(), line: 1, column: 0 };
    let mut flags = compiled.flags;
    let mut with = |sql: &str, used: &[String]| loaded.with_ephemeral(sql, used, &mut flags, &place);
    let incremental = compiled.incremental_sql.as_deref();
    let sql = with(&compiled.sql, &rendered.ephemeral)?;
    let incremental_sql = incremental.map(|sql| with(sql, &rendered.incremental_ephemeral)).transpose()?;
    Ok(Compiled { sql, incremental_sql, flags })
}

fn model(settled: &Settled, compiled: Result<Compiled, NotCompiled>, rendered: Rendered) -> Model {
    let draft = &settled.draft;
    let patch = draft.patch.as_ref();
    let snapshot = draft.kind == NodeKind::Snapshot;
    let (raw, first_line): (Arc<str>, u32) = if snapshot {
        let yaml = patch.filter(|p| p.node.get("relation").is_some() && p.place.path == draft.path);
        let line = yaml.map_or_else(|| line_of(&draft.text, draft.range.start), |p| p.place.line);
        (draft.text[draft.range.clone()].into(), line)
    } else {
        (Arc::clone(&draft.text), 1)
    };
    Model {
        unique_id: draft.unique_id.clone(),
        name: draft.name.clone(),
        package: draft.package.clone(),
        kind: draft.kind,
        path: draft.path.clone(),
        raw,
        first_line,
        csv: draft.csv.clone(),
        tags: all_tags(&draft.config, patch),
        meta: draft.config.get("meta").and_then(Value::as_object).cloned().unwrap_or_default(),
        config: with_version(draft),
        description: patch.and_then(|p| p.node.get("description")).and_then(Node::text).unwrap_or_default(),
        columns: columns(settled),
        declared_at: patch.map(|p| p.place.clone()),
        relation: settled.relation.clone(),
        compiled,
        depends_on: rendered.depends_on,
        macros: rendered.macros,
        vars: rendered.vars,
        hooks: rendered.hooks,
    }
}

/// The config, and what the properties say of the model's versions: no template sees that as config, but a change of it
/// is one of the model.
fn with_version(draft: &Draft) -> Map<String, Value> {
    let mut config = draft.config.clone();
    let Some(patch) = &draft.patch else { return config };
    let version = draft.version.as_ref().map(|(v, _)| v);
    if version.is_some() {
        config.extend(nodes::latest(&patch.node).map(|latest| ("latest_version".to_owned(), latest.into())));
    }
    let own = patch.node.get("versions").map(Node::items).unwrap_or_default();
    let own = own.iter().find(|v| version.is_some() && v.get("v").and_then(Node::text).as_ref() == version);
    let date = own.and_then(|v| v.get("deprecation_date")).or_else(|| patch.node.get("deprecation_date"));
    config.extend(date.map(|date| ("deprecation_date".to_owned(), date.to_json())));
    config
}

/// Declared columns; a version's own list may include the model's (`include: all`, `exclude: [...]`).
fn columns(settled: &Settled) -> IndexMap<String, ColumnInfo> {
    let Some(patch) = &settled.draft.patch else { return IndexMap::new() };
    let shared = properties::columns(&patch.node, &patch.place.path);
    let versions = patch.node.get("versions").map(Node::items).unwrap_or_default();
    let own = settled.draft.version.as_ref().and_then(|(v, _)| {
        versions
            .iter()
            .find(|node| node.get("v").and_then(Node::text).as_ref() == Some(v))
            .filter(|n| n.get("columns").is_some())
    });
    let Some(own) = own else { return shared };
    let mut out = IndexMap::new();
    for item in own.get("columns").map(Node::items).unwrap_or_default() {
        let Some(include) = item.get("include") else { continue };
        let all = matches!(include.as_str(), Some("all" | "*"));
        let listed = super::project_file::strings(include);
        let excluded = item.get("exclude").map(super::project_file::strings).unwrap_or_default();
        let keep = |name: &String| (all || listed.contains(name)) && !excluded.contains(name);
        out.extend(shared.iter().filter(|(name, _)| keep(name)).map(|(k, v)| (k.clone(), v.clone())));
    }
    out.extend(properties::columns(own, &patch.place.path));
    out
}

fn singular(settled: &Settled, compiled: Result<Compiled, NotCompiled>, rendered: Rendered) -> DataTest {
    let draft = &settled.draft;
    let mut config = draft.config.clone();
    config.entry("severity").or_insert_with(|| "ERROR".into());
    let limit = config.get("limit").and_then(Value::as_i64);
    DataTest {
        unique_id: draft.unique_id.clone(),
        name: draft.name.clone(),
        kind: TestKind::Singular,
        attached: None,
        column: None,
        compiled: compiled.map(|c| match limit {
            Some(limit) => Compiled { sql: format!("{}\nlimit {limit}", c.sql), ..c },
            None => c,
        }),
        config,
        depends_on: rendered.depends_on,
        macros: rendered.macros,
        place: Place { path: draft.path.clone(), line: 1, column: 1 },
    }
}

/// Every generic test of every node and source.
fn generic(loaded: &Loaded<'_>, problems: &mut Vec<Problem>) -> Vec<DataTest> {
    let mut declared = Vec::new();
    for settled in loaded.drafts.iter().filter(|s| !s.draft.singular) {
        if let Some(patch) = &settled.draft.patch {
            let ephemeral = config_of(&settled.draft.config, "materialized") == Some("ephemeral");
            let entry = Entry {
                unique_id: settled.draft.unique_id.clone(),
                relation: settled.relation.clone(),
                ephemeral,
                unnamed: false,
            };
            let version = settled.draft.version.as_ref().map(|(version, _)| version.as_str());
            declared.extend(tests::declared(patch, &entry, &settled.draft.name, version, problems));
        }
    }
    let places: BTreeMap<&str, &Source> = loaded.sources.iter().map(|s| (s.unique_id.as_str(), s)).collect();
    for table in &loaded.properties.sources {
        let id = format!("source.{}.{}.{}", table.package, table.source_name, table.name);
        if let Some(source) = places.get(id.as_str()) {
            let entry = Entry { unique_id: id, relation: source.relation.clone(), ephemeral: false, unnamed: false };
            let patch = properties::Patch {
                node: table.table.clone(),
                place: table.place.clone(),
                package: table.package.clone(),
                folders: table.folders.clone(),
            };
            let name = format!("source_{}_{}", table.source_name, table.name);
            declared.extend(tests::declared(&patch, &entry, &name, None, problems));
        }
    }
    declared.par_iter().filter_map(|test| tests::compile(loaded, test)).collect()
}

/// A source table from its YAML.
pub(crate) fn source(
    table: &SourceTable,
    unique_id: String,
    relation: RelationName,
    external_location: Option<String>,
    config: &Map<String, Value>,
) -> Source {
    Source {
        unique_id,
        source_name: table.source_name.clone(),
        name: table.name.clone(),
        package: table.package.clone(),
        relation,
        meta: config.get("meta").and_then(Value::as_object).cloned().unwrap_or_default(),
        tags: tags(config.get("tags")),
        description: table.table.get("description").and_then(Node::text).unwrap_or_default(),
        columns: properties::columns(&table.table, &table.place.path),
        external_location,
        place: table.place.clone(),
    }
}

/// Tags of the config, and those at the top level of the properties: dbt ignores those there, but whoever wrote
/// `tags: [pii]` meant it.
fn all_tags(config: &Map<String, Value>, patch: Option<&properties::Patch>) -> BTreeSet<String> {
    let mut all = tags(config.get("tags"));
    all.extend(tags(patch.and_then(|p| p.node.get("tags")).map(Node::to_json).as_ref()));
    all
}
