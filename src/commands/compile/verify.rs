//! `rowproof compile --verify-against MANIFEST`: every model's SQL beside what dbt made of it.

use crate::project::manifest::Manifest;
use crate::project::{Model, Project};
use crate::sql;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};
use std::path::Path;

/// How one model compares.
#[derive(Debug, PartialEq, Eq)]
enum Grade {
    Identical,
    /// The first line that differs, dbt's and ours.
    Different(String, String),
    NotCompiled(String),
    /// It cannot be compared, and why.
    Skipped(&'static str),
}

/// All models of a project beside a manifest.
pub(super) struct Verified<'a> {
    manifest: &'a Manifest,
    shown: String,
    grades: Vec<(&'a Model, Grade)>,
    /// Models that only the manifest has.
    only_there: Vec<&'a str>,
}

impl<'a> Verified<'a> {
    /// Compares `models` of `project`.
    pub(super) fn new(project: &Project, models: &[&'a Model], manifest: &'a Manifest, path: &Path) -> Self {
        let grades = models.par_iter().map(|model| (*model, grade(project, model, manifest))).collect();
        let only = |id: &str| !project.models.contains_key(id);
        let kinds = ["model", "snapshot"];
        let there = manifest.nodes.iter().filter(|(id, node)| kinds.contains(&node.resource_type.as_str()) && only(id));
        let only_there = there.map(|(id, _)| id.as_str()).collect();
        Self { manifest, shown: path.display().to_string(), grades, only_there }
    }

    fn count(&self, of: impl Fn(&Grade) -> bool) -> usize {
        self.grades.iter().filter(|(_, grade)| of(grade)).count()
    }

    /// Whether a model differs: then nothing that was rendered here is taken for this project.
    pub(super) fn distrusted(&self) -> bool {
        self.grades.iter().any(|(_, grade)| matches!(grade, Grade::Different(..)))
    }

    /// 0: all that could be compared is identical; 1: a model differs; 2: some have no SQL or could not be compared.
    pub(super) fn exit_code(&self) -> u8 {
        if self.distrusted() {
            1
        } else if self.grades.iter().all(|(_, grade)| *grade == Grade::Identical) && self.only_there.is_empty() {
            0
        } else {
            2
        }
    }

    /// dbt's SQL of a model.
    pub(super) fn theirs(&self, model: &Model) -> Option<&str> {
        self.manifest.nodes.get(&model.unique_id)?.compiled_code.as_deref()
    }

    fn source(&self) -> &'static str {
        if self.distrusted() { "manifest" } else { "native" }
    }

    /// The comparison for people.
    pub(super) fn text(&self) -> String {
        let version = self.manifest.metadata.dbt_version.as_deref().unwrap_or("?");
        let mut text = format!(
            "{} models beside {} (dbt {version}): {} identical, {} different, {} not compiled, {} not compared\n",
            self.grades.len(),
            self.shown,
            self.count(|g| *g == Grade::Identical),
            self.count(|g| matches!(g, Grade::Different(..))),
            self.count(|g| matches!(g, Grade::NotCompiled(_))),
            self.count(|g| matches!(g, Grade::Skipped(_))) + self.only_there.len(),
        );
        for (model, grade) in &self.grades {
            match grade {
                Grade::Identical => {}
                Grade::Different(dbt, ours) => {
                    text += &format!("\ndifferent: {} ({})\n  dbt:  {dbt}\n  ours: {ours}\n", model.name, model.path)
                }
                Grade::NotCompiled(why) => text += &format!("\n{}: {why}\n", model.name),
                Grade::Skipped(why) => text += &format!("\nnot compared: {} ({}): {why}\n", model.name, model.path),
            }
        }
        for id in &self.only_there {
            text += &format!("\nnot compared: {id}: only the manifest has it\n");
        }
        if self.distrusted() {
            text += "\nThis project is not rendered here as dbt renders it: its SQL is taken from the manifest.\n\
                     For every run: `compile: {manifest: target/manifest.json, trust: manifest}` in rowproof.yml.\n";
        }
        text
    }

    /// The comparison for programs.
    pub(super) fn json(&self) -> Value {
        let mut lists: Map<String, Value> = Map::new();
        for key in ["identical", "different", "not_compiled", "not_compared"] {
            lists.insert(key.to_owned(), Value::Array(Vec::new()));
        }
        let mut add = |key: &str, entry: Value| {
            if let Some(Value::Array(list)) = lists.get_mut(key) {
                list.push(entry);
            }
        };
        for (model, grade) in &self.grades {
            let id = &model.unique_id;
            match grade {
                Grade::Identical => add("identical", json!(id)),
                Grade::Different(dbt, ours) => add("different", json!({"unique_id": id, "dbt": dbt, "ours": ours})),
                Grade::NotCompiled(why) => add("not_compiled", json!({"unique_id": id, "reason": why})),
                Grade::Skipped(why) => add("not_compared", json!({"unique_id": id, "reason": why})),
            }
        }
        for id in &self.only_there {
            add("not_compared", json!({"unique_id": id, "reason": "only the manifest has it"}));
        }
        lists.insert("manifest".to_owned(), json!(self.shown));
        lists.insert("dbt_version".to_owned(), json!(self.manifest.metadata.dbt_version));
        lists.insert("sql_from".to_owned(), json!(self.source()));
        Value::Object(lists)
    }
}

fn grade(project: &Project, model: &Model, manifest: &Manifest) -> Grade {
    let Some(node) = manifest.nodes.get(&model.unique_id) else {
        return Grade::Skipped("the manifest does not have it");
    };
    let stale = node.raw_code.as_deref().is_some_and(|raw| raw.trim() != model.raw.trim());
    match (&node.compiled_code, &model.compiled) {
        (_, Err(why)) => Grade::NotCompiled(crate::gates::context::not_compiled(why)),
        _ if stale => Grade::Skipped("the file has changed since the manifest was written"),
        (None, _) => Grade::Skipped("dbt has not compiled it; run `dbt compile`"),
        (Some(dbt), Ok(ours)) if sql::same_text(dbt, &ours.sql, project.dialect) => Grade::Identical,
        // dbt keeps an older instant in the manifest when it parses only what has changed.
        (Some(_), Ok(ours)) if ours.flags.iter().any(|flag| flag.starts_with("volatile:")) => {
            Grade::Skipped("its text depends on when it is rendered")
        }
        (Some(dbt), Ok(ours)) => {
            let (dbt, ours) = first_difference(dbt, &ours.sql);
            Grade::Different(dbt, ours)
        }
    }
}

/// The first lines that differ, blanks aside; empty where a text has no such line.
fn first_difference(dbt: &str, ours: &str) -> (String, String) {
    let lines = |text: &str| -> Vec<String> {
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(plain).filter(|line| !line.is_empty()).collect()
    };
    let (dbt, ours) = (lines(dbt), lines(ours));
    let (dbt, ours): (Vec<&str>, Vec<&str>) =
        (dbt.iter().map(String::as_str).collect(), ours.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&dbt, &ours);
    let first = |tag| diff.iter_all_changes().find(|c| c.tag() == tag).map(|c| c.value().to_owned());
    (first(ChangeTag::Delete).unwrap_or_default(), first(ChangeTag::Insert).unwrap_or_default())
}
