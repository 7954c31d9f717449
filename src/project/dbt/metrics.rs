//! Metrics and semantic models of the properties YAML, in each form that dbt has had: metrics over a model
//! (`calculation_method`), semantic models with measures, and models that are semantic models themselves.

#[cfg(test)]
mod tests;

use super::load::Loaded;
use super::properties::{self, Patch};
use crate::project::jinja::job::{Job, NodeInfo};
use crate::project::jinja::render;
use crate::project::yaml::Node;
use crate::project::{ANY_COLUMN, Measure, Metric, Place, Problem, SemanticModel};
use crate::sql::{self, Catalog, Dialect, TableInfo};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// Keys that name what a metric is made of: other metrics, or measures.
const INPUTS: &[&str] = &[
    "measure",
    "measures",
    "numerator",
    "denominator",
    "metrics",
    "input_metrics",
    "input_metric",
    "base_measure",
    "conversion_measure",
    "base_metric",
    "conversion_metric",
];
/// Those of them that name a measure where a metric has the same name.
const OF_MEASURES: &[&str] = &["measure", "measures", "base_measure", "conversion_measure"];

/// Semantic models and metrics of the project and its packages, by unique id.
pub(crate) fn read(
    loaded: &Loaded<'_>,
    problems: &mut Vec<Problem>,
) -> (BTreeMap<String, SemanticModel>, BTreeMap<String, Metric>) {
    let mut semantic: BTreeMap<String, SemanticModel> = BTreeMap::new();
    let mut drafts: Vec<Draft> = Vec::new();
    let properties = &loaded.properties;
    for patch in properties.semantic_models.iter().filter(|patch| properties::enabled(&patch.node)) {
        let model = model_of(loaded, patch, "semantic model", problems);
        let one = classic(patch, model);
        semantic.insert(one.unique_id.clone(), one);
    }
    for ((kind, package, name), patch) in &properties.patches {
        if *kind != "models" || !properties::enabled(&patch.node) {
            continue;
        }
        let model = node_of(loaded, package, name);
        if patch.node.get("semantic_model").is_some_and(switched_on) {
            let one = embedded(patch, name, model.clone());
            semantic.insert(one.unique_id.clone(), one);
        }
        for metric in patch.node.get("metrics").map(Node::items).unwrap_or_default() {
            drafts.extend(draft(metric, &patch.place.path, package, model.clone(), &patch.node));
        }
    }
    for patch in properties.metrics.iter().filter(|patch| properties::enabled(&patch.node)) {
        let model = patch.node.get("model").and_then(|_| model_of(loaded, patch, "metric", problems));
        drafts.extend(draft(&patch.node, &patch.place.path, &patch.package, model, &patch.node));
    }
    let metrics = settled(drafts, &semantic, loaded.dialect, problems);
    (semantic, metrics)
}

/// A metric before the names in it are looked up.
struct Draft {
    metric: Metric,
    /// The model that its own expression is over.
    model: Option<String>,
    /// Expressions over that model.
    expressions: Vec<String>,
    /// Dimensions that it is aggregated by or filtered on: `dimension` or `entity__dimension`.
    dimensions: BTreeSet<String>,
    /// Metrics or measures that it is made of.
    inputs: Vec<Input>,
}

/// A metric or measure that a metric names.
struct Input {
    name: String,
    /// Whether a measure is meant.
    measure: bool,
    line: u32,
    column: u32,
}

fn model_of(loaded: &Loaded<'_>, patch: &Patch, what: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let named = patch.node.get("model")?;
    let name = text(&patch.node, "name").unwrap_or_default();
    let node = NodeInfo {
        unique_id: format!("{}.{}.{name}", what.replace(' ', "_"), patch.package),
        name: name.clone(),
        package: patch.package.clone(),
        path: patch.place.path.clone(),
        ..NodeInfo::default()
    };
    let job = Arc::new(Job::new(&loaded.world, node, true));
    let written = named.text().unwrap_or_default();
    let inner = written.trim().trim_start_matches("{{").trim_end_matches("}}");
    if let Err(fault) = render::expression(&loaded.env, &job, inner) {
        problems.push(Problem {
            place: Place { path: patch.place.path.clone(), line: named.line, column: named.column },
            message: format!("{what} `{name}`: {}", fault.message),
            help: "name a model that exists, as `model: ref('...')`".to_owned(),
        });
    }
    job.seen().depends_on.iter().next().cloned()
}

fn node_of(loaded: &Loaded<'_>, package: &str, name: &str) -> Option<String> {
    let index = loaded.world.index.get()?;
    index.node(None, name, None, package, &loaded.world.root).ok().map(|entry| entry.unique_id.clone())
}

fn switched_on(node: &Node) -> bool {
    match node.to_json() {
        Value::Bool(on) => on,
        Value::Object(map) => map.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        _ => false,
    }
}

fn classic(patch: &Patch, model: Option<String>) -> SemanticModel {
    let node = &patch.node;
    let name = text(node, "name").unwrap_or_default();
    let time = node.get("defaults").and_then(|defaults| text(defaults, "agg_time_dimension"));
    let measures = node.get("measures").map(Node::items).unwrap_or_default();
    SemanticModel {
        unique_id: format!("semantic_model.{}.{name}", patch.package),
        model,
        measures: measures.iter().filter_map(|one| measure(one, time.clone(), &patch.place.path)).collect(),
        dimensions: expressions(node.get("dimensions")),
        entities: expressions(node.get("entities")),
        definition: node.to_json(),
        place: patch.place.clone(),
        name,
    }
}

fn embedded(patch: &Patch, name: &str, model: Option<String>) -> SemanticModel {
    let node = &patch.node;
    let derived = node.get("derived_semantics");
    let of = |key: &str, many: &str| {
        let mut found = expressions(derived.and_then(|derived| derived.get(many)));
        for column in node.get("columns").map(Node::items).unwrap_or_default() {
            if let (Some(is), Some(column)) = (column.get(key), text(column, "name")) {
                found.insert(text(is, "name").unwrap_or_else(|| column.clone()), column);
            }
        }
        found
    };
    let named = node.get("semantic_model").and_then(|one| text(one, "name"));
    let named = named.unwrap_or_else(|| name.to_owned());
    SemanticModel {
        unique_id: format!("semantic_model.{}.{named}", patch.package),
        name: named,
        model,
        measures: Vec::new(),
        dimensions: of("dimension", "dimensions"),
        entities: of("entity", "entities"),
        definition: node.to_json(),
        place: patch.place.clone(),
    }
}

fn expressions(list: Option<&Node>) -> BTreeMap<String, String> {
    let items = list.map(Node::items).unwrap_or_default();
    let named = items.iter().filter_map(|item| {
        let name = text(item, "name")?;
        Some((name.clone(), text(item, "expr").unwrap_or(name)))
    });
    named.collect()
}

fn measure(node: &Node, time: Option<String>, path: &str) -> Option<Measure> {
    let name = text(node, "name")?;
    Some(Measure {
        agg: text(node, "agg").unwrap_or_default(),
        expr: text(node, "expr").unwrap_or_else(|| name.clone()),
        time: text(node, "agg_time_dimension").or(time),
        definition: node.to_json(),
        place: Place { path: path.to_owned(), line: node.line, column: node.column },
        name,
    })
}

fn draft(node: &Node, path: &str, package: &str, model: Option<String>, around: &Node) -> Option<Draft> {
    let name = text(node, "name")?;
    let own = ["expr", "expression", "sql", "timestamp"];
    // In a derived metric the expression is over the names of other metrics.
    let derived = text(node, "type").is_some_and(|kind| kind == "derived")
        || text(node, "calculation_method").is_some_and(|method| matches!(&*method, "derived" | "expression"));
    let mut expressions: Vec<String> = match derived {
        true => Vec::new(),
        false => own.iter().filter_map(|key| text(node, key)).collect(),
    };
    let filters = node.get("filters").map(Node::items).unwrap_or_default();
    expressions.extend(filters.iter().filter_map(|filter| text(filter, "field")));
    let mut inputs = Vec::new();
    let mut dimensions = BTreeSet::new();
    walk(node, &mut inputs, &mut dimensions);
    if text(node, "agg").is_some() {
        dimensions.extend(text(node, "agg_time_dimension").or_else(|| text(around, "agg_time_dimension")));
    }
    let metric = Metric {
        unique_id: format!("metric.{package}.{name}"),
        kind: text(node, "type").or_else(|| text(node, "calculation_method")).unwrap_or_else(|| "simple".to_owned()),
        name,
        reads: BTreeMap::new(),
        metrics: BTreeSet::new(),
        definition: node.to_json(),
        place: Place { path: path.to_owned(), line: node.line, column: node.column },
    };
    Some(Draft { metric, model, expressions, dimensions, inputs })
}

/// Inputs and the dimensions in filters, at whatever depth a form has them.
fn walk(node: &Node, inputs: &mut Vec<Input>, dimensions: &mut BTreeSet<String>) {
    // What a team notes down for itself names nothing.
    for (key, value) in node.entries().filter(|(key, _)| !matches!(key.as_str(), "meta" | "config" | "tags")) {
        if INPUTS.contains(&key.as_str()) {
            let measures = OF_MEASURES.contains(&key.as_str());
            let one = |item: &Node| {
                let name = text(item, "name").or_else(|| item.text())?;
                Some(Input { name, measure: measures, line: item.line, column: item.column })
            };
            inputs.extend(one(value));
            inputs.extend(value.items().iter().filter_map(one));
        }
        if matches!(key.as_str(), "filter" | "where_filter" | "expression" | "sql") {
            for text in value.text().into_iter().chain(value.items().iter().filter_map(Node::text)) {
                let (named, metrics): (Vec<_>, Vec<_>) =
                    calls(&text).into_iter().partition(|(call, _)| !call.eq_ignore_ascii_case("metric"));
                dimensions.extend(named.into_iter().map(|(_, name)| name));
                let input = |(_, name)| Input { name, measure: false, line: value.line, column: value.column };
                inputs.extend(metrics.into_iter().map(input));
            }
        }
        walk(value, inputs, dimensions);
    }
    node.items().iter().for_each(|item| walk(item, inputs, dimensions));
}

/// The calls by which filters and expressions name things (`Dimension('order__status')`, `metric('revenue')`): call, name.
fn calls(text: &str) -> Vec<(String, String)> {
    static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"\b(Dimension|TimeDimension|Entity|Metric|metric)\s*\(\s*['"]([^'"]+)['"]"#).ok()
    });
    let found = CALL.iter().flat_map(|call| call.captures_iter(text));
    found.map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

/// Every metric with what it reads, that of the metrics in it included.
fn settled(
    drafts: Vec<Draft>,
    semantic: &BTreeMap<String, SemanticModel>,
    dialect: Dialect,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Metric> {
    let names: BTreeSet<String> = drafts.iter().map(|draft| draft.metric.name.clone()).collect();
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for draft in drafts {
        let mut metric = draft.metric;
        let mut models: BTreeSet<&str> = draft.model.iter().map(String::as_str).collect();
        for expression in &draft.expressions {
            if let Some(model) = &draft.model {
                metric.reads.entry(model.clone()).or_default().extend(columns_of(expression, dialect));
            }
        }
        let mut dimensions = draft.dimensions;
        for Input { name: input, measure: is_measure, line, column } in draft.inputs {
            let over = || semantic.values().flat_map(|one| one.measures.iter().map(move |m| (one, m)));
            let measure = over().find(|(_, measure)| measure.name == input);
            match measure.filter(|_| is_measure || !names.contains(&input) || input == metric.name) {
                Some((one, measure)) => {
                    let Some(model) = &one.model else { continue };
                    models.insert(model);
                    metric.reads.entry(model.clone()).or_default().extend(columns_of(&measure.expr, dialect));
                    dimensions.extend(measure.time.clone());
                }
                None if names.contains(&input) && input != metric.name => drop(metric.metrics.insert(input)),
                // A metric that aggregates by itself may be named as a measure is.
                None if names.contains(&input) => {}
                None => {
                    let what = if is_measure { "measure" } else { "metric" };
                    problems.push(Problem {
                        place: Place { path: metric.place.path.clone(), line, column },
                        message: format!("metric `{}` names the {what} `{input}`, which is not there", metric.name),
                        help: format!("correct the name, or declare the {what}"),
                    });
                }
            }
        }
        if let Some(model) = &draft.model {
            metric.reads.entry(model.clone()).or_default();
        }
        for dimension in &dimensions {
            for (model, expression) in dimension_of(dimension, &models, semantic) {
                metric.reads.entry(model).or_default().extend(columns_of(&expression, dialect));
            }
        }
        metrics.insert(metric.unique_id.clone(), metric);
    }
    with_inputs(&metrics)
}

/// The expression of a dimension or entity: of the semantic model that its prefix names an entity of, else of the
/// metric's own models.
fn dimension_of(
    written: &str,
    models: &BTreeSet<&str>,
    semantic: &BTreeMap<String, SemanticModel>,
) -> Vec<(String, String)> {
    let (entity, name) = match written.rsplit_once("__") {
        Some((path, name)) => (path.rsplit("__").next(), name),
        None => (None, written),
    };
    let found = semantic.values().filter_map(|one| {
        let model = one.model.clone()?;
        let expression = one.dimensions.get(name).or_else(|| one.entities.get(name))?;
        let fits = entity.is_some_and(|entity| one.entities.contains_key(entity));
        (fits || models.contains(model.as_str())).then(|| (model, expression.clone()))
    });
    found.collect()
}

fn with_inputs(metrics: &BTreeMap<String, Metric>) -> BTreeMap<String, Metric> {
    let by_name: BTreeMap<&str, &Metric> = metrics.values().map(|metric| (metric.name.as_str(), metric)).collect();
    let whole = |metric: &Metric| {
        let mut seen: BTreeSet<&str> = BTreeSet::from([metric.name.as_str()]);
        let mut open: Vec<&str> = metric.metrics.iter().map(String::as_str).collect();
        let mut reads = metric.reads.clone();
        while let Some(name) = open.pop() {
            let Some(input) = by_name.get(name).filter(|_| seen.insert(name)) else { continue };
            for (model, columns) in &input.reads {
                reads.entry(model.clone()).or_default().extend(columns.iter().cloned());
            }
            open.extend(input.metrics.iter().map(String::as_str));
        }
        Metric { reads, ..metric.clone() }
    };
    metrics.iter().map(|(id, metric)| (id.clone(), whole(metric))).collect()
}

/// One relation of which nothing is known but that it is there.
struct Anything;

impl Catalog for Anything {
    fn relation(&self, _: &[String]) -> Option<TableInfo> {
        Some(TableInfo { id: "it".to_owned(), columns: None })
    }
}

/// Columns that an expression over one relation names, in lower case; [`ANY_COLUMN`] where it cannot be read.
fn columns_of(expression: &str, dialect: Dialect) -> BTreeSet<String> {
    let any = || BTreeSet::from([ANY_COLUMN.to_owned()]);
    match expression.trim() {
        "*" => return BTreeSet::new(),
        plain if plain.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            let literal = plain.starts_with(|c: char| c.is_ascii_digit());
            return if literal { BTreeSet::new() } else { BTreeSet::from([plain.to_lowercase()]) };
        }
        _ => {}
    }
    let Ok(analysis) = sql::analyze(&format!("select {expression}\nfrom it"), dialect, &Anything) else { return any() };
    if !analysis.unresolved.is_empty() || analysis.outputs.len() != 1 {
        return any();
    }
    analysis.reads.into_iter().map(|read| read.column.to_lowercase()).collect()
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text)
}
