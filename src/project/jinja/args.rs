//! Arguments of our own context functions, and the objects that hold those functions.

use super::fault::Fault;
use super::job::Job;
use super::macros::{MacroFn, split};
use super::meter;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, State, Value};
use std::fmt;
use std::sync::Arc;

/// Positional and keyword arguments of a call.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
}

impl Args {
    pub(crate) fn new(args: &[Value]) -> Self {
        let (positional, named) = split(args);
        Self { positional, named }
    }

    /// The argument at `at` or under `name`; `None` when absent or undefined.
    pub(crate) fn get(&self, at: usize, name: &str) -> Option<Value> {
        let positional = self.positional.get(at).cloned();
        positional.or_else(|| self.keyword(name)).filter(|value| !value.is_undefined())
    }

    /// The keyword argument `name`.
    pub(crate) fn keyword(&self, name: &str) -> Option<Value> {
        self.named.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The text of an argument that must be there.
    pub(crate) fn text(&self, function: &str, at: usize, name: &str) -> Result<String, Fault> {
        let value = self.get(at, name).filter(|value| !value.is_none());
        value
            .map(|value| value.to_string())
            .ok_or_else(|| Fault::compiler(format!("{function}() needs argument `{name}`")))
    }
}

/// A function of the context, an object with methods, or both: the call itself is the method `""`.
pub(crate) type Function = fn(&Arc<Job>, &mut State<'_, '_>, &str, Args) -> Result<Value, Error>;

/// A callable of the context.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) job: Arc<Job>,
    pub(crate) function: Function,
    /// Attributes that are no methods.
    pub(crate) attribute: fn(&Arc<Job>, &str) -> Option<Value>,
}

impl Host {
    pub(crate) fn value(name: &'static str, job: &Arc<Job>, function: Function) -> Value {
        Value::from_object(Self { name, job: Arc::clone(job), function, attribute: |_, _| None })
    }

    pub(crate) fn with(
        name: &'static str,
        job: &Arc<Job>,
        function: Function,
        attribute: fn(&Arc<Job>, &str) -> Option<Value>,
    ) -> Value {
        Value::from_object(Self { name, job: Arc::clone(job), function, attribute })
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name)
    }
}

impl Object for Host {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        if let Some(value) = (self.attribute)(&self.job, key) {
            return Some(value);
        }
        if let Some(method) = methods_of(self.name).iter().find(|method| **method == key) {
            return Some(Value::from_object(Method { host: Arc::clone(self), method }));
        }
        // dbt may have it: "undefined" would send templates another way.
        Some(poisoned(Fault::unsupported(format!("`{}.{key}` is not built in here", self.name))))
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        meter::on_time()?;
        (self.function)(&self.job, state, "", Args::new(args))
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        meter::on_time()?;
        if let Some(value) = (self.attribute)(&self.job, method) {
            return value.call(state, args);
        }
        (self.function)(&self.job, state, method, Args::new(args))
    }
}

/// Methods that templates also name without calling them: to pass them on, or to ask whether they are there.
fn methods_of(host: &str) -> &'static [&'static str] {
    match host {
        "adapter" => &[
            "dispatch",
            "get_columns_in_relation",
            "get_missing_columns",
            "get_relation",
            "quote",
            "quote_as_configured",
            "quote_seed_column",
            "type",
        ],
        "Column" => &["create", "numeric_type", "string_type", "translate_type"],
        "Relation" => &["create"],
        "config" => &["get", "meta_get", "meta_require", "require", "set"],
        "var" => &["has_var"],
        "exceptions" => &["raise_compiler_error", "raise_not_implemented", "warn"],
        "datetime" => &["combine", "fromisoformat", "now", "strptime", "today", "utcnow"],
        "date" => &["fromisoformat", "today"],
        "itertools" => &["chain", "product"],
        "re" => &["findall", "fullmatch", "match", "search", "split", "sub"],
        "pytz" => &["timezone"],
        _ => &[],
    }
}

/// A method that was named and not yet called.
struct Method {
    host: Arc<Host>,
    method: &'static str,
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}.{}>", self.host.name, self.method)
    }
}

impl Object for Method {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        (self.host.function)(&self.host.job, state, self.method, Args::new(args))
    }
}

/// Whether a value is a function, macro, or object of functions: what prints in Python as an address.
pub(crate) fn is_function(value: &Value) -> bool {
    value.downcast_object_ref::<Host>().is_some()
        || value.downcast_object_ref::<Method>().is_some()
        || value.downcast_object_ref::<MacroFn>().is_some()
}

/// A value that fails with `fault` as soon as it is used.
pub(crate) fn poisoned(fault: Fault) -> Value {
    Value::from(Error::from(fault))
}

/// An object every attribute of which is unknown here: using one is the fault, naming the object is not.
#[derive(Debug)]
pub(crate) struct Unknown(pub(crate) fn(&str) -> Fault);

impl Object for Unknown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(poisoned((self.0)(key.as_str().unwrap_or("?"))))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        Err((self.0)(method).into())
    }
}
