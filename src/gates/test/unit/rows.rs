//! The rows that a unit test gives and expects, as a query.

use super::csv;
use crate::engine::Engine;
use crate::engine::statement::single_query_in;
use crate::sql::Dialect;
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

/// Rows as a unit test writes them.
pub(super) enum Rows {
    /// One map a row.
    Maps(Vec<Map<String, Value>>),
    /// A query.
    Sql(String),
}

impl Default for Rows {
    fn default() -> Self {
        Rows::Maps(Vec::new())
    }
}

/// The rows of a block; `None`: it has none, not even an empty list.
///
/// # Errors
/// They cannot be read, or are in a fixture file that is not there.
pub(super) fn read(block: &Value, dialect: Dialect) -> Result<Option<Rows>> {
    if let Some(name) = block.get("fixture").and_then(Value::as_str) {
        bail!("there is no fixture file `{name}` in a folder `fixtures` of the project's tests");
    }
    let format = block.get("format").and_then(Value::as_str).unwrap_or("dict");
    match (format, block.get("rows")) {
        ("dict", None | Some(Value::Null)) => Ok(None),
        ("dict", Some(Value::Array(rows))) => {
            let map = |row: &Value| row.as_object().cloned().context("a row is no map of columns");
            Ok(Some(Rows::Maps(rows.iter().map(map).collect::<Result<_>>()?)))
        }
        ("csv", Some(Value::String(text))) => Ok(Some(Rows::Maps(csv::read(text)?))),
        ("sql", Some(Value::String(text))) => Ok(Some(Rows::Sql(single_query_in(text, dialect)?.to_owned()))),
        (other, _) => bail!("rows of format {other} cannot be read"),
    }
}

impl Rows {
    /// Columns that some row names; `None` when only a query knows.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Rows::Maps(rows) => Some(rows.iter().flat_map(|r| r.keys().map(String::as_str)).collect()),
            Rows::Sql(_) => None,
        }
    }

    /// A query of these rows with the given columns and types; a column that a row does not name is NULL.
    pub(super) fn query(&self, columns: &[(String, String)], engine: &dyn Engine) -> Result<String> {
        let rows = match self {
            Rows::Maps(rows) => rows,
            Rows::Sql(sql) => {
                let own = engine.query(&format!("select * from (\n{sql}\n) as given limit 0"))?.columns;
                let items = columns.iter().map(|(name, data_type)| {
                    let has = own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
                    let value = if has { engine.name(name) } else { "null".to_owned() };
                    format!("cast({value} as {}) as {}", engine.spell(data_type), engine.name(name))
                });
                return Ok(format!("select {} from (\n{sql}\n) as given", items.collect::<Vec<_>>().join(", ")));
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
                format!("cast({} as {}) as {}", value_sql(value, engine), engine.spell(data_type), engine.name(name))
            });
            format!("select {}", items.collect::<Vec<_>>().join(", "))
        };
        match rows.is_empty() {
            true => Ok(format!("{} where false", select(&Map::new()))),
            false => Ok(rows.iter().map(select).collect::<Vec<_>>().join(" union all ")),
        }
    }
}

fn value_sql(value: Option<&Value>, engine: &dyn Engine) -> String {
    match value {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) => engine.text(text),
        Some(other) => engine.text(&other.to_string()),
    }
}
