//! Functions that leave the project's relations: files, network, environment, other systems, code loading.

use crate::finding::{Finding, Severity};
use crate::gates::texts::Text;
use crate::gates::{Change, Context};
use crate::project::Project;
use crate::sql::{self, Dialect, FunctionUse};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;

/// Where a name counts.
#[derive(Clone, Copy, PartialEq)]
enum In {
    /// Anywhere.
    Any,
    /// As a table function only: as a scalar the name means something harmless.
    Table,
    /// On these dialects only.
    On(&'static [Dialect]),
    /// As a table function on these dialects only.
    TableOn(&'static [Dialect]),
}

use Dialect::{
    BigQuery, ClickHouse, Databricks, DuckDb, MySql, Postgres, Redshift, Snowflake, Spark, Sqlite, TSql, Trino,
};

const PG: &[Dialect] = &[Postgres, Redshift];
const LAKE: &[Dialect] = &[Databricks, Spark];

/// Name (a trailing or leading `*` matches any text), where it counts, and what it does.
const TABLE: &[(&str, In, &str)] = &[
    ("<file>", In::Any, "reads a file"),
    ("read_*", In::Table, "reads files"),
    ("read_csv*", In::Any, "reads files"),
    ("read_json*", In::Any, "reads files"),
    ("read_ndjson*", In::Any, "reads files"),
    ("read_parquet*", In::Any, "reads files"),
    ("read_text", In::Any, "reads files"),
    ("read_blob", In::Any, "reads files"),
    ("read_files", In::Any, "reads files"),
    ("sniff_csv", In::Any, "reads files"),
    ("parquet_*", In::Table, "reads files"),
    ("glob", In::TableOn(&[DuckDb]), "lists files"),
    ("st_read*", In::Any, "reads files"),
    ("*_scan", In::TableOn(&[DuckDb]), "reads files or another database"),
    ("*_scan_pushdown", In::TableOn(&[DuckDb]), "reads another database"),
    ("*_attach", In::TableOn(&[DuckDb]), "attaches another database"),
    ("*_query", In::TableOn(&[DuckDb]), "queries another database"),
    ("*_execute", In::TableOn(&[DuckDb]), "writes to another database"),
    ("iceberg_*", In::Table, "reads files"),
    ("query", In::TableOn(&[DuckDb]), "runs a text as SQL"),
    ("query_table", In::TableOn(&[DuckDb]), "names relations by text"),
    ("duckdb_secrets", In::Any, "reads stored secrets"),
    ("which_secret", In::Any, "reads stored secrets"),
    ("load_aws_credentials", In::Any, "reads credentials"),
    ("getenv", In::Any, "reads the environment"),
    ("getvariable", In::TableOn(&[DuckDb]), "reads session state"),
    ("http_*", In::Any, "calls the network"),
    ("http_request", In::Any, "calls the network"),
    ("pg_read_*", In::Any, "reads files of the server"),
    ("pg_ls_*", In::Any, "lists files of the server"),
    ("pg_stat_file", In::Any, "reads files of the server"),
    ("pg_file_*", In::Any, "writes files of the server"),
    ("pg_terminate_backend", In::Any, "ends sessions of the server"),
    ("pg_cancel_backend", In::Any, "ends queries of the server"),
    ("pg_reload_conf", In::Any, "changes the server"),
    ("pg_sleep*", In::Any, "holds the connection"),
    ("lo_import", In::Any, "reads files of the server"),
    ("lo_export", In::Any, "writes files of the server"),
    ("lo_put", In::Any, "writes large objects"),
    ("lo_from_bytea", In::Any, "writes large objects"),
    ("lo_unlink", In::Any, "removes large objects"),
    ("dblink*", In::Any, "connects to another database"),
    ("query_to_xml*", In::Any, "runs a text as SQL"),
    ("cursor_to_xml*", In::Any, "runs a text as SQL"),
    ("database_to_xml*", In::On(PG), "dumps the database"),
    ("schema_to_xml*", In::On(PG), "dumps a schema"),
    ("set_config", In::On(PG), "changes the session"),
    ("nextval", In::Any, "moves a sequence"),
    ("setval", In::Any, "moves a sequence"),
    ("aws_s3.*", In::On(PG), "reads or writes object storage"),
    ("aws_lambda.*", In::On(PG), "calls the network"),
    ("system$*", In::On(&[Snowflake]), "runs a system function"),
    ("get_presigned_url", In::On(&[Snowflake]), "opens staged files"),
    ("build_scoped_file_url", In::On(&[Snowflake]), "opens staged files"),
    ("infer_schema", In::TableOn(&[Snowflake]), "reads staged files"),
    ("external_query", In::Any, "queries another system"),
    ("reflect", In::On(LAKE), "runs Java code"),
    ("java_method", In::On(LAKE), "runs Java code"),
    ("try_reflect", In::On(LAKE), "runs Java code"),
    ("remote_query", In::On(LAKE), "queries another system"),
    ("secret", In::On(LAKE), "reads stored secrets"),
    ("try_secret", In::On(LAKE), "reads stored secrets"),
    ("ml.generate_text", In::On(&[BigQuery]), "calls a remote model"),
    ("xp_*", In::Any, "runs a command of the server"),
    ("xp_cmdshell", In::Any, "runs a command of the server"),
    ("sp_oa*", In::On(&[TSql]), "runs code of the server"),
    ("openrowset", In::Any, "reads files or another system"),
    ("opendatasource", In::Any, "connects to another system"),
    ("openquery", In::Any, "queries another system"),
    ("load_file", In::Any, "reads files of the server"),
    ("sys_exec", In::On(&[MySql]), "runs a command of the server"),
    ("sys_eval", In::On(&[MySql]), "runs a command of the server"),
    ("load_extension", In::Any, "loads code"),
    ("readfile", In::Any, "reads files"),
    ("writefile", In::Any, "writes files"),
    ("edit", In::On(&[Sqlite]), "runs a program"),
    ("fts3_tokenizer", In::Any, "loads code"),
    ("file", In::TableOn(&[ClickHouse]), "reads files"),
    ("filecluster", In::TableOn(&[ClickHouse]), "reads files"),
    ("url", In::TableOn(&[ClickHouse]), "calls the network"),
    ("urlcluster", In::TableOn(&[ClickHouse]), "calls the network"),
    ("s3*", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("gcs", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("azureblobstorage*", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("hdfs*", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("remote*", In::TableOn(&[ClickHouse]), "connects to another server"),
    ("cluster*", In::TableOn(&[ClickHouse]), "connects to another server"),
    ("mysql", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("postgresql", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("mongodb", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("redis", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("sqlite", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("jdbc", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("odbc", In::TableOn(&[ClickHouse]), "connects to another database"),
    ("executable", In::TableOn(&[ClickHouse]), "runs a program"),
    ("deltalake*", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("hudi*", In::TableOn(&[ClickHouse]), "reads object storage"),
    ("system.query", In::On(&[Trino]), "queries another system"),
    ("raw_query", In::On(&[Trino]), "queries another system"),
];

/// What makes a call unsafe, when it is.
pub(super) fn danger(call: &FunctionUse, dialect: Dialect) -> Option<&'static str> {
    let name = call.name.to_lowercase();
    let last = name.rsplit('.').next().unwrap_or(&name);
    let counts = |place: In| match place {
        In::Any => true,
        In::Table => call.table_function,
        In::On(dialects) => dialects.contains(&dialect) || dialect == Dialect::Generic,
        In::TableOn(dialects) => call.table_function && (dialects.contains(&dialect) || dialect == Dialect::Generic),
    };
    let hit = |pattern: &str| matches_pattern(pattern, &name) || matches_pattern(pattern, last);
    TABLE.iter().find(|(pattern, place, _)| counts(*place) && hit(pattern)).map(|(_, _, what)| *what)
}

/// Whether `text` is the pattern, in which each `*` stands for any text.
pub(super) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let tail: Vec<&str> = parts.collect();
    let Some((last, middle)) = tail.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The unsafe calls of a text that base did not have, and how many calls were looked at.
pub(super) fn check(
    text: &Text<'_>,
    change: &Change<'_>,
    cx: &Context<'_>,
    allowed: &[String],
) -> Result<(Vec<Finding>, usize)> {
    let project = &cx.head.project;
    let calls = sql::functions(text.sql, project.dialect).map_err(|e| anyhow!("SQL not parsed: {e}"))?;
    let before = base_calls(change, cx);
    let mut findings = Vec::new();
    for call in &calls {
        let Some(what) = danger(call, project.dialect) else { continue };
        let known = before.contains(&key(call)) || allowed.iter().any(|a| a.eq_ignore_ascii_case(&call.name));
        let on_head = declared(call, text, project);
        if known || (on_head && declared(call, text, &cx.base.project)) {
            continue;
        }
        let finding = unsafe_call(call, what, text);
        findings.push(if on_head { finding.severity(Severity::Warning) } else { finding });
    }
    Ok((findings, calls.len()))
}

fn unsafe_call(call: &FunctionUse, what: &str, text: &Text<'_>) -> Finding {
    let message = match (call.name.as_str(), call.string_args.first()) {
        ("<file>", Some(file)) => format!("a file as a relation: `{file}` {what}{}", text.which()),
        ("<file>", None) => format!("a file as a relation {what}{}", text.which()),
        (name, _) => format!("`{name}` {what}{}", text.which()),
    };
    let help = "declare the data as a source or seed, or let the policy's owners allow the function";
    let finding = Finding::new("safety/file-or-network-function", message, help).at(text.place(&call.span));
    finding.evidence("function", call.name.clone()).evidence("arguments", call.string_args.clone())
}

fn key(call: &FunctionUse) -> (String, Vec<String>) {
    (call.name.to_lowercase(), call.string_args.clone())
}

fn base_calls(change: &Change<'_>, cx: &Context<'_>) -> BTreeSet<(String, Vec<String>)> {
    let texts = change.base.and_then(|base| Text::all(base).ok()).unwrap_or_default();
    let calls = texts.iter().filter_map(|t| sql::functions(t.sql, cx.base.project.dialect).ok()).flatten();
    calls.map(|call| key(&call)).collect()
}

/// Whether the call is what `source()` renders for a source that both sides declare with this external location. One
/// that only head declares is still told, as a warning: the pull request itself let it in.
fn declared(call: &FunctionUse, text: &Text<'_>, project: &Project) -> bool {
    let sources = text.model.depends_on.iter().filter_map(|id| project.sources.get(id));
    let mut locations = sources.filter_map(|source| source.external_location.as_deref());
    let files = &call.string_args;
    locations.any(|location| {
        let named = call.name == "<file>" || location.to_lowercase().contains(&call.name.to_lowercase());
        named && !files.is_empty() && files.iter().all(|file| !file.is_empty() && location.contains(file.as_str()))
    })
}
