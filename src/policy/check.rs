//! What one policy file says that cannot be: names that do not exist, globs that do not parse, empty promises.

use super::decode::Decoded;
use super::holidays::Holidays;
use super::marked::Node;
use super::problem::{Mark, Problem, suggestion};
use crate::gates::GateSpec;
use globset::{Glob, GlobBuilder};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Gates that are designed and not built yet: naming one is no typing mistake, and no pass either.
const PLANNED: &[&str] = &["metric_definition_review"];

/// The one version of the format.
const VERSION: u32 = 1;

/// Compiles a glob over paths from the project's folder: `*` stays within a folder, `**` crosses folders.
pub fn glob(text: &str) -> Result<Glob, String> {
    if text.is_empty() || text.starts_with('/') || text.starts_with("./") || text.starts_with("../") {
        return Err("globs match paths from the project's folder, such as `models/marts/**`".to_owned());
    }
    GlobBuilder::new(text).literal_separator(true).build().map_err(|e| e.kind().to_string())
}

/// Everything that is wrong within one file.
pub fn check(path: &str, decoded: &Decoded, registry: &[&GateSpec]) -> Vec<Problem> {
    let mut checker = Checker { path, tree: &decoded.tree, registry, problems: Vec::new() };
    if decoded.file.version != VERSION {
        let version = decoded.file.version;
        checker.tell(
            checker.mark(&["version"]),
            format!("version {version} of the policy format is not known to this rowproof"),
            format!("write `version: {VERSION}`, or use a newer rowproof"),
        );
    }
    checker.layers(decoded);
    checker.gate_options();
    checker.rules(decoded);
    checker.names(decoded);
    checker.problems
}

struct Checker<'a> {
    path: &'a str,
    tree: &'a Node,
    registry: &'a [&'a GateSpec],
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn tell(&mut self, mark: Mark, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem { path: self.path.to_owned(), mark, message: message.into(), help: help.into() });
    }

    /// The place of a value by its keys; of the nearest value above it that exists.
    fn mark(&self, keys: &[&str]) -> Mark {
        let mut node = self.tree;
        for key in keys {
            match node.get(key).or_else(|| key.parse().ok().and_then(|i| node.item(i))) {
                Some(next) => node = next,
                None => break,
            }
        }
        node.mark
    }

    fn ids(&self) -> Vec<&'static str> {
        self.registry.iter().map(|g| g.id).collect()
    }

    fn gate_name(&mut self, name: &str, mark: Mark) -> bool {
        let ids = self.ids();
        if ids.contains(&name) {
            return true;
        }
        if PLANNED.contains(&name) {
            let help = format!("known gates: {}", ids.join(", "));
            self.tell(mark, format!("gate `{name}` is not in this version"), help);
        } else {
            self.tell(mark, format!("unknown gate `{name}`"), suggestion(name, &ids));
        }
        false
    }

    fn layers(&mut self, decoded: &Decoded) {
        let mut names = BTreeSet::new();
        for (i, layer) in decoded.file.layers.iter().enumerate() {
            let index = i.to_string();
            let at = |c: &Self, key: &str, item: usize| c.mark(&["layers", &index, key, &item.to_string()]);
            let name_mark = self.mark(&["layers", &index, "name"]);
            if layer.name.trim().is_empty() {
                self.tell(name_mark, "a layer has an empty name", "name it after what it is for");
            }
            if !names.insert(layer.name.as_str()) {
                self.tell(name_mark, format!("layer `{}` is there twice", layer.name), "join the two");
            }
            if layer.globs.as_ref().is_some_and(Vec::is_empty) {
                let mark = self.mark(&["layers", &index, "match"]);
                self.tell(mark, format!("layer `{}` matches nothing", layer.name), "name globs, or remove the layer");
            }
            for (j, text) in layer.globs.iter().flatten().enumerate() {
                if let Err(reason) = glob(text) {
                    self.tell(at(self, "match", j), format!("bad glob `{text}`"), reason);
                }
            }
            if layer.gates.as_ref().is_some_and(Vec::is_empty) {
                let mark = self.mark(&["layers", &index, "gates"]);
                let message = format!("layer `{}` asks for no gate, so anything would pass", layer.name);
                self.tell(mark, message, "name at least `parse`");
            }
            for (j, name) in layer.gates.iter().flatten().enumerate() {
                self.gate_name(name, at(self, "gates", j));
            }
        }
    }

    fn gate_options(&mut self) {
        let Some(gates) = self.tree.get("gates") else { return };
        for (key, node) in gates.entries() {
            let is_mapping = matches!(node.kind, super::marked::Kind::Map(_) | super::marked::Kind::Null);
            if self.gate_name(&key.name, key.mark) && !is_mapping {
                let message = format!("the options of gate `{}` are a mapping (`key: value`)", key.name);
                self.tell(node.mark, message, "");
            }
        }
    }

    fn rules(&mut self, decoded: &Decoded) {
        if let Some(severities) = self.tree.get("severity") {
            for (key, _) in severities.entries() {
                self.rule(&key.name, key.mark);
            }
        }
        for (i, suppression) in decoded.file.suppress.iter().enumerate() {
            let index = i.to_string();
            let mark = self.mark(&["suppress", &index, "rule"]);
            self.rule(&suppression.rule, mark);
            for (key, value) in
                [("reason", &suppression.reason), ("owner", &suppression.owner), ("model", &suppression.model)]
            {
                if value.trim().is_empty() {
                    let mark = self.mark(&["suppress", &index, key]);
                    self.tell(mark, format!("`{key}` of a suppression is empty"), "say it");
                }
            }
        }
    }

    fn rule(&mut self, name: &str, mark: Mark) {
        let Some((gate, _)) = name.split_once('/') else {
            return self.tell(
                mark,
                format!("`{name}` is no rule"),
                "write `gate/rule-name`; `rowproof gates` lists them",
            );
        };
        if !self.gate_name(gate, mark) {
            return;
        }
        let rules: Vec<&str> =
            self.registry.iter().filter(|g| g.id == gate).flat_map(|g| g.rules).map(|r| r.id).collect();
        if !rules.contains(&name) {
            self.tell(mark, format!("unknown rule `{name}`"), suggestion(name, &rules));
        }
    }

    fn names(&mut self, decoded: &Decoded) {
        for (i, name) in decoded.file.env_allow.iter().enumerate() {
            let shape = name
                .chars()
                .enumerate()
                .all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
            if name.is_empty() || !shape {
                let mark = self.mark(&["env_allow", &i.to_string()]);
                self.tell(
                    mark,
                    format!("`{name}` is no name of an environment variable"),
                    "name each one, no patterns",
                );
            }
        }
        for (name, window) in &decoded.file.windows {
            if name == "any" {
                self.tell(self.mark(&["windows", "any"]), "window `any` is built in: always", "take another name");
            }
            if window.days.is_empty() {
                let mark = self.mark(&["windows", name, "days"]);
                self.tell(mark, format!("window `{name}` has no days, so nothing could ever be merged"), "name days");
            }
            if !is_zone(&window.tz) {
                let mark = self.mark(&["windows", name, "tz"]);
                self.tell(mark, format!("`{}` is no time zone", window.tz), zone_hint(&window.tz));
            }
            if let Some(Holidays::Calendar(path)) = &window.holidays
                && !inside(path)
            {
                let mark = self.mark(&["windows", name, "holidays"]);
                let help = "name an .ics file of the repository, from the folder of this file, or list days";
                self.tell(mark, format!("`{path}` is no calendar file of the repository"), help);
            }
        }
    }
}

/// Whether the IANA database has the zone, by its name as written there.
fn is_zone(text: &str) -> bool {
    // Looking up is deaf to case; a policy that is read elsewhere may not be.
    text != "Etc/Unknown" && TimeZone::get(text).is_ok_and(|zone| zone.iana_name() == Some(text))
}

fn zone_hint(text: &str) -> String {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    match crate::nearest::nearest(text, names.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "write one like `Europe/Paris` or `UTC`".to_owned(),
    }
}

/// Whether a path names something by its way from the policy's folder; how far `..` may go, the reader knows.
fn inside(path: &str) -> bool {
    !path.trim().is_empty() && !path.starts_with(['/', '~']) && !path.contains(['\\', ':'])
}
