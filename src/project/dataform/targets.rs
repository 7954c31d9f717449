//! What `ref` can mean: every action of the project by name, schema and database.

use super::action::{Action, Kind};
use super::settings::Settings;
use std::collections::BTreeMap;

/// An action's name before suffixes and prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) database: Option<String>,
    pub(super) schema: String,
    pub(super) name: String,
}

impl Target {
    /// The parts of the relation's name as the warehouse has them.
    pub(super) fn finished(&self, settings: &Settings, declared: bool) -> Self {
        if declared {
            return self.clone();
        }
        Self {
            database: self.database.as_ref().map(|d| format!("{d}{}", settings.database_suffix)),
            schema: format!("{}{}", self.schema, settings.schema_suffix),
            name: format!("{}{}", settings.name_prefix, self.name),
        }
    }

    /// The name as SQL writes it.
    pub(super) fn rendered(&self, settings: &Settings) -> String {
        let database = self.database.as_ref().or(settings.database.as_ref());
        let schema = if self.schema.is_empty() { &settings.schema } else { &self.schema };
        match database {
            Some(database) => format!("`{database}.{schema}.{}`", self.name),
            None => format!("`{schema}.{}`", self.name),
        }
    }
}

/// What a reference means.
pub(super) enum Meant<'a> {
    /// One action.
    One(&'a Known),
    /// Several actions, by their names.
    Several(Vec<String>),
    /// None that is read.
    None,
}

/// An action that can be referred to.
pub(super) struct Known {
    pub(super) target: Target,
    /// Unique id of the model or source, when it is one.
    pub(super) id: Option<String>,
    pub(super) rendered: String,
    /// Whether it makes a relation at all.
    pub(super) output: bool,
}

/// All actions by name.
pub(super) struct Targets {
    known: BTreeMap<String, Vec<Known>>,
    /// Whether the project defines actions that are not read.
    pub(super) unread: bool,
}

impl Targets {
    pub(super) fn of(settings: &Settings, actions: &[Action], unread: bool) -> Self {
        let mut known: BTreeMap<String, Vec<Known>> = BTreeMap::new();
        let mut unread = unread;
        for action in actions {
            let Some(target) = &action.target else {
                unread = true;
                continue;
            };
            let declared = action.kind == Kind::Declaration;
            known.entry(target.name.clone()).or_default().push(Known {
                target: target.clone(),
                id: action.relation_id(),
                rendered: target.finished(settings, declared).rendered(settings),
                output: action.kind != Kind::Operations || action.has_output,
            });
        }
        Self { known, unread }
    }

    /// Adds a source that no `.sqlx` file declares.
    pub(super) fn declare(&mut self, target: Target, id: &str, settings: &Settings) {
        let rendered = target.finished(settings, true).rendered(settings);
        let name = target.name.clone();
        self.known.entry(name).or_default().push(Known { target, id: Some(id.to_owned()), rendered, output: true });
    }

    /// The actions that a reference names; parts that it leaves out are any.
    pub(super) fn find(&self, name: &str, schema: Option<&str>, database: Option<&str>) -> Meant<'_> {
        let fits = |known: &&Known| {
            schema.is_none_or(|s| known.target.schema == s)
                && database.is_none_or(|d| known.target.database.as_deref() == Some(d))
        };
        let found: Vec<&Known> = self.known.get(name).into_iter().flatten().filter(fits).collect();
        match found[..] {
            [] => Meant::None,
            [one] => Meant::One(one),
            _ => Meant::Several(found.iter().map(|k| format!("{}.{}", k.target.schema, k.target.name)).collect()),
        }
    }
}
