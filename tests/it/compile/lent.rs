//! SQL that dbt's manifest lends to models that are not compiled here, and columns that its catalog lists.

use super::compiled;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Asks the warehouse for rows: not to be answered here.
const ASKING: &str = "select {{ letters() }} as letters from {{ ref('a') }}";
const LETTERS: &str = "{% macro letters() %}{% if execute %}{{ run_query('select x from ' ~ ref('a')).columns[0].values()[0] }}{% endif %}{% endmacro %}";
const PROFILE: &str = "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, dbname: shop, schema: main}\n";

fn hash(text: &str) -> String {
    Sha256::digest(text.trim().as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// A project whose `asks` is not compiled here, and a manifest that has it.
pub(super) fn shop() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    sandbox.write("profiles.yml", PROFILE);
    sandbox.write(".gitignore", "target/\n");
    sandbox.write("macros/letters.sql", LETTERS);
    sandbox.write("models/a.sql", "select 1 as id");
    sandbox.write("models/asks.sql", ASKING);
    sandbox.write("rowproof.yml", "version: 1\nextends: default\ncompile: {manifest: target/manifest.json}\n");
    sandbox.commit("base");
    write(&sandbox, &manifest());
    sandbox
}

pub(super) fn manifest() -> Value {
    let node = |name: &str, raw: &str, sql: &str, macros: Value, nodes: Value| {
        json!({
            "resource_type": "model", "language": "sql", "raw_code": raw, "compiled_code": sql,
            "checksum": {"name": "sha256", "checksum": hash(raw)},
            "relation_name": format!("\"shop\".\"main\".\"{name}\""),
            "depends_on": {"macros": macros, "nodes": nodes},
            "config": {"materialized": "view", "enabled": true, "tags": []},
        })
    };
    json!({
        "metadata": {"dbt_schema_version": "schemas/dbt/manifest/v12.json", "dbt_version": "1.11.0", "adapter_type": "postgres"},
        "nodes": {
            "model.shop.a": node("a", "select 1 as id", "select 1 as id", json!([]), json!([])),
            "model.shop.asks": node(
                "asks", ASKING, "select 'abc' as letters from \"shop\".\"main\".\"a\"",
                json!(["macro.shop.letters"]), json!(["model.shop.a"]),
            ),
        },
        "sources": {},
        "macros": {
            "macro.shop.letters": {"name": "letters", "package_name": "shop", "macro_sql": format!("\n{LETTERS}\n"),
                                   "depends_on": {"macros": ["macro.dbt.run_query"]}},
            "macro.dbt.run_query": {"name": "run_query", "package_name": "dbt", "macro_sql": "{% macro run_query(sql) %}{% endmacro %}",
                                    "depends_on": {"macros": []}},
        },
    })
}

fn write(sandbox: &Sandbox, manifest: &Value) {
    sandbox.write("target/manifest.json", &manifest.to_string());
}

fn why(sandbox: &Sandbox) -> String {
    let (code, found) = compiled(sandbox, &["asks"]);
    assert_eq!(code, 2, "{found}");
    found["models"]["asks"]["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_model_that_has_not_changed_takes_the_sql_of_the_manifest() {
    let sandbox = shop();
    let (code, found) = compiled(&sandbox, &[]);
    assert_eq!(code, 0, "{found}");
    assert_eq!(found["models"]["asks"]["sql"], "select 'abc' as letters from \"shop\".\"main\".\"a\"");
    assert_eq!(found["models"]["asks"]["flags"], json!(["source:manifest"]));
    assert_eq!(
        (&found["models"]["asks"]["source"], &found["models"]["a"]["source"]),
        (&json!("manifest"), &json!("native"))
    );
    let lineage = sandbox.rowproof(&["lineage", "asks", "--format", "json"]);
    assert_eq!(lineage.code, 0, "{}", lineage.stderr);
    let mut asking = manifest();
    let text = "{% macro statement() %}{{ var('x') }}{% endmacro %}";
    asking["macros"]["macro.dbt.statement"] = json!({"name": "statement", "package_name": "dbt", "macro_sql": text});
    asking["macros"]["macro.dbt.run_query"]["depends_on"] = json!({"macros": ["macro.dbt.statement"]});
    write(&sandbox, &asking);
    assert_eq!(
        compiled(&sandbox, &["asks"]).1["models"]["asks"]["flags"],
        json!(["source:manifest", "vars:as-in-manifest"])
    );
    write(&sandbox, &manifest());
    sandbox.write("rowproof.yml", "version: 1\nextends: default\n");
    assert!(!why(&sandbox).contains("manifest"), "off unless it is asked for");
    let (code, _) = compiled(&sandbox, &["asks", "--manifest", "target/manifest.json"]);
    assert_eq!(code, 0);
}

#[test]
fn what_has_changed_since_is_not_taken_and_the_reason_says_so() {
    let sandbox = shop();
    sandbox.write("models/asks.sql", &format!("{ASKING} where true"));
    assert!(
        why(&sandbox).contains("target/manifest.json is not used: the file has changed since"),
        "{}",
        why(&sandbox)
    );
    sandbox.write("models/asks.sql", &format!("\n{ASKING}\n\n"));
    assert_eq!(compiled(&sandbox, &["asks"]).0, 0, "blanks around a template are none of it");
    sandbox.write("macros/letters.sql", &LETTERS.replace("select x", "select y"));
    assert!(why(&sandbox).contains("macro `letters` has changed since"), "{}", why(&sandbox));
    sandbox.write("macros/letters.sql", LETTERS);
    // One more macro of the name of one that dbt brings along takes its place.
    sandbox.write("macros/more.sql", "{% macro run_query(sql) %}{{ return(adapter.execute(sql)) }}{% endmacro %}");
    assert!(why(&sandbox).contains("macro `run_query` has changed since"), "{}", why(&sandbox));
    sandbox.remove("macros/more.sql");
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\nmodels: {+schema: other}\n");
    assert!(why(&sandbox).contains("there it is \"shop\".\"main\".\"asks\""), "{}", why(&sandbox));
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\nmodels: {+materialized: table}\n");
    assert!(why(&sandbox).contains("its config `materialized` has changed since"), "{}", why(&sandbox));
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    sandbox.write("profiles.yml", &PROFILE.replace("postgres", "redshift"));
    assert!(why(&sandbox).contains("it was made for `postgres`"), "{}", why(&sandbox));
}

#[test]
fn a_manifest_that_does_not_tell_enough_lends_nothing() {
    let sandbox = shop();
    let with = |pointer: &str, value: Value| {
        let mut manifest = manifest();
        *manifest.pointer_mut(pointer).unwrap() = value;
        write(&sandbox, &manifest);
    };
    with("/nodes/model.shop.asks/compiled_code", Value::Null);
    assert!(why(&sandbox).contains("dbt has not compiled it"), "{}", why(&sandbox));
    with("/nodes/model.shop.asks/language", json!("python"));
    assert!(why(&sandbox).contains("it has no SQL of it"), "{}", why(&sandbox));
    with("/nodes/model.shop.asks/checksum", json!({"name": "none", "checksum": ""}));
    assert!(why(&sandbox).contains("changed since"), "{}", why(&sandbox));
    with("/nodes/model.shop.asks/depends_on/nodes", json!(["model.shop.gone"]));
    assert!(why(&sandbox).contains("it reads model.shop.gone, which is not here"), "{}", why(&sandbox));
    with("/macros", json!({}));
    assert!(why(&sandbox).contains("it does not have macro.shop.letters"), "{}", why(&sandbox));
    with("/nodes/model.shop.a/relation_name", json!("\"prod\".\"main\".\"a\""));
    assert!(why(&sandbox).contains("model.shop.a is \"prod\".\"main\".\"a\" there"), "{}", why(&sandbox));
    with("/nodes/model.shop.asks/depends_on", json!([7]));
    let ran = sandbox.rowproof(&["compile"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("at `nodes.model.shop.asks.depends_on"), "{}", ran.stderr);
}

#[test]
fn a_run_says_whose_sql_it_judged_and_believes_no_file_of_the_pull_request() {
    let sandbox = shop();
    sandbox.branch("change");
    sandbox.write("models/a.sql", "select 1 as id, 2 as other");
    sandbox.commit("change");
    let report = |args: &[&str]| {
        sandbox.rowproof(&[&["run", "--base", "base", "--head", "change", "--format", "json"], args].concat()).json()
    };
    let told = |report: &Value| report["notices"].to_string();
    let found = report(&[]);
    assert!(
        told(&found).contains("the SQL of 1 models of the head side is dbt's own (manifest): asks"),
        "{}",
        told(&found)
    );
    sandbox.write(".gitignore", "\n");
    sandbox.commit("carries its own manifest");
    let found = report(&[]);
    assert!(told(&found).contains("the pull request carries this file"), "{}", told(&found));
    assert!(!told(&found).contains("dbt's own"), "{}", told(&found));
}

#[test]
fn one_manifest_for_two_sides_is_not_used_where_the_project_file_differs() {
    let sandbox = shop();
    sandbox.branch("change");
    sandbox.write("dbt_project.yml", "name: shop\nprofile: shop\nvars: {x: 1}\n");
    sandbox.commit("change");
    let args = ["run", "--base", "base", "--head", "change", "--format", "json"];
    let told = sandbox.rowproof(&args).json()["notices"].to_string();
    assert!(told.contains("dbt_project.yml differs between the two sides"), "{told}");
    let both = ["--base-manifest", "target/manifest.json", "--head-manifest", "target/base.json"];
    sandbox.write("target/base.json", &manifest().to_string());
    let told = sandbox.rowproof(&[&args[..], &both[..]].concat()).json()["notices"].to_string();
    assert!(told.contains("head side is dbt's own") && told.contains("base side is dbt's own"), "{told}");
}

#[test]
fn only_dbt_is_believed_where_the_policy_says_so() {
    let sandbox = shop();
    let trust = "version: 1\nextends: default\ncompile: {manifest: target/manifest.json, trust: manifest}\n";
    sandbox.write("rowproof.yml", trust);
    let (code, found) = compiled(&sandbox, &[]);
    assert_eq!((code, &found["models"]["a"]["source"]), (0, &json!("manifest")), "{found}");
    sandbox.write("models/a.sql", "select 2 as id");
    let (code, found) = compiled(&sandbox, &["a"]);
    assert_eq!(code, 2);
    let why = found["models"]["a"]["error"].as_str().unwrap();
    assert!(why.contains("`trust: manifest`") && why.contains("the file has changed since"), "{why}");
    sandbox.remove("target/manifest.json");
    assert_eq!(compiled(&sandbox, &["a"]).0, 2, "no manifest is no reason to believe ours");
}

#[test]
fn the_catalog_tells_columns_where_no_database_does() {
    let sandbox = shop();
    sandbox.write("models/src.yml", "sources: [{name: raw, schema: raw, tables: [{name: t}]}]\n");
    let listing = "select {% for c in adapter.get_columns_in_relation(source('raw', 't')) %}{{ c.name }}::{{ c.dtype }} as {{ c.name }}, {% endfor %}1 as one";
    sandbox.write("models/lists.sql", listing);
    sandbox.write("models/star.sql", "select * from {{ source('raw', 't') }}");
    assert_eq!(compiled(&sandbox, &["lists"]).0, 2);
    let catalog = json!({
        "metadata": {"dbt_schema_version": "schemas/dbt/catalog/v1.json"}, "nodes": {},
        "sources": {"source.shop.raw.t": {
            "metadata": {"type": "BASE TABLE", "schema": "raw", "name": "t"},
            "columns": {"k": {"name": "k", "index": 1, "type": "integer"}, "v": {"name": "v", "index": 2, "type": "text"}},
        }},
    });
    sandbox.write("target/catalog.json", &catalog.to_string());
    sandbox.write("rowproof.yml", "version: 1\nextends: default\ncompile: {catalog: target/catalog.json}\n");
    let (code, found) = compiled(&sandbox, &["lists"]);
    assert_eq!((code, &found["models"]["lists"]["sql"]), (0, &json!("select k::integer as k, v::text as v, 1 as one")));
    assert_eq!(found["models"]["lists"]["flags"], json!(["introspection:catalog"]));
    let lineage = sandbox.rowproof(&["lineage", "star", "--format", "json"]);
    assert!(lineage.stdout.contains("\"v\""), "{}", lineage.stdout);
}

/// A program in dbt's place: it notes how it was called, fails on `broken` as dbt does, else gives the manifest.
#[cfg(unix)]
fn fake_dbt(sandbox: &Sandbox) -> String {
    let folder = sandbox.root().parent().unwrap().to_owned();
    let (log, file) = (folder.join("dbt-called"), folder.join("dbt-manifest.json"));
    let mut manifest = manifest();
    manifest["nodes"]["model.shop.asks"]["compiled_code"] =
        json!("select 'live' as letters from \"shop\".\"main\".\"a\"");
    std::fs::write(&file, manifest.to_string()).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {log}\nenv >> {log}\nls >> {log}\n\
         case \"$*\" in *broken*) echo 'Runtime Error'; echo '  Compilation Error in model broken (models/broken.sql)'; echo \"    no such relation\"; exit 2;; esac\n\
         while [ $# -gt 0 ]; do if [ \"$1\" = --target-path ]; then mkdir -p \"$2\"; cp {file} \"$2/manifest.json\"; fi; shift; done\n",
        log = log.display(),
        file = file.display(),
    );
    let program = folder.join("dbt-fake");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[cfg(unix)]
#[test]
fn dbt_itself_is_asked_where_the_policy_says_so() {
    let sandbox = shop();
    let dbt = fake_dbt(&sandbox);
    let log = sandbox.root().parent().unwrap().join("dbt-called");
    sandbox.write("models/broken.sql", ASKING);
    let with = |variables: &[(&str, &str)]| {
        let all = [&[("ROWPROOF_DBT", dbt.as_str())], variables].concat();
        let ran = sandbox.rowproof_with(&all, &["compile", "--format", "json"]);
        (ran.code, serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr)))
    };
    with(&[]);
    assert!(!log.exists(), "not asked for");
    sandbox.write("rowproof.yml", "version: 1\nextends: default\ncompile: {fallback: [dbt]}\n");
    let (code, found) = with(&[("GITHUB_TOKEN", "s3cret"), ("OTHER", "s3cret")]);
    assert_eq!(code, 2, "one of the two fails");
    let asks = &found["models"]["asks"];
    assert_eq!((&asks["source"], &asks["flags"]), (&json!("dbt"), &json!(["source:dbt"])), "{found}");
    assert_eq!(asks["sql"], "select 'live' as letters from \"shop\".\"main\".\"a\"");
    let why = found["models"]["broken"]["error"].as_str().unwrap();
    assert!(why.contains("dbt was asked for it: Compilation Error: no such relation"), "{why}");
    let called = std::fs::read_to_string(&log).unwrap();
    assert_eq!(called.matches("--no-version-check").count(), 2, "once with both, once without the one that fails");
    assert!(called.contains("dbt_project.yml") && !called.contains("s3cret"), "{called}");
    assert!(sandbox.status().iter().all(|line| !line.contains("logs")), "{:?}", sandbox.status());
}

#[cfg(unix)]
#[test]
fn dbt_is_never_run_for_a_fork_or_from_the_repository() {
    let sandbox = shop();
    let dbt = fake_dbt(&sandbox);
    let log = sandbox.root().parent().unwrap().join("dbt-called");
    sandbox.write("rowproof.yml", "version: 1\nextends: default\ncompile: {fallback: [dbt]}\n");
    let sha = "a".repeat(40);
    let event = json!({
        "number": 1, "repository": {"full_name": "o/r"},
        "pull_request": {"number": 1, "head": {"sha": sha, "repo": {"full_name": "stranger/r"}}, "base": {"sha": sha}},
    });
    let file = sandbox.root().parent().unwrap().join("event.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let file = file.display().to_string();
    let actions =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", file.as_str())];
    let ran = |variables: &[(&str, &str)]| sandbox.rowproof_with(variables, &["compile", "asks"]).stdout;
    let told = ran(&[&[("ROWPROOF_DBT", dbt.as_str())], &actions[..]].concat());
    assert!(told.contains("dbt is not run: the change is from a fork"), "{told}");
    let told = ran(&[("ROWPROOF_DBT", "./models/dbt")]);
    assert!(told.contains("could be a file of the repository"), "{told}");
    assert!(!log.exists());
}
