//! One join by key, asked for what it says of some of the columns.

use super::Options;
use super::grammar::Grammar;
use super::keyed::{Join, Part};
use super::reading::Reading;
use super::result::Reconciliation;
use super::samples::{self, Shown};
use super::sql::{BOTH, Joined, join, joined, prepared};
use crate::engine::Engine;
use anyhow::{Result, bail};

/// Which columns of the joined rows are looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Columns whose differences are counted.
    pub compared: &'a [usize],
    /// Columns that another pass counts: a row that differs in one of them is no differing row here.
    pub elsewhere: &'a [usize],
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

/// One join, asked more than once.
pub struct Pass<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) what: &'a Join<'a>,
    pub(super) scope: Scope<'a>,
    /// The conditions of the compared columns, in their order.
    pub(super) forms: Vec<Joined>,
    pub(super) from: String,
    pub(super) grammar: Grammar,
    _kept: Kept<'a>,
}

/// How many rows and cells differ.
pub struct Counts {
    /// Rows that both sides have.
    pub both: u64,
    /// Rows that only the reference has.
    pub missing: u64,
    /// Rows that only the candidate has.
    pub unexpected: u64,
    null_keys: u64,
    /// Rows that both have, with another value in some compared column and in none that is counted elsewhere.
    pub differing: u64,
    /// By compared column: rows that differ, and the largest absolute difference where a tolerance holds.
    pub columns: Vec<(u64, Option<f64>)>,
}

impl Counts {
    /// Whether the key names each row once. One that stands twice meets its partner twice, so that more rows are
    /// accounted for than there are.
    pub fn whole(&self, part: Part<'_>) -> bool {
        self.null_keys == 0 && self.both + self.missing == part.rows[0] && self.both + self.unexpected == part.rows[1]
    }
}

impl<'a> Pass<'a> {
    /// Prepares the join of `part`.
    ///
    /// # Errors
    /// The engine's message.
    pub fn new(engine: &'a dyn Engine, what: &'a Join<'a>, part: Part<'_>, scope: Scope<'a>) -> Result<Self> {
        let grammar = Grammar::of(engine.dialect());
        let read: Vec<usize> = scope.compared.iter().chain(scope.elsewhere).copied().collect();
        let mut kept = Kept { engine, names: Vec::new() };
        let mut side = |at: usize| -> Result<String> {
            let query = prepared(what, at, &read, part.buckets, grammar);
            // Rows of a few buckets are read over and over below, and finding them is a scan each time.
            match part.buckets.is_some().then(|| engine.keep(&query)).transpose()?.flatten() {
                Some(name) => {
                    kept.names.push(name.clone());
                    Ok(name)
                }
                None => Ok(format!("({query})")),
            }
        };
        let (left, right) = (side(0)?, side(1)?);
        let forms = scope.compared.iter().map(|&i| joined(&what.pairs[i], i, grammar)).collect();
        Ok(Self { engine, what, scope, forms, from: join(what.key, &left, &right), grammar, _kept: kept })
    }

    /// The counts: every condition is a column of its own first, so that each is computed once a row.
    ///
    /// # Errors
    /// The engine's message.
    pub fn counts(&self) -> Result<Counts> {
        let grammar = self.grammar;
        let nulls = (0..self.what.key.len()).map(|n| format!("coalesce(l.k{n}, r.k{n}) is null"));
        let mut inner = vec![
            format!("case when {BOTH} then 2 when l.p = 1 then 0 else 1 end as kind"),
            format!("case when {} then 1 else 0 end as no_key", nulls.collect::<Vec<_>>().join(" or ")),
        ];
        let equal: Vec<String> = (0..self.forms.len()).map(|at| format!("e{at}")).collect();
        let mut unequal = match equal.is_empty() {
            true => "1 = 0".to_owned(),
            false => format!("kind = 2 and not ({})", equal.join(" and ")),
        };
        for &i in self.scope.elsewhere {
            inner.push(format!("{} as o{i}", joined(&self.what.pairs[i], i, grammar).equal));
            unequal.push_str(&format!(" and o{i}"));
        }
        let mut outer = vec![
            grammar.count_if("kind = 2"),
            grammar.count_if("kind = 0"),
            grammar.count_if("kind = 1"),
            grammar.count_if("no_key = 1"),
            grammar.count_if(&unequal),
        ];
        for (at, (&i, form)) in self.scope.compared.iter().zip(&self.forms).enumerate() {
            inner.push(format!("{} as e{at}", form.equal));
            outer.push(grammar.count_if(&format!("kind = 2 and not e{at}")));
            if let Some(gap) = form.absolute.as_ref().filter(|_| self.what.pairs[i].tolerance.is_some()) {
                inner.push(format!("{gap} as g{at}"));
                outer.push(format!("max(g{at})"));
            }
        }
        let (outer, inner) = (outer.join(", "), inner.join(", "));
        let rows = self.engine.plain(&format!("select {outer} from (select {inner} from {}) as c", self.from))?;
        let [row] = rows.as_slice() else { bail!("the comparison gave {} rows", rows.len()) };
        let mut cells = Reading::of(row);
        let (both, missing, unexpected) = (cells.count()?, cells.count()?, cells.count()?);
        let (null_keys, differing) = (cells.count()?, cells.count()?);
        let columns = self.scope.compared.iter().map(|&i| {
            let differing = cells.count()?;
            Ok((differing, if self.what.pairs[i].tolerance.is_some() { cells.number()? } else { None }))
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok(Counts { both, missing, unexpected, null_keys, differing, columns })
    }

    /// What differs, where something does: NULL against a value, largest differences, the first rows; with `rows`, the
    /// first that only one side has, too.
    ///
    /// # Errors
    /// The engine's message.
    pub fn details(&self, rows: bool, options: &Options, result: &mut Reconciliation) -> Result<()> {
        let Join { pairs, key, .. } = *self.what;
        if self.grammar != Grammar::DuckDb {
            self.figures(None, false, result)?;
            let comparison =
                samples::Comparison { pairs, key, compared: self.scope.compared, forms: &self.forms, from: &self.from };
            return samples::fetch(self.engine, &comparison, rows, options, result);
        }
        self.figures(Some(&Shown::new(pairs, key, options)), rows, result)
    }

    /// Figures of each column, and with `shown` the first rows in the same query.
    fn figures(&self, shown: Option<&Shown>, rows: bool, result: &mut Reconciliation) -> Result<()> {
        let pairs = self.what.pairs;
        let mut items = Vec::new();
        if let Some(shown) = shown.filter(|_| rows) {
            items.extend([shown.rows("r.p is null"), shown.rows("l.p is null")]);
        }
        let differs =
            |i: usize| result.columns[i].differing > 0 || result.columns[i].max_absolute.is_some_and(|gap| gap > 0.0);
        let differing: Vec<(usize, &Joined)> =
            self.scope.compared.iter().copied().zip(&self.forms).filter(|&(i, _)| differs(i)).collect();
        for &(i, form) in &differing {
            let nulls = format!(
                "{} and ((l.v{i} is null and r.v{i} is not null) or (l.v{i} is not null and r.v{i} is null))",
                form.differs
            );
            items.push(self.grammar.count_if(&nulls));
            items.extend(
                [&form.absolute, &form.relative]
                    .into_iter()
                    .flatten()
                    .map(|x| self.grammar.aggregate_if("max", x, BOTH)),
            );
            items.extend(shown.map(|shown| shown.cells(pairs, i, &form.differs)));
        }
        if items.is_empty() {
            return Ok(());
        }
        // Rows that are the very same on both sides add nothing, and are nearly all of them as a rule.
        let same: Vec<&str> = self.forms.iter().map(|form| form.exact.as_str()).collect();
        let sql = format!(
            "select {} from {} where l.p is null or r.p is null or not ({})",
            items.join(", "),
            self.from,
            if same.is_empty() { "1 = 1".to_owned() } else { same.join(" and ") }
        );
        let found = self.engine.plain(&sql)?;
        let [row] = found.as_slice() else { bail!("the comparison gave {} rows", found.len()) };
        let mut cells = Reading::of(row);
        if shown.is_some() && rows {
            (result.missing_sample, result.unexpected_sample) = (cells.keys()?, cells.keys()?);
        }
        for &(i, _) in &differing {
            let column = &mut result.columns[i];
            column.null_against_value = cells.count()?;
            if pairs[i].numbers.is_some() {
                (column.max_absolute, column.max_relative) = (cells.number()?, cells.number()?);
            }
            if shown.is_some() {
                column.sample = cells.differences()?;
            }
        }
        Ok(())
    }
}
