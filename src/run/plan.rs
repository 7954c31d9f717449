//! From a bound project to what the engine needs to build its relations.

use crate::engine::{Body, Definition, SidePlan};
use crate::project::bind::Bound;
use crate::project::{Model, NodeKind, RelationName, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a side's data may come from beside its database and seeds.
pub struct Places<'a> {
    /// The project's folder on disk.
    pub home: &'a Path,
    /// The repository's folder on disk: data that the project itself names must lie in it.
    pub repo: &'a Path,
    /// Data files of the policy by relation name (`table` or `schema.table`), resolved.
    pub files: &'a BTreeMap<String, PathBuf>,
    /// Files of trusted references, resolved, by the path as the policy writes it.
    pub references: &'a BTreeMap<String, PathBuf>,
}

/// The id under which a file stands in a plan.
pub fn file_id(path: &str) -> String {
    format!("file:{path}")
}

/// What each relation of the side is made of, and every name that its SQL may call it by.
pub fn side_plan(bound: &Bound, places: &Places<'_>) -> SidePlan {
    let project = &bound.project;
    let names = bound.relation_names().map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
    let relations = project.models.values().map(|m| (&m.unique_id, &m.relation));
    let relations = relations.chain(project.sources.values().map(|s| (&s.unique_id, &s.relation)));
    let rendered = relations.filter(|(_, r)| !r.rendered.is_empty()).map(|(id, r)| (r.rendered.clone(), id.clone()));
    let mut plan = SidePlan { names, rendered: rendered.collect(), ..SidePlan::default() };
    let mut add = |definition: Definition| plan.definitions.insert(definition.id.clone(), definition);
    for model in project.models.values() {
        add(Definition {
            id: model.unique_id.clone(),
            name: name_of(&model.relation, &model.name),
            body: model_body(model),
            refs: refs(bound, model),
            origin: model.path.clone(),
        });
    }
    for source in project.sources.values() {
        add(Definition {
            id: source.unique_id.clone(),
            name: name_of(&source.relation, &source.name),
            body: source_body(bound, source, places),
            refs: BTreeMap::new(),
            origin: source.place.path.clone(),
        });
    }
    for (written, path) in places.references {
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("reference");
        add(file(file_id(written), stem, path));
    }
    // Relations that no project file declares, but for which the policy names data.
    for (name, path) in places.files {
        let id = format!("data:{name}");
        let known = plan.names.entry(name.to_lowercase()).or_insert_with(|| id.clone());
        if *known == id {
            plan.definitions.insert(id.clone(), file(id, name, path));
        }
    }
    plan
}

fn file(id: String, name: &str, path: &Path) -> Definition {
    let name = name.rsplit('.').next().unwrap_or(name).to_owned();
    Definition {
        id,
        name,
        body: Body::File(path.to_owned()),
        refs: BTreeMap::new(),
        origin: path.display().to_string(),
    }
}

fn name_of(relation: &RelationName, name: &str) -> String {
    if relation.identifier.is_empty() { name.to_owned() } else { relation.identifier.clone() }
}

/// The text by which each parent is called in compiled SQL.
fn refs(bound: &Bound, model: &Model) -> BTreeMap<String, String> {
    let project = &bound.project;
    let rendered = |id: &String| {
        let relation = project.models.get(id).map(|m| &m.relation).or(project.sources.get(id).map(|s| &s.relation))?;
        (!relation.rendered.is_empty()).then(|| (relation.rendered.clone(), id.clone()))
    };
    model.depends_on.iter().filter_map(rendered).collect()
}

fn model_body(model: &Model) -> Body {
    if let Some(bytes) = &model.csv {
        return seed_body(model, bytes);
    }
    match &model.compiled {
        Err(reason) => Body::Unbuildable(crate::gates::context::not_compiled(reason)),
        Ok(compiled) if model.kind == NodeKind::Snapshot => Body::Query(snapshot(&compiled.sql)),
        Ok(compiled) => Body::Query(compiled.sql.clone()),
    }
}

/// A snapshot as its first run leaves it: every row of the query, valid from now on.
fn snapshot(sql: &str) -> String {
    let sql = sql.trim().trim_end_matches(';');
    format!(
        "select *, md5(cast(dbt_snapshotted as varchar)) as dbt_scd_id, cast(now() as timestamp) as dbt_updated_at, \
         cast(now() as timestamp) as dbt_valid_from, cast(null as timestamp) as dbt_valid_to \
         from (\n{sql}\n) as dbt_snapshotted"
    )
}

fn seed_body(model: &Model, bytes: &Arc<[u8]>) -> Body {
    let types = model.config.get("column_types").and_then(Value::as_object);
    let types = types.into_iter().flatten().filter_map(|(column, t)| Some((column.clone(), t.as_str()?.to_owned())));
    let delimiter = model.config.get("delimiter").and_then(Value::as_str).and_then(|d| d.chars().next());
    Body::Csv { bytes: bytes.clone(), types: types.collect(), delimiter: delimiter.unwrap_or(',') }
}

fn source_body(bound: &Bound, source: &Source, places: &Places<'_>) -> Body {
    let relation = &source.relation;
    let names = [format!("{}.{}", relation.schema, relation.identifier), relation.identifier.clone()];
    let named = |name: &String| places.files.iter().find(|(file, _)| file.eq_ignore_ascii_case(name));
    if let Some((_, path)) = names.iter().find_map(named) {
        return Body::File(path.clone());
    }
    if let Some(location) = &source.external_location {
        return external_location(location, source, places);
    }
    // A seed that is loaded under the source's own name is what the source reads.
    let same = |m: &&Model| {
        m.relation.schema.eq_ignore_ascii_case(&relation.schema)
            && m.relation.identifier.eq_ignore_ascii_case(&relation.identifier)
            && m.relation.database.eq_ignore_ascii_case(&relation.database)
    };
    if let Some((seed, bytes)) = bound.models().filter(same).find_map(|m| Some((m, m.csv.as_ref()?))) {
        return seed_body(seed, bytes);
    }
    Body::External(relation.database.clone(), relation.schema.clone(), relation.identifier.clone())
}

/// dbt-duckdb's `external_location`. The pull request may have written it, so it reaches no file outside the repository.
fn external_location(location: &str, source: &Source, places: &Places<'_>) -> Body {
    let refused = |why: &str| {
        Body::Unbuildable(format!("its external_location ({location}) {why}; name its data under `warehouse.files`"))
    };
    let path = location.replace("{name}", &source.name).replace("{identifier}", &source.relation.identifier);
    let calls = ["read_csv_auto(", "read_csv(", "read_parquet(", "parquet_scan(", "read_json_auto(", "read_json("];
    let inner = calls.iter().find_map(|call| path.trim().strip_prefix(call)?.strip_suffix(')'));
    let path = inner.unwrap_or(path.trim()).trim().trim_matches('\'');
    if path.contains(['\'', '(', ',']) {
        return refused("is no plain file");
    }
    if path.contains("://") {
        return refused("is on the network");
    }
    let file = places.home.join(path);
    let existing = if path.contains('*') { file.parent().unwrap_or(&file).to_owned() } else { file.clone() };
    let (Ok(found), Ok(repo)) = (existing.canonicalize(), places.repo.canonicalize()) else {
        return refused("is not there");
    };
    if !found.starts_with(&repo) || path.contains("..") {
        return refused("is outside the repository");
    }
    Body::File(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_the_columns_that_dbt_adds() {
        let db = crate::engine::Locked::open().unwrap();
        let rows = db.query(&snapshot("select 1 as id, 'a' as v;\n")).unwrap();
        let names: Vec<&str> = rows.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["id", "v", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"]);
    }
}
