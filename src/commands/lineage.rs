//! `rowproof lineage`: where each column comes from, in a project or in one SQL text.

use super::{console, gather};
use crate::cli::{LineageArgs, LineageFormat};
use crate::sql::{self, Analysis, Catalog, Dialect, Output, Reason, TableInfo};
use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Prints column lineage.
pub(super) fn lineage(args: &LineageArgs) -> Result<u8> {
    match &args.sql {
        Some(file) => one_text(args, file),
        None => of_project(args),
    }
}

fn one_text(args: &LineageArgs, file: &Path) -> Result<u8> {
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
        LineageFormat::Table => console::print(&table(analysis.outputs.iter().map(|o| ("", o)), &|id| id.to_owned()))?,
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

fn of_project(args: &LineageArgs) -> Result<u8> {
    let bound = gather::one_side(&args.project, &args.rev)?;
    let (model, column) = match &args.model {
        None => (None, None),
        Some(asked) if bound.models().any(|m| m.name == *asked || m.unique_id == *asked) => {
            (Some(asked.as_str()), None)
        }
        Some(asked) => match asked.rsplit_once('.') {
            Some((model, column)) if bound.models().any(|m| m.name == model || m.unique_id == model) => {
                (Some(model), Some(column))
            }
            _ => bail!("no model `{asked}` in project {}", bound.project.name),
        },
    };
    let mut rows: Vec<(&str, &Output)> = Vec::new();
    let mut unknown: BTreeMap<&str, String> = BTreeMap::new();
    for m in bound.models().filter(|m| m.csv.is_none()) {
        if model.is_some_and(|name| name != m.name && name != m.unique_id)
            || (model.is_none() && m.package != bound.project.name)
        {
            continue;
        }
        match bound.analysis(&m.unique_id) {
            Ok(analysis) => rows.extend(
                analysis
                    .outputs
                    .iter()
                    .filter(|o| column.is_none_or(|c| o.name.eq_ignore_ascii_case(c)))
                    .map(|o| (m.name.as_str(), o)),
            ),
            Err(error) => {
                unknown.insert(&m.name, format!("{error:#}"));
            }
        }
    }
    if let (Some(column), true) = (column, rows.is_empty()) {
        bail!("model `{}` has no column `{column}`", model.unwrap_or_default());
    }
    match args.format {
        LineageFormat::Table => {
            let mut text = table(rows.iter().copied(), &|id| bound.display_name(id));
            for (model, error) in &unknown {
                text.push_str(&format!("\n{model}: {error}"));
            }
            console::print(&text)?;
        }
        LineageFormat::Json => {
            let mut models: Map<String, Value> = Map::new();
            for (model, output) in &rows {
                let edges = output.edges.iter().map(|e| json!({"table": e.table, "column": e.column, "role": e.role}));
                let entry = models.entry(*model).or_insert_with(|| json!({}));
                entry[&output.name] =
                    json!({"kind": output.kind, "expression": output.expression, "sources": edges.collect::<Vec<_>>()});
            }
            console::print(&serde_json::to_string_pretty(&json!({ "models": models, "unknown": unknown }))?)?;
        }
    }
    Ok(if unknown.is_empty() { 0 } else { 2 })
}

fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a Output)>, display: &dyn Fn(&str) -> String) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["column", "kind", "comes from"]);
    for (model, output) in rows {
        let name = if model.is_empty() { output.name.clone() } else { format!("{model}.{}", output.name) };
        let mut sources: Vec<String> = output
            .edges
            .iter()
            .map(|e| {
                let role = json!(e.role);
                let role = role.as_str().filter(|r| *r != "value").map(|r| format!(" ({r})")).unwrap_or_default();
                format!("{}.{}{role}", display(&e.table), e.column)
            })
            .collect();
        sources.dedup();
        sources.extend(
            output.unresolved.iter().map(|u| format!("? {} ({})", u.name, word(u.reason).as_str().unwrap_or_default())),
        );
        let kind = json!(output.kind);
        table.add_row([name, kind.as_str().unwrap_or_default().replace('_', "-"), sources.join("\n")]);
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
