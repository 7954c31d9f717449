//! Whether two analyses prove that two queries give the same.

use std::collections::BTreeSet;

use super::Analysis;

/// What two analyses prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Equivalence {
    /// The same columns, in the same order, with the same values in the same rows.
    Equivalent,
    /// The canonical forms differ. The results may still be equal: no proof was found.
    Changed,
    /// Something on either side is not understood or not known.
    Undecided,
}

/// Compares the canonical forms of two queries over the same relations.
pub fn compare(base: &Analysis, head: &Analysis) -> Equivalence {
    let (Some(base_shape), Some(head_shape)) = (decided(base), decided(head)) else { return Equivalence::Undecided };
    let columns = base.outputs.len() == head.outputs.len()
        && base
            .outputs
            .iter()
            .zip(&head.outputs)
            .all(|(base, head)| base.key == head.key && base.expression == head.expression);
    if columns && base_shape == head_shape { Equivalence::Equivalent } else { Equivalence::Changed }
}

fn decided(analysis: &Analysis) -> Option<&str> {
    let known = analysis.open.is_empty() && analysis.unresolved.is_empty() && !analysis.generic_dialect;
    analysis.row_shape.as_deref().filter(|_| known)
}

/// Every base column that the query reads anywhere, as `(table id, column)`.
pub fn columns_read(analysis: &Analysis) -> BTreeSet<(String, String)> {
    analysis.reads.iter().map(|read| (read.table.clone(), read.column.clone())).collect()
}
