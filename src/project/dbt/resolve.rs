//! Columns of the project's own relations, for templates that ask for them where no database can tell: from seed headers
//! and enforced contracts before anything is rendered, and from the SQL of models that compiled.

use super::assemble::{Rendered, finished};
use super::config::truth;
use super::load::{Loaded, Settled};
use super::properties;
use crate::project::bind::{SNAPSHOT_COLUMNS, csv_header};
use crate::project::jinja::told::{Columns, Key};
use crate::project::{NodeKind, RelationName, config_of};
use crate::sql::{Catalog, Dialect, TableInfo, analyze};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Takes over what the project declares of its relations, and what dbt's catalog tells of them.
pub(crate) fn declared(loaded: &Loaded<'_>) {
    let tell = |relation: &RelationName, told: Columns| loaded.world.told.insert(relation, told);
    for source in &loaded.sources {
        if let Some(told) = catalogued(loaded, &source.unique_id, &source.relation) {
            tell(&source.relation, told);
        }
    }
    for settled in loaded.drafts.iter().filter(|s| !s.draft.singular) {
        let listed = catalogued(loaded, &settled.draft.unique_id, &settled.relation);
        let declared = |columns, source| Columns { kind: kind(settled), columns, source };
        let told = match settled.draft.kind {
            NodeKind::Seed => {
                seed(settled, loaded.dialect).map(|header| declared(typed(header, &listed), "introspection:seed"))
            }
            _ => listed.or_else(|| contract(settled).map(|columns| declared(columns, "introspection:contract"))),
        };
        if let Some(told) = told {
            tell(&settled.relation, told);
        }
    }
}

fn catalogued(loaded: &Loaded<'_>, unique_id: &str, relation: &RelationName) -> Option<Columns> {
    let found = loaded.catalog?.relation(unique_id, relation)?;
    let column = |(name, kind): (String, String)| (name, Some(kind).filter(|kind| !kind.is_empty()));
    Some(Columns {
        kind: found.kind,
        columns: found.columns.into_iter().map(column).collect(),
        source: "introspection:catalog",
    })
}

/// A seed's columns with the types that the catalog has for them, where it has the same columns.
fn typed(header: Named, listed: &Option<Columns>) -> Named {
    let Some(listed) = listed else { return header };
    let mut pairs = header.iter().zip(&listed.columns);
    if header.len() != listed.columns.len() || !pairs.all(|(ours, theirs)| ours.0.eq_ignore_ascii_case(&theirs.0)) {
        return header;
    }
    header.into_iter().zip(&listed.columns).map(|((name, own), (_, kind))| (name, own.or(kind.clone()))).collect()
}

type Named = Vec<(String, Option<String>)>;

/// A seed's header. Types are what the config says, the others depend on the loader.
fn seed(settled: &Settled, dialect: Dialect) -> Option<Named> {
    let config = &settled.draft.config;
    let names = csv_header(settled.draft.csv.as_ref()?, config)?;
    let upper = dialect == Dialect::Snowflake && !truth(config.get("quote_columns"), false);
    let types = config.get("column_types").and_then(serde_json::Value::as_object);
    let declared = |name: &str| types?.get(name)?.as_str().map(str::to_owned);
    Some(names.into_iter().map(|n| (if upper { n.to_uppercase() } else { n.clone() }, declared(&n))).collect())
}

/// The columns of an enforced contract: dbt builds exactly those.
fn contract(settled: &Settled) -> Option<Named> {
    let enforced = settled.draft.config.get("contract").is_some_and(|c| truth(c.get("enforced"), false));
    let patch = settled.draft.patch.as_ref().filter(|_| enforced && settled.draft.version.is_none())?;
    let columns = properties::columns(&patch.node, &patch.place.path);
    (!columns.is_empty()).then(|| columns.into_values().map(|c| (c.name, c.data_type)).collect())
}

fn kind(settled: &Settled) -> Option<String> {
    match config_of(&settled.draft.config, "materialized")? {
        "view" => Some("view".to_owned()),
        "table" | "incremental" | "seed" | "snapshot" => Some("table".to_owned()),
        _ => None,
    }
}

/// Looks for the columns of what templates wanted in vain; the relations that are known now and were not before.
pub(crate) fn learn(loaded: &Loaded<'_>, rendered: &[Rendered]) -> BTreeSet<Key> {
    let wanted: BTreeSet<&Key> =
        rendered.iter().flat_map(|r| &r.wanted).filter(|key| !loaded.world.told.has(key)).collect();
    if wanted.is_empty() {
        return BTreeSet::new();
    }
    let by_id = loaded.drafts.iter().enumerate().map(|(at, s)| (s.draft.unique_id.as_str(), at)).collect();
    let by_key: BTreeMap<Key, usize> =
        loaded.drafts.iter().enumerate().map(|(at, s)| (Key::of(&s.relation), at)).collect();
    let resolver = Resolver { loaded, rendered, by_id, by_key, found: RefCell::default() };
    let mut learned = BTreeSet::new();
    for key in wanted {
        let Some(&at) = resolver.by_key.get(key) else { continue };
        let settled = &loaded.drafts[at];
        if let Some(names) = resolver.columns(at) {
            let columns = names.into_iter().map(|name| (name, None)).collect();
            let told = Columns { kind: kind(settled), columns, source: "introspection:model" };
            loaded.world.told.insert(&settled.relation, told);
            learned.insert(key.clone());
        }
    }
    learned
}

struct Resolver<'a> {
    loaded: &'a Loaded<'a>,
    rendered: &'a [Rendered],
    by_id: BTreeMap<&'a str, usize>,
    by_key: BTreeMap<Key, usize>,
    /// Columns by node; `None` while a node is looked at, and where they are not all known.
    found: RefCell<BTreeMap<usize, Option<Vec<String>>>>,
}

impl Resolver<'_> {
    fn columns(&self, at: usize) -> Option<Vec<String>> {
        if let Some(found) = self.found.borrow().get(&at) {
            return found.clone();
        }
        self.found.borrow_mut().insert(at, None);
        let found = self.look(at);
        self.found.borrow_mut().insert(at, found.clone());
        found
    }

    fn look(&self, at: usize) -> Option<Vec<String>> {
        let settled = &self.loaded.drafts[at];
        if let Some(told) = self.loaded.world.told.get(&settled.relation) {
            return Some(told.columns.into_iter().map(|(name, _)| name).collect());
        }
        let draft = &settled.draft;
        let ephemeral = config_of(&draft.config, "materialized") == Some("ephemeral");
        if draft.singular || ephemeral || draft.kind == NodeKind::Seed {
            return None;
        }
        let compiled = finished(self.loaded, settled, &self.rendered[at]).ok()?;
        for parent in &self.rendered[at].depends_on {
            if let Some(&parent) = self.by_id.get(parent.as_str()) {
                self.columns(parent);
            }
        }
        let analysis = analyze(&compiled.sql, self.loaded.dialect, self).ok()?;
        if !analysis.open.is_empty() || analysis.outputs.is_empty() {
            return None;
        }
        let names = analysis.outputs.iter().map(|output| stored(&output.name, &compiled.sql, self.loaded.dialect));
        let mut names = names.collect::<Option<Vec<String>>>()?;
        if draft.kind == NodeKind::Snapshot {
            if draft.config.contains_key("snapshot_meta_column_names") || draft.config.contains_key("hard_deletes") {
                return None;
            }
            let upper = self.loaded.dialect == Dialect::Snowflake;
            names.extend(SNAPSHOT_COLUMNS.iter().map(|c| if upper { c.to_uppercase() } else { (*c).to_owned() }));
        }
        Some(names)
    }
}

impl Catalog for Resolver<'_> {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        let (database, schema, identifier) = match parts {
            [database, schema, identifier] => (database.clone(), schema.clone(), identifier.clone()),
            [schema, identifier] => (String::new(), schema.clone(), identifier.clone()),
            _ => return None,
        };
        let name = RelationName { database, schema, identifier, rendered: String::new() };
        let at = self.by_key.get(&Key::of(&name))?;
        let columns = self.found.borrow().get(at).cloned().flatten();
        Some(TableInfo { id: self.loaded.drafts[*at].draft.unique_id.clone(), columns })
    }
}

/// The name that the warehouse keeps for an output column. Warehouses that fold case do so unless the name is quoted:
/// where that cannot be told, there is no name.
fn stored(name: &str, sql: &str, dialect: Dialect) -> Option<String> {
    if name.is_empty() || name.starts_with("_col_") {
        return None;
    }
    let folded = match dialect {
        Dialect::Snowflake => name.to_uppercase(),
        Dialect::Postgres | Dialect::Redshift | Dialect::Trino => name.to_lowercase(),
        _ => return Some(name.to_owned()),
    };
    let quoted = folded != name && sql.contains(&format!("\"{name}\""));
    (!quoted).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_the_warehouse_keeps_them() {
        assert_eq!(stored("Id", "select 1 as Id", Dialect::DuckDb).as_deref(), Some("Id"));
        assert_eq!(stored("id", "select 1 as id", Dialect::Snowflake).as_deref(), Some("ID"));
        assert_eq!(stored("id", "select 1 as \"id\"", Dialect::Snowflake), None);
        assert_eq!(stored("Id", "select 1 as Id", Dialect::Postgres).as_deref(), Some("id"));
        assert_eq!(stored("_col_0", "select 1", Dialect::DuckDb), None);
    }
}
