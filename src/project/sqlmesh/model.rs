//! One model: its header, its query, what is run beside it.

use crate::project::bind::ADDED_COLUMNS;
use crate::project::find::{join, relative};
use crate::project::load::LoadOptions;
use crate::project::pieces::{self, line_of};
use crate::project::sqlmesh::audits::{self, AuditFile};
use crate::project::sqlmesh::header::{self, Header, call, construct, name_parts, unquoted};
use crate::project::sqlmesh::settings::{self, Settings};
use crate::project::sqlmesh::variables;
use crate::project::{ColumnInfo, Compiled, Model, NodeKind, NotCompiled, NotCompiledCode, Place, RelationName};
use crate::sql::Dialect;
use regex::Regex;
use serde_json::{Map, Value};
use std::ops::Range;

/// A model and what hangs on it.
pub(super) struct Found {
    pub(super) model: Model,
    /// Its `audits`, as written, with their line.
    pub(super) audits: Vec<(String, u32)>,
    /// Audits that its own file defines.
    pub(super) inline: Vec<AuditFile>,
    /// Its `depends_on`.
    pub(super) depends_on: Vec<String>,
}

/// Reads one file; `None`: it holds no model, or one that is switched off.
pub(super) fn read(options: &LoadOptions<'_>, settings: &Settings, path: &str) -> Option<Found> {
    let refused = |text: &str, error: NotCompiled| {
        let mut model = Model::bare(&settings.name, &inferred(options, path).join("."), path, text);
        model.compiled = Err(error);
        Found { model, audits: Vec::new(), inline: Vec::new(), depends_on: Vec::new() }
    };
    let text = match options.files.text(path) {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => {
            return Some(refused("", NotCompiled::at(path, 0, NotCompiledCode::Unsupported, format!("{error:#}"))));
        }
    };
    if path.ends_with(".py") {
        return python(settings, path, &text);
    }
    let Some((header, dialect)) = find_header(&text, settings) else {
        if pieces::statements(&text, settings.dialect).is_empty() {
            return None;
        }
        let message = "no `MODEL (...)` at the start of the file; whatever makes one is run by SQLMesh alone";
        return Some(refused(&text, NotCompiled::at(path, 1, NotCompiledCode::Unsupported, message)));
    };
    if header.text("enabled").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        return None;
    }
    let parts = match header.raw("name") {
        Some(name) => name_parts(name),
        None => inferred(options, path),
    };
    let mut model = Model::bare(&settings.name, &parts.join("."), path, &text);
    model.unique_id = model.unique_id.to_lowercase();
    model.relation = relation(&parts, header.raw("name").unwrap_or(&model.name));
    properties(&mut model, &header, dialect);
    let (name, arguments) = kind(&header, settings);
    kind_config(&mut model, &name, arguments.as_deref(), dialect);
    let body = Body::of(&text, &header, path, dialect, options.now);
    model.compiled = match dialect_fits(&header, settings, dialect, path).and_then(|()| named(&header, settings, path))
    {
        Err(error) => Err(error),
        Ok(()) if name == "SEED" => seed(options, &mut model, arguments.as_deref(), dialect, header.line("kind")),
        Ok(()) => body.query,
    };
    model.hooks = body.hooks;
    let audit_line = header.line("audits");
    Some(Found {
        audits: header.list("audits").into_iter().map(|audit| (audit, audit_line)).collect(),
        inline: body.audits,
        depends_on: header.list("depends_on"),
        model,
    })
}

/// The header, read by the dialect that it names itself.
fn find_header(text: &str, settings: &Settings) -> Option<(Header, Dialect)> {
    let header = Header::find(text, "MODEL", settings.dialect)?;
    match header.text("dialect").and_then(|name| settings::dialect(&name)) {
        Some(own) if own != settings.dialect => Some((Header::find(text, "MODEL", own)?, own)),
        _ => Some((header, settings.dialect)),
    }
}

/// A project is read in one dialect: a model in another has no SQL here.
fn dialect_fits(header: &Header, settings: &Settings, dialect: Dialect, path: &str) -> Result<(), NotCompiled> {
    let written = header.text("dialect").unwrap_or_default();
    let known = written.is_empty() || settings::dialect(&written).is_some();
    if known && dialect == settings.dialect {
        return Ok(());
    }
    let message = format!("is written in {written}, the project in {}", settings.dialect.name());
    Err(NotCompiled::at(path, header.line("dialect"), NotCompiledCode::Unsupported, message))
}

/// One file that makes several models, or one whose name SQLMesh works out.
fn named(header: &Header, settings: &Settings, path: &str) -> Result<(), NotCompiled> {
    let refused = |key: &str, what: &str| {
        let message = format!("{what} is worked out by SQLMesh alone");
        Err(NotCompiled::at(path, header.line(key), NotCompiledCode::Unsupported, message))
    };
    if header.raw("blueprints").is_some() {
        return refused("blueprints", "`blueprints`");
    }
    match header.raw("name") {
        Some(name) if name.contains('@') || name.contains('{') => refused("name", &format!("the name `{name}`")),
        None if !settings.infer_names => {
            let line = header.line("kind").max(1);
            Err(NotCompiled::at(path, line, NotCompiledCode::CompilerError, "the header gives the model no name"))
        }
        _ => Ok(()),
    }
}

/// Folders under `models` and the file's stem: at most three, the last ones.
fn inferred(options: &LoadOptions<'_>, path: &str) -> Vec<String> {
    let within = relative(path, &options.root).trim_start_matches("models/");
    let stem = within.rsplit_once('.').map_or(within, |(stem, _)| stem);
    let parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
    parts[parts.len().saturating_sub(3)..].to_vec()
}

/// The relation of a name in parts.
pub(super) fn relation(parts: &[String], written: &str) -> RelationName {
    let from_end = |n: usize| parts.len().checked_sub(n).and_then(|at| parts.get(at)).cloned().unwrap_or_default();
    RelationName {
        database: from_end(3),
        schema: from_end(2),
        identifier: from_end(1),
        rendered: written.trim().to_owned(),
    }
}

fn properties(model: &mut Model, header: &Header, dialect: Dialect) {
    let apart = ["name", "kind", "columns", "column_descriptions", "description", "tags", "audits", "depends_on"];
    for (key, value) in header.entries().filter(|(key, _)| !apart.contains(key)) {
        let value = match value.trim().chars().next() {
            Some('(' | '[') => Value::from(header::items(value, dialect)),
            _ => Value::from(unquoted(value)),
        };
        model.config.insert(key.to_owned(), value);
    }
    model.description = header.text("description").unwrap_or_default();
    model.tags = header.list("tags").iter().map(|tag| unquoted(tag)).collect();
    let place = |key: &str| Place { path: model.path.clone(), line: header.line(key), column: 0 };
    for column in header.list("columns") {
        let column = column.trim();
        let end = match column.chars().next() {
            Some(quote @ ('"' | '`')) => column[1..].find(quote).map_or(column.len(), |at| at + 2),
            _ => column.find(char::is_whitespace).unwrap_or(column.len()),
        };
        let name = unquoted(&column[..end]);
        let data_type = Some(column[end..].trim().to_owned()).filter(|t| !t.is_empty());
        let info = ColumnInfo { name: name.clone(), data_type, place: place("columns"), ..ColumnInfo::default() };
        model.columns.insert(name, info);
    }
    for pair in header.list("column_descriptions") {
        let Some((name, text)) = pair.split_once('=') else { continue };
        let name = unquoted(name.trim_end_matches(':'));
        let column = model.columns.entry(name.clone()).or_insert_with(|| ColumnInfo {
            name,
            place: place("column_descriptions"),
            ..ColumnInfo::default()
        });
        column.description = unquoted(text);
    }
    model.declared_at = (!model.columns.is_empty()).then(|| place("columns"));
}

/// Name of the kind, upper case, and its arguments.
fn kind(header: &Header, settings: &Settings) -> (String, Option<String>) {
    let (name, arguments) = call(header.raw("kind").unwrap_or(&settings.kind));
    (name.to_uppercase(), arguments.map(str::to_owned))
}

fn kind_config(model: &mut Model, name: &str, arguments: Option<&str>, dialect: Dialect) {
    let materialized = match name {
        "FULL" | "MANAGED" => "table",
        "VIEW" => "view",
        "EMBEDDED" => "ephemeral",
        "SEED" => "seed",
        kind if kind.starts_with("INCREMENTAL") => "incremental",
        kind if kind.starts_with("SCD_TYPE_2") => "snapshot",
        _ => "custom",
    };
    model.config.insert("materialized".to_owned(), materialized.into());
    model.config.insert("kind".to_owned(), name.into());
    let arguments = arguments.unwrap_or_default();
    for range in pieces::parts(arguments, dialect) {
        let text = pieces::plain(&arguments[range], dialect);
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
        model.config.insert(text[..end].to_lowercase(), Value::from(unquoted(&text[end..])));
    }
    if materialized == "snapshot" {
        let named = |key: &str, default: &str| {
            Value::from(model.config.get(key).and_then(Value::as_str).unwrap_or(default).to_owned())
        };
        let added = vec![named("valid_from_name", "valid_from"), named("valid_to_name", "valid_to")];
        model.config.insert(ADDED_COLUMNS.to_owned(), added.into());
    }
}

/// Takes the CSV file of a seed.
fn seed(
    options: &LoadOptions<'_>,
    model: &mut Model,
    arguments: Option<&str>,
    dialect: Dialect,
    line: u32,
) -> Result<Compiled, NotCompiled> {
    let refused = |message: String| NotCompiled::at(&model.path, line, NotCompiledCode::Unsupported, message);
    let Some(path) = model.config.get("path").and_then(Value::as_str) else {
        return Err(refused("the seed names no file".to_owned()));
    };
    let full = match path.strip_prefix("$root/") {
        Some(rest) => join(&options.root, rest),
        None => join(model.path.rsplit_once('/').map_or("", |(folder, _)| folder), path),
    };
    let bytes = options.files.bytes(&full).map_err(|error| refused(format!("{error:#}")))?;
    let Some(bytes) = bytes else { return Err(refused(format!("the seed's file {path} is not there"))) };
    let mut types = Map::new();
    for column in model.columns.values() {
        types.extend(column.data_type.as_ref().map(|t| (column.name.clone(), Value::from(t.as_str()))));
    }
    let delimiter = arguments.and_then(|text| {
        let at = text.find("delimiter")?;
        pieces::parts(&text[at..], dialect)
            .into_iter()
            .next()
            .map(|part| unquoted(text[at..][part].trim_start_matches("delimiter").trim_matches([' ', '=', ')'])))
    });
    model.config.insert("column_types".to_owned(), types.into());
    model.config.extend(delimiter.map(|d| ("delimiter".to_owned(), Value::from(d))));
    model.kind = NodeKind::Seed;
    model.unique_id = model.unique_id.replacen("model.", "seed.", 1);
    model.csv = Some(bytes.into());
    Ok(Compiled::default())
}

/// A Python model: there, under its name when that is a plain text, and not compiled.
fn python(settings: &Settings, path: &str, text: &str) -> Option<Found> {
    let pattern = Regex::new(r#"(?m)^@model\s*\(\s*(?:name\s*=\s*)?["']([^"'@{}]+)["']"#).ok()?;
    let found = pattern.captures(text)?;
    let parts = name_parts(found.get(1)?.as_str());
    let mut model = Model::bare(&settings.name, &parts.join("."), path, text);
    model.unique_id = model.unique_id.to_lowercase();
    model.relation = relation(&parts, &model.name);
    let line = line_of(text, found.get(0)?.start());
    model.compiled = Err(NotCompiled::at(path, line, NotCompiledCode::Unsupported, "is a Python model"));
    Some(Found { model, audits: Vec::new(), inline: Vec::new(), depends_on: Vec::new() })
}

/// How many statements a file may hold.
const STATEMENTS: usize = 1000;

/// What follows the header.
struct Body {
    query: Result<Compiled, NotCompiled>,
    hooks: Vec<crate::project::Hook>,
    audits: Vec<AuditFile>,
}

impl Body {
    fn of(text: &str, header: &Header, path: &str, dialect: Dialect, now: jiff::Timestamp) -> Self {
        let refused = |at: usize, message: String| {
            NotCompiled::at(path, line_of(text, at), NotCompiledCode::Unsupported, message)
        };
        let mut body = Self { query: Ok(Compiled::default()), hooks: Vec::new(), audits: Vec::new() };
        let mut query: Option<Range<usize>> = None;
        let mut first_macro = None;
        let all = pieces::statements(text, dialect);
        if all.len() > STATEMENTS {
            let message = format!("the file holds more than {STATEMENTS} statements");
            let refused = NotCompiled { code: NotCompiledCode::Limit, ..refused(0, message) };
            return Self { query: Err(refused), ..body };
        }
        let mut rest = all.into_iter().filter(|range| range.start >= header.range.end);
        while let Some(range) = rest.next() {
            let statement = &text[range.clone()];
            if let Some(audit) = Header::of(text, range.clone(), "AUDIT", dialect) {
                // Its query is the next statement.
                let sql = rest.next().map(|range| text[range].to_owned()).unwrap_or_default();
                body.audits.push(audits::of(&audit, &sql, text, path, dialect));
                continue;
            }
            let word = first_word(statement, dialect);
            let jinja = word.starts_with("JINJA_") && word.ends_with("_BEGIN");
            if jinja {
                body.query = Err(refused(range.start, "Jinja is worked out by SQLMesh alone".to_owned()));
                return body;
            }
            match word.as_str() {
                "SELECT" | "WITH" | "FROM" | "VALUES" | "(" if query.is_none() => query = Some(range),
                "SELECT" | "WITH" | "FROM" | "VALUES" | "(" => {
                    body.query = Err(refused(range.start, "the file holds more than one query".to_owned()));
                    return body;
                }
                "ON_VIRTUAL_UPDATE_BEGIN" | "ON_VIRTUAL_UPDATE_END" => {}
                "@" if query.is_none() => drop(first_macro.get_or_insert(range.start)),
                _ => {
                    let event = if query.is_some() { "post-hook" } else { "pre-hook" };
                    body.hooks.push(settings::hook(event, statement, path, line_of(text, range.start), dialect));
                }
            }
        }
        body.query = match (query, first_macro) {
            (Some(range), _) => compiled(text, range, path, dialect, now),
            (None, Some(at)) => Err(refused(at, "the query is written by a macro".to_owned())),
            (None, None) => Err(refused(header.range.end.saturating_sub(1), "there is no query".to_owned())),
        };
        body
    }
}

/// The query as it stands, when nothing in it is left to work out but the interval, which is pinned.
fn compiled(
    text: &str,
    range: Range<usize>,
    path: &str,
    dialect: Dialect,
    now: jiff::Timestamp,
) -> Result<Compiled, NotCompiled> {
    let written = &text[range.clone()];
    let sql = variables::placed(written, dialect, &|name| variables::time(name, now));
    let flags = (sql != written).then(|| variables::FLAG.to_owned()).into_iter().collect();
    // Where something is left, its place is that in the file.
    let left = construct(&sql, dialect).and_then(|(what, _)| {
        let mark = what.trim_matches('`').to_owned();
        construct(written, dialect)
            .map(|(first, at)| if first == what { (what, at) } else { (what, written.find(&mark).unwrap_or(at)) })
    });
    match left {
        None => Ok(Compiled { sql, flags, ..Compiled::default() }),
        Some((what, at)) => Err(NotCompiled::at(
            path,
            line_of(text, range.start + at),
            NotCompiledCode::Unsupported,
            format!("{what} is worked out by SQLMesh alone; `sqlmesh render` shows the query"),
        )),
    }
}

/// The first word of a statement, upper case, `(` and `@` for what starts with these.
pub(super) fn first_word(statement: &str, dialect: Dialect) -> String {
    let plain = pieces::plain(statement, dialect);
    let plain = plain.trim_start();
    match plain.chars().next() {
        Some(mark @ ('(' | '@')) => mark.to_string(),
        _ => {
            let end = plain.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(plain.len());
            plain[..end].to_uppercase()
        }
    }
}
