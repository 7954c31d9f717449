//! dbt's unit tests: given rows, expected rows.

use crate::engine::statement::single_query;
use crate::engine::{Engine, Side, literal, quoted};
use crate::gates::{Change, Context, Data};
use crate::project::{Project, UnitTest};
use crate::reconcile::{Options, Reconciliation, compare};
use anyhow::{Context as _, Result, anyhow, bail};
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The unit tests of the changed model.
pub fn of<'a>(change: &Change<'_>, cx: &Context<'a>) -> Vec<&'a UnitTest> {
    cx.head.project.unit_tests.values().filter(|u| u.model.as_ref() == Some(&change.unique_id)).collect()
}

/// Runs one; `None` when it passes, else what is wrong.
///
/// # Errors
/// Why it could not be run.
pub fn run(unit: &UnitTest, id: &str, cx: &Context<'_>, data: &dyn Data) -> Result<Option<String>> {
    let definition = &unit.definition;
    if definition.get("overrides").is_some_and(|o| o.as_object().is_none_or(|o| !o.is_empty())) {
        bail!("`overrides` are not supported yet");
    }
    let engine = data.engine();
    let mut given = BTreeMap::new();
    for input in definition.get("given").and_then(Value::as_array).into_iter().flatten() {
        let written = input.get("input").and_then(Value::as_str).context("`given` without `input`")?;
        let parent = resolve(written, &cx.head.project)
            .with_context(|| format!("input {written} is no relation of this project"))?;
        let relation = data.relation(Side::Head, &parent)?;
        let columns = engine.query(&format!("select * from {relation} limit 0"))?.columns;
        let rows = rows(input).with_context(|| format!("input {written}"))?;
        given.insert(parent, rows.query(&columns, engine).with_context(|| format!("input {written}"))?);
    }
    // dbt refuses such a test as well: the model now reads what the test does not give.
    let parents = cx.head.project.models.get(id).map(|m| &m.depends_on);
    let missing: Vec<String> = parents
        .into_iter()
        .flatten()
        .filter(|parent| !given.contains_key(*parent))
        .map(|parent| cx.head.display_name(parent))
        .collect();
    if !missing.is_empty() {
        return Ok(Some(format!("unit test {} gives no rows for {}", unit.name, missing.join(", "))));
    }
    let actual = data.query_over(Side::Head, id, &given)?;
    let columns = engine.query(&format!("select * from (\n{actual}\n) limit 0"))?.columns;
    let expected = rows(definition.get("expect").context("it has no `expect`")?).context("expect")?;
    let named: Vec<(String, String)> = match expected.names() {
        Some(names) => {
            columns.iter().filter(|(c, _)| names.iter().any(|n| n.eq_ignore_ascii_case(c))).cloned().collect()
        }
        None => columns.clone(),
    };
    let items: Vec<String> = named.iter().map(|(name, _)| quoted(name)).collect();
    if items.is_empty() {
        let rows = engine.query(&format!("select 1 from (\n{actual}\n) limit 1"))?.rows;
        return Ok((!rows.is_empty()).then(|| format!("unit test {} fails: no row is expected", unit.name)));
    }
    let actual = format!("(select {} from (\n{actual}\n))", items.join(", "));
    let expected = format!("({})", expected.query(&named, engine).context("expect")?);
    let result = compare(engine, &expected, &actual, &Options { sample: 1, ..Options::default() })?;
    Ok((!result.equal()).then(|| format!("unit test {} fails: {}", unit.name, difference(&result))))
}

fn difference(result: &Reconciliation) -> String {
    let mut parts = vec![format!("{} of {} expected rows", result.rows_equal, result.rows_reference)];
    if result.rows_candidate != result.rows_reference {
        parts.push(format!("{} rows in all", result.rows_candidate));
    }
    for column in result.columns.iter().filter(|c| c.differing > 0) {
        let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "NULL".into());
        let first = column.sample.first();
        let first = first.map(|s| format!(" ({} instead of {})", value(&s.candidate), value(&s.reference)));
        parts.push(format!("{} differs{}", column.name, first.unwrap_or_default()));
    }
    parts.join(", ")
}

/// The unique id that `ref('x')` or `source('a', 'b')` means.
fn resolve(written: &str, project: &Project) -> Result<String> {
    let call = Regex::new(r#"^\s*(ref|source)\s*\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)\s*$"#)?;
    let parts =
        call.captures(written).ok_or_else(|| anyhow!("only ref() and source() of plain names are supported"))?;
    let (first, second) = (&parts[2], parts.get(3).map(|m| m.as_str()));
    let found = match (&parts[1], second) {
        ("source", Some(table)) => {
            project.sources.values().find(|s| s.source_name == first && s.name == table).map(|s| &s.unique_id)
        }
        ("ref", None) => project.models.values().find(|m| m.name == first).map(|m| &m.unique_id),
        ("ref", Some(name)) => {
            project.models.values().find(|m| m.package == first && m.name == name).map(|m| &m.unique_id)
        }
        _ => None,
    };
    found.cloned().context("it is not there")
}

/// Rows as a unit test writes them.
enum Rows {
    /// One map a row.
    Maps(Vec<Map<String, Value>>),
    /// A query.
    Sql(String),
}

fn rows(block: &Value) -> Result<Rows> {
    if block.get("fixture").is_some_and(|f| !f.is_null()) {
        bail!("`fixture` files are not supported yet");
    }
    let format = block.get("format").and_then(Value::as_str).unwrap_or("dict");
    match (format, block.get("rows")) {
        ("dict", None | Some(Value::Null)) => Ok(Rows::Maps(Vec::new())),
        ("dict", Some(Value::Array(rows))) => {
            let map = |row: &Value| row.as_object().cloned().context("a row is no map of columns");
            Ok(Rows::Maps(rows.iter().map(map).collect::<Result<_>>()?))
        }
        ("csv", Some(Value::String(text))) => Ok(Rows::Maps(csv(text)?)),
        ("sql", Some(Value::String(text))) => Ok(Rows::Sql(single_query(text)?.to_owned())),
        (other, _) => bail!("rows of format {other} cannot be read"),
    }
}

/// Inline CSV: a header, then rows; an empty cell is NULL.
fn csv(text: &str) -> Result<Vec<Map<String, Value>>> {
    if text.contains('"') {
        bail!("quoted CSV is not supported yet; write the rows as maps");
    }
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let header: Vec<&str> = lines.next().context("the CSV has no header")?.split(',').map(str::trim).collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            if cells.len() != header.len() {
                bail!("a CSV row has {} cells under {} columns", cells.len(), header.len());
            }
            let value = |cell: &str| if cell.is_empty() { Value::Null } else { cell.into() };
            Ok(header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), value(cell))).collect())
        })
        .collect()
}

impl Rows {
    /// Columns that some row names; `None` when only a query knows.
    fn names(&self) -> Option<Vec<&str>> {
        match self {
            Rows::Maps(rows) => Some(rows.iter().flat_map(|r| r.keys().map(String::as_str)).collect()),
            Rows::Sql(_) => None,
        }
    }

    /// A query of these rows with the given columns and types; a column that a row does not name is NULL.
    fn query(&self, columns: &[(String, String)], engine: &dyn Engine) -> Result<String> {
        let rows = match self {
            Rows::Maps(rows) => rows,
            Rows::Sql(sql) => {
                let own = engine.query(&format!("select * from (\n{sql}\n) limit 0"))?.columns;
                let items = columns.iter().map(|(name, data_type)| {
                    let has = own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
                    let value = if has { quoted(name) } else { "null".to_owned() };
                    format!("cast({value} as {data_type}) as {}", quoted(name))
                });
                return Ok(format!("select {} from (\n{sql}\n)", items.collect::<Vec<_>>().join(", ")));
            }
        };
        for name in rows.iter().flat_map(|row| row.keys()) {
            if !columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name)) {
                bail!("there is no column {name}");
            }
        }
        let select = |row: &Map<String, Value>| {
            let items = columns.iter().map(|(name, data_type)| {
                let value = row.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).map(|(_, value)| value);
                format!("cast({} as {data_type}) as {}", value_sql(value), quoted(name))
            });
            format!("select {}", items.collect::<Vec<_>>().join(", "))
        };
        match rows.is_empty() {
            true => Ok(format!("{} where false", select(&Map::new()))),
            false => Ok(rows.iter().map(select).collect::<Vec<_>>().join(" union all ")),
        }
    }
}

fn value_sql(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) => literal(text),
        Some(other) => literal(&other.to_string()),
    }
}
