//! A small project with data, for the unit tests of data gates.

use crate::engine::{Limits, Scratch};
use crate::gates::{Change, Context};
use crate::policy::Policy;
use crate::project::bind::{Bound, Externals, KnownColumns};
use crate::project::*;
use crate::report::{ChangeKind, Equivalence};
use crate::run::data::SideData;
use crate::sql::Dialect;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Id of a model of the shop.
pub fn id(name: &str) -> String {
    format!("model.shop.{name}")
}

fn relation(name: &str) -> RelationName {
    RelationName {
        database: "db".into(),
        schema: "main".into(),
        identifier: name.into(),
        rendered: format!("\"db\".\"main\".\"{name}\""),
    }
}

/// `{x}` in SQL stands for the relation `x`.
fn render(sql: &str) -> (String, BTreeSet<String>) {
    let mut text = String::new();
    let mut reads = BTreeSet::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        text.push_str(before);
        text.push_str(&relation(name).rendered);
        reads.insert(id(name));
        rest = after;
    }
    (text + rest, reads)
}

fn model(name: &str, text: &str) -> Model {
    let seed = text.starts_with("csv:");
    let (sql, depends_on) = if seed { (String::new(), BTreeSet::new()) } else { render(text) };
    Model {
        unique_id: id(name),
        name: name.into(),
        package: "shop".into(),
        kind: if seed { NodeKind::Seed } else { NodeKind::Model },
        path: format!("models/{name}.sql"),
        raw: sql.as_str().into(),
        first_line: 1,
        csv: seed.then(|| text.as_bytes()["csv:".len()..].into()),
        config: Map::new(),
        tags: BTreeSet::new(),
        meta: Map::new(),
        description: String::new(),
        columns: Default::default(),
        declared_at: None,
        relation: relation(name),
        compiled: Ok(Compiled { sql, ..Compiled::default() }),
        depends_on,
        macros: BTreeMap::new(),
        vars: BTreeMap::new(),
        hooks: Vec::new(),
    }
}

/// A data test of `model`: name, column, SQL of its failing rows, config.
pub fn test(name: &str, of: &str, column: &str, sql: &str, config: Value) -> DataTest {
    let (sql, depends_on) = render(sql);
    DataTest {
        unique_id: format!("test.shop.{name}_{of}_{column}"),
        name: format!("{name}({column})"),
        kind: TestKind::Generic { name: name.into(), kwargs: Map::new() },
        attached: Some(id(of)),
        column: Some(column.into()),
        compiled: Ok(Compiled { sql, ..Compiled::default() }),
        config: config.as_object().cloned().unwrap_or_default(),
        depends_on,
        macros: BTreeMap::new(),
        place: Place { path: "models/shop.yml".into(), line: 3, column: 5 },
    }
}

/// One side: relations by name (SQL, or `csv:` and its text) and tests.
pub fn side(models: &[(&str, &str)], tests: Vec<DataTest>) -> Bound {
    let project = Project {
        kind: ProjectKind::Dbt,
        name: "shop".into(),
        root: String::new(),
        dialect: Dialect::DuckDb,
        target: Target::default(),
        models: models.iter().map(|(name, text)| (id(name), model(name, text))).collect(),
        sources: BTreeMap::new(),
        tests: tests.into_iter().map(|t| (t.unique_id.clone(), t)).collect(),
        unit_tests: BTreeMap::new(),
        exposures: BTreeMap::new(),
        naming_macros: BTreeMap::new(),
        semantic_models: BTreeMap::new(),
        metrics: BTreeMap::new(),
        problems: Vec::new(),
        hooks: Vec::new(),
    };
    Bound::new(project, &KnownColumns::new(), Externals::new())
}

/// The built-in policy with other options of one gate.
fn policy(gate: &str, options: &Value) -> Policy {
    let mut policy = crate::policy::built_in("default").unwrap();
    policy.options.insert(gate.to_owned(), options.clone());
    policy
}

/// What the gate says of one model of the two sides.
pub fn check(gate: &str, options: Value, base: &Bound, head: &Bound, name: &str) -> anyhow::Result<super::Checked> {
    let same = |a: Option<&Model>, b: Option<&Model>| matches!((a, b), (Some(a), Some(b)) if a.compiled == b.compiled && a.csv == b.csv);
    let all: BTreeSet<&String> = base.project.models.keys().chain(head.project.models.keys()).collect();
    let side = |of: &str| (base.project.models.get(of), head.project.models.get(of));
    let wanted = id(name);
    let others = all.into_iter().filter(|of| **of != wanted && !same(side(of).0, side(of).1)).cloned();
    let ids: Vec<String> = std::iter::once(wanted.clone()).chain(others).collect();
    let changes: Vec<Change<'_>> = ids
        .iter()
        .map(|unique_id| {
            let (base, head) = side(unique_id);
            Change {
                kind: match (base, head) {
                    (None, _) => ChangeKind::Added,
                    (_, None) => ChangeKind::Removed,
                    _ => ChangeKind::Modified,
                },
                // With another change about, rows may differ whatever the text says.
                equivalence: match same(base, head) && ids.len() == 1 {
                    true => Equivalence::Identical,
                    false => Equivalence::Changed,
                },
                unique_id: unique_id.clone(),
                base,
                head,
                reasons: vec!["body".into()],
            }
        })
        .collect();
    let scratch = Scratch::open(&[], Limits::default())?;
    let data = SideData::new(scratch.into(), base, head, &policy(gate, &options), std::path::Path::new("."))?;
    let cx = Context { base, head, data: Ok(&data), changes: &changes };
    let spec = super::gate(gate).unwrap();
    (spec.build)(&options)?.check(&changes[0], &cx)
}

/// No options.
pub fn none() -> Value {
    json!({})
}
