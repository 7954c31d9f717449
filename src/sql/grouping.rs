//! DISTINCT and GROUP BY in one form, and conditions on keys where they are cheapest to compare: before the grouping.

use std::collections::BTreeSet;

use super::canonical::Names;
use super::term::{From, Kind, Part, Rows, T};
use super::{Dialect, names};

/// A condition larger than this stays where it is.
const MOST: u32 = 300;

/// Whether every key is among the outputs: then no two rows of the grouping are alike.
pub(super) fn keys_in_outputs(from: &From, keys: &[T], outputs: &[T]) -> bool {
    let outputs: BTreeSet<String> = texts(from, outputs).into_iter().collect();
    texts(from, keys).iter().all(|key| outputs.contains(key))
}

fn texts(from: &From, terms: &[T]) -> Vec<String> {
    let mut names = Names::of(from);
    terms.iter().map(|term| names.term(term)).collect()
}

/// Moves conditions of HAVING that only look at keys before the grouping: they keep or drop whole groups.
pub(super) fn early_filters(rows: &mut Rows, dialect: Dialect) {
    // Where a collation groups different texts together, a condition may tell them apart.
    if matches!(dialect, Dialect::MySql | Dialect::TSql | Dialect::Sqlite | Dialect::Generic) {
        return;
    }
    let Some(keys) = rows.group.as_deref().filter(|keys| !keys.is_empty() && !rows.having.is_empty()) else { return };
    let keys: BTreeSet<String> = texts(&rows.from, keys).into_iter().collect();
    let mut text_of = Names::of(&rows.from);
    let (early, late): (Vec<T>, Vec<T>) = std::mem::take(&mut rows.having)
        .into_iter()
        .partition(|term| term.size <= MOST && of_keys(term, &keys, &mut text_of));
    rows.having = late;
    rows.from.filters.extend(early);
}

/// Whether a condition is made of keys, constants and functions of single values.
fn of_keys(term: &T, keys: &BTreeSet<String>, text_of: &mut Names) -> bool {
    match &term.kind {
        Kind::Column { .. } | Kind::Inner { .. } => keys.contains(&text_of.term(term)),
        Kind::Text(_) => true,
        Kind::Query { .. } => false,
        Kind::Seq(parts) => {
            if keys.contains(&text_of.term(term)) {
                return true;
            }
            let by_row = match parts.first() {
                Some(Part::Text(text)) => {
                    let name = text.split('(').next().unwrap_or_default();
                    matches!(name, "" | "case" | "cast" | "try_cast" | "safe_cast") || names::is_scalar(name)
                }
                _ => true,
            };
            by_row
                && parts.iter().all(|part| match part {
                    Part::Text(text) => !text.contains(" over ("),
                    Part::Term(term) => of_keys(term, keys, text_of),
                    Part::Sorted(terms, _) => terms.iter().all(|term| of_keys(term, keys, text_of)),
                })
        }
    }
}
