//! The project file: `config.yaml`, `config.yml` or `config.py`.

use crate::files::FileSet;
use crate::project::find::{join, relative};
use crate::project::load::{LoadOptions, folder_name};
use crate::project::sqlmesh::header;
use crate::project::yaml::{self, Node};
use crate::project::{Hook, NotCompiled, NotCompiledCode, Place, Problem};
use crate::sql::Dialect;
use anyhow::Result;
use regex::Regex;

/// What the models need of the project file.
pub(super) struct Settings {
    /// Project name.
    pub(super) name: String,
    /// Dialect of the models that name none.
    pub(super) dialect: Dialect,
    /// Kind of the models that name none.
    pub(super) kind: String,
    /// Whether a model without a name is called as its folder and file.
    pub(super) infer_names: bool,
    /// `before_all` and `after_all`.
    pub(super) hooks: Vec<Hook>,
}

const FILES: [&str; 3] = ["config.yaml", "config.yml", "config.py"];

/// Whether the folder is a SQLMesh project: its project file beside `models/`, and a model's header or the settings of
/// models in it. Other tools have a `config.yaml` too.
pub(crate) fn is_project(files: &FileSet, root: &str) -> bool {
    let Some(config) = FILES.iter().map(|name| join(root, name)).find(|path| files.contains(path)) else {
        return false;
    };
    let models = join(root, "models");
    let mut sql = files.under(&models).filter(|path| path.ends_with(".sql")).peekable();
    let text = files.text(&config).ok().flatten().unwrap_or_default();
    if files.under(&models).next().is_none() {
        return false;
    }
    let named = text.contains("model_defaults") || text.contains("ModelDefaultsConfig") || text.contains("sqlmesh");
    named || sql.any(|path| files.text(path).ok().flatten().is_some_and(|text| header::has_model(&text)))
}

impl Settings {
    /// Reads the project file. One that is no YAML is a problem of the project, and its models keep the default dialect.
    pub(super) fn read(options: &LoadOptions<'_>, problems: &mut Vec<Problem>) -> Result<Self> {
        let mut settings = Self {
            name: folder_name(&options.root).to_owned(),
            dialect: options.dialect.unwrap_or(Dialect::Generic),
            kind: "VIEW".to_owned(),
            infer_names: false,
            hooks: Vec::new(),
        };
        let mut named = None;
        for path in FILES.iter().map(|name| join(&options.root, name)) {
            let Some(text) = options.files.text(&path)? else { continue };
            named = named.or(if path.ends_with(".py") {
                settings.infer_names |= text.contains("infer_names=True") || text.contains("infer_names = True");
                python(&text)
            } else {
                settings.yaml(&path, &text, problems)
            });
        }
        let named = named.or_else(|| headers(options));
        if let (None, Some(name)) = (options.dialect, named) {
            match dialect(&name) {
                Some(dialect) => settings.dialect = dialect,
                None => problems.push(Problem {
                    place: Place { path: join(&options.root, FILES[0]), line: 0, column: 0 },
                    message: format!("dialect `{name}` is not known"),
                    help: "name the dialect with `project: {dialect: ...}` in rowproof.yml".to_owned(),
                }),
            }
        }
        Ok(settings)
    }

    /// Takes what the YAML says; gives the dialect that it names.
    fn yaml(&mut self, path: &str, text: &str, problems: &mut Vec<Problem>) -> Option<String> {
        let root = match yaml::parse_one(text) {
            Ok(root) => root?,
            Err(error) => {
                problems.push(Problem {
                    place: Place { path: path.to_owned(), line: error.line, column: error.column },
                    message: format!("cannot be read: {error}"),
                    help: "fix the YAML".to_owned(),
                });
                return None;
            }
        };
        let defaults = root.get("model_defaults");
        let default = |key: &str| defaults.and_then(|d| d.get(key));
        if let Some(name) = root.get("project").and_then(Node::text) {
            self.name = name;
        }
        if let Some(kind) = default("kind") {
            let kind = kind.text().or_else(|| kind.get("name").and_then(Node::text));
            self.kind = kind.unwrap_or_else(|| self.kind.clone());
        }
        let naming = root.get("model_naming").and_then(|n| n.get("infer_names")).and_then(Node::text);
        self.infer_names = naming.as_deref() == Some("true");
        for (key, event) in [("before_all", "on-run-start"), ("after_all", "on-run-end")] {
            for item in root.get(key).map(Node::items).unwrap_or_default() {
                let text = item.text().unwrap_or_default();
                self.hooks.push(hook(event, &text, path, item.line, Dialect::Generic));
            }
        }
        let connection = |gateway: &Node| gateway.get("connection").and_then(|c| c.get("type")).and_then(Node::text);
        let gateways = root.get("gateways");
        let chosen = root.get("default_gateway").and_then(Node::text);
        let gateway = match chosen {
            Some(name) => gateways.and_then(|g| g.get(&name)),
            None => gateways.and_then(|g| g.entries().next().map(|(_, node)| node)),
        };
        default("dialect").and_then(Node::text).or_else(|| gateway.and_then(connection))
    }
}

/// A statement that is run beside a model or a run, when nothing in it is left to work out.
pub(super) fn hook(event: &str, text: &str, path: &str, line: u32, dialect: Dialect) -> Hook {
    let place = Place { path: path.to_owned(), line, column: 0 };
    let sql = match header::construct(text, dialect) {
        None => Ok(text.to_owned()),
        Some((what, at)) => Err(NotCompiled::at(
            path,
            line + crate::project::pieces::line_of(text, at) - 1,
            NotCompiledCode::Unsupported,
            format!("{what} is worked out by SQLMesh alone"),
        )),
    };
    Hook { event: event.to_owned(), sql, place }
}

/// The dialect that a `config.py` writes as a plain text, when it writes one only.
fn python(text: &str) -> Option<String> {
    let pattern = Regex::new(r#"\bdialect["']?\s*[=:]\s*["']([A-Za-z_0-9]+)"#).ok()?;
    let mut names: Vec<&str> = pattern.captures_iter(text).filter_map(|c| Some(c.get(1)?.as_str())).collect();
    names.dedup();
    match names[..] {
        [one] => Some(one.to_owned()),
        _ => None,
    }
}

/// The dialect that the headers name, when all that name one name the same.
fn headers(options: &LoadOptions<'_>) -> Option<String> {
    let own = options.files.under(&options.root);
    let models = own.filter(|path| relative(path, &options.root).starts_with("models/") && path.ends_with(".sql"));
    let mut names: Vec<String> = models
        .filter_map(|path| {
            let text = options.files.text(path).ok()??;
            header::Header::find(&text, "MODEL", Dialect::Generic)?.text("dialect")
        })
        .collect();
    names.sort();
    names.dedup();
    if names.len() == 1 { names.pop() } else { None }
}

/// A dialect as SQLMesh names it, settings behind a comma left out.
pub(super) fn dialect(name: &str) -> Option<Dialect> {
    let name = name.split(',').next().unwrap_or(name).trim().to_lowercase();
    match name.as_str() {
        "spark2" => Some(Dialect::Spark),
        "bigframes" => Some(Dialect::BigQuery),
        "gcp_postgres" | "gcppostgres" => Some(Dialect::Postgres),
        "azuresql" | "azure_sql" => Some(Dialect::TSql),
        other => Dialect::from_adapter(other),
    }
}
