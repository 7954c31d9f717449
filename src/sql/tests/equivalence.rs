//! What must be called equal, and its nearest twins that must not.

use super::super::{Dialect, Equivalence, compare};
use super::analysis;

fn check(dialect: Dialect, expected: Equivalence, pairs: &[(&str, &str)]) {
    let wrong: Vec<String> = pairs
        .iter()
        .filter_map(|(left, right)| {
            let (base, head) = (analysis(left, dialect), analysis(right, dialect));
            let got = compare(&base, &head);
            (got != expected).then(|| {
                let show = |analysis: &super::Analysis| {
                    let columns: Vec<_> =
                        analysis.outputs.iter().map(|one| format!("{}: {}", one.key, one.expression)).collect();
                    format!("    {:?} | {}\n", analysis.row_shape, columns.join(" ; "))
                };
                format!("{left}\n{right}\n  expected {expected:?}, got {got:?}\n{}{}", show(&base), show(&head))
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn equal_pairs() {
    check(
        Dialect::DuckDb,
        Equivalence::Equivalent,
        &[
            ("select id from orders", "SELECT o.ID as id /* x */ FROM Orders AS o"),
            (
                "with a as (select id from orders) select id from a",
                "with b as (select id from orders) select id from b",
            ),
            ("with a as (select id from orders) select id from a", "select id from orders"),
            ("with a as (select * from orders) select id, amount from a", "select id, amount from orders"),
            (
                "with a as (select id, amount as x from orders), b as (select id, x from a) select id, x * 2 as y from b",
                "select id, amount * 2 as y from orders",
            ),
            ("select id from orders", "with unused as (select * from customers) select id from orders"),
            (
                "select status, sum(amount) as s from orders group by 1",
                "select status, sum(amount) as s from orders group by status",
            ),
            (
                "select upper(status) as u, count(*) as n from orders group by u",
                "select upper(status) as u, count(*) as n from orders group by upper(status)",
            ),
            (
                "select status, customer_id, count(*) n from orders group by 1, 2",
                "select status, customer_id, count(*) n from orders group by customer_id, status",
            ),
            (
                "select status, sum(amount) as s from orders group by all",
                "select status, sum(amount) as s from orders group by 1",
            ),
            ("select id from orders where status <> 'x'", "select id from orders where status != 'x'"),
            (
                "select id from orders where status = 'x' and amount > 1",
                "select id from orders where (amount > 1) and ('x' = status)",
            ),
            ("select id from orders where status in ('a', 'b')", "select id from orders where status in ('b', 'a')"),
            (
                "select id from orders where status = 'a' or id = 1",
                "select id from orders where id = 1 or status = 'a'",
            ),
            ("select cast(amount as int) a from orders", "select amount::integer as a from orders"),
            (
                "select o.id from orders o join customers c on o.customer_id = c.id",
                "select orders.id from orders inner join customers on customers.id = orders.customer_id",
            ),
            (
                "select o.id from orders o left join customers c on o.customer_id = c.id",
                "select o.id from orders o left outer join customers c on (o.customer_id = c.id)",
            ),
            (
                "select o.id from orders o join customers c on o.customer_id = c.id",
                "select o.id from orders o, customers c where o.customer_id = c.id",
            ),
            (
                "select o.id from orders o join customers c on o.customer_id = c.id and c.region = 'x'",
                "select o.id from orders o join customers c on o.customer_id = c.id where c.region = 'x'",
            ),
            (
                "with c as (select id, region from customers where region = 'x') select o.id from orders o left join c on c.id = o.customer_id",
                "select o.id from orders o left join customers c on c.id = o.customer_id and c.region = 'x'",
            ),
            (
                "with f as (select status, sum(amount) as s from orders group by 1) select * from f",
                "select status, sum(amount) as s from orders group by 1",
            ),
            (
                "with f as (select status, sum(amount) as s from orders group by 1) select status, s / 2 as h from f",
                "select status, sum(amount) / 2 as h from orders group by 1",
            ),
            (
                "with f as (select status, sum(amount) as s from orders group by 1) select * from f where s > 3",
                "select status, sum(amount) as s from orders group by 1 having sum(amount) > 3",
            ),
            (
                "with r as (select id, row_number() over (partition by customer_id order by created_at) as rn from orders) select id from r where rn = 1",
                "select id from orders qualify row_number() over (partition by customer_id order by created_at) = 1",
            ),
            (
                "with src as (select * from orders), ren as (select id, amount / 100 as amt from src), fin as (select * from ren) select * from fin",
                "select id, amount / 100 as amt from orders",
            ),
            ("select id from orders order by id", "select id from orders"),
            (
                "select distinct status, id from orders",
                "select distinct s as status, i as id from (select status as s, id as i from orders)",
            ),
            (
                "with a as (select sum(amount) as t, customer_id from orders group by 2) select c.id, a.t from customers c left join a on a.customer_id = c.id",
                "with agg as (select customer_id, sum(amount) as total from orders group by customer_id) select cu.id, agg.total as t from customers cu left outer join agg on cu.id = agg.customer_id",
            ),
            (
                "select id from orders union all select id from customers",
                "with a as (select id from orders), b as (select id from customers) select * from a union all select * from b",
            ),
            (
                "with u as (select id from orders union all select id from customers) select * from u",
                "select id from orders union all select id from customers",
            ),
            (
                "select case when status = 'x' then 1 end as c from orders",
                "select case when ('x' = status) then 1 else null end as c from orders",
            ),
            (
                "select id from orders o where exists (select 1 from customers c where c.id = o.customer_id)",
                "select id from orders where exists (select customers.name from customers where orders.customer_id = customers.id)",
            ),
            (
                "select id from orders where customer_id in (select id from customers where region = 'x')",
                "with x as (select id from customers where region = 'x') select id from orders where customer_id in (select id from x)",
            ),
            (
                "select a.id x, b.id y from tree a join tree b on a.parent_id = b.id",
                "with t as (select * from tree) select l.id x, r.id y from t l join t r on l.parent_id = r.id",
            ),
            (
                "with recursive r as (select id from tree where parent_id is null union all select t.id from tree t join r on t.parent_id = r.id) select * from r",
                "with recursive x as (select id from tree where parent_id is null union all select c.id from tree c inner join x on x.id = c.parent_id) select id from x",
            ),
            (
                "select id, sum(amount) over (partition by customer_id, status) s from orders",
                "select id, sum(amount) over (partition by status, customer_id) s from orders",
            ),
            (
                "select id, sum(amount) over w s from orders window w as (partition by status)",
                "select id, sum(amount) over (partition by status) s from orders",
            ),
            ("select a + b as c from (select amount as a, id as b from orders)", "select id + amount as c from orders"),
            (
                "select id from orders join customers using (id)",
                "select orders.id from orders join customers on customers.id = orders.id",
            ),
            (
                "select date_trunc('day', created_at) d from orders",
                "select DATE_TRUNC('day', created_at) as d from orders",
            ),
            (
                "with l as (select id from orders order by id limit 5) select id from l",
                "select id from orders order by id asc limit 5",
            ),
            (
                "select lower(c.name) as n from orders o left join customers c on c.id = o.customer_id",
                "with c as (select id, name from customers) select lower(c.name) as n from orders o left join c on c.id = o.customer_id",
            ),
        ],
    );
}

#[test]
fn changed_pairs() {
    check(
        Dialect::DuckDb,
        Equivalence::Changed,
        &[
            ("select id from orders", "select customer_id as id from orders"),
            ("select id from orders", "select id as k from orders"),
            ("select id, amount from orders", "select amount, id from orders"),
            (
                "select o.id from orders o left join customers c on c.id = o.customer_id and c.region = 'x'",
                "select o.id from orders o left join customers c on c.id = o.customer_id where c.region = 'x'",
            ),
            (
                "with c as (select * from customers where region = 'x') select o.id from orders o left join c on c.id = o.customer_id",
                "select o.id from orders o left join customers c on c.id = o.customer_id where c.region = 'x'",
            ),
            (
                "select o.id from orders o left join customers c on c.id = o.customer_id",
                "select o.id from orders o join customers c on c.id = o.customer_id",
            ),
            (
                "select o.id from orders o left join customers c on c.id = o.customer_id",
                "select o.id from orders o right join customers c on c.id = o.customer_id",
            ),
            (
                "select o.id from orders o full join customers c on c.id = o.customer_id",
                "select o.id from orders o left join customers c on c.id = o.customer_id",
            ),
            (
                "select case when amount > 10 then 'a' when amount > 5 then 'b' end x from orders",
                "select case when amount > 5 then 'b' when amount > 10 then 'a' end x from orders",
            ),
            ("select least(amount * 2, 100) as s from orders", "select amount * 2 as s from orders"),
            ("select amount as s from orders", "select cast(amount as int) as s from orders"),
            ("select coalesce(amount, 0) as s from orders", "select amount as s from orders"),
            ("select count(id) as n from orders", "select count(*) as n from orders"),
            ("select count(id) as n from orders", "select count(distinct id) as n from orders"),
            (
                "select id from orders union all select id from customers",
                "select id from orders union select id from customers",
            ),
            ("select status from orders", "select distinct status from orders"),
            (
                "select id from orders where status = 'a' and amount > 1",
                "select id from orders where status = 'a' or amount > 1",
            ),
            ("select id from orders where status = 'A'", "select id from orders where status = 'a'"),
            ("select amount / 100 as a from orders", "select amount / 100.0 as a from orders"),
            ("select amount - id as a from orders", "select id - amount as a from orders"),
            ("select id from orders where amount > 1", "select id from orders where amount >= 1"),
            ("select id from orders limit 5", "select id from orders limit 6"),
            ("select id from orders order by id limit 5", "select id from orders order by amount limit 5"),
            ("select id from orders order by id limit 5", "select id from orders limit 5"),
            (
                "select sum(amount) as s from orders group by status",
                "select sum(amount) as s from orders group by status, customer_id",
            ),
            ("select sum(amount) as s from orders", "select sum(amount) as s from orders group by status"),
            (
                "select id, row_number() over (order by id) as rn from orders where status = 'x'",
                "with r as (select id, status, row_number() over (order by id) as rn from orders) select id, rn from r where status = 'x'",
            ),
            (
                "select sum(amount) over (partition by status order by id) s from orders",
                "select sum(amount) over (partition by status) s from orders",
            ),
            (
                "select sum(amount) over (order by id desc) s from orders",
                "select sum(amount) over (order by id) s from orders",
            ),
            (
                "with l as (select * from orders order by id limit 5) select id from l where status = 'x'",
                "select id from orders where status = 'x' order by id limit 5",
            ),
            (
                "with d as (select distinct status, amount from orders) select status from d",
                "select distinct status from orders",
            ),
            (
                "with a as (select id, coalesce(region, 'x') as r from customers) select a.r from orders o left join a on a.id = o.customer_id",
                "select coalesce(c.region, 'x') as r from orders o left join customers c on c.id = o.customer_id",
            ),
            ("select o.id from orders o join customers c on c.id = o.customer_id", "select o.id from orders o"),
            (
                "select o.id from orders o join customers c on c.id = o.customer_id",
                "select o.id from orders o join customers c on c.id = o.id",
            ),
            (
                "select a.id x, b.id y from tree a join tree b on a.parent_id = b.id",
                "select b.id x, a.id y from tree a join tree b on a.parent_id = b.id",
            ),
            (
                "select a.label x from tree a left join tree b on a.parent_id = b.id",
                "select b.label x from tree a left join tree b on a.parent_id = b.id",
            ),
            (
                "select id from orders where customer_id in (select id from customers)",
                "select id from orders where customer_id not in (select id from customers)",
            ),
            ("select id from orders where not (status = 'x')", "select id from orders where status = 'x'"),
            (
                "select id from orders where not (status = 'x')",
                "select id from orders where status <> 'x' or status is null",
            ),
            (
                "select id from orders except select id from customers",
                "select id from customers except select id from orders",
            ),
            ("with a as (select sum(amount) as s from orders) select s from a", "select amount as s from orders"),
            (
                "select x from (select max(amount) as x, status from orders group by 2) where status = 'a'",
                "select max(amount) as x from orders where status = 'a'",
            ),
            (
                "select status, sum(amount) s from orders group by status having sum(amount) > 1",
                "select status, sum(amount) s from orders where amount > 1 group by status",
            ),
            ("select round(amount, 1) a from orders", "select round(amount, 2) a from orders"),
            (
                "select count(*) n from orders o left join payments p on p.order_id = o.id",
                "select count(*) n from orders o",
            ),
            (
                "with u as (select id as k from orders union all select id from customers) select k from u where k > 1",
                "select id as k from orders union all select id from customers where id > 1",
            ),
            (
                "select exists (select 1 from orders) e from customers",
                "select not exists (select 1 from orders) e from customers",
            ),
            (
                "select (select max(amount) from orders o where o.customer_id = c.id) m from customers c",
                "select (select max(amount) from orders o where o.id = c.id) m from customers c",
            ),
            ("with f as (select id, unnest(tags) t from events) select id from f", "select id from events"),
            (
                "with w as (select id, sum(id) over () s from (select id from orders limit 3)) select s from w",
                "select s from (select id, sum(id) over () s from orders limit 3)",
            ),
            (
                "select o.id from orders o semi join customers c on c.id = o.customer_id",
                "select o.id from orders o join customers c on c.id = o.customer_id",
            ),
        ],
    );
}

#[test]
fn not_decided() {
    check(
        Dialect::DuckDb,
        Equivalence::Undecided,
        &[
            ("select * from raw", "select * from raw"),
            ("select nope from orders", "select nope from orders"),
            ("select random() as r from orders", "select random() as r from orders"),
            ("select id from orders using sample 5 rows", "select id from orders using sample 5 rows"),
            (
                "select * from (select status, amount from orders) pivot (sum(amount) for status in ('a'))",
                "select * from (select status, amount from orders) pivot (sum(amount) for status in ('a'))",
            ),
        ]
        .iter()
        .filter(|(sql, _)| super::analyze(sql, Dialect::DuckDb, &super::Shop).is_ok())
        .copied()
        .collect::<Vec<_>>(),
    );
}

#[test]
fn equal_over_open_relations_when_columns_are_named() {
    check(
        Dialect::Snowflake,
        Equivalence::Equivalent,
        &[
            (
                "with s as (select * from raw), r as (select id, amount / 100 as amt from s) select * from r",
                "select id, amount / 100 as amt from raw",
            ),
            (
                "select id as k, count(*) n from raw group by 1",
                "with s as (select * from raw) select id as k, count(*) n from s group by id",
            ),
        ],
    );
    check(
        Dialect::Snowflake,
        Equivalence::Changed,
        // Whether `day` is the alias or a column of `raw` is not known.
        &[(
            "select date_trunc('day', ts) as day, count(*) n from raw group by day",
            "select date_trunc('day', ts) as day, count(*) n from raw group by 1",
        )],
    );
}

#[test]
fn quoted_names_differ_where_case_matters() {
    check(
        Dialect::Snowflake,
        Equivalence::Changed,
        &[("select id as \"k\" from orders", "select id as k from orders")],
    );
    check(
        Dialect::Snowflake,
        Equivalence::Equivalent,
        &[("select id as \"K\" from orders", "select id as k from orders")],
    );
}

#[test]
fn spelling_of_names_in_open_relations() {
    check(
        Dialect::Snowflake,
        Equivalence::Equivalent,
        &[("select ID as k from RAW where \"AMT\" > 1", "select id as k from raw where amt > 1")],
    );
    check(Dialect::Snowflake, Equivalence::Changed, &[("select \"id\" as k from raw", "select id as k from raw")]);
    check(Dialect::DuckDb, Equivalence::Changed, &[("select \"a + b\" as k from raw", "select a + b as k from raw")]);
}
