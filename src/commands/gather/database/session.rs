//! The database as `dbt compile` would find it here and now.

use crate::engine::DuckDb;
use crate::engine::scratch::{Attach, Limits, RelationKey, Scratch};
use crate::project::{Known, RelationName, Target};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Bytes of a DuckDB file that holds nothing, in every version: its three headers.
const EMPTY_FILE: u64 = 3 * 4096;

/// What dbt would ask.
pub(super) enum Session {
    /// The database, locked down, and what is in it.
    Open {
        /// For queries.
        database: Box<DuckDb>,
        /// Columns of each relation.
        relations: BTreeMap<RelationKey, Vec<(String, String)>>,
        /// Relations that are views.
        views: BTreeSet<RelationKey>,
    },
    /// It cannot be looked into, and why.
    Closed(String),
}

impl Session {
    /// Opens the databases of the target. A file that is not there yet is an empty database, as it is for dbt.
    ///
    /// # Errors
    /// DuckDB itself does not start.
    pub(super) fn open(mut databases: Vec<Attach>, target: &Target) -> Result<Self> {
        let remote = |path: &String| path.starts_with("md:") || path.starts_with("motherduck:") || path.contains("://");
        let mut paths = target.duckdb_path.iter().chain(target.duckdb_attach.iter().map(|(_, path)| path));
        if let Some(path) = paths.find(|path| remote(path)) {
            return Ok(Self::Closed(format!("the database {path} is not on this machine")));
        }
        // A file that holds nothing need not be read, whatever version wrote it.
        databases.retain(|attach| !is_empty(&attach.file));
        let limits = Limits { timeout: Duration::from_secs(5), ..Limits::default() };
        let scratch = match Scratch::open(&databases, limits) {
            Ok(scratch) => scratch,
            Err(error) => return Ok(Self::Closed(error.to_string())),
        };
        scratch.stand_in(&target.database)?;
        let (relations, views) = (scratch.columns().clone(), scratch.views()?);
        Ok(Self::Open { database: Box::new(scratch.lock()?), relations, views })
    }

    /// What the database says of a relation: dbt looks nowhere else than where the name says.
    pub(super) fn relation(&self, name: &RelationName) -> Known {
        let (relations, views) = match self {
            Self::Closed(why) => return Known::Closed(why.clone()),
            Self::Open { relations, views, .. } => (relations, views),
        };
        let same = |have: &str, want: &str| want.is_empty() || have.eq_ignore_ascii_case(want);
        let found = relations.iter().find(|((database, schema, identifier), _)| {
            same(database, &name.database)
                && same(schema, &name.schema)
                && identifier.eq_ignore_ascii_case(&name.identifier)
        });
        match found {
            Some((key, columns)) => {
                let kind = if views.contains(key) { "view" } else { "table" };
                Known::There { kind: kind.to_owned(), columns: columns.clone() }
            }
            None => Known::Absent,
        }
    }
}

fn is_empty(file: &Path) -> bool {
    let mut log = file.as_os_str().to_owned();
    log.push(".wal");
    std::fs::metadata(file).is_ok_and(|found| found.len() <= EMPTY_FILE) && !Path::new(&log).exists()
}
