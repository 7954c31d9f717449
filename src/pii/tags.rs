//! Which columns the project itself calls personal, in any of the YAML shapes in use.

use crate::project::{ColumnInfo, Place, Project};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Keys of `meta`, `config.meta` or the column itself that say "personal" when their value is not a "no".
pub const KEYS: &[&str] = &[
    "pii",
    "is_pii",
    "contains_pii",
    "has_pii",
    "pii_type",
    "phi",
    "sensitive",
    "is_sensitive",
    "sensitivity",
    "masking",
    "masking_policy",
    "masking_method",
    "masking_tag",
    "classification",
    "data_classification",
    "data_categories",
    "policy_tags",
];

/// Tags that say "personal"; each also as a prefix (`pii_email`, `pii:email`).
pub const TAGS: &[&str] = &["pii", "is_pii", "contains_pii", "phi", "sensitive", "personal_data"];

/// Keys whose value is a map of tags rather than a tag.
const CONTAINERS: &[&str] = &["databricks_tags", "snowflake_tags", "governance", "privacy", "labels", "config", "meta"];

/// Values that say "not personal" under any key.
const NO: &[&str] = &[
    "",
    "false",
    "no",
    "n",
    "0",
    "off",
    "none",
    "null",
    "low",
    "public",
    "open",
    "internal",
    "non-pii",
    "non_pii",
    "nonpii",
    "not_pii",
    "not pii",
    "non-sensitive",
    "non_sensitive",
    "unrestricted",
    "unclassified",
];

/// Ends of a prefixed tag that turn it round (`pii_free`).
const NEGATED_TAG_ENDS: &[&str] = &["free", "none", "false", "no", "safe", "removed"];

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    keys: BTreeSet<String>,
    tags: BTreeSet<String>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::new(&[], &[], false)
    }
}

impl Vocabulary {
    /// The built-in words and the given ones, or only the given ones.
    pub fn new(keys: &[String], tags: &[String], replace: bool) -> Self {
        let with = |built_in: &[&str], more: &[String]| -> BTreeSet<String> {
            let own = built_in.iter().filter(|_| !replace).map(|w| (*w).to_owned());
            own.chain(more.iter().map(|w| w.to_lowercase())).collect()
        };
        Self { keys: with(KEYS, keys), tags: with(TAGS, tags) }
    }

    /// What a set of properties says: `Some(true)` personal, `Some(false)` explicitly not, `None` nothing.
    fn of_map(&self, map: &Map<String, Value>, depth: u8) -> Option<(bool, String)> {
        let mut denied = None;
        for (key, value) in map {
            let key = key.trim_start_matches('+').to_lowercase();
            let said = if self.keys.contains(&key) {
                truth(&key, value).map(|yes| (yes, label(&key, value)))
            } else if depth < 3 && CONTAINERS.contains(&key.as_str()) {
                value.as_object().and_then(|inner| self.of_map(inner, depth + 1))
            } else if key == "tags" {
                tag_words(value).iter().find_map(|t| self.of_tag(t)).map(|t| (true, t))
            } else {
                None
            };
            match said {
                Some((true, label)) => return Some((true, label)),
                Some((false, label)) => denied = Some((false, label)),
                None => {}
            }
        }
        denied
    }

    fn of_tag(&self, tag: &str) -> Option<String> {
        let word = tag.trim().to_lowercase();
        let hit = self.tags.iter().any(|known| {
            word == *known
                || word.strip_prefix(known.as_str()).is_some_and(|rest| {
                    let end = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
                    end.len() < rest.len() && !NEGATED_TAG_ENDS.contains(&end)
                })
        });
        hit.then(|| format!("tags: {}", tag.trim()))
    }

    fn of_tags(&self, tags: &BTreeSet<String>) -> Option<String> {
        tags.iter().find_map(|t| self.of_tag(t))
    }
}

fn tag_words(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words.iter().filter_map(|w| w.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The truth of a value: `None` when the key is there without a value.
fn truth(key: &str, value: &Value) -> Option<bool> {
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(*yes),
        Value::Number(n) => Some(n.as_f64() != Some(0.0)),
        Value::String(word) => Some(word_truth(key, word)),
        Value::Array(items) => Some(items.iter().any(|i| truth(key, i) == Some(true))),
        Value::Object(map) => Some(!map.is_empty()),
    }
}

fn word_truth(key: &str, word: &str) -> bool {
    let word = word.trim().to_lowercase();
    // Fides' taxonomy: `user.*` is about people, `system.*` is not.
    let about_machines = key == "data_categories" && (word == "system" || word.starts_with("system."));
    !about_machines && !NO.contains(&word.as_str())
}

fn label(key: &str, value: &Value) -> String {
    match value {
        Value::String(word) => format!("{key}: {word}"),
        Value::Bool(yes) => format!("{key}: {yes}"),
        _ => key.to_owned(),
    }
}

/// What the project says of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Personal, and by which words (`pii: true`).
    Tagged {
        /// The words.
        label: String,
        /// True when the relation as a whole is tagged, not this column.
        whole_relation: bool,
    },
    /// Declared not personal (`pii: false`).
    Cleared(String),
}

/// All marks of one side: what the YAML says, before any lineage.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    relations: BTreeMap<String, RelationMarks>,
}

#[derive(Debug, Clone, Default)]
struct RelationMarks {
    whole: Option<String>,
    columns: BTreeMap<String, (Mark, String, Place)>,
}

impl Marks {
    /// Reads the marks of the models, seeds, snapshots and sources among `ids`.
    pub fn read(project: &Project, words: &Vocabulary, ids: &BTreeSet<&str>) -> Self {
        let mut marks = Self::default();
        for model in ids.iter().filter_map(|id| project.models.get(*id)) {
            let whole = whole(words, &model.meta, &model.tags, Some(&model.config));
            marks.add(&model.unique_id, whole, model.columns.values(), words);
        }
        for source in ids.iter().filter_map(|id| project.sources.get(*id)) {
            let whole = whole(words, &source.meta, &source.tags, None);
            marks.add(&source.unique_id, whole, source.columns.values(), words);
        }
        marks
    }

    fn add<'a>(
        &mut self,
        id: &str,
        whole: Option<String>,
        columns: impl Iterator<Item = &'a ColumnInfo>,
        words: &Vocabulary,
    ) {
        let mut found = RelationMarks { whole, columns: BTreeMap::new() };
        for column in columns {
            if let Some(mark) = own_mark(column, words) {
                let name = column.name.trim_matches(['"', '`']).to_owned();
                found.columns.insert(name.to_lowercase(), (mark, name, column.place.clone()));
            }
        }
        if found.whole.is_some() || !found.columns.is_empty() {
            self.relations.insert(id.to_owned(), found);
        }
    }

    /// The mark of a column: its own, else the whole relation's. A relation that tags some of its columns
    /// says by that which ones it means.
    pub fn of(&self, id: &str, column: &str) -> Option<Mark> {
        let relation = self.relations.get(id)?;
        if let Some((mark, _, _)) = relation.columns.get(&column.to_lowercase()) {
            return Some(mark.clone());
        }
        let names_some = relation.columns.values().any(|(m, _, _)| matches!(m, Mark::Tagged { .. }));
        match &relation.whole {
            Some(label) if !names_some => Some(Mark::Tagged { label: label.clone(), whole_relation: true }),
            _ => None,
        }
    }

    /// Whether the relation or any of its columns is tagged.
    pub fn any(&self, id: &str) -> bool {
        self.relations
            .get(id)
            .is_some_and(|r| r.whole.is_some() || r.columns.values().any(|(m, _, _)| matches!(m, Mark::Tagged { .. })))
    }

    /// Whether a tag covers the relation as a whole.
    pub fn whole(&self, id: &str) -> Option<&str> {
        self.relations.get(id)?.whole.as_deref()
    }

    /// The columns that are tagged by themselves, as written, sorted.
    pub fn tagged_columns(&self, id: &str) -> Vec<&str> {
        let columns = self.relations.get(id).into_iter().flat_map(|r| r.columns.values());
        columns.filter(|(m, _, _)| matches!(m, Mark::Tagged { .. })).map(|(_, name, _)| name.as_str()).collect()
    }

    /// Whether `column` has an effective tag.
    pub fn tagged(&self, id: &str, column: &str) -> bool {
        matches!(self.of(id, column), Some(Mark::Tagged { .. }))
    }
}

fn whole(
    words: &Vocabulary,
    meta: &Map<String, Value>,
    tags: &BTreeSet<String>,
    config: Option<&Map<String, Value>>,
) -> Option<String> {
    let said = |map: &Map<String, Value>| words.of_map(map, 0).filter(|(yes, _)| *yes).map(|(_, label)| label);
    // In a model's config only the containers count: its other keys belong to the adapter.
    let containers = config.map(|config| {
        let named = config.iter().filter(|(key, _)| key.ends_with("_tags") && CONTAINERS.contains(&key.as_str()));
        named.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>()
    });
    words.of_tags(tags).or_else(|| said(meta)).or_else(|| containers.as_ref().and_then(said))
}

fn own_mark(column: &ColumnInfo, words: &Vocabulary) -> Option<Mark> {
    if let Some(label) = words.of_tags(&column.tags) {
        return Some(Mark::Tagged { label, whole_relation: false });
    }
    let said = [&column.meta, &column.extra].map(|map| words.of_map(map, 0));
    let yes = said.iter().flatten().find(|(yes, _)| *yes);
    match yes.or_else(|| said.iter().flatten().next()) {
        Some((true, label)) => Some(Mark::Tagged { label: label.clone(), whole_relation: false }),
        Some((false, label)) => Some(Mark::Cleared(label.clone())),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(meta: Value, tags: &[&str], extra: Value) -> ColumnInfo {
        ColumnInfo {
            name: "Email".into(),
            meta: meta.as_object().cloned().unwrap_or_default(),
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            extra: extra.as_object().cloned().unwrap_or_default(),
            ..ColumnInfo::default()
        }
    }

    fn says(meta: Value, tags: &[&str], extra: Value) -> Option<bool> {
        own_mark(&column(meta, tags, extra), &Vocabulary::default()).map(|m| matches!(m, Mark::Tagged { .. }))
    }

    #[test]
    fn every_shape_in_use_is_read() {
        for meta in [
            json!({"pii": true}),
            json!({"contains_pii": "yes"}),
            json!({"PII": "email"}),
            json!({"sensitive": true}),
            json!({"sensitivity": "high"}),
            json!({"masking_policy": "hash_email"}),
            json!({"masking_tag": "pii"}),
            json!({"classification": "PII"}),
            json!({"data_categories": ["user.contact.email"]}),
            json!({"databricks_tags": {"pii": "true"}}),
        ] {
            assert_eq!(says(meta.clone(), &[], json!({})), Some(true), "{meta}");
        }
        for tag in ["pii", "PII", "pii_name", "pii:email", "sensitive"] {
            assert_eq!(says(json!({}), &[tag], json!({})), Some(true), "{tag}");
        }
        assert_eq!(says(json!({}), &[], json!({"policy_tags": ["projects/p/locations/eu/taxonomies/1"]})), Some(true));
        assert_eq!(says(json!({}), &[], json!({"databricks_tags": {"pii": "true"}})), Some(true));
        assert_eq!(says(json!({}), &[], json!({"config": {"meta": {"pii": true}}})), Some(true));
        assert_eq!(says(json!({}), &[], json!({"config": {"tags": ["pii_email"]}})), Some(true));
    }

    #[test]
    fn a_no_is_a_no_and_silence_is_silence() {
        for meta in [
            json!({"pii": false}),
            json!({"pii": "false"}),
            json!({"contains_pii": 0}),
            json!({"pii": "none"}),
            json!({"sensitivity": "low"}),
            json!({"classification": "public"}),
            json!({"databricks_tags": {"pii": "false"}}),
            json!({"data_categories": ["system.operations"]}),
        ] {
            assert_eq!(says(meta.clone(), &[], json!({})), Some(false), "{meta}");
        }
        assert_eq!(says(json!({"owner": "x", "pii": null}), &["nightly", "pii_free", "piifoo"], json!({})), None);
        assert_eq!(says(json!({"pii": false, "sensitivity": "high"}), &[], json!({})), Some(true));
    }

    #[test]
    fn the_list_of_keys_can_be_extended_and_replaced() {
        let meta = column(json!({"secret_squirrel": true}), &[], json!({}));
        assert_eq!(own_mark(&meta, &Vocabulary::default()), None);
        let more = Vocabulary::new(&["Secret_Squirrel".into()], &[], false);
        assert!(matches!(own_mark(&meta, &more), Some(Mark::Tagged { .. })));
        let only = Vocabulary::new(&["secret_squirrel".into()], &[], true);
        assert_eq!(own_mark(&column(json!({"pii": true}), &["pii"], json!({})), &only), None);
    }
}
