//! Exchanged tokens: every place is a place of the text, nothing is lost, nothing takes for ever.

use std::time::Instant;

use proptest::prelude::*;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::parse::tokens;
use super::super::{Dialect, analyze, functions, rewrite};
use super::{ALL, Shop};

const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "pivot",
    "unpivot",
    "on",
    "using",
    "sample",
    "10",
    "%",
    "percent",
    "tablesample",
    "reservoir",
    "asof",
    "positional",
    "join",
    "left",
    "semi",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ">>",
    "<<",
    "array",
    "struct",
    "row",
    "map",
    "as",
    "::",
    "?",
    ":",
    ",",
    ".",
    "*",
    "**",
    "^",
    "@",
    "#",
    "columns",
    "like",
    "glob",
    "~~",
    "in",
    "not",
    "for",
    "if",
    "x",
    "orders",
    "'s'",
    "filter",
    "ignore",
    "nulls",
    "group",
    "by",
    "into",
    "name",
    "value",
    "order",
    "limit",
    "json_query",
    "with",
    "default",
    "passing",
    "cast",
    "values",
    "trim",
    "leading",
    "safe",
    "model",
    "table",
    "system_time",
    "of",
    "format",
    "any",
    "all",
    "global",
    "option",
    "$",
    "-",
    ";",
    "é",
    "union",
];

fn significant(tokens: &[TokenWithSpan]) -> Vec<&TokenWithSpan> {
    tokens.iter().filter(|one| !matches!(one.token, Token::Whitespace(_) | Token::EOF)).collect()
}

/// Every place lies within the text's own places; every name, number and string of the text is still there or within
/// a token that stands for more.
fn check(sql: &str, dialect: Dialect) {
    let Ok(original) = tokens(sql, dialect.parser_dialect().as_ref()) else { return };
    let places = significant(&original);
    for rewritten in [rewrite::always(&original, dialect), rewrite::all(&original, dialect)].into_iter().flatten() {
        let made = significant(&rewritten);
        for one in &made {
            let starts =
                places.iter().any(|place| place.span.start <= one.span.start && one.span.start < place.span.end);
            let ends = places.iter().any(|place| place.span.start < one.span.end && one.span.end <= place.span.end);
            assert!(starts && ends, "{sql}: {one:?}");
        }
        for name in places.iter().filter(|one| matches!(&one.token, Token::Word(word) if word.value == "orders")) {
            let covers = |one: &&&TokenWithSpan| one.span.start <= name.span.start && name.span.end <= one.span.end;
            let literal = |one: &&&TokenWithSpan| matches!(one.token, Token::SingleQuotedString(_));
            assert!(made.iter().any(|one| covers(&one) || literal(&one)), "{sql}: {name:?} is lost");
        }
    }
}

#[test]
fn hostile_lengths() {
    for (piece, dialect) in [
        ("array<", Dialect::BigQuery),
        ("unpivot ", Dialect::BigQuery),
        ("from a-b ", Dialect::BigQuery),
        ("asof semi join ", Dialect::DuckDb),
        ("positional join ", Dialect::DuckDb),
        ("(pivot ", Dialect::DuckDb),
        ("(from ", Dialect::DuckDb),
        ("[x for ", Dialect::DuckDb),
        ("x.a().", Dialect::DuckDb),
        ("* like ", Dialect::DuckDb),
        ("using sample 1 ", Dialect::DuckDb),
        ("a: ", Dialect::DuckDb),
        ("as array<", Dialect::Trino),
        ("json_query(", Dialect::Trino),
        ("values 1,", Dialect::Trino),
        ("any join x on ", Dialect::ClickHouse),
        ("option(", Dialect::TSql),
        ("between symmetric ", Dialect::Postgres),
        ("rows 1 following exclude ties) ", Dialect::Postgres),
        ("left union all by name on (a) ", Dialect::BigQuery),
        ("union all corresponding ", Dialect::Trino),
        ("match_recognize(final a(", Dialect::Trino),
        ("(with a as b, ", Dialect::ClickHouse),
        ("array join a, ", Dialect::ClickHouse),
        ("a.1", Dialect::ClickHouse),
        ("x.a.", Dialect::TSql),
        ("parse(", Dialect::TSql),
        ("pivot (a for b ", Dialect::DuckDb),
        ("prior a.", Dialect::Snowflake),
        ("{*", Dialect::Snowflake),
        ("a is ", Dialect::Sqlite),
        ("a mod ", Dialect::MySql),
    ] {
        let sql = format!("select {}", piece.repeat(90_000 / piece.split(' ').count().max(3)));
        let start = Instant::now();
        let _ = analyze(&sql, dialect, &Shop);
        assert!(start.elapsed().as_secs() < 30, "{piece} took {:?}", start.elapsed());
    }
}

#[test]
fn queries_never_vanish() {
    // Whether or not such a text is read, no relation of it may go unseen.
    for (sql, dialect) in [
        ("pivot items on qty in (select id from orders), sku using sum(price)", Dialect::DuckDb),
        ("unpivot items on columns((select id from orders)) into name n value v", Dialect::DuckDb),
        ("select 1 from items using sample 10 (system, 1, (select id from orders))", Dialect::DuckDb),
        ("select json_query(sku, 'a' with (select id from orders) omit quotes) from items", Dialect::Trino),
        ("select cast(sku as array(select id from orders)) from items", Dialect::Trino),
        ("select sku from items option (select id from orders)", Dialect::TSql),
        ("select sku from items union all by name on (select id from orders) select 1", Dialect::BigQuery),
        (
            "select sum(qty) over (rows current (select id from orders) following exclude ties) from items",
            Dialect::Postgres,
        ),
        ("select parse((select id from orders) as date) from items", Dialect::TSql),
        ("with (select max(id) from orders) as m select m, sku from items", Dialect::ClickHouse),
        ("with (select max(id) from orders) as m select sku from items", Dialect::ClickHouse),
    ] {
        if let Ok(all) = analyze(sql, dialect, &Shop) {
            assert!(all.relations.iter().any(|one| one.id == "orders"), "{sql}");
        }
    }
}

#[test]
fn made_up_functions_are_not_called() {
    for (sql, dialect) in [
        ("select amount between symmetric 1 and 2 as b from orders", Dialect::Postgres),
        ("select id from events array join tags as t, addr as a", Dialect::ClickHouse),
        ("select x.n.value('@id', 'int') as i from events e cross apply e.payload.nodes('/a') as x(n)", Dialect::TSql),
        ("select approximate count(distinct id) as n from orders", Dialect::Redshift),
        ("pivot orders on status using sum(amount) group by customer_id", Dialect::DuckDb),
    ] {
        let called = functions(sql, dialect).expect("it is read");
        // Aggregates of a pivot have no place in the tree.
        for one in called.iter().filter(|one| one.span.known()) {
            assert_eq!(one.name, sql[one.span.start..one.span.end].to_lowercase(), "{sql}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn places_are_kept(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..40), pick in 0usize..14) {
        check(&words.join(" "), ALL[pick]);
        check(&words.concat(), ALL[pick]);
    }

    #[test]
    fn mutated_queries_are_answered(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..6),
        at in 0usize..40,
        pick in 0usize..14,
    ) {
        let sql = "select t: a.x + 1 , [ x for x in l if x > 1 ] , array<int64> [ 1 ] from orders a asof left join p on a.i = p.i where x in l using sample 10 %";
        let mut parts: Vec<&str> = sql.split(' ').collect();
        let at = at.min(parts.len());
        parts.splice(at..at, words);
        let sql = parts.join(" ");
        check(&sql, ALL[pick]);
        let _ = analyze(&sql, ALL[pick], &Shop);
    }
}
