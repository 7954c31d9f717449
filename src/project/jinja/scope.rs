//! What a name means in a template: locals, macros, dbt's context, packages, our own `dbt` macros; in dbt's order.

use super::adapter;
use super::context;
use super::fault::Fault;
use super::job::Job;
use super::macros::{BUILTIN, MacroFn};
use super::values::from_json;
use crate::project::NotCompiledCode;
use minijinja::value::{Enumerator, Object, ObjectRepr, Rest};
use minijinja::{Error, State, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The root context of a template: arguments of the macro, then everything that [`lookup`] finds.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) job: Arc<Job>,
    pub(crate) locals: BTreeMap<String, Value>,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        self.locals.get(key).cloned().or_else(|| lookup(&self.job, key))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // Only locals: they are what a call block's body must remember.
        Enumerator::Iter(Box::new(self.locals.keys().cloned().map(Value::from).collect::<Vec<_>>().into_iter()))
    }
}

/// What `name` means for a rendering, `None` when nothing.
pub(crate) fn lookup(job: &Arc<Job>, name: &str) -> Option<Value> {
    if let Some(value) = job.extra.get(name) {
        return Some(value.clone());
    }
    if name == "self" {
        return Some(super::args::poisoned(Fault::unsupported("`self` is not built in here")));
    }
    if name.starts_with("__") {
        return context::internal(job, name);
    }
    if let Some(value) = overridden(job, name) {
        return Some(value);
    }
    let world = &job.world;
    if let Some(def) = world.macros.own(&job.node.package, &world.root, name) {
        return Some(macro_value(job, def));
    }
    if let Some(value) = context::global(job, name) {
        return Some(value);
    }
    if world.macros.has_package(name) || world.packages.contains(name) || world.missing_packages.contains(name) {
        return Some(Value::from_object(Package { job: Arc::clone(job), name: name.to_owned() }));
    }
    // dbt's adapter packages (`dbt_duckdb`) hold what ours has in one package.
    if name.strip_prefix("dbt_").is_some_and(|adapter| world.prefixes().contains(&adapter)) {
        return Some(Value::from_object(Package { job: Arc::clone(job), name: BUILTIN.to_owned() }));
    }
    world.macros.get(BUILTIN, name).map(|def| macro_value(job, def))
}

/// The macro that a unit test puts in the place of one: it gives the same whatever it is called with.
fn overridden(job: &Job, name: &str) -> Option<Value> {
    let value = from_json(job.overrides.macros.get(name)?);
    if name == "is_incremental" {
        job.seen().asked_incremental = true;
    }
    Some(Value::from_function(move |_: Rest<Value>| value.clone()))
}

/// `context`: everything that a template can name, by name.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) Arc<Job>);

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        lookup(&self.0, key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method != "get" {
            return Err(Fault::unsupported(format!("context.{method} is not built in here")).into());
        }
        let found = args.first().and_then(|key| self.get_value(key)).or_else(|| args.get(1).cloned());
        Ok(found.unwrap_or_else(|| Value::from(())))
    }
}

/// A macro as a callable value.
pub(crate) fn macro_value(job: &Arc<Job>, def: &Arc<super::macros::MacroDef>) -> Value {
    Value::from_object(MacroFn { job: Arc::clone(job), def: Arc::clone(def) })
}

/// A package's macros: `dbt_utils.star(...)`.
struct Package {
    job: Arc<Job>,
    name: String,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<package {}>", self.name)
    }
}

impl Package {
    fn find(&self, name: &str) -> Result<Value, Fault> {
        let world = &self.job.world;
        let own = (self.name == BUILTIN || self.name == world.root).then(|| overridden(&self.job, name)).flatten();
        if let Some(value) = overridden(&self.job, &format!("{}.{name}", self.name)).or(own) {
            return Ok(value);
        }
        if let Some(def) = world.macros.get(&self.name, name) {
            return Ok(macro_value(&self.job, def));
        }
        if self.name == BUILTIN
            && let Some(value) = context::global(&self.job, name)
        {
            return Ok(value);
        }
        let full = format!("{}.{name}", self.name);
        Err(if world.missing_packages.contains(&self.name) {
            let message = format!(
                "`{full}` is a macro of a package that is not installed; run `dbt deps` and keep dbt_packages/"
            );
            Fault::new(NotCompiledCode::Packages, message).named(self.name.clone()).needle(full)
        } else if self.name == BUILTIN {
            // dbt may have it where we do not: not a defect of the project.
            Fault::unsupported(format!("`{full}` is not among the macros that are built in here"))
                .named(full.clone())
                .needle(full)
        } else {
            Fault::new(NotCompiledCode::MacroNotFound, format!("`{full}` is no macro of package `{}`", self.name))
                .named(full.clone())
                .needle(full)
        })
    }
}

impl Object for Package {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match self.find(key.as_str()?) {
            Ok(value) => Some(value),
            // dbt, or the package that is not there, may have it: "undefined" would send templates another way.
            Err(fault) if fault.code != NotCompiledCode::MacroNotFound => Some(super::args::poisoned(fault)),
            Err(_) => None,
        }
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        // A package is a mapping of its macros.
        if let ("get", Some(name)) = (method, args.first().and_then(Value::as_str))
            && self.job.world.macros.get(&self.name, "get").is_none()
        {
            let found = self.get_value(&Value::from(name)).or_else(|| args.get(1).cloned());
            return Ok(found.unwrap_or_else(|| Value::from(())));
        }
        self.find(method)?.call(state, args)
    }
}

/// Whether a value that is an object here is a mapping in dbt: a package, or the target.
pub(crate) fn is_mapping(value: &Value) -> bool {
    let target = value.downcast_object_ref::<super::args::Host>().is_some_and(|host| host.name == "target");
    target || value.downcast_object_ref::<Package>().is_some()
}

/// `adapter.dispatch(name, namespace)`: the macro for this adapter, looked for as dbt does.
pub(crate) fn dispatch(job: &Arc<Job>, name: &str, namespace: Option<&str>) -> Result<Value, Fault> {
    let world = &job.world;
    let packages: Vec<Option<&str>> = match namespace {
        None => vec![None],
        Some(namespace) => match world.dispatch.get(namespace) {
            Some(order) => order.iter().map(|p| Some(p.as_str())).collect(),
            // A namespace that is no package means nothing.
            None if namespace != BUILTIN
                && !world.packages.contains(namespace)
                && !world.missing_packages.contains(namespace) =>
            {
                vec![None]
            }
            None => vec![Some(world.root.as_str()), Some(namespace)],
        },
    };
    for package in &packages {
        for prefix in world.prefixes() {
            let full = format!("{prefix}__{name}");
            let found = match package {
                Some(package) => world.macros.get(package, &full),
                None => {
                    world.macros.own(&job.node.package, &world.root, &full).or_else(|| world.macros.get(BUILTIN, &full))
                }
            };
            if let Some(def) = found {
                return Ok(macro_value(job, def));
            }
        }
    }
    if namespace.is_none_or(|n| n == BUILTIN)
        && let Some(value) = adapter::builtin_dispatch(job, name)
    {
        return Ok(value);
    }
    let shown = namespace.map_or_else(|| name.to_owned(), |n| format!("{n}.{name}"));
    let message = format!("no macro `{shown}` for adapter `{}` (nor default)", world.target.adapter);
    Err(match namespace {
        Some(n) if world.missing_packages.contains(n) => Fault::new(NotCompiledCode::Packages, message),
        Some(BUILTIN) | None => Fault::unsupported(message),
        Some(_) => Fault::new(NotCompiledCode::MacroNotFound, message),
    }
    .named(shown))
}
