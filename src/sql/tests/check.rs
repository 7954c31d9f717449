//! What is refused although every name resolves, and what only looks like it.

use super::analysis;
use crate::sql::Dialect::{self, *};
use crate::sql::{MisuseKind, Reason, misuses};

/// `kind name@line` of every mistake.
fn told(sql: &str, dialect: Dialect) -> Vec<String> {
    let found = misuses(sql, dialect).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    let kind = |kind| match kind {
        MisuseKind::MisplacedAggregate => "aggregate",
        MisuseKind::MisplacedWindow => "window",
        MisuseKind::NestedAggregate => "nested",
        MisuseKind::Ungrouped => "ungrouped",
    };
    for one in &found {
        let text = &sql[one.span.start..one.span.end];
        assert!(text.eq_ignore_ascii_case(&one.name), "{} stands at {text:?}", one.name);
    }
    found.iter().map(|one| format!("{} {} in {}", kind(one.kind), one.name, one.within)).collect()
}

const STRICT: &[Dialect] = &[DuckDb, Redshift, Snowflake, BigQuery, Databricks, Spark, Trino, TSql];

#[test]
fn aggregates_and_windows_where_none_may_stand() {
    let wrong = [
        ("select a from t where sum(b) > 1", "aggregate sum in where"),
        ("select a from t join u on t.id = max(u.id)", "aggregate max in on"),
        ("select sum(b) as s from t group by sum(b)", "aggregate sum in group by"),
        ("select sum(b) as s, a from t group by 1, a", "aggregate sum in group by"),
        ("select a from t where row_number() over (order by a) = 1", "window row_number in where"),
        ("select a from t where sum(b) over (partition by a) > 1", "window sum in where"),
        ("select a, count(*) as n from t group by a having rank() over (order by a) = 1", "window rank in having"),
        ("select rank() over (order by a) as r from t group by 1", "window rank in group by"),
        ("select max(count(*)) as m from t group by a", "nested count in max"),
        ("with c as (select a from t where count(*) > 1) select a from c", "aggregate count in where"),
        ("select a from t where a in (select b from u where sum(c) over () > 1)", "window sum in where"),
    ];
    for (sql, expected) in wrong {
        for dialect in STRICT {
            assert_eq!(told(sql, *dialect), [expected], "{dialect:?}: {sql}");
        }
    }
}

#[test]
fn aggregates_and_windows_in_their_places() {
    let right = [
        "select a, sum(b) as s from t group by a having sum(b) > 1 order by count(*)",
        "select a, sum(sum(b)) over (order by a) as running from t group by a",
        "select a from t where b > (select avg(b) from t)",
        "select a from t where exists (select 1 from u where u.id = t.id group by u.id having count(*) > 1)",
        "select a, rank() over (order by sum(b)) as r from t group by a",
        "select x.a from (select a, count(*) as n from t group by a) x where x.n > 1",
        "select a, max(b) as m from t group by a union all select a, b from u",
        "select max(n) as m from (select count(*) as n from t group by a) c",
    ];
    for sql in right {
        for dialect in STRICT {
            assert!(told(sql, *dialect).is_empty(), "{dialect:?}: {sql}: {:?}", told(sql, *dialect));
        }
    }
    let own = [
        (Sqlite, "select a from t where max(b, c) > 1"),
        (Snowflake, "select a from t qualify row_number() over (partition by a order by b) = 1"),
        (Generic, "select max(count(*)) from t group by a"),
        (Postgres, "select (select count(*) from u where u.n = max(t.b)) from t"),
    ];
    for (dialect, sql) in own {
        assert!(told(sql, dialect).is_empty(), "{dialect:?}: {sql}");
    }
}

#[test]
fn columns_that_are_neither_grouped_nor_aggregated() {
    let wrong = [
        ("select a, b, sum(c) as s from t group by a", "b"),
        ("select a, t.b, sum(c) as s from t group by 1", "t.b"),
        ("select a, sum(c) as s from t", "a"),
        ("select upper(b) as u, count(*) as n from t group by a", "b"),
        ("select case when b > 1 then 1 end as f, count(*) as n from t group by a", "b"),
        ("select a, c + sum(b) as s from t group by a", "c"),
        ("select at, count(*) as n from t group by cast(at as date)", "at"),
        ("with c as (select a, b, max(d) as m from t group by a) select * from c", "b"),
        ("select a, x.b, count(*) as n from (select a, b from t) x group by a", "x.b"),
    ];
    for (sql, column) in wrong {
        for dialect in STRICT {
            assert_eq!(told(sql, *dialect), [format!("ungrouped {column} in select")], "{dialect:?}: {sql}");
        }
    }
}

#[test]
fn grouped_columns_in_any_form() {
    let right = [
        "select a, b, sum(c) as s from t group by a, b",
        "select a, b, sum(c) as s from t group by 1, 2",
        "select t.a, sum(c) as s from t group by a",
        "select a, sum(c) as s from t group by t.a",
        "select upper(a) as a, sum(c) as s from t group by upper(a)",
        "select upper(a) as big, sum(c) as s from t group by big",
        "select upper(a) as a, sum(c) as s from t group by a",
        "select a + b as ab, sum(c) as s from t group by a, b",
        "select (a), coalesce(sum(c), 0) as s from t group by (a)",
        "select a, my_aggregate(b) as m from t group by a",
        "select a, 'x' as tag, current_date as d, count(*) as n from t group by a",
        "select a, sum(b) as s, s / 2 as half from t group by a",
        "select a, (select max(u.b) from u where u.a = t.a) as m, count(*) as n from t group by a",
        "select a, b, count(*) as n from t group by rollup (a, b)",
        "select a, count(*) over (partition by a) as n from t",
        "select distinct a, b from t",
        "select count(*) as n, max(b) as m from t",
        "select *, count(*) as n from t group by 1",
        "select case when a = 1 then 'x' else b end as c, count(*) as n from t group by case when a = 1 then 'x' else b end",
    ];
    for sql in right {
        for dialect in STRICT {
            assert!(told(sql, *dialect).is_empty(), "{dialect:?}: {sql}: {:?}", told(sql, *dialect));
        }
    }
    // They take any row's value, or know the key.
    for dialect in [MySql, Sqlite, ClickHouse, Generic, Postgres] {
        assert!(told("select t.a, t.b, count(*) as n from t group by t.a", dialect).is_empty(), "{dialect:?}");
    }
    let own = [
        (DuckDb, "select a, b, count(*) as n from t group by all"),
        (Snowflake, "select a, v:b::string as b, count(*) as n from t group by 1, 2"),
        (Snowflake, "select datediff(day, a, b) as d, count(*) as n from t group by a, b"),
        (BigQuery, "select s.f, count(*) as n from t group by s.f"),
        (Postgres, "select a::date as d, count(*) as n from t group by cast(a as date)"),
    ];
    for (dialect, sql) in own {
        assert!(told(sql, dialect).is_empty(), "{dialect:?}: {sql}: {:?}", told(sql, dialect));
    }
    let derived = "with c as (select a, b from t) select c.a, c.b, count(*) as n from c group by c.a";
    assert_eq!(told(derived, Postgres), ["ungrouped c.b in select"]);
}

#[test]
fn numbers_of_columns_that_do_not_fit() {
    let counted = |sql: &str| -> Vec<String> {
        let found = analysis(sql, DuckDb).unresolved;
        found.into_iter().filter(|one| one.reason == Reason::ColumnCount).map(|one| one.name).collect()
    };
    let set = "select id, amount from orders union all select id from payments";
    assert_eq!(counted(set), ["union all of 2 and 1 columns"]);
    assert_eq!(counted("select * from orders except select * from customers"), ["except of 5 and 4 columns"]);
    let list = "with c(a, b, d) as (select id, amount from orders) select a from c";
    assert_eq!(counted(list), ["`c` lists 3 columns of a query of 2"]);
    for right in [
        "select id from orders union all select id from payments",
        "select id, amount from orders union all by name select id from payments",
        "select * from raw union all select id from orders",
        "with c(a) as (select id, amount from orders) select a from c",
        "with c(a, b) as (select * from raw) select a from c",
    ] {
        assert!(counted(right).is_empty(), "{right}");
    }
}

#[test]
fn a_star_over_an_expression_may_have_any_column() {
    let wrong = |sql: &str| -> Vec<String> {
        let found = analysis(sql, BigQuery).unresolved;
        let sure = |reason| matches!(reason, Reason::NotInSchema | Reason::UnboundAlias);
        found.into_iter().filter(|one| sure(one.reason)).map(|one| one.name).collect()
    };
    let star =
        "with c as (select if(a.id is null, a, b).* from orders a join payments b on a.id = b.id) select x from c";
    assert!(wrong(star).is_empty());
    let field = "select * replace ((select as struct payload.* replace (1 as z)) as payload) from raw";
    assert!(wrong(field).is_empty());
    assert_eq!(wrong("with c as (select id from orders) select x from c"), ["x"]);
}
