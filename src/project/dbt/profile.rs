//! `profiles.yml`: the target, as far as templates and the engine may know it.

use crate::project::credentials::{database_keys, schema_keys};
use crate::project::yaml::{self, Node};
use crate::project::{Place, Problem, Target};
use regex::Regex;
use std::collections::BTreeMap;

/// A profiles.yml that the caller has read. Earlier files win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFile {
    /// Its path, for messages.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What a profile's strings may be rendered with: a variable's value when it is allowed.
pub(crate) type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The target of profile `profile`: `wanted`, else the profile's own choice. Without a profile: DuckDB, schema `main`,
/// empty `origin`.
pub(crate) fn target(
    files: &[ProfileFile],
    profile: Option<&str>,
    wanted: Option<&str>,
    env: &Env<'_>,
) -> (Target, Vec<Problem>) {
    let mut problems = Vec::new();
    let default = Target {
        profile: profile.unwrap_or_default().to_owned(),
        name: wanted.unwrap_or("dev").to_owned(),
        adapter: "duckdb".to_owned(),
        database: "memory".to_owned(),
        schema: "main".to_owned(),
        threads: 1,
        ..Target::default()
    };
    for file in files {
        let problem = |line, message: String, help: &str| Problem {
            place: Place { path: file.path.clone(), line, column: 0 },
            message,
            help: help.to_owned(),
        };
        let root = match yaml::parse_one(&file.text) {
            Ok(Some(root)) => root,
            Ok(None) => continue,
            Err(error) => {
                problems.push(problem(error.line, format!("cannot be read: {error}"), "fix the YAML"));
                continue;
            }
        };
        let named = profile.and_then(|name| root.get(name));
        let only = || root.entries().filter(|(key, _)| *key != "config").map(|(_, node)| node).next();
        let Some(found) = named.or_else(|| profile.is_none().then(only).flatten()) else { continue };
        let mut text = Text { env, path: &file.path, problems: &mut problems };
        let chosen = wanted.map(str::to_owned).or_else(|| found.get("target").and_then(|n| text.of(n)));
        let chosen = chosen.unwrap_or_else(|| "default".to_owned());
        let Some(output) = found.get("outputs").and_then(|outputs| outputs.get(&chosen)) else {
            let names: Vec<&String> =
                found.get("outputs").map(|o| o.entries().map(|(k, _)| k).collect()).unwrap_or_default();
            let message = format!("the profile has no target `{chosen}` (it has {names:?})");
            problems.push(problem(found.line, message, "name one with `project: {target: ...}` in rowproof.yml"));
            continue;
        };
        return (read(&default, output, &chosen, &mut text), problems);
    }
    (default, problems)
}

/// Every plain key of the target, rendered with whatever the environment has: for connecting, never for templates.
/// Empty when there is no such target.
///
/// # Errors
/// A variable that is not set and has no default, or YAML that cannot be read: the file and what is wrong.
pub(crate) fn connection(
    files: &[ProfileFile],
    profile: Option<&str>,
    wanted: Option<&str>,
    env: &Env<'_>,
) -> Result<BTreeMap<String, String>, String> {
    for file in files {
        let Some(root) = yaml::parse_one(&file.text).map_err(|e| format!("{}: {e}", file.path))? else { continue };
        let Some(found) = profile.and_then(|name| root.get(name)) else { continue };
        let place = |node: &Node| format!("{}:{}", file.path, node.line);
        let text = |node: &Node| match node.text() {
            Some(raw) if raw.contains("{{") => render(&raw, env).map(Some).map_err(|e| format!("{}: {e}", place(node))),
            raw => Ok(raw),
        };
        let own = found.get("target").map(text).transpose()?.flatten();
        let chosen = wanted.map(str::to_owned).or(own).unwrap_or_else(|| "default".to_owned());
        let Some(output) = found.get("outputs").and_then(|outputs| outputs.get(&chosen)) else { continue };
        let mut values = BTreeMap::new();
        for (key, node) in output.entries() {
            if let Some(value) = text(node)? {
                values.insert(key.clone(), value);
            }
        }
        return Ok(values);
    }
    Ok(BTreeMap::new())
}

fn read(default: &Target, output: &Node, name: &str, text: &mut Text<'_>) -> Target {
    let origin = text.path.to_owned();
    let mut first = |keys: &[&str]| keys.iter().find_map(|key| output.get(key)).and_then(|node| text.of(node));
    let adapter = first(&["type"]).unwrap_or_else(|| default.adapter.clone());
    let path = first(&["path"]).filter(|path| !path.is_empty());
    let database = first(database_keys(&adapter));
    let stem = path.as_deref().map(stem);
    let default_database = match adapter.as_str() {
        "duckdb" => stem.clone().unwrap_or_else(|| "memory".to_owned()),
        _ => String::new(),
    };
    let schema = first(schema_keys(&adapter)).unwrap_or_else(|| "main".to_owned());
    let threads = first(&["threads"]).and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut attach = Vec::new();
    for item in output.get("attach").map(Node::items).unwrap_or_default() {
        if let Some(path) = item.get("path").and_then(|n| text.of(n)) {
            let alias = item.get("alias").and_then(|n| text.of(n)).unwrap_or_else(|| self::stem(&path));
            attach.push((alias, path));
        }
    }
    Target {
        profile: default.profile.clone(),
        name: name.to_owned(),
        database: database.unwrap_or(default_database),
        schema,
        threads,
        duckdb_path: path.filter(|path| adapter == "duckdb" && path != ":memory:"),
        duckdb_attach: attach,
        adapter,
        origin,
    }
}

/// The name that DuckDB gives to an attached file.
fn stem(path: &str) -> String {
    let file = path.trim_start_matches("md:").rsplit(['/', '\\']).next().unwrap_or(path);
    if path == ":memory:" || file.is_empty() {
        return "memory".to_owned();
    }
    file.split(['.', '?']).next().unwrap_or(file).to_owned()
}

/// Renders the one kind of Jinja that a profile may hold here: `{{ env_var('NAME', 'default') }}`.
struct Text<'a> {
    env: &'a Env<'a>,
    path: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Text<'_> {
    fn of(&mut self, node: &Node) -> Option<String> {
        let raw = node.text()?;
        if !raw.contains("{{") {
            return Some(raw);
        }
        let rendered = render(&raw, self.env);
        rendered
            .map_err(|message| {
                self.problems.push(Problem {
                    place: Place { path: self.path.to_owned(), line: node.line, column: node.column },
                    message,
                    help: "allow the variable in rowproof.yml, or give env_var a default".to_owned(),
                });
            })
            .ok()
    }
}

fn render(raw: &str, env: &Env<'_>) -> Result<String, String> {
    let pattern = r#"\{\{-?\s*env_var\(\s*['"]([^'"]+)['"]\s*(?:,\s*(?:['"]([^'"]*)['"]|([\w.]+))\s*)?\)\s*(?:\|\s*\w+\s*)*-?\}\}"#;
    let regex = Regex::new(pattern).map_err(|e| e.to_string())?;
    let mut missing = None;
    let out = regex.replace_all(raw, |found: &regex::Captures<'_>| {
        let default = found.get(2).or_else(|| found.get(3)).map(|m| m.as_str().to_owned());
        env(&found[1]).or(default).unwrap_or_else(|| {
            missing.get_or_insert_with(|| found[1].to_owned());
            String::new()
        })
    });
    match missing {
        Some(name) => Err(format!("env_var('{name}') is not allowed or not set, and has no default")),
        None if out.contains("{{") => Err(format!("only env_var() is rendered in profiles, not `{raw}`")),
        None => Ok(out.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<ProfileFile> {
        vec![ProfileFile { path: "profiles.yml".into(), text: text.into() }]
    }

    #[test]
    fn reads_a_duckdb_target_and_its_attachments() {
        let text = "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: \"{{ env_var('DB', 'data/shop.duckdb') }}\"\n      schema: x\n      threads: 4\n      attach:\n        - path: raw.db\n";
        let (target, problems) = target(&file(text), Some("shop"), None, &|_| None);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((target.database.as_str(), target.schema.as_str(), target.threads), ("shop", "x", 4));
        assert_eq!(target.duckdb_path.as_deref(), Some("data/shop.duckdb"));
        assert_eq!(target.duckdb_attach, [("raw".to_owned(), "raw.db".to_owned())]);
        assert_eq!(target.origin, "profiles.yml");
    }

    #[test]
    fn a_missing_variable_or_target_is_said() {
        let text =
            "p:\n  target: dev\n  outputs:\n    dev: {type: postgres, schema: \"{{ env_var('S') }}\", dbname: d}\n";
        let (found, problems) = target(&file(text), Some("p"), None, &|_| None);
        assert_eq!((found.adapter.as_str(), found.database.as_str()), ("postgres", "d"));
        assert!(problems[0].message.contains("env_var('S')"), "{problems:?}");
        let (found, problems) = target(&file(text), Some("p"), Some("prod"), &|_| None);
        assert!(found.origin.is_empty() && problems[0].message.contains("no target `prod`"), "{problems:?}");
    }
}
