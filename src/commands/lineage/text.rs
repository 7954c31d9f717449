//! Lineage of one SQL text against a schema file.

use crate::cli::{LineageArgs, LineageFormat};
use crate::commands::console;
use crate::sql::{self, Analysis, Catalog, Dialect, Output, Reason, TableInfo};
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Prints the lineage of the text of `file`.
///
/// # Errors
/// The text or the schema cannot be read.
pub(super) fn one_text(args: &LineageArgs, file: &Path) -> Result<u8> {
    let text = read(file)?;
    let schema = args.schema.as_deref().map(read_schema).transpose()?.unwrap_or_default();
    let dialect = match &args.project.dialect {
        None => Dialect::Generic,
        Some(name) => Dialect::from_adapter(name).ok_or_else(|| anyhow!("unknown dialect `{name}`"))?,
    };
    let analysis = sql::analyze(&text, dialect, &schema).map_err(|e| match e.span {
        Some(span) => anyhow!("{}:{}:{}: {}", file.display(), span.line, span.column, e.message),
        None => anyhow!("{}: {}", file.display(), e.message),
    })?;
    match args.format {
        LineageFormat::Json => console::print(&serde_json::to_string_pretty(&as_json(&analysis))?)?,
        LineageFormat::Table => console::print(&table(&analysis.outputs))?,
        LineageFormat::Mermaid | LineageFormat::Html => bail!("--sql prints a table or json"),
    }
    Ok(0)
}

fn as_json(analysis: &Analysis) -> Value {
    let mut columns = Map::new();
    let mut unresolved = Vec::new();
    for output in &analysis.outputs {
        let mut edges: Vec<(&str, &str, Value)> =
            output.edges.iter().map(|e| (e.table.as_str(), e.column.as_str(), json!(e.role))).collect();
        edges.dedup();
        let edges: Vec<Value> = edges
            .into_iter()
            .map(|(table, column, role)| json!({"table": table, "column": column, "role": role}))
            .collect();
        columns.insert(output.name.clone(), Value::Array(edges));
        unresolved.extend(output.unresolved.iter().map(|u| json!({"column": output.name, "reason": word(u.reason)})));
    }
    unresolved
        .extend(analysis.open.iter().map(|table| json!({"column": "*", "reason": format!("open_star({table})")})));
    json!({ "columns": columns, "unresolved": unresolved })
}

fn word(reason: Reason) -> Value {
    json!(reason)
}

fn table(outputs: &[Output]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["column", "kind", "comes from"]);
    for output in outputs {
        let mut sources: Vec<String> = output
            .edges
            .iter()
            .map(|e| {
                let role = json!(e.role);
                let role = role.as_str().filter(|r| *r != "value").map(|r| format!(" ({r})")).unwrap_or_default();
                format!("{}.{}{role}", e.table, e.column)
            })
            .collect();
        sources.dedup();
        sources.extend(
            output.unresolved.iter().map(|u| format!("? {} ({})", u.name, word(u.reason).as_str().unwrap_or_default())),
        );
        let kind = json!(output.kind);
        table.add_row([output.name.clone(), kind.as_str().unwrap_or_default().replace('_', "-"), sources.join("\n")]);
    }
    table.to_string()
}

/// Columns per table, as the user's schema file says.
#[derive(Default)]
struct SchemaFile(BTreeMap<String, Vec<String>>);

impl Catalog for SchemaFile {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        // The longest suffix of the written name that the file knows: `db.s.t`, `s.t`, `t`.
        (0..parts.len()).find_map(|from| {
            let name = parts[from..].join(".");
            let (id, columns) = self.0.iter().find(|(id, _)| id.eq_ignore_ascii_case(&name))?;
            Some(TableInfo { id: id.clone(), columns: Some(columns.clone()) })
        })
    }
}

fn read_schema(file: &Path) -> Result<SchemaFile> {
    let value: Value = serde_json::from_str(&read(file)?).with_context(|| format!("{}: not JSON", file.display()))?;
    let tables = value.as_object().ok_or_else(|| anyhow!("{}: expected an object of tables", file.display()))?;
    let mut schema = BTreeMap::new();
    for (table, columns) in tables {
        let columns = match columns {
            Value::Object(types) => types.keys().cloned().collect(),
            Value::Array(names) => names
                .iter()
                .map(|n| {
                    n.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| anyhow!("{}: {table}: column names are strings", file.display()))
                })
                .collect::<Result<Vec<String>>>()?,
            _ => bail!("{}: {table}: expected a list of columns or an object of column types", file.display()),
        };
        schema.insert(table.clone(), columns);
    }
    Ok(SchemaFile(schema))
}

fn read(file: &Path) -> Result<String> {
    if file.as_os_str() == "-" {
        return std::io::read_to_string(std::io::stdin()).context("cannot read standard input");
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
