//! Expressions as text, for messages and for telling two of them apart: layout, case and casts of notation are gone.

use super::{Call, Kind, Literal, Node, OrderKey, Select};

/// An expression of a SELECT, with the aliases of its relations.
pub fn text(select: &Select, node: &Node) -> String {
    let mut out = String::new();
    write(select, node, &mut out);
    out
}

fn write(select: &Select, node: &Node, out: &mut String) {
    if node.bracketed && matches!(node.kind, Kind::Binary { .. }) {
        out.push('(');
        plain(select, node, out);
        out.push(')');
    } else {
        plain(select, node, out);
    }
}

fn plain(select: &Select, node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Column { source, name } => {
            if let Some(source) = select.sources.get(*source).filter(|_| select.sources.len() > 1) {
                out.push_str(&source.alias);
                out.push('.');
            }
            out.push_str(name);
        }
        Kind::Outer(name) | Kind::Unresolved(name) => out.push_str(name),
        Kind::Literal(literal) => out.push_str(&literal_text(literal)),
        Kind::Call(call) => write_call(select, call, out),
        Kind::Binary { operator, left, right } => {
            write(select, left, out);
            out.push_str(&format!(" {operator} "));
            write(select, right, out);
        }
        Kind::Unary { operator, inner } if operator.starts_with("is") => {
            write(select, inner, out);
            out.push_str(&format!(" {operator}"));
        }
        Kind::Unary { operator, inner } => {
            out.push_str(operator);
            if operator.len() > 1 {
                out.push(' ');
            }
            write(select, inner, out);
        }
        Kind::IsNull { inner, negated } => {
            write(select, inner, out);
            out.push_str(if *negated { " is not null" } else { " is null" });
        }
        Kind::Case { operand, whens, otherwise } => {
            out.push_str("case");
            if let Some(operand) = operand {
                out.push(' ');
                write(select, operand, out);
            }
            for (condition, result) in whens {
                out.push_str(" when ");
                write(select, condition, out);
                out.push_str(" then ");
                write(select, result, out);
            }
            if let Some(otherwise) = otherwise {
                out.push_str(" else ");
                write(select, otherwise, out);
            }
            out.push_str(" end");
        }
        Kind::Cast { inner, to, safe } => {
            out.push_str(if *safe { "try_cast(" } else { "cast(" });
            write(select, inner, out);
            out.push_str(&format!(" as {to})"));
        }
        Kind::In { inner, list, negated } => {
            write(select, inner, out);
            out.push_str(if *negated { " not in (" } else { " in (" });
            write_list(select, list, out);
            out.push(')');
        }
        Kind::InQuery { inner, negated, .. } => {
            write(select, inner, out);
            out.push_str(if *negated { " not in (select ...)" } else { " in (select ...)" });
        }
        Kind::Exists { negated, .. } => out.push_str(if *negated { "not exists (...)" } else { "exists (...)" }),
        Kind::Query(_) => out.push_str("(select ...)"),
        Kind::Between { inner, low, high, negated } => {
            write(select, inner, out);
            out.push_str(if *negated { " not between " } else { " between " });
            write(select, low, out);
            out.push_str(" and ");
            write(select, high, out);
        }
        Kind::TimeZone { inner, zone } => {
            write(select, inner, out);
            out.push_str(" at time zone ");
            write(select, zone, out);
        }
        Kind::Other { word, parts } => {
            out.push_str(word);
            out.push('(');
            write_list(select, parts, out);
            out.push(')');
        }
    }
}

fn write_call(select: &Select, call: &Call, out: &mut String) {
    out.push_str(&call.name);
    out.push('(');
    if call.star {
        out.push('*');
    }
    if call.distinct {
        out.push_str("distinct ");
    }
    write_list(select, &call.args, out);
    out.push(')');
    if let Some(filter) = &call.filter {
        out.push_str(" filter (where ");
        write(select, filter, out);
        out.push(')');
    }
    if let Some(over) = &call.over {
        out.push_str(" over (");
        if !over.partition.is_empty() {
            out.push_str("partition by ");
            write_list(select, &over.partition, out);
        }
        if !over.order.is_empty() {
            out.push_str(if over.partition.is_empty() { "order by " } else { " order by " });
            write_order(select, &over.order, out);
        }
        if let Some(frame) = &over.frame {
            out.push(' ');
            out.push_str(frame);
        }
        out.push(')');
    }
}

fn write_order(select: &Select, keys: &[OrderKey], out: &mut String) {
    for (at, key) in keys.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write(select, &key.node, out);
        out.push_str(if key.descending { " desc" } else { "" });
    }
}

fn write_list(select: &Select, list: &[Node], out: &mut String) {
    for (at, one) in list.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        write(select, one, out);
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Number(text) | Literal::Other(text) => text.clone(),
        Literal::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Literal::Typed(of, text) => format!("{of} '{}'", text.replace('\'', "''")),
        Literal::Bool(value) => value.to_string(),
        Literal::Null => "null".to_owned(),
    }
}
