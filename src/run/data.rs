//! The data of a run: both sides' relations in one scratch database, for the gates.

use super::plan::{Places, file_id, side_plan};
use super::store::{Relations, Store};
use crate::engine::statement::single_query_in;
use crate::engine::{Engine, Side};
use crate::gates::context::{Data, Reference};
use crate::policy::Policy;
use crate::project::bind::Bound;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Both sides' relations.
pub struct SideData {
    relations: Relations,
    /// Unique ids of the base side's models and seeds by name.
    base_ids: BTreeMap<String, String>,
}

impl SideData {
    /// Plans both sides, loads their seeds and files, and locks the database down. `repo` is the repository's folder.
    ///
    /// # Errors
    /// Options of the reconcile gate that do not parse, or a database that does not lock.
    pub fn new(store: Store, base: &Bound, head: &Bound, policy: &Policy, repo: &Path) -> Result<Self> {
        let home = repo.join(&head.project.root);
        // Paths of the policy count from its own folder, as everywhere in it.
        let named = policy.folder().map_or_else(|| home.clone(), |folder| repo.join(folder));
        let files = policy.warehouse.files.iter().map(|(name, path)| (name.clone(), named.join(path))).collect();
        let references = match policy.options.get("reconcile") {
            Some(options) => crate::gates::reconcile::reference_files(options)
                .with_context(|| format!("{}: options of gate `reconcile`", policy.path))?,
            None => Vec::new(),
        };
        let references: BTreeMap<String, PathBuf> =
            references.into_iter().map(|path| (path.clone(), named.join(&path))).collect();
        let none = BTreeMap::new();
        let places = |references| Places { home: &home, repo, files: &files, references };
        let (base_plan, head_plan) = (side_plan(base, &places(&references)), side_plan(head, &places(&none)));
        let relations = Relations::new(store, base_plan, head_plan, head.project.dialect)?;
        let base_ids = base.models().map(|m| (m.name.clone(), m.unique_id.clone())).collect();
        Ok(Self { relations, base_ids })
    }
}

impl SideData {
    /// The relations themselves.
    pub fn relations(&self) -> &Relations {
        &self.relations
    }
}

impl Data for SideData {
    fn engine(&self) -> &dyn Engine {
        self.relations.engine()
    }

    fn relation(&self, side: Side, id: &str) -> Result<String> {
        self.relations.relation(side, id)
    }

    fn rewrite(&self, side: Side, sql: &str) -> Result<String> {
        self.relations.rewrite(side, sql)
    }

    fn query_over(&self, side: Side, sql: &str, given: &BTreeMap<String, String>) -> Result<String> {
        self.relations.query_over(side, sql, given)
    }

    fn reference(&self, reference: &Reference) -> Result<String> {
        match reference {
            Reference::Model(name) | Reference::Seed(name) => match self.base_ids.get(name) {
                Some(id) => self.relations.relation(Side::Base, id),
                None => bail!("reference {name} is no model or seed of the base side"),
            },
            Reference::Relation(name) => self.relations.named(Side::Base, name),
            Reference::File(path) => self.relations.relation(Side::Base, &file_id(path)),
            Reference::Query(sql) => Ok(format!(
                "(\n{}\n)",
                self.relations.rewrite(Side::Base, single_query_in(sql, self.engine().dialect())?)?
            )),
        }
    }
}
