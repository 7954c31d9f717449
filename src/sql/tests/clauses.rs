//! Clauses, join probes and reads.

use super::super::{ClauseKind, Dialect, OutputKind, columns_read};
use super::analysis;

fn clauses(sql: &str) -> Vec<String> {
    let shown = |one: &super::super::Clause| format!("{:?}: {}", one.kind, one.text);
    analysis(sql, Dialect::DuckDb).clauses.iter().map(shown).collect()
}

#[test]
fn in_reading_order_over_base_relations() {
    assert_eq!(
        clauses(
            "with paid as (select id, customer_id, amount from orders where status = 'paid' and amount > 0)\n\
             select c.region, sum(p.amount) as s from customers c left join paid p on p.customer_id = c.id\n\
             where c.region <> 'x' group by 1 having count(*) > 2 order by 1 limit 10"
        ),
        [
            "Filter: ('paid' = orders.status)",
            "Filter: (orders.amount > 0)",
            "Join: left join orders on (customers.id = orders.customer_id)",
            "Filter: ('x' <> customers.region)",
            "Group: group by customers.region",
            "Filter: having (count(*) > 2)",
            "Limit: limit 10",
        ]
    );
}

#[test]
fn kinds() {
    let kinds = |sql| analysis(sql, Dialect::DuckDb).clauses.iter().map(|one| one.kind).collect::<Vec<_>>();
    use ClauseKind::{Distinct, Filter, Group, Join, Limit, Other, SetOperation};
    assert_eq!(kinds("select distinct id from orders where id > 1"), [Distinct, Filter]);
    assert_eq!(kinds("select status, count(*) from orders group by 1"), [Group]);
    assert_eq!(kinds("select id from orders limit 1"), [Limit]);
    assert_eq!(kinds("select id from orders union select id from customers"), [SetOperation]);
    assert_eq!(kinds("select o.id from orders o, customers c"), [Join]);
    assert_eq!(kinds("select t.x from events e, unnest(e.tags) t(x)"), [Other, Join]);
    // What nothing reads decides nothing.
    assert_eq!(kinds("with u as (select id from customers where id > 1) select id from orders"), []);
    // Read through another CTE, and once however often it is read.
    let sql = "with a as (select id from orders where id > 1), b as (select id from a) select x.id from b x, b y, a z";
    assert_eq!(kinds(sql).iter().filter(|kind| **kind == Filter).count(), 1);
}

#[test]
fn join_probes() {
    let sql = "with pay as (select order_id, lower(method) as m from payments), big as (select * from orders where amount > 1)\n\
               select b.id from big b join pay p on b.id = p.order_id and lower(p.m) = b.status\n\
               left join (select id, region from customers) c on c.id = b.customer_id and c.region > 'a'";
    let all = analysis(sql, Dialect::DuckDb);
    let joins: Vec<_> = all.clauses.iter().filter_map(|one| one.join.as_ref()).collect();
    assert_eq!(joins[0].kind, "inner");
    assert_eq!(joins[0].right_sql, "pay");
    assert_eq!(
        joins[0].right_with,
        "with pay as (select order_id, lower(method) as m from payments), big as (select * from orders where amount > 1)"
    );
    assert_eq!(joins[0].right_keys, ["order_id", "lower(m)"]);
    assert_eq!(joins[0].right_keys_text, ["p.order_id", "lower(p.m)"]);
    assert_eq!(joins[0].right_tables, ["payments"]);
    assert!(joins[0].equi_only);
    assert_eq!(joins[1].kind, "left");
    assert_eq!(joins[1].right_sql, "(SELECT id, region FROM customers) as c");
    assert_eq!(joins[1].right_keys, ["id"]);
    assert!(!joins[1].equi_only);
    let all = analysis("select * from orders join main.customers c using (id)", Dialect::DuckDb);
    let join = all.clauses[0].join.as_ref().expect("a probe");
    assert_eq!((join.right_sql.as_str(), join.right_keys.as_slice()), ("main.customers", &["id".to_owned()][..]));
    assert_eq!(join.right_with, "");
    let all = analysis("select * from orders o, lateral (select o.id as x) l", Dialect::DuckDb);
    assert!(all.clauses.iter().all(|one| one.join.is_none()));
}

#[test]
fn reads_of_every_clause() {
    let read = |sql| {
        let all = columns_read(&analysis(sql, Dialect::DuckDb));
        all.into_iter().map(|(table, column)| format!("{table}.{column}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        read("select id from orders where status = 'x' order by created_at"),
        "orders.created_at orders.id orders.status"
    );
    assert_eq!(
        read(
            "select o.id from orders o join customers c on c.id = o.customer_id where c.region in (select method from payments where amount > 1)"
        ),
        "customers.id customers.region orders.customer_id orders.id payments.amount payments.method"
    );
    assert_eq!(
        read("select count(*) n from orders group by status having max(amount) > 1"),
        "orders.amount orders.status"
    );
    // A star reads what somebody then names, or what comes out at the end.
    assert_eq!(read("with s as (select * from orders) select id from s where amount > 1"), "orders.amount orders.id");
    assert_eq!(read("with s as (select * from days) select * from s"), "days.day");
    assert_eq!(read("select name from customers join orders using (id)"), "customers.id customers.name orders.id");
    assert_eq!(read("select x from raw where y > 1"), "raw.x raw.y");
}

#[test]
fn kinds_of_outputs_and_paths() {
    let all = analysis(
        "with a as (select customer_id, sum(amount / 100) as total from orders group by 1)\n\
         select customer_id, cast(customer_id as int) i, coalesce(total, 0) as t, rank() over (order by total) r, 1 as one, \
         upper('x') || customer_id as d from a",
        Dialect::DuckDb,
    );
    let kinds: Vec<_> = all.outputs.iter().map(|one| one.kind).collect();
    use OutputKind::{Aggregated, Cast, Constant, Derived, PassThrough, Windowed};
    assert_eq!(kinds, [PassThrough, Cast, Aggregated, Windowed, Constant, Derived]);
    assert_eq!(all.outputs[2].edges[0].via, ["coalesce", "sum"]);
    assert_eq!(all.outputs[2].expression, "coalesce(sum((orders.amount / 100)), 0)");
    assert_eq!(all.outputs[0].expression, "orders.customer_id");
}

#[test]
fn joins_say_what_ties_their_halves() {
    use super::super::JoinLink;
    let links = |sql: &str| {
        let joins = analysis(sql, Dialect::DuckDb).joins;
        joins.into_iter().map(|join| (join.kind.clone(), join.link, join)).collect::<Vec<_>>()
    };
    let of = |from: &str| {
        let all = links(&format!("select o.id from orders o {from}"));
        all.into_iter().map(|(kind, link, _)| (kind, link)).collect::<Vec<_>>()
    };
    let one = |kind: &str, link| vec![(kind.to_owned(), link)];
    assert_eq!(of(", customers c"), one("comma", JoinLink::None));
    assert_eq!(of(", customers c where o.customer_id = c.id"), one("comma", JoinLink::Equal));
    assert_eq!(of(", customers c where o.amount > 3 and c.region = 'x'"), one("comma", JoinLink::None));
    assert_eq!(of("cross join customers c"), one("cross", JoinLink::None));
    assert_eq!(of("join customers c on true"), one("inner", JoinLink::None));
    assert_eq!(of("join customers c on 1 = 1 and c.id = c.id"), one("inner", JoinLink::OneSided));
    assert_eq!(of("left join customers c on c.region = 'x'"), one("left", JoinLink::OneSided));
    assert_eq!(of("join customers c on o.customer_id > c.id"), one("inner", JoinLink::Condition));
    assert_eq!(of("join customers c on o.customer_id = c.id or o.id = c.id"), one("inner", JoinLink::Condition));
    assert_eq!(of("join customers c on contains(c.region, o.status)"), one("inner", JoinLink::Condition));
    assert_eq!(of("join customers c on nobody = c.id"), one("inner", JoinLink::Unknown));
    assert_eq!(of("join customers c using (id)"), one("inner", JoinLink::Equal));
    assert_eq!(of("cross join unnest([1, 2]) t(x)"), one("cross", JoinLink::Unknown));
    let sql = "with c as (select * from customers) select o.id from orders o join payments p on p.order_id = o.id and p.method = 'card' \
               left join c on upper(c.region) = upper(o.status) where o.amount > 3 and c.id > 1";
    let [(_, _, first), (_, _, second)] = <[_; 2]>::try_from(links(sql)).unwrap();
    assert_eq!((first.left.from.as_str(), first.right.from.as_str()), ("orders o", "payments p"));
    assert_eq!((first.left.keys, first.right.keys), (vec!["o.id".to_owned()], vec!["p.order_id".to_owned()]));
    assert_eq!(
        (first.left.conditions, first.right.conditions.clone()),
        (vec!["o.amount > 3".to_owned()], vec!["p.method = 'card'".to_owned()])
    );
    assert_eq!(second.left.from, "orders o JOIN payments p ON p.order_id = o.id AND p.method = 'card'");
    assert_eq!(
        (second.with.as_str(), second.right.conditions),
        ("with c as (select * from customers)", vec!["c.id > 1".to_owned()])
    );
}
