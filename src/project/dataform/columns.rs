//! `columns: {...}` of a config block.

use super::js::Js;
use crate::project::{ColumnInfo, Place};
use indexmap::IndexMap;

/// The columns that a config declares; those of records are left out.
pub(super) fn columns(config: &Js, place: &Place) -> IndexMap<String, ColumnInfo> {
    let Some(Js::Object(entries)) = config.get("columns") else { return IndexMap::new() };
    let column = |(name, value): &(String, Js)| {
        let mut info = ColumnInfo { name: name.clone(), place: place.clone(), ..ColumnInfo::default() };
        match value {
            Js::Object(inner) => {
                info.description = value.get("description").and_then(Js::text).unwrap_or_default().to_owned();
                let tags = value.get("tags").map(Js::items).unwrap_or_default();
                info.tags = tags.iter().filter_map(|tag| tag.text().map(str::to_owned)).collect();
                let rest = inner.iter().filter(|(key, _)| key != "description" && key != "tags");
                info.extra = rest
                    .map(|(key, value)| {
                        let key = if key == "bigqueryPolicyTags" { "policy_tags" } else { key };
                        (key.to_owned(), value.items().iter().map(Js::to_json).collect())
                    })
                    .collect();
            }
            other => info.description = other.text().unwrap_or_default().to_owned(),
        }
        (name.clone(), info)
    };
    entries.iter().map(column).collect()
}
