//! What the values of the columns that differ have in common.

use super::super::pass::Pass;
use super::super::reading::Reading;
use super::super::result::{rounded, thousands};
use super::{Clue, ClueKind};
use crate::reconcile::sql::{BOTH, doubles};
use anyhow::Result;

/// Most columns that are looked at.
pub const MOST: usize = 8;

/// Decimal places that a value may have been rounded to.
const PLACES: [i32; 5] = [0, 1, 2, 3, 4];

/// Columns of the inner query for one that differs: whether this row does (`x`), and of numbers the difference (`o`),
/// the quotient (`q`), and the first of [`PLACES`] to which the one is the other rounded (`z`).
pub fn inner(pass: &Pass<'_>, at: usize) -> Vec<String> {
    let (grammar, i) = (pass.grammar, pass.scope.compared[at]);
    let form = &pass.forms[at];
    let differs = format!("{BOTH} and not {}", form.equal);
    let null = |one: &str, other: &str| {
        format!("case when {differs} and {one}.v{i} is null and {other}.v{i} is not null then 1 else 0 end")
    };
    let mut items = vec![
        format!("case when {differs} then 1 else 0 end as x{at}"),
        format!("{} as n{at}, {} as m{at}", null("r", "l"), null("l", "r")),
    ];
    if pass.what.pairs[i].numbers.is_some() {
        let (a, b) = doubles(&pass.what.pairs[i], i, grammar);
        // Far from the ends of what a double holds: some engines raise an error there.
        let tame = |x: &str| format!("abs({x}) < 1e100");
        let finite = format!("{differs} and {} and {}", tame(&a), tame(&b));
        let (half, one) = (grammar.number(0.5), grammar.number(1.0));
        let places = PLACES.map(|places| {
            let scale = grammar.number(10f64.powi(places));
            let image = format!("floor({a} * {scale} + {half}) / {scale}");
            format!("when abs({b} - {image}) <= {} * ({one} + abs({b})) then {places}", grammar.number(1e-12))
        });
        items.push(format!("case when {finite} then {b} - {a} end as o{at}"));
        items.push(format!("case when {finite} and abs({a}) > 1e-100 then {b} / {a} end as q{at}"));
        items.push(format!("case when {finite} then case {} end end as z{at}", places.join(" ")));
    }
    items
}

/// Aggregates of the outer query.
pub fn outer(pass: &Pass<'_>, differing: &[usize], hidden: impl Fn(usize) -> bool) -> Vec<String> {
    let grammar = pass.grammar;
    let mut items = Vec::new();
    for (n, &at) in differing.iter().enumerate() {
        items.push(grammar.count_if(&format!("x{at} = 1")));
        items.extend(differing[..n].iter().map(|other| grammar.count_if(&format!("x{at} = 1 and x{other} = 1"))));
        items.push(grammar.count_if(&format!("n{at} = 1")));
        items.push(grammar.count_if(&format!("m{at} = 1")));
        let i = pass.scope.compared[at];
        if pass.what.pairs[i].numbers.is_some() && !hidden(i) {
            for name in ["o", "q"] {
                items.push(format!("count({name}{at})"));
                items.extend(["min", "max"].map(|function| format!("{function}({name}{at})")));
            }
            items.push(format!("count(z{at})"));
            items.push(format!("max(z{at})"));
        }
    }
    items
}

/// The same numbers each time: how many, the least and the most.
struct Spread(u64, Option<f64>, Option<f64>);

impl Spread {
    fn read(cells: &mut Reading<'_>) -> Result<Self> {
        Ok(Self(cells.count()?, cells.number()?, cells.number()?))
    }

    /// The one number that all `rows` have.
    fn one(&self, rows: u64) -> Option<f64> {
        let (least, most) = (self.1?, self.2?);
        let near = (most - least).abs() <= 1e-9 * least.abs().max(most.abs());
        (self.0 == rows && rows > 1 && near).then_some((least + most) / 2.0)
    }
}

/// Reads the aggregates and says what they show.
///
/// # Errors
/// They are of another shape.
pub fn read(
    pass: &Pass<'_>,
    differing: &[usize],
    cells: &mut Reading<'_>,
    hidden: impl Fn(usize) -> bool,
) -> Result<Vec<Clue>> {
    let name = |at: usize| pass.what.pairs[pass.scope.compared[at]].name.clone();
    let mut clues = Vec::new();
    let mut counts: Vec<u64> = Vec::new();
    // Columns that differ in the same rows, by the first of them.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (n, &at) in differing.iter().enumerate() {
        let rows = cells.count()?;
        let with = (0..n).map(|_| cells.count()).collect::<Result<Vec<_>>>()?;
        let same = |group: &&mut Vec<usize>| group.first().is_some_and(|&m| with[m] == rows && counts[m] == rows);
        match groups.iter_mut().find(same) {
            Some(group) if rows > 1 => group.push(n),
            _ => groups.push(vec![n]),
        }
        counts.push(rows);
        let (gone, come) = (cells.count()?, cells.count()?);
        let mut say = |kind, text: String| clues.push(Clue { kind, columns: vec![name(at)], text });
        let each = format!("in each of {} rows", thousands(rows));
        if rows > 1 && gone == rows {
            say(ClueKind::Null, format!("{} is NULL where the reference has a value, {each}", name(at)));
        } else if rows > 1 && come == rows {
            say(ClueKind::Null, format!("{} has a value where the reference has NULL, {each}", name(at)));
        }
        let i = pass.scope.compared[at];
        if pass.what.pairs[i].numbers.is_none() || hidden(i) {
            continue;
        }
        let (offset, factor) = (Spread::read(cells)?, Spread::read(cells)?);
        let (round, places) = (cells.count()?, cells.number()?);
        if round == rows
            && rows > 1
            && let Some(places) = places
        {
            say(ClueKind::Rounded, format!("{} is the reference's rounded to {places} places, {each}", name(at)));
        } else if let Some(offset) = offset.one(rows) {
            let sign = if offset > 0.0 { "more" } else { "less" };
            let text = format!("{} is {} {sign} than the reference's, {each}", name(at), rounded(offset.abs()));
            say(ClueKind::Offset, text);
        } else if let Some(factor) = factor.one(rows) {
            say(ClueKind::Factor, format!("{} is {} times the reference's, {each}", name(at), rounded(factor)));
        }
    }
    for group in groups.iter().filter(|group| group.len() > 1) {
        let names: Vec<String> = group.iter().map(|&n| name(differing[n])).collect();
        let rows = thousands(counts[group[0]]);
        let text = format!("{} differ in the same {rows} rows", names.join(", "));
        clues.push(Clue { kind: ClueKind::Together, columns: names, text });
    }
    Ok(clues)
}
