//! What the statements of a text do: the facts for safety rules.

use std::ops::ControlFlow;

use serde::Serialize;
use sqlparser::ast::{
    FromTable, ObjectName, Query, Select, SetExpr, Statement, TableFactor, TableObject, Visit, Visitor,
};

use super::parse::{on_big_stack, parse};
use super::span::TextIndex;
use super::{Dialect, Span, SqlError};

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// SELECT, VALUES, set operations, with or without WITH.
    Query,
    /// INSERT, REPLACE.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// MERGE.
    Merge,
    /// CREATE of anything.
    Create,
    /// ALTER, RENAME.
    Alter,
    /// DROP of anything.
    Drop,
    /// TRUNCATE.
    Truncate,
    /// COPY, UNLOAD, EXPORT, LOAD DATA: data in or out of files.
    Copy,
    /// ATTACH, DETACH, INSTALL, LOAD: other databases and extensions.
    Attach,
    /// SET, RESET, USE, PRAGMA.
    Set,
    /// GRANT, REVOKE, DENY.
    Grant,
    /// Anything else.
    Other,
}

/// One statement of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementInfo {
    /// What it is.
    pub kind: StatementKind,
    /// Its first word, lower-case.
    pub verb: String,
    /// The relation or object that it changes, as written, when it names one.
    pub target: Option<String>,
    /// It only reads: a query without data-modifying parts and without INTO.
    pub read_only: bool,
    /// Where it stands.
    pub span: Span,
}

/// The statements of a text, in order; empty ones do not count.
///
/// # Errors
/// When the text cannot be read in the dialect, nor in the permissive one.
pub fn statements(sql: &str, dialect: Dialect) -> Result<Vec<StatementInfo>, SqlError> {
    on_big_stack(|| {
        let parsed = parse(sql, dialect)?;
        let text = TextIndex::new(sql);
        Ok(parsed
            .statements
            .iter()
            .map(|one| {
                let (kind, target) = classify(&one.statement);
                let read_only = kind == StatementKind::Query && only_reads(&one.statement);
                StatementInfo { kind, verb: one.verb.clone(), target, read_only, span: text.span(one.span) }
            })
            .collect())
    })
}

fn classify(statement: &Statement) -> (StatementKind, Option<String>) {
    use StatementKind as Kind;
    match statement {
        Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) | SetExpr::Merge(inner) => {
                classify(inner)
            }
            _ => (Kind::Query, None),
        },
        Statement::Insert(insert) => (
            Kind::Insert,
            match &insert.table {
                TableObject::TableName(name) => Some(name.to_string()),
                _ => None,
            },
        ),
        Statement::Update(update) => (Kind::Update, factor_name(&update.table.relation)),
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            (Kind::Delete, from.first().and_then(|table| factor_name(&table.relation)))
        }
        Statement::Merge(merge) => (Kind::Merge, factor_name(&merge.table)),
        Statement::CreateTable(table) => (Kind::Create, Some(table.name.to_string())),
        Statement::CreateView(view) => (Kind::Create, Some(view.name.to_string())),
        Statement::AlterTable(table) => (Kind::Alter, Some(table.name.to_string())),
        Statement::AlterView { name, .. } => (Kind::Alter, Some(name.to_string())),
        Statement::RenameTable(tables) => (Kind::Alter, tables.first().map(|table| table.old_name.to_string())),
        Statement::Drop { names, .. } => (Kind::Drop, names.first().map(ObjectName::to_string)),
        Statement::Truncate(truncate) => {
            (Kind::Truncate, truncate.table_names.first().map(|target| target.name.to_string()))
        }
        Statement::Copy { .. }
        | Statement::CopyIntoSnowflake { .. }
        | Statement::Unload { .. }
        | Statement::ExportData(_)
        | Statement::LoadData { .. }
        | Statement::Directory { .. }
        | Statement::Put { .. } => (Kind::Copy, None),
        Statement::AttachDatabase { schema_name, .. } => (Kind::Attach, Some(schema_name.to_string())),
        Statement::AttachDuckDBDatabase { database_path, .. } => (Kind::Attach, Some(database_path.to_string())),
        Statement::DetachDuckDBDatabase { database_alias, .. } => (Kind::Attach, Some(database_alias.to_string())),
        Statement::Install { extension_name } | Statement::Load { extension_name } => {
            (Kind::Attach, Some(extension_name.to_string()))
        }
        Statement::Set(_) | Statement::Reset(_) | Statement::Use(_) | Statement::Pragma { .. } => (Kind::Set, None),
        Statement::Grant(_) | Statement::Revoke(_) | Statement::Deny(_) => (Kind::Grant, None),
        other => (by_verb(other), None),
    }
}

/// The many CREATE, ALTER and DROP forms share their first word.
fn by_verb(statement: &Statement) -> StatementKind {
    let text = statement.to_string();
    match text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase().as_str() {
        "CREATE" => StatementKind::Create,
        "ALTER" => StatementKind::Alter,
        "DROP" => StatementKind::Drop,
        _ => StatementKind::Other,
    }
}

fn factor_name(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { name, .. } => Some(name.to_string()),
        _ => None,
    }
}

fn only_reads(statement: &Statement) -> bool {
    struct Writes;
    impl Visitor for Writes {
        type Break = ();
        fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
            // `with gone as (delete ...) select ...` holds the other statement within the query.
            if matches!(statement, Statement::Query(_)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            // Row locks change no data but are no reading either.
            if query.locks.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            if select.into.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    statement.visit(&mut Writes).is_continue()
}
