//! What the differing rows have in common: a hint at the cause, never part of the verdict.
//!
//! One query of aggregates over the differing rows, and one narrow scan that says how common what they share is.

mod columns;
mod confined;

use super::Options;
use super::pass::Pass;
use super::reading::Reading;
use super::result::Reconciliation;
use super::sql::BOTH;
use anyhow::{Result, bail};
use serde::Serialize;

/// What kind of thing the differing rows share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClueKind {
    /// Columns that differ in the same rows.
    Together,
    /// One value, or NULL, of a column that does not differ itself.
    Value,
    /// A range of dates or times.
    Range,
    /// The same number more or less each time.
    Offset,
    /// The same multiple each time.
    Factor,
    /// The reference's value, rounded.
    Rounded,
    /// NULL against a value, the same way round each time.
    Null,
}

/// Something that all differing rows share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clue {
    /// Its kind.
    pub kind: ClueKind,
    /// Columns that it is about.
    pub columns: Vec<String>,
    /// It in words.
    pub text: String,
}

/// Rows of one kind, as the inner query numbers them, and what they are called.
const KINDS: [(u8, &str); 3] = [(2, "differing rows"), (0, "missing rows"), (1, "additional rows")];

/// Looks for clues in the rows of a pass, whose columns are all of the comparison's; `some`: they are some of many.
///
/// # Errors
/// The engine's message.
pub fn find(pass: &Pass<'_>, some: bool, options: &Options, result: &Reconciliation) -> Result<Vec<Clue>> {
    let masked = super::key::masked(options);
    let hidden = |i: usize| masked.contains(&pass.what.pairs[i].name.to_lowercase());
    let differing: Vec<usize> = (0..pass.forms.len())
        .filter(|&at| result.columns[pass.scope.compared[at]].differing > 0)
        .take(columns::MOST)
        .collect();
    let mut inner = vec![format!("case when {BOTH} then 2 when l.p = 1 then 0 else 1 end as kind")];
    let mut outer: Vec<String> =
        KINDS.iter().map(|(kind, _)| pass.grammar.count_if(&format!("kind = {kind}"))).collect();
    let places = confined::candidates(pass, result);
    for place in &places {
        inner.push(place.inner.clone());
        outer.extend(place.outer(pass.grammar, hidden(place.column)));
    }
    for &at in &differing {
        inner.extend(columns::inner(pass, at));
    }
    outer.extend(columns::outer(pass, &differing, hidden));
    let equal: Vec<&str> = pass.forms.iter().map(|form| form.equal.as_str()).collect();
    let equal = if equal.is_empty() { "1 = 1".to_owned() } else { equal.join(" and ") };
    let sql = format!(
        "select {} from (select {} from {} where l.p is null or r.p is null or not ({equal})) as c",
        outer.join(", "),
        inner.join(", "),
        pass.from
    );
    let rows = pass.engine.plain(&sql)?;
    let [row] = rows.as_slice() else { bail!("the differing rows gave {} rows of aggregates", rows.len()) };
    let mut cells = Reading::of(row);
    let mut counts = [0; 3];
    for count in &mut counts {
        *count = cells.count()?;
    }
    let shared = places.iter().map(|place| place.read(&mut cells)).collect::<Result<Vec<_>>>()?;
    let mut clues = columns::read(pass, &differing, &mut cells, hidden)?;
    clues.extend(confined::clues(pass, &places, &shared, counts, some)?);
    Ok(clues)
}
