use crate::gates::fixture::{Shop, assert_found, found, judge, shop};
use crate::project::NotCompiledCode;
use serde_json::json;

fn base() -> Shop {
    shop()
        .source("orders", &["id", "amount", "tax"])
        .model("stg_orders", "select id as order_id, amount, tax from {{ source('raw', 'orders') }}")
        .model("mid", "select * from {{ ref('stg_orders') }}")
        .model("orders", "select\n  order_id,\n  tax as vat\nfrom {{ ref('mid') }}")
}

#[test]
fn names_that_do_not_exist_have_a_suggestion() {
    let broken = |code, message: &str, name: &str| {
        found("compile", &base(), &base().broken("orders", code, message, name), "orders")
    };
    assert_found(
        &broken(NotCompiledCode::RefNotFound, "ref('stg_order') names no model", "stg_order"),
        &["error ref-not-found: ref('stg_order') names no model; did you mean `stg_orders`?"],
    );
    assert_found(
        &broken(NotCompiledCode::SourceNotFound, "source('raw', 'order') is not declared", "raw.order"),
        &["error source-not-found: source('raw', 'order') is not declared; did you mean `raw.orders`?"],
    );
    assert_found(
        &broken(NotCompiledCode::MacroNotFound, "macro `x` does not exist", "x"),
        &["error macro-not-found: macro `x` does not exist"],
    );
    assert_found(&broken(NotCompiledCode::VarNotSet, "var('x') is not set", "x"), &["error var-not-set"]);
    assert_found(
        &broken(NotCompiledCode::Packages, "ref('stg_order') names no model here", "stg_order"),
        &["error ref-not-found: ref('stg_order') names no model here; did you mean `stg_orders`?"],
    );
    let head = base().broken("orders", NotCompiledCode::Packages, "ref('far_away') names no model here", "far_away");
    assert!(judge("compile", &base(), &head, "orders", json!({})).is_err());
    let head = base().broken("orders", NotCompiledCode::NeedsWarehouse, "run_query needs a warehouse", "");
    let reason = judge("compile", &base(), &head, "orders", json!({})).unwrap_err().to_string();
    assert!(reason.starts_with("not compiled: run_query"), "{reason}");
}

#[test]
fn columns_aliases_and_ambiguity() {
    let with = |sql: &str| found("compile", &base(), &base().model("orders", sql), "orders");
    assert_found(&with("select order_id, tax as vat from {{ ref('mid') }}"), &[]);
    assert_found(
        &with("select order_id, amout as vat from {{ ref('mid') }}"),
        &["error column-not-found: column `amout` does not exist: `mid` has no such column; did you mean `amount`?"],
    );
    assert_found(
        &with("select m.order_id, x.tax as vat from {{ ref('mid') }} as m"),
        &["error unknown-alias: `x` names no relation in sight (in `x.tax`)"],
    );
    assert_found(
        &with(
            "select tax as vat, m.order_id from {{ ref('mid') }} as m join {{ ref('stg_orders') }} as s on s.order_id = m.order_id",
        ),
        &["error ambiguous-column: column `tax` is ambiguous"],
    );
    assert_found(
        &with("select order_id, tax as vat from {{ ref('mid') }} where nope = 1"),
        &["error column-not-found"],
    );
    let debt = base().model("orders", "select order_id, nope as vat from {{ ref('mid') }}");
    let touched = base().model("orders", "select order_id, nope as vat, 1 as one from {{ ref('mid') }}");
    assert_found(&found("compile", &debt, &touched, "orders"), &[]);
}

#[test]
fn unknown_columns_are_never_called_wrong() {
    let head = shop().source("x", &[]).model("m", "select a, b from {{ source('raw', 'x') }} as t where t.c = 1");
    assert_found(&found("compile", &shop().source("x", &[]), &head, "m"), &[]);
}

#[test]
fn a_dropped_column_that_is_read_downstream_is_this_changes_fault() {
    let head = base().model("stg_orders", "select id as order_id, amount from {{ source('raw', 'orders') }}");
    let checked = judge("compile", &base(), &head, "stg_orders", json!({})).unwrap();
    let finding = &checked.findings[0];
    assert_eq!(checked.findings.len(), 1);
    assert_eq!(finding.rule, "compile/breaks-downstream");
    assert_eq!(finding.message, "column `tax` is gone, but orders.sql:3 reads it");
    assert_eq!(finding.evidence["readers"], json!(["models/orders.sql:3"]));
    assert_eq!(finding.location.as_ref().unwrap().path, "models/stg_orders.sql");
    // The reader itself was not touched.
    assert_found(&found("compile", &base(), &head, "orders"), &[]);
    let moved = head.model("orders", "select order_id, amount as vat from {{ ref('mid') }}");
    assert_found(&found("compile", &base(), &moved, "stg_orders"), &[]);
}

#[test]
fn yaml_and_tests_that_name_a_dropped_column() {
    let declared = |shop: Shop| shop.column("orders", "vat", json!({})).test("not_null", "orders", "vat");
    let head = base().model("orders", "select order_id from {{ ref('mid') }}");
    let found_ = found("compile", &declared(base()), &declared(head.clone()), "orders");
    assert_found(&found_, &["warning stale-yaml vat: column `vat` is gone, but properties and 1 more still names it"]);
    assert_found(&found("compile", &declared(base()), &head, "orders"), &[]);
}

#[test]
fn a_removed_model_that_is_still_read() {
    let head = base().without("mid").broken("orders", NotCompiledCode::RefNotFound, "ref('mid') names no model", "mid");
    let found_ = found("compile", &base(), &head, "mid");
    assert_found(&found_, &["error breaks-downstream: model `mid` is gone, but orders.sql:3 still refers to it"]);
    assert_found(&found("compile", &base(), &base().without("orders"), "orders"), &[]);
}
