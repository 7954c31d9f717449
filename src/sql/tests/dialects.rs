//! Forms that the parser alone refuses: they are read, and what is shown of them is the text as written.

use std::collections::BTreeSet;

use super::super::{Dialect, Reason, statements};
use super::analysis;

/// The text of every edge's reference, output by output.
fn seen(sql: &str, dialect: Dialect) -> String {
    let all = analysis(sql, dialect);
    assert!(!all.generic_dialect, "{sql}");
    let outputs: Vec<String> = all
        .outputs
        .iter()
        .map(|one| {
            let mut edges: Vec<&str> = one.edges.iter().map(|edge| &sql[edge.span.start..edge.span.end]).collect();
            edges.sort_unstable();
            format!("{}={}", one.name, edges.join(","))
        })
        .collect();
    outputs.join(" ")
}

/// What is not known, with the text that it stands for.
fn unknown(sql: &str, dialect: Dialect) -> Vec<(Reason, String)> {
    let all = analysis(sql, dialect);
    all.unresolved.iter().map(|one| (one.reason, sql[one.span.start..one.span.end].to_owned())).collect()
}

#[test]
fn bigquery_typed_arrays_and_shifts() {
    let sql = "select array<int64>[id, 2] as two, array<array<struct<k string, v int64>>>[[('a', amount)]] as deep,\n  id << 2 | customer_id >> 1 as bits from orders";
    assert_eq!(seen(sql, Dialect::BigQuery), "two=id deep=amount bits=customer_id,id");
    let all = analysis(sql, Dialect::BigQuery);
    assert_eq!(&sql[all.outputs[0].span.start..all.outputs[0].span.end], "array<int64>[id, 2] as two");
    // Types are part of what an expression says.
    let other = analysis(&sql.replace("array<int64>", "array<float64>"), Dialect::BigQuery);
    assert_ne!(all.outputs[0].expression, other.outputs[0].expression);
    // A comparison stays one.
    assert_eq!(
        seen("select id < amount as x, id > customer_id as y from orders", Dialect::BigQuery),
        "x=amount,id y=customer_id,id"
    );
}

#[test]
fn bigquery_relations_named_in_other_ways() {
    let sql =
        "select o.id from my-shop-1.sales.orders as o for system_time as of timestamp '2024-01-01' where o.amount > 1";
    assert_eq!(seen(sql, Dialect::BigQuery), "id=o.id");
    let all = analysis("select * from ml.predict(model m.churn, table shop.orders)", Dialect::BigQuery);
    assert_eq!(all.relations.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["orders"]);
    assert!(!all.open.is_empty());
    let sql = "select safe.substr(status, 0, 2) as s, cast(created_at as string format ('YYYY')) as y from orders";
    assert_eq!(seen(sql, Dialect::BigQuery), "s=status y=created_at");
}

#[test]
fn duckdb_prefix_aliases() {
    let sql = "select total: o.amount + 1, who: o.customer_id, o.id from o: orders join c: (select cid: id from customers) on c.cid = o.customer_id";
    assert_eq!(seen(sql, Dialect::DuckDb), "total=o.amount who=o.customer_id id=o.id");
    let all = analysis(sql, Dialect::DuckDb);
    assert_eq!(&sql[all.outputs[0].span.start..all.outputs[0].span.end], "total: o.amount + 1");
    let same = "select o.amount + 1 as total, o.customer_id as who, o.id from orders as o join (select id as cid from customers) as c on c.cid = o.customer_id";
    assert_eq!(all.row_shape, analysis(same, Dialect::DuckDb).row_shape);
    // Keys and slices have a colon too.
    assert_eq!(
        seen("select {'a': id, 'b': amount} as s, status[1:2] as t from orders", Dialect::DuckDb),
        "s=amount,id t=status"
    );
}

#[test]
fn duckdb_operators_bind_as_in_duckdb() {
    let expression =
        |sql: &str| analysis(&format!("select {sql} as x from orders"), Dialect::DuckDb).outputs[0].expression.clone();
    assert_eq!(expression("id ** 2 + 1"), expression("(id ** 2) + 1"));
    assert_ne!(expression("id ** 2 + 1"), expression("id ** (2 + 1)"));
    assert_eq!(expression("id ^ 2 * 3"), expression("(id ^ 2) * 3"));
    assert_eq!(expression("-id ** 2"), expression("(-id) ** 2"));
    assert_eq!(expression("id in amount and status"), expression("(id in amount) and status"));
    assert_ne!(expression("id in amount"), expression("id in (amount)"));
    assert_eq!(seen("select @amount - id as x from orders", Dialect::DuckDb), "x=amount,id");
    assert_eq!(unknown("select #1 as first from orders", Dialect::DuckDb)[0].0, Reason::Unsupported);
}

#[test]
fn duckdb_lists_and_dotted_calls() {
    let sql = "select [lower(x) for x in status if len(x) > amount] as l, status.lower().replace('a', region).trim() as t from orders, customers";
    assert_eq!(seen(sql, Dialect::DuckDb), "l=amount,status t=region,status");
    let plain = "select replace(lower(status), 'a', region) as t from orders, customers";
    let dotted = "select status.lower().replace('a', region) as t from orders, customers";
    let text = |sql: &str| analysis(sql, Dialect::DuckDb).outputs[0].expression.clone();
    assert_eq!(text(plain), text(dotted));
}

#[test]
fn duckdb_samples_and_joins() {
    let sql = "select o.id from orders o where o.amount > 1 order by o.id using sample 10 percent (bernoulli, 7)";
    assert_eq!(seen(sql, Dialect::DuckDb), "id=o.id");
    // A sample is never the same rows twice.
    assert_eq!(analysis(sql, Dialect::DuckDb).row_shape, None);
    let all = analysis("select id from orders tablesample reservoir(20%) repeatable (3)", Dialect::DuckDb);
    assert_eq!(all.row_shape, None);
    let shape = |join: &str| {
        let sql = format!(
            "select o.id, p.method from orders o {join} payments p on o.id = p.order_id and o.created_at >= p.amount"
        );
        assert_eq!(seen(&sql, Dialect::DuckDb), "id=o.id method=p.method");
        analysis(&sql, Dialect::DuckDb).row_shape
    };
    assert_ne!(shape("asof join"), shape("asof left join"));
    assert_ne!(shape("asof join"), shape("join"));
    let half = analysis("select * from orders o asof semi join payments p on o.id >= p.order_id", Dialect::DuckDb);
    assert_eq!(half.outputs.len(), 5);
    let all = analysis("select o.id, p.method from orders o positional join payments p", Dialect::DuckDb);
    assert_eq!(all.clauses[0].join.as_ref().map(|join| join.kind.as_str()), Some("full"));
}

#[test]
fn duckdb_pivots_are_never_guessed() {
    for sql in [
        "pivot orders on status using sum(amount)",
        "pivot orders on status using sum(amount) as s, count(*) group by customer_id order by 1",
        "with p as (pivot orders on status in ('a', 'b') using sum(amount)) select * from p",
        "select * from (unpivot items on qty, price into name what value n)",
        "unpivot items on columns(* exclude sku) into name what value n",
        "unpivot items on (qty, price) as both into name what value a, b",
    ] {
        let all = analysis(sql, Dialect::DuckDb);
        let table = if sql.contains("orders") { "orders" } else { "items" };
        assert!(all.relations.iter().any(|one| one.id == table && one.span.known()), "{sql}");
        let names: Vec<_> = all.relations.iter().map(|one| &sql[one.span.start..one.span.end]).collect();
        assert!(names.contains(&table), "{sql} {names:?}");
        assert!(statements(sql, Dialect::DuckDb).expect("it is read")[0].read_only);
    }
    // What it reads is known, what it gives is not.
    let sql = "pivot orders on status using sum(amount) group by customer_id";
    let all = analysis(sql, Dialect::DuckDb);
    assert_eq!(all.outputs.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["customer_id"]);
    assert!(!all.open.is_empty());
    let read: BTreeSet<_> = all.reads.iter().map(|one| one.column.as_str()).collect();
    assert_eq!(read, BTreeSet::from(["status", "amount", "customer_id"]));
    assert_eq!(
        unknown("pivot orders on nope using sum(amount) group by id", Dialect::DuckDb),
        [(Reason::NotInSchema, "nope".to_owned())]
    );
}

#[test]
fn duckdb_columns_by_pattern_stay_unknown() {
    for sql in [
        "select * not similar to 'a.*' from orders",
        "select * glob 'a*' from orders",
        "select coalesce(*columns(c -> length(c) > 2)) as x from orders",
    ] {
        assert!(unknown(sql, Dialect::DuckDb).iter().any(|one| one.0 == Reason::Unsupported), "{sql}");
        assert!(analysis(sql, Dialect::DuckDb).outputs.iter().all(|one| one.edges.is_empty()), "{sql}");
    }
    let sql =
        "select sum(amount) filter (amount > 0) as s, last(status order by id ignore nulls) as l from orders limit 10%";
    assert_eq!(seen(sql, Dialect::DuckDb), "s=amount,amount l=id,status");
    assert_eq!(
        seen("select id from orders o where exists (from payments p where p.order_id = o.id)", Dialect::DuckDb),
        "id=id"
    );
}

#[test]
fn trino_types_and_json() {
    let sql = "select cast(row(id, status) as row(a bigint, b array(varchar))) as r,\n  json_query(status, 'lax $.a' with array wrapper omit quotes null on error) as q,\n  json_value(status, 'strict $.b' returning varchar default 'x' on empty) as v, trim(leading from status) as t\nfrom orders";
    assert_eq!(seen(sql, Dialect::Trino), "r=id,status q=status v=status t=status");
    let one = analysis(sql, Dialect::Trino);
    let other = analysis(&sql.replace("omit quotes", "keep quotes"), Dialect::Trino);
    assert_ne!(one.outputs[1].expression, other.outputs[1].expression);
    assert_eq!(
        &sql[one.outputs[2].span.start..one.outputs[2].span.end],
        "json_value(status, 'strict $.b' returning varchar default 'x' on empty) as v"
    );
}

#[test]
fn others() {
    let sql = "select o.id, c.name from orders directed join customers c on c.id = o.id";
    assert_eq!(analysis(sql, Dialect::Snowflake).unresolved[0].reason, Reason::UnboundAlias);
    let sql = "select o.id, cast(null as object(a int)) as x, o.status::array(int) as y from orders o left directed join customers c on c.id = o.id";
    assert_eq!(seen(sql, Dialect::Snowflake), "id=o.id x= y=o.status");
    let sql = "select amount?::int as n from ${cat}.shop.orders";
    assert_eq!(seen(sql, Dialect::Databricks), "n=amount");
    let sql = "select o.id from orders o global any left join customers c using id, name";
    assert!(statements(sql, Dialect::ClickHouse).is_ok());
    let sql = "select id from orders option (recompile)";
    assert_eq!(seen(sql, Dialect::TSql), "id=id");
}
