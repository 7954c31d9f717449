//! The `adapter` object, `run_query`, `statement` and `api`: everything that in dbt talks to the warehouse.
//!
//! What is known of a relation comes from the database, or else from what the project itself says of it; where neither
//! can tell, the node is not compiled.

use super::agate;
use super::args::{Args, Host};
use super::column::{Column, translate};
use super::fault::Fault;
use super::job::{Job, Table};
use super::relation::{Quoting, Relation};
use super::scope::dispatch;
use super::told::Key;
use super::values::{Dict, List};
use crate::project::{Known, NotCompiledCode, RelationName};
use minijinja::{Error, State, Value};
use std::sync::Arc;

type Answer = Result<Value, Error>;

fn none() -> Value {
    Value::from(())
}

/// `adapter.<method>(...)`.
pub(crate) fn method(job: &Arc<Job>, _: &mut State<'_, '_>, method: &str, args: Args) -> Answer {
    let quoting = Quoting::of(&job.world.target.adapter);
    match method {
        "dispatch" => {
            let name = args.text("adapter.dispatch", 0, "macro_name")?;
            if let Some((package, _)) = name.split_once('.') {
                let message = format!("adapter.dispatch takes the namespace apart: dispatch('...', '{package}')");
                return Err(Fault::compiler(message).into());
            }
            let namespace = args.get(1, "macro_namespace").filter(|v| !v.is_none()).map(|v| v.to_string());
            Ok(dispatch(job, &name, namespace.as_deref())?)
        }
        "quote" => Ok(Value::from(quoting.quoted(&args.text("adapter.quote", 0, "identifier")?))),
        "quote_as_configured" => {
            let identifier = args.text("adapter.quote_as_configured", 0, "identifier")?;
            let quote = match args.text("adapter.quote_as_configured", 1, "quote_key")?.as_str() {
                "database" => quoting.database,
                "schema" => quoting.schema,
                _ => quoting.identifier,
            };
            Ok(Value::from(if quote { quoting.quoted(&identifier) } else { identifier }))
        }
        "quote_seed_column" => {
            let column = args.text("adapter.quote_seed_column", 0, "column")?;
            // What is not said is quoted, but for Snowflake.
            let unsaid = job.world.target.adapter != "snowflake";
            let quote = args.get(1, "quote_config").filter(|v| !v.is_none()).map_or(unsaid, |v| v.is_true());
            Ok(Value::from(if quote { quoting.quoted(&column) } else { column }))
        }
        "type" => Ok(Value::from(job.world.target.adapter.as_str())),
        "is_motherduck" | "is_cluster" => Ok(Value::from(false)),
        // What dbt answers before it has a connection (first pass).
        "get_columns_in_relation"
        | "get_missing_columns"
        | "list_relations_without_caching"
        | "list_relations"
        | "list_schemas"
            if !job.execute =>
        {
            Ok(List::value(Vec::new()))
        }
        _ if !job.execute => Ok(none()),
        "get_columns_in_relation" => {
            let relation = args.get(0, "relation").unwrap_or_default();
            Ok(List::value(columns(job, &relation)?.into_iter().map(Value::from_object).collect()))
        }
        "get_missing_columns" => {
            let [from, to] = [args.get(0, "from_relation"), args.get(1, "to_relation")].map(Option::unwrap_or_default);
            let there = columns(job, &to)?;
            let missing = columns(job, &from)?.into_iter().filter(|c| !there.iter().any(|t| t.name == c.name));
            Ok(List::value(missing.map(Value::from_object).collect()))
        }
        "get_relation" => {
            let part =
                |at, name| args.get(at, name).filter(|v| !v.is_none()).map(|v| v.to_string()).unwrap_or_default();
            let name = RelationName {
                database: part(0, "database"),
                schema: part(1, "schema"),
                identifier: part(2, "identifier"),
                rendered: String::new(),
            };
            existing(job, Relation::new(name, quoting), "adapter.get_relation")
        }
        other => Err(Fault::needs_warehouse(&format!("adapter.{other}")).needle(format!("adapter.{other}")).into()),
    }
}

/// `load_relation(relation)`: the relation if it exists.
pub(crate) fn load_relation(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    if !job.execute {
        return Ok(none());
    }
    let value = args.get(0, "relation").unwrap_or_default();
    match value.downcast_object_ref::<Relation>() {
        Some(relation) => existing(job, relation.clone(), "load_relation"),
        None => Err(Fault::needs_warehouse("load_relation").into()),
    }
}

/// The relation when it exists, none when it does not.
fn existing(job: &Arc<Job>, mut relation: Relation, call: &str) -> Answer {
    let name = relation.full_name();
    match job.world.relation(&name) {
        Known::There { kind, .. } => {
            job.flag("introspection:database");
            relation.kind = Some(kind);
            Ok(relation.value())
        }
        Known::Absent => {
            job.flag("introspection:absent");
            Ok(none())
        }
        Known::Closed(why) => Err(closed(call, &why).needle(call).into()),
        Known::Unknown => match job.world.told.get(&name) {
            Some(told) => {
                job.flag(told.source);
                relation.kind = told.kind;
                Ok(relation.value())
            }
            None => {
                job.seen().wanted.insert(Key::of(&name));
                Err(Fault::needs_warehouse(call).needle(call).into())
            }
        },
    }
}

fn closed(call: &str, why: &str) -> Fault {
    Fault::new(NotCompiledCode::NeedsWarehouse, format!("{call} asks the warehouse: {why}"))
}

/// The columns of a relation; none of one that does not exist.
fn columns(job: &Arc<Job>, relation: &Value) -> Result<Vec<Column>, Error> {
    let what = format!("adapter.get_columns_in_relation({relation})");
    let fault = || Fault::needs_warehouse(&what).needle("get_columns_in_relation");
    let relation = relation.downcast_object_ref::<Relation>().ok_or_else(|| Error::from(fault()))?;
    let name = relation.full_name();
    let adapter = &job.world.target.adapter;
    let column = |(name, kind)| Column { name, kind, adapter: adapter.clone() };
    match job.world.relation(&name) {
        Known::There { columns, .. } => {
            job.flag("introspection:database");
            Ok(columns.into_iter().map(|(name, kind)| column((name, Some(kind)))).collect())
        }
        Known::Absent => {
            job.flag("introspection:absent");
            Ok(Vec::new())
        }
        Known::Closed(why) => Err(closed(&what, &why).needle("get_columns_in_relation").into()),
        Known::Unknown => match job.world.told.get(&name) {
            Some(told) => {
                job.flag(told.source);
                Ok(told.columns.into_iter().map(column).collect())
            }
            None => {
                job.seen().wanted.insert(Key::of(&name));
                Err(fault().into())
            }
        },
    }
}

/// `run_query(sql)`: nothing in the first pass, a table in the second.
pub(crate) fn run_query(job: &Arc<Job>, _: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    if !job.execute {
        return Ok(none());
    }
    let sql = args.text("run_query", 0, "sql")?;
    Ok(agate::table(ask(job, &sql, "run_query")?))
}

fn ask(job: &Arc<Job>, sql: &str, call: &str) -> Result<Table, Error> {
    let shown: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
    let fault = |why: String| {
        let mut fault = Fault::needs_warehouse(&format!("{call}(`{shown}`)")).needle(call);
        fault.message += &why;
        Error::from(fault)
    };
    match job.world.query(sql) {
        Ok(Some(table)) => {
            job.flag("introspection:query");
            Ok(table)
        }
        Ok(None) => Err(fault(String::new())),
        Err(error) => Err(fault(format!(": {error:#}"))),
    }
}

/// `{% call statement('name', fetch_result=true) %}sql{% endcall %}`.
pub(crate) fn statement(job: &Arc<Job>, state: &mut State<'_, '_>, _: &str, args: Args) -> Answer {
    if !job.execute {
        return Ok(Value::from(""));
    }
    let caller =
        args.keyword("caller").ok_or_else(|| Error::from(Fault::compiler("statement() is for call blocks")))?;
    let sql = caller.call(state, &[])?.to_string();
    let table = ask(job, &sql, "statement")?;
    let name = args.get(0, "name").filter(|v| !v.is_none()).map(|v| v.to_string());
    if let Some(name) = name {
        let data = table.rows.iter().map(|row| List::value(row.iter().map(super::values::from_json).collect()));
        let result = Dict::value([
            (Value::from("data"), List::value(data.collect())),
            (Value::from("table"), agate::table(table)),
            (Value::from("response"), Value::from("OK")),
        ]);
        job.seen().results.insert(name, result);
    }
    Ok(Value::from(""))
}

/// dbt macros that we hold in Rust rather than as Jinja: none beyond the context's functions.
pub(crate) fn builtin_dispatch(job: &Arc<Job>, name: &str) -> Option<Value> {
    matches!(name, "is_incremental" | "should_full_refresh" | "should_store_failures" | "run_query" | "statement")
        .then(|| super::context::global(job, name))
        .flatten()
}

fn column(job: &Arc<Job>, name: String, kind: String) -> Value {
    Value::from_object(Column { name, kind: Some(kind), adapter: job.world.target.adapter.clone() })
}

fn not_known(method: &str, adapter: &str) -> Error {
    Fault::unsupported(format!("api.Column.{method} is not built in here for adapter `{adapter}`")).into()
}

/// `api.Relation` and `api.Column`.
pub(crate) fn api(job: &Arc<Job>) -> Value {
    let relation = Host::value("Relation", job, |job, _, method, args| {
        if !matches!(method, "" | "create") {
            return Err(Fault::unsupported(format!("api.Relation.{method} is not built in here")).into());
        }
        let part = |name: &str| args.keyword(name).filter(|v| !v.is_none()).map(|v| v.to_string());
        let name = RelationName {
            database: part("database").unwrap_or_default(),
            schema: part("schema").unwrap_or_default(),
            identifier: part("identifier").unwrap_or_default(),
            rendered: String::new(),
        };
        let mut relation = Relation::new(name, Quoting::of(&job.world.target.adapter));
        relation.kind = part("type");
        if let Some(policy) = args.keyword("quote_policy").filter(|v| !v.is_none()) {
            let said = |key: &str| policy.get_attr(key).ok().filter(|v| !v.is_undefined()).map(|v| v.is_true());
            let quoting = &mut relation.quoting;
            quoting.database = said("database").unwrap_or(quoting.database);
            quoting.schema = said("schema").unwrap_or(quoting.schema);
            quoting.identifier = said("identifier").unwrap_or(quoting.identifier);
        }
        if args.keyword("include_policy").is_some() {
            return Err(Fault::unsupported("api.Relation with an include_policy is not built in here").into());
        }
        Ok(relation.value())
    });
    let column = Host::value("Column", job, |job, _, method, args| {
        let text = |at, name| args.get(at, name).map(|v| v.to_string()).unwrap_or_default();
        match method {
            "" if args.positional.len() > 2
                || args.named.iter().any(|(name, _)| name != "column" && name != "dtype") =>
            {
                Err(Fault::unsupported("api.Column with a size is not built in here").into())
            }
            "" => Ok(column(job, text(0, "column"), text(1, "dtype"))),
            "create" => {
                let kind = translate(&job.world.target.adapter, &text(1, "label_or_dtype"));
                Ok(column(job, text(0, "name"), kind))
            }
            "translate_type" => Ok(Value::from(translate(&job.world.target.adapter, &text(0, "dtype")))),
            "string_type" => {
                let name = match job.world.target.adapter.as_str() {
                    "trino" => "varchar",
                    "duckdb" | "postgres" | "redshift" | "snowflake" => "character varying",
                    other => return Err(not_known("string_type", other)),
                };
                Ok(Value::from(format!("{name}({})", text(0, "size"))))
            }
            "numeric_type" => match job.world.target.adapter.as_str() {
                "duckdb" | "postgres" | "redshift" | "snowflake" | "trino" if args.positional.len() == 3 => {
                    Ok(Value::from(format!("{}({},{})", text(0, "dtype"), text(1, "precision"), text(2, "scale"))))
                }
                other => Err(not_known("numeric_type", other)),
            },
            other => Err(Fault::unsupported(format!("api.Column.{other} is not built in here")).into()),
        }
    });
    Dict::value([(Value::from("Relation"), relation), (Value::from("Column"), column)])
}
