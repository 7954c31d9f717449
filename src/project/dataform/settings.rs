//! The project file: `workflow_settings.yaml`, or `dataform.json` of older projects.

use crate::files::FileSet;
use crate::project::find::join;
use crate::project::load::LoadOptions;
use crate::project::yaml::{self, Node};
use crate::project::{Place, Problem};
use crate::sql::Dialect;
use anyhow::Result;
use std::collections::BTreeMap;

/// What compiling needs of the project file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) database: Option<String>,
    pub(super) schema: String,
    pub(super) assertion_schema: String,
    pub(super) database_suffix: String,
    pub(super) schema_suffix: String,
    pub(super) name_prefix: String,
    pub(super) vars: BTreeMap<String, String>,
    pub(super) dialect: Dialect,
    /// The warehouse, when it is one whose names are written otherwise than BigQuery's.
    pub(super) foreign: Option<String>,
    /// Constants of `includes/*.js`: `file.NAME`.
    pub(super) includes: BTreeMap<String, String>,
    /// Values of `dataform.projectConfig` by name, as texts.
    pub(super) config: BTreeMap<String, String>,
}

/// The project file of a folder, when it has one.
pub(crate) fn settings_file(files: &FileSet, root: &str) -> Option<String> {
    ["workflow_settings.yaml", "dataform.json"].iter().map(|name| join(root, name)).find(|path| files.contains(path))
}

impl Settings {
    /// Reads the project file. One that cannot be read is a problem of the project.
    pub(super) fn read(options: &LoadOptions<'_>, problems: &mut Vec<Problem>) -> Result<Self> {
        let includes = super::includes::read(options);
        let mut settings = Self { dialect: Dialect::BigQuery, includes, ..Self::default() };
        let Some(path) = settings_file(options.files, &options.root) else { return Ok(settings) };
        let text = options.files.text(&path)?.unwrap_or_default();
        // JSON is YAML as well.
        let root = match yaml::parse_one(&text) {
            Ok(Some(root)) => root,
            Ok(None) => return Ok(settings),
            Err(error) => {
                problems.push(Problem {
                    place: Place { path, line: error.line, column: error.column },
                    message: format!("cannot be read: {error}"),
                    help: "fix it; no model compiles as it should without".to_owned(),
                });
                return Ok(settings);
            }
        };
        let text = |keys: [&str; 2]| keys.iter().find_map(|key| root.get(key)).and_then(Node::text);
        let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
        settings.database = filled(text(["defaultProject", "defaultDatabase"]));
        settings.schema = text(["defaultDataset", "defaultSchema"]).unwrap_or_default();
        settings.assertion_schema = text(["defaultAssertionDataset", "assertionSchema"]).unwrap_or_default();
        let suffix = |keys| filled(text(keys)).map(|s| format!("_{s}")).unwrap_or_default();
        settings.database_suffix = suffix(["projectSuffix", "databaseSuffix"]);
        settings.schema_suffix = suffix(["datasetSuffix", "schemaSuffix"]);
        settings.name_prefix = filled(text(["namePrefix", "tablePrefix"])).map(|p| format!("{p}_")).unwrap_or_default();
        for (name, value) in root.get("vars").into_iter().flat_map(Node::entries) {
            settings.vars.extend(value.as_str().map(|value| (name.clone(), value.to_owned())));
        }
        let config = [
            ("defaultDatabase", settings.database.clone()),
            ("defaultSchema", filled(Some(settings.schema.clone()))),
            ("assertionSchema", filled(Some(settings.assertion_schema.clone()))),
            ("defaultLocation", filled(text(["defaultLocation", "defaultLocation"]))),
            ("schemaSuffix", filled(text(["datasetSuffix", "schemaSuffix"]))),
            ("databaseSuffix", filled(text(["projectSuffix", "databaseSuffix"]))),
            ("tablePrefix", filled(text(["namePrefix", "tablePrefix"]))),
        ];
        settings.config = config.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        if let Some(warehouse) = root.get("warehouse").and_then(Node::text).filter(|w| w != "bigquery") {
            settings.dialect = Dialect::from_adapter(&warehouse).unwrap_or(Dialect::Generic);
            settings.foreign = Some(warehouse);
        }
        Ok(settings)
    }
}
