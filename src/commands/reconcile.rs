//! `rowproof reconcile`: compares two tables, files or queries.

mod models;
mod warehouses;

use crate::engine::scratch::{Attach, Limits, Scratch};
use crate::engine::{Body, Definition, Engine, Side, SidePlan, Workspace};
use crate::pii::names::entity;
use crate::reconcile::{Options, Reconciliation, compare};
use crate::sql::Dialect;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What to compare, as the command line has it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Trusted relation: a file, `FILE.duckdb:schema.table`, a table of `database`, a query, or `model:NAME[@REV]`.
    pub reference: String,
    /// Relation to prove.
    pub candidate: String,
    /// Key columns; empty: found from the data.
    pub key: Vec<String>,
    /// Relative tolerance.
    pub tolerance: f64,
    /// Absolute tolerance.
    pub absolute_tolerance: f64,
    /// `column=tolerance`.
    pub column_tolerance: Vec<String>,
    /// Columns to leave out.
    pub exclude: Vec<String>,
    /// DuckDB file that holds the tables.
    pub database: Option<PathBuf>,
    /// Most memory, as DuckDB writes it.
    pub memory: Option<String>,
    /// How many differing rows to show for each column and side.
    pub sample: usize,
    /// Where the reference is, when not in a file or DuckDB: `policy`, or a target of the profile.
    pub reference_warehouse: Option<String>,
    /// Where the candidate is.
    pub candidate_warehouse: Option<String>,
    /// `adapter=driver`.
    pub driver: Vec<String>,
}

/// The exit code of a comparison: 0 equal, 1 different.
pub fn exit_code(result: &Reconciliation) -> u8 {
    if result.equal() { 0 } else { 1 }
}

/// Compares the two relations.
///
/// # Errors
/// A relation that cannot be found or read, or an option that does not fit: exit code 2.
pub fn reconcile(request: &Request) -> Result<Reconciliation> {
    if warehouses::asked(request) {
        return warehouses::reconcile(request);
    }
    if models::asked(request) {
        return models::reconcile(request);
    }
    let mut databases: Vec<Attach> = Vec::new();
    if let Some(file) = &request.database {
        attach(&mut databases, file)?;
    }
    let reference = relation(&request.reference, &mut databases).context("--reference")?;
    let candidate = relation(&request.candidate, &mut databases).context("--candidate")?;
    let limits = Limits { memory: request.memory.clone(), ..Limits::default() };
    let mut scratch = Scratch::open(&databases, limits)?;
    let reference_types = types(&mut scratch, &reference)?;
    let candidate_types = types(&mut scratch, &candidate)?;
    let base = plan("reference", typed(reference, candidate_types)?);
    let head = plan("candidate", typed(candidate, reference_types)?);
    let workspace = Workspace::new(scratch, base, head, Dialect::DuckDb)?;
    let reference = workspace.relation(Side::Base, "reference").context("the reference cannot be read")?;
    let candidate = workspace.relation(Side::Head, "candidate").context("the candidate cannot be read")?;
    compare_in(workspace.engine(), &reference, &candidate, request, BTreeSet::new())
}

/// Compares two relations of an engine as the request asks. Values of `personal` columns, and of those whose name
/// says that they are personal, are never shown.
fn compare_in(
    engine: &dyn Engine,
    reference: &str,
    candidate: &str,
    request: &Request,
    mut hidden: BTreeSet<String>,
) -> Result<Reconciliation> {
    for relation in [reference, candidate] {
        hidden.extend(personal(engine, relation)?);
    }
    compare(engine, reference, candidate, &options(request, hidden)?)
}

/// Columns of a relation whose name says that they are personal.
fn personal(engine: &dyn Engine, relation: &str) -> Result<Vec<String>> {
    let columns = engine.query(&format!("select * from {relation} as t limit 0"))?.columns;
    Ok(columns.into_iter().map(|(name, _)| name).filter(|name| entity(name).is_some()).collect())
}

/// How the request wants it compared; values of `hidden` columns are not shown.
fn options(request: &Request, hidden: BTreeSet<String>) -> Result<Options> {
    Ok(Options {
        key: (!request.key.is_empty()).then(|| request.key.clone()),
        key_candidates: Vec::new(),
        tolerance: request.tolerance,
        absolute_tolerance: request.absolute_tolerance,
        column_tolerance: column_tolerances(&request.column_tolerance)?,
        exclude: request.exclude.iter().cloned().collect(),
        sample: request.sample,
        masked: hidden,
    })
}

fn column_tolerances(written: &[String]) -> Result<BTreeMap<String, f64>> {
    let one = |text: &String| {
        let parts =
            text.rsplit_once('=').and_then(|(column, n)| Some((column.trim().to_owned(), n.trim().parse().ok()?)));
        parts.with_context(|| format!("--column-tolerance {text}: write it as column=1e-6"))
    };
    written.iter().map(one).collect()
}

fn plan(id: &str, body: Body) -> SidePlan {
    let definition = Definition { id: id.into(), name: id.into(), body, refs: BTreeMap::new(), origin: String::new() };
    SidePlan { definitions: BTreeMap::from([(id.to_owned(), definition)]), ..SidePlan::default() }
}

/// What a `REL` of the command line means. A database that it names is attached.
fn relation(text: &str, databases: &mut Vec<Attach>) -> Result<Body> {
    let text = text.trim();
    if is_query(text) {
        return Ok(Body::Query(text.to_owned()));
    }
    if let Some((file, table)) = text.rsplit_once(':').filter(|(file, _)| has_ending(file, DATABASES)) {
        let alias = attach(databases, Path::new(file))?;
        let (schema, name) = table.rsplit_once('.').unwrap_or(("", table));
        return Ok(Body::External(alias, unquoted(schema), unquoted(name)));
    }
    if is_file(text) {
        return Ok(Body::File(absolute(Path::new(text))?));
    }
    if databases.is_empty() {
        bail!(
            "{text} is no file and no query; name the DuckDB file that holds the table with --database, or write FILE.duckdb:{text}"
        );
    }
    let parts: Vec<String> = text.split('.').map(unquoted).collect();
    match parts.as_slice() {
        [name] => Ok(Body::External(String::new(), String::new(), name.clone())),
        [schema, name] => Ok(Body::External(String::new(), schema.clone(), name.clone())),
        [database, schema, name] => Ok(Body::External(database.clone(), schema.clone(), name.clone())),
        _ => bail!("{text} is no table name; write it as schema.table"),
    }
}

const DATABASES: &[&str] = &["duckdb", "db", "ddb"];
const FILES: &[&str] = &["csv", "tsv", "parquet", "pq", "json", "ndjson", "jsonl", "csv.gz", "tsv.gz", "json.gz"];

fn has_ending(text: &str, endings: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    endings.iter().any(|ending| text.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')))
}

fn is_file(text: &str) -> bool {
    has_ending(text, FILES) || Path::new(text).exists()
}

fn is_query(text: &str) -> bool {
    let lines = text.lines().map(str::trim_start).skip_while(|line| line.is_empty() || line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let word: String = text.trim_start_matches(['(', ' ']).chars().take_while(char::is_ascii_alphabetic).collect();
    let starts = ["select", "with", "from", "values"].iter().any(|k| word.eq_ignore_ascii_case(k));
    starts && text.contains(char::is_whitespace)
}

fn unquoted(part: &str) -> String {
    part.trim().trim_matches('"').to_owned()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

/// Attaches a database once, whatever it is called; gives its alias.
fn attach(databases: &mut Vec<Attach>, file: &Path) -> Result<String> {
    let file = absolute(file)?;
    let file = file.canonicalize().unwrap_or(file);
    if let Some(known) = databases.iter().find(|d| d.file == file) {
        return Ok(known.alias.clone());
    }
    let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or("data").to_owned();
    let taken = |name: &str| {
        ["memory", "system", "temp"].contains(&name.to_ascii_lowercase().as_str())
            || databases.iter().any(|d| d.alias.eq_ignore_ascii_case(name))
    };
    let mut alias = stem;
    while taken(&alias) {
        alias.push('_');
    }
    databases.push(Attach { alias: alias.clone(), file, may_be_missing: false });
    Ok(alias)
}

/// Types of the relation's columns, where they are known before any query runs and are not guessed from text.
fn types(scratch: &mut Scratch, body: &Body) -> Result<BTreeMap<String, String>> {
    let columns = match body {
        Body::External(database, schema, name) => {
            scratch.find(database, schema, name).and_then(|key| scratch.columns().get(key)).cloned().unwrap_or_default()
        }
        Body::File(path) if has_ending(&path.to_string_lossy(), &["parquet", "pq"]) => scratch.file_columns(path)?,
        _ => Vec::new(),
    };
    Ok(columns.into_iter().collect())
}

/// A CSV is read with the types of what it is compared with: the text `00123` is a number only to those who guess.
fn typed(body: Body, types: BTreeMap<String, String>) -> Result<Body> {
    let Body::File(path) = &body else { return Ok(body) };
    if types.is_empty() || !has_ending(&path.to_string_lossy(), &["csv", "tsv"]) || !path.is_file() {
        return Ok(body);
    }
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let header = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let often = |c: char| header.iter().filter(|b| char::from(**b) == c).count();
    let delimiter = [',', ';', '\t', '|'].into_iter().rev().max_by_key(|c| often(*c)).unwrap_or(',');
    Ok(Body::Csv { bytes: bytes.into(), types, delimiter })
}

#[cfg(test)]
mod tests;
