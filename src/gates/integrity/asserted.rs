//! Tests that are gone, or let more pass.

use super::thresholds;
use crate::finding::{Finding, Location, Severity};
use crate::gates::Context;
use crate::project::{DataTest, Model, Project, TestKind};
use serde_json::{Map, Value};

/// Tests of different packages that assert the same of a column.
const FAMILIES: &[&[&str]] = &[
    &["not_null", "expect_column_values_to_not_be_null"],
    &["unique", "expect_column_values_to_be_unique", "unique_key", "primary_key"],
    &["unique_combination_of_columns", "expect_compound_columns_to_be_unique", "primary_key", "unique_key"],
    &["accepted_values", "expect_column_values_to_be_in_set", "relationships"],
    &["relationships", "foreign_key"],
    &["accepted_range", "expect_column_values_to_be_between"],
];

pub(super) fn look(base: &Model, head: &Model, cx: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let now: Vec<&DataTest> = tests_of(&cx.head.project, &head.unique_id);
    let columns = columns_of(head, cx);
    let mut used: Vec<&str> = Vec::new();
    for test in tests_of(&cx.base.project, &base.unique_id) {
        let same = now.iter().find(|other| !used.contains(&other.unique_id.as_str()) && same_assertion(test, other));
        if let Some(other) = same {
            used.push(&other.unique_id);
            found.extend(loosened(test, other, head, cx));
            continue;
        }
        if excused(test, &now, head, columns.as_deref(), cx) {
            continue;
        }
        let message = format!("test {} is gone or disabled", shown(test));
        let help = "restore it, or replace it by one that asserts as much";
        let mut finding = Finding::new("integrity/test-removed", message, help).at(place_of(head, test));
        if let Some(column) = &test.column {
            finding = finding.column(column);
        }
        found.push(finding.evidence("was", definition(test)));
    }
    found.extend(unit_tests(head, cx));
    found
}

/// Tests of a model: generic ones that are attached to it, and SQL files that read it.
fn tests_of<'a>(project: &'a Project, id: &str) -> Vec<&'a DataTest> {
    let of = |test: &&DataTest| match &test.attached {
        Some(attached) => attached == id,
        None => test.depends_on.contains(id),
    };
    project.tests.values().filter(of).collect()
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether two tests are the same assertion, bounds and config aside.
fn same_assertion(one: &DataTest, other: &DataTest) -> bool {
    if one.unique_id == other.unique_id {
        return true;
    }
    match (&one.kind, &other.kind) {
        (TestKind::Generic { name: a, kwargs: x }, TestKind::Generic { name: b, kwargs: y }) => {
            let column = |test: &DataTest| test.column.as_ref().map(|column| column.to_lowercase());
            let what = |kwargs: &Map<String, Value>| -> Map<String, Value> {
                kwargs
                    .iter()
                    .filter(|(key, _)| thresholds::identifies(key))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            };
            bare(a) == bare(b) && column(one) == column(other) && what(x) == what(y)
        }
        // A file that was renamed.
        (TestKind::Singular, TestKind::Singular) => match (&one.compiled, &other.compiled) {
            (Ok(a), Ok(b)) => words(&a.sql) == words(&b.sql),
            _ => false,
        },
        _ => false,
    }
}

fn words(sql: &str) -> Vec<String> {
    sql.split_whitespace().map(str::to_lowercase).collect()
}

/// Whether a test may go: what it tests is gone, or something that asserts as much has come.
fn excused(test: &DataTest, now: &[&DataTest], head: &Model, columns: Option<&[String]>, cx: &Context<'_>) -> bool {
    let has = |column: &str| columns.is_none_or(|all| all.iter().any(|name| name.eq_ignore_ascii_case(column)));
    if test.column.as_deref().is_some_and(|column| !has(column)) {
        return true;
    }
    let TestKind::Generic { name, kwargs } = &test.kind else {
        // A SQL file goes with any model that it reads.
        return test.depends_on.iter().any(|id| id.starts_with("model.") && !cx.head.project.models.contains_key(id));
    };
    // So does an assertion about several columns, or about another model.
    let lists = ["combination_of_columns", "column_list", "column_names"];
    let named = lists.iter().filter_map(|key| kwargs.get(*key)?.as_array()).flatten().filter_map(Value::as_str);
    if named.clone().any(|column| !has(column.trim_matches(['"', '`']))) {
        return true;
    }
    let gone = |id: &String| id.starts_with("model.") && !cx.head.project.models.contains_key(id);
    if test.depends_on.iter().any(gone) {
        return true;
    }
    let family = |other: &str| FAMILIES.iter().any(|names| names.contains(&bare(name)) && names.contains(&other));
    let column = |test: &DataTest| test.column.as_ref().map(|column| column.to_lowercase());
    let replaced = now.iter().any(|other| {
        let TestKind::Generic { name: other_name, kwargs: other_kwargs } = &other.kind else { return false };
        let is_new = !tests_of(&cx.base.project, &head.unique_id).iter().any(|old| old.unique_id == other.unique_id);
        let over = |kwargs: &Map<String, Value>| -> Vec<String> {
            let lists = lists.iter().chain(&["column_name"]).filter_map(|key| kwargs.get(*key));
            let mut all: Vec<String> = lists
                .flat_map(|value| match value {
                    Value::Array(list) => {
                        list.iter().filter_map(Value::as_str).map(str::to_lowercase).collect::<Vec<_>>()
                    }
                    Value::String(one) => vec![one.to_lowercase()],
                    _ => Vec::new(),
                })
                .collect();
            all.sort();
            all
        };
        let same_columns = column(test) == column(other) && over(kwargs) == over(other_kwargs);
        // A key of several columns by fewer of them asserts more.
        let narrower = !over(other_kwargs).is_empty() && over(other_kwargs).iter().all(|c| over(kwargs).contains(c));
        let by_column = column(other).is_some_and(|column| over(kwargs).contains(&column));
        let as_strict = thresholds::looser(&one_name(kwargs), &one_name(other_kwargs)).is_empty();
        is_new && family(bare(other_name)) && strict(other) && as_strict && (same_columns || narrower || by_column)
    });
    replaced || enforced(test, bare(name), head)
}

/// Fails like any test, and looks at all rows.
fn strict(test: &DataTest) -> bool {
    severity(test) == "error" && test.config.get("where").is_none_or(Value::is_null)
}

/// Arguments with the list of accepted values under one name, whatever the package calls it.
fn one_name(kwargs: &Map<String, Value>) -> Map<String, Value> {
    let name = |key: &str| if key == "values" { "value_set".to_owned() } else { key.to_owned() };
    kwargs.iter().map(|(key, value)| (name(key), value.clone())).collect()
}

/// Whether an enforced constraint of the column asserts it now.
fn enforced(test: &DataTest, name: &str, head: &Model) -> bool {
    let Some(column) = test.column.as_deref() else { return false };
    if !super::contract::enforced(head) {
        return false;
    }
    let info = head.columns.values().find(|info| info.name.eq_ignore_ascii_case(column));
    let constraints = info.and_then(|info| info.extra.get("constraints")?.as_array());
    constraints.into_iter().flatten().filter_map(|one| one.get("type")?.as_str()).any(|of| match name {
        "not_null" => matches!(of, "not_null" | "primary_key"),
        "unique" => matches!(of, "unique" | "primary_key"),
        _ => false,
    })
}

/// Output columns of a model in lower case, when they are all known.
fn columns_of(head: &Model, cx: &Context<'_>) -> Option<Vec<String>> {
    cx.head.columns(&head.unique_id).map(|columns| columns.iter().map(|name| name.to_lowercase()).collect())
}

fn severity(test: &DataTest) -> String {
    test.config.get("severity").and_then(Value::as_str).unwrap_or("error").to_lowercase()
}

fn loosened(was: &DataTest, is: &DataTest, head: &Model, cx: &Context<'_>) -> Vec<Finding> {
    let mut reasons: Vec<String> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    if severity(was) == "error" && severity(is) == "warn" {
        reasons.push("it only warns now (severity: warn)".to_owned());
    }
    let text = |test: &DataTest, key: &str| match test.config.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Some(other) => Some(other.to_string()),
    };
    match (text(was, "where"), text(is, "where")) {
        (None, Some(now)) => reasons.push(format!("it looks at some rows only (where {now})")),
        (Some(before), Some(now)) if before != now => {
            reasons.push(format!("it looks at other rows (where {before} became {now})"));
        }
        _ => {}
    }
    for key in ["error_if", "warn_if"] {
        let (before, now) = (text(was, key), text(is, key));
        if before != now && thresholds::condition_is_looser(before.as_deref(), now.as_deref()) {
            let now = now.unwrap_or_default();
            reasons.push(format!("{key} is {now} where it was {}", before.unwrap_or_else(|| "!= 0".to_owned())));
        }
    }
    if text(was, "fail_calc") != text(is, "fail_calc") {
        reasons.push("what it counts (fail_calc) is another".to_owned());
    }
    match (&was.kind, &is.kind) {
        (TestKind::Generic { kwargs: before, .. }, TestKind::Generic { kwargs: now, .. }) => {
            // A test with a name of its own keeps it whatever it asserts.
            for key in before.keys().chain(now.keys()).collect::<std::collections::BTreeSet<_>>() {
                if thresholds::identifies(key) && before.get(key) != now.get(key) {
                    let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                    let (was, is) = (shown(before.get(key)), shown(now.get(key)));
                    reasons.push(format!("it asserts something else ({key}: {was} became {is})"));
                }
            }
            for (why, added) in thresholds::looser(before, now) {
                match added.is_empty() || !added.iter().all(|value| produced(value, head, cx)) {
                    true => reasons.push(why),
                    false => notes.push(format!("{why}, which the changed SQL gives")),
                }
            }
        }
        (TestKind::Singular, TestKind::Singular) => {
            if let (Ok(before), Ok(now)) = (&was.compiled, &is.compiled)
                && words(&before.sql) != words(&now.sql)
            {
                reasons.extend(thresholds::sql_is_looser(&before.sql, &now.sql, cx.head.project.dialect));
            }
        }
        _ => {}
    }
    let finding = |reason: String, severity: Severity| {
        let message = format!("test {} lets more pass: {reason}", shown(is));
        let help = "restore the test and mend the model, or say in the pull request why the old bound was wrong";
        let location = Location {
            path: is.place.path.clone(),
            line: is.place.line.max(1),
            column: 1,
            end_line: is.place.line.max(1),
            end_column: 1,
        };
        let finding = Finding::new("integrity/test-loosened", message, help).severity(severity).at(location);
        let finding = finding.evidence("was", definition(was)).evidence("is", definition(is));
        match &is.column {
            Some(column) => finding.column(column),
            None => finding,
        }
    };
    let errors = reasons.into_iter().map(|reason| finding(reason, Severity::Error));
    let notes = notes.into_iter().map(|reason| finding(reason, Severity::Note));
    errors.chain(notes).collect::<Vec<_>>()
}

/// Whether a value that is accepted now is one that the SQL of the model, or of a changed model upstream, has got.
fn produced(value: &str, head: &Model, cx: &Context<'_>) -> bool {
    let quoted = format!("'{value}'");
    let of = |id: &str| {
        let sql = |project: &Project| {
            let model = project.models.get(id)?;
            match &model.csv {
                Some(csv) => Some(String::from_utf8_lossy(csv).into_owned()),
                None => model.compiled.as_ref().ok().map(|compiled| compiled.sql.clone()),
            }
        };
        (sql(&cx.base.project), sql(&cx.head.project))
    };
    let mut open = vec![head.unique_id.clone()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let (before, now) = of(&id);
        let seed = cx.head.project.models.get(&id).is_some_and(|model| model.csv.is_some());
        let has = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| if seed { text.contains(value) } else { text.contains(&quoted) })
        };
        if has(&now) && !has(&before) {
            return true;
        }
        open.extend(cx.head.project.models.get(&id).into_iter().flat_map(|model| model.depends_on.iter().cloned()));
    }
    false
}

fn unit_tests(head: &Model, cx: &Context<'_>) -> Vec<Finding> {
    let of = |project: &Project| -> Vec<String> {
        let tests = project.unit_tests.values().filter(|test| test.model.as_ref() == Some(&head.unique_id));
        tests.map(|test| test.name.clone()).collect()
    };
    let now = of(&cx.head.project);
    let gone: Vec<String> = of(&cx.base.project).into_iter().filter(|name| !now.contains(name)).collect();
    // As many new ones may be those that are gone, renamed or written anew: worth a look, no more.
    let base = of(&cx.base.project);
    let new = now.iter().filter(|name| !base.contains(name)).count();
    let told = gone.into_iter().enumerate().map(|(at, name)| {
        let (severity, and) = match at < new {
            true => (Severity::Warning, ", and others are new: check that they say as much"),
            false => (Severity::Error, ""),
        };
        let message = format!("unit test {name} is gone or disabled{and}");
        let help = "restore it: it says what the model should make of given rows";
        Finding::new("integrity/test-removed", message, help).severity(severity).at(Location::file(&head.path))
    });
    told.collect()
}

fn shown(test: &DataTest) -> String {
    match (&test.kind, &test.column) {
        (TestKind::Generic { name, .. }, Some(column)) => format!("`{}` of `{column}`", bare(name)),
        (TestKind::Generic { name, .. }, None) => format!("`{}`", bare(name)),
        (TestKind::Singular, _) => format!("`{}`", test.name),
    }
}

/// The definition as it would be written, for evidence.
fn definition(test: &DataTest) -> Value {
    let kwargs = match &test.kind {
        TestKind::Generic { kwargs, .. } => kwargs.clone(),
        TestKind::Singular => Map::new(),
    };
    let keys = ["severity", "where", "limit", "warn_if", "error_if", "fail_calc", "enabled"];
    let config: Map<String, Value> = test
        .config
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    serde_json::json!({"test": test.name, "arguments": kwargs, "config": config})
}

/// Where head declares the model; the file of the test on base where that is still there.
fn place_of(head: &Model, test: &DataTest) -> Location {
    let declared = head.declared_at.as_ref().filter(|place| place.path == test.place.path);
    match declared {
        Some(place) => {
            let line = place.line.max(1);
            Location { path: place.path.clone(), line, column: 1, end_line: line, end_column: 1 }
        }
        None => Location::file(head.declared_at.as_ref().map_or(&head.path, |place| &place.path)),
    }
}
