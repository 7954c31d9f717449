//! Audits as data tests: those that SQLMesh brings, and `AUDIT (...)` files whose query is plain.

use super::{Names, resolve, variables};
use crate::files::content_id;
use crate::project::load::LoadOptions;
use crate::project::pieces::{self, line_of};
use crate::project::sqlmesh::header::{self, Header, call, construct, items, unquoted};
use crate::project::sqlmesh::settings::Settings;
use crate::project::{Compiled, DataTest, Model, NotCompiled, NotCompiledCode, Place, Problem, TestKind};
use crate::sql::{self, Dialect};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A query of the project that returns failing rows.
pub(super) struct AuditFile {
    pub(super) name: String,
    /// Whether it belongs to no model.
    pub(super) standalone: bool,
    config: Map<String, Value>,
    sql: String,
    dialect: Dialect,
    /// Values of arguments that a use does not give.
    defaults: Vec<(String, String)>,
    place: Place,
}

/// The audits of one file.
pub(super) fn read_file(
    options: &LoadOptions<'_>,
    settings: &Settings,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Vec<AuditFile> {
    let text = match options.files.text(path) {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => {
            problems.push(Problem {
                place: Place { path: path.to_owned(), line: 0, column: 0 },
                message: format!("cannot be read: {error:#}"),
                help: "write it as UTF-8".to_owned(),
            });
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    let mut all = pieces::statements(&text, settings.dialect).into_iter();
    while let Some(range) = all.next() {
        if let Some(header) = Header::of(&text, range, "AUDIT", settings.dialect) {
            let sql = all.next().map(|range| text[range].to_owned()).unwrap_or_default();
            found.push(of(&header, &sql, &text, path, settings.dialect));
        }
    }
    found
}

/// An audit of its header and its query.
pub(super) fn of(header: &Header, sql: &str, text: &str, path: &str, dialect: Dialect) -> AuditFile {
    let says = |key: &str, what: &str| header.text(key).is_some_and(|v| v.eq_ignore_ascii_case(what));
    let severity = if says("blocking", "false") { "WARN" } else { "ERROR" };
    let mut config = Map::from_iter([("severity".to_owned(), Value::from(severity))]);
    if says("skip", "true") {
        config.insert("enabled".to_owned(), false.into());
    }
    AuditFile {
        name: header.text("name").unwrap_or_default().to_lowercase(),
        standalone: says("standalone", "true"),
        config,
        sql: sql.to_owned(),
        defaults: header.raw("defaults").map(|value| pairs(value, dialect)).unwrap_or_default(),
        dialect: header.text("dialect").and_then(|d| super::settings::dialect(&d)).unwrap_or(dialect),
        place: Place { path: path.to_owned(), line: line_of(text, header.range.start), column: 0 },
    }
}

/// `name := value` or `name = value`, between commas, in brackets or not.
fn pairs(text: &str, dialect: Dialect) -> Vec<(String, String)> {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let pair = |part: std::ops::Range<usize>| {
        let (key, value) = inner[part].split_once('=')?;
        Some((key.trim().trim_end_matches(':').trim().to_lowercase(), value.trim().to_owned()))
    };
    pieces::parts(inner, dialect).into_iter().filter_map(pair).collect()
}

/// A use of an audit in a model's header.
struct Use {
    name: String,
    args: Vec<(String, String)>,
    severity: &'static str,
    place: Place,
}

/// The tests that a model's `audits` mean.
pub(super) fn tests<'a>(
    model: &Model,
    uses: &[(String, u32)],
    own: &dyn Fn(&str) -> Option<&'a AuditFile>,
    dialect: Dialect,
    now: Timestamp,
) -> Vec<DataTest> {
    let mut tests = Vec::new();
    for (written, line) in uses {
        let (name, arguments) = call(written);
        let args = pairs(arguments.unwrap_or_default(), dialect);
        let place = Place { path: model.path.clone(), line: *line, column: 0 };
        let name = name.to_lowercase();
        if let Some(audit) = own(&name) {
            tests.extend(of_file(model, audit, &Use { name, args, severity: "ERROR", place }, dialect, now));
            continue;
        }
        let (name, severity) = match name.strip_suffix("_non_blocking") {
            Some(blocking) => (blocking.to_owned(), "WARN"),
            None => (name, "ERROR"),
        };
        tests.extend(builtin(model, &Use { name, args, severity, place }, dialect));
    }
    tests
}

impl Use {
    fn arg(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn test(&self, model: &Model, kind: &str, column: Option<&str>, kwargs: Map<String, Value>) -> DataTest {
        let hash = content_id(json!([self.args, column]).to_string().as_bytes());
        let on = column.map(|c| format!("_{c}")).unwrap_or_default();
        let plain = kind.replace('.', "_");
        DataTest {
            unique_id: format!("test.{}.{plain}_{}{on}.{}", model.package, model.name, &hash[..10]),
            name: format!("{}({})", self.name, column.unwrap_or(&model.name)),
            kind: TestKind::Generic { name: kind.to_owned(), kwargs },
            attached: Some(model.unique_id.clone()),
            column: column.map(str::to_owned),
            compiled: Ok(Compiled::default()),
            config: Map::from_iter([("severity".to_owned(), Value::from(self.severity))]),
            depends_on: BTreeSet::from([model.unique_id.clone()]),
            macros: BTreeMap::new(),
            place: self.place.clone(),
        }
    }
}

/// The audits that SQLMesh brings, those that are tests of dbt under the names of these.
fn builtin(model: &Model, used: &Use, dialect: Dialect) -> Vec<DataTest> {
    let relation = &model.relation.rendered;
    let list = |key: &str| used.arg(key).map(|value| items(value, dialect)).unwrap_or_default();
    let and = used.arg("condition").map(|c| format!(" and ({c})")).unwrap_or_default();
    let with = |mut test: DataTest, sql: String| {
        let macros = construct(&sql, dialect);
        test.compiled = match macros {
            None => Ok(Compiled { sql, ..Compiled::default() }),
            Some((what, _)) => Err(not_worked_out(&used.place, &what)),
        };
        test
    };
    let per_column = |kind: &str, sql: &dyn Fn(&str) -> String| -> Vec<DataTest> {
        let columns = list("columns");
        let test = |column: &String| with(used.test(model, kind, Some(&unquoted(column)), Map::new()), sql(column));
        columns.iter().map(test).collect()
    };
    match used.name.as_str() {
        "not_null" => per_column("not_null", &|c| format!("select * from {relation} where {c} is null{and}")),
        "unique_values" => per_column("unique", &|c| repeated(relation, c, used.arg("condition"))),
        "unique_combination_of_columns" => {
            let columns = list("columns");
            let names: Vec<String> = columns.iter().map(|c| unquoted(c)).collect();
            let kwargs = Map::from_iter([("combination_of_columns".to_owned(), Value::from(names))]);
            let test = used.test(model, "dbt_utils.unique_combination_of_columns", None, kwargs);
            vec![with(test, repeated(relation, &columns.join(", "), used.arg("condition")))]
        }
        "accepted_values" => {
            let (column, values) = (used.arg("column").unwrap_or_default(), list("is_in"));
            let plain: Vec<String> = values.iter().map(|v| unquoted(v)).collect();
            let kwargs = Map::from_iter([("values".to_owned(), Value::from(plain))]);
            let test = used.test(model, "accepted_values", Some(&unquoted(column)), kwargs);
            vec![with(test, format!("select * from {relation} where {column} not in ({}){and}", values.join(", ")))]
        }
        "forall" => {
            let criteria = list("criteria").iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" and ");
            let test = used.test(model, "forall", None, Map::new());
            vec![with(test, format!("select * from {relation} where not ({criteria}){and}"))]
        }
        name => {
            let mut test = used.test(model, name, used.arg("column").map(unquoted).as_deref(), Map::new());
            test.compiled = Err(not_worked_out(&used.place, &format!("audit `{name}`")));
            vec![test]
        }
    }
}

/// Every row but the first of each value.
fn repeated(relation: &str, columns: &str, condition: Option<&str>) -> String {
    let filter = condition.map(|c| format!(" where {c}")).unwrap_or_default();
    format!(
        "select * from (select {columns}, row_number() over (partition by {columns} order by {columns}) as nth \
         from {relation}{filter}) as counted where nth > 1"
    )
}

fn not_worked_out(place: &Place, what: &str) -> NotCompiled {
    let message = format!("{what} is worked out by SQLMesh alone");
    NotCompiled::at(&place.path, place.line, NotCompiledCode::Unsupported, message)
}

/// An audit of the project on a model, with the model, the interval and the arguments put in; what is more than a single
/// value is SQLMesh's to place.
fn of_file(model: &Model, audit: &AuditFile, used: &Use, dialect: Dialect, now: Timestamp) -> Vec<DataTest> {
    let mut test = used.test(model, &audit.name, None, Map::new());
    test.kind = TestKind::Singular;
    test.config = audit.config.clone();
    test.place = audit.place.clone();
    let default = |name: &str| audit.defaults.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let value = |name: &str| match name {
        "this_model" => Some(model.relation.rendered.clone()),
        _ => match used.arg(name).or_else(|| default(name)) {
            Some(argument) => variables::single(argument, dialect),
            None => variables::time(name, now),
        },
    };
    test.compiled = query(audit, variables::placed(&audit.sql, dialect, &value), dialect);
    if audit.config.get("enabled") == Some(&Value::Bool(false)) {
        return Vec::new();
    }
    vec![test]
}

fn query(audit: &AuditFile, sql: String, dialect: Dialect) -> Result<Compiled, NotCompiled> {
    if audit.dialect != dialect {
        return Err(not_worked_out(&audit.place, "an audit of another dialect"));
    }
    match construct(&sql, dialect) {
        None if !sql.trim().is_empty() => Ok(Compiled { sql, ..Compiled::default() }),
        None => Err(not_worked_out(&audit.place, "an audit without a query")),
        Some((what, _)) => Err(not_worked_out(&audit.place, &what)),
    }
}

/// An audit that belongs to no model.
pub(super) fn standalone(audit: &AuditFile, settings: &Settings, names: &Names, now: Timestamp) -> DataTest {
    let sql = variables::placed(&audit.sql, settings.dialect, &|name| variables::time(name, now));
    let compiled = query(audit, sql, settings.dialect);
    let used = compiled.as_ref().ok().and_then(|c| sql::relations(&c.sql, settings.dialect).ok()).unwrap_or_default();
    DataTest {
        unique_id: format!("test.{}.{}", settings.name, header::unquoted(&audit.name)),
        name: audit.name.clone(),
        kind: TestKind::Singular,
        attached: None,
        column: None,
        compiled,
        config: audit.config.clone(),
        depends_on: used.iter().filter_map(|u| resolve(names, &u.parts).cloned()).collect(),
        macros: BTreeMap::new(),
        place: audit.place.clone(),
    }
}
