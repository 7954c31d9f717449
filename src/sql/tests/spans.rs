//! Places: what a person is shown must be what they wrote.

use super::super::{Dialect, Span};
use super::analysis;

fn at(sql: &str, span: Span) -> &str {
    &sql[span.start..span.end]
}

#[test]
fn outputs_are_shown_where_they_are_computed() {
    let sql = "with base as (\n  select * from orders\n), calc as (\n  select id, /* é */ cast(amount as int) * 2 as dbl, customer_id from base\n)\nselect id, dbl, customer_id as c, not (id is null) as f from calc";
    let all = analysis(sql, Dialect::DuckDb);
    let texts: Vec<_> = all.outputs.iter().map(|one| at(sql, one.span)).collect();
    assert_eq!(texts, ["id", "cast(amount as int) * 2 as dbl", "customer_id", "not (id is null) as f"]);
    assert_eq!(all.outputs[1].span.line, 4);
    // The outermost reference, as this query's reader sees it.
    assert_eq!(at(sql, all.outputs[1].edges[0].span), "dbl");
    assert_eq!(all.outputs[1].edges[0].span.line, 6);
}

#[test]
fn items_with_words_that_end_lists_elsewhere() {
    let sql = "select distinct a.id is distinct from a.amount as x, extract(year from created_at) as y, (select max(day) from days) z from orders a";
    let texts: Vec<_> = analysis(sql, Dialect::DuckDb).outputs.iter().map(|one| at(sql, one.span).to_owned()).collect();
    assert_eq!(
        texts,
        ["a.id is distinct from a.amount as x", "extract(year from created_at) as y", "(select max(day) from days) z"]
    );
    let sql = "select * except (id), id + 1 as k from tree";
    let all = analysis(sql, Dialect::BigQuery);
    assert_eq!(at(sql, all.outputs[2].span), "id + 1 as k");
}

#[test]
fn references_reads_and_unresolved() {
    let sql = "select o.id\nfrom orders o\nwhere o.nope = 1 and o.status = 'é' and o.amount > 1";
    let all = analysis(sql, Dialect::DuckDb);
    assert_eq!(at(sql, all.unresolved[0].span), "o.nope");
    assert_eq!((all.unresolved[0].span.line, all.unresolved[0].span.column), (3, 7));
    assert_eq!(all.unresolved[0].candidates, ["id", "customer_id", "amount", "status", "created_at"]);
    let reads: Vec<_> = all.reads.iter().map(|one| at(sql, one.span)).collect();
    assert_eq!(reads, ["o.id", "o.status", "o.amount"]);
    assert_eq!(at(sql, all.relations[0].span), "orders");
    assert_eq!(all.clauses.iter().map(|one| one.span.line).collect::<Vec<_>>(), [3, 3, 3]);
}
