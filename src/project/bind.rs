//! A project with every model's SQL analysed: names bound to relations, columns to their sources, across models.

mod analyses;

pub use analyses::Analyses;

use super::columns::ColumnGraph;
use super::{Model, Project};
use crate::sql::{Analysis, Catalog, SqlError, TableInfo};
use analyses::Read;
use anyhow::{Result, anyhow, bail};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Columns of relations that SQL in the project does not define (sources), by unique id: name and type, in order.
pub type KnownColumns = BTreeMap<String, Vec<(String, String)>>;

/// Relations that no file of the project declares and the database holds, by every name that SQL may call them: lower
/// case, parts joined by `.`, from the full name down to the bare one where only one relation has it.
pub type Externals = BTreeMap<String, TableInfo>;

/// A project and the analysis of each of its models.
pub struct Bound {
    /// The project.
    pub project: Project,
    analyses: BTreeMap<String, Arc<Read>>,
    columns: BTreeMap<String, Vec<String>>,
    types: KnownColumns,
    names: BTreeMap<String, Option<String>>,
    externals: Externals,
    graph: OnceLock<ColumnGraph>,
}

/// Columns of a model, when all are known, and what its SQL says.
type Looked = (Option<Vec<String>>, Option<Arc<Read>>);

/// A column of a relation: unique id and column name as the relation spells it.
pub type ColumnId = (String, String);

impl Bound {
    /// Analyses every compiled model, upstream first, so that stars expand through the project.
    pub fn new(project: Project, known: &KnownColumns, externals: Externals) -> Self {
        Self::sharing(project, known, externals, &Analyses::default())
    }

    /// As [`Bound::new`], taking what `analyses` holds already (from the other side of a change) and adding the rest.
    pub fn sharing(project: Project, known: &KnownColumns, externals: Externals, analyses: &Analyses) -> Self {
        let names = names(&project);
        let (read, columns) = (BTreeMap::new(), BTreeMap::new());
        let types = known.clone();
        let mut bound = Self { names, project, analyses: read, columns, types, externals, graph: OnceLock::new() };
        for (id, columns) in known {
            bound.columns.insert(id.clone(), columns.iter().map(|(name, _)| name.clone()).collect());
        }
        for step in bound.steps() {
            // Models of one step read none of each other.
            let found: Vec<Looked> = step.par_iter().map(|id| bound.look_at(id, analyses)).collect();
            for (id, (columns, read)) in step.into_iter().zip(found) {
                if let Some(columns) = columns {
                    bound.columns.insert(id.clone(), columns);
                }
                if let Some(read) = read {
                    bound.analyses.insert(id, read);
                }
            }
        }
        bound
    }

    /// The columns of a model, when all are known, and what its SQL says.
    fn look_at(&self, id: &str, analyses: &Analyses) -> Looked {
        let model = &self.project.models[id];
        if let Some(csv) = &model.csv {
            return (csv_header(csv, &model.config), None);
        }
        let Ok(compiled) = &model.compiled else { return (None, None) };
        let read = analyses.read(&compiled.sql, self.project.dialect, self);
        let closed = read.analysis.as_ref().ok().filter(|a| a.open.is_empty() && !a.outputs.is_empty());
        let columns = closed.map(|analysis| {
            let mut columns: Vec<String> = analysis.outputs.iter().map(|o| o.name.clone()).collect();
            if model.kind == super::NodeKind::Snapshot {
                columns.extend(SNAPSHOT_COLUMNS.iter().map(|c| (*c).to_owned()));
            }
            let added = model.config.get(ADDED_COLUMNS).and_then(|list| list.as_array()).into_iter().flatten();
            columns.extend(added.filter_map(|name| name.as_str().map(str::to_owned)));
            columns
        });
        (columns, Some(read))
    }

    /// Models by how many models stand upstream of them on the longest way, so that each step reads only earlier ones.
    fn steps(&self) -> Vec<Vec<String>> {
        let mut steps: Vec<Vec<String>> = Vec::new();
        let mut depth: BTreeMap<String, usize> = BTreeMap::new();
        for id in self.order() {
            let parents = &self.project.models[&id].depends_on;
            let at = parents.iter().filter_map(|parent| depth.get(parent)).max().map_or(0, |deepest| deepest + 1);
            if steps.len() <= at {
                steps.resize_with(at + 1, Vec::new);
            }
            steps[at].push(id.clone());
            depth.insert(id, at);
        }
        steps
    }

    /// Models upstream first; members of a circle come last, in order of id.
    pub fn order(&self) -> Vec<String> {
        let mut order = Vec::new();
        let mut state: BTreeMap<&str, bool> = BTreeMap::new();
        for id in self.project.models.keys() {
            visit(&self.project, id, &mut state, &mut order);
        }
        order
    }

    /// The analysis of a model.
    ///
    /// # Errors
    /// Why there is none: no such model, not compiled, not parsed.
    pub fn analysis(&self, id: &str) -> Result<&Analysis> {
        let model = self.project.models.get(id).ok_or_else(|| anyhow!("{id} is no model of this side"))?;
        match (&model.compiled, self.analyses.get(id).map(|read| &read.analysis)) {
            (Err(reason), _) => bail!("not compiled: {} ({}:{})", reason.message, reason.place.path, reason.place.line),
            (_, Some(Ok(analysis))) => Ok(analysis),
            (_, Some(Err(error))) => bail!("SQL not parsed: {error}"),
            (_, None) => bail!("{id} has no SQL"),
        }
    }

    /// The parse error of a model, when it compiled and its SQL does not parse.
    pub fn parse_error(&self, id: &str) -> Option<&SqlError> {
        self.analyses.get(id)?.analysis.as_ref().err()
    }

    /// Output columns of a model, seed or source, when all are known.
    pub fn columns(&self, id: &str) -> Option<&[String]> {
        self.columns.get(id).map(Vec::as_slice)
    }

    /// The type of a column, as its declaration or the database says it.
    pub fn type_of(&self, id: &str, column: &str) -> Option<&str> {
        let known = || self.types.get(id)?.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
        self.declared(id, column).and_then(|c| c.data_type.as_deref()).or_else(|| known().map(|(_, of)| of.as_str()))
    }

    /// What the project declares of a column of a model, seed or source.
    pub fn declared(&self, id: &str, column: &str) -> Option<&super::ColumnInfo> {
        let model = self.project.models.get(id).map(|model| &model.columns);
        let columns = model.or_else(|| self.project.sources.get(id).map(|source| &source.columns))?;
        columns.values().find(|declared| declared.name.eq_ignore_ascii_case(column))
    }

    /// The unique id that a relation name means, by its parts as written without quotes.
    pub fn id_of(&self, parts: &[String]) -> Option<&str> {
        self.names.get(&parts.join(".").to_lowercase())?.as_deref()
    }

    /// Every name by which SQL of this project may call a relation (lower case, parts joined by `.`), with its unique id.
    pub fn relation_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().filter_map(|(name, id)| Some((name.as_str(), id.as_deref()?)))
    }

    /// Direct readers of each model, seed or source.
    pub fn children(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for model in self.project.models.values() {
            for parent in &model.depends_on {
                children.entry(parent).or_default().insert(&model.unique_id);
            }
        }
        children
    }

    /// Every model downstream of `id`, itself left out.
    pub fn downstream(&self, id: &str) -> BTreeSet<&str> {
        let children = self.children();
        let mut reached = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            for &child in children.get(next).into_iter().flatten() {
                if child != id && reached.insert(child) {
                    open.push(child);
                }
            }
        }
        reached
    }

    /// Every column of the project and where its value goes; made when it is first asked for.
    pub fn graph(&self) -> &ColumnGraph {
        self.graph.get_or_init(|| ColumnGraph::of(self))
    }

    /// Columns of models reached by the value of `column` of `id`, breadth first, sorted per step, itself left out.
    pub fn downstream_columns(&self, id: &str, column: &str) -> Vec<ColumnId> {
        self.graph().value_reaches(id, column)
    }

    /// The model's display name for an id: the model's name, `source.table` for sources, the id otherwise.
    pub fn display_name(&self, id: &str) -> String {
        if let Some(model) = self.project.models.get(id) {
            return model.name.clone();
        }
        match self.project.sources.get(id) {
            Some(source) => format!("{}.{}", source.source_name, source.name),
            None => id.to_owned(),
        }
    }

    /// All models.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.project.models.values()
    }
}

/// Config key of the columns that the project's tool adds to a model's own.
pub(crate) const ADDED_COLUMNS: &str = "added_columns";

/// Columns that dbt adds to a snapshot's own.
pub(crate) const SNAPSHOT_COLUMNS: &[&str] = &["dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"];

impl Catalog for Bound {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        match self.id_of(parts) {
            Some(id) => Some(TableInfo { id: id.to_owned(), columns: self.columns.get(id).cloned() }),
            None => self.externals.get(&parts.join(".").to_lowercase()).cloned(),
        }
    }
}

fn visit<'a>(project: &'a Project, id: &'a str, state: &mut BTreeMap<&'a str, bool>, order: &mut Vec<String>) {
    if state.contains_key(id) {
        return;
    }
    state.insert(id, false);
    if let Some(model) = project.models.get(id) {
        for parent in &model.depends_on {
            visit(project, parent, state, order);
        }
        order.push(id.to_owned());
    }
    state.insert(id, true);
}

/// Names of every relation, from the full name down to the bare identifier; a name that two relations share means neither.
fn names(project: &Project) -> BTreeMap<String, Option<String>> {
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    let models = project.models.values().map(|m| (&m.unique_id, &m.relation));
    let sources = project.sources.values().map(|s| (&s.unique_id, &s.relation));
    for (id, relation) in models.chain(sources) {
        let parts: Vec<&str> = [&relation.database, &relation.schema, &relation.identifier]
            .into_iter()
            .map(String::as_str)
            .filter(|p| !p.is_empty())
            .collect();
        // Where SQL always says the schema, the bare name is another relation's.
        let bare = parts.len() == 1 || !project.kind.names_with_schema();
        for start in 0..parts.len() - usize::from(!bare) {
            let name = parts[start..].join(".").to_lowercase();
            names
                .entry(name)
                .and_modify(|known| {
                    if known.as_deref() != Some(id) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(id.clone()));
        }
    }
    names
}

/// Column names of a CSV with a header.
pub(crate) fn csv_header(bytes: &[u8], config: &serde_json::Map<String, serde_json::Value>) -> Option<Vec<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.trim_start_matches('\u{feff}').lines().next()?;
    let delimiter = config.get("delimiter").and_then(|d| d.as_str()).and_then(|d| d.chars().next()).unwrap_or(',');
    let plain = |name: &str| {
        let name = name.trim();
        name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name).to_owned()
    };
    let names: Vec<String> = line.split(delimiter).map(plain).collect();
    // A name with a quote in it was cut within quotes: then the columns are not known.
    (!names.iter().any(|n| n.is_empty() || n.contains('"'))).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::csv_header;

    #[test]
    fn a_header_is_known_or_left_open_never_guessed() {
        let header = |text: &str| csv_header(text.as_bytes(), &Default::default());
        assert_eq!(header("\u{feff}id,\"name\"\r\n1,x\n"), Some(vec!["id".to_owned(), "name".to_owned()]));
        assert_eq!(header("id,\"last, first\"\n"), None);
        assert_eq!(header("id,,x\n"), None);
    }
}
