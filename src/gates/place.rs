//! Where a clause of the compiled SQL stands in the template.

use crate::finding::Location;
use crate::project::Model;
use crate::sql::Span;

/// The template place of a span of the model's compiled SQL.
pub fn of(model: &Model, span: &Span) -> Location {
    model.locate(span)
}
