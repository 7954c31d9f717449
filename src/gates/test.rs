//! `test`: do the project's own data tests hold on the head relation, and its unit tests on their given rows?

mod downstream;
mod unit;

use super::{Change, Checked, Context, Data, Gate, GateSpec, Needs, Rule, options};
use crate::engine::statement::single_query_in;
use crate::engine::{Cell, Side};
use crate::finding::{Finding, Severity};
use crate::gates::context::not_compiled;
use crate::project::bind::Bound;
use crate::project::{DataTest, Place, TestKind};
use crate::report::ChangeKind;
use anyhow::{Result, anyhow, bail};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Registration.
pub const SPEC: GateSpec = GateSpec {
    id: "test",
    summary: "the project's own data tests hold on the head relation",
    help: "Runs every data test of the model on its head relation: unique, not_null, accepted_values, relationships, \
           tests of packages and the project's own generic tests, and singular tests that read it. `severity`, `where`, \
           `limit`, `fail_calc`, `warn_if` and `error_if` are respected. A test that fails as much on base already is a \
           warning. A test that cannot be run is never taken for one that passes.",
    needs: Needs::Engine,
    rules: RULES,
    build,
    options: || schemars::schema_for!(Options),
};

const RULES: &[Rule] = &[
    Rule {
        id: "test/unique",
        what: "A key stands more than once.",
        help: "look for a join that multiplies rows or a grouping key that was lost",
    },
    Rule {
        id: "test/not-null",
        what: "A column that must have a value is NULL.",
        help: "look for an outer join that finds no partner, or a branch without ELSE",
    },
    Rule {
        id: "test/accepted-values",
        what: "A column has a value that is not in its list.",
        help: "correct the expression, or add the value to the list if it is meant",
    },
    Rule {
        id: "test/relationships",
        what: "A foreign key has no partner in the relation that it points to.",
        help: "look for a filter on the parent, or a key that is built in another way",
    },
    Rule {
        id: "test/generic",
        what: "A generic test finds failing rows.",
        help: "run the test's SQL to see the rows, and correct the model",
    },
    Rule {
        id: "test/singular",
        what: "A singular test finds failing rows.",
        help: "run the test's SQL to see the rows, and correct the model",
    },
    Rule {
        id: "test/unit",
        what: "A unit test's given rows do not give the expected ones.",
        help: "correct the model's logic, or the expectation if the new result is meant",
    },
    Rule {
        id: "test/breaks-downstream",
        what: "A test of an unchanged model downstream fails, and did not before.",
        help: "look for rows or values that this model now gives and its readers do not expect",
    },
    Rule {
        id: "test/not-run",
        what: "A test could not be compiled or run, so nothing is known of what it asserts.",
        help: "correct the test, or what it reads",
    },
];

/// Options of `test`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Whether the tests of unchanged models downstream are run too (default: yes). They must be built for it.
    pub downstream: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { downstream: true }
    }
}

struct Test {
    options: Options,
}

fn build(value: &Value) -> Result<Box<dyn Gate>> {
    Ok(Box::new(Test { options: options(value)? }))
}

impl Gate for Test {
    fn check(&self, change: &Change<'_>, cx: &Context<'_>) -> Result<Checked> {
        if change.kind == ChangeKind::Removed {
            return Ok(Checked::skip("the model was removed"));
        }
        if let Some(Err(reason)) = change.head.map(|m| &m.compiled) {
            bail!(not_compiled(reason));
        }
        let tests = tests_of(change, cx);
        let units = unit::of(change, cx);
        let below = if self.options.downstream { downstream::tests(change, cx, &tests) } else { Vec::new() };
        if tests.is_empty() && units.is_empty() && below.is_empty() {
            return Ok(Checked::pass("no test is declared"));
        }
        let all = tests.len() + units.len() + below.len();
        if change.same_output()
            && tests.iter().all(|t| same_on_base(t, cx.base))
            && units.iter().all(|u| unit::same_on_base(u, cx.base))
        {
            let summary = format!("provably the same rows as base, and the same tests: {all}");
            return Ok(Checked::pass(summary).evidence("tests", all));
        }
        let data = cx.data()?;
        let outcomes = run_all(&tests, Side::Head, data);
        let mut findings = Vec::new();
        let (mut passed, mut not_run) = (0, Vec::new());
        for (test, outcome) in tests.iter().zip(outcomes) {
            match outcome.and_then(|count| Ok((count, judge(test, count, data)?))) {
                Ok((_, None)) => passed += 1,
                Ok((count, Some(severity))) => findings.push(failed(test, count, severity, cx, data)),
                Err(error) => not_run.push((test.name.as_str(), Some(&test.place), format!("{error:#}"))),
            }
        }
        for unit in &units {
            match unit::run(unit, &change.unique_id, cx, data) {
                Ok(None) => passed += 1,
                Ok(Some(message)) => findings.push(rule("test/unit", message).at(unit.place.location())),
                Err(error) => not_run.push((unit.name.as_str(), Some(&unit.place), format!("{error:#}"))),
            }
        }
        let downstream::Ran { findings: broken, not_run: unread } = downstream::run(&below, cx, data);
        passed += below.len() - broken.len() - unread.len();
        findings.extend(broken);
        let unread: Vec<(String, String)> = unread.into_iter().map(|(name, e)| (name, format!("{e:#}"))).collect();
        not_run.extend(unread.iter().map(|(name, why)| (name.as_str(), None, why.clone())));
        if findings.is_empty() && !not_run.is_empty() {
            bail!("{} of {all} tests could not be run: {}", not_run.len(), reasons(&not_run));
        }
        findings.extend(not_run.into_iter().map(|(name, place, why)| {
            rule("test/not-run", format!("{name} could not be run: {why}")).at(place.map(|p| p.location()))
        }));
        let summary = format!("{passed} of {all} tests pass");
        let names = tests.iter().map(|t| t.name.as_str()).chain(units.iter().map(|u| u.name.as_str()));
        let names: Vec<&str> = names.collect();
        Ok(Checked::found(summary, findings).evidence("tests", json!(names)).evidence("passed", passed))
    }
}

/// Why tests could not be run, each reason once with the tests that it stopped.
fn reasons(not_run: &[(&str, Option<&Place>, String)]) -> String {
    let mut by_reason: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for (name, _, why) in not_run {
        by_reason.entry(why).or_default().push(name);
    }
    let told = by_reason.iter().map(|(why, names)| format!("{why} ({})", names.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

/// Tests attached to the model, singular tests that read it, and tests of other models that read it, unless those
/// models are judged themselves.
fn tests_of<'a>(change: &Change<'_>, cx: &Context<'a>) -> Vec<&'a DataTest> {
    let id = &change.unique_id;
    let judged = |other: &String| {
        cx.changes.iter().any(|c| c.unique_id == *other && c.kind != ChangeKind::Removed && !c.same_output())
    };
    // Data of a source does not change with a pull request; what is asked of it may.
    let of_source = |test: &DataTest, source: &String| {
        source.starts_with("source.")
            && !same_on_base(test, cx.base)
            // The first change that reads it answers for it.
            && cx.changes.iter().find(|c| c.head.is_some_and(|model| model.depends_on.contains(source)))
                .is_some_and(|c| c.unique_id == *id)
    };
    let concerns = |test: &&DataTest| match &test.attached {
        Some(attached) if attached == id => true,
        Some(attached) if of_source(test, attached) => true,
        Some(attached) => test.depends_on.contains(id) && !judged(attached),
        None => test.depends_on.contains(id),
    };
    cx.head.project.tests.values().filter(concerns).filter(enabled).collect()
}

fn enabled(test: &&DataTest) -> bool {
    test.config.get("enabled") != Some(&Value::Bool(false))
}

fn on_base<'a>(test: &DataTest, base: &'a Bound) -> Option<&'a DataTest> {
    base.project.tests.get(&test.unique_id).filter(enabled)
}

fn same_on_base(test: &DataTest, base: &Bound) -> bool {
    on_base(test, base).is_some_and(|b| b.compiled.is_ok() && b.compiled == test.compiled && b.config == test.config)
}

/// What each test counts: failing rows, unless `fail_calc` says otherwise. Few queries for all of them.
fn run_all(tests: &[&DataTest], side: Side, data: &dyn Data) -> Vec<Result<f64>> {
    let texts: Vec<Result<String>> = tests.iter().map(|test| counting(test, side, data)).collect();
    let ready: Vec<&str> = texts.iter().filter_map(|t| t.as_ref().ok()).map(String::as_str).collect();
    let mut counts: Vec<Result<f64>> = Vec::with_capacity(ready.len());
    for batch in ready.chunks(BATCH) {
        count_all(batch, data, &mut counts);
    }
    let mut counts = counts.into_iter();
    texts
        .into_iter()
        .map(|text| text.and_then(|_| counts.next().unwrap_or_else(|| Err(anyhow!("it gave no count")))))
        .collect()
}

/// Tests that are asked for in one query.
const BATCH: usize = 40;

/// Counts in one query; where that fails, in two for both halves, down to the test that cannot be run.
fn count_all(queries: &[&str], data: &dyn Data, counts: &mut Vec<Result<f64>>) {
    if let [only] = queries {
        return counts.push(one(only, data));
    }
    let numbered = queries.iter().enumerate().map(|(i, sql)| format!("select {i} as i, ({sql}) as n"));
    let together = numbered.collect::<Vec<_>>().join(" union all ") + " order by 1";
    match data.engine().query(&together) {
        Ok(rows) if rows.rows.len() == queries.len() => counts.extend(rows.rows.iter().map(|row| number(&row[1]))),
        _ => {
            let (first, second) = queries.split_at(queries.len() / 2);
            count_all(first, data, counts);
            count_all(second, data, counts);
        }
    }
}

fn one(sql: &str, data: &dyn Data) -> Result<f64> {
    let rows = data.engine().query(sql)?.rows;
    match rows.first().and_then(|row| row.first()) {
        Some(cell) if rows.len() == 1 => number(cell),
        _ => bail!("it gave no count"),
    }
}

fn number(cell: &Cell) -> Result<f64> {
    match cell {
        Cell::Float(x) => Ok(*x),
        Cell::Int(i) => Ok(*i as f64),
        Cell::Null => Ok(0.0),
        other => bail!("it counted {other}, which is no number"),
    }
}

/// The query that gives a test's count.
fn counting(test: &DataTest, side: Side, data: &dyn Data) -> Result<String> {
    let compiled = test.compiled.as_ref().map_err(|reason| anyhow!("{}", not_compiled(reason)))?;
    let dialect = data.engine().dialect();
    let sql = single_query_in(&compiled.sql, dialect)?;
    let calculation = text(test, "fail_calc").unwrap_or("count(*)");
    let calculation = single_query_in(calculation, dialect)?;
    let double = data.engine().spell("DOUBLE");
    // As one text, so that what guards a warehouse sees the calculation too.
    data.rewrite(
        side,
        &format!("select cast(coalesce({calculation}\n, 0) as {double}) as n from (\n{sql}\n) as failing"),
    )
}

fn text<'a>(test: &'a DataTest, key: &str) -> Option<&'a str> {
    test.config.get(key).and_then(Value::as_str)
}

/// How bad the count is, as dbt judges it; `None`: the test passes.
fn judge(test: &DataTest, count: f64, data: &dyn Data) -> Result<Option<Severity>> {
    let warns_only = text(test, "severity").is_some_and(|s| s.eq_ignore_ascii_case("warn"));
    if !warns_only && holds(text(test, "error_if").unwrap_or("!= 0"), count, data)? {
        return Ok(Some(Severity::Error));
    }
    let warns = holds(text(test, "warn_if").unwrap_or("!= 0"), count, data)?;
    Ok(warns.then_some(Severity::Warning))
}

/// Whether a condition of the config (`> 10`, `between 1 and 5`) holds for a count.
fn holds(condition: &str, count: f64, data: &dyn Data) -> Result<bool> {
    if condition.trim() == "!= 0" {
        return Ok(count != 0.0);
    }
    let condition = single_query_in(condition, data.engine().dialect())?;
    let sql = format!("select cast({count:?} {condition} as boolean) as holds");
    let sql = data.rewrite(Side::Head, &sql)?;
    match data.engine().query(&sql)?.rows.first().and_then(|row| row.first()) {
        Some(Cell::Bool(holds)) => Ok(*holds),
        other => bail!("the condition {condition} gave {other:?}"),
    }
}

fn failed(test: &DataTest, count: f64, severity: Severity, cx: &Context<'_>, data: &dyn Data) -> Finding {
    let shown = if count.fract() == 0.0 { crate::reconcile::thousands(count.abs() as u64) } else { count.to_string() };
    let before = before(test, cx, data);
    let (severity, note) = match before {
        Before::Count(before) if before == count => (Severity::Warning, "; already fails on base, as often"),
        Before::Count(0.0) => (severity, "; it passes on base"),
        Before::Count(before) if before < count => (severity, "; fewer on base"),
        Before::Count(_) => (severity, "; more on base"),
        Before::New => (severity, "; the test is new"),
        Before::Unknown => (severity, "; it cannot be run on base"),
    };
    let (rule, what) = defect(test, count);
    let mut finding = finding(test, rule, format!("{} fails: {shown} {what}{note}", test.name)).severity(severity);
    finding = finding.evidence("failures", count).evidence("test", &*test.unique_id);
    match before {
        Before::Count(before) => finding.evidence("failures_on_base", before),
        Before::New | Before::Unknown => finding,
    }
}

fn before(test: &DataTest, cx: &Context<'_>, data: &dyn Data) -> Before {
    match on_base(test, cx.base) {
        None => Before::New,
        Some(old) => match run_all(&[old], Side::Base, data).remove(0) {
            Ok(count) => Before::Count(count),
            Err(_) => Before::Unknown,
        },
    }
}

/// What a failing test counts on base.
#[derive(Clone, Copy)]
enum Before {
    /// It is not there.
    New,
    /// It cannot be run there.
    Unknown,
    /// This many.
    Count(f64),
}

/// The rule of a test, and what its count counts.
fn defect(test: &DataTest, count: f64) -> (&'static str, &'static str) {
    let one = count == 1.0;
    let counts_rows = text(test, "fail_calc").is_none_or(|c| c.replace(' ', "").eq_ignore_ascii_case("count(*)"));
    let name = match &test.kind {
        TestKind::Generic { name, .. } => name.rsplit('.').next().unwrap_or(name),
        TestKind::Singular => return ("test/singular", if one { "failing row" } else { "failing rows" }),
    };
    let (rule, single, several) = match name {
        "unique" => ("test/unique", "value stands more than once", "values stand more than once"),
        "unique_combination_of_columns" => ("test/unique", "key stands more than once", "keys stand more than once"),
        "not_null" => ("test/not-null", "row is NULL", "rows are NULL"),
        "accepted_values" => ("test/accepted-values", "value is not in the list", "values are not in the list"),
        "relationships" | "relationships_where" => ("test/relationships", "row has no partner", "rows have no partner"),
        _ => ("test/generic", "failing row", "failing rows"),
    };
    match (counts_rows, one) {
        (false, _) => (rule, "failures"),
        (true, true) => (rule, single),
        (true, false) => (rule, several),
    }
}

fn finding(test: &DataTest, id: &str, message: String) -> Finding {
    let mut finding = rule(id, message).at(test.place.location());
    finding.column.clone_from(&test.column);
    finding
}

fn rule(id: &str, message: String) -> Finding {
    Finding::new(id, message, RULES.iter().find(|r| r.id == id).map_or("", |r| r.help))
}

#[cfg(test)]
#[path = "test_tests.rs"]
mod tests;
