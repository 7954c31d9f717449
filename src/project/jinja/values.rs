//! Mutable lists and dicts as Python has them, and the way between JSON and template values.

use super::fault::Fault;
use super::meter;
use indexmap::IndexMap;
use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::{Map, Number, Value as Json};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A mutable list.
#[derive(Default)]
pub(crate) struct List(Mutex<Vec<Value>>, /** Whether it is something else in Python. */ bool);

/// A mutable dict that keeps insertion order.
#[derive(Default)]
pub(crate) struct Dict(Mutex<IndexMap<Value, Value>>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl List {
    pub(crate) fn value(items: Vec<Value>) -> Value {
        Value::from_object(Self(Mutex::new(items), false))
    }

    /// What Python walks like a list and prints as something else: a set, or the keys of a dict.
    pub(crate) fn view(items: Vec<Value>) -> Value {
        Value::from_object(Self(Mutex::new(items), true))
    }

    /// Whether `value` prints in Python as no list does.
    pub(crate) fn is_view(value: &Value) -> bool {
        value.downcast_object_ref::<Self>().is_some_and(|list| list.1)
    }

    /// Refuses what would make the list too long, and counts what it takes in.
    fn takes(&self, values: &[Value]) -> Result<(), Error> {
        if locked(&self.0).len() + values.len() > MAX_ITEMS {
            return Err(Fault::limit("a list longer than a million items").into());
        }
        values.iter().try_for_each(meter::takes)
    }

    fn items(&self) -> Vec<Value> {
        locked(&self.0).clone()
    }
}

impl Dict {
    pub(crate) fn value(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
        Value::from_object(Self(Mutex::new(entries.into_iter().collect())))
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        locked(&self.0).iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// Whether `value` holds (at any depth) the container at `target`: inserting it there would make a circle,
/// which no renderer, comparison or drop survives.
fn reaches(value: &Value, target: *const ()) -> bool {
    let mut stack = vec![value.clone()];
    let mut steps = 0u32;
    while let Some(value) = stack.pop() {
        steps += 1;
        if steps > 1_000_000 {
            return true;
        }
        if let Some(list) = value.downcast_object::<List>() {
            if Arc::as_ptr(&list).cast::<()>() == target {
                return true;
            }
            stack.extend(list.items());
        } else if let Some(dict) = value.downcast_object::<Dict>() {
            if Arc::as_ptr(&dict).cast::<()>() == target {
                return true;
            }
            stack.extend(dict.entries().into_iter().map(|(_, v)| v));
        } else if matches!(value.kind(), ValueKind::Seq | ValueKind::Map) && value.as_object().is_some() {
            // Immutable containers (tuples, namespaces, filter results) may hold mutable ones.
            let keys: Vec<Value> = value.try_iter().map(|iter| iter.take(100_000).collect()).unwrap_or_default();
            if value.kind() == ValueKind::Map {
                stack.extend(keys.iter().filter_map(|key| value.get_item(key).ok()));
            } else {
                stack.extend(keys);
            }
        }
    }
    false
}

fn no_circle(value: &Value, target: *const ()) -> Result<(), Error> {
    if value.as_object().is_some() && reaches(value, target) {
        return Err(Error::new(ErrorKind::InvalidOperation, "a container cannot be put into itself"));
    }
    Ok(())
}

fn none() -> Result<Value, Error> {
    Ok(Value::from(()))
}

fn position(len: usize, index: i64) -> Option<usize> {
    let at = if index < 0 { i64::try_from(len).ok()? + index } else { index };
    usize::try_from(at).ok().filter(|at| *at < len)
}

/// The item `key` of what has none.
pub(crate) fn by_number(key: &Value) -> Option<Value> {
    let fault = || Fault::unsupported("an item, by its number, of a set, a generator or the keys or values of a dict");
    key.is_number().then(|| super::args::poisoned(fault()))
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.1 { ObjectRepr::Iterable } else { ObjectRepr::Seq }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if self.1 {
            // What is no list has no items by number; minijinja would count them.
            return by_number(key);
        }
        let items = locked(&self.0);
        position(items.len(), key.as_i64()?).and_then(|at| items.get(at).cloned())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // A snapshot: a loop body may append to the list that it walks.
        Enumerator::Iter(Box::new(self.items().into_iter()))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(locked(&self.0).len())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !locked(&self.0).is_empty()
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let target = Arc::as_ptr(self).cast::<()>();
        if self.1 {
            return Err(Fault::unsupported(format!("`{method}` of a set or a view is not built in here")).into());
        }
        match method {
            "append" => {
                let (value,): (Value,) = from_args(args)?;
                no_circle(&value, target)?;
                self.takes(std::slice::from_ref(&value))?;
                locked(&self.0).push(value);
                none()
            }
            "extend" => {
                let (values,): (Value,) = from_args(args)?;
                let values: Vec<Value> = values.try_iter()?.collect();
                values.iter().try_for_each(|value| no_circle(value, target))?;
                self.takes(&values)?;
                locked(&self.0).extend(values);
                none()
            }
            "insert" => {
                let (at, value): (i64, Value) = from_args(args)?;
                no_circle(&value, target)?;
                self.takes(std::slice::from_ref(&value))?;
                let mut items = locked(&self.0);
                let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if at < 0 { (len + at).max(0) } else { at.min(len) };
                items.insert(usize::try_from(at).unwrap_or(0), value);
                none()
            }
            "pop" => {
                let (at,): (Option<i64>,) = from_args(args)?;
                let mut items = locked(&self.0);
                let at = position(items.len(), at.unwrap_or(-1))
                    .ok_or_else(|| Error::new(ErrorKind::UndefinedError, "pop index out of range"))?;
                Ok(items.remove(at))
            }
            "remove" | "index" => {
                let (value,): (Value,) = from_args(args)?;
                let at = self.items().iter().position(|item| *item == value);
                let at =
                    at.ok_or_else(|| Error::new(ErrorKind::UndefinedError, "the list does not hold this value"))?;
                if method == "index" {
                    return Ok(Value::from(at));
                }
                locked(&self.0).remove(at);
                none()
            }
            "reverse" => {
                locked(&self.0).reverse();
                none()
            }
            "sort" => {
                let reverse = args.last().cloned().and_then(|v| Kwargs::try_from(v).ok());
                let reverse = reverse.and_then(|k| k.get::<bool>("reverse").ok()).unwrap_or(false);
                let mut items = self.items();
                super::order::sortable(&items)?;
                // Equal items keep their order both ways.
                items.sort_by(|a, b| if reverse { b.cmp(a) } else { a.cmp(b) });
                *locked(&self.0) = items;
                none()
            }
            "clear" => {
                locked(&self.0).clear();
                none()
            }
            "copy" => Ok(List::value(self.items())),
            "count" => {
                let (value,): (Value,) = from_args(args)?;
                Ok(Value::from(self.items().iter().filter(|item| **item == value).count()))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        locked(&self.0).get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(self.entries().into_iter().map(|(k, _)| k)))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(locked(&self.0).len())
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let target = Arc::as_ptr(self).cast::<()>();
        match method {
            "get" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                Ok(locked(&self.0).get(&key).cloned().or(default).unwrap_or_else(|| Value::from(())))
            }
            "items" => Ok(List::view(self.entries().into_iter().map(|(k, v)| pair(k, v)).collect())),
            "keys" => Ok(List::view(self.entries().into_iter().map(|(k, _)| k).collect())),
            "values" => Ok(List::view(self.entries().into_iter().map(|(_, v)| v).collect())),
            "update" => {
                for (key, value) in update_entries(args)? {
                    no_circle(&value, target)?;
                    meter::takes(&value)?;
                    locked(&self.0).insert(key, value);
                }
                none()
            }
            "setdefault" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                let default = default.unwrap_or_else(|| Value::from(()));
                no_circle(&default, target)?;
                meter::takes(&default)?;
                Ok(locked(&self.0).entry(key).or_insert(default).clone())
            }
            "pop" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                locked(&self.0)
                    .shift_remove(&key)
                    .or(default)
                    .ok_or_else(|| Error::new(ErrorKind::UndefinedError, format!("the dict has no key `{key}`")))
            }
            "copy" => Ok(Dict::value(self.entries())),
            "clear" => {
                locked(&self.0).clear();
                none()
            }
            _ => {
                let callable = locked(&self.0).get(&Value::from(method)).cloned();
                callable.map_or_else(|| Err(Error::from(ErrorKind::UnknownMethod)), |value| value.call(state, args))
            }
        }
    }
}

/// A Python tuple of two.
pub(crate) fn pair(a: Value, b: Value) -> Value {
    Value::from(minijinja::value::Tuple::from(vec![a, b]))
}

/// What `dict.update(mapping, key=value)` adds.
fn update_entries(args: &[Value]) -> Result<Vec<(Value, Value)>, Error> {
    let mut out = Vec::new();
    for arg in args {
        if arg.kind() == ValueKind::Map {
            for key in arg.try_iter()? {
                let value = arg.get_item(&key)?;
                out.push((key, value));
            }
        } else {
            for entry in arg.try_iter()? {
                out.push((entry.get_item_by_index(0)?, entry.get_item_by_index(1)?));
            }
        }
    }
    Ok(out)
}

/// A plain list or dict as a mutable one (shallow): what a filter or an addition made may be appended to, as in Python.
pub(crate) fn mutable(value: Value) -> Value {
    let owned = value.downcast_object_ref::<List>().is_some()
        || value.downcast_object_ref::<Dict>().is_some()
        || value.downcast_object_ref::<super::lazy::Range>().is_some();
    if owned || value.is_tuple() || value.is_kwargs() {
        return value;
    }
    let joined = value.kind() == ValueKind::Iterable && value.len().is_some_and(|len| len <= MAX_ITEMS);
    // `a + b` of lists is a sized iterable here, a list in Python. Query results stay what they are.
    if value.kind() == ValueKind::Seq || (joined && !super::agate::is_table(&value)) {
        return value.try_iter().map(|iter| List::value(iter.collect())).unwrap_or(value);
    }
    value
}

/// Longest list that is copied to be made mutable.
pub(crate) const MAX_ITEMS: usize = 1_000_000;

/// JSON as a template value; lists and dicts are mutable.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::from(i),
            (None, Some(u)) => Value::from(u),
            _ => Value::from(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => List::value(items.iter().map(from_json).collect()),
        Json::Object(map) => Dict::value(map.iter().map(|(k, v)| (Value::from(k.as_str()), from_json(v)))),
    }
}

/// A template value as JSON: undefined and none are null, other objects their text.
pub(crate) fn to_json(value: &Value) -> Json {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(i) if value.is_integer() => Json::from(i),
            _ => f64::try_from(value.clone())
                .ok()
                .and_then(Number::from_f64)
                .map_or_else(|| Json::String(value.to_string()), Json::Number),
        },
        ValueKind::Seq | ValueKind::Iterable => match value.try_iter() {
            Ok(iter) => Json::Array(iter.map(|item| to_json(&item)).collect()),
            Err(_) => Json::String(value.to_string()),
        },
        ValueKind::Map => match value.try_iter() {
            Ok(keys) => {
                let entry = |key: Value| (key.to_string(), value.get_item(&key).map_or(Json::Null, |v| to_json(&v)));
                Json::Object(keys.map(entry).collect::<Map<_, _>>())
            }
            Err(_) => Json::String(value.to_string()),
        },
        _ => Json::String(value.to_string()),
    }
}
