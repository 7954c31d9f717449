//! One `.sqlx` file: what kind of action it is, what it is called, what it makes.

use super::columns::columns;
use super::eval::{self, Context, Rendered};
use super::js::{self, Js};
use super::settings::Settings;
use super::sqlx::{self, Blocks, Template};
use super::targets::{Target, Targets};
use crate::files::content_id;
use crate::project::pieces::line_of;
use crate::project::{
    Compiled, DataTest, Hook, Model, NotCompiled, NotCompiledCode, Place, RelationName, Source, TestKind,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `table`, `view` or `incremental`.
    Relation,
    Declaration,
    Assertion,
    Operations,
    /// Unit tests and whatever else makes no relation.
    Other,
}

/// A file, read but not compiled.
pub(super) struct Action {
    pub(super) kind: Kind,
    /// Its name; `None` where JavaScript makes it.
    pub(super) target: Option<Target>,
    pub(super) has_output: bool,
    project: String,
    path: String,
    text: String,
    blocks: Blocks,
    config: Js,
    kind_name: String,
    /// Why it cannot be compiled, found while reading.
    refused: Option<(u32, String)>,
    /// What Dataform itself refuses it for.
    wrong: Option<&'static str>,
}

/// What an action is to the project.
#[derive(Default)]
pub(super) struct Made {
    pub(super) model: Option<Model>,
    pub(super) source: Option<Source>,
    pub(super) tests: Vec<DataTest>,
    pub(super) hooks: Vec<Hook>,
}

impl Action {
    /// Reads a file.
    pub(super) fn read(settings: &Settings, project: &str, path: &str, text: &str) -> Self {
        // As JavaScript reads the text that Dataform makes of it.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let blocks = sqlx::blocks(&text);
        let mut refused = None;
        let config = match &blocks.config {
            None => Js::Object(Vec::new()),
            Some(range) => js::object(&text[range.clone()]).unwrap_or_else(|| {
                refused = Some((line_of(&text, range.start), "the config block needs JavaScript".to_owned()));
                Js::Object(Vec::new())
            }),
        };
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".sqlx").to_owned();
        let plain =
            |keys: [&str; 2]| keys.iter().find_map(|key| config.get(key)).map(|js| Context::plain(js, settings));
        let kind_name = match plain(["type", "type"]) {
            None => "operations".to_owned(),
            Some(kind) => kind.unwrap_or_default(),
        };
        let kind = match kind_name.as_str() {
            "table" | "view" | "incremental" => Kind::Relation,
            "declaration" => Kind::Declaration,
            "assertion" => Kind::Assertion,
            "operations" => Kind::Operations,
            _ => Kind::Other,
        };
        let schema = if kind == Kind::Assertion { &settings.assertion_schema } else { &settings.schema };
        let name = plain(["name", "name"]).unwrap_or(Some(stem));
        let schema = plain(["schema", "dataset"]).unwrap_or(Some(schema.clone()));
        let database = plain(["database", "project"]).map_or(Some(settings.database.clone()), |d| d.map(Some));
        let target = match (name, schema, database) {
            (Some(name), Some(schema), Some(database)) if refused.is_none() && !kind_name.is_empty() => {
                Some(Target { database, schema, name })
            }
            _ => None,
        };
        if let Some(warehouse) = &settings.foreign {
            refused = Some((0, format!("how names are written for {warehouse} is not known")));
        } else if target.is_none() && refused.is_none() {
            refused = Some((1, "its type, name, schema or database needs JavaScript".to_owned()));
        }
        let has_output = config.get("hasOutput") == Some(&Js::Bool(true));
        let wrong = if blocks.filter && kind_name != "incremental" {
            Some("only an incremental table may have `incremental_where`")
        } else if config.get("materialized").is_some() && kind_name != "view" {
            Some("only a view may be `materialized`")
        } else {
            None
        };
        let (project, path) = (project.to_owned(), path.to_owned());
        Self { kind, target, has_output, project, path, text, blocks, config, kind_name, refused, wrong }
    }

    /// Unique id of the model or source that it makes.
    pub(super) fn relation_id(&self) -> Option<String> {
        let prefix = match self.kind {
            Kind::Relation => "model",
            Kind::Operations if self.has_output => "model",
            Kind::Declaration => "source",
            _ => return None,
        };
        Some(format!("{prefix}.{}.{}", self.project, self.own_name()))
    }

    /// The name, behind its schema where the file itself says one: settings of an environment are no part of it.
    fn own_name(&self) -> String {
        let stem = self.path.rsplit('/').next().unwrap_or(&self.path).trim_end_matches(".sqlx");
        let Some(target) = &self.target else { return stem.to_owned() };
        let says = ["schema", "dataset"].iter().any(|key| matches!(self.config.get(key), Some(Js::Text(_))));
        if says { format!("{}.{}", target.schema, target.name) } else { target.name.clone() }
    }

    /// Compiles it.
    pub(super) fn make(&self, settings: &Settings, targets: &Targets) -> Made {
        let mut made = Made::default();
        if self.config.get("disabled") == Some(&Js::Bool(true)) {
            return made;
        }
        match self.kind {
            Kind::Relation => {
                let model = self.model(settings, targets);
                made.tests = self.assertions(&model);
                made.model = Some(model);
            }
            Kind::Operations if self.has_output => made.model = Some(self.output(settings)),
            Kind::Operations => {
                let blank = self.blocks.sql.iter().all(Template::is_blank);
                let all = if blank { &[] } else { self.blocks.sql.as_slice() };
                made.hooks = self.hooks("operations", all, settings, targets);
            }
            Kind::Declaration => made.source = self.source(settings),
            Kind::Assertion => made.tests = vec![self.assertion(settings, targets)],
            Kind::Other if self.kind_name.is_empty() => made.model = Some(self.unnamed()),
            Kind::Other => {}
        }
        made
    }

    fn not_compiled(&self, line: u32, message: &str) -> NotCompiled {
        NotCompiled::at(&self.path, line, NotCompiledCode::Unsupported, message)
    }

    fn unnamed(&self) -> Model {
        let mut model = Model::bare(&self.project, &self.own_name(), &self.path, &self.text);
        let (line, message) = self.refused.clone().unwrap_or_default();
        model.compiled = Err(self.not_compiled(line, &message));
        model
    }

    /// A model with everything but its SQL.
    fn described(&self, settings: &Settings) -> Model {
        let name = self.target.as_ref().map_or_else(|| self.own_name(), |t| t.name.clone());
        let mut model = Model::bare(&self.project, &name, &self.path, &self.text);
        model.unique_id = self.relation_id().unwrap_or(model.unique_id);
        if let Some(target) = &self.target {
            model.relation = relation(target, settings, false);
        }
        let place = Place { path: self.path.clone(), line: self.config_line(), column: 0 };
        model.columns = columns(&self.config, &place);
        model.declared_at = self.blocks.config.is_some().then_some(place);
        model.description = self.config.get("description").and_then(Js::text).unwrap_or_default().to_owned();
        let tags = self.config.get("tags").map(Js::items).unwrap_or_default();
        model.tags = tags.iter().filter_map(|tag| tag.text().map(str::to_owned)).collect();
        if let Js::Object(entries) = &self.config {
            let apart = ["type", "name", "columns", "description", "tags", "assertions"];
            for (key, value) in entries.iter().filter(|(key, _)| !apart.contains(&key.as_str())) {
                let key = if key == "uniqueKey" { "unique_key" } else { key };
                model.config.insert(key.to_owned(), value.to_json());
            }
        }
        model.config.insert("materialized".to_owned(), Value::from(self.kind_name.as_str()));
        model
    }

    fn config_line(&self) -> u32 {
        self.blocks.config.as_ref().map_or(1, |range| line_of(&self.text, range.start))
    }

    fn model(&self, settings: &Settings, targets: &Targets) -> Model {
        let mut model = self.described(settings);
        if let Some((line, message)) = &self.refused {
            model.compiled = Err(self.not_compiled(*line, message));
            return model;
        }
        match self.query(settings, targets) {
            Ok((compiled, reads)) => {
                model.compiled = Ok(compiled);
                model.depends_on = reads;
                model.depends_on.remove(&model.unique_id);
            }
            Err(error) => model.compiled = Err(error),
        }
        model.hooks = self.hooks("pre-hook", &self.blocks.before, settings, targets);
        model.hooks.extend(self.hooks("post-hook", &self.blocks.after, settings, targets));
        model
    }

    /// The query of a full build and of an incremental run, and what they read.
    fn query(&self, settings: &Settings, targets: &Targets) -> Result<(Compiled, BTreeSet<String>), NotCompiled> {
        let wrong = |line: u32, message: &str| NotCompiled {
            code: NotCompiledCode::CompilerError,
            ..self.not_compiled(line, message)
        };
        if let Some(message) = self.wrong {
            return Err(wrong(self.config_line(), message));
        }
        let [template] = self.blocks.sql.as_slice() else {
            let second = self.blocks.sql.get(1).map_or(0, |t| line_of(&self.text, t.start));
            return Err(wrong(second, "only operations may hold more than one statement"));
        };
        let full = self.render(template, settings, targets, false)?;
        if full.text.trim_end().ends_with(';') {
            let line = line_of(&self.text, self.text.trim_end().len());
            return Err(wrong(line, "a query may not end with a semicolon"));
        }
        let mut reads = full.depends_on;
        let sql = full.text.trim().to_owned();
        let mut incremental_sql = None;
        if self.kind_name == "incremental" {
            let again = self.render(template, settings, targets, true)?;
            reads.extend(again.depends_on);
            incremental_sql = Some(again.text.trim().to_owned()).filter(|text| *text != sql);
        }
        Ok((Compiled { sql, incremental_sql, ..Compiled::default() }, reads))
    }

    fn render(
        &self,
        template: &Template,
        settings: &Settings,
        targets: &Targets,
        incremental: bool,
    ) -> Result<Rendered, NotCompiled> {
        let none = Target::default();
        let own = self.target.as_ref().unwrap_or(&none);
        let context = Context { settings, targets, own, incremental, path: &self.path, text: &self.text };
        eval::render(template, &context)
    }

    fn hooks(&self, event: &str, templates: &[Template], settings: &Settings, targets: &Targets) -> Vec<Hook> {
        let hook = |template: &Template| {
            let blank = template.segments.iter().find_map(|segment| match segment {
                sqlx::Segment::Text(text) => Some(text.len() - text.trim_start().len()),
                _ => None,
            });
            let line = line_of(&self.text, template.start + blank.unwrap_or(0));
            let sql = match &self.refused {
                Some((line, message)) => Err(self.not_compiled(*line, message)),
                None => self.render(template, settings, targets, false).map(|r| r.text.trim().to_owned()),
            };
            Hook { event: event.to_owned(), sql, place: Place { path: self.path.clone(), line, column: 0 } }
        };
        if templates.len() > STATEMENTS {
            let message = format!("the file holds more than {STATEMENTS} statements");
            let error = NotCompiled { code: NotCompiledCode::Limit, ..self.not_compiled(1, &message) };
            let place = Place { path: self.path.clone(), line: 1, column: 0 };
            return vec![Hook { event: event.to_owned(), sql: Err(error), place }];
        }
        templates.iter().filter(|template| !template.is_blank()).map(hook).collect()
    }

    /// Operations with an output: there, but what they do is no query.
    fn output(&self, settings: &Settings) -> Model {
        let mut model = self.described(settings);
        let (line, message) = match &self.refused {
            Some((line, message)) => (*line, message.clone()),
            None => (1, "operations are statements, not a query".to_owned()),
        };
        model.compiled = Err(self.not_compiled(line, &message));
        model
    }

    fn source(&self, settings: &Settings) -> Option<Source> {
        let place = Place { path: self.path.clone(), line: self.config_line(), column: 0 };
        Some(source(self.relation_id()?, self.target.as_ref()?, settings, &self.project, &self.config, place))
    }

    /// An assertion file: a query that returns failing rows.
    fn assertion(&self, settings: &Settings, targets: &Targets) -> DataTest {
        let (compiled, depends_on) = match &self.refused {
            Some((line, message)) => (Err(self.not_compiled(*line, message)), BTreeSet::new()),
            None => match self.query(settings, targets) {
                Ok((compiled, reads)) => (Ok(compiled), reads),
                Err(error) => (Err(error), BTreeSet::new()),
            },
        };
        let name = self.own_name();
        DataTest {
            unique_id: format!("test.{}.{name}", self.project),
            name,
            kind: TestKind::Singular,
            attached: None,
            column: None,
            compiled,
            config: severity(),
            depends_on,
            macros: BTreeMap::new(),
            place: Place { path: self.path.clone(), line: 1, column: 0 },
        }
    }

    /// The `assertions` of a relation's config.
    fn assertions(&self, model: &Model) -> Vec<DataTest> {
        let Some(assertions) = self.config.get("assertions") else { return Vec::new() };
        let relation = &model.relation.rendered;
        let texts =
            |js: &Js| -> Vec<String> { js.items().iter().filter_map(|i| i.text().map(str::to_owned)).collect() };
        let all = |key: &str| assertions.get(key).map(texts).unwrap_or_default();
        let mut tests = Vec::new();
        let mut add = |kind: &str, column: Option<&str>, kwargs: Map<String, Value>, sql: String| {
            tests.push(self.test(model, kind, column, kwargs, sql));
        };
        let mut keys: Vec<Vec<String>> = vec![all("uniqueKey")];
        let more = assertions.get("uniqueKeys").map(Js::items).unwrap_or_default();
        keys.extend(more.iter().map(|key| key.get("uniqueKey").map_or_else(|| texts(key), texts)));
        for key in keys.iter().filter(|key| !key.is_empty()) {
            let list = key.join(", ");
            let sql = format!(
                "select * from (select {list}, count(1) as index_row_count from {relation} group by {list}) as data \
                 where index_row_count > 1"
            );
            match key.as_slice() {
                [one] => add("unique", Some(one), Map::new(), sql),
                several => {
                    let kwargs = Map::from_iter([("combination_of_columns".to_owned(), Value::from(several))]);
                    add("dbt_utils.unique_combination_of_columns", None, kwargs, sql);
                }
            }
        }
        for column in all("nonNull") {
            let sql = format!("select * from {relation} where not ({column} is not null)");
            add("not_null", Some(&column), Map::new(), sql);
        }
        for condition in all("rowConditions") {
            let sql = format!("select * from {relation} where not ({condition})");
            let kwargs = Map::from_iter([("expression".to_owned(), Value::from(condition))]);
            add("dbt_utils.expression_is_true", None, kwargs, sql);
        }
        tests
    }

    fn test(
        &self,
        model: &Model,
        kind: &str,
        column: Option<&str>,
        kwargs: Map<String, Value>,
        sql: String,
    ) -> DataTest {
        let hash = content_id(json!([kwargs, column]).to_string().as_bytes());
        let on = column.map(|c| format!("_{c}")).unwrap_or_default();
        let compiled = match &self.refused {
            Some((line, message)) => Err(self.not_compiled(*line, message)),
            None => Ok(Compiled { sql, ..Compiled::default() }),
        };
        let name = kind.rsplit('.').next().unwrap_or(kind);
        DataTest {
            unique_id: format!("test.{}.{name}_{}{on}.{}", self.project, self.own_name(), &hash[..10]),
            name: format!("{name}({})", column.unwrap_or(&model.name)),
            kind: TestKind::Generic { name: kind.to_owned(), kwargs },
            attached: Some(model.unique_id.clone()),
            column: column.map(str::to_owned),
            compiled,
            config: severity(),
            depends_on: BTreeSet::from([model.unique_id.clone()]),
            macros: BTreeMap::new(),
            place: Place { path: self.path.clone(), line: self.config_line(), column: 0 },
        }
    }
}

fn source(id: String, target: &Target, settings: &Settings, project: &str, config: &Js, place: Place) -> Source {
    let tags = config.get("tags").map(Js::items).unwrap_or_default();
    Source {
        unique_id: id,
        source_name: target.schema.clone(),
        name: target.name.clone(),
        package: project.to_owned(),
        relation: relation(target, settings, true),
        meta: Map::new(),
        tags: tags.iter().filter_map(|tag| tag.text().map(str::to_owned)).collect(),
        description: config.get("description").and_then(Js::text).unwrap_or_default().to_owned(),
        columns: columns(config, &place),
        external_location: None,
        place,
    }
}

/// The source that `declare({...})` makes; `None` where JavaScript makes a part of its name.
pub(super) fn declared(settings: &Settings, project: &str, path: &str, config: &Js) -> Option<(Target, Source)> {
    let plain =
        |key: &str, other: &str| config.get(key).or_else(|| config.get(other)).map(|js| Context::plain(js, settings));
    let name = plain("name", "name")??;
    let said = plain("schema", "dataset");
    let own = said.is_some();
    let schema = said.unwrap_or_else(|| Some(settings.schema.clone()))?;
    let database = plain("database", "project").map_or(Some(settings.database.clone()), |d| d.map(Some))?;
    let id = if own { format!("source.{project}.{schema}.{name}") } else { format!("source.{project}.{name}") };
    let target = Target { database, schema, name };
    let place = Place { path: path.to_owned(), line: 1, column: 0 };
    let source = source(id, &target, settings, project, config, place);
    Some((target, source))
}

/// How many statements a block may hold.
const STATEMENTS: usize = 1000;

fn severity() -> Map<String, Value> {
    Map::from_iter([("severity".to_owned(), Value::from("ERROR"))])
}

fn relation(target: &Target, settings: &Settings, declared: bool) -> RelationName {
    let finished = target.finished(settings, declared);
    RelationName {
        rendered: finished.rendered(settings),
        database: finished.database.or_else(|| settings.database.clone()).unwrap_or_default(),
        schema: finished.schema,
        identifier: finished.name,
    }
}
