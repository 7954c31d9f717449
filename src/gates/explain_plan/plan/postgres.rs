//! PostgreSQL's `EXPLAIN (FORMAT JSON)`, with `VERBOSE` for schemas.

use super::{Node, Step, full_name};
use anyhow::{Context, Result};
use serde_json::Value;

/// Reads the plan: a list of one statement.
///
/// # Errors
/// It has no plan, or a step without a type.
pub(super) fn read(json: &Value) -> Result<Node> {
    let root = json.as_array().and_then(|list| list.first()).and_then(|one| one.get("Plan"));
    node(root.context("PostgreSQL's plan has no step")?)
}

fn node(json: &Value) -> Result<Node> {
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    let name = text("Node Type").context("a step of PostgreSQL's plan has no type")?;
    let inputs = json.get("Plans").and_then(Value::as_array);
    let step = match name {
        "Nested Loop" => nested_loop(json),
        "Hash Join" | "Merge Join" => Step::KeyedJoin,
        _ if text("Relation Name").is_some() => Step::Scan,
        // A constant condition that no row meets.
        "Result" if text("One-Time Filter") == Some("false") => Step::Empty,
        _ => Step::Other,
    };
    let mut conditions: Vec<String> = Vec::new();
    for key in ["Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond", "One-Time Filter"] {
        conditions.extend(text(key).map(str::to_owned));
    }
    if name.starts_with("Bitmap Heap") {
        // The index condition stands on the step below it.
        let below = inputs.into_iter().flatten().filter_map(|input| input.get("Index Cond")?.as_str());
        conditions.extend(below.map(str::to_owned));
    }
    let table = text("Relation Name").map(|name| full_name(&[text("Schema").unwrap_or_default(), name]));
    let inputs = inputs.into_iter().flatten().map(node).collect::<Result<Vec<_>>>()?;
    let rows = json.get("Plan Rows").and_then(Value::as_f64);
    Ok(Node { step, rows, table: table.filter(|_| step == Step::Scan), conditions, inputs })
}

/// A nested loop whose inner side is looked up by the outer row is a keyed join; else every row meets every row.
fn nested_loop(json: &Value) -> Step {
    let inner = json.get("Plans").and_then(Value::as_array).and_then(|plans| plans.get(1));
    let unique = json.get("Inner Unique").and_then(Value::as_bool).unwrap_or(false);
    if inner.is_some_and(looked_up) || unique {
        return Step::KeyedJoin;
    }
    if json.get("Join Filter").is_some() { Step::NestedLoop } else { Step::Product }
}

/// Whether a step finds its rows by an index or a memory of earlier look-ups, or is narrowed by the outer row.
fn looked_up(json: &Value) -> bool {
    let kind = json.get("Node Type").and_then(Value::as_str).unwrap_or_default();
    json.get("Index Cond").is_some()
        || kind == "Memoize"
        || json.get("Plans").and_then(Value::as_array).into_iter().flatten().any(looked_up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scan(table: &str, rows: u64) -> Value {
        json!({"Node Type": "Seq Scan", "Schema": "public", "Relation Name": table, "Alias": "x", "Plan Rows": rows})
    }

    fn one(mut node: Value, more: Value, plans: Vec<Value>) -> Node {
        let object = node.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        object.insert("Plans".into(), json!(plans));
        read(&json!([{"Plan": node}])).unwrap()
    }

    #[test]
    fn a_nested_loop_is_what_its_inner_side_makes_of_it() {
        let join = || json!({"Node Type": "Nested Loop", "Plan Rows": 208_000_000u64});
        let plans = || vec![scan("orders", 25_000), scan("customers", 8_320)];
        assert_eq!(one(join(), json!({}), plans()).step, Step::Product);
        let filtered = one(join(), json!({"Join Filter": "(o.a > c.b)", "Inner Unique": false}), plans());
        assert_eq!((filtered.step, filtered.pairs()), (Step::NestedLoop, 208_000_000.0));
        let index = json!({"Node Type": "Index Scan", "Relation Name": "customers", "Index Cond": "(id = o.customer_id)", "Plan Rows": 1});
        assert_eq!(
            one(join(), json!({"Join Filter": "x"}), vec![scan("orders", 9), index.clone()]).step,
            Step::KeyedJoin
        );
        let memoize = json!({"Node Type": "Memoize", "Plan Rows": 1, "Plans": [index]});
        assert_eq!(one(join(), json!({}), vec![scan("orders", 9), memoize]).step, Step::KeyedJoin);
        assert_eq!(one(join(), json!({"Inner Unique": true}), plans()).step, Step::KeyedJoin);
    }

    #[test]
    fn scans_carry_their_conditions_and_names() {
        let filtered = json!({"Node Type": "Seq Scan", "Schema": "raw", "Relation Name": "events", "Filter": "(day >= '2026-01-01'::date)", "Plan Rows": 12});
        let plan = one(
            json!({"Node Type": "Hash Join", "Hash Cond": "(a = b)", "Plan Rows": 7}),
            json!({}),
            vec![filtered, scan("t", 5)],
        );
        assert_eq!(plan.step, Step::KeyedJoin);
        assert_eq!(plan.scans("raw.events"), [["(day >= '2026-01-01'::date)"]]);
        assert_eq!(plan.scans("t"), [Vec::<&str>::new()]);
        assert_eq!(plan.work(), 24.0);
        let bitmap = json!({"Node Type": "Bitmap Heap Scan", "Relation Name": "events", "Plan Rows": 3, "Plans": [{"Node Type": "Bitmap Index Scan", "Index Cond": "(day = 1)", "Plan Rows": 3}]});
        assert_eq!(read(&json!([{"Plan": bitmap}])).unwrap().scans("events"), [["(day = 1)"]]);
        assert!(read(&json!([])).is_err());
        assert!(read(&json!([{"Plan": {}}])).is_err());
    }
}
