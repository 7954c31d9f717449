use super::super::{Dialect, tests::analysis};
use super::*;

fn merge(base: &str, head: &str) -> Merge {
    let (old, new) = (analysis(base, Dialect::DuckDb), analysis(head, Dialect::DuckDb));
    let version = |sql, relations| Version { sql, relations };
    Merge::new(version(base, &old.relations), version(head, &new.relations), Dialect::DuckDb).unwrap()
}

const WAY: Way = Way { emptied: true, both_columns: true, towards_head: true };

fn written(merge: &Merge, made: &dyn Fn(usize) -> bool) -> String {
    merge.sql(made, WAY, &|id| format!("main.{id}")).unwrap().to_lowercase()
}

fn kinds(base: &str, head: &str) -> Vec<EditKind> {
    merge(base, head).edits().iter().map(|edit| edit.kind).collect()
}

#[test]
fn what_is_written_alike_has_no_edit() {
    for sql in [
        "select o.id from orders o left join customers c on c.id = o.customer_id where o.amount > 1 and o.status = 'x'",
        "with a as (select * from orders), b as (select id from a group by 1) select * from b union all select id from a limit 3",
        "select distinct on (customer_id) * from orders qualify row_number() over (order by id) = 1",
    ] {
        assert_eq!(kinds(sql, sql), [], "{sql}");
        let spaced = sql.replace(' ', "\n  ").to_uppercase().replace("'X'", "'x'");
        assert_eq!(kinds(sql, &spaced), [], "{spaced}");
    }
    // Aliases, qualifiers and names of WITH entries are no difference.
    let base = "with x as (select * from orders) select x.id from x left join customers on customers.id = customer_id";
    let head = "with y as (select * from orders) select q.id from y as q left join customers c on c.id = q.customer_id";
    assert_eq!(kinds(base, head), []);
}

#[test]
fn each_edit_alone_gives_a_query() {
    let base = "select o.id from orders o where o.amount > 1 and o.status = 'x'";
    let head = "select o.id, c.region from orders o join customers c on c.id = o.customer_id where o.amount > 5 and c.region = 'r'";
    let merge = merge(base, head);
    let kinds: Vec<_> =
        merge.edits().iter().map(|edit| (edit.kind, edit.base.is_some(), edit.head.is_some())).collect();
    use EditKind::{Join, Where};
    assert_eq!(kinds, [(Join, false, true), (Where, true, true), (Where, false, true), (Where, true, false)]);
    assert_eq!(
        written(&merge, &|_| false).matches("false").count(),
        2,
        "the join that is not made is there without rows"
    );
    let amount = written(&merge, &|at| at == 1);
    assert!(
        amount.contains("o.amount > 5") && amount.contains("o.status = 'x'") && amount.contains("main.orders o"),
        "{amount}"
    );
    // The condition on the joined relation comes with the join.
    assert_eq!(merge.edits()[2].needs(merge.edits()), [0]);
    assert_eq!(merge.edits()[1].needs(merge.edits()), Vec::<usize>::new());
}

#[test]
fn a_join_that_goes_takes_its_conditions_along() {
    let head = "select o.id from orders o";
    let merge = merge("select o.id from orders o join customers c on c.id = o.customer_id where c.region = 'r'", head);
    let kinds: Vec<_> = merge.edits().iter().map(|edit| edit.kind).collect();
    assert_eq!(kinds, [EditKind::Join, EditKind::Where]);
    assert_eq!(merge.edits()[0].needs(merge.edits()), [1]);
}

#[test]
fn conditions_are_paired_by_what_they_read() {
    let of = |base: &str, head: &str| {
        let sql = |filter: &str| format!("select id from orders where {filter}");
        let merge = merge(&sql(base), &sql(head));
        let text = |part: &Option<Part>| part.as_ref().map_or("-".to_owned(), |part| part.text.clone());
        merge.edits().iter().map(|edit| format!("{} > {}", text(&edit.base), text(&edit.head))).collect::<Vec<_>>()
    };
    assert_eq!(of("id > 1 and amount > 2", "amount > 3 and id > 1"), ["amount > 2 > amount > 3"]);
    assert_eq!(
        of("status = 'a' and amount > 2", "status = 'a' or amount > 2"),
        ["status = 'a' and amount > 2 > status = 'a' or amount > 2"]
    );
    assert_eq!(of("status = 'a'", "amount > 2"), ["- > amount > 2", "status = 'a' > -"]);
    assert_eq!(of("true and id > 1", "id > 1 and 1 = 1"), Vec::<String>::new());
}

#[test]
fn layers_and_operands_are_matched() {
    let base = "with src as (select * from orders) select id from src";
    let head = "with src as (select * from orders), n as (select *, 1 as rn from src), d as (select * from n where rn = 1) select id from d";
    assert_eq!(kinds(base, head), [EditKind::Where]);
    assert_eq!(kinds(head, base), [EditKind::Where]);
    let union = "select id from orders union all select id from customers union all select id from payments";
    assert_eq!(kinds(union, "select id from orders union all select id from payments"), [EditKind::Branch]);
    assert_eq!(kinds(union, &union.replacen("union all", "union", 1)), [EditKind::SetOperator]);
    assert_eq!(kinds("select id from orders", union), [EditKind::Branch, EditKind::Branch]);
}
