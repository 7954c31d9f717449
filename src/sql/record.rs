//! A field of a record that is written out: `struct(a, b as c).c` reads `b` and nothing else.

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Subscript, Value,
};

use super::expr::function_name;

/// The value that an access takes out of a record, when the record is written out and has such a field.
pub(super) fn field<'e>(record: &'e Expr, access: &AccessExpr) -> Option<&'e Expr> {
    let name = match access {
        AccessExpr::Dot(Expr::Identifier(name)) => name.value.as_str(),
        AccessExpr::Subscript(Subscript::Index { index: Expr::Value(value) }) => match &value.value {
            Value::SingleQuotedString(name) => name.as_str(),
            _ => return None,
        },
        _ => return None,
    };
    let is = |ident: &Ident| ident.value.eq_ignore_ascii_case(name);
    match record {
        Expr::Nested(inner) => field(inner, access),
        Expr::Dictionary(fields) => fields.iter().find(|one| is(&one.key)).map(|one| one.value.as_ref()),
        Expr::Struct { values, fields } if fields.is_empty() => {
            values.iter().find_map(|value| named(value).filter(|(ident, _)| is(ident)).map(|(_, value)| value))
        }
        Expr::Struct { values, fields } => {
            let at = fields.iter().position(|field| field.field_name.as_ref().is_some_and(is))?;
            values.get(at)
        }
        Expr::Function(function) => field_of_call(function, name),
        _ => None,
    }
}

fn field_of_call<'e>(function: &'e Function, name: &str) -> Option<&'e Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let is = |ident: &Ident| ident.value.eq_ignore_ascii_case(name);
    let value = |arg: &'e FunctionArgExpr| match arg {
        FunctionArgExpr::Expr(expr) => Some(expr),
        _ => None,
    };
    match function_name(&function.name).as_str() {
        "named_struct" => list.args.chunks(2).find_map(|pair| match pair {
            [
                FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(key))),
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)),
            ] if matches!(&key.value, Value::SingleQuotedString(key) if key.eq_ignore_ascii_case(name)) => Some(expr),
            _ => None,
        }),
        "struct" | "struct_pack" => list.args.iter().find_map(|arg| match arg {
            FunctionArg::Named { name, arg, .. } if is(name) => value(arg),
            FunctionArg::Unnamed(arg) => named(value(arg)?).filter(|(ident, _)| is(ident)).map(|(_, value)| value),
            _ => None,
        }),
        _ => None,
    }
}

/// A value of a record with the name that it has by itself.
fn named(value: &Expr) -> Option<(&Ident, &Expr)> {
    match value {
        Expr::Named { expr, name } => Some((name, expr)),
        Expr::Identifier(name) => Some((name, value)),
        Expr::CompoundIdentifier(parts) => Some((parts.last()?, value)),
        _ => None,
    }
}
