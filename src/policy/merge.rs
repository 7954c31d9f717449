//! One policy out of a file and all that it extends: the outer file wins, key by key.

use super::problem::Mark;
use super::source::FileRead;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The merged policy, as written, and where each part of it comes from.
pub struct Merged {
    /// The keys of a policy file without `extends`; `match` of every layer and the like are all there.
    pub value: Map<String, Value>,
    /// Path of a part (`layers.marts`, `layers.marts.match`, `gates.test`, `suppress.0`) to the files that speak of it, outermost first.
    pub origins: BTreeMap<String, Vec<(String, Mark)>>,
}

/// Sections whose keys are laid over each other.
const SECTIONS: &[&str] = &["project", "warehouse", "compile", "severity", "llm", "roles", "windows", "budget"];

/// Merges the files; `chain` starts with the outermost.
pub fn merge(chain: &[FileRead]) -> Merged {
    let mut merged = Merged { value: Map::new(), origins: BTreeMap::new() };
    let outer_folder = chain.first().map_or("", |f| f.folder());
    for file in chain.iter().rev() {
        let mut written = file.decoded.tree.to_json();
        rebase_paths(&mut written, file.folder(), outer_folder);
        let Value::Object(written) = written else { continue };
        for (key, value) in written {
            match (key.as_str(), value) {
                ("extends", _) | (_, Value::Null) => {}
                ("layers", Value::Array(layers)) => merged.layers(file, layers),
                ("gates", Value::Object(gates)) => merged.gates(file, gates),
                ("suppress", Value::Array(items)) => merged.suppressions(file, items),
                ("env_allow", Value::Array(names)) => merged.env_allow(names),
                (section, Value::Object(entries)) if SECTIONS.contains(&section) => {
                    merged.section(file, section, entries);
                }
                (_, value) => {
                    merged.origin(file, &[&key]);
                    merged.value.insert(key, value);
                }
            }
        }
    }
    merged
}

impl Merged {
    /// Notes that `file` speaks of the part; files come innermost first.
    fn origin(&mut self, file: &FileRead, keys: &[&str]) {
        self.origins.entry(keys.join(".")).or_default().insert(0, (file.path.clone(), file.mark(keys)));
    }

    fn entry<'a>(&'a mut self, key: &str, empty: Value) -> &'a mut Value {
        self.value.entry(key).or_insert(empty)
    }

    fn section(&mut self, file: &FileRead, section: &str, entries: Map<String, Value>) {
        for (key, value) in entries {
            self.origin(file, &[section, &key]);
            let Some(target) = self.entry(section, Value::Object(Map::new())).as_object_mut() else { continue };
            match (target.get_mut(&key), value) {
                (Some(Value::Object(files)), Value::Object(more)) if key == "files" => files.extend(more),
                (_, value) => drop(target.insert(key, value)),
            }
        }
    }

    fn gates(&mut self, file: &FileRead, gates: Map<String, Value>) {
        for (gate, options) in gates {
            self.origin(file, &["gates", &gate]);
            let Some(all) = self.entry("gates", Value::Object(Map::new())).as_object_mut() else { continue };
            let target = all.entry(gate).or_insert_with(|| Value::Object(Map::new()));
            if let (Some(target), Value::Object(options)) = (target.as_object_mut(), options) {
                target.extend(options);
            }
        }
    }

    /// A known name is overridden in its place; new layers come before the inherited ones, since the first match
    /// wins and the outer file knows the project better.
    fn layers(&mut self, file: &FileRead, layers: Vec<Value>) {
        let mut new = 0;
        for (i, layer) in layers.into_iter().enumerate() {
            let Value::Object(layer) = layer else { continue };
            let name = layer.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let index = i.to_string();
            let place = |keys: &[&str]| (file.path.clone(), file.mark(keys));
            self.origins.entry(format!("layers.{name}")).or_default().insert(0, place(&["layers", &index]));
            for (key, _) in layer.iter().filter(|(_, value)| !value.is_null()) {
                let place = place(&["layers", &index, key]);
                self.origins.entry(format!("layers.{name}.{key}")).or_default().insert(0, place);
            }
            let Some(all) = self.entry("layers", Value::Array(Vec::new())).as_array_mut() else { continue };
            let known = all.iter_mut().find(|l| l.get("name").and_then(Value::as_str) == Some(&name));
            match known.and_then(Value::as_object_mut) {
                Some(known) => known.extend(layer.into_iter().filter(|(_, v)| !v.is_null())),
                None => {
                    all.insert(new, Value::Object(layer));
                    new += 1;
                }
            }
        }
    }

    fn suppressions(&mut self, file: &FileRead, items: Vec<Value>) {
        for (i, item) in items.into_iter().enumerate() {
            let place = (file.path.clone(), file.mark(&["suppress", &i.to_string()]));
            let Some(all) = self.entry("suppress", Value::Array(Vec::new())).as_array_mut() else { continue };
            all.push(item);
            let index = all.len() - 1;
            self.origins.insert(format!("suppress.{index}"), vec![place]);
        }
    }

    fn env_allow(&mut self, names: Vec<Value>) {
        let Some(all) = self.entry("env_allow", Value::Array(Vec::new())).as_array_mut() else { return };
        for name in names {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
}

/// Paths are written from the folder of the file that holds them, and read from the folder of the outermost.
fn rebase_paths(written: &mut Value, from: &str, to: &str) {
    if from == to {
        return;
    }
    let rebase_at = |value: Option<&mut Value>| {
        if let Some(Value::String(text)) = value {
            *text = rebase(text, from, to);
        }
    };
    rebase_at(written.pointer_mut("/project/path"));
    rebase_at(written.pointer_mut("/warehouse/database"));
    rebase_at(written.pointer_mut("/compile/manifest"));
    rebase_at(written.pointer_mut("/compile/catalog"));
    if let Some(Value::Object(files)) = written.pointer_mut("/warehouse/files") {
        files.values_mut().for_each(|v| rebase_at(Some(v)));
    }
    if let Some(Value::Object(windows)) = written.get_mut("windows") {
        windows.values_mut().for_each(|w| rebase_at(w.get_mut("holidays")));
    }
}

fn rebase(path: &str, from: &str, to: &str) -> String {
    if path.starts_with('/') || path.starts_with('~') || path.contains(':') {
        return path.to_owned();
    }
    let split = |folder: &str| folder.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (split(from), split(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec!["..".to_owned(); to.len() - common];
    parts.extend(from[common..].iter().cloned());
    parts.push(path.strip_prefix("./").unwrap_or(path).to_owned());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::rebase;

    #[test]
    fn paths_follow_the_file_that_wrote_them() {
        assert_eq!(rebase("shop.duckdb", "shared", ""), "shared/shop.duckdb");
        assert_eq!(rebase("./shop.duckdb", "a/shared", "a/team"), "../shared/shop.duckdb");
        assert_eq!(rebase("../shop.duckdb", "", "dbt"), "../../shop.duckdb");
        assert_eq!(rebase("/data/shop.duckdb", "shared", ""), "/data/shop.duckdb");
        assert_eq!(rebase("md:shop", "shared", ""), "md:shop");
    }
}
