//! Macros of all packages, how a name finds one, and how one is called.

use super::fault::{Fault, fault_of};
use super::job::{Job, bounded};
use super::rewrite::{Caller, Rewritten, rewrite};
use super::scan::{Block, BlockKind, blocks};
use super::scope::Scope;
use super::tokens::line_of;
use super::values::{Dict, mutable};
use crate::files::content_id;
use crate::project::{NotCompiledCode, Place, Problem};
use minijinja::value::{Kwargs, Object, ObjectRepr, Tuple};
use minijinja::{Environment, Error, State, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The package that holds our own macros, under the name that dbt's have.
pub(crate) const BUILTIN: &str = "dbt";

/// One macro.
#[derive(Debug)]
pub(crate) struct MacroDef {
    pub(crate) unique_id: String,
    pub(crate) package: String,
    pub(crate) name: String,
    pub(crate) args: Vec<String>,
    varargs: bool,
    kwargs: bool,
    uses_caller: bool,
    pub(crate) place: Place,
    pub(crate) hash: String,
    /// Template for minijinja, or why there is none.
    pub(crate) template: Result<Rewritten, Fault>,
}

/// All macros by package and name.
#[derive(Debug, Default)]
pub(crate) struct Macros {
    packages: BTreeMap<String, BTreeMap<String, Arc<MacroDef>>>,
    callers: BTreeMap<String, Caller>,
}

impl Macros {
    /// Reads the macros (and tests, as `test_...`) of one file. A file that cannot be cut up is a problem of its own.
    pub(crate) fn read(&mut self, package: &str, path: &str, text: &str) -> Result<(), Problem> {
        let found = blocks(text).map_err(|error| Problem {
            place: Place { path: path.to_owned(), line: line_of(text, error.offset), column: 0 },
            message: error.fault().message,
            help: "fix the Jinja; until then no macro of this file can be called".to_owned(),
        })?;
        for block in found {
            let name = match block.kind {
                BlockKind::Macro => block.name.clone(),
                BlockKind::Test => format!("test_{}", block.name),
                _ => continue,
            };
            self.insert(define(package, path, text, &block, name));
        }
        Ok(())
    }

    fn insert(&mut self, def: MacroDef) {
        if let Ok(template) = &def.template {
            self.callers.extend(template.callers.iter().map(|c| (c.name.clone(), c.clone())));
        }
        self.packages.entry(def.package.clone()).or_default().insert(def.name.clone(), Arc::new(def));
    }

    /// The macro of one package.
    pub(crate) fn get(&self, package: &str, name: &str) -> Option<&Arc<MacroDef>> {
        self.packages.get(package)?.get(name)
    }

    /// The macro that an unqualified name means in a node of `package`: that package's, the root project's.
    pub(crate) fn own(&self, package: &str, root: &str, name: &str) -> Option<&Arc<MacroDef>> {
        self.get(package, name).or_else(|| self.get(root, name))
    }

    /// Every macro.
    pub(crate) fn all(&self) -> impl Iterator<Item = &MacroDef> {
        self.packages.values().flat_map(BTreeMap::values).map(Arc::as_ref)
    }

    /// Whether there is such a package with macros.
    pub(crate) fn has_package(&self, package: &str) -> bool {
        self.packages.contains_key(package)
    }

    /// The body of a call block inside a macro.
    pub(crate) fn caller(&self, name: &str) -> Option<&Caller> {
        self.callers.get(name)
    }

    /// Adds every macro to `env` as a template named by its unique id. Macros that minijinja cannot parse are problems,
    /// and stay callable: the call then fails with the same reason.
    pub(crate) fn compile(&mut self, env: &mut Environment<'static>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut broken = Vec::new();
        for def in self.packages.values().flat_map(BTreeMap::values) {
            let outcome = match &def.template {
                Err(fault) => Err((fault.clone(), def.place.clone())),
                Ok(template) => {
                    env.add_template_owned(def.unique_id.clone(), template.source.clone()).map_err(|error| {
                        let line = error.line().and_then(|l| u32::try_from(l).ok()).unwrap_or(def.place.line);
                        (fault_of(&error), Place { line, ..def.place.clone() })
                    })
                }
            };
            if let Err((fault, place)) = outcome {
                if fault.code == NotCompiledCode::JinjaSyntax {
                    let message = format!("macro `{}`: {}", def.name, fault.message);
                    problems.push(Problem {
                        place: place.clone(),
                        message,
                        help: "fix the Jinja of this macro".into(),
                    });
                }
                broken.push((def.package.clone(), def.name.clone(), Fault { place: Some(place), ..fault }));
            }
        }
        for (package, name, fault) in broken {
            if let Some(def) = self.packages.get_mut(&package).and_then(|p| p.get_mut(&name)).and_then(Arc::get_mut) {
                def.template = Err(fault);
            }
        }
        for caller in self.callers.values() {
            // A body that does not parse fails when it is called.
            let _ = env.add_template_owned(caller.name.clone(), caller.source.clone());
        }
        problems
    }
}

fn define(package: &str, path: &str, text: &str, block: &Block, name: String) -> MacroDef {
    let body = &text[block.body.clone()];
    let unique_id = format!("macro.{package}.{name}");
    let place = Place { path: path.to_owned(), line: block.line, column: 1 };
    let template = rewrite(text, &block.args, block.body.clone(), &unique_id).map_err(|error| Fault {
        place: Some(Place { path: path.to_owned(), line: line_of(text, error.offset), column: 0 }),
        ..error.fault()
    });
    MacroDef {
        package: package.to_owned(),
        args: block.args.iter().map(|arg| arg.name.clone()).collect(),
        varargs: body.contains("varargs"),
        kwargs: body.contains("kwargs"),
        uses_caller: body.contains("caller"),
        hash: content_id(text[block.whole.clone()].as_bytes()),
        unique_id,
        name,
        place,
        template,
    }
}

/// A macro that a rendering can call.
pub(crate) struct MacroFn {
    pub(crate) job: Arc<Job>,
    pub(crate) def: Arc<MacroDef>,
}

impl fmt::Debug for MacroFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}>", self.def.name)
    }
}

impl Object for MacroFn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        call(&self.job, &self.def, state.env(), args)
    }
}

/// The value of `return(...)`, on its way to the macro call that it ends.
#[derive(Debug, thiserror::Error)]
#[error("return outside a macro")]
pub(crate) struct Returned(pub(crate) Value);

fn returned(error: &Error) -> Option<Value> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(Returned(value)) = inner.downcast_ref::<Returned>() {
            return Some(value.clone());
        }
        source = inner.source();
    }
    None
}

/// Calls a macro: its text, or what it returns.
pub(crate) fn call(job: &Arc<Job>, def: &Arc<MacroDef>, env: &Environment, args: &[Value]) -> Result<Value, Error> {
    job.seen().macros.insert(def.unique_id.clone(), def.hash.clone());
    if let Err(fault) = &def.template {
        return Err(fault.clone().into());
    }
    let locals = bind(def, args)?;
    job.enter()?;
    let scope = Scope { job: Arc::clone(job), locals };
    let result = env.get_template(&def.unique_id).and_then(|template| template.render(Value::from_object(scope)));
    job.leave();
    match result {
        Ok(text) => bounded(Value::from(text)),
        Err(error) => match returned(&error) {
            Some(value) => bounded(mutable(value)),
            None => Err(placed(job, def, &error)),
        },
    }
}

/// An error inside a macro: it belongs to the macro's line when the macro is the project's own, else to the caller's.
fn placed(job: &Job, def: &MacroDef, error: &Error) -> Error {
    let mut fault = fault_of(error);
    if fault.place.is_none() && def.package == job.world.root {
        let line = error.line().and_then(|l| u32::try_from(l).ok()).unwrap_or(def.place.line);
        fault.place = Some(Place { line, column: 0, ..def.place.clone() });
    }
    fault.into()
}

/// The local that says that an argument was not given. One that was given an undefined value does not take its default.
pub(crate) fn absent(name: &str) -> String {
    format!("__no_{name}")
}

/// Binds arguments as Python does; names without a value are undefined.
fn bind(def: &MacroDef, args: &[Value]) -> Result<BTreeMap<String, Value>, Error> {
    let (positional, kwargs) = split(args);
    let mut locals: BTreeMap<String, Value> =
        def.args.iter().map(|name| (name.clone(), positional_or_undefined(name, &def.args, &positional))).collect();
    let mut rest = Vec::new();
    let mut given: BTreeSet<usize> = (0..positional.len()).collect();
    for (name, value) in kwargs {
        if let Some(at) = def.args.iter().position(|arg| *arg == name) {
            if at < positional.len() {
                return Err(Fault::compiler(format!("macro `{}` got argument `{name}` twice", def.name)).into());
            }
            locals.insert(name, mutable(value));
            given.insert(at);
        } else if name == "caller" && def.uses_caller {
            locals.insert(name, value);
        } else {
            rest.push((name, value));
        }
    }
    if let Some((name, _)) = rest.first().filter(|_| !def.kwargs) {
        return Err(Fault::compiler(format!("macro `{}` takes no argument `{name}`", def.name)).into());
    }
    if positional.len() > def.args.len() && !def.varargs {
        let message = format!("macro `{}` takes {} arguments, got {}", def.name, def.args.len(), positional.len());
        return Err(Fault::compiler(message).into());
    }
    if def.varargs {
        let extra: Vec<Value> = positional.iter().skip(def.args.len()).cloned().collect();
        locals.entry("varargs".into()).or_insert_with(|| Value::from(Tuple::from(extra)));
    }
    if def.kwargs {
        let entries = rest.into_iter().map(|(name, value)| (Value::from(name), value));
        locals.entry("kwargs".into()).or_insert_with(|| Dict::value(entries));
    }
    if def.uses_caller {
        locals.entry("caller".into()).or_insert(Value::UNDEFINED);
    }
    let missing = def.args.iter().enumerate().filter(|(at, _)| !given.contains(at));
    locals.extend(missing.map(|(_, name)| (absent(name), Value::from(true))));
    Ok(locals)
}

fn positional_or_undefined(name: &str, names: &[String], positional: &[Value]) -> Value {
    let at = names.iter().position(|n| n == name);
    at.and_then(|at| positional.get(at)).cloned().map_or(Value::UNDEFINED, mutable)
}

/// Positional and keyword arguments.
pub(crate) fn split(args: &[Value]) -> (Vec<Value>, Vec<(String, Value)>) {
    match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => {
            let names: Vec<String> = last.try_iter().map(|i| i.map(|k| k.to_string()).collect()).unwrap_or_default();
            let get = |name: &String| last.get_attr(name).unwrap_or_default();
            (rest.to_vec(), names.iter().map(|name| (name.clone(), get(name))).collect())
        }
        _ => (args.to_vec(), Vec::new()),
    }
}

/// Keyword arguments as the last value of a call.
pub(crate) fn kwargs(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::from(entries.into_iter().collect::<Kwargs>())
}

/// A call block's body with the variables that it could see where it was written.
pub(crate) struct CallerFn {
    pub(crate) job: Arc<Job>,
    pub(crate) name: String,
    pub(crate) locals: BTreeMap<String, Value>,
}

impl fmt::Debug for CallerFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<caller>")
    }
}

impl Object for CallerFn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let own = self.job.callers.get(&self.name);
        let caller = own.or_else(|| self.job.world.macros.caller(&self.name));
        let caller = caller.ok_or_else(|| Error::from(Fault::unsupported("the call block's body went away")))?;
        let (positional, named) = split(args);
        if positional.len() > caller.args.len() {
            return Err(Fault::compiler("caller() got more arguments than the call block takes").into());
        }
        let mut locals = self.locals.clone();
        for (at, name) in caller.args.iter().enumerate() {
            let missing = at >= positional.len() && !named.iter().any(|(key, _)| key == name);
            locals.insert(name.clone(), positional.get(at).cloned().unwrap_or_default());
            locals.insert(absent(name), Value::from(missing));
        }
        locals.extend(named);
        self.job.enter()?;
        let scope = Value::from_object(Scope { job: Arc::clone(&self.job), locals });
        let text = match own {
            Some(_) => state.env().render_named_str(&caller.name, &caller.source, scope),
            None => state.env().get_template(&caller.name).and_then(|template| template.render(scope)),
        };
        self.job.leave();
        bounded(Value::from(text?))
    }
}
