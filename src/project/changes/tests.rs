//! One project, one edit at a time: exactly which models change, and why.

use super::changes;
use crate::files::FileSet;
use crate::project::bind::{Bound, Externals, KnownColumns};
use crate::project::{LoadOptions, ProfileFile, load};
use crate::report::ChangeKind;
use std::collections::BTreeMap;

const BASE: &[(&str, &str)] = &[
    (
        "dbt_project.yml",
        "name: shop\nprofile: p\nvars: {rate: 100, unused: 1}\nseeds: {shop: {+delimiter: ','}}\n\
         models:\n  shop:\n    marts: {+materialized: table}\n",
    ),
    ("macros/cents.sql", "{% macro cents(x) %}{{ divided(x) }}{% endmacro %}"),
    ("macros/divided.sql", "{% macro divided(x) %}({{ x }} / 100){% endmacro %}"),
    ("macros/idle.sql", "{% macro idle() %}1{% endmacro %}"),
    ("dbt_packages/tool/dbt_project.yml", "name: tool\nversion: '1.0'\n"),
    ("dbt_packages/tool/macros/shout.sql", "{% macro shout(x) %}upper({{ x }}){% endmacro %}"),
    (
        "dbt_packages/tool/macros/near.sql",
        "{% test near(model, column_name) %}select * from {{ model }} where {{ tool.far(column_name) }}{% endtest %}\n\
         {% macro far(x) %}{{ x }} < 0{% endmacro %}",
    ),
    ("seeds/seeds.yml", "seeds: [{name: rates, columns: [{name: rate, data_tests: [tool.near]}]}]\n"),
    ("models/versions.yml", "models: [{name: ver, latest_version: 2, versions: [{v: 1}, {v: 2}]}]\n"),
    ("models/ver_v1.sql", "select 1 as id"),
    ("models/ver_v2.sql", "select 2 as id"),
    ("packages.yml", "packages: [{package: acme/tool, version: 1.0.0}]\n"),
    ("package-lock.yml", "packages: [{package: acme/tool, version: 1.0.0}]\nsha1_hash: aa\n"),
    ("seeds/rates.csv", "code,rate\neur,1\nusd,2\n"),
    (
        "models/sources.yml",
        "sources:\n  - name: raw\n    schema: raw\n    tables:\n      - {name: orders, columns: [{name: id}]}\n      - {name: users}\n",
    ),
    (
        "models/schema.yml",
        "models:\n  - name: orders\n    description: Orders\n    columns:\n      - {name: id, data_tests: [unique]}\n      - {name: total}\n  - name: users\n",
    ),
    (
        "models/staging/stg_orders.sql",
        "select id, user_id, {{ cents('amount') }} as total, day from {{ source('raw', 'orders') }}",
    ),
    ("models/staging/stg_users.sql", "select id, {{ tool.shout('name') }} as name from {{ source('raw', 'users') }}"),
    ("models/eph.sql", "{{ config(materialized='ephemeral') }} select id, total from {{ ref('stg_orders') }}"),
    ("models/marts/orders.sql", "-- all orders\nselect id, total * {{ var('rate') }} as total from {{ ref('eph') }}"),
    (
        "models/marts/users.sql",
        "select u.id, u.name, r.rate from {{ ref('stg_users') }} u join {{ ref('rates') }} r on r.code = u.name",
    ),
    (
        "models/marts/daily.sql",
        "{{ config(materialized='incremental', unique_key='day') }} select day, sum(total) as total from {{ ref('stg_orders') }}\n\
         {% if is_incremental() %} where day > (select max(day) from {{ this }}) {% endif %} group by day",
    ),
    ("tests/no_negative.sql", "select * from {{ ref('orders') }} where total < 0"),
    (
        "snapshots/users_snapshot.sql",
        "{% snapshot users_snapshot %}{{ config(target_schema='snap', unique_key='id', strategy='check', check_cols='all') }} select * from {{ ref('stg_users') }}{% endsnapshot %}",
    ),
];

enum Edit {
    /// In this file, this text instead of that.
    Text(&'static str, &'static str, &'static str),
    New(&'static str, &'static str),
    Gone(&'static str),
}
use Edit::*;

fn bound(files: &BTreeMap<&str, String>) -> Bound {
    let set = FileSet::in_memory(files.iter().map(|(path, text)| (*path, text.as_str())));
    let text = "p: {target: dev, outputs: {dev: {type: duckdb, path: a.duckdb, schema: main}}}".to_owned();
    let options =
        LoadOptions { profiles: vec![ProfileFile { path: "profiles.yml".into(), text }], ..LoadOptions::of(&set) };
    Bound::new(load(&options).unwrap(), &KnownColumns::new(), Externals::new())
}

/// `orders: body; users: yaml` after the edits, with `+`, `-` and `>` before what is new, gone and moved.
fn after(edits: &[Edit]) -> String {
    let base: BTreeMap<&str, String> = BASE.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let mut head = base.clone();
    let mut shared = false;
    for edit in edits {
        let path = match edit {
            Text(path, from, to) => {
                let text = head.get_mut(path).expect("a file of the base");
                assert!(text.contains(from), "{path} has no {from}");
                *text = text.replacen(from, to, 1);
                path
            }
            New(path, text) => {
                head.insert(path, (*text).to_owned());
                path
            }
            Gone(path) => {
                assert!(head.remove(path).is_some(), "{path} is there");
                path
            }
        };
        shared |= !path.starts_with("models/") && !path.starts_with("seeds/");
    }
    let (base, head) = (bound(&base), bound(&head));
    let found = changes(&base, &head, shared);
    let said = found.iter().map(|change| {
        let mark = match change.kind {
            ChangeKind::Added => "+",
            ChangeKind::Removed => "-",
            ChangeKind::Moved => ">",
            ChangeKind::Modified => "",
        };
        let name = change.unique_id.rsplit('.').next().unwrap();
        let reasons = change.reasons.join(" ");
        format!("{mark}{name}{}{reasons}", if reasons.is_empty() { "" } else { ": " })
    });
    said.collect::<Vec<_>>().join("; ")
}

const ORDERS: &str = "models/marts/orders.sql";
const USERS: &str = "models/marts/users.sql";
const DAILY: &str = "models/marts/daily.sql";
const PROJECT: &str = "dbt_project.yml";
const SCHEMA: &str = "models/schema.yml";
const SOURCES: &str = "models/sources.yml";
const NEAR: &str = "dbt_packages/tool/macros/near.sql";
const VERSIONS: &str = "models/versions.yml";
const SNAPSHOT: &str = "snapshots/users_snapshot.sql";

#[test]
fn every_kind_of_edit() {
    let cases: &[(&str, &[Edit], &str)] = &[
        ("nothing", &[], ""),
        ("a file that is no part of the project", &[New("README.md", "# x")], ""),
        ("body", &[Text(USERS, "u.name", "lower(u.name) as name")], "users: body"),
        ("comment", &[Text(ORDERS, "all orders", "orders")], "orders: body"),
        ("blank", &[Text(ORDERS, "select id", "select  id")], "orders: body"),
        (
            "blank lines around",
            &[Text(ORDERS, "from {{ ref('eph') }}", "from {{ ref('eph') }}\n\n"), Text(ORDERS, "-- all", "\n-- all")],
            "",
        ),
        (
            "staging body",
            &[Text("models/staging/stg_users.sql", "select id", "select id + 1 as id")],
            "stg_users: body",
        ),
        ("macro of a macro", &[Text("macros/divided.sql", "100", "1000")], "stg_orders: macro:divided"),
        ("outer macro", &[Text("macros/cents.sql", "divided(x)", "divided(x ~ '+1')")], "stg_orders: macro:cents"),
        ("macro that nobody calls", &[Text("macros/idle.sql", "1", "2")], ""),
        ("comment in a macro", &[Text("macros/divided.sql", "{% macro", "{# why #}{% macro")], ""),
        (
            "macro of a package",
            &[Text("dbt_packages/tool/macros/shout.sql", "upper", "lower")],
            "stg_users: macro:shout",
        ),
        ("package lock", &[Text("package-lock.yml", "aa", "bb")], ""),
        (
            "macro of the project over one of a package's name",
            &[New("macros/shout.sql", "{% macro shout(x) %}x{% endmacro %}")],
            "",
        ),
        ("var", &[Text(PROJECT, "rate: 100", "rate: 10")], "orders: var:rate"),
        ("var that nobody reads", &[Text(PROJECT, "unused: 1", "unused: 2")], ""),
        ("seed", &[Text("seeds/rates.csv", "usd,2", "usd,3")], "rates: seed"),
        ("column of a seed", &[Text("seeds/rates.csv", "code,rate", "code,price")], "rates: seed"),
        ("delimiter of seeds", &[Text(PROJECT, "','", "';'")], "rates: config"),
        ("description", &[Text(SCHEMA, "description: Orders", "description: All orders")], "orders: yaml"),
        (
            "description of a column",
            &[Text(SCHEMA, "{name: total}", "{name: total, description: euros}")],
            "orders: yaml",
        ),
        ("test gone", &[Text(SCHEMA, "data_tests: [unique]", "data_tests: []")], "orders: yaml"),
        ("test new", &[Text(SCHEMA, "[unique]", "[unique, not_null]")], "orders: yaml"),
        ("severity of a test", &[Text(SCHEMA, "[unique]", "[unique: {config: {severity: warn}}]")], "orders: yaml"),
        ("macro of a test", &[Text(NEAR, "< 0", "<= 0")], "rates: macro:far"),
        ("comment in the macro of a test", &[Text(NEAR, "{% macro", "{# why #}{% macro")], ""),
        ("test of a package", &[Text(NEAR, "select *", "select 1")], "rates: macro:test_near"),
        ("latest version", &[Text(VERSIONS, "latest_version: 2", "latest_version: 1")], "v1: config; v2: config"),
        ("deprecation of a version", &[Text(VERSIONS, "{v: 1}", "{v: 1, deprecation_date: 2030-01-01}")], "v1: config"),
        ("singular test", &[Text("tests/no_negative.sql", "< 0", "< -1")], "orders: yaml"),
        ("tag of a column", &[Text(SCHEMA, "{name: total}", "{name: total, tags: [pii]}")], "orders: yaml"),
        (
            "meta in YAML",
            &[Text(SCHEMA, "  - name: users\n", "  - {name: users, config: {meta: {owner: me}}}\n")],
            "users: yaml",
        ),
        (
            "contract",
            &[Text(SCHEMA, "  - name: users\n", "  - {name: users, config: {contract: {enforced: true}}}\n")],
            "users: config",
        ),
        (
            "config in the file",
            &[Text(USERS, "select", "{{ config(materialized='view') }} select")],
            "users: body config",
        ),
        ("config tree", &[Text(PROJECT, "materialized: table", "materialized: view")], "orders: config; users: config"),
        (
            "tags of a folder",
            &[Text(PROJECT, "{+materialized: table}", "{+materialized: table, +tags: [x]}")],
            "daily: yaml; orders: yaml; users: yaml",
        ),
        (
            "hook of a folder",
            &[Text(PROJECT, "{+materialized: table}", "{+materialized: table, +post-hook: 'select 1'}")],
            "daily: config; orders: config; users: config",
        ),
        (
            "schema of a folder",
            &[Text(PROJECT, "{+materialized: table}", "{+materialized: table, +schema: fin}")],
            "daily: config; orders: config; users: config",
        ),
        (
            "alias",
            &[Text("models/staging/stg_users.sql", "select", "{{ config(alias='people') }} select")],
            "stg_users: body config",
        ),
        (
            "macro for schemas",
            &[New("macros/s.sql", "{% macro generate_schema_name(s, node) %}{{ s or 'other' }}{% endmacro %}")],
            "daily: macro:generate_schema_name; orders: macro:generate_schema_name; stg_orders: macro:generate_schema_name; stg_users: macro:generate_schema_name; users: macro:generate_schema_name; v1: macro:generate_schema_name; v2: macro:generate_schema_name; rates: macro:generate_schema_name",
        ),
        (
            "quoting",
            &[Text(PROJECT, "profile: p", "profile: p\nquoting: {identifier: false}")],
            "daily: project; orders: project; stg_orders: project; stg_users: project; users: project; v1: project; v2: project; rates: project; users_snapshot: project",
        ),
        (
            "moved",
            &[
                Gone(USERS),
                New(
                    "models/users.sql",
                    "select u.id, u.name, r.rate from {{ ref('stg_users') }} u join {{ ref('rates') }} r on r.code = u.name",
                ),
            ],
            ">users: config path",
        ),
        ("renamed", &[Gone(DAILY), New("models/marts/per_day.sql", "select 1 as day")], "-daily; +per_day"),
        ("removed", &[Gone(DAILY)], "-daily"),
        ("new", &[New("models/marts/more.sql", "select 1 as x")], "+more"),
        ("disabled", &[Text(DAILY, "config(", "config(enabled=false, ")], "-daily"),
        (
            "disabled in YAML",
            &[Text(SCHEMA, "  - name: users\n", "  - {name: users, config: {enabled: false}}\n")],
            "-users",
        ),
        ("incremental branch", &[Text(DAILY, "max(day)", "min(day)")], "daily: body"),
        ("key of an incremental model", &[Text(DAILY, "unique_key='day'", "unique_key='total'")], "daily: body config"),
        (
            "ephemeral parent",
            &[Text("models/eph.sql", "id, total", "id, total + 1 as total")],
            "eph: body; orders: upstream:eph",
        ),
        ("snapshot", &[Text(SNAPSHOT, "select *", "select id")], "users_snapshot: body"),
        (
            "strategy of a snapshot",
            &[Text(SNAPSHOT, "check_cols='all'", "check_cols=['name']")],
            "users_snapshot: body config",
        ),
        (
            "schema of a source",
            &[Text(SOURCES, "schema: raw", "schema: raw2")],
            "stg_orders: source:raw.orders; stg_users: source:raw.users",
        ),
        (
            "table of a source",
            &[Text(SOURCES, "{name: users}", "{name: users, identifier: people}")],
            "stg_users: source:raw.users",
        ),
        (
            "column of a source",
            &[Text(SOURCES, "[{name: id}]", "[{name: id, meta: {pii: true}}]")],
            "stg_orders: source:raw.orders",
        ),
        ("description of a source", &[Text(SOURCES, "{name: users}", "{name: users, description: people}")], ""),
        ("broken body", &[Text(USERS, "{{ ref('rates') }}", "{{ ref('rate') }}")], "users: body"),
        ("broken macro", &[Text("macros/divided.sql", "{{ x }}", "{{ y }}")], "stg_orders: macro:divided"),
        ("removed upstream", &[Gone("models/staging/stg_users.sql")], "-stg_users"),
        (
            "two at once",
            &[Text(USERS, "u.name,", "u.name as n,"), Text(PROJECT, "rate: 100", "rate: 1")],
            "orders: var:rate; users: body",
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, edits, wanted)| {
            let said = after(edits);
            (said != *wanted).then(|| format!("{name}\n  wanted {wanted}\n  said   {said}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
