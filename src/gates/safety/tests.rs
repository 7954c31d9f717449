use super::functions::matches_pattern;
use super::project_hooks;
use crate::gates::Context;
use crate::gates::fixture::{Shop, assert_found, found, judge, shop};
use crate::project::{Hook, NotCompiledCode, Place};
use serde_json::json;

fn base() -> Shop {
    shop()
        .source("orders", &["id", "amount"])
        .model("stg", "select id, amount from {{ source('raw', 'orders') }}")
        .model("m", "select id from {{ ref('stg') }}")
}

fn with(template: &str) -> Vec<String> {
    found("safety", &base(), &base().model("m", template), "m")
}

fn hooked(sql: &str) -> Shop {
    base().edit("m", |m| {
        let place = Place { path: "models/m.sql".into(), line: 1, column: 4 };
        m.hooks.push(Hook { event: "post-hook".into(), sql: Ok(sql.to_owned()), place });
    })
}

#[test]
fn one_query_is_fine() {
    assert_found(&with("select id, amount from {{ ref('stg') }}"), &[]);
    assert_found(&with("with x as (select * from {{ ref('stg') }}) select id from x;\n-- the end\n"), &[]);
}

#[test]
fn several_statements_and_other_than_queries() {
    assert_found(
        &with("select id from {{ ref('stg') }}; drop table orders"),
        &[
            "error several-statements: 2 statements instead of one (select; drop)",
            "error not-a-query: drop on `orders` is",
        ],
    );
    assert_found(&with("delete from {{ ref('stg') }}"), &["error not-a-query: delete"]);
    assert_found(&with("create table x as select 1 as a"), &["error not-a-query: create"]);
    assert_found(&with("-- nothing"), &["error not-a-query: no statement at all"]);
}

#[test]
fn queries_that_write() {
    let postgres = |template: &str| {
        let mut head = base().model("m", template);
        head.project.dialect = crate::sql::Dialect::Postgres;
        head
    };
    let writing = postgres("with gone as (delete from {{ ref('stg') }} returning id) select id from gone");
    assert_found(&found("safety", &base(), &writing, "m"), &["error writes: the query writes"]);
    assert_found(
        &found("safety", &base(), &postgres("select id into x from {{ ref('stg') }}"), "m"),
        &["error writes"],
    );
}

#[test]
fn files_and_the_network() {
    for text in [
        "select * from read_csv('/etc/passwd')",
        "select * from read_csv_auto('/etc/passwd')",
        "select * from '/etc/passwd.csv'",
        "select * from read_parquet(['a.parquet'])",
        "select * from glob('/home/*')",
        "select id, getenv('HOME') as home from {{ ref('stg') }}",
        "select id, (select content from read_text('/etc/passwd')) as t from {{ ref('stg') }}",
        "select * from sqlite_scan('a.db', 't')",
    ] {
        let found = with(text);
        assert!(found.iter().any(|f| f.starts_with("error file-or-network-function")), "{text}: {found:#?}");
    }
    assert_found(&with("select replace(cast(id as varchar), 'a', 'b') as id from {{ ref('stg') }}"), &[]);
    let old = base().model("m", "select * from read_csv('data.csv')");
    let new = base().model("m", "select *, 1 as one from read_csv('data.csv')");
    let found_ = found("safety", &old, &new, "m");
    assert!(!found_.iter().any(|f| f.contains("file-or-network")), "{found_:#?}");
    let options = json!({"allowed_functions": ["read_csv"]});
    let allowed = judge("safety", &base(), &old, "m", options).unwrap();
    assert!(!allowed.findings.iter().any(|f| f.rule.contains("file-or-network")), "{:#?}", allowed.findings);
}

#[test]
fn relations_named_directly() {
    let found_ = with("select id from \"db\".\"raw\".\"orders\"");
    assert_found(&found_, &["warning direct-relation: `db.raw.orders` is named directly"]);
    let checked = judge("safety", &base(), &base().model("m", "select id from raw.orders"), "m", json!({})).unwrap();
    assert_eq!(checked.findings[0].help, "write source('raw', 'orders')");
    assert_found(&with("select id from prod.elsewhere"), &["warning direct-relation: `prod.elsewhere` is named"]);
    let options = json!({"relations": ["prod.*"]});
    let head = base().model("m", "select id from prod.elsewhere");
    assert!(judge("safety", &base(), &head, "m", options).unwrap().findings.is_empty());
    assert_found(&found("safety", &head, &head.clone().model("m", "select id, 1 as b from prod.elsewhere"), "m"), &[]);
}

#[test]
fn hooks_that_write() {
    for (sql, words) in [
        ("drop table raw.orders", "drop table raw.orders"),
        ("delete from audit", "delete from audit"),
        ("select 1; truncate table x", "truncate table x"),
        ("copy x to 's3://b/x.csv'", "copy x to"),
        ("attach 'x.db'", "attach"),
        ("create or replace table x as select 1", "create or replace"),
        ("%%% what is this; drop table x", "drop table x"),
    ] {
        let found = found("safety", &base(), &hooked(sql), "m");
        let wanted = format!("error hook-writes: post-hook runs `{words}");
        assert!(found.iter().any(|f| f.starts_with(&wanted)), "{sql}: {found:#?}");
    }
    for sql in ["grant select on m to role reader", "analyze", "  ", "comment on table m is 'x; drop table y'"] {
        assert_found(&found("safety", &base(), &hooked(sql), "m"), &[]);
    }
    let drops = hooked("drop table raw.orders");
    assert_found(&found("safety", &drops, &drops.clone().model("stg", "select 1 as id, 2 as amount"), "m"), &[]);
    let options = json!({"allowed_hook_statements": ["drop table"]});
    assert!(judge("safety", &base(), &drops, "m", options).unwrap().findings.is_empty());
}

#[test]
fn hooks_of_the_project_belong_to_no_model() {
    let mut head = base().model("m", "select id, 1 as b from {{ ref('stg') }}");
    let place = Place { path: "dbt_project.yml".into(), line: 8, column: 3 };
    head.project.hooks.push(Hook { event: "on-run-end".into(), sql: Ok("drop schema raw".into()), place });
    assert_found(&found("safety", &base(), &head, "m"), &[]);
    let (base, head) = (base().bound(), head.bound());
    let cx = Context { base: &base, head: &head, data: Err("no data"), changes: &[] };
    let checked = project_hooks(&json!({}), &cx).unwrap();
    assert_eq!(checked.findings.len(), 1);
    assert_eq!(checked.findings[0].message, "on-run-end runs `drop schema raw`");
    let same = Context { base: &head, head: &head, data: Err("no data"), changes: &[] };
    assert!(project_hooks(&json!({}), &same).unwrap().findings.is_empty());
}

#[test]
fn secrets_are_told_and_never_shown() {
    let key = format!("AKIA{}", "ABCDEFGHIJKLMNOP");
    let head = base().model("m", &format!("select id,\n  '{key}' as k from {{{{ ref('stg') }}}}"));
    let checked = judge("safety", &base(), &head, "m", json!({})).unwrap();
    assert_eq!(checked.findings.len(), 1);
    let finding = &checked.findings[0];
    assert_eq!((finding.rule.as_str(), finding.location.as_ref().unwrap().line), ("safety/secret", 2));
    assert!(!serde_json::to_string(finding).unwrap().contains(&key));
    assert_found(&found("safety", &head, &head, "m"), &[]);
}

#[test]
fn the_environment_and_what_did_not_compile() {
    let head = base().broken("m", NotCompiledCode::EnvNotAllowed, "env_var('HOME') is not allowed", "HOME");
    assert_found(&found("safety", &base(), &head, "m"), &["error env-var: env_var('home') is not allowed"]);
    let head = base().broken("m", NotCompiledCode::RefNotFound, "ref('x') names no model", "x");
    assert!(judge("safety", &base(), &head, "m", json!({})).is_err());
    assert_eq!(
        judge("safety", &base(), &base().without("m"), "m", json!({})).unwrap().skipped.as_deref(),
        Some("removed")
    );
}

#[test]
fn patterns_match_whole_names() {
    assert!(matches_pattern("read_*", "read_csv"));
    assert!(matches_pattern("*_scan", "sqlite_scan"));
    assert!(matches_pattern("a*b*c", "aXbYc"));
    assert!(!matches_pattern("read_csv", "read_csvx"));
    assert!(!matches_pattern("a*a", "a"));
    assert!(matches_pattern("*.information_schema.*", "db.information_schema.tables"));
}

#[test]
fn a_hook_that_queries_and_does_not_parse_is_not_passed() {
    let error = judge("safety", &base(), &hooked("select read_text('x') from (from"), "m", json!({})).unwrap_err();
    assert!(error.to_string().contains("does not parse"), "{error}");
    assert!(judge("safety", &base(), &hooked("grant all to strange syntax ((("), "m", json!({})).is_ok());
}
