use crate::gates::fixture::{Shop, found, shop};
use crate::project::TestKind;
use serde_json::{Value, json};

const SQL: &str = "select id as order_id, customer_id, status, amount from {{ source('raw', 'orders') }}";

fn orders() -> Shop {
    shop()
        .typed_source("orders", "id bigint, customer_id bigint, status text, amount decimal(12,2)")
        .model("orders", SQL)
        .test("unique", "orders", "order_id")
        .test("not_null", "orders", "customer_id")
        .test("accepted_values", "orders", "status")
        .arguments("accepted_values", json!({"values": ["paid", "open"]}))
}

trait Edits {
    fn arguments(self, name: &str, kwargs: Value) -> Self;
    fn config(self, name: &str, config: Value) -> Self;
    fn without_test(self, name: &str) -> Self;
}

impl Edits for Shop {
    fn arguments(mut self, name: &str, arguments: Value) -> Self {
        for test in self.project.tests.values_mut() {
            if let TestKind::Generic { name: own, kwargs } = &mut test.kind
                && own == name
            {
                *kwargs = arguments.as_object().cloned().unwrap();
            }
        }
        self
    }

    fn config(mut self, name: &str, config: Value) -> Self {
        for test in self.project.tests.values_mut().filter(|test| test.name.starts_with(name)) {
            test.config = config.as_object().cloned().unwrap();
        }
        self
    }

    fn without_test(mut self, name: &str) -> Self {
        self.project.tests.retain(|_, test| !test.name.starts_with(name));
        self
    }
}

fn rules(base: &Shop, head: &Shop) -> Vec<String> {
    let told = found("integrity", base, head, "orders");
    let loud = told.into_iter().filter(|line| !line.starts_with("note"));
    loud.map(|line| line.split([' ', ':']).nth(1).unwrap_or_default().to_owned()).collect()
}

fn of_sql(sql: &str) -> Vec<String> {
    rules(&orders(), &orders().model("orders", sql))
}

#[test]
fn tests_that_are_gone() {
    assert_eq!(rules(&orders(), &orders().without_test("unique")), ["test-removed"]);
    assert_eq!(rules(&orders(), &orders()), [""; 0]);
    // With its column.
    let without = "select id as order_id, status, amount from {{ source('raw', 'orders') }}";
    assert_eq!(rules(&orders(), &orders().without_test("not_null").model("orders", without)), [""; 0]);
    // By one of another package that asserts as much.
    let other = orders().without_test("unique").test(
        "dbt_expectations.expect_column_values_to_be_unique",
        "orders",
        "order_id",
    );
    assert_eq!(rules(&orders(), &other), [""; 0]);
    // By one that asserts less.
    let wider =
        orders().without_test("unique").test("dbt_utils.unique_combination_of_columns", "orders", "").arguments(
            "dbt_utils.unique_combination_of_columns",
            json!({"combination_of_columns": ["order_id", "status"]}),
        );
    assert_eq!(rules(&orders(), &wider), ["test-removed"]);
}

#[test]
fn what_takes_the_place_of_a_test_must_assert_as_much() {
    let with = |name: &str, arguments: Value| orders().test(name, "orders", "amount").arguments(name, arguments);
    let range = |least: f64| json!({"min_value": least, "max_value": 10});
    let bounds = with("accepted_range", range(0.0));
    assert_eq!(rules(&bounds, &with("expect_column_values_to_be_between", range(0.0))), [""; 0]);
    assert_eq!(rules(&bounds, &with("expect_column_values_to_be_between", range(-9.0))), ["test-removed"]);
    let listed = orders()
        .without_test("accepted_values")
        .test("expect_column_values_to_be_in_set", "orders", "status")
        .arguments("expect_column_values_to_be_in_set", json!({"value_set": ["paid", "open", "void"]}));
    assert_eq!(rules(&orders(), &listed), ["test-removed"]);
    let counted = orders().without_test("unique").test("expect_column_distinct_count_to_equal", "orders", "order_id");
    assert_eq!(rules(&orders(), &counted), ["test-removed"]);
    // Under one name.
    let says = |text: &str| with("expression_is_true", json!({"expression": text}));
    assert_eq!(rules(&says("amount >= 0"), &says("1 = 1")), ["test-loosened"]);
}

#[test]
fn tests_that_let_more_pass() {
    let with = |config: Value| rules(&orders(), &orders().config("unique", config));
    assert_eq!(with(json!({"severity": "warn"})), ["test-loosened"]);
    assert_eq!(with(json!({"where": "amount > 0"})), ["test-loosened"]);
    assert_eq!(with(json!({"error_if": "> 10"})), ["test-loosened"]);
    assert_eq!(with(json!({"error_if": "!= 0"})), [""; 0]);
    let strict = orders().config("unique", json!({"severity": "warn", "where": "amount > 0", "error_if": "> 10"}));
    assert_eq!(rules(&strict, &orders()), [""; 0]);
    let values = |values: Value| orders().arguments("accepted_values", json!({"values": values}));
    assert_eq!(rules(&orders(), &values(json!(["paid", "open", "void"]))), ["test-loosened"]);
    assert_eq!(rules(&orders(), &values(json!(["paid"]))), [""; 0]);
    // The model makes the new value in the same change.
    let makes = values(json!(["paid", "open", "void"])).model(
        "orders",
        "select id as order_id, customer_id, case when amount < 0 then 'void' else status end as status, amount from {{ source('raw', 'orders') }}",
    );
    assert_eq!(rules(&orders(), &makes), [""; 0]);
    let range = |least: f64, most: f64| {
        orders()
            .test("accepted_range", "orders", "amount")
            .arguments("accepted_range", json!({"min_value": least, "max_value": most}))
    };
    assert_eq!(rules(&range(0.0, 100.0), &range(0.0, 200.0)), ["test-loosened"]);
    assert_eq!(rules(&range(0.0, 100.0), &range(-5.0, 100.0)), ["test-loosened"]);
    assert_eq!(rules(&range(0.0, 100.0), &range(1.0, 90.0)), [""; 0]);
}

#[test]
fn contracts() {
    let enforced = |on: bool| {
        orders().edit("orders", |model| {
            model.config.insert("contract".into(), json!({"enforced": on}));
        })
    };
    assert_eq!(rules(&enforced(true), &enforced(false)), ["contract-dropped"]);
    assert_eq!(rules(&enforced(false), &enforced(true)), [""; 0]);
}

#[test]
fn keys_of_single_rows() {
    let filter = |condition: &str| of_sql(&format!("{SQL} where {condition}"));
    assert_eq!(filter("customer_id <> 4711"), ["hard-coded-key"]);
    assert_eq!(filter("id not in (17, 18)"), ["hard-coded-key"]);
    assert_eq!(filter("status <> 'void'"), [""; 0]);
    assert_eq!(filter("customer_id <> 0"), [""; 0]);
    assert_eq!(filter("customer_id is not null"), [""; 0]);
    let amount = |sql: &str| {
        of_sql(&format!(
            "select id as order_id, customer_id, status, {sql} as amount from {{{{ source('raw', 'orders') }}}}"
        ))
    };
    assert_eq!(amount("case when id = 17 then 99.5 else amount end"), ["hard-coded-key"]);
    assert_eq!(amount("case when status = 'void' then 0 else amount end"), [""; 0]);
}

#[test]
fn numbers_put_in_by_hand() {
    let amount = |sql: &str| {
        of_sql(&format!(
            "select id as order_id, customer_id, status, {sql} as amount from {{{{ source('raw', 'orders') }}}}"
        ))
    };
    assert_eq!(amount("amount * 1.0173"), ["fudge-factor"]);
    assert_eq!(amount("round(amount * 1.0173, 2)"), ["fudge-factor"]);
    assert_eq!(amount("amount + 42"), ["fudge-factor"]);
    assert_eq!(amount("amount / 100"), [""; 0]);
    assert_eq!(amount("amount * 100.0"), [""; 0]);
    assert_eq!(amount("1234.5"), ["pasted-result"]);
    assert_eq!(amount("case status when 'paid' then 812.5 when 'open' then 77 end"), ["pasted-result"]);
    assert_eq!(amount("coalesce(amount, 512.25)"), ["exact-value-coalesce"]);
    assert_eq!(amount("coalesce(amount, 0)"), [""; 0]);
    let rows =
        "select 1 as order_id, 2 as customer_id, 'paid' as status, 10.5 as amount union all select 2, 3, 'open', 7";
    assert_eq!(of_sql(rows), ["pasted-result"]);
}

#[test]
fn expected_data_edited_with_the_model() {
    let seed = |csv: &str| {
        orders().model("expected_orders", "").edit("expected_orders", |model| {
            model.csv = Some(csv.as_bytes().into());
            model.kind = crate::project::NodeKind::Seed;
        })
    };
    let changed = "select id as order_id, customer_id, status, amount * 2 as amount from {{ source('raw', 'orders') }}";
    let told =
        found("integrity", &seed("order_id\n1\n"), &seed("order_id\n2\n").model("orders", changed), "expected_orders");
    assert!(told[0].starts_with("warning reference-edited"), "{told:?}");
    let alone = found("integrity", &seed("order_id\n1\n"), &seed("order_id\n2\n"), "expected_orders");
    assert!(alone.is_empty(), "{alone:?}");
}
