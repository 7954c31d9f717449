//! What Python walks once and never writes out: the results of `map`, `select` and their like; and `range`.

use super::fault::Fault;
use super::values::{List, MAX_ITEMS};
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, Value};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// A generator: true whatever is in it, without a length or an index, empty when it was walked.
#[derive(Debug, Default)]
pub(crate) struct Lazy(Mutex<VecDeque<Value>>);

impl Lazy {
    pub(crate) fn value(items: Vec<Value>) -> Value {
        Value::from_object(Self(Mutex::new(items.into())))
    }

    pub(crate) fn is(value: &Value) -> bool {
        value.downcast_object_ref::<Self>().is_some()
    }

    fn next(&self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct Rest(Arc<Lazy>);

impl Iterator for Rest {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}

impl Object for Lazy {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        super::values::by_number(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(Rest(Arc::clone(self))))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<generator>")
    }
}

/// `value|__lazy`: what a filter made, as the generator that it is in Python. Texts stay texts.
pub(crate) fn lazy(value: Value) -> Result<Value, Error> {
    if value.as_str().is_some() || Lazy::is(&value) {
        return Ok(value);
    }
    Ok(Lazy::value(value.try_iter()?.take(MAX_ITEMS + 1).collect()))
}

/// What `for` walks: none and numbers cannot be walked, what was made on the way is walked as the list that it is.
pub(crate) fn walked(value: Value) -> Result<Value, Error> {
    use minijinja::value::ValueKind as K;
    match value.kind() {
        K::None | K::Bool | K::Number => Err(Fault::compiler(format!("`{value}` cannot be walked by `for`")).into()),
        _ if Lazy::is(&value) => Ok(List::value(value.try_iter()?.collect())),
        _ => Ok(value),
    }
}

/// `range(start, stop, step)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    start: i64,
    stop: i64,
    step: i64,
}

impl Range {
    /// The function `range` of Jinja, which allows a hundred thousand items.
    pub(crate) fn function(a: Value, b: Option<Value>, c: Option<Value>) -> Result<Value, Error> {
        let whole = |value: Value| {
            let whole = if value.is_integer() { value.as_i64() } else { None };
            whole.or_else(|| (value.kind() == minijinja::value::ValueKind::Bool).then(|| i64::from(value.is_true())))
        };
        let number = |value| whole(value).ok_or_else(|| Error::from(Fault::compiler("range() takes whole numbers")));
        let (start, stop) = match b {
            Some(stop) => (number(a)?, number(stop)?),
            None => (0, number(a)?),
        };
        let step = c.map_or(Ok(1), number)?;
        if step == 0 {
            return Err(Fault::compiler("range() cannot go in steps of zero").into());
        }
        let range = Self { start, stop, step };
        if range.len() > 100_000 {
            return Err(Fault::compiler("range() of more than 100,000 items").into());
        }
        Ok(Value::from_object(range))
    }

    fn len(self) -> usize {
        let (start, stop, step) = (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let span = if step > 0 { stop - start } else { start - stop };
        usize::try_from((span + step.abs() - 1) / step.abs()).unwrap_or(0)
    }

    fn item(self, at: usize) -> Option<Value> {
        let at = i64::try_from(at).ok()?;
        Some(Value::from(self.start.checked_add(at.checked_mul(self.step)?)?))
    }

    /// As Python writes it.
    pub(crate) fn repr(self) -> String {
        match self.step {
            1 => format!("range({}, {})", self.start, self.stop),
            step => format!("range({}, {}, {step})", self.start, self.stop),
        }
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let len = i64::try_from(self.len()).ok()?;
        let at = key.as_i64()?;
        let at = usize::try_from(if at < 0 { at + len } else { at }).ok()?;
        (at < self.len()).then(|| self.item(at)).flatten()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // By index: only then is `loop.last` known.
        Enumerator::Seq(self.len())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.len())
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Range::repr(**self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_is_walked_once() {
        let value = Lazy::value(vec![Value::from(1), Value::from(2)]);
        assert!(value.is_true());
        assert_eq!(value.try_iter().unwrap().count(), 2);
        assert_eq!(value.try_iter().unwrap().count(), 0);
        assert!(value.is_true());
        assert!(walked(Value::from(())).is_err());
    }

    #[test]
    fn a_loop_over_a_range_knows_its_last_item() {
        let mut env = minijinja::Environment::new();
        env.add_function("range", Range::function);
        let text = "{% for i in range(1, 4) %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}";
        assert_eq!(env.render_str(text, minijinja::context! {}).unwrap(), "1,2,3");
        assert_eq!(env.render_str("{{ range(9, 0, -4)|last }}", minijinja::context! {}).unwrap(), "1");
    }

    #[test]
    fn ranges_count_as_in_python() {
        let range = |a: i64, b: i64, c: i64| Range { start: a, stop: b, step: c };
        assert_eq!(range(10, 0, -3).len(), 4);
        assert_eq!(range(0, 10, 3).len(), 4);
        assert_eq!(range(3, 0, 1).len(), 0);
        assert_eq!(range(0, 3, 1).repr(), "range(0, 3)");
        assert_eq!(range(9, 0, -2).repr(), "range(9, 0, -2)");
    }
}
