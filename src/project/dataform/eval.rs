//! The value of a `${...}`, when it is one of the plain forms.

use super::js::{self, Js};
use super::settings::Settings;
use super::sqlx::{Segment, Template};
use super::targets::{Meant, Target, Targets};
use crate::project::pieces::line_of;
use crate::project::{NotCompiled, NotCompiledCode};
use std::collections::BTreeSet;

/// What an expression may ask for.
pub(super) struct Context<'a> {
    pub(super) settings: &'a Settings,
    pub(super) targets: &'a Targets,
    /// The action itself.
    pub(super) own: &'a Target,
    /// What `incremental()` says.
    pub(super) incremental: bool,
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

/// A rendered text and what it reads.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    pub(super) depends_on: BTreeSet<String>,
}

enum Value {
    Text(String),
    Bool(bool),
}

struct Fault {
    code: NotCompiledCode,
    message: String,
    name: Option<String>,
}

impl Fault {
    fn unsupported(message: String) -> Self {
        Self { code: NotCompiledCode::Unsupported, message, name: None }
    }
}

/// How large a rendered text may be.
const LIMIT: usize = 16 << 20;

/// Renders a SQL text.
pub(super) fn render(template: &Template, context: &Context<'_>) -> Result<Rendered, NotCompiled> {
    let mut out = Rendered::default();
    let refused = |at: usize, fault: Fault| {
        let line = line_of(context.text, at);
        NotCompiled { name: fault.name, ..NotCompiled::at(context.path, line, fault.code, fault.message) }
    };
    for segment in &template.segments {
        match segment {
            Segment::Text(text) => out.text.push_str(text),
            Segment::Odd(at) => {
                let message = "a comment with a backslash, which JavaScript reads otherwise than it is written";
                return Err(refused(*at, Fault::unsupported(message.to_owned())));
            }
            Segment::Script(range) => {
                let script = &context.text[range.clone()];
                let value = match js::expression(script) {
                    Some(expression) => context.text_of(&expression, &mut out.depends_on),
                    None => Err(unread(script)),
                };
                out.text.push_str(&value.map_err(|fault| refused(range.start, fault))?);
            }
        }
        if out.text.len() > LIMIT {
            let message = "the text is larger than 16 MiB".to_owned();
            return Err(refused(template.start, Fault { code: NotCompiledCode::Limit, message, name: None }));
        }
    }
    Ok(out)
}

fn unread(script: &str) -> Fault {
    let line = script.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    let more = if short.len() < script.trim().len() { " ..." } else { "" };
    Fault::unsupported(format!("`${{{short}{more}}}` needs JavaScript; `dataform compile --json` runs it"))
}

impl Context<'_> {
    /// The text that an expression is.
    fn text_of(&self, expression: &Js, reads: &mut BTreeSet<String>) -> Result<String, Fault> {
        match self.value(expression, reads)? {
            Value::Text(text) => Ok(text),
            Value::Bool(value) => Ok(value.to_string()),
        }
    }

    /// A text of the config block, where project settings may be read.
    pub(super) fn plain(expression: &Js, settings: &Settings) -> Option<String> {
        match expression {
            Js::Text(text) => Some(text.clone()),
            Js::Path(path) => setting(settings, path),
            Js::Join(parts) => parts.iter().map(|part| Self::plain(part, settings)).collect(),
            _ => None,
        }
    }

    fn value(&self, expression: &Js, reads: &mut BTreeSet<String>) -> Result<Value, Fault> {
        Ok(match expression {
            Js::Text(text) | Js::Number(text) => Value::Text(text.clone()),
            Js::Bool(value) => Value::Bool(*value),
            Js::Path(path) => match setting(self.settings, path).or_else(|| self.included(path)) {
                Some(text) => Value::Text(text),
                None => return Err(unread(path)),
            },
            Js::Join(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.text_of(part, reads)?);
                }
                Value::Text(text)
            }
            Js::Not(inner) => Value::Bool(!self.truth(inner, reads)?),
            Js::Choice(parts) => {
                let [condition, yes, no] = parts.as_ref();
                // Both are read, so that what one needs is known whichever is taken.
                let (yes, no) = (self.value(yes, reads)?, self.value(no, reads)?);
                if self.truth(condition, reads)? { yes } else { no }
            }
            Js::Call(name, arguments) => self.call(name, arguments, reads)?,
            other => return Err(unread(&format!("{other:?}"))),
        })
    }

    /// A constant of `includes`, unless the file itself gives its name another meaning.
    fn included(&self, path: &str) -> Option<String> {
        let file = path.split('.').next()?;
        let own = ["=", " =", "(", ",", "}", " }"].iter().any(|after| self.text.contains(&format!(" {file}{after}")));
        self.settings.includes.get(path).filter(|_| !own).cloned()
    }

    fn truth(&self, expression: &Js, reads: &mut BTreeSet<String>) -> Result<bool, Fault> {
        Ok(match self.value(expression, reads)? {
            Value::Bool(value) => value,
            Value::Text(text) => !text.is_empty(),
        })
    }

    fn call(&self, name: &str, arguments: &[Js], reads: &mut BTreeSet<String>) -> Result<Value, Fault> {
        let own = self.own.finished(self.settings, false);
        Ok(Value::Text(match (name, arguments) {
            ("self", []) => own.rendered(self.settings),
            ("name", []) => own.name,
            ("schema", []) => own.schema,
            ("database", []) => match own.database {
                Some(database) => database,
                None => return Err(Fault::unsupported("`database()` without a project in the settings".to_owned())),
            },
            ("incremental", []) => return Ok(Value::Bool(self.incremental)),
            ("when", [condition, yes, rest @ ..]) if rest.len() < 2 => {
                // JavaScript works out both before it chooses.
                let yes = self.text_of(yes, reads)?;
                let no = rest.first().map(|no| self.text_of(no, reads)).transpose()?.unwrap_or_default();
                if self.truth(condition, reads)? { yes } else { no }
            }
            ("ref" | "resolve", arguments) => self.reference(name, arguments, reads)?,
            _ => return Err(unread(&format!("{name}(...)"))),
        }))
    }

    fn reference(&self, call: &str, arguments: &[Js], reads: &mut BTreeSet<String>) -> Result<String, Fault> {
        let parts = match arguments {
            [Js::List(items)] => items.as_slice(),
            other => other,
        };
        let text = |js: &Js| Self::plain(js, self.settings);
        let named = |keys: [&str; 2], object: &Js| keys.iter().find_map(|key| object.get(key)).map(text);
        let found = match parts {
            [object @ Js::Object(_)] => {
                let name = object.get("name").and_then(text);
                let schema = named(["dataset", "schema"], object);
                let database = named(["project", "database"], object);
                // A part that is there and cannot be read is none that may be left out.
                let unreadable = [&schema, &database].into_iter().any(|part| matches!(part, Some(None)));
                name.filter(|_| !unreadable).map(|name| (name, schema.flatten(), database.flatten()))
            }
            [name] => text(name).map(|name| (name, None, None)),
            [schema, name] => text(name).zip(text(schema)).map(|(name, schema)| (name, Some(schema), None)),
            [database, schema, name] => text(name)
                .zip(text(schema).zip(text(database)))
                .map(|(name, (schema, database))| (name, Some(schema), Some(database))),
            _ => None,
        };
        let Some((name, schema, database)) = found else { return Err(unread(&format!("{call}(...)"))) };
        let full = [database.as_deref(), schema.as_deref(), Some(name.as_str())];
        let full = full.into_iter().flatten().collect::<Vec<_>>().join(".");
        match self.targets.find(&name, schema.as_deref(), database.as_deref()) {
            Meant::One(known) if !known.output => {
                let message = format!("`{call}(\"{full}\")` names operations that make no relation");
                Err(Fault { code: NotCompiledCode::CompilerError, message, name: None })
            }
            Meant::One(known) => {
                reads.extend(known.id.clone());
                Ok(known.rendered.clone())
            }
            Meant::Several(all) => {
                let message = format!("`{call}(\"{full}\")` may mean any of {}", all.join(", "));
                Err(Fault { code: NotCompiledCode::CompilerError, message, name: None })
            }
            Meant::None if self.targets.unread => Err(Fault::unsupported(format!(
                "`{call}(\"{full}\")` names no action of a .sqlx file; what JavaScript or actions.yaml defines is not read"
            ))),
            Meant::None => {
                let message = format!("`{call}(\"{full}\")` names no action of this project");
                Err(Fault { code: NotCompiledCode::RefNotFound, message, name: Some(name) })
            }
        }
    }
}

/// A setting of the project by its path in JavaScript.
fn setting(settings: &Settings, path: &str) -> Option<String> {
    let name = path.strip_prefix("dataform.projectConfig.")?;
    match name.strip_prefix("vars.") {
        Some(var) => settings.vars.get(var).cloned(),
        None => settings.config.get(name).cloned(),
    }
}
