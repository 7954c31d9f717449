//! `a + b - c` and `a < b <= c`, which the rewriter makes calls: values add and compare as in Python.

use super::fault::Fault;
use super::job::bounded;
use super::modules;
use super::values::{List, MAX_ITEMS};
use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value};

/// The value of a chain: operand, sign, operand, sign, ...
pub(crate) fn chain(items: &[Value]) -> Result<Value, Error> {
    let Some((first, rest)) = items.split_first() else { return Ok(Value::UNDEFINED) };
    rest.chunks(2).try_fold(first.clone(), |left, pair| match pair {
        [sign, right] => step(&left, right, sign.as_str() == Some("-")),
        _ => Err(Fault::unsupported("a sum without an operand").into()),
    })
}

fn step(a: &Value, b: &Value, minus: bool) -> Result<Value, Error> {
    let (a, b) = (&super::regexes::number(a), &super::regexes::number(b));
    for value in [a, b] {
        if value.is_undefined() {
            return Err(Fault::compiler("an undefined value is added or subtracted").into());
        }
        if value.kind() == ValueKind::Invalid {
            value.try_iter()?;
        }
    }
    if let Some(result) = modules::arithmetic(a, b, minus) {
        return result;
    }
    match (a.kind(), b.kind()) {
        (ValueKind::Number | ValueKind::Bool, ValueKind::Number | ValueKind::Bool) => numbers(a, b, minus),
        (ValueKind::String, ValueKind::String) if !minus => {
            if a.is_safe() || b.is_safe() {
                // Python escapes what is added to a text that is marked as safe.
                return Err(Fault::unsupported("a text that is marked as safe is added with `+`").into());
            }
            bounded(Value::from(format!("{a}{b}")))
        }
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) if !minus => lists(a, b),
        _ => {
            let sign = if minus { '-' } else { '+' };
            Err(Fault::compiler(format!("`{sign}` between a {} and a {}", a.kind(), b.kind())).into())
        }
    }
}

/// Whether a chain of comparisons holds: operand, operator, operand, ...
pub(crate) fn compared(items: &[Value]) -> Result<Value, Error> {
    for at in (0..items.len().saturating_sub(2)).step_by(2) {
        let [a, operator, b] = &items[at..at + 3] else { break };
        let operator = operator.as_str().unwrap_or_default();
        let holds = match operator {
            "==" => a == b,
            "!=" => a != b,
            _ => ordered(a, operator, b)?,
        };
        if !holds {
            return Ok(Value::from(false));
        }
    }
    Ok(Value::from(true))
}

fn ordered(a: &Value, operator: &str, b: &Value) -> Result<bool, Error> {
    let plain = |value: &Value| match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        _ => value.clone(),
    };
    let (a, b) = (plain(a), plain(b));
    for value in [&a, &b] {
        if value.kind() == ValueKind::Invalid {
            super::python::text(value)?;
        }
    }
    let nan = |value: &Value| f64::try_from(value.clone()).is_ok_and(f64::is_nan);
    if nan(&a) || nan(&b) {
        return Ok(false);
    }
    super::order::sortable(&[a.clone(), b.clone()])?;
    let order = a.cmp(&b);
    Ok(match operator {
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        "<=" => order.is_le(),
        _ => order.is_ge(),
    })
}

fn lists(a: &Value, b: &Value) -> Result<Value, Error> {
    let plain = |value: &Value| {
        !List::is_view(value)
            && !super::lazy::Lazy::is(value)
            && value.downcast_object_ref::<super::lazy::Range>().is_none()
            && !super::agate::is_table(value)
    };
    if !plain(a) || !plain(b) || a.is_tuple() != b.is_tuple() {
        return Err(Fault::compiler("only two lists or two tuples are added").into());
    }
    let items: Vec<Value> = a.try_iter()?.chain(b.try_iter()?).take(MAX_ITEMS + 1).collect();
    if items.len() > MAX_ITEMS {
        return Err(Fault::limit("a list longer than a million items").into());
    }
    items.iter().try_for_each(super::meter::takes)?;
    Ok(if a.is_tuple() { Value::from(Tuple::from(items)) } else { List::value(items) })
}

fn numbers(a: &Value, b: &Value, minus: bool) -> Result<Value, Error> {
    let whole = |value: &Value| match value.kind() {
        ValueKind::Bool => Some(i128::from(value.is_true())),
        _ if value.is_integer() => i128::try_from(value.clone()).ok(),
        _ => None,
    };
    let float = |value: &Value| match value.kind() {
        ValueKind::Bool => Ok(f64::from(u8::from(value.is_true()))),
        _ => f64::try_from(value.clone()),
    };
    let integer = |value: &Value| value.kind() == ValueKind::Bool || value.is_integer();
    if integer(a) && integer(b) {
        let sum = whole(a).zip(whole(b)).and_then(|(a, b)| if minus { a.checked_sub(b) } else { a.checked_add(b) });
        let sum = sum.ok_or_else(|| Error::from(Fault::unsupported("a whole number of more than 38 digits")))?;
        return Ok(i64::try_from(sum).map_or_else(|_| Value::from(sum), Value::from));
    }
    let (a, b) = (float(a)?, float(b)?);
    Ok(Value::from(if minus { a - b } else { a + b }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(items: Vec<Value>) -> String {
        chain(&items).map_or_else(|_| "error".to_owned(), |value| value.to_string())
    }

    #[test]
    fn sums_are_those_of_python() {
        let v = |n: i64| Value::from(n);
        assert_eq!(sum(vec![v(1), Value::from("+"), v(2), Value::from("-"), v(5)]), "-2");
        assert_eq!(sum(vec![v(i64::MAX), Value::from("+"), v(1)]), "9223372036854775808");
        assert_eq!(sum(vec![Value::from(true), Value::from("+"), Value::from(0.5)]), "1.5");
        assert_eq!(sum(vec![Value::from("a"), Value::from("+"), v(1)]), "error");
        assert_eq!(sum(vec![Value::UNDEFINED, Value::from("+"), v(1)]), "error");
        assert_eq!(sum(vec![Value::from(vec![1]), Value::from("+"), Value::from(vec![2])]), "[1, 2]");
        let compare = |items: Vec<Value>| compared(&items).map(|value| value.is_true()).ok();
        assert_eq!(compare(vec![v(1), Value::from("<"), v(2), Value::from(">="), Value::from(true)]), Some(true));
        assert_eq!(compare(vec![v(1), Value::from("<"), Value::from("a")]), None);
        assert_eq!(compare(vec![Value::from(()), Value::from("<"), v(1)]), None);
        let safe = Value::from_safe_string("<a>".into());
        assert_eq!(sum(vec![safe, Value::from("+"), Value::from("b")]), "error");
    }
}
