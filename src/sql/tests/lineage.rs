//! Column lineage per construct: what flows where, and what must not be invented.

use super::super::Dialect;
use super::{analysis, shown};

/// Runs `sql` / `expected` pairs and shows every difference at once.
fn check(dialect: Dialect, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(sql, expected)| {
            let got = shown(&analysis(sql, dialect));
            (got != *expected).then(|| format!("{sql}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn plain_expressions_and_roles() {
    check(
        Dialect::DuckDb,
        &[
            ("select id from orders", "id=orders.id"),
            ("select o.id as x from orders o", "x=orders.id"),
            ("select orders.id from orders", "id=orders.id"),
            ("select main.orders.id from main.orders", "id=orders.id"),
            ("select ID from Orders", "ID=orders.id"),
            ("select amount + id as s from orders", "s=orders.amount,orders.id"),
            ("select 1 as one, 'x' as x", "one= x="),
            ("select amount::int as a, cast(id as varchar) i from orders", "a=orders.amount i=orders.id"),
            (
                "select case when status = 'x' then amount else 0 end as a from orders",
                "a=orders.amount,orders.status:c",
            ),
            ("select case status when 'a' then id end as a from orders", "a=orders.id,orders.status:c"),
            ("select if(status = 'x', amount, id) as a from orders", "a=orders.amount,orders.id,orders.status:c"),
            ("select coalesce(amount, id) as a from orders", "a=orders.amount,orders.id"),
            ("select status = 'x' as f from orders", "f=orders.status"),
            ("select count(*) as n from orders", "n="),
            ("select count(id) as n from orders", "n=orders.id"),
            ("select sum(amount) filter (where status = 'x') as s from orders", "s=orders.amount,orders.status:c"),
            ("select string_agg(status, ',' order by id) as s from orders", "s=orders.id:o,orders.status"),
            ("select percentile_cont(0.5) within group (order by amount) as m from orders", "m=orders.amount"),
            (
                "select row_number() over (partition by customer_id order by created_at desc) as rn from orders",
                "rn=orders.created_at:o,orders.customer_id:w",
            ),
            (
                "select sum(amount) over w as s from orders window w as (partition by customer_id)",
                "s=orders.amount,orders.customer_id:w",
            ),
            (
                "select sum(amount) over (w order by id) as s from orders window w as (partition by customer_id)",
                "s=orders.amount,orders.customer_id:w,orders.id:o",
            ),
            ("select extract(year from created_at) as y from orders", "y=orders.created_at"),
            ("select date_trunc('day', created_at) as d from orders", "d=orders.created_at"),
            ("select datediff('day', created_at, created_at) as d from orders", "d=orders.created_at"),
            (
                "select trim(status) as s, substring(status from 1 for 2) t from orders",
                "s=orders.status t=orders.status",
            ),
            ("select status in ('a', 'b') as f from orders", "f=orders.status"),
            ("select amount between id and 5 as f from orders", "f=orders.amount,orders.id"),
            ("select not (status is null) as f from orders", "f=orders.status"),
            ("select (id, amount) as t from orders", "t=orders.amount,orders.id"),
            ("select -amount as a from orders", "a=orders.amount"),
            ("select interval '1 day' * id as i from orders", "i=orders.id"),
            (
                "from orders",
                "id=orders.id customer_id=orders.customer_id amount=orders.amount status=orders.status created_at=orders.created_at",
            ),
            ("from orders select id", "id=orders.id"),
            ("select list_transform(tags, x -> x + id) as l from events", "l=events.id,events.tags"),
            ("select addr.city as c, e.addr.zip.code as z from events e", "c=events.addr z=events.addr"),
            ("select {'a': id} as s from orders", "s=orders.id"),
            ("select id, amount from orders order by amount limit 1", "id=orders.id amount=orders.amount"),
            ("create table x as select id from orders", "id=orders.id"),
            ("create view x as select id from orders", "id=orders.id"),
            ("select max(id) + 1 from orders", "_col_0=orders.id"),
        ],
    );
}

#[test]
fn stars() {
    check(
        Dialect::DuckDb,
        &[
            (
                "select * from customers",
                "id=customers.id name=customers.name email=customers.email region=customers.region",
            ),
            (
                "select c.* from customers c",
                "id=customers.id name=customers.name email=customers.email region=customers.region",
            ),
            ("select * exclude (email, region) from customers", "id=customers.id name=customers.name"),
            (
                "select * replace (upper(name) as name) from customers",
                "id=customers.id name=customers.name email=customers.email region=customers.region",
            ),
            ("select * exclude (email, region, id), id as k from customers", "name=customers.name k=customers.id"),
            ("with c as (select id, name from customers) select * from c", "id=customers.id name=customers.name"),
            ("select * from (select id from orders) o, days", "id=orders.id day=days.day"),
            ("select * from raw", " *raw"),
            ("select *, amount as a from raw", "a=raw.amount *raw"),
            ("select a.*, r.x from days a, raw r", "day=days.day x=raw.x"),
            ("select * from raw, src", " *raw *src"),
            (
                "select * from days d join customers c on d.day = c.id",
                "day=days.day id=customers.id name=customers.name email=customers.email region=customers.region",
            ),
        ],
    );
    check(
        Dialect::Snowflake,
        &[
            (
                "select * rename (id as k) from days join tree on true",
                "day=days.day k=tree.id parent_id=tree.parent_id label=tree.label",
            ),
            ("select * exclude id from tree", "parent_id=tree.parent_id label=tree.label"),
            ("select * ilike '%id' from tree", "id=tree.id parent_id=tree.parent_id"),
        ],
    );
    check(Dialect::BigQuery, &[("select * except(label, id) from tree", "parent_id=tree.parent_id")]);
}

#[test]
fn ctes_and_derived_tables() {
    check(
        Dialect::DuckDb,
        &[
            ("with a as (select id from orders), b as (select id as k from a) select k from b", "k=orders.id"),
            ("with orders as (select id from orders) select id from orders", "id=orders.id"),
            ("with a(x) as (select id from orders) select x from a", "x=orders.id"),
            ("with a as (with b as (select id from orders) select * from b) select id from a", "id=orders.id"),
            (
                "with a as (select id from orders) select (with a as (select day from days) select max(day) from a) as d, id from a",
                "d=days.day id=orders.id",
            ),
            ("with a as (select id from customers) select x from a", "x= ?x:missing"),
            ("with a as (select nope from customers) select 1 as one", "one= ?nope:missing"),
            ("select d.k from (select id as k from orders) d", "k=orders.id"),
            ("select d.k from (select id from orders) d(k)", "k=orders.id"),
            ("with s as (select * from raw) select s.a, b from s", "a=raw.a b=raw.b"),
            ("with s as (select * from raw), t as (select *, a + 1 as c from s) select c, d from t", "c=raw.a d=raw.d"),
            ("with s as (select * exclude (a) from raw) select a from s", "a= ?a:missing"),
            ("with s as (select * from raw, src) select a from s", "a= ?a:open"),
            ("with s as (select * from raw where x > 1) select s.a from s left join orders o on s.k = o.id", "a=raw.a"),
            ("with a as (select sum(amount) as t from orders) select t from a", "t=orders.amount"),
            ("with s as (select * from raw) select x.a, y.b from s x join s y on x.k = y.k", "a=raw.a b=raw.b"),
            ("with u as (select id, id from orders) select id from u", "id= ?id:ambiguous"),
        ],
    );
}

#[test]
fn recursion() {
    check(
        Dialect::DuckDb,
        &[
            (
                "with recursive r as (select id, label from tree where parent_id is null union all select t.id, t.label from tree t join r on t.parent_id = r.id) select * from r",
                "id=tree.id label=tree.label",
            ),
            ("with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select n from r", "n="),
            (
                "with recursive r(a, b) as (select id, parent_id from tree union all select r.b, t.label from r join tree t on t.id = r.a) select a from r",
                "a=tree.id,tree.label,tree.parent_id",
            ),
            ("with recursive a as (select id from orders) select id from a", "id=orders.id"),
        ],
    );
}

#[test]
fn joins() {
    check(
        Dialect::DuckDb,
        &[
            (
                "select name, amount from orders o join customers c on c.id = o.customer_id",
                "name=customers.name amount=orders.amount",
            ),
            ("select id from orders o join customers c on c.id = o.customer_id", "id= ?id:ambiguous"),
            ("select id from orders join customers using (id)", "id=orders.id"),
            ("select id from orders left join customers using (id)", "id=orders.id"),
            ("select id from orders right join customers using (id)", "id=customers.id"),
            ("select id from orders full join customers using (id)", "id=customers.id,orders.id"),
            ("select customers.id from orders full join customers using (id)", "id=customers.id"),
            ("select id, day from tree natural join days", "id=tree.id day=days.day"),
            (
                "select amount, id from orders natural join (select id from customers) c",
                "amount=orders.amount id=orders.id",
            ),
            (
                "select * from tree join (select id, name from customers) c using (id)",
                "id=tree.id parent_id=tree.parent_id label=tree.label name=customers.name",
            ),
            (
                "select * from orders semi join customers c on c.id = orders.customer_id",
                "id=orders.id customer_id=orders.customer_id amount=orders.amount status=orders.status created_at=orders.created_at",
            ),
            ("select c.name from orders anti join customers c on c.id = orders.customer_id", "name= ?c.name:unbound"),
            ("select id from orders anti join customers c on c.id = orders.customer_id", "id=orders.id"),
            ("select day from days, orders", "day=days.day"),
            (
                "select l.s from customers c, lateral (select sum(amount) as s from orders where customer_id = c.id) l",
                "s=orders.amount",
            ),
            ("select l.r from customers c, lateral (select c.region as r) l", "r=customers.region"),
            ("select a.id as x, b.id as y from tree a join tree b on a.parent_id = b.id", "x=tree.id y=tree.id"),
            (
                "select region from orders o join customers c on c.id = o.customer_id join raw r on r.id = o.id",
                "region= ?region:open",
            ),
            ("select x from orders o join raw r on r.id = o.id", "x=raw.x"),
            ("select x from src s join raw r on r.id = s.id", "x= ?x:open"),
            ("select r.x, s.y from src s join raw r on r.id = s.id", "x=raw.x y=src.y"),
            (
                "select q.id from (orders o join customers c on c.id = o.customer_id) join payments q on q.order_id = o.id",
                "id=payments.id",
            ),
        ],
    );
    check(
        Dialect::TSql,
        &[
            (
                "select a.total from customers c cross apply (select sum(o.amount) as total from orders o where o.customer_id = c.id) a",
                "total=orders.amount",
            ),
            ("select total = amount from orders", "total=orders.amount"),
            ("select top 5 id from orders order by amount", "id=orders.id"),
            ("select datediff(day, created_at, getdate()) as d from orders", "d=orders.created_at"),
        ],
    );
    check(
        Dialect::Postgres,
        &[
            (
                "select * from tree join (select id, name from customers) c using (id)",
                "id=tree.id parent_id=tree.parent_id label=tree.label name=customers.name",
            ),
            ("select d.id from orders o, (select o.id) d", "id= ?o.id:unbound"),
            ("select l.r from customers c left join lateral (select c.region as r) l on true", "r=customers.region"),
        ],
    );
}

#[test]
fn lateral_aliases_by_dialect() {
    let sql = "select amount * 2 as dbl, dbl + 1 as more from orders";
    for dialect in [Dialect::Snowflake, Dialect::Redshift, Dialect::Databricks, Dialect::DuckDb, Dialect::ClickHouse] {
        check(dialect, &[(sql, "dbl=orders.amount more=orders.amount")]);
    }
    for dialect in [Dialect::Postgres, Dialect::BigQuery, Dialect::TSql, Dialect::Trino] {
        check(dialect, &[(sql, "dbl=orders.amount more= ?dbl:missing")]);
    }
    // The source's column comes first.
    check(
        Dialect::Snowflake,
        &[("select id as amount, amount + 1 as x from orders", "amount=orders.id x=orders.amount")],
    );
    check(Dialect::Snowflake, &[("select a / 100 as amt, amt * 2 as x from raw", "amt=raw.a x= ?amt:open")]);
    check(
        Dialect::DuckDb,
        &[
            ("select amount * 2 as dbl from orders where dbl > 1", "dbl=orders.amount"),
            (
                "select customer_id as c, sum(amount) as s from orders group by c having s > 1 order by s",
                "c=orders.customer_id s=orders.amount",
            ),
            (
                "select id, row_number() over (order by id) as rn from orders qualify rn = 1",
                "id=orders.id rn=orders.id:o",
            ),
        ],
    );
    check(
        Dialect::Postgres,
        &[
            ("select amount * 2 as dbl from orders where dbl > 1", "dbl=orders.amount ?dbl:missing"),
            ("select amount * 2 as dbl from orders order by dbl", "dbl=orders.amount"),
            ("select amount * 2 as dbl from orders group by dbl", "dbl=orders.amount"),
        ],
    );
}

#[test]
fn set_operations() {
    check(
        Dialect::DuckDb,
        &[
            ("select id from orders union all select id from customers", "id=customers.id,orders.id"),
            (
                "select id, amount from orders union select amount, id from payments",
                "id=orders.id,payments.amount amount=orders.amount,payments.id",
            ),
            (
                "select id, amount from orders union all by name select amount, id from payments",
                "id=orders.id,payments.id amount=orders.amount,payments.amount",
            ),
            ("select id from orders union by name select amount from payments", "id=orders.id amount=payments.amount"),
            ("select id from orders except select id from customers", "id=orders.id"),
            ("select id from orders intersect select id from customers", "id=customers.id,orders.id"),
            (
                "select id from orders union all select id from customers union all select id from payments",
                "id=customers.id,orders.id,payments.id",
            ),
            (
                "(select id from orders) union all (select id from customers) order by id limit 1",
                "id=customers.id,orders.id",
            ),
            (
                "select id, amount from orders union all select id from customers",
                "id=customers.id,orders.id amount=orders.amount ?union all of 2 and 1 columns:count",
            ),
            (
                "with u as (select id from orders union all select id from customers) select id from u",
                "id=customers.id,orders.id",
            ),
            (
                "select id from orders union all select id from customers order by nope",
                "id=customers.id,orders.id ?nope:missing",
            ),
            (
                "select * from orders union all select * from raw",
                "id=orders.id customer_id=orders.customer_id amount=orders.amount status=orders.status created_at=orders.created_at *raw",
            ),
        ],
    );
}

#[test]
fn subqueries() {
    check(
        Dialect::DuckDb,
        &[
            (
                "select (select max(amount) from orders o where o.customer_id = c.id) as m from customers c",
                "m=orders.amount",
            ),
            ("select (select max(c.region) from orders) as m from customers c", "m=customers.region"),
            ("select (select c.id + max(o.id) from orders o) as m from customers c", "m=customers.id,orders.id"),
            ("select exists (select 1 from orders o where o.customer_id = c.id) as e from customers c", "e="),
            ("select id in (select order_id from payments) as e from orders", "e=orders.id,payments.order_id"),
            (
                "select name from customers where id in (select customer_id from orders where nope = 1)",
                "name=customers.name ?nope:missing",
            ),
            (
                "select name from customers c where exists (select 1 from orders where customer_id = c.nope)",
                "name=customers.name ?c.nope:missing",
            ),
            (
                "select name from customers where exists (select 1 from orders where region = status)",
                "name=customers.name",
            ),
            (
                "select case when (select count(*) from orders) > 0 then name end as n from customers",
                "n=customers.name",
            ),
            ("select (select x from raw) as m from customers", "m=raw.x"),
            ("select (select name from raw r) as m from customers", "m= ?name:open"),
        ],
    );
}

#[test]
fn rows_from_arrays_and_functions() {
    check(
        Dialect::DuckDb,
        &[
            ("select t.tag from events e, unnest(e.tags) as t(tag)", "tag=events.tags"),
            ("select unnest(tags) as tag from events", "tag=events.tags"),
            ("select n from generate_series(1, 10) as g(n)", "n="),
            ("select generate_series from generate_series(1, 10)", "generate_series="),
            ("select * from (values (1, 'a'), (2, 'b')) v(id, label)", "id= label="),
            ("select v.x, o.id from orders o join (values (1)) v(x) on v.x = o.id", "x= id=orders.id"),
            ("select a from read_csv('x.csv')", "a= ?a:open"),
            ("select * from 'x.csv'", " *x.csv"),
        ],
    );
    check(
        Dialect::BigQuery,
        &[
            ("select t from events, unnest(tags) as t", "t=events.tags"),
            ("select t.sku as sku, e.id from events e, unnest(e.tags) as t", "sku=events.tags id=events.id"),
            ("select t, o from events, unnest(tags) as t with offset as o", "t=events.tags o="),
            ("select i.sku from events e, e.tags i", "sku=events.tags"),
            ("select id from `proj.shop.orders`", "id=orders.id"),
            ("select addr.city from events", "city=events.addr"),
            (
                "select date_trunc(created_at, day) as d, date_diff(created_at, created_at, week(monday)) as w from orders",
                "d=orders.created_at w=orders.created_at",
            ),
            ("select timestamp_trunc(created_at, hour) as d from orders", "d=orders.created_at"),
        ],
    );
    check(
        Dialect::Snowflake,
        &[
            (
                "select f.value:sku::string as sku, e.id from events e, lateral flatten(input => e.payload) f",
                "sku=events.payload id=events.id",
            ),
            ("select f.value from events e, table(flatten(e.payload)) f", "value=events.payload"),
            ("select payload:a.b::string as x from events", "x=events.payload"),
            ("select datediff(day, created_at, current_date) as d from orders", "d=orders.created_at"),
            ("select dateadd(month, 1, created_at) as d from orders", "d=orders.created_at"),
            ("select iff(status = 'x', amount, 0) as a from orders", "a=orders.amount,orders.status:c"),
        ],
    );
    check(
        Dialect::Databricks,
        &[
            ("select t.c from events lateral view explode(tags) t as c", "c=events.tags"),
            ("select c from events lateral view explode(tags) t as c", "c=events.tags"),
        ],
    );
    check(Dialect::ClickHouse, &[("select t from events array join tags as t", "t=events.tags")]);
    check(Dialect::Postgres, &[("select n from generate_series(1, 3) as n", "n=")]);
    check(
        Dialect::DuckDb,
        &[(
            "select * from (select status, amount from orders) pivot (sum(amount) for status in ('a', 'b'))",
            "a=orders.amount b=orders.amount",
        )],
    );
}

#[test]
fn never_invents() {
    check(
        Dialect::DuckDb,
        &[
            ("select nope from orders", "nope= ?nope:missing"),
            ("select o.nope from orders o", "nope= ?o.nope:missing"),
            ("select x.id from orders o", "id= ?x.id:unbound"),
            ("select orders.id from orders o", "id= ?orders.id:unbound"),
            ("select id from orders where nope = 1", "id=orders.id ?nope:missing"),
            ("select id from orders group by nope", "id=orders.id ?nope:missing"),
            ("select id from orders order by nope", "id=orders.id ?nope:missing"),
            ("select count(*) as n from orders having nope > 1", "n= ?nope:missing"),
            ("select id from orders qualify nope = 1", "id=orders.id ?nope:missing"),
            ("select o.id from orders o join customers c on c.nope = o.id", "id=orders.id ?c.nope:missing"),
            ("select id from unknown_table", "id=unknown_table.id"),
            ("select u.id from a.b.unknown_table u", "id=a.b.unknown_table.id"),
            ("with c as (select 1 as one) select c.two from c", "two= ?c.two:missing"),
            ("select nope.* from orders", " ?nope:unbound *?"),
        ],
    );
    check(Dialect::Snowflake, &[("select \"id\" from orders", "id= ?id:missing")]);
    check(Dialect::Snowflake, &[("select \"ID\" from orders", "ID=orders.id")]);
    check(Dialect::Postgres, &[("select \"ID\" from orders", "ID= ?ID:missing")]);
    check(Dialect::Postgres, &[("select ID, \"id\" from orders", "ID=orders.id id=orders.id")]);
    check(Dialect::Snowflake, &[("with a as (select id as \"k\" from orders) select k from a", "k= ?k:missing")]);
}
