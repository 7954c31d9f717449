//! The queries of a comparison, as text.

use super::schema::Pair;
use crate::engine::quoted;

/// One of the two relations.
pub struct Side<'a> {
    /// What can stand after FROM.
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

/// Expressions of some pairs, with commas.
pub fn list(pairs: &[Pair], which: &[usize], form: impl Fn(&Pair) -> String) -> String {
    which.iter().map(|&i| form(&pairs[i])).collect::<Vec<_>>().join(", ")
}

/// Buckets of rows; a power of two.
pub const BUCKETS: u64 = 65_536;

/// The bucket of a row by its key.
fn bucket(pairs: &[Pair], key: &[usize], side: &Side<'_>) -> String {
    format!("hash({}, 0) & {}", list(pairs, key, side.expression), BUCKETS - 1)
}

/// Per bucket: rows, and the sum of row hashes. A sum, because xor loses what stands twice; and the constant at the end,
/// because DuckDB only xors the last argument in, so that a value that moved between rows would go unseen.
fn fingerprint(pairs: &[Pair], key: &[usize], side: &Side<'_>) -> String {
    let all: Vec<usize> = (0..pairs.len()).collect();
    format!(
        "select {} as b, count(*) as n, sum(cast(hash({}, 0) as hugeint)) as s from {} group by 1",
        bucket(pairs, key, side),
        list(pairs, &all, side.expression),
        side.from
    )
}

/// Rows of both sides in all, buckets in all, buckets that differ, and the numbers of those with commas.
pub fn fingerprints(pairs: &[Pair], key: &[usize], sides: &[Side<'_>; 2]) -> String {
    let differs = "l.n is distinct from r.n or l.s is distinct from r.s";
    format!(
        "select cast(coalesce(sum(l.n), 0) as bigint), cast(coalesce(sum(r.n), 0) as bigint), count(*), \
         count(*) filter ({differs}), string_agg(cast(coalesce(l.b, r.b) as varchar), ',') filter ({differs}) \
         from ({}) l full join ({}) r on l.b = r.b",
        fingerprint(pairs, key, &sides[0]),
        fingerprint(pairs, key, &sides[1]),
    )
}

/// What the join needs of one pair, as names within it.
pub struct Joined {
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
pub fn joined(pair: &Pair, i: usize) -> Joined {
    let (x, y) = (format!("l.v{i}"), format!("r.v{i}"));
    let exact = format!("{x} is not distinct from {y}");
    let (a, b) = (format!("l.d{i}"), format!("r.d{i}"));
    let gap = format!("abs({a} - {b})");
    let largest = format!("greatest(abs({a}), abs({b}))");
    // Without isfinite, inf would be within 1e-9 of 5; without coalesce, NULL against a value would pass unseen.
    let equal = match pair.tolerance {
        Some((relative, absolute)) => format!(
            "({exact} or coalesce(isfinite({a}) and isfinite({b}) and {gap} <= greatest({absolute:e}::double, {relative:e}::double * {largest}), false))"
        ),
        None => format!("({exact})"),
    };
    let finite = format!("case when isfinite({a}) and isfinite({b}) then");
    Joined {
        differs: format!("(l.p and r.p and not {equal})"),
        equal,
        absolute: pair.numbers.as_ref().map(|_| format!("{finite} {gap} end")),
        relative: pair.numbers.as_ref().map(|_| format!("{finite} coalesce({gap} / nullif({largest}, 0), 0) end")),
    }
}

/// The FROM clause of the join of both sides by key: `l` and `r` with `k<i>` for the i-th key column, `v<i>` for the
/// comparable form of the i-th pair, `d<i>` for it as a double, and `p` when the row is there.
pub fn join(pairs: &[Pair], key: &[usize], sides: &[Side<'_>; 2], buckets: Option<&str>) -> String {
    let side = |side: &Side<'_>, left: bool| {
        let mut items = vec!["true as p".to_owned()];
        items.extend(key.iter().enumerate().map(|(n, &i)| format!("{} as k{n}", (side.expression)(&pairs[i]))));
        for (i, pair) in pairs.iter().enumerate() {
            items.push(format!("{} as v{i}", (side.expression)(pair)));
            if let Some((l, r)) = &pair.numbers {
                items.push(format!("{} as d{i}", if left { l } else { r }));
            }
        }
        let only = buckets.map(|buckets| format!(" where ({}) in ({buckets})", bucket(pairs, key, side)));
        format!("(select {} from {}{})", items.join(", "), side.from, only.unwrap_or_default())
    };
    let on: Vec<String> = (0..key.len()).map(|n| format!("l.k{n} = r.k{n}")).collect();
    format!("{} l full join {} r on {}", side(&sides[0], true), side(&sides[1], false), on.join(" and "))
}

/// The rows that do not stand equally often on both sides, with how often more on the reference's (`d`).
pub fn multiset(pairs: &[Pair], which: &[usize], sides: &[Side<'_>; 2]) -> String {
    let side = |side: &Side<'_>, sign: i8| {
        let items: Vec<String> = which
            .iter()
            .map(|&i| format!("{} as {}", (side.expression)(&pairs[i]), quoted(&format!("v{i}"))))
            .collect();
        format!("select {}, {sign} as s from {}", items.join(", "), side.from)
    };
    format!(
        "select * exclude (s), sum(s) as d from ({} union all {}) group by all having sum(s) <> 0",
        side(&sides[0], 1),
        side(&sides[1], -1)
    )
}
