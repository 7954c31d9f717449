//! `rowproof lineage` through the real binary: a project, two of its revisions, and hostile text.

use crate::sandbox::{Sandbox, crate_folder};
use serde_json::Value;

/// The shop with its sources in a database, an exposure, two metrics, and a branch that changes what revenue is.
fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy(&crate_folder("fixtures/_shop"), &["data.sql"]);
    let data = std::fs::read_to_string(crate_folder("fixtures/_shop").join("data.sql")).unwrap();
    sandbox.database("shop.duckdb", &[&data]);
    let board = "exposures:
  - {name: board, type: dashboard, owner: {name: data}, depends_on: [ref('orders')]}
semantic_models:
  - name: sales
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order, type: primary, expr: order_id}]
    dimensions: [{name: ordered_at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: revenue, agg: sum}, {name: items, agg: sum, expr: item_count}]
metrics:
  - {name: total_revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
  - {name: items_sold, label: Items, type: simple, type_params: {measure: items}}
";
    sandbox.write("models/marts/board.yml", board);
    sandbox.write(".gitignore", "*.duckdb\n");
    sandbox.commit("base");
    sandbox.branch("change");
    sandbox
}

fn re_source(sandbox: &Sandbox) {
    let path = "models/intermediate/int_order_totals.sql";
    let text = String::from_utf8(sandbox.bytes(path).unwrap()).unwrap();
    let text = text.replace("sum(quantity * unit_price) as revenue", "sum(quantity * unit_cost) as revenue");
    sandbox.write(path, &text.replace("group by 1", "where quantity > 0\ngroup by 1"));
    sandbox.commit("change");
}

fn printed(sandbox: &Sandbox, args: &[&str]) -> String {
    let ran = sandbox.rowproof(&[&["lineage"], args].concat());
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn a_column_is_a_tree_both_ways_with_lines() {
    let sandbox = shop();
    insta::assert_snapshot!(printed(&sandbox, &["int_order_totals.revenue"]));
    let up = printed(&sandbox, &["orders.revenue", "--upstream", "--depth", "1"]);
    assert!(up.contains("int_order_totals.revenue") && !up.contains("read by\n"), "{up}");
    assert!(up.lines().filter(|l| l.contains("stg_order_items")).all(|l| !l.contains("stg_order_items.sql")), "{up}");
}

#[test]
fn a_model_is_its_columns_and_a_project_its_models() {
    let sandbox = shop();
    insta::assert_snapshot!("model", printed(&sandbox, &["orders"]));
    insta::assert_snapshot!("project", printed(&sandbox, &[]));
}

#[test]
fn a_difference_says_what_changed_and_what_it_reaches() {
    let sandbox = shop();
    re_source(&sandbox);
    insta::assert_snapshot!("diff", printed(&sandbox, &["--diff", "--base", "base"]));
    insta::assert_snapshot!("diff_mermaid", printed(&sandbox, &["--diff", "--base", "base", "--format", "mermaid"]));
    let text = printed(&sandbox, &["--diff", "--base", "base", "--format", "json"]);
    let lineage: Value = serde_json::from_str(&text).unwrap();
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(crate_folder("schemas").join("lineage.schema.json")).unwrap())
            .unwrap();
    let wrong: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&lineage)
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(lineage["impact"]["exposures"], serde_json::json!(["board"]));
    let relation = |name: &str| {
        lineage["relations"].as_array().unwrap().iter().find(|r| r["name"] == name).cloned().unwrap_or_default()
    };
    let totals = relation("int_order_totals");
    assert_eq!(totals["status"], "changed");
    let revenue = totals["columns"].as_array().unwrap().iter().find(|c| c["name"] == "revenue").unwrap();
    let from: Vec<String> = revenue["from"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| format!("{} {}", s["column"].as_str().unwrap(), s["status"].as_str().unwrap_or("same")))
        .collect();
    assert_eq!(from, ["quantity same", "unit_cost added", "unit_price removed"]);
    // Nothing changed between a revision and itself.
    let none = printed(&sandbox, &["--diff", "--base", "HEAD", "--head", "HEAD"]);
    assert_eq!(none, "no column is made differently\n");
}

#[test]
fn what_is_asked_for_and_not_there_is_an_error_with_the_nearest_name() {
    let sandbox = shop();
    let wrong = |asked: &str| {
        let ran = sandbox.rowproof(&["lineage", asked]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        ran.stderr
    };
    assert!(wrong("ordrs").contains("no model `ordrs`") && wrong("ordrs").contains("did you mean `orders`?"));
    assert!(wrong("orders.revenu").contains("`orders` has no column `revenu`; did you mean `revenue`?"));
    sandbox.write("models/marts/orders.sql", "select {{ nothing( }} from x");
    let ran = sandbox.rowproof(&["lineage", "orders"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("orders: not compiled:"), "{}", ran.stdout);
}

#[test]
fn the_page_needs_nothing_else_and_runs_nothing_of_the_project() {
    let sandbox = shop();
    let evil = r#"select order_id as "</script><script>alert(1)</script>", 1 as "<img src=x onerror=alert(2)>" from {{ ref('stg_orders') }}"#;
    sandbox.write("models/marts/evil.sql", evil);
    sandbox.write(
        "models/marts/board.yml",
        "exposures:\n  - {name: '\"><b>x', type: dashboard, owner: {name: d}, depends_on: [ref('evil')]}\n",
    );
    for args in [&["evil"][..], &[], &["--diff", "--base", "base"]] {
        let page = printed(&sandbox, &[args, &["--format", "html"]].concat());
        assert_eq!(page.matches("<script").count(), 1, "{args:?}");
        assert!(!page.contains("<img") && !page.contains("<b>"), "{args:?}");
        let addresses = page.matches("http:").count() + page.matches("https:").count() + page.matches("url(").count();
        assert_eq!(addresses, 0, "{args:?}: the page asks for something");
        let policy =
            page.split("Content-Security-Policy\" content=\"").nth(1).and_then(|t| t.split('"').next()).unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        let body = page.split("<style>").nth(1).unwrap();
        let markup = body.split("</style>").nth(1).unwrap().split("<script>").next().unwrap();
        roxmltree::Document::parse(&format!("<html>{}", markup.replace("</head>", "") + "</body></html>"))
            .unwrap_or_else(|e| panic!("{args:?}: {e}"));
    }
    let graph = printed(&sandbox, &["evil", "--format", "mermaid"]);
    assert!(
        !graph.contains(['<', '>', '\'']) || !graph.replace("-->", "").replace("-.->", "").contains(['<', '>']),
        "{graph}"
    );
}
