//! What the project itself says of the columns of its relations: seed headers, enforced contracts, and the columns that
//! the SQL of a compiled model has. It answers templates where no database can.

use crate::project::RelationName;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// A relation's name, whatever the case that it is written in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(String, String, String);

impl Key {
    pub(crate) fn of(name: &RelationName) -> Self {
        Self(name.database.to_lowercase(), name.schema.to_lowercase(), name.identifier.to_lowercase())
    }
}

/// What is known of one relation.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// `table` or `view`, when it is known.
    pub(crate) kind: Option<String>,
    /// Names and, where known, types; in order.
    pub(crate) columns: Vec<(String, Option<String>)>,
    /// Who says so: a flag for whatever was rendered with it.
    pub(crate) source: &'static str,
}

/// All that is known, by relation.
#[derive(Debug, Default)]
pub(crate) struct Told(RwLock<BTreeMap<Key, Columns>>);

impl Told {
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    pub(crate) fn get(&self, name: &RelationName) -> Option<Columns> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&Key::of(name)).cloned()
    }

    pub(crate) fn insert(&self, name: &RelationName, columns: Columns) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(Key::of(name), columns);
    }
}
