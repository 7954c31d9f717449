//! The queries of a comparison, as text.

use super::grammar::Grammar;
use super::keyed::Join;
use super::schema::Pair;

/// One of the two relations.
pub struct Side<'a> {
    /// What can stand after FROM, without an alias.
    pub from: &'a str,
    /// The comparable form of a column over it.
    pub expression: fn(&Pair) -> String,
}

/// The reference and the candidate.
pub fn sides<'a>(reference: &'a str, candidate: &'a str) -> [Side<'a>; 2] {
    [
        Side { from: reference, expression: |p| p.reference.clone() },
        Side { from: candidate, expression: |p| p.candidate.clone() },
    ]
}

/// Expressions of some pairs, one by one.
pub fn each(pairs: &[Pair], which: &[usize], form: impl Fn(&Pair) -> String) -> Vec<String> {
    which.iter().map(|&i| form(&pairs[i])).collect()
}

/// Expressions of some pairs, with commas.
pub fn list(pairs: &[Pair], which: &[usize], form: impl Fn(&Pair) -> String) -> String {
    each(pairs, which, form).join(", ")
}

/// Buckets of rows; a power of two. More of them cost more to group by, fewer leave more rows to join.
pub const BUCKETS: u64 = 4_096;

/// Per bucket of keys: rows, and the sum of hashes over the key and the columns `rest`. The hash of the key is the first
/// part of the row's, so that long keys are hashed once.
fn fingerprint(pairs: &[Pair], key: &[usize], rest: &[usize], side: &Side<'_>, grammar: Grammar) -> String {
    let by_key = grammar.hash(&each(pairs, key, side.expression));
    let row = if rest.is_empty() {
        by_key.clone()
    } else {
        grammar.hash(&[by_key.clone(), grammar.hash(&each(pairs, rest, side.expression))])
    };
    format!(
        "select {} as b, count(*) as n, {} as s from {} as t group by 1",
        grammar.bucket(&by_key, BUCKETS),
        grammar.hash_sum(&row),
        side.from
    )
}

/// Rows of both sides in all, buckets in all, buckets that differ in the key or the columns `rest`, rows of both sides in
/// those, and their numbers with commas.
pub fn fingerprints(what: &Join<'_>, rest: &[usize], grammar: Grammar) -> String {
    let Join { pairs, key, sides } = *what;
    let differs = format!("not ({} and {})", grammar.same("l.n", "r.n"), grammar.same("l.s", "r.s"));
    format!(
        "select {}, {}, count(*), {}, {}, {}, {} from ({}) as l full join ({}) as r on l.b = r.b",
        grammar.integer("coalesce(sum(l.n), 0)"),
        grammar.integer("coalesce(sum(r.n), 0)"),
        grammar.count_if(&differs),
        grammar.integer(&format!("coalesce(sum(case when {differs} then l.n end), 0)")),
        grammar.integer(&format!("coalesce(sum(case when {differs} then r.n end), 0)")),
        grammar.list_if("coalesce(l.b, r.b)", &differs),
        fingerprint(pairs, key, rest, &sides[0], grammar),
        fingerprint(pairs, key, rest, &sides[1], grammar),
    )
}

/// Whether both rows are there.
pub const BOTH: &str = "l.p = 1 and r.p = 1";

/// What the join says of one pair, as names within it.
pub struct Joined {
    /// Whether the values are the very same.
    pub exact: String,
    /// Whether the values count as equal.
    pub equal: String,
    /// Whether the values differ, both rows being there.
    pub differs: String,
    /// Absolute difference of finite numbers.
    pub absolute: Option<String>,
    /// Relative difference.
    pub relative: Option<String>,
}

/// The names and conditions of the `i`-th pair in [`join`].
pub fn joined(pair: &Pair, i: usize, grammar: Grammar) -> Joined {
    let exact = grammar.same(&format!("l.v{i}"), &format!("r.v{i}"));
    let (a, b) = doubles(pair, i, grammar);
    let finite = format!("{} and {}", grammar.finite(&a), grammar.finite(&b));
    // Without the finiteness, inf would be within 1e-9 of 5; without coalesce, NULL against a value would pass unseen.
    let equal = match pair.tolerance {
        Some((relative, absolute)) => {
            let within = grammar.within(&a, &b, relative, absolute);
            format!("({exact} or coalesce(case when {finite} then {within} end, false))")
        }
        None => format!("({exact})"),
    };
    let exact = format!("({exact})");
    let number = |form: String| pair.numbers.as_ref().map(|_| format!("case when {finite} then {form} end"));
    Joined {
        exact,
        differs: format!("({BOTH} and not {equal})"),
        equal,
        absolute: number(grammar.gap(&a, &b)),
        relative: number(grammar.relative(&a, &b)),
    }
}

/// Both values of the `i`-th pair as doubles, as names in [`join`].
pub fn doubles(pair: &Pair, i: usize, grammar: Grammar) -> (String, String) {
    let double = |side: &str| match as_it_stands(pair, grammar) {
        true => grammar.double(&format!("{side}.v{i}")),
        false => format!("{side}.d{i}"),
    };
    (double("l"), double("r"))
}

/// The join of both prepared sides by key.
pub fn join(key: &[usize], left: &str, right: &str) -> String {
    let on: Vec<String> = (0..key.len()).map(|n| format!("l.k{n} = r.k{n}")).collect();
    format!("{left} as l full join {right} as r on {}", on.join(" and "))
}

/// Whether the value as a double follows from the comparable form, so that it need not be carried through the join.
fn as_it_stands(pair: &Pair, grammar: Grammar) -> bool {
    let double = |x: &str| grammar.double(x);
    pair.numbers == Some((double(&pair.reference), double(&pair.candidate)))
}

/// One side (0, 1) as [`join`] needs it, a query: `k<i>` for the i-th key column, of each pair in `read` `v<i>` for the
/// comparable form and `d<i>` for it as a double, and `p` = 1. With `buckets`, only the rows in those.
pub fn prepared(what: &Join<'_>, side: usize, read: &[usize], buckets: Option<&str>, grammar: Grammar) -> String {
    let Join { pairs, key, sides } = *what;
    let (from, form) = (sides[side].from, sides[side].expression);
    let mut items = vec!["1 as p".to_owned()];
    items.extend(key.iter().enumerate().map(|(n, &i)| format!("{} as k{n}", form(&pairs[i]))));
    for &i in read {
        items.push(format!("{} as v{i}", form(&pairs[i])));
        if let Some((l, r)) = pairs[i].numbers.as_ref().filter(|_| !as_it_stands(&pairs[i], grammar)) {
            items.push(format!("{} as d{i}", if side == 0 { l } else { r }));
        }
    }
    let only = buckets.map(|buckets| {
        let hash = grammar.hash(&each(pairs, key, form));
        format!(" where {} in ({buckets})", grammar.bucket(&hash, BUCKETS))
    });
    format!("select {} from {from} as t{}", items.join(", "), only.unwrap_or_default())
}

/// The rows that do not stand equally often on both sides, with how often more on the reference's (`d`).
pub fn multiset(pairs: &[Pair], which: &[usize], sides: &[Side<'_>; 2]) -> String {
    let side = |side: &Side<'_>, sign: i8| {
        let items: Vec<String> = which.iter().map(|&i| format!("{} as v{i}", (side.expression)(&pairs[i]))).collect();
        format!("select {}, {sign} as s from {} as t", items.join(", "), side.from)
    };
    let names: Vec<String> = which.iter().map(|i| format!("v{i}")).collect();
    let names = names.join(", ");
    format!(
        "select {names}, sum(s) as d from ({} union all {}) as u group by {names} having sum(s) <> 0",
        side(&sides[0], 1),
        side(&sides[1], -1)
    )
}
