//! Small projects held in memory, for the tests of the static gates: `{{ ref('x') }}` and `{{ source('a', 'b') }}` are
//! the only Jinja.

use super::{Change, Checked, Context, gate};
use crate::finding::Finding;
use crate::project::bind::{Bound, Externals, KnownColumns};
use crate::project::*;
use crate::report::{ChangeKind, Equivalence};
use crate::sql::Dialect;
use indexmap::IndexMap;
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A project under construction.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) project: Project,
    known: KnownColumns,
}

/// An empty dbt project on DuckDB.
pub(crate) fn shop() -> Shop {
    let project = Project {
        kind: ProjectKind::Dbt,
        name: "shop".into(),
        root: String::new(),
        dialect: Dialect::DuckDb,
        target: Target::default(),
        models: BTreeMap::new(),
        sources: BTreeMap::new(),
        tests: BTreeMap::new(),
        unit_tests: BTreeMap::new(),
        exposures: BTreeMap::new(),
        naming_macros: BTreeMap::new(),
        semantic_models: BTreeMap::new(),
        metrics: BTreeMap::new(),
        problems: Vec::new(),
        hooks: Vec::new(),
    };
    Shop { project, known: KnownColumns::new() }
}

fn relation(schema: &str, name: &str) -> RelationName {
    let rendered = format!("\"db\".\"{schema}\".\"{name}\"");
    RelationName { database: "db".into(), schema: schema.into(), identifier: name.into(), rendered }
}

fn column(name: &str, meta: Value) -> ColumnInfo {
    let place = Place { path: "models/schema.yml".into(), line: 7, column: 9 };
    ColumnInfo {
        name: name.into(),
        meta: meta.as_object().cloned().unwrap_or_default(),
        place,
        ..ColumnInfo::default()
    }
}

pub(crate) fn id(name: &str) -> String {
    format!("model.shop.{name}")
}

impl Shop {
    /// A source `raw.<table>` with all its columns.
    pub(crate) fn source(mut self, table: &str, columns: &[&str]) -> Self {
        let unique_id = format!("source.shop.raw.{table}");
        let known = columns.iter().map(|c| ((*c).to_owned(), "VARCHAR".to_owned())).collect::<Vec<_>>();
        if !known.is_empty() {
            self.known.insert(unique_id.clone(), known);
        }
        let source = Source {
            unique_id: unique_id.clone(),
            source_name: "raw".into(),
            name: table.into(),
            package: "shop".into(),
            relation: relation("raw", table),
            meta: Map::new(),
            tags: BTreeSet::new(),
            description: String::new(),
            columns: IndexMap::new(),
            external_location: None,
            place: Place { path: "models/sources.yml".into(), line: 3, column: 1 },
        };
        self.project.sources.insert(unique_id, source);
        self
    }

    /// A source `raw.<table>` with all its columns and their types: `id bigint, status text`.
    pub(crate) fn typed_source(mut self, table: &str, columns: &str) -> Self {
        let columns: Vec<(&str, &str)> = columns.split(", ").map(|c| c.split_once(' ').unwrap()).collect();
        self = self.source(table, &columns.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let known = columns.into_iter().map(|(name, of)| (name.to_owned(), of.to_owned())).collect();
        self.known.insert(format!("source.shop.raw.{table}"), known);
        self
    }

    /// A model with its template.
    pub(crate) fn model(mut self, name: &str, template: &str) -> Self {
        let mut depends_on = BTreeSet::new();
        let call = Regex::new(r"\{\{ (ref|source)\('(\w+)'(?:, '(\w+)')?\) \}\}").unwrap();
        let sql = call.replace_all(template, |hit: &Captures<'_>| {
            let (target, rendered) = match &hit[1] {
                "ref" => (id(&hit[2]), relation("main", &hit[2]).rendered),
                _ => (format!("source.shop.{}.{}", &hit[2], &hit[3]), relation(&hit[2], &hit[3]).rendered),
            };
            depends_on.insert(target);
            rendered
        });
        let compiled = Compiled { sql: sql.into_owned(), ..Compiled::default() };
        let model = Model {
            unique_id: id(name),
            name: name.into(),
            package: "shop".into(),
            kind: NodeKind::Model,
            path: format!("models/{name}.sql"),
            raw: template.into(),
            first_line: 1,
            csv: None,
            config: Map::new(),
            tags: BTreeSet::new(),
            meta: Map::new(),
            description: String::new(),
            columns: IndexMap::new(),
            declared_at: None,
            relation: relation("main", name),
            compiled: Ok(compiled),
            depends_on,
            macros: BTreeMap::new(),
            vars: BTreeMap::new(),
            hooks: Vec::new(),
        };
        self.project.models.insert(id(name), model);
        self
    }

    /// Why a model did not compile.
    pub(crate) fn broken(mut self, name: &str, code: NotCompiledCode, message: &str, wanted: &str) -> Self {
        self = self.model(name, "select 1 as x");
        let place = Place { path: format!("models/{name}.sql"), line: 3, column: 6 };
        let reason = NotCompiled { code, message: message.into(), name: Some(wanted.into()), place };
        self.get(name).compiled = Err(reason);
        self
    }

    /// Changes a model.
    pub(crate) fn edit(mut self, name: &str, edit: impl FnOnce(&mut Model)) -> Self {
        edit(self.get(name));
        self
    }

    /// Without a model.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.project.models.remove(&id(name));
        self
    }

    fn get(&mut self, name: &str) -> &mut Model {
        self.project.models.get_mut(&id(name)).unwrap()
    }

    /// Tags a column of a model or source.
    pub(crate) fn tag(self, name: &str, of: &str) -> Self {
        self.column(name, of, json!({"pii": true}))
    }

    /// Declares a column of a model or source with its meta.
    pub(crate) fn column(mut self, name: &str, of: &str, meta: Value) -> Self {
        let source = format!("source.shop.raw.{name}");
        // A model of that name comes first.
        let model = self.project.models.get_mut(&id(name)).map(|m| &mut m.columns);
        let columns = match (model, self.project.sources.get_mut(&source)) {
            (Some(columns), _) => columns,
            (None, source) => &mut source.unwrap().columns,
        };
        columns.insert(of.to_owned(), column(of, meta));
        self
    }

    /// A generic test of a column.
    pub(crate) fn test(mut self, name: &str, model: &str, of: &str) -> Self {
        let compiled = Compiled {
            sql: format!("select {of} from {} where {of} is null", relation("main", model).rendered),
            ..Compiled::default()
        };
        let test = DataTest {
            unique_id: format!("test.shop.{name}_{model}_{of}"),
            name: format!("{name}({of})"),
            kind: TestKind::Generic { name: name.into(), kwargs: Map::new() },
            attached: Some(id(model)),
            column: Some(of.into()),
            compiled: Ok(compiled),
            config: Map::new(),
            depends_on: BTreeSet::from([id(model)]),
            macros: BTreeMap::new(),
            place: Place { path: "models/schema.yml".into(), line: 9, column: 11 },
        };
        self.project.tests.insert(test.unique_id.clone(), test);
        self
    }

    /// A `unique` or `not_null` test of a column of a source.
    pub(crate) fn source_test(self, name: &str, table: &str, of: &str) -> Self {
        let mut shop = self.test(name, table, of);
        for test in shop.project.tests.values_mut().filter(|test| test.attached == Some(id(table))) {
            test.attached = Some(format!("source.shop.raw.{table}"));
        }
        shop
    }

    /// An exposure over a model.
    pub(crate) fn exposure(mut self, name: &str, model: &str) -> Self {
        self.project.exposures.insert(name.into(), vec![id(model)]);
        self
    }

    /// Analysed.
    pub(crate) fn bound(&self) -> Bound {
        Bound::new(self.project.clone(), &self.known, Externals::new())
    }
}

/// What the gate says of `model`, changed from `base` to `head`, or why it could not tell.
pub(crate) fn judge(gate_id: &str, base: &Shop, head: &Shop, model: &str, options: Value) -> anyhow::Result<Checked> {
    let (base, head) = (base.bound(), head.bound());
    let ids: BTreeSet<&String> = base.project.models.keys().chain(head.project.models.keys()).collect();
    let mut changes = Vec::new();
    for unique_id in ids {
        let (old, new) = (base.project.models.get(unique_id), head.project.models.get(unique_id));
        let same = match (old, new) {
            (Some(old), Some(new)) => format!("{old:?}") == format!("{new:?}"),
            _ => false,
        };
        if !same || *unique_id == id(model) {
            let kind = match (old, new) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
                _ => ChangeKind::Modified,
            };
            let equivalence = Equivalence::Changed;
            let change =
                Change { unique_id: unique_id.clone(), base: old, head: new, kind, reasons: vec![], equivalence };
            changes.push(change);
        }
    }
    let cx = Context { base: &base, head: &head, data: Err("no data here"), changes: &changes };
    let change = changes.iter().find(|c| c.unique_id == id(model)).expect("the model is on one side");
    (gate(gate_id).unwrap().build)(&options).unwrap().check(change, &cx)
}

/// `rule column: message` of each finding.
pub(crate) fn found(gate_id: &str, base: &Shop, head: &Shop, model: &str) -> Vec<String> {
    let checked = judge(gate_id, base, head, model, json!({})).unwrap();
    checked.findings.iter().map(told).collect()
}

/// A finding in one line.
pub(crate) fn told(finding: &Finding) -> String {
    let rule = finding.rule.split('/').nth(1).unwrap();
    let column = finding.column.as_deref().map(|c| format!(" {c}")).unwrap_or_default();
    format!("{:?} {rule}{column}: {}", finding.severity, finding.message).to_lowercase()
}

/// Asserts that the findings begin as told, in order.
#[track_caller]
pub(crate) fn assert_found(found: &[String], wanted: &[&str]) {
    let right = found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| f.starts_with(w));
    assert!(right, "found {found:#?}\nwanted {wanted:#?}");
}
