//! Arrays of records that are written out: `[struct(1 as k, x as v), ...]`.

use sqlparser::ast::{Array, ArrayElemTypeDef, DataType, Expr, Ident, StructField};

/// The fields of the elements of an array, each with its values in all elements; `None` when they are not written out.
pub(super) fn fields(array: &Expr) -> Option<Vec<(Ident, Expr)>> {
    let (names, rows) = match array {
        Expr::Cast { expr, data_type: DataType::Array(ArrayElemTypeDef::AngleBracket(of)), .. } => {
            let DataType::Struct(fields, _) = of.as_ref() else { return None };
            (typed(fields)?, elements(expr)?)
        }
        other => {
            let rows = elements(other)?;
            let Expr::Struct { values, fields } = rows.first()? else { return None };
            (if fields.is_empty() { given(values)? } else { typed(fields)? }, rows)
        }
    };
    let rows: Vec<&[Expr]> = rows.iter().map(|row| parts(row, names.len())).collect::<Option<_>>()?;
    let values = |at: usize| rows.iter().map(|row| row[at].clone()).collect();
    let field = |(at, name)| (name, Expr::Array(Array { elem: values(at), named: false }));
    Some(names.into_iter().enumerate().map(field).collect())
}

fn elements(array: &Expr) -> Option<&[Expr]> {
    match array {
        Expr::Array(array) => Some(&array.elem),
        Expr::Nested(inner) => elements(inner),
        _ => None,
    }
}

fn typed(fields: &[StructField]) -> Option<Vec<Ident>> {
    fields.iter().map(|field| field.field_name.clone()).collect()
}

/// `struct(a, b as c)` has the fields `a` and `c`.
fn given(values: &[Expr]) -> Option<Vec<Ident>> {
    let name = |value: &Expr| match value {
        Expr::Named { name, .. } | Expr::Identifier(name) => Some(name.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().cloned(),
        _ => None,
    };
    values.iter().map(name).collect()
}

/// The values of one record.
fn parts(row: &Expr, count: usize) -> Option<&[Expr]> {
    match row {
        Expr::Struct { values, .. } | Expr::Tuple(values) if values.len() == count => Some(values),
        Expr::Nested(inner) if count == 1 => Some(std::slice::from_ref(inner)),
        _ => None,
    }
}
