//! Query results as templates see them: dbt's agate tables, as far as templates use them.

use super::job::Table;
use super::values::{List, from_json};
use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple};
use minijinja::{Error, ErrorKind, State, Value};
use std::sync::Arc;

/// A table as a template value.
pub(crate) fn table(table: Table) -> Value {
    Value::from_object(Agate(Arc::new(table)))
}

/// Whether a value is a query's result.
pub(crate) fn is_table(value: &Value) -> bool {
    value.downcast_object_ref::<Agate>().is_some()
}

/// Whether `value` is a table or a part of one.
pub(crate) fn is_part(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().contains("::agate::"))
}

#[derive(Debug)]
struct Agate(Arc<Table>);

#[derive(Debug)]
struct Column {
    table: Arc<Table>,
    at: usize,
}

#[derive(Debug)]
struct Row {
    table: Arc<Table>,
    at: usize,
}

/// A list that can also be indexed by name.
#[derive(Debug)]
struct Named {
    names: Vec<String>,
    items: Vec<Value>,
}

fn named(names: Vec<String>, items: Vec<Value>) -> Value {
    Value::from_object(Named { names, items })
}

fn find<'a>(names: impl IntoIterator<Item = &'a String>, key: &Value) -> Option<usize> {
    let names: Vec<&String> = names.into_iter().collect();
    match key.as_str() {
        Some(name) => names.iter().position(|n| n.as_str() == name),
        None => {
            let index = key.as_i64()?;
            let len = i64::try_from(names.len()).ok()?;
            usize::try_from(if index < 0 { len + index } else { index }).ok().filter(|at| *at < names.len())
        }
    }
}

impl Agate {
    fn columns(&self) -> Value {
        let items = (0..self.0.columns.len()).map(|at| Value::from_object(Column { table: Arc::clone(&self.0), at }));
        named(self.0.columns.clone(), items.collect())
    }

    fn rows(&self) -> Vec<Value> {
        (0..self.0.rows.len()).map(|at| Value::from_object(Row { table: Arc::clone(&self.0), at })).collect()
    }
}

impl Object for Agate {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "columns" => Some(self.columns()),
            "rows" => Some(Value::from(self.rows())),
            "column_names" => Some(Value::from(self.0.columns.clone())),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(self.rows().into_iter()))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.rows.len())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

impl Object for Column {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if key.as_str() == Some("name") {
            return self.table.columns.get(self.at).map(|name| Value::from(name.as_str()));
        }
        self.table.rows.get(key.as_usize()?)?.get(self.at).map(from_json)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.table.rows.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        let values = || self.table.rows.iter().filter_map(|row| row.get(self.at)).map(from_json);
        match method {
            "values" => Ok(Value::from(Tuple::from(values().collect::<Vec<_>>()))),
            "values_distinct" => {
                let mut out: Vec<Value> = Vec::new();
                values().for_each(|value| {
                    if !out.contains(&value) {
                        out.push(value)
                    }
                });
                Ok(List::value(out))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

impl Object for Row {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = find(&self.table.columns, key)?;
        self.table.rows.get(self.at)?.get(at).map(from_json)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.table.columns.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let cells = || self.table.rows.get(self.at).into_iter().flatten().map(from_json);
        match method {
            "values" => Ok(Value::from(Tuple::from(cells().collect::<Vec<_>>()))),
            "keys" => Ok(Value::from(self.table.columns.clone())),
            "get" => Ok(args.first().and_then(|key| self.get_value(key)).unwrap_or_else(|| Value::from(()))),
            "items" | "dict" => {
                let pairs = self.table.columns.iter().map(|n| Value::from(n.as_str())).zip(cells());
                Ok(if method == "dict" {
                    super::values::Dict::value(pairs)
                } else {
                    List::value(pairs.map(|(k, v)| super::values::pair(k, v)).collect())
                })
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

impl Object for Named {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.items.get(find(&self.names, key)?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "keys" => Ok(Value::from(self.names.clone())),
            "values" => Ok(Value::from(self.items.clone())),
            "get" => Ok(args.first().and_then(|key| self.get_value(key)).unwrap_or_else(|| Value::from(()))),
            "items" => {
                let pairs = self.names.iter().map(|n| Value::from(n.as_str())).zip(self.items.iter().cloned());
                Ok(List::value(pairs.map(|(k, v)| super::values::pair(k, v)).collect()))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
