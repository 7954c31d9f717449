//! Text from strangers: an error or an answer, never a crash, a hang or an explosion.

use std::time::Instant;

use proptest::prelude::*;

use super::super::{Dialect, analyze, functions, relations, same_text, statements};
use super::{ALL, Shop};

fn all(sql: &str, dialect: Dialect) {
    let _ = analyze(sql, dialect, &Shop);
    let _ = statements(sql, dialect);
    let _ = relations(sql, dialect);
    let _ = functions(sql, dialect);
    let _ = same_text(sql, "select 1", dialect);
}

#[test]
fn deep_and_long_texts() {
    let deep =
        |open: &str, close: &str, n: usize| format!("select {}1{} as x from orders", open.repeat(n), close.repeat(n));
    for sql in [
        deep("(", ")", 20_000),
        deep("f(", ")", 5_000),
        deep("- ", "", 20_000),
        deep("not ", "", 20_000),
        deep("case when true then ", " end", 5_000),
        deep("(select ", ")", 2_000),
        format!("select {} as x from orders", vec!["id"; 50_000].join(" + ")),
        format!("select id from orders where {}", vec!["id = 1"; 20_000].join(" or ")),
        format!("select id from orders where id in ({})", vec!["1"; 50_000].join(",")),
        vec!["select id from orders"; 5_000].join(" union all "),
        format!("select x{} as y from events", "[1]".repeat(10_000)),
        format!("select payload{} as y from events", ".a".repeat(10_000)),
        "select ".repeat(10_000),
        "(".repeat(100_000),
    ] {
        let start = Instant::now();
        all(&sql, Dialect::DuckDb);
        assert!(start.elapsed().as_secs() < 60, "{} took {:?}", &sql[..40], start.elapsed());
    }
}

#[test]
fn doubling_texts() {
    // Each CTE uses the one before twice: written out, the last would have 2^40 parts.
    for (select, group) in [
        ("x + x", ""),
        ("coalesce(x, lower(x))", ""),
        ("max(x) + min(x)", " group by y"),
        ("case when x > 1 then x end", " limit 1"),
    ] {
        let mut sql = "with c0 as (select id as x, status as y from orders)".to_owned();
        for n in 1..40 {
            sql.push_str(&format!(", c{n} as (select {select} as x, y from c{}{group})", n - 1));
        }
        sql.push_str(" select x from c39");
        let start = Instant::now();
        let answer = analyze(&sql, Dialect::DuckDb, &Shop).expect("it is plain SQL");
        assert!(answer.outputs[0].edges.iter().any(|edge| edge.column == "id"));
        assert!(start.elapsed().as_secs() < 20, "{select} took {:?}", start.elapsed());
    }
    let mut sql = "with c0 as (select a.id from orders a)".to_owned();
    for n in 1..40 {
        sql.push_str(&format!(", c{n} as (select a.id from c{0} a join c{0} b on a.id = b.id)", n - 1));
    }
    sql.push_str(" select id from c39");
    let start = Instant::now();
    let _ = analyze(&sql, Dialect::DuckDb, &Shop);
    assert!(start.elapsed().as_secs() < 20, "joins took {:?}", start.elapsed());
}

const WORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "with",
    "recursive",
    "as",
    "a",
    "b",
    "orders",
    "raw",
    "*",
    "(",
    ")",
    ",",
    ".",
    "join",
    "left",
    "on",
    "using",
    "union",
    "all",
    "by",
    "name",
    "group",
    "order",
    "limit",
    "1",
    "'x'",
    "\"q\"",
    "case",
    "when",
    "then",
    "end",
    "over",
    "partition",
    "id",
    "status",
    "=",
    "and",
    "or",
    "not",
    "in",
    "exists",
    "lateral",
    "unnest",
    "values",
    "having",
    "qualify",
    "distinct",
    "[",
    "]",
    "::",
    "int",
    "->",
    "sum",
    "count",
    "é",
    ";",
    "pivot",
    "natural",
    "full",
];

/// One thing done to the tokens of a text.
#[derive(Debug, Clone)]
enum Edit {
    Drop(usize),
    Repeat(usize),
    Swap(usize, usize),
    Insert(usize, &'static str),
    /// Part of another case, in brackets.
    Graft(usize, usize, usize),
    /// A character of the whole text.
    Char(usize, char),
}

const INSERTS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">>",
    "'",
    "\"",
    "`",
    ",",
    ".",
    "::",
    ":",
    "->",
    "=>",
    "*",
    "**",
    "$1",
    "#1",
    "@",
    "--",
    "/*",
    "1e999",
    "\0",
    "select",
    "from",
    "with",
    "pivot",
    "unpivot",
    "columns(",
    "match_recognize (",
    "array<",
    "order by",
    "union all by name",
    "corresponding",
    "exclude ties",
    "between symmetric",
    "array join",
    "beside(",
    "prior",
    "lambda x:",
    "qualify",
    "asof join",
    "within group (",
    "grouping sets (",
    "lateral view",
    "values",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0usize..200;
    prop_oneof![
        at.clone().prop_map(Edit::Drop),
        at.clone().prop_map(Edit::Repeat),
        (at.clone(), at.clone()).prop_map(|(a, b)| Edit::Swap(a, b)),
        (at.clone(), proptest::sample::select(INSERTS)).prop_map(|(at, text)| Edit::Insert(at, text)),
        (at.clone(), 0usize..2_000, 0usize..80).prop_map(|(at, case, length)| Edit::Graft(at, case, length)),
        (0usize..400, any::<char>()).prop_map(|(at, char)| Edit::Char(at, char)),
    ]
}

fn edited(sql: &str, edits: &[Edit], others: &[super::cases::Case]) -> String {
    let mut parts: Vec<String> = sql.split_inclusive([' ', '(', ')', ',', '.']).map(str::to_owned).collect();
    for edit in edits.iter().filter(|_| !sql.is_empty()) {
        let place = |at: usize, parts: &[String]| at % parts.len().max(1);
        match edit {
            _ if parts.is_empty() => break,
            Edit::Drop(at) => drop(parts.remove(place(*at, &parts))),
            Edit::Repeat(at) => parts.insert(place(*at, &parts), parts[place(*at, &parts)].clone()),
            Edit::Swap(a, b) => {
                let (a, b) = (place(*a, &parts), place(*b, &parts));
                parts.swap(a, b);
            }
            Edit::Insert(at, text) => parts.insert(place(*at, &parts), format!(" {text} ")),
            Edit::Graft(at, case, length) => {
                let other: String = others[case % others.len()].sql.chars().take(*length).collect();
                parts.insert(place(*at, &parts), format!(" ({other}) "));
            }
            Edit::Char(at, char) => {
                let mut text: Vec<char> = parts.concat().chars().collect();
                let at = at % (text.len() + 1);
                text.insert(at, *char);
                parts = vec![text.into_iter().collect()];
            }
        }
    }
    parts.concat()
}

#[test]
fn mutated_cases_are_answered() {
    let cases = super::cases::cases();
    let config = ProptestConfig {
        cases: 3_000,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_125),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let inputs = (0usize..cases.len(), proptest::collection::vec(edit(), 1..5), 0usize..28);
    let run = proptest::test_runner::TestRunner::new(config).run(&inputs, |(at, edits, dialect)| {
        let case = &cases[at];
        let sql = edited(&case.sql, &edits, &cases);
        // Mostly as the dialect that it was written for.
        let dialect = ALL.get(dialect).copied().unwrap_or(case.dialect);
        let start = Instant::now();
        if let Err(error) = analyze(&sql, dialect, &super::cases::Store) {
            prop_assert!(!error.message.contains("internal error"), "{} {sql}", dialect.name());
        } else {
            let again = analyze(&sql, dialect, &super::cases::Store).expect("it was read once");
            for edge in again.outputs.iter().flat_map(|output| &output.edges) {
                let text = sql.get(edge.span.start..edge.span.end);
                prop_assert!(text.is_some_and(|text| !text.is_empty()), "{} {sql} {edge:?}", dialect.name());
            }
            let _ = (statements(&sql, dialect), relations(&sql, dialect), functions(&sql, dialect));
        }
        prop_assert!(start.elapsed().as_secs() < 20, "{} took {:?}: {sql}", dialect.name(), start.elapsed());
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn words_in_any_order(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..40), pick in 0usize..4) {
        let dialect = [Dialect::DuckDb, Dialect::Snowflake, Dialect::BigQuery, Dialect::Generic][pick];
        all(&words.join(" "), dialect);
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        all(&text, Dialect::DuckDb);
    }

    #[test]
    fn a_query_equals_itself(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..12)) {
        let sql = format!("select id, {} from orders o", words.join(" "));
        if let Ok(one) = analyze(&sql, Dialect::DuckDb, &Shop) {
            let again = analyze(&sql, Dialect::DuckDb, &Shop).expect("it did once");
            prop_assert_eq!(&one, &again);
            prop_assert_ne!(super::super::compare(&one, &again), super::super::Equivalence::Changed);
        }
    }
}
