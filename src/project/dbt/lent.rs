//! SQL that dbt compiled, lent by its manifest: taken only where all that it was made of is what this side has.

use super::load::{Loaded, Settled};
use crate::files::content_id;
use crate::project::jinja::macros::BUILTIN;
use crate::project::jinja::relation::Quoting;
use crate::project::manifest::{MacroText, Manifest, ManifestNode, ManifestSource};
use crate::project::{Artifacts, Compiled, Lent, NodeKind, NotCompiled, NotCompiledCode, Place, config_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Macros by family: `star`, `default__star` and `duckdb__star` answer for one another.
type Families = BTreeMap<String, BTreeSet<(String, String)>>;

/// Macros that name relations without being called by a template.
const NAMING: &[&str] =
    &["generate_schema_name", "generate_alias_name", "generate_database_name", "ref", "source", "config"];

/// What can be lent to a project, beside what the project is.
#[derive(Default)]
pub(crate) struct Lender<'a> {
    lent: Vec<(Lent<'a>, Families)>,
    trusted: bool,
    /// Places in the list of nodes, and of sources, by unique id.
    nodes: BTreeMap<String, usize>,
    sources: BTreeMap<String, usize>,
    macros: Families,
    /// Packages whose macros dbt brings along.
    of_dbt: BTreeSet<String>,
    prefixes: Vec<String>,
}

impl<'a> Lender<'a> {
    pub(crate) fn new(loaded: &Loaded<'_>, artifacts: &Artifacts<'a>) -> Self {
        if artifacts.manifests.is_empty() && !artifacts.trusted {
            return Self::default();
        }
        let prefixes: Vec<String> = loaded.world.prefixes().into_iter().map(|p| format!("{p}__")).collect();
        let adapters = loaded.world.prefixes().into_iter().map(|p| format!("dbt_{p}"));
        let of_dbt = adapters.chain(["dbt".to_owned()]).filter(|p| !loaded.packages.contains_key(p)).collect();
        let ours = loaded.world.macros.all().filter(|def| def.package != BUILTIN);
        let macros = families(&prefixes, ours.map(|def| (&*def.name, &*def.unique_id, &*def.hash)));
        let lent = artifacts.manifests.iter().map(|lent| {
            let theirs = lent.manifest.macros.iter().filter(|(_, m)| !BTreeSet::contains(&of_dbt, &m.package_name));
            let theirs = theirs.map(|(id, m)| (m.name.as_str(), id.as_str(), m.text.hash.as_str()));
            (*lent, families(&prefixes, theirs))
        });
        Self {
            lent: lent.collect(),
            trusted: artifacts.trusted,
            nodes: loaded.drafts.iter().enumerate().map(|(at, s)| (s.draft.unique_id.clone(), at)).collect(),
            sources: loaded.sources.iter().enumerate().map(|(at, s)| (s.unique_id.clone(), at)).collect(),
            macros,
            of_dbt,
            prefixes,
        }
    }

    /// `native`, or the SQL that dbt made where that is asked for: where there is none, or where only dbt is believed.
    pub(crate) fn instead(
        &self,
        loaded: &Loaded<'_>,
        settled: &Settled,
        native: Result<Compiled, NotCompiled>,
    ) -> Result<Compiled, NotCompiled> {
        let draft = &settled.draft;
        let defect = matches!(&native, Err(why) if why.code.is_defect());
        let asked = !defect && !draft.singular && draft.kind != NodeKind::Seed && (self.trusted || native.is_err());
        if !asked || (self.lent.is_empty() && !self.trusted) {
            return native;
        }
        let mut refused = Vec::new();
        for (lent, theirs) in &self.lent {
            match self.fresh(loaded, settled, lent, theirs) {
                Ok(sql) => {
                    let mut flags = BTreeSet::from([format!("source:{}", lent.source)]);
                    if lent.source != "dbt" && asks_var(settled, lent.manifest) {
                        flags.insert("vars:as-in-manifest".to_owned());
                    }
                    return Ok(Compiled { sql: sql.to_owned(), incremental_sql: None, flags });
                }
                Err(why) => refused.push(format!("{} is not used: {why}", lent.shown)),
            }
        }
        let refused = if refused.is_empty() { "there is no manifest".to_owned() } else { refused.join("; ") };
        Err(match native {
            Err(why) => NotCompiled { message: format!("{}; {refused}", why.message), ..why },
            Ok(_) => NotCompiled {
                code: NotCompiledCode::Mismatch,
                message: format!(
                    "the policy takes this project's SQL from dbt alone (`trust: manifest`), and {refused}"
                ),
                name: None,
                place: Place { path: draft.path.clone(), line: 1, column: 0 },
            },
        })
    }

    /// What dbt says that the node reads and calls, once its SQL is taken from there: macros with the hashes of ours.
    pub(crate) fn reads(&self, loaded: &Loaded<'_>, id: &str, source: &str) -> (Vec<String>, BTreeMap<String, String>) {
        let lent = self.lent.iter().find(|(lent, _)| lent.source == source && lent.manifest.nodes.contains_key(id));
        let Some((lent, _)) = lent else { return Default::default() };
        let node = &lent.manifest.nodes[id];
        let known = |id: &&String| self.nodes.contains_key(*id) || self.sources.contains_key(*id);
        let nodes = reads(node).filter(known).cloned().collect();
        let called = closure(lent.manifest, calls(node));
        let ours = loaded.world.macros.all().filter(|def| called.contains(def.unique_id.as_str()));
        (nodes, ours.map(|def| (def.unique_id.clone(), def.hash.clone())).collect())
    }

    /// dbt's SQL of a node, or what of the node has changed since.
    fn fresh<'m>(
        &self,
        loaded: &Loaded<'_>,
        settled: &Settled,
        lent: &Lent<'m>,
        theirs: &Families,
    ) -> Result<&'m str, String> {
        let manifest = lent.manifest;
        let adapter = manifest.metadata.adapter_type.as_deref().unwrap_or_default();
        if adapter != loaded.world.target.adapter {
            return Err(format!("it was made for `{adapter}`, the target is `{}`", loaded.world.target.adapter));
        }
        let mut open = vec![settled];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.draft.unique_id.as_str()) {
                continue;
            }
            let found = manifest.nodes.get(&next.draft.unique_id);
            let node = found.ok_or_else(|| format!("it does not have {}", next.draft.unique_id))?;
            let unchanged = self.unchanged(next, node, lent, theirs);
            unchanged.and_then(|()| self.parents(loaded, node, manifest, &mut open)).map_err(|why| {
                let own = next.draft.unique_id == settled.draft.unique_id;
                if own { why } else { format!("ephemeral model `{}`: {why}", next.draft.name) }
            })?;
        }
        let node = manifest.nodes.get(&settled.draft.unique_id);
        let sql = node.and_then(|node| node.compiled_code.as_deref()).filter(|sql| !sql.trim().is_empty());
        sql.ok_or_else(|| "dbt has not compiled it; run `dbt compile`".to_owned())
    }

    /// Whether a node's own file, config, name and macros are what dbt had.
    fn unchanged(
        &self,
        settled: &Settled,
        node: &ManifestNode,
        lent: &Lent<'_>,
        theirs: &Families,
    ) -> Result<(), String> {
        // A run of our own had this target, and built in full.
        let (manifest, own_run) = (lent.manifest, lent.source == "dbt");
        let draft = &settled.draft;
        if node.resource_type != draft.resource_type() || node.language.as_deref().is_some_and(|l| l != "sql") {
            return Err("it has no SQL of it".to_owned());
        }
        let checksum = node.checksum.as_ref().filter(|c| c.name.as_deref() == Some("sha256"));
        let hash = checksum.and_then(|c| c.checksum.as_deref());
        let template = node.raw_code.as_deref().map(str::trim);
        let same_template = template == Some(draft.text[draft.range.clone()].trim());
        if hash != Some(&content_id(draft.text.trim().as_bytes())) || !same_template {
            return Err("the file has changed since".to_owned());
        }
        let materialized = config_of(&draft.config, "materialized").unwrap_or("view");
        let named = node.relation_name.as_deref();
        if draft.unnamed || (materialized != "ephemeral" && named != Some(&settled.relation.rendered)) {
            return Err(format!("there it is {}, here {}", named.unwrap_or("unnamed"), settled.relation.rendered));
        }
        let config = node.config.as_ref().map(|c| &c.0);
        let differs = |(key, value): &(&String, &Value)| {
            let there = config.and_then(|c| c.get(*key));
            there.is_some_and(|there| scalar(value).is_some_and(|ours| scalar(there) != Some(ours)))
        };
        if let Some((key, _)) = draft.config.iter().find(differs) {
            return Err(format!("its config `{key}` has changed since"));
        }
        self.macros_unchanged(settled, node, lent, theirs)?;
        if !own_run
            && materialized == "incremental"
            && closure(manifest, calls(node)).contains("macro.dbt.is_incremental")
        {
            return Err("it does not tell which branch of is_incremental() dbt took".to_owned());
        }
        Ok(())
    }

    fn macros_unchanged(
        &self,
        settled: &Settled,
        node: &ManifestNode,
        lent: &Lent<'_>,
        theirs: &Families,
    ) -> Result<(), String> {
        let manifest = lent.manifest;
        let raw = &settled.draft.text[settled.draft.range.clone()];
        let mut called = closure(manifest, calls(node));
        // A template may name a macro without calling it, or call it on a way that dbt did not take.
        let words: BTreeSet<&str> = raw.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let named = manifest.macros.iter().filter(|(_, m)| words.contains(m.name.as_str())).map(|(id, _)| id.as_str());
        called = closure(manifest, named.chain(called));
        let mut texts = vec![MacroText::of(raw)];
        let mut wanted: BTreeSet<&str> = NAMING.iter().copied().collect();
        for id in called {
            let Some(def) = manifest.macros.get(id) else { return Err(format!("it does not have {id}")) };
            wanted.insert(family(&self.prefixes, &def.name));
            if !self.of_dbt.contains(&def.package_name) {
                texts.push(def.text.clone());
            }
        }
        wanted.extend(words.iter().map(|word| family(&self.prefixes, word)).filter(|f| self.macros.contains_key(*f)));
        if lent.source != "dbt" && texts.iter().any(|text| text.names_target) {
            return Err("the template asks for the name of the target, which it does not tell".to_owned());
        }
        if texts.iter().any(|text| text.dynamic) {
            wanted.extend(self.macros.keys().chain(theirs.keys()).map(String::as_str));
        }
        match wanted.into_iter().find(|family| self.macros.get(*family) != theirs.get(*family)) {
            Some(family) => Err(format!("macro `{family}` has changed since")),
            None => Ok(()),
        }
    }

    /// Whether what a node reads is called as it was then; ephemeral models are looked at like the node itself.
    fn parents<'l>(
        &self,
        loaded: &'l Loaded<'_>,
        node: &ManifestNode,
        manifest: &Manifest,
        open: &mut Vec<&'l Settled>,
    ) -> Result<(), String> {
        for id in reads(node) {
            let rendered;
            let (ours, theirs) = match (self.nodes.get(id), self.sources.get(id)) {
                (Some(&at), _) => {
                    let parent = &loaded.drafts[at];
                    if config_of(&parent.draft.config, "materialized") == Some("ephemeral") {
                        open.push(parent);
                        continue;
                    }
                    (&parent.relation, manifest.nodes.get(id).and_then(|node| node.relation_name.as_deref()))
                }
                (_, Some(&at)) => {
                    let adapter = &loaded.world.target.adapter;
                    rendered = manifest.sources.get(id).map(|source| source_name(source, adapter));
                    (&loaded.sources[at].relation, rendered.as_deref())
                }
                _ => return Err(format!("it reads {id}, which is not here")),
            };
            if theirs != Some(&ours.rendered) {
                let theirs = theirs.unwrap_or("unnamed");
                return Err(format!("{id} is {theirs} there, and {} here", ours.rendered));
            }
        }
        Ok(())
    }
}

/// Whether the text may depend on a var, of which a manifest does not tell the value.
fn asks_var(settled: &Settled, manifest: &Manifest) -> bool {
    let called = manifest.nodes.get(&settled.draft.unique_id).map(|node| closure(manifest, calls(node)));
    let asks = |id: &&str| manifest.macros.get(*id).is_some_and(|def| def.text.asks_var);
    settled.draft.text.contains("var(") || called.into_iter().flatten().any(|id| asks(&id))
}

/// What the relations of a manifest are called in the warehouse that dbt wrote to, by unique id.
pub fn names_in_production(manifest: &Manifest) -> BTreeMap<String, String> {
    let adapter = manifest.metadata.adapter_type.as_deref().unwrap_or_default();
    let nodes = manifest.nodes.iter().filter_map(|(id, node)| Some((id.clone(), node.relation_name.clone()?)));
    let sources = manifest.sources.iter().map(|(id, source)| (id.clone(), source_name(source, adapter)));
    nodes.chain(sources).filter(|(_, name)| !name.is_empty()).collect()
}

/// What `source()` renders for it.
fn source_name(source: &ManifestSource, adapter: &str) -> String {
    let mut quoting = Quoting::of(adapter);
    let own = |part| source.quoting.as_ref().and_then(|q| q.0.get(part)).and_then(Value::as_bool);
    quoting.database = own("database").unwrap_or(quoting.database);
    quoting.schema = own("schema").unwrap_or(quoting.schema);
    quoting.identifier = own("identifier").unwrap_or(quoting.identifier);
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    quoting.render(&part(&source.database), &part(&source.schema), &part(&source.identifier))
}

fn calls(node: &ManifestNode) -> impl Iterator<Item = &str> {
    node.depends_on.iter().flat_map(|d| &d.macros).flatten().map(String::as_str)
}

fn reads(node: &ManifestNode) -> impl Iterator<Item = &String> {
    node.depends_on.iter().flat_map(|d| &d.nodes).flatten()
}

/// Macros and all that they call in turn.
fn closure<'m>(manifest: &'m Manifest, first: impl IntoIterator<Item = &'m str>) -> BTreeSet<&'m str> {
    let mut open: Vec<&str> = first.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let called = manifest.macros.get(id).and_then(|m| m.depends_on.as_ref()?.macros.as_ref());
            open.extend(called.into_iter().flatten().map(String::as_str));
        }
    }
    found
}

fn family<'n>(prefixes: &[String], name: &'n str) -> &'n str {
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str())).unwrap_or(name)
}

fn families<'m>(prefixes: &[String], macros: impl Iterator<Item = (&'m str, &'m str, &'m str)>) -> Families {
    let mut out = Families::new();
    for (name, id, hash) in macros {
        let of = out.entry(family(prefixes, name).to_owned()).or_default();
        of.insert((id.to_owned(), hash.to_owned()));
    }
    out
}

/// A config value as the text that two readers of one YAML agree on; nothing of what holds more than one value.
fn scalar(value: &Value) -> Option<String> {
    match value {
        // dbt writes a date as the moment at which it begins.
        Value::String(text) if !text.contains("{{") => {
            let text = text.trim().to_lowercase();
            Some(text.strip_suffix("t00:00:00").unwrap_or(&text).to_owned())
        }
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_is_called_what_templates_call_it() {
        let name = |quoting: Value, adapter: &str| {
            let source = json!({"database": "RAW", "schema": "cws", "identifier": "license", "quoting": quoting});
            source_name(&serde_json::from_value(source).unwrap(), adapter)
        };
        assert_eq!(name(json!({"database": null, "identifier": null}), "postgres"), "\"RAW\".\"cws\".\"license\"");
        assert_eq!(name(json!({"identifier": true}), "snowflake"), "RAW.cws.\"license\"");
        assert_eq!(name(json!({"schema": false}), "bigquery"), "`RAW`.cws.`license`");
    }

    #[test]
    fn config_values_are_compared_as_what_they_mean() {
        assert_eq!(scalar(&json!("2022-12-01")), scalar(&json!("2022-12-01T00:00:00")));
        assert_eq!(scalar(&json!("True")), scalar(&json!(true)));
        assert_ne!(scalar(&json!("view")), scalar(&json!("table")));
        assert_eq!(scalar(&json!("{{ target.name }}")), None);
        assert_eq!(scalar(&json!(["a"])), None);
    }

    #[test]
    fn macros_of_one_dispatch_are_one_family() {
        let prefixes = ["duckdb__".to_owned(), "default__".to_owned()];
        assert_eq!(family(&prefixes, "default__star"), "star");
        assert_eq!(family(&prefixes, "duckdb__star"), "star");
        assert_eq!(family(&prefixes, "postgres__star"), "postgres__star", "never found for this adapter");
    }
}
