//! DuckDB's `EXPLAIN (FORMAT json)`.

use super::{Node, Step};
use anyhow::{Context, Result};
use serde_json::Value;

/// Reads the plan: a list of roots, of which a query has one.
///
/// # Errors
/// It has no root, or a step without a name.
pub(super) fn read(json: &Value) -> Result<Node> {
    let root = json.as_array().and_then(|roots| roots.first()).context("DuckDB's plan has no step")?;
    node(root)
}

fn node(json: &Value) -> Result<Node> {
    let name = json.get("name").and_then(Value::as_str).context("a step of DuckDB's plan has no name")?.trim();
    let info = json.get("extra_info");
    let get = |key: &str| info.and_then(|info| info.get(key));
    let step = match name {
        "SEQ_SCAN" | "TABLE_SCAN" | "INDEX_SCAN" => Step::Scan,
        "HASH_JOIN" | "LEFT_DELIM_JOIN" | "RIGHT_DELIM_JOIN" | "ASOF_JOIN" | "POSITIONAL_JOIN" => Step::KeyedJoin,
        "PIECEWISE_MERGE_JOIN" | "IE_JOIN" => Step::RangeJoin,
        "BLOCKWISE_NL_JOIN" | "NESTED_LOOP_JOIN" => Step::NestedLoop,
        "CROSS_PRODUCT" => Step::Product,
        "EMPTY_RESULT" => Step::Empty,
        _ => Step::Other,
    };
    let estimate = get("Estimated Cardinality").and_then(Value::as_str).and_then(|text| text.parse::<f64>().ok());
    let inputs = json.get("children").and_then(Value::as_array).into_iter().flatten().map(node);
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let mut conditions = Vec::new();
    let filter = if name == "FILTER" { get("Expression") } else { None };
    for told in [get("Filters"), get("Conditions"), get("Condition"), filter].into_iter().flatten() {
        conditions.extend(texts(told));
    }
    Ok(Node {
        step,
        // A product has no estimate, and that of a nested loop is the estimate of one input.
        rows: estimate.filter(|_| !matches!(step, Step::Product | Step::NestedLoop)),
        table: get("Table").and_then(Value::as_str).filter(|_| step == Step::Scan).map(str::to_owned),
        conditions,
        inputs,
    })
}

/// A text or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_estimates_and_conditions_are_read() {
        let scan = |table: &str, rows: &str| json!({"name": "SEQ_SCAN ", "children": [], "extra_info": {"Table": table, "Filters": ["ts>='2024-01-01'::DATE"], "Estimated Cardinality": rows}});
        let plan = json!([{"name": "PROJECTION", "extra_info": {"Estimated Cardinality": "9"}, "children": [
            {"name": "CROSS_PRODUCT", "extra_info": {}, "children": [scan("memory.s1.orders", "20000"), scan("memory.s1.customers", "100")]}]}]);
        let plan = read(&plan).unwrap();
        let steps: Vec<Step> = plan.steps().iter().map(|node| node.step).collect();
        assert_eq!(steps, [Step::Other, Step::Product, Step::Scan, Step::Scan]);
        assert_eq!(plan.inputs[0].expected(), 2_000_000.0);
        assert_eq!(plan.work(), 9.0 + 2_000_000.0 + 20_000.0 + 100.0);
        assert_eq!(plan.scans("\"memory\".s1.\"orders\""), [["ts>='2024-01-01'::DATE"]]);
        assert_eq!(plan.scans("other.orders"), Vec::<Vec<&str>>::new());
    }

    #[test]
    fn the_estimate_of_a_nested_loop_is_not_believed() {
        let child =
            json!({"name": "SEQ_SCAN", "children": [], "extra_info": {"Table": "t", "Estimated Cardinality": "500"}});
        let plan = json!([{"name": "BLOCKWISE_NL_JOIN", "extra_info": {"Condition": "a OR b", "Estimated Cardinality": "500"}, "children": [child, child]}]);
        let plan = read(&plan).unwrap();
        assert_eq!(
            (plan.step, plan.pairs(), plan.conditions.as_slice()),
            (Step::NestedLoop, 250_000.0, ["a OR b".to_owned()].as_slice())
        );
        assert_eq!(read(&json!([{"name": "EMPTY_RESULT", "extra_info": {}, "children": []}])).unwrap().expected(), 0.0);
        assert!(read(&json!([])).is_err());
        assert!(read(&json!([{"children": []}])).is_err());
    }
}
