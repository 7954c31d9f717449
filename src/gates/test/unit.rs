//! dbt's unit tests: given rows, expected rows.

mod csv;
mod rows;

use crate::engine::statement::single_query_in;
use crate::engine::{Engine, Side};
use crate::gates::context::not_compiled;
use crate::gates::{Change, Context, Data};
use crate::project::bind::Bound;
use crate::project::{NodeKind, UnitTest};
use crate::reconcile::{Options, Reconciliation, compare};
use crate::sql::Dialect;
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use std::collections::BTreeMap;

/// The unit tests of the changed model.
pub fn of<'a>(change: &Change<'_>, cx: &Context<'a>) -> Vec<&'a UnitTest> {
    cx.head.project.unit_tests.values().filter(|u| u.model.as_ref() == Some(&change.unique_id)).collect()
}

/// Whether base has the test, and it runs the same SQL there.
pub fn same_on_base(unit: &UnitTest, base: &Bound) -> bool {
    let same = |old: &UnitTest| {
        old.definition == unit.definition && old.compiled == unit.compiled && old.inputs == unit.inputs
    };
    base.project.unit_tests.get(&unit.unique_id).is_some_and(same)
}

/// Runs one; `None` when it passes, else what is wrong.
///
/// # Errors
/// Why it could not be run.
pub fn run(unit: &UnitTest, id: &str, cx: &Context<'_>, data: &dyn Data) -> Result<Option<String>> {
    let definition = &unit.definition;
    let engine = data.engine();
    let inputs = definition.get("given").and_then(Value::as_array).into_iter().flatten();
    let mut given = BTreeMap::new();
    for (input, of) in inputs.zip(&unit.inputs) {
        let of = of.as_ref().map_err(|why| anyhow!("{why}"))?;
        let written = input.get("input").and_then(Value::as_str).unwrap_or_default();
        let place = || format!("input {written}");
        let query = match rows::read(input, engine.dialect()).with_context(place)? {
            Some(rows) => {
                let columns = columns(&format!("select * from {} as given", data.relation(Side::Head, of)?), engine)?;
                rows.query(&columns, engine).with_context(place)?
            }
            // As dbt does: a seed without rows gives its own.
            None if cx.head.project.models.get(of).is_some_and(|m| m.kind == NodeKind::Seed) => {
                format!("select * from {} as given", data.relation(Side::Head, of)?)
            }
            None => bail!("input {written} has no rows, and only a seed has rows of its own"),
        };
        given.insert(of.clone(), query);
    }
    // dbt refuses such a test as well: the model now reads what the test does not give.
    let missing = unit.depends_on.iter().filter(|parent| !given.contains_key(*parent));
    let missing: Vec<String> = missing.map(|parent| cx.head.display_name(parent)).collect();
    if !missing.is_empty() {
        return Ok(Some(format!("unit test {} gives no rows for {}", unit.name, missing.join(", "))));
    }
    let actual = data.query_over(Side::Head, sql(unit, id, cx, engine.dialect())?, &given)?;
    let columns = columns(&actual, engine)?;
    let expected =
        rows::read(definition.get("expect").context("it has no `expect`")?, engine.dialect()).context("expect")?;
    let expected = expected.unwrap_or_default();
    let named: Vec<(String, String)> = match expected.names() {
        Some(names) => {
            columns.iter().filter(|(c, _)| names.iter().any(|n| n.eq_ignore_ascii_case(c))).cloned().collect()
        }
        None => columns.clone(),
    };
    let items: Vec<String> = named.iter().map(|(name, _)| engine.name(name)).collect();
    if items.is_empty() {
        let rows = engine.query(&format!("select 1 as one from (\n{actual}\n) as actual limit 1"))?.rows;
        return Ok((!rows.is_empty()).then(|| format!("unit test {} fails: no row is expected", unit.name)));
    }
    let actual = format!("(select {} from (\n{actual}\n) as actual)", items.join(", "));
    let expected = format!("({})", expected.query(&named, engine).context("expect")?);
    let result = compare(engine, &expected, &actual, &Options { sample: 1, ..Options::default() })?;
    Ok((!result.equal()).then(|| format!("unit test {} fails: {}", unit.name, difference(&result))))
}

/// The model's SQL as the test sees it. Where the test changes nothing, what the model has will do.
fn sql<'a>(unit: &'a UnitTest, id: &str, cx: &'a Context<'_>, dialect: Dialect) -> Result<&'a str> {
    let reason = match &unit.compiled {
        Ok(compiled) => return single_query_in(&compiled.sql, dialect),
        Err(reason) => reason,
    };
    let overrides = unit.definition.get("overrides").and_then(Value::as_object).is_some_and(|o| !o.is_empty());
    if reason.code.is_defect() {
        bail!(not_compiled(reason));
    }
    match cx.head.project.models.get(id).map(|model| &model.compiled) {
        Some(Ok(compiled)) if !overrides => single_query_in(&compiled.sql, dialect),
        _ => bail!(not_compiled(reason)),
    }
}

fn columns(sql: &str, engine: &dyn Engine) -> Result<Vec<(String, String)>> {
    Ok(engine.query(&format!("select * from (\n{sql}\n) as described limit 0"))?.columns)
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
