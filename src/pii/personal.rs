//! Which columns of a model hold personal data, as far as its own tags and names say: their values are never shown.

use super::names::entity;
use super::tags::{Marks, Vocabulary};
use crate::project::bind::Bound;
use std::collections::BTreeSet;

/// Columns of the model that are tagged as personal, that stand in a model tagged as a whole, or whose name says it.
pub fn personal_columns(bound: &Bound, id: &str) -> BTreeSet<String> {
    let tags = Marks::read(&bound.project, &Vocabulary::default(), &BTreeSet::from([id]));
    let named = bound.columns(id).into_iter().flatten().map(String::as_str);
    let declared = bound.project.models.get(id).into_iter().flat_map(|m| m.columns.keys().map(String::as_str));
    let personal = |column: &&str| tags.tagged(id, column) || tags.whole(id).is_some() || entity(column).is_some();
    named.chain(declared).filter(personal).map(str::to_owned).collect()
}
