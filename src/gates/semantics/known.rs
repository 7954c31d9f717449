//! What is known of the columns that a query reads: keys, NULLs, types, and what may be summed.

use crate::project::TestKind;
use crate::project::bind::Bound;
use crate::sql::outline::{Outline, outline};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A set of columns (lower case) that no two rows share.
pub(super) type Key = BTreeSet<String>;

/// Models that a chain of lookups may pass: a circle of models ends here.
const FARTHEST: usize = 40;

/// What may be done with the values of a column, or of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Nature {
    /// Sums make sense.
    Additive,
    /// A quotient of two sums.
    Ratio,
    /// An average or median.
    Average,
    /// A percentile.
    Percentile,
    /// A number of different values.
    DistinctCount,
    /// Sums make sense, but not over this dimension (a balance over days).
    SemiAdditive(String),
    /// It says that it must not be summed.
    NotSummed,
}

/// What was read of one side, for all models of a run.
#[derive(Default)]
pub(super) struct Facts {
    declared: OnceLock<Declared>,
    outlines: Mutex<BTreeMap<String, Option<Arc<Outline>>>>,
    keys: Mutex<BTreeMap<String, Vec<Key>>>,
}

/// What tests, constraints and config say.
#[derive(Default)]
struct Declared {
    keys: BTreeMap<String, Vec<Key>>,
    not_null: BTreeSet<(String, String)>,
}

/// The facts of one side, read as they are asked for.
pub(super) struct Known<'a> {
    pub(super) bound: &'a Bound,
    facts: &'a Facts,
    declared: &'a Declared,
    /// Models whose keys are being found out: a circle of models finds nothing.
    open: RefCell<BTreeSet<String>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(bound: &'a Bound, facts: &'a Facts) -> Self {
        let declared = facts.declared.get_or_init(|| {
            let mut declared = Declared::default();
            declared.read_tests(bound);
            declared.read_declarations(bound);
            declared
        });
        Self { bound, facts, declared, open: RefCell::default() }
    }

    /// The query of a model.
    pub(super) fn outline(&self, id: &str) -> Option<Arc<Outline>> {
        if let Some(found) = self.facts.outlines.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return found.clone();
        }
        let compiled = self.bound.project.models.get(id).and_then(|model| model.compiled.as_ref().ok());
        let sql = compiled.map(|compiled| compiled.sql.as_str()).filter(|sql| !sql.is_empty());
        let read = sql.and_then(|sql| outline(sql, self.bound.project.dialect, self.bound).ok()).map(Arc::new);
        self.facts.outlines.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), read.clone());
        read
    }

    /// Keys of a relation: those that are declared, and for a model those that its query makes.
    pub(super) fn keys(&self, id: &str) -> Vec<Key> {
        let mut keys = self.declared_keys(id).to_vec();
        if let Some(found) = self.facts.keys.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            keys.extend(found.iter().cloned());
            return keys;
        }
        if !self.open.borrow_mut().insert(id.to_owned()) {
            return keys;
        }
        let made = self.outline(id).map(|outline| super::rows::keys(&outline, outline.root, self)).unwrap_or_default();
        self.open.borrow_mut().remove(id);
        self.facts.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), made.clone());
        keys.extend(made);
        keys
    }

    /// Keys that the project itself declares (tests, constraints, config).
    pub(super) fn declared_keys(&self, id: &str) -> &[Key] {
        self.declared.keys.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether a column of a relation is known to hold no NULL.
    pub(super) fn not_null(&self, id: &str, column: &str) -> bool {
        self.chain(id, column).iter().any(|one| self.declared.not_null.contains(one))
    }

    /// The type of a column, in lower case: its own, or that of the column that models pass on under it.
    pub(super) fn type_of(&self, id: &str, column: &str) -> Option<String> {
        self.chain(id, column).iter().find_map(|(id, column)| self.bound.type_of(id, column)).map(str::to_lowercase)
    }

    /// `meta` of a column, or of the column that models pass on under it, under one of the keys.
    pub(super) fn meta(&self, id: &str, column: &str, keys: &[&str]) -> Option<Value> {
        let of = |(id, column): &(String, String)| {
            let info = self.bound.declared(id, column)?;
            keys.iter().find_map(|key| info.meta.get(*key)).cloned()
        };
        self.chain(id, column).iter().find_map(of)
    }

    /// What is declared of the sums of a column: `meta.aggregation`, or the measures over it.
    pub(super) fn declared_nature(&self, id: &str, column: &str) -> Option<Nature> {
        self.chain(id, column).iter().find_map(|(id, column)| self.nature_here(id, column))
    }

    fn nature_here(&self, id: &str, column: &str) -> Option<Nature> {
        let meta = self.bound.declared(id, column).map(|info| &info.meta);
        if let Some(nature) = meta.and_then(nature_of_meta) {
            return Some(nature);
        }
        let models = self.bound.project.semantic_models.values().filter(|model| model.model.as_deref() == Some(id));
        let measures: Vec<_> = models
            .flat_map(|model| model.measures.iter().map(move |measure| (model, measure)))
            .filter(|(_, measure)| measure.expr.eq_ignore_ascii_case(column))
            .collect();
        for (model, measure) in &measures {
            if let Some(over) = measure.definition.get("non_additive_dimension") {
                let name = over.get("name").and_then(Value::as_str)?;
                let column = model.dimensions.get(name).map_or(name, String::as_str);
                return Some(Nature::SemiAdditive(column.to_lowercase()));
            }
        }
        // A column that is summed somewhere may be summed.
        if measures.iter().any(|(_, measure)| matches!(measure.agg.as_str(), "sum" | "sum_boolean")) {
            return Some(Nature::Additive);
        }
        None
    }

    /// The column, and the columns that models pass on as it, nearest first.
    pub(super) fn chain(&self, id: &str, column: &str) -> Vec<(String, String)> {
        use crate::sql::outline::Origin;
        let mut chain = vec![(id.to_owned(), column.to_lowercase())];
        while let Some((id, column)) = chain.last().cloned() {
            if chain.len() > FARTHEST {
                break;
            }
            let Some(outline) = self.outline(&id) else { break };
            match outline.origin(outline.root, &column) {
                Origin::Base(id, column) => chain.push((id.to_owned(), column.to_owned())),
                _ => break,
            }
        }
        chain
    }
}

impl Declared {
    fn read_tests(&mut self, bound: &Bound) {
        for test in bound.project.tests.values() {
            let (TestKind::Generic { name, kwargs }, Some(id)) = (&test.kind, &test.attached) else { continue };
            // A test of some rows says nothing of all.
            if test.config.get("where").is_some_and(|filter| !filter.is_null()) {
                continue;
            }
            let column = test.column.as_deref().map(str::to_lowercase);
            match name.rsplit('.').next().unwrap_or(name) {
                "unique" | "primary_key" | "unique_key" if column.is_some() => {
                    let key = column.into_iter().collect();
                    self.keys.entry(id.clone()).or_default().push(key);
                }
                "not_null" | "not_null_proportion" => {
                    self.not_null.extend(column.map(|column| (id.clone(), column)));
                }
                "unique_combination_of_columns"
                | "primary_key"
                | "unique_key"
                | "expect_compound_columns_to_be_unique" => {
                    let lists = ["combination_of_columns", "column_names", "column_list", "column_name"];
                    let key = lists.iter().find_map(|list| kwargs.get(*list)).map(names).unwrap_or_default();
                    if !key.is_empty() {
                        self.keys.entry(id.clone()).or_default().push(key);
                    }
                }
                _ => {}
            }
        }
    }

    fn read_declarations(&mut self, bound: &Bound) {
        let models = bound.project.models.values().map(|m| (&m.unique_id, &m.columns, &m.meta, Some(&m.config)));
        let sources = bound.project.sources.values().map(|s| (&s.unique_id, &s.columns, &s.meta, None));
        let (mut keys, mut not_null) = (Vec::new(), Vec::new());
        for (id, columns, meta, config) in models.chain(sources) {
            let from_meta = meta.get("primary_key").or_else(|| meta.get("unique_key"));
            let from_config = config.and_then(|config| config.get("unique_key").or_else(|| config.get("primary_key")));
            keys.extend(from_meta.into_iter().chain(from_config).map(|value| (id.clone(), names(value))));
            for column in columns.values() {
                let name = column.name.to_lowercase();
                if says(&column.meta, "primary_key") || says(&column.meta, "unique") {
                    keys.push((id.clone(), Key::from([name.clone()])));
                }
                let constraints = column.extra.get("constraints").and_then(Value::as_array).into_iter().flatten();
                for constraint in constraints.filter_map(|one| one.get("type")?.as_str()) {
                    if matches!(constraint, "primary_key" | "unique") {
                        keys.push((id.clone(), Key::from([name.clone()])));
                    }
                    if matches!(constraint, "primary_key" | "not_null") {
                        not_null.push((id.clone(), name.clone()));
                    }
                }
            }
        }
        for (id, key) in keys.into_iter().filter(|(_, key)| !key.is_empty()) {
            self.keys.entry(id).or_default().push(key);
        }
        self.not_null.extend(not_null);
    }
}

/// One name, or a list of names.
fn names(value: &Value) -> Key {
    let plain = |text: &str| text.trim_matches(['"', '`', '[', ']', ' ']).to_lowercase();
    match value {
        Value::String(text) => text.split(',').map(plain).filter(|name| !name.is_empty()).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(plain).collect(),
        _ => Key::new(),
    }
}

fn says(meta: &Map<String, Value>, key: &str) -> bool {
    meta.get(key).is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
}

/// `meta.aggregation`, also where it stands with its numerator and weight in a map.
fn nature_of_meta(meta: &Map<String, Value>) -> Option<Nature> {
    let inner = meta.get("aggregation").or_else(|| meta.get("additivity"));
    let over = |map: &Map<String, Value>| {
        let value = map.get("non_additive_dimension")?;
        value.as_str().or_else(|| value.get("name").and_then(Value::as_str)).map(str::to_lowercase)
    };
    if let Some(dimension) = over(meta).or_else(|| inner.and_then(Value::as_object).and_then(over)) {
        return Some(Nature::SemiAdditive(dimension));
    }
    let word = match inner? {
        Value::String(word) => word.as_str(),
        Value::Object(map) => ["type", "aggregation", "kind", "agg"].iter().find_map(|key| map.get(*key)?.as_str())?,
        _ => return None,
    };
    Some(match word.to_lowercase().as_str() {
        "sum" | "additive" | "count" | "sum_boolean" => Nature::Additive,
        "ratio" | "rate" | "percent" | "percentage" => Nature::Ratio,
        "average" | "avg" | "mean" | "median" | "weighted_average" => Nature::Average,
        "percentile" | "quantile" => Nature::Percentile,
        "count_distinct" | "distinct" | "distinct_count" => Nature::DistinctCount,
        "none" | "non_additive" | "nonadditive" | "not_additive" => Nature::NotSummed,
        _ => return None,
    })
}
