//! The project's own data: the DuckDB file of the profile or policy, attached read-only.

mod session;

use self::session::Session;
use crate::cli::ProjectArgs;
use crate::engine::scratch::{Attach, Limits, Scratch};
use crate::engine::{Cell, Engine, Locked};
use crate::policy::Policy;
use crate::project::bind::Externals;
use crate::project::{Introspect, Known, RelationName, Table, Target};
use crate::sql::TableInfo;
use anyhow::{Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A scratch database with the project's file attached, before the lock-down, and a locked one for plain arithmetic,
/// which works without any data.
pub(in crate::commands) struct Database {
    /// The scratch database, or why there is none.
    pub scratch: Result<Scratch>,
    arithmetic: Locked,
    /// The database as `dbt compile` would find it now, locked down: set where templates are answered as dbt would.
    session: Option<Session>,
}

impl Database {
    /// Opens the database that the command line, the policy or the profile names. A project without one gets an empty
    /// scratch database: seeds and data files may be all that it needs.
    ///
    /// `scratch` says why there is none: the adapter has no engine here, or the file is missing, locked or unreadable.
    ///
    /// # Errors
    /// DuckDB itself does not start.
    pub fn open(args: &ProjectArgs, policy: &Policy, repo: &Path, root: &str, target: &Target) -> Result<Self> {
        let limits =
            Limits { timeout: policy.warehouse.timeout.unwrap_or(Limits::default().timeout), ..Limits::default() };
        let scratch = files(args, policy, repo, root, target).and_then(|databases| Scratch::open(&databases, limits));
        Ok(Self { scratch, arithmetic: Locked::open()?, session: None })
    }

    /// From here on, templates get the answers that `dbt compile` would give them now, even "there is no such relation"
    /// before a first build. Only where the profile's database is one that can be looked into here.
    ///
    /// # Errors
    /// DuckDB itself does not start.
    pub fn answering_as_dbt(
        mut self,
        args: &ProjectArgs,
        policy: &Policy,
        repo: &Path,
        root: &str,
        target: &Target,
    ) -> Result<Self> {
        if !target.origin.is_empty() && target.adapter == "duckdb" {
            self.session = Some(Session::open(files(args, policy, repo, root, target)?, target)?);
        }
        Ok(self)
    }

    /// Every relation of the database by the names that SQL may call it.
    pub fn externals(&self) -> Externals {
        let mut found: BTreeMap<String, Option<TableInfo>> = BTreeMap::new();
        let relations = self.scratch.as_ref().map(Scratch::columns).into_iter().flatten();
        for ((database, schema, name), columns) in relations {
            let columns = columns.iter().map(|(column, _)| column.clone()).collect();
            // Without the database: that is the environment's name, not the relation's.
            let info = TableInfo { id: format!("{schema}.{name}").to_lowercase(), columns: Some(columns) };
            let mut names = vec![format!("{database}.{schema}.{name}"), format!("{schema}.{name}"), name.clone()];
            if schema == "main" {
                names.push(format!("{database}.{name}"));
            }
            for written in names {
                let entry = found.entry(written.to_lowercase());
                entry.and_modify(|known| *known = None).or_insert_with(|| Some(info.clone()));
            }
        }
        found.into_iter().filter_map(|(name, info)| Some((name, info?))).collect()
    }

    fn found(&self, relation: &RelationName) -> Option<Known> {
        let scratch = self.scratch.as_ref().ok()?;
        let key = scratch.find(&relation.database, &relation.schema, &relation.identifier)?;
        let kind = if scratch.views().ok()?.contains(key) { "view" } else { "table" };
        Some(Known::There { kind: kind.to_owned(), columns: scratch.columns().get(key).cloned()? })
    }

    /// Columns of a relation in the database, with types.
    pub fn columns_of(&self, relation: &RelationName) -> Option<Vec<(String, String)>> {
        let scratch = self.scratch.as_ref().ok()?;
        let key = scratch.find(&relation.database, &relation.schema, &relation.identifier)?;
        scratch.columns().get(key).cloned()
    }
}

fn files(args: &ProjectArgs, policy: &Policy, repo: &Path, root: &str, target: &Target) -> Result<Vec<Attach>> {
    let home = repo.join(root);
    // A file that a person names must be there; the one of a profile may not have been built yet, and a project whose
    // seeds are all of its data does not need it.
    let attach = |file: PathBuf, may_be_missing| {
        let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or("data").to_owned();
        // Under the catalog name that compiled SQL uses for it.
        Attach { alias: if target.database.is_empty() { stem } else { target.database.clone() }, file, may_be_missing }
    };
    if let Some(file) = &args.database {
        return Ok(vec![attach(std::env::current_dir()?.join(file), false)]);
    }
    if let Some(file) = &policy.warehouse.database {
        return Ok(vec![attach(repo.join(policy.folder().unwrap_or(root)).join(file), false)]);
    }
    if !target.adapter.is_empty() && target.adapter != "duckdb" {
        bail!(
            "the profile's adapter is {}, not DuckDB; name a DuckDB file (--database FILE, or `warehouse: {{database: FILE}}` in the policy), or leave `warehouse.engine` out",
            target.adapter
        );
    }
    let mut found: Vec<Attach> = target.duckdb_path.iter().map(|p| attach(home.join(p), true)).collect();
    let others = target.duckdb_attach.iter();
    found.extend(others.map(|(alias, path)| Attach {
        alias: alias.clone(),
        file: home.join(path),
        may_be_missing: true,
    }));
    Ok(found)
}

impl Introspect for Database {
    /// Answers questions that need no table, or any where the database is dbt's own.
    fn query(&self, sql: &str) -> Result<Option<Table>> {
        let answer = match &self.session {
            Some(Session::Open { database, .. }) => database.query(sql),
            _ => self.arithmetic.query(sql),
        };
        let Ok(rows) = answer else { return Ok(None) };
        // How Python prints a fraction depends on the type that the client made of it: rather no answer.
        if rows.rows.iter().flatten().any(|cell| matches!(cell, Cell::Float(_))) {
            return Ok(None);
        }
        Ok(Some(Table {
            columns: rows.columns.into_iter().map(|(name, _)| name).collect(),
            rows: rows.rows.into_iter().map(|r| r.into_iter().map(value).collect()).collect(),
        }))
    }

    fn relation(&self, relation: &RelationName) -> Known {
        match &self.session {
            Some(session) => session.relation(relation),
            None => self.found(relation).unwrap_or(Known::Unknown),
        }
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(b) => b.into(),
        Cell::Int(i) => i64::try_from(i).map_or_else(|_| i.to_string().into(), Value::from),
        Cell::Float(x) => x.into(),
        Cell::Text(t) => t.into(),
    }
}
