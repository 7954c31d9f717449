//! What Python compares: values of one kind. Sorting others is an error there, and here.

use super::fault::Fault;
use super::modules;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// Kinds that compare with one another.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Kind {
    Number,
    Text,
    List,
    Tuple,
    Object,
}

fn kind(value: &Value) -> Option<Kind> {
    Some(match value.kind() {
        ValueKind::Number => Kind::Number,
        ValueKind::String => Kind::Text,
        ValueKind::Seq if value.is_tuple() => Kind::Tuple,
        ValueKind::Seq => Kind::List,
        // The name of a test, which compares with those of models.
        ValueKind::Plain if value.as_object().is_some_and(|object| object.type_name().contains("::graph::")) => {
            Kind::Text
        }
        ValueKind::Plain if modules::is_own(value) || super::relation::Relation::is(value) => Kind::Object,
        _ => return None,
    })
}

/// Refuses values that Python does not sort, or sorts in an order that is not known here.
pub(crate) fn sortable(values: &[Value]) -> Result<(), Error> {
    if values.len() < 2 {
        return Ok(());
    }
    let refuse = || Error::from(Fault::compiler("values of different kinds are sorted or compared"));
    if values.iter().all(|value| value.kind() == ValueKind::Bool) {
        return Ok(());
    }
    let Some(first) = values.first().and_then(kind) else { return Err(refuse()) };
    if values.iter().any(|value| kind(value) != Some(first)) {
        return Err(refuse());
    }
    if first == Kind::Object {
        let name = |value: &Value| value.as_object().map(|object| object.type_name());
        return if values.iter().all(|value| name(value) == name(&values[0])) { Ok(()) } else { Err(refuse()) };
    }
    if matches!(first, Kind::List | Kind::Tuple) {
        let rows: Vec<Vec<Value>> = values.iter().map(|v| Ok(v.try_iter()?.collect())).collect::<Result<_, Error>>()?;
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        // Only a first difference is compared, but that the rest is of one kind is true of what people write.
        for at in 0..width {
            let column: Vec<Value> = rows.iter().filter_map(|row| row.get(at).cloned()).collect();
            let unlike = column.iter().any(|value| !column[..1].contains(value));
            if unlike {
                sortable(&column)?;
            }
        }
    }
    Ok(())
}

/// Refuses dict keys of which Python would take two for one (`1`, `1.0` and `true`) or none at all (a list).
pub(crate) fn keys(keys: &[Value]) -> Result<(), Error> {
    let odd = |key: &Value| key.kind() == ValueKind::Bool || (key.kind() == ValueKind::Number && !key.is_integer());
    let numbers = keys.iter().filter(|key| matches!(key.kind(), ValueKind::Number | ValueKind::Bool)).count();
    if numbers > 1 && keys.iter().any(odd) {
        return Err(Fault::unsupported("numbers and booleans are keys of one dict").into());
    }
    let unhashable =
        |key: &Value| matches!(key.kind(), ValueKind::Map) || (key.kind() == ValueKind::Seq && !key.is_tuple());
    if keys.iter().any(unhashable) {
        return Err(Fault::compiler("a list or dict is the key of a dict").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_one_kind_are_sorted() {
        let values = |items: &[Value]| sortable(items).is_ok();
        assert!(values(&[Value::from(1), Value::from(2.5)]));
        assert!(!values(&[Value::from(1), Value::from("a")]));
        assert!(!values(&[Value::from(()), Value::from("a")]));
        assert!(!values(&[Value::from(true), Value::from(0)]));
        assert!(values(&[Value::from(vec![1, 2]), Value::from(vec![1, 3])]));
    }
}
