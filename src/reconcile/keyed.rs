//! Rows matched by key: what differs in each column, in as few passes as the engine allows.

use super::Options;
use super::grammar::Grammar;
use super::reading::Reading;
use super::result::{Mode, Reconciliation};
use super::samples::{self, Shown};
use super::schema::Pair;
use super::sql::{BOTH, Joined, Side, join, joined, prepared};
use crate::engine::Engine;
use anyhow::{Result, bail};

/// What is joined.
pub struct Join<'a> {
    /// All compared columns, the key's included.
    pub pairs: &'a [Pair],
    /// Indexes of the key's.
    pub key: &'a [usize],
    /// Both relations.
    pub sides: &'a [Side<'a>; 2],
}

/// How much of it.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Buckets with commas; `None`: everything.
    pub buckets: Option<&'a str>,
    /// Rows of each side in it.
    pub rows: [u64; 2],
}

/// Rows that an engine keeps for the passes that follow, dropped in the end.
struct Kept<'a> {
    engine: &'a dyn Engine,
    names: Vec<String>,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            self.engine.forget(name);
        }
    }
}

/// Compares the rows of `part` by key. Gives whether the key names each of them once: if not, the result is as it was.
///
/// # Errors
/// The engine's message.
pub fn keyed(
    engine: &dyn Engine,
    what: &Join<'_>,
    part: Part<'_>,
    options: &Options,
    result: &mut Reconciliation,
) -> Result<bool> {
    let grammar = Grammar::of(engine.dialect());
    let Join { pairs, key, .. } = *what;
    let compared: Vec<usize> = (0..pairs.len()).filter(|i| !key.contains(i)).collect();
    let forms: Vec<Joined> = compared.iter().map(|&i| joined(&pairs[i], i, grammar)).collect();
    let mut kept = Kept { engine, names: Vec::new() };
    let [left, right] = [0, 1].map(|side| query(what, side, part, grammar));
    let side = |query: String, kept: &mut Kept<'_>| -> Result<String> {
        // Rows of a few buckets are read over and over below, and finding them is a scan each time.
        match part.buckets.is_some().then(|| engine.keep(&query)).transpose()?.flatten() {
            Some(name) => {
                kept.names.push(name.clone());
                Ok(name)
            }
            None => Ok(format!("({query})")),
        }
    };
    let (left, right) = (side(left, &mut kept)?, side(right, &mut kept)?);
    let from = join(key, &left, &right);
    let pass = Pass { engine, pairs, key, compared: &compared, forms: &forms, from: &from, grammar };
    let counts = pass.counts()?;
    // A key that stands twice meets its partner twice, so that more rows are accounted for than there are.
    let whole = counts.both + counts.missing == part.rows[0] && counts.both + counts.unexpected == part.rows[1];
    if !whole || counts.null_keys > 0 {
        return Ok(false);
    }
    result.mode = Mode::Keyed;
    result.key = key.iter().map(|&i| pairs[i].name.clone()).collect();
    (result.rows_missing, result.rows_unexpected) = (counts.missing, counts.unexpected);
    result.rows_differing = counts.differing;
    result.rows_equal = result.rows_reference.saturating_sub(counts.missing + counts.differing);
    for (at, &i) in compared.iter().enumerate() {
        result.columns[i].differing = counts.columns[at].differing;
        if pairs[i].tolerance.is_some() {
            let absolute = counts.columns[at].absolute;
            result.columns[i].max_absolute = absolute;
            // Not asked for in this pass.
            result.columns[i].max_relative = absolute.filter(|&gap| gap == 0.0);
        }
    }
    if counts.missing + counts.unexpected + counts.differing > 0 {
        pass.details(options, result)?;
    }
    Ok(true)
}

fn query(what: &Join<'_>, side: usize, part: Part<'_>, grammar: Grammar) -> String {
    let double = |pair: &Pair| pair.numbers.as_ref().map(|(l, r)| if side == 0 { l.clone() } else { r.clone() });
    prepared(what.pairs, what.key, &what.sides[side], double, part.buckets, grammar)
}

/// One join, asked more than once.
struct Pass<'a> {
    engine: &'a dyn Engine,
    pairs: &'a [Pair],
    key: &'a [usize],
    compared: &'a [usize],
    forms: &'a [Joined],
    from: &'a str,
    grammar: Grammar,
}

struct Counts {
    both: u64,
    missing: u64,
    unexpected: u64,
    null_keys: u64,
    differing: u64,
    columns: Vec<ColumnCounts>,
}

struct ColumnCounts {
    differing: u64,
    /// Largest absolute difference, where a tolerance holds.
    absolute: Option<f64>,
}

impl Pass<'_> {
    /// The counts: every condition is a column of its own first, so that each is computed once a row.
    fn counts(&self) -> Result<Counts> {
        let grammar = self.grammar;
        let nulls = (0..self.key.len()).map(|n| format!("coalesce(l.k{n}, r.k{n}) is null"));
        let mut inner = vec![
            format!("case when {BOTH} then 2 when l.p = 1 then 0 else 1 end as kind"),
            format!("case when {} then 1 else 0 end as no_key", nulls.collect::<Vec<_>>().join(" or ")),
        ];
        let equal: Vec<String> = (0..self.forms.len()).map(|at| format!("e{at}")).collect();
        let unequal = match equal.is_empty() {
            true => "1 = 0".to_owned(),
            false => format!("kind = 2 and not ({})", equal.join(" and ")),
        };
        let mut outer = vec![
            grammar.count_if("kind = 2"),
            grammar.count_if("kind = 0"),
            grammar.count_if("kind = 1"),
            grammar.count_if("no_key = 1"),
            grammar.count_if(&unequal),
        ];
        for (at, (&i, form)) in self.compared.iter().zip(self.forms).enumerate() {
            inner.push(format!("{} as e{at}", form.equal));
            outer.push(grammar.count_if(&format!("kind = 2 and not e{at}")));
            if let Some(gap) = form.absolute.as_ref().filter(|_| self.pairs[i].tolerance.is_some()) {
                inner.push(format!("{gap} as g{at}"));
                outer.push(format!("max(g{at})"));
            }
        }
        let (outer, inner) = (outer.join(", "), inner.join(", "));
        let rows = self.engine.query(&format!("select {outer} from (select {inner} from {}) as c", self.from))?.rows;
        let [row] = rows.as_slice() else { bail!("the comparison gave {} rows", rows.len()) };
        let mut cells = Reading::of(row);
        let (both, missing, unexpected) = (cells.count()?, cells.count()?, cells.count()?);
        let (null_keys, differing) = (cells.count()?, cells.count()?);
        let columns = self.compared.iter().map(|&i| {
            let differing = cells.count()?;
            let absolute = if self.pairs[i].tolerance.is_some() { cells.number()? } else { None };
            Ok(ColumnCounts { differing, absolute })
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok(Counts { both, missing, unexpected, null_keys, differing, columns })
    }

    /// What differs, where something does: NULL against a value, largest differences, the first rows.
    fn details(&self, options: &Options, result: &mut Reconciliation) -> Result<()> {
        let shown = (self.grammar == Grammar::DuckDb).then(|| Shown::new(self.pairs, self.key, options));
        let mut items = Vec::new();
        if let Some(shown) = &shown {
            items.extend([shown.rows("r.p is null"), shown.rows("l.p is null")]);
        }
        let differing: Vec<(usize, &Joined)> = self
            .compared
            .iter()
            .copied()
            .zip(self.forms)
            .filter(|&(i, _)| {
                result.columns[i].differing > 0 || result.columns[i].max_absolute.is_some_and(|gap| gap > 0.0)
            })
            .collect();
        for &(i, form) in &differing {
            let nulls = format!(
                "{} and ((l.v{i} is null and r.v{i} is not null) or (l.v{i} is not null and r.v{i} is null))",
                form.differs
            );
            items.push(self.grammar.count_if(&nulls));
            items.extend([&form.absolute, &form.relative].into_iter().flatten().map(|x| self.grammar.max_if(x, BOTH)));
            items.extend(shown.as_ref().map(|shown| shown.cells(self.pairs, i, &form.differs)));
        }
        if !items.is_empty() {
            let rows = self.engine.query(&format!("select {} from {}", items.join(", "), self.from))?.rows;
            let [row] = rows.as_slice() else { bail!("the comparison gave {} rows", rows.len()) };
            let mut cells = Reading::of(row);
            if shown.is_some() {
                (result.missing_sample, result.unexpected_sample) = (cells.keys()?, cells.keys()?);
            }
            for &(i, _) in &differing {
                let column = &mut result.columns[i];
                column.null_against_value = cells.count()?;
                if self.pairs[i].numbers.is_some() {
                    (column.max_absolute, column.max_relative) = (cells.number()?, cells.number()?);
                }
                if shown.is_some() {
                    column.sample = cells.differences()?;
                }
            }
        }
        if shown.is_none() {
            let (pairs, key, compared, forms, from) = (self.pairs, self.key, self.compared, self.forms, self.from);
            samples::fetch(self.engine, &samples::Comparison { pairs, key, compared, forms, from }, options, result)?;
        }
        Ok(())
    }
}
