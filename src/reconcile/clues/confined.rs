//! One value, NULL, or one range of dates that holds all the rows of a kind.

use super::super::grammar::Grammar;
use super::super::pass::Pass;
use super::super::reading::Reading;
use super::super::result::{Reconciliation, thousands};
use super::super::schema::Kind;
use super::{Clue, ClueKind, KINDS};
use crate::engine::{Cell, literal};
use anyhow::{Result, bail};

/// A column that may hold the rows of a kind together.
pub struct Place {
    /// Index of the pair.
    pub column: usize,
    /// Its value as a column of the inner query.
    pub inner: String,
}

/// Per kind of rows: how many have NULL, and the smallest and largest value as text.
pub type Shared = [(u64, Option<String>, Option<String>); 3];

/// Labels and times of the key, and of columns that do not differ.
pub fn candidates(pass: &Pass<'_>, result: &Reconciliation) -> Vec<Place> {
    let pairs = pass.what.pairs;
    let keys = pass.what.key.iter().enumerate().map(|(n, &i)| (i, format!("coalesce(l.k{n}, r.k{n})")));
    let others = pass.scope.compared.iter().filter(|&&i| result.columns[i].differing == 0);
    let others = others.map(|&i| (i, format!("case when l.p = 1 then l.v{i} else r.v{i} end")));
    let usable = keys.chain(others).filter(|(i, _)| pairs[*i].kind != Kind::Other);
    usable.map(|(column, value)| Place { column, inner: format!("{value} as f{column}") }).collect()
}

impl Place {
    /// Aggregates of the outer query. The values of a `hidden` column stay in the engine.
    pub fn outer(&self, grammar: Grammar, hidden: bool) -> Vec<String> {
        let value = format!("f{}", self.column);
        let of = |(kind, _): &(u8, &str)| {
            let condition = format!("kind = {kind}");
            let bound = |function: &str| match hidden {
                true => grammar.text("null"),
                false => grammar.text(&grammar.aggregate_if(function, &value, &condition)),
            };
            [grammar.count_if(&format!("{condition} and {value} is null")), bound("min"), bound("max")]
        };
        KINDS.iter().flat_map(of).collect()
    }

    /// The aggregates' values.
    ///
    /// # Errors
    /// They are of another shape.
    pub fn read(&self, cells: &mut Reading<'_>) -> Result<Shared> {
        let mut one = || {
            Ok::<_, anyhow::Error>((cells.count()?, cells.text()?.map(str::to_owned), cells.text()?.map(str::to_owned)))
        };
        Ok([one()?, one()?, one()?])
    }
}

/// Longest value that is named.
const LONGEST: usize = 100;

/// Something that all rows of a kind have, as a condition on a side, and in words.
struct Found<'a> {
    place: &'a Place,
    /// 0, 1: the side on which it is counted.
    side: usize,
    rows: u64,
    kind: ClueKind,
    condition: String,
    text: String,
}

/// What holds rows together, where few others have it too.
///
/// # Errors
/// The engine's message.
pub fn clues(pass: &Pass<'_>, places: &[Place], shared: &[Shared], counts: [u64; 3], some: bool) -> Result<Vec<Clue>> {
    let mut found = Vec::new();
    for (at, (kind, what)) in KINDS.iter().enumerate().filter(|&(at, _)| counts[at] > 1) {
        let side = usize::from(*kind == 1);
        for (place, shared) in places.iter().zip(shared) {
            let what = format!("all {} {what}{}", thousands(counts[at]), if some { " looked at" } else { "" });
            found.extend(common(pass, place, &shared[at], side, counts[at], &what));
        }
    }
    let mut clues = Vec::new();
    for side in [0, 1] {
        let asked: Vec<&Found<'_>> = found.iter().filter(|f| f.side == side).collect();
        for (found, (have, all)) in asked.iter().zip(share(pass, side, &asked)?) {
            if by_accident(found, have, all, places.len()) {
                continue;
            }
            let name = pass.what.pairs[found.place.column].name.clone();
            let text = format!("{}, as {} of {} rows have", found.text, thousands(have), thousands(all));
            clues.push(Clue { kind: found.kind, columns: vec![name], text });
        }
    }
    Ok(clues)
}

fn common<'a>(
    pass: &Pass<'_>,
    place: &'a Place,
    (nulls, least, most): &(u64, Option<String>, Option<String>),
    side: usize,
    rows: u64,
    what: &str,
) -> Option<Found<'a>> {
    let pair = &pass.what.pairs[place.column];
    let value = (pass.what.sides[side].expression)(pair);
    let name = &pair.name;
    // A literal takes the column's type, so that no text is made of the values of all rows.
    let written = |text: &str| match pair.integer {
        true => text.parse::<i128>().ok().map(|whole| whole.to_string()),
        false => (text.chars().count() <= LONGEST).then(|| literal(text)),
    };
    let (kind, condition, text) = match (least, most) {
        _ if *nulls == rows => (ClueKind::Value, format!("{value} is null"), format!("{what} have NULL in {name}")),
        (Some(least), Some(most)) if *nulls == 0 && least == most => {
            (ClueKind::Value, format!("{value} = {}", written(least)?), format!("{what} have {least} in {name}"))
        }
        (Some(least), Some(most)) if *nulls == 0 && pair.kind == Kind::Moment => (
            ClueKind::Range,
            format!("{value} between {} and {}", written(least)?, written(most)?),
            format!("{what} have {name} from {least} to {most}"),
        ),
        _ => return None,
    };
    Some(Found { place, side, rows, kind, condition, text })
}

/// How many rows of a side meet each condition, and how many there are.
fn share(pass: &Pass<'_>, side: usize, asked: &[&Found<'_>]) -> Result<Vec<(u64, u64)>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let counts: Vec<String> = asked.iter().map(|found| pass.grammar.count_if(&found.condition)).collect();
    let sql = format!("select count(*), {} from {} as t", counts.join(", "), pass.what.sides[side].from);
    let rows = pass.engine.plain(&sql)?;
    let [row] = rows.as_slice() else { bail!("a count gave {} rows", rows.len()) };
    let counts = row.iter().map(|cell| match cell {
        Cell::Int(n) => Ok(u64::try_from(*n)?),
        other => bail!("a count gave {other}"),
    });
    let counts = counts.collect::<Result<Vec<u64>>>()?;
    Ok(counts[1..].iter().map(|&have| (have, counts[0])).collect())
}

/// The largest part of all rows that still tells something about those that differ.
const TELLING: f64 = 0.5;

/// Whether it tells nothing: most rows have it, or as many rows taken at random would share it more often than once in a
/// thousand times.
fn by_accident(found: &Found<'_>, have: u64, all: u64, places: usize) -> bool {
    let share = have as f64 / all.max(1) as f64;
    let rows = i32::try_from(found.rows).unwrap_or(i32::MAX);
    let ways = if found.kind == ClueKind::Range { found.rows as f64 } else { 1.0 };
    share > TELLING || share.powi(rows - 1) * ways * places as f64 > 1e-3
}
