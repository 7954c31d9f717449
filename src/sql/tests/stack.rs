//! Nested texts of every length where the thread has little stack: one that is too small would end the process.

use super::super::{Dialect, analyze, functions, misuses, relations, statements};
use super::Shop;

/// What a thread of a pool has when nobody asks for more.
const STACK: usize = 2 << 20;

#[test]
fn short_and_nested() {
    let nested: &[(&str, &str, &str)] = &[
        ("(", "1", ")"),
        ("- ", "1", ""),
        ("not ", "true", ""),
        ("f(", "1", ")"),
        ("case when true then ", "1", " end"),
        ("(select ", "1", ")"),
        ("1 + ", "1", ""),
        ("", "1", "+1"),
        ("", "'a'", "||'a'"),
        ("", "id", "::int"),
        ("[", "1", "]"),
        ("exists (select 1 from orders where ", "true", ")"),
        ("1 in (", "1", ")"),
    ];
    let work = || {
        let mut read = 0;
        for (open, middle, close) in nested {
            for times in [1, 5, 20, 60, 120, 199, 230, 300, 450, 700, 1_000] {
                let sql = format!("select {}{middle}{} as x from orders", open.repeat(times), close.repeat(times));
                for dialect in [Dialect::DuckDb, Dialect::Snowflake] {
                    read += usize::from(analyze(&sql, dialect, &Shop).is_ok());
                    let _ = (statements(&sql, dialect), relations(&sql, dialect), functions(&sql, dialect));
                    let _ = misuses(&sql, dialect);
                }
            }
        }
        let joined = |n: usize| "(".repeat(n) + "orders" + &" cross join orders)".repeat(n);
        let united = |n: usize| "select 1 union all ".repeat(n) + "select 2";
        for times in [1, 20, 60, 120, 199, 300, 700] {
            for sql in [format!("select 1 as x from {}", joined(times)), united(times)] {
                read += usize::from(analyze(&sql, Dialect::DuckDb, &Shop).is_ok());
            }
        }
        read
    };
    let thread = std::thread::Builder::new().stack_size(STACK);
    let read =
        std::thread::scope(|scope| thread.spawn_scoped(scope, work).expect("a thread").join().expect("no panic"));
    // Chains and what nests less than the limit are answered, so the test is of the whole way.
    assert!(read > 150, "{read} texts answered");
}
