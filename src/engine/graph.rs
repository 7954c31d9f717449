//! What each relation of a side reads, and hashes that are equal when two definitions must give the same rows.

use super::scratch::{RelationKey, find};
use super::statement::occurrences;
use super::{Body, Definition, SidePlan, quoted};
use crate::sql::Dialect;
use anyhow::{Result, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A query cut at its relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// A relation, which a name is put in for.
    Relation {
        /// Its id.
        id: String,
        /// Where its name starts in the text.
        at: usize,
    },
}

/// One relation of one side, read.
#[derive(Debug)]
pub struct Node {
    /// Equal for two nodes that are made alike from inputs made alike.
    pub hash: String,
    /// Its query; empty for what is no query.
    pub pieces: Vec<Piece>,
}

/// Relations of the attached databases.
pub type Attached = BTreeMap<RelationKey, Vec<(String, String)>>;

/// The relations of one side, read as they are asked for.
pub struct Graph {
    /// What there is.
    pub plan: SidePlan,
    dialect: Dialect,
    nodes: BTreeMap<String, Arc<Node>>,
    /// Every text that some definition calls a relation by, where all agree on what it means.
    rendered: BTreeMap<String, String>,
}

impl Graph {
    /// A graph over a plan whose queries are written in `dialect`.
    pub fn new(plan: SidePlan, dialect: Dialect) -> Self {
        let mut rendered: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (text, id) in plan.definitions.values().flat_map(|d| &d.refs).chain(&plan.rendered) {
            let known = rendered.entry(text.clone()).or_insert_with(|| Some(id.clone()));
            if known.as_ref() != Some(id) {
                *known = None;
            }
        }
        let rendered = rendered.into_iter().filter_map(|(text, id)| Some((text, id?))).collect();
        Self { plan, dialect, nodes: BTreeMap::new(), rendered }
    }

    /// The node of `id`.
    ///
    /// # Errors
    /// It is not there, its text cannot be read, or it reads itself through others.
    pub fn node(&mut self, id: &str, attached: &Attached) -> Result<Arc<Node>> {
        self.visit(id, attached, &mut Vec::new())
    }

    fn visit(&mut self, id: &str, attached: &Attached, path: &mut Vec<String>) -> Result<Arc<Node>> {
        if let Some(node) = self.nodes.get(id) {
            return Ok(node.clone());
        }
        let definition = self.plan.definition(id)?.clone();
        if path.iter().any(|p| p == id) {
            let names = path.iter().skip_while(|p| *p != id).chain([&definition.id]);
            let names: Vec<&str> = names.filter_map(|p| Some(self.plan.definitions.get(p)?.name.as_str())).collect();
            bail!("relations read each other in a circle: {}", names.join(" -> "));
        }
        path.push(id.to_owned());
        let mut hash = Sha256::new();
        let mut pieces = Vec::new();
        match &definition.body {
            Body::Query(sql) => {
                hash.update(b"query\0");
                pieces = pieces_of(sql, &definition.refs, &self.plan, self.dialect, attached)
                    .map_err(|e| e.context(definition.name.clone()))?;
                for piece in &pieces {
                    match piece {
                        Piece::Text(text) => hash.update(text.as_bytes()),
                        Piece::Relation { id: child, .. } => {
                            let child = self.visit(child, attached, path)?;
                            hash.update(b"\0ref\0");
                            hash.update(child.hash.as_bytes());
                        }
                    }
                }
            }
            other => hash_leaf(&mut hash, other),
        }
        // A query may qualify columns by the relation's name, so relations of different names are different.
        hash.update(b"\0name\0");
        hash.update(definition.name.to_lowercase().as_bytes());
        path.pop();
        let hash: String = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
        let node = Arc::new(Node { hash, pieces });
        self.nodes.insert(id.to_owned(), node.clone());
        Ok(node)
    }

    /// The dialect of its queries.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The text by which compiled SQL calls the relation of `id`, when all agree on what it means.
    pub fn called(&self, id: &str) -> Option<String> {
        self.rendered.iter().find(|(_, known)| *known == id).map(|(text, _)| text.clone())
    }

    /// Any query of this side cut at its relations.
    ///
    /// # Errors
    /// The text cannot be read.
    pub fn pieces(&self, sql: &str, attached: &Attached) -> Result<Vec<Piece>> {
        pieces_of(sql, &self.rendered, &self.plan, self.dialect, attached)
    }
}

/// The hash of a definition that reads no other.
pub fn leaf_hash(definition: &Definition) -> String {
    let mut hash = Sha256::new();
    hash_leaf(&mut hash, &definition.body);
    hash.update(b"\0name\0");
    hash.update(definition.name.to_lowercase().as_bytes());
    hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

fn hash_leaf(hash: &mut Sha256, body: &Body) {
    match body {
        Body::Query(_) => hash.update(b"query\0"),
        Body::Csv { bytes, types, delimiter } => {
            hash.update(b"csv\0");
            hash.update(Sha256::digest(bytes));
            for (column, data_type) in types {
                hash.update(format!("{}\0{data_type}\0", column.to_lowercase()));
            }
            hash.update(delimiter.to_string());
        }
        Body::External(database, schema, name) => {
            hash.update(format!("external\0{database}\0{schema}\0{name}").to_lowercase());
        }
        Body::File(path) => hash.update(format!("file\0{}", path.display())),
        Body::Unbuildable(reason) => hash.update(format!("unbuildable\0{reason}")),
    }
}

fn pieces_of(
    sql: &str,
    refs: &BTreeMap<String, String>,
    plan: &SidePlan,
    dialect: Dialect,
    attached: &Attached,
) -> Result<Vec<Piece>> {
    let mut found: Vec<(std::ops::Range<usize>, Piece)> = Vec::new();
    match crate::sql::relations(sql, dialect) {
        Ok(uses) => {
            for relation in uses {
                let range = relation.span.start..relation.span.end;
                let Some(written) = sql.get(range.clone()) else { bail!("a relation name is out of the text") };
                let id = refs.get(written).or_else(|| plan.names.get(&relation.parts.join(".").to_lowercase()));
                match (id, attached_name(&relation.parts, attached)) {
                    (Some(id), _) => {
                        let at = range.start;
                        found.push((range, Piece::Relation { id: id.clone(), at }));
                    }
                    (None, Some(name)) => found.push((range, Piece::Text(name))),
                    (None, None) => {}
                }
            }
        }
        // What our parser cannot read may still be good SQL to the engine: names are found as they were rendered.
        Err(_) => {
            let all: BTreeMap<&str, &str> = refs.iter().map(|(text, id)| (text.as_str(), id.as_str())).collect();
            let texts: Vec<&str> = all.keys().copied().collect();
            for (range, index) in occurrences(sql, &texts)? {
                let at = range.start;
                found.push((range, Piece::Relation { id: all[texts[index]].to_owned(), at }));
            }
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    let mut pieces = Vec::new();
    let mut at = 0;
    for (range, piece) in found {
        if range.start < at {
            bail!("relation names overlap in the text");
        }
        pieces.push(Piece::Text(sql[at..range.start].to_owned()));
        at = range.end;
        pieces.push(piece);
    }
    pieces.push(Piece::Text(sql[at..].to_owned()));
    Ok(pieces)
}

/// The full SQL name of an attached relation that a query calls by a part of it.
fn attached_name(parts: &[String], attached: &Attached) -> Option<String> {
    let (database, schema, name) = match parts {
        [name] => ("", "", name.as_str()),
        [schema, name] => ("", schema.as_str(), name.as_str()),
        [database, schema, name] => (database.as_str(), schema.as_str(), name.as_str()),
        _ => return None,
    };
    find(attached, database, schema, name).map(relation_name)
}

/// The SQL name of an attached relation.
pub fn relation_name(key: &RelationKey) -> String {
    [&key.0, &key.1, &key.2].map(|part| quoted(part)).join(".")
}
