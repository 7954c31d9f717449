//! Which models a pull request changes, why, and whether their output can have changed.
//!
//! Two compiles are compared, not two texts, so that a macro, a var or a YAML counts by its effect on each model.

mod renamed;
#[cfg(test)]
mod tests;

use self::renamed::Renamed;
use super::bind::Bound;
use super::{Compiled, DataTest, Hook, Model, NodeKind, NotCompiledCode, Project, Source, TestKind};
use crate::report::{ChangeKind, Equivalence};
use crate::sql;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One changed model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Unique id.
    pub unique_id: String,
    /// What happened.
    pub kind: ChangeKind,
    /// Why it counts as changed, sorted.
    pub reasons: Vec<String>,
    /// How the outputs relate.
    pub equivalence: Equivalence,
}

/// All changed models, sorted by unique id. `shared_files` tells whether a file outside the models themselves that
/// rendering may read (project file, macros, packages) differs: it decides for models that do not compile.
pub fn changes(base: &Bound, head: &Bound, shared_files: bool) -> Vec<Changed> {
    let ids: BTreeSet<&String> = base.project.models.keys().chain(head.project.models.keys()).collect();
    let tests = [tests_by_model(&base.project), tests_by_model(&head.project)];
    let renamed = Renamed::between(&base.project, &head.project);
    ids.into_iter()
        .filter_map(|id| {
            let one_sided =
                |kind| Changed { unique_id: id.clone(), kind, reasons: Vec::new(), equivalence: Equivalence::Changed };
            match (base.project.models.get(id), head.project.models.get(id)) {
                (None, Some(_)) => Some(one_sided(ChangeKind::Added)),
                (Some(_), None) => Some(one_sided(ChangeKind::Removed)),
                (Some(b), Some(h)) => {
                    let pair = Pair { base, head, b, h, shared_files, renamed: &renamed };
                    pair.compare(tests[0].get(id.as_str()), tests[1].get(id.as_str()))
                }
                (None, None) => None,
            }
        })
        .collect()
}

type Tests<'a> = BTreeMap<&'a str, &'a DataTest>;

struct Pair<'a> {
    base: &'a Bound,
    head: &'a Bound,
    b: &'a Model,
    h: &'a Model,
    shared_files: bool,
    renamed: &'a Renamed,
}

impl Pair<'_> {
    fn compare(&self, base_tests: Option<&Tests<'_>>, head_tests: Option<&Tests<'_>>) -> Option<Changed> {
        let (b, h) = (self.b, self.h);
        let mut reasons = BTreeSet::new();
        let same_sql = self.same_sql();
        // Blanks around a template are none of it, to dbt as well.
        if b.raw.trim() != h.raw.trim() {
            reasons.insert("body".to_owned());
        }
        if same_sql != Some(true) {
            self.causes(same_sql, &mut reasons);
        }
        if b.csv != h.csv {
            reasons.insert("seed".to_owned());
        }
        if b.path != h.path {
            reasons.insert("path".to_owned());
        }
        if effective_config(b) != effective_config(h) || hooks(&b.hooks) != hooks(&h.hooks) {
            reasons.insert("config".to_owned());
        } else if self.renamed.has(&h.unique_id) && h.materialized() != "ephemeral" {
            reasons.insert(self.renamed.cause.clone());
        }
        if properties(b) != properties(h) || !self.same_tests(base_tests, head_tests) || self.unit_tests_differ() {
            reasons.insert("yaml".to_owned());
        }
        self.test_macros(base_tests, head_tests, &mut reasons);
        for source in self.changed_sources() {
            reasons.insert(format!("source:{source}"));
        }
        if reasons.is_empty() {
            return None;
        }
        let moved = b.path != h.path && same_sql == Some(true);
        Some(Changed {
            unique_id: h.unique_id.clone(),
            kind: if moved { ChangeKind::Moved } else { ChangeKind::Modified },
            reasons: reasons.into_iter().collect(),
            equivalence: self.equivalence(same_sql),
        })
    }

    /// Whether the compiled texts are the same; `None` when a side has none.
    fn same_sql(&self) -> Option<bool> {
        let (Ok(b), Ok(h)) = (&self.b.compiled, &self.h.compiled) else { return None };
        Some(self.same_text(&b.sql, &h.sql) && self.same_text(incremental(b), incremental(h)))
    }

    /// Whether two compiled texts say the same of the same nodes, whatever the nodes are called in the warehouse.
    fn same_text(&self, base: &str, head: &str) -> bool {
        if base == head {
            return true;
        }
        let (base, head) = (self.renamed.plain(base, 0), self.renamed.plain(head, 1));
        base == head || sql::same_text(&base, &head, self.head.project.dialect)
    }

    /// Names what made the compiled text differ, where the model's own file did not.
    fn causes(&self, same_sql: Option<bool>, reasons: &mut BTreeSet<String>) {
        let before = reasons.len();
        for (id, hash) in &self.h.macros {
            if self.b.macros.get(id).is_some_and(|old| old != hash) {
                reasons.insert(format!("macro:{}", called_name(id, &self.h.macros)));
            }
        }
        let keys = |m: &Model| m.macros.keys().cloned().collect::<BTreeSet<String>>();
        if self.b.raw == self.h.raw && self.h.compiled.is_ok() && self.b.compiled.is_ok() {
            for id in keys(self.b).symmetric_difference(&keys(self.h)) {
                reasons.insert(format!("macro:{}", called_name(id, &self.h.macros)));
            }
        }
        for (name, value) in &self.h.vars {
            if self.b.vars.get(name).is_some_and(|old| old != value) {
                reasons.insert(format!("var:{name}"));
            }
        }
        for parent in &self.h.depends_on {
            if self.inlined(parent) && self.parent_differs(parent) {
                reasons.insert(format!("upstream:{}", self.head.display_name(parent)));
            }
        }
        if reasons.len() > before || reasons.contains("body") {
            return;
        }
        match same_sql {
            Some(_) => {
                reasons.insert("project".to_owned());
            }
            None => self.uncompiled_causes(reasons),
        }
    }

    /// A side without compiled SQL can only be compared by what it would have been compiled from.
    fn uncompiled_causes(&self, reasons: &mut BTreeSet<String>) {
        let (b, h) = (self.b.compiled.as_ref().err(), self.h.compiled.as_ref().err());
        let same = matches!((b, h), (Some(b), Some(h)) if b.code == h.code && b.message == h.message);
        if same && !self.shared_files {
            return;
        }
        // The pull request removed what this untouched file names: the removed node answers for it.
        let lost = h.is_some_and(|h| h.code == NotCompiledCode::RefNotFound) && b.is_none();
        if lost {
            return;
        }
        match h.and_then(|h| h.name.as_deref()) {
            Some(name) if h.is_some_and(|h| h.code == NotCompiledCode::MacroNotFound) => {
                reasons.insert(format!("macro:{name}"));
            }
            _ => {
                reasons.insert("project".to_owned());
            }
        }
    }

    fn inlined(&self, parent: &str) -> bool {
        self.head.project.models.get(parent).is_some_and(|m| m.materialized() == "ephemeral")
    }

    fn parent_differs(&self, parent: &str) -> bool {
        match (self.base.project.models.get(parent), self.head.project.models.get(parent)) {
            (Some(b), Some(h)) => b.compiled != h.compiled,
            _ => true,
        }
    }

    fn changed_sources(&self) -> Vec<String> {
        let ids: BTreeSet<&String> = self.b.depends_on.union(&self.h.depends_on).collect();
        ids.into_iter()
            .filter_map(|id| {
                let (b, h) = (self.base.project.sources.get(id), self.head.project.sources.get(id));
                (b.map(source_facts) != h.map(source_facts)).then(|| self.head.display_name(id))
            })
            .collect()
    }

    fn unit_tests_differ(&self) -> bool {
        let tests = |project: &Project| -> BTreeMap<String, Value> {
            let of = project.unit_tests.values().filter(|t| t.model.as_ref() == Some(&self.h.unique_id));
            of.map(|t| (t.name.clone(), t.definition.clone())).collect()
        };
        tests(&self.base.project) != tests(&self.head.project)
    }

    fn equivalence(&self, same_sql: Option<bool>) -> Equivalence {
        if self.b.csv != self.h.csv {
            return Equivalence::Changed;
        }
        match same_sql {
            None => Equivalence::Undecided,
            Some(_) if self.builds_differently() || self.reads_elsewhere() => Equivalence::Undecided,
            Some(true) => Equivalence::Identical,
            Some(false) => self.proved(),
        }
    }

    /// Compares what the two texts mean; an incremental branch must be proved as well.
    fn proved(&self) -> Equivalence {
        let id = &self.h.unique_id;
        let (Ok(base), Ok(head)) = (self.base.analysis(id), self.head.analysis(id)) else {
            return Equivalence::Undecided;
        };
        let full = sql::compare(base, head);
        if full != sql::Equivalence::Equivalent {
            return said(full);
        }
        let (Ok(b), Ok(h)) = (&self.b.compiled, &self.h.compiled) else { return Equivalence::Undecided };
        if self.same_text(incremental(b), incremental(h)) {
            return said(full);
        }
        let analyse = |side: &Bound, text: &str| sql::analyze(text, side.project.dialect, side);
        match (analyse(self.base, incremental(b)), analyse(self.head, incremental(h))) {
            (Ok(base), Ok(head)) => said(sql::compare(&base, &head)),
            _ => Equivalence::Undecided,
        }
    }

    /// Whether a source that it reads is another relation now.
    fn reads_elsewhere(&self) -> bool {
        let source = |id: &&String| self.head.project.sources.contains_key(*id);
        self.h.depends_on.iter().filter(source).any(|id| self.renamed.has(id))
    }

    /// A test is the same when it asserts the same; what its SQL looks like follows the models that it reads.
    fn same_tests(&self, base: Option<&Tests<'_>>, head: Option<&Tests<'_>>) -> bool {
        let facts = |tests: Option<&Tests<'_>>, side: usize| -> BTreeMap<String, (TestKind, Value, Option<String>)> {
            let own_sql = |test: &DataTest| match &test.compiled {
                _ if test.kind != TestKind::Singular => None,
                Ok(compiled) => Some(self.renamed.plain(&compiled.sql, side).into_owned()),
                Err(reason) => Some(reason.message.clone()),
            };
            let of = |(id, test): (&&str, &&DataTest)| {
                ((*id).to_owned(), (test.kind.clone(), Value::Object(test.config.clone()), own_sql(test)))
            };
            tests.into_iter().flatten().map(of).collect()
        };
        facts(base, 0) == facts(head, 1)
    }

    /// Names the macros that made a test's text another.
    fn test_macros(&self, base: Option<&Tests<'_>>, head: Option<&Tests<'_>>, reasons: &mut BTreeSet<String>) {
        let both = head.into_iter().flatten().filter_map(|(id, h)| Some((*base?.get(id)?, *h)));
        for (b, h) in both.filter(|(b, h)| b.macros != h.macros) {
            let same = match (&b.compiled, &h.compiled) {
                (Ok(b), Ok(h)) => self.same_text(&b.sql, &h.sql),
                _ => false,
            };
            let ids: BTreeSet<&String> = b.macros.keys().chain(h.macros.keys()).collect();
            let differ = ids.into_iter().filter(|id| !same && b.macros.get(*id) != h.macros.get(*id));
            reasons.extend(differ.map(|id| format!("macro:{}", called_name(id, &h.macros))));
        }
    }

    /// Whether config decides the stored rows besides the query (incremental and snapshot strategies, hooks).
    fn builds_differently(&self) -> bool {
        if hooks(&self.b.hooks) != hooks(&self.h.hooks) {
            return true;
        }
        let stateful = |m: &Model| m.kind == NodeKind::Snapshot || m.materialized() == "incremental";
        if !stateful(self.b) && !stateful(self.h) {
            return false;
        }
        let rows = |m: &Model| -> BTreeMap<String, Value> {
            m.config
                .iter()
                .filter(|(k, _)| STATEFUL_KEYS.contains(&k.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        rows(self.b) != rows(self.h)
    }
}

/// Config keys that decide which rows an incremental model or a snapshot keeps.
const STATEFUL_KEYS: &[&str] = &[
    "materialized",
    "unique_key",
    "incremental_strategy",
    "incremental_predicates",
    "on_schema_change",
    "full_refresh",
    "strategy",
    "updated_at",
    "check_cols",
    "invalidate_hard_deletes",
    "hard_deletes",
    "partition_by",
    "merge_update_columns",
    "merge_exclude_columns",
    "event_time",
    "batch_size",
    "lookback",
    "begin",
    "sql_header",
];

/// The front end's answer in the report's words.
fn said(answer: sql::Equivalence) -> Equivalence {
    match answer {
        sql::Equivalence::Equivalent => Equivalence::Equivalent,
        sql::Equivalence::Changed => Equivalence::Changed,
        sql::Equivalence::Undecided => Equivalence::Undecided,
    }
}

fn incremental(compiled: &Compiled) -> &str {
    compiled.incremental_sql.as_deref().unwrap_or(&compiled.sql)
}

/// Config without what belongs to the properties (compared apart) and what is a hook (compared rendered).
fn effective_config(model: &Model) -> BTreeMap<&str, &Value> {
    let apart = ["meta", "tags", "description", "pre-hook", "post-hook", "pre_hook", "post_hook"];
    model.config.iter().filter(|(k, _)| !apart.contains(&k.as_str())).map(|(k, v)| (k.as_str(), v)).collect()
}

fn hooks(hooks: &[Hook]) -> Vec<(&str, Result<&str, &str>)> {
    hooks.iter().map(|h| (h.event.as_str(), h.sql.as_deref().map_err(|e| e.message.as_str()))).collect()
}

type ColumnFacts<'a> = (
    &'a str,
    &'a Option<String>,
    &'a str,
    &'a serde_json::Map<String, Value>,
    &'a BTreeSet<String>,
    &'a serde_json::Map<String, Value>,
);

fn columns<'a>(columns: impl Iterator<Item = &'a super::ColumnInfo>) -> Vec<ColumnFacts<'a>> {
    columns.map(|c| (c.name.as_str(), &c.data_type, c.description.as_str(), &c.meta, &c.tags, &c.extra)).collect()
}

fn properties(model: &Model) -> (&str, &serde_json::Map<String, Value>, &BTreeSet<String>, Vec<ColumnFacts<'_>>) {
    (&model.description, &model.meta, &model.tags, columns(model.columns.values()))
}

type SourceFacts<'a> =
    (&'a super::RelationName, &'a serde_json::Map<String, Value>, &'a BTreeSet<String>, Vec<ColumnFacts<'a>>);

fn source_facts(source: &Source) -> SourceFacts<'_> {
    (&source.relation, &source.meta, &source.tags, columns(source.columns.values()))
}

fn tests_by_model(project: &Project) -> BTreeMap<&str, Tests<'_>> {
    let mut tests: BTreeMap<&str, Tests<'_>> = BTreeMap::new();
    for test in project.tests.values() {
        let attached: Vec<&str> = match &test.attached {
            Some(id) => vec![id],
            None => test.depends_on.iter().map(String::as_str).collect(),
        };
        for id in attached {
            tests.entry(id).or_default().insert(&test.unique_id, test);
        }
    }
    tests
}

/// The name by which models call a macro: an adapter's variant (`default__cents`) goes by the macro that dispatched to it.
fn called_name<'a>(id: &'a str, called: &BTreeMap<String, String>) -> &'a str {
    let (package, name) = id.rsplit_once('.').unwrap_or(("", id));
    match name.split_once("__") {
        Some((prefix, plain)) if !prefix.is_empty() && called.contains_key(&format!("{package}.{plain}")) => plain,
        _ => name,
    }
}
