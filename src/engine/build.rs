//! Both sides' relations, built on demand in one scratch database; what is made alike on both sides is built once.

use super::graph::{Attached, Graph, Piece, leaf_hash, relation_name};
use super::scratch::{Attach, RelationKey, Scratch, find};
use super::statement::single_query;
use super::{Body, Definition, DuckDb, Side, SidePlan, quoted};
use crate::sql::Dialect;
use anyhow::{Result, anyhow, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The relations of both sides.
///
/// `now()`, `current_date` and their kin are one instant for the whole run. `random()` and `uuid()` start from one seed
/// before each relation that uses them, which makes both sides agree only where DuckDB scans in one thread.
pub struct Workspace {
    engine: DuckDb,
    attached: Attached,
    databases: Vec<Attach>,
    missing: Vec<String>,
    state: Mutex<State>,
}

struct State {
    base: Graph,
    head: Graph,
    built: BTreeMap<String, Built>,
    schemas: usize,
}

/// One relation that was built, or why it could not be.
struct Built {
    outcome: std::result::Result<Relation, String>,
    readers: BTreeSet<String>,
}

#[derive(Clone)]
struct Relation {
    /// SQL name.
    name: String,
    /// A view, which is made a table when a second relation reads it.
    view: bool,
}

impl Workspace {
    /// Loads the seeds and files of both sides, then locks the database down.
    ///
    /// # Errors
    /// The lock-down failed. A seed or file that cannot be loaded is an error only of what reads it.
    pub fn new(mut scratch: Scratch, base: SidePlan, head: SidePlan, dialect: Dialect) -> Result<Self> {
        let mut built = BTreeMap::new();
        for definition in base.definitions.values().chain(head.definitions.values()) {
            let hash = leaf_hash(definition);
            if built.contains_key(&hash) {
                continue;
            }
            let loaded = match &definition.body {
                Body::Csv { .. } | Body::File(_) => scratch.load(&definition.name, &definition.body),
                Body::External(database, schema, name) => match file_view(&scratch, database, schema, name) {
                    Some(key) => scratch.copy(&key),
                    None => continue,
                },
                Body::Query(_) | Body::Unbuildable(_) => continue,
            };
            let outcome = loaded.map(|name| Relation { name, view: false }).map_err(|e| failed(definition, &e));
            built.insert(hash, Built { outcome, readers: BTreeSet::new() });
        }
        let attached = scratch.columns().clone();
        let databases = scratch.attached().to_vec();
        let missing = scratch.missing().to_vec();
        let schemas = scratch.schemas();
        let engine = scratch.lock()?;
        let (base, head) = (Graph::new(base, dialect), Graph::new(head, dialect));
        Ok(Self { engine, attached, databases, missing, state: Mutex::new(State { base, head, built, schemas }) })
    }

    /// The engine that holds the relations.
    pub fn engine(&self) -> &DuckDb {
        &self.engine
    }

    /// SQL text that names the relation of `id` on `side`, built now if it was not yet.
    ///
    /// # Errors
    /// What could not be built, and the engine's message; the same each time.
    pub fn relation(&self, side: Side, id: &str) -> Result<String> {
        self.build(&mut self.state(), side, id, None)
    }

    /// `sql` with every relation of the project replaced by its relation on `side`, each built if need be.
    ///
    /// # Errors
    /// As [`Workspace::relation`]; or the text cannot be read.
    pub fn rewrite(&self, side: Side, sql: &str) -> Result<String> {
        let mut state = self.state();
        let pieces = state.graph(side).pieces(sql, &self.attached)?;
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(t) => text.push_str(&t),
                Piece::Relation { id, .. } => text.push_str(&self.build(&mut state, side, &id, None)?),
            }
        }
        Ok(text)
    }

    /// A query over given rows: each relation of `side` that it reads stands for the query that `given` has for it.
    ///
    /// # Errors
    /// It reads a relation that is not given, or given rows that are no good SQL.
    pub fn query_over(&self, side: Side, sql: &str, given: &BTreeMap<String, String>) -> Result<String> {
        let mut state = self.state();
        let pieces = state.graph(side).pieces(sql, &self.attached)?;
        let mut text = String::new();
        let mut made: BTreeMap<&str, String> = BTreeMap::new();
        for piece in &pieces {
            match piece {
                Piece::Text(t) => text.push_str(t),
                Piece::Relation { id: parent, .. } => {
                    if !made.contains_key(parent.as_str()) {
                        let parent_name = state.graph(side).plan.definition(parent)?.name.clone();
                        let rows = given.get(parent).ok_or_else(|| anyhow!("no rows are given for {parent_name}"))?;
                        let table = self.create(&mut state, "table", &parent_name, single_query(rows)?)?;
                        made.insert(parent, table);
                    }
                    text.push_str(&made[parent.as_str()]);
                }
            }
        }
        Ok(single_query(&text)?.to_owned())
    }

    /// Creates a relation in a scratch schema of its own; gives its SQL name.
    fn create(&self, state: &mut State, kind: &str, name: &str, sql: &str) -> Result<String> {
        let schema = self.engine.schema(state.schemas);
        state.schemas += 1;
        let name = format!("\"memory\".{}.{}", quoted(&schema), quoted(name));
        self.engine.execute(&format!("create schema memory.{}", quoted(&schema)))?;
        self.engine.execute(&format!("create {kind} {name} as select * from (\n{sql}\n)"))?;
        Ok(name)
    }

    /// The relation that a name means on `side`: one of the project's, else one of the attached databases.
    /// `name` is written as in SQL, with or without its schema and database.
    ///
    /// # Errors
    /// Nothing has that name, or it could not be built.
    pub fn named(&self, side: Side, name: &str) -> Result<String> {
        let parts: Vec<&str> = name.split('.').map(|part| part.trim().trim_matches(['"', '`'])).collect();
        let mut state = self.state();
        if let Some(id) = state.graph(side).plan.names.get(&parts.join(".").to_lowercase()).cloned() {
            return self.build(&mut state, side, &id, None);
        }
        match parts[..] {
            [table] => self.external("", "", table),
            [schema, table] => self.external("", schema, table),
            [database, schema, table] => self.external(database, schema, table),
            _ => bail!("{name} is no name of a relation; write it as schema.table"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change to the state is one insertion after the work is done, so a panic cannot leave it half made.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds `id` for `reader` (the hash of the relation that reads it; `None`: a query does, so it must be a table).
    fn build(&self, state: &mut State, side: Side, id: &str, reader: Option<&str>) -> Result<String> {
        let node = state.graph(side).node(id, &self.attached)?;
        if !state.built.contains_key(&node.hash) {
            let definition = state.graph(side).plan.definition(id)?.clone();
            let made = self.make(state, side, &definition, &node.hash, &node.pieces, reader.is_some());
            let outcome = made.map_err(|e| failed(&definition, &e));
            state.built.insert(node.hash.clone(), Built { outcome, readers: BTreeSet::new() });
        }
        let Some(built) = state.built.get_mut(&node.hash) else { bail!("{id} was not built") };
        built.readers.extend(reader.map(str::to_owned));
        let shared = reader.is_none() || built.readers.len() > 1;
        match &mut built.outcome {
            Err(reason) => Err(anyhow!("{reason}")),
            Ok(relation) => {
                if relation.view && shared {
                    if let Err(error) = self.materialise(&relation.name) {
                        let definition = state.graph(side).plan.definition(id)?.clone();
                        let reason = failed(&definition, &error);
                        if let Some(built) = state.built.get_mut(&node.hash) {
                            built.outcome = Err(reason.clone());
                        }
                        bail!("{reason}");
                    }
                    relation.view = false;
                }
                Ok(relation.name.clone())
            }
        }
    }

    fn make(
        &self,
        state: &mut State,
        side: Side,
        definition: &Definition,
        hash: &str,
        pieces: &[Piece],
        view: bool,
    ) -> Result<Relation> {
        match &definition.body {
            Body::Unbuildable(reason) => bail!("{reason}"),
            Body::External(database, schema, name) => {
                Ok(Relation { name: self.external(database, schema, name)?, view: false })
            }
            Body::Csv { .. } | Body::File(_) => bail!("it was not loaded before the database was locked"),
            Body::Query(_) => {
                let mut sql = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => sql.push_str(text),
                        Piece::Relation { id, .. } => {
                            let child = self.build(state, side, id, Some(hash));
                            sql.push_str(&child.map_err(|e| e.context(Upstream))?);
                        }
                    }
                }
                let sql = single_query(&sql)?;
                let view = view && !volatile(sql);
                if volatile(sql) {
                    self.engine.execute("select setseed(0.5)")?;
                }
                let kind = if view { "view" } else { "table" };
                let name = self.create(state, kind, &definition.name, sql)?;
                Ok(Relation { name, view })
            }
        }
    }

    fn external(&self, database: &str, schema: &str, name: &str) -> Result<String> {
        if let Some(key) = find(&self.attached, database, schema, name) {
            return Ok(relation_name(key));
        }
        let wanted = [database, schema, name].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(".");
        if !self.missing.is_empty() {
            bail!("there is no {wanted}: {}", self.missing.join("; "));
        }
        let files: Vec<String> = self.databases.iter().map(|d| d.file.display().to_string()).collect();
        if files.is_empty() {
            bail!(
                "no database is attached that could hold {wanted}; name one in profiles.yml or `warehouse.database`, or its file under `warehouse.files`"
            );
        }
        bail!("there is no {wanted} in {}; load it, or name its file under `warehouse.files`", files.join(", "))
    }

    /// Makes a table of a view, under the same name.
    fn materialise(&self, name: &str) -> Result<()> {
        let (schema, table) = name.rsplit_once(".\"").ok_or_else(|| anyhow!("{name} is no full name"))?;
        let passing = format!("{schema}.\"rowproof_{table}");
        self.engine.execute(&format!("create table {passing} as select * from {name}"))?;
        self.engine.execute(&format!("drop view {name}; alter table {passing} rename to \"{table}"))
    }
}

impl State {
    fn graph(&mut self, side: Side) -> &mut Graph {
        match side {
            Side::Base => &mut self.base,
            Side::Head => &mut self.head,
        }
    }
}

/// The attached view over files that is meant, if it is one: it must be copied while files can still be read.
fn file_view(scratch: &Scratch, database: &str, schema: &str, name: &str) -> Option<RelationKey> {
    let key = scratch.find(database, schema, name)?;
    // Where that cannot be told, the relation stays where it is, and reading it fails with the engine's message.
    scratch.reads_files(key).unwrap_or(false).then(|| key.clone())
}

/// Marks an error that already names the relation it comes from.
#[derive(Debug, Clone, Copy)]
struct Upstream;

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("upstream")
    }
}

/// `orders: Binder Error: ...`, and once only when the reason lies upstream.
fn failed(definition: &Definition, error: &anyhow::Error) -> String {
    match error.downcast_ref::<Upstream>() {
        Some(_) => format!("{} reads {}", definition.name, error.root_cause()),
        None => format!("{}: {error:#}", definition.name),
    }
}

/// Whether a text may give other rows each time.
fn volatile(sql: &str) -> bool {
    let text = sql.to_ascii_lowercase();
    ["random", "uuid", "sample"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
