//! Small dbt projects, loaded whole.

use super::*;
use crate::files::FileSet;
use proptest::prelude::*;

mod adapters;

struct Answers;

impl Introspect for Answers {
    fn query(&self, sql: &str) -> anyhow::Result<Option<Table>> {
        Ok(sql.contains("date_diff").then(|| Table { columns: vec!["n".into()], rows: vec![vec![3.into()]] }))
    }

    fn relation(&self, relation: &RelationName) -> Known {
        match relation.identifier.as_str() {
            "known" => {
                Known::There { kind: "table".to_owned(), columns: vec![("id".to_owned(), "INTEGER".to_owned())] }
            }
            "absent" => Known::Absent,
            _ => Known::Unknown,
        }
    }
}

const PROFILE: &str = "p:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: db/shop.duckdb, schema: main}\n";

fn load_files(files: &[(&str, &str)], profile: &str) -> Project {
    let base = [("dbt_project.yml", "name: shop\nprofile: p\n")];
    let set = FileSet::in_memory(base.iter().chain(files).map(|(p, t)| (*p, *t)));
    let options = LoadOptions {
        profiles: vec![ProfileFile { path: "profiles.yml".into(), text: profile.into() }],
        env: &|name| Some(format!("value of {name}")),
        env_allow: vec!["ALLOWED".into(), "DBT_ENV_SECRET_X".into()],
        introspect: Some(&Answers),
        ..LoadOptions::of(&set)
    };
    load(&options).unwrap()
}

fn project(files: &[(&str, &str)]) -> Project {
    load_files(files, PROFILE)
}

fn model<'a>(project: &'a Project, name: &str) -> &'a Model {
    project.models.values().find(|m| m.name == name).unwrap_or_else(|| panic!("no model {name}"))
}

/// Compiled SQL with runs of blanks as one.
fn sql(project: &Project, name: &str) -> String {
    let compiled = model(project, name).compiled.as_ref().unwrap_or_else(|e| panic!("{name}: {e:?}"));
    compiled.sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn one(text: &str) -> String {
    sql(&project(&[("models/m.sql", text)]), "m")
}

fn failure(files: &[(&str, &str)]) -> NotCompiled {
    model(&project(files), "m").compiled.clone().unwrap_err()
}

fn fails(text: &str) -> NotCompiled {
    failure(&[("models/m.sql", text)])
}

#[test]
fn refs_sources_and_config_resolve() {
    let project = project(&[
        ("models/a.sql", "{{ config(materialized='table', tags=['x']) }}\nselect * from {{ source('raw', 't') }}"),
        ("models/m.sql", "select * from {{ ref('a') }} join {{ ref('shop', 's') }} using (id)"),
        ("seeds/s.csv", "id\n1\n"),
        (
            "models/y.yml",
            "sources:\n  - name: raw\n    schema: landing\n    tables: [{name: t, identifier: T1}]\nmodels:\n  - name: a\n    config: {tags: y, meta: {owner: me}}\n    columns:\n      - name: id\n        config: {meta: {pii: true}, tags: [k]}\n",
        ),
    ]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    assert_eq!(sql(&project, "a"), "select * from \"shop\".\"landing\".\"T1\"");
    assert_eq!(sql(&project, "m"), "select * from \"shop\".\"main\".\"a\" join \"shop\".\"main\".\"s\" using (id)");
    let a = model(&project, "a");
    assert_eq!(a.materialized(), "table");
    assert_eq!(a.tags.iter().cloned().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(a.meta["owner"], "me");
    assert_eq!((a.columns["id"].meta["pii"].clone(), a.columns["id"].place.line), (true.into(), 9));
    assert_eq!(a.depends_on.iter().cloned().collect::<Vec<_>>(), ["source.shop.raw.t"]);
    assert_eq!(model(&project, "m").depends_on.iter().cloned().collect::<Vec<_>>(), ["model.shop.a", "seed.shop.s"]);
}

#[test]
fn each_defect_has_its_code_name_and_place() {
    use NotCompiledCode as C;
    let cases = [
        ("select 1\nfrom {{ ref('nowhere') }}", C::RefNotFound, Some("nowhere"), 2),
        ("\n\nselect * from {{ source('raw', 'nope') }}", C::SourceNotFound, Some("raw.nope"), 3),
        ("select {{ cents_to_dolars('x') }}", C::MacroNotFound, Some("cents_to_dolars"), 1),
        ("select\n {{ nopkg.thing('x') }}", C::MacroNotFound, Some("nopkg.thing"), 2),
        ("select {{ var('unset') }}", C::VarNotSet, Some("unset"), 1),
        ("select '{{ env_var('HOME') }}'", C::EnvNotAllowed, Some("HOME"), 1),
        ("select '{{ env_var('DBT_ENV_SECRET_X') }}'", C::EnvNotAllowed, Some("DBT_ENV_SECRET_X"), 1),
        ("a\n{{ exceptions.raise_compiler_error('no') }}", C::CompilerError, None, 2),
        ("a\nb {{ ref('x' }}", C::JinjaSyntax, None, 2),
        ("a\n{% if x %}\nb", C::JinjaSyntax, None, 3),
        ("{{ run_query('select * from t') }}", C::NeedsWarehouse, None, 1),
        ("{{ graph.metrics_of_ours.x }}", C::CompilerError, None, 1),
        ("{% include 'x' %}", C::Unsupported, None, 1),
    ];
    for (text, code, name, line) in cases {
        let error = fails(text);
        assert_eq!((error.code, error.name.as_deref(), error.place.line), (code, name, line), "{text}: {error:?}");
        assert_eq!(error.place.path, "models/m.sql");
    }
    assert_eq!(fails("select 1\nfrom {{ ref('nowhere') }}").place.column, 14);
}

#[test]
fn allowed_variables_and_defaults_are_read() {
    assert_eq!(one("{{ env_var('ALLOWED') }} {{ env_var('HOME', 'x') }}"), "value of ALLOWED x");
}

#[test]
fn python_in_templates() {
    assert_eq!(
        one("{% set l = [1] %}{% do l.append(2) %}{% set l2 = l + [3] %}{% do l2.append(4) %}{{ l }}{{ l2 }}"),
        "[1, 2][1, 2, 3, 4]"
    );
    assert_eq!(
        one("{% set d = {'a': 1} %}{% do d.update({'b': none}) %}{{ d }} {{ d.items() | list }}"),
        "{'a': 1, 'b': None} [('a', 1), ('b', None)]"
    );
    assert_eq!(one("{{ '%s-%03d' % ('a', 7) }} {{ 'x' 'y' }} {% if 1: %}z{% endif %} {{ 'a\\d' }}"), "a-007 xy z a\\d");
    assert_eq!(one("{{ nothing }}|{{ none }}|{{ (1, 2)[0] }}|{{ 'abc'[::-1] }}|{{ [1, 2][-1] }}"), "|None|1|cba|2");
    assert_eq!(
        one("{{ (modules.datetime.date(2020, 3, 1) - modules.datetime.timedelta(days=1)).strftime('%d/%m') }}"),
        "29/02"
    );
    assert_eq!(one("{{ run_started_at.strftime('%Y-%m-%d') }}"), "1970-01-01");
}

#[test]
fn lists_and_dicts_behave_as_values() {
    assert_eq!(
        one(
            "{{ [1] == [1] }} {{ 1 in [1] }} {{ {'a': [1]} == {'a': [1]} }} {{ (1, 2) in [(1, 2)] }} {{ [1, 2] < [1, 3] }}"
        ),
        "True True True True True"
    );
    assert_eq!(
        one(
            "{{ 'y' if [] else 'n' }}{{ 'y' if {} else 'n' }}{{ 'y' if [0] else 'n' }} {{ {'b': 1}.get('c', 'd') }} {{ {'b': 1}.b }}"
        ),
        "nny d 1"
    );
    assert_eq!(
        one(
            "{% for k in {'a': 1, 'b': 2} %}{{ k }}{{ loop.last }}{% endfor %} {{ {'a': 1} | length }} {{ {'a': 1} is mapping }} {{ [1] is sequence }}"
        ),
        "aFalsebTrue 1 True True"
    );
    assert_eq!(
        one(
            "{{ [3, 1] | sort | join(',') }} {{ [1, 2] | map('string') | list }} {{ [{'n': 1}, {'n': 2}] | map(attribute='n') | list }}"
        ),
        "1,3 ['1', '2'] [1, 2]"
    );
    assert_eq!(
        one(
            "{{ [[1, 2], [3]] | sum(start=[]) if false else 'k' }} {{ 'aXbX' | replace('X', '-', 1) }} {{ dict(a=1, **{'b': 2}) }}"
        ),
        "k a-bX {'a': 1, 'b': 2}"
    );
    assert_eq!(
        one(
            "{% for n in range(2) %}{% for m in ['a', 'b'] %}{{ n }}{{ m }}{{ ',' if not loop.last }}{% endfor %}{% endfor %}"
        ),
        "0a,0b1a,1b"
    );
}

#[test]
fn macros_call_return_dispatch_and_callers() {
    let files = [
        (
            "macros/m.sql",
            "{% macro f(a, b=[]) %}{% do b.append(a) %}{{ return({'v': b}) }}{% endmacro %}\n{% macro wrap() %}<{{ caller(1) }}>{% endmacro %}\n{% macro duckdb__g(x) %}duck {{ x }}{% endmacro %}{% macro default__g(x) %}other{% endmacro %}\n{% macro g(x) %}{{ return(adapter.dispatch('g')(x)) }}{% endmacro %}\n{% macro _v() %}{{ varargs | length }} {{ kwargs.k }}{% endmacro %}",
        ),
        (
            "models/m.sql",
            "{% set local = 'l' %}{{ f(1).v }} {{ f(2).v }} {% call(n) wrap() %}{{ n }}{{ local }}{% endcall %} {{ g('x') }} {{ _v(1, 2, k='K') }}",
        ),
    ];
    let project = project(&files);
    assert_eq!(sql(&project, "m"), "[1] [2] <1l> duck x 2 K");
    let macros: Vec<&String> = model(&project, "m").macros.keys().collect();
    assert_eq!(macros, ["macro.shop._v", "macro.shop.duckdb__g", "macro.shop.f", "macro.shop.g", "macro.shop.wrap"]);
}

#[test]
fn only_an_argument_that_was_not_given_takes_its_default() {
    let macros = "{% macro f(a, b='B', c=b ~ '!') %}[{{ a }}|{{ b }}|{{ c }}]{% endmacro %}{% macro g(b='b') %}{{ f(1, b=b) }}{{ f(2, nothing, c=none) }}{{ f(3) }}{% endmacro %}{% macro w() %}{{ caller() }}{{ caller(nothing) }}{% endmacro %}";
    let files = [
        ("macros/m.sql", macros),
        ("models/m.sql", "{{ g() }} {{ g(nothing) }} {% call(b='D') w() %}<{{ b }}>{% endcall %}"),
    ];
    assert_eq!(sql(&project(&files), "m"), "[1|b|b!][2||None][3|B|B!] [1||!][2||None][3|B|B!] <D><>");
}

#[test]
fn a_project_macro_named_like_a_builtin_wins_and_packages_have_namespaces() {
    let project = project(&[
        (
            "macros/ref.sql",
            "{% macro ref(name) %}{{ return(builtins.ref(name).include(database=false)) }}{% endmacro %}",
        ),
        ("dbt_packages/util/dbt_project.yml", "name: util\n"),
        (
            "dbt_packages/util/macros/a.sql",
            "{% macro up(x) %}{{ x | upper }}{{ util.bang() }}{% endmacro %}{% macro bang() %}!{% endmacro %}",
        ),
        ("models/a.sql", "select 1"),
        ("models/m.sql", "{{ ref('a') }} {{ util.up('x') }}"),
    ]);
    assert_eq!(sql(&project, "m"), "\"main\".\"a\" X!");
    let error =
        failure(&[("packages.yml", "packages: [{package: org/gone, version: 1}]"), ("models/m.sql", "{{ gone.x() }}")]);
    assert_eq!((error.code, error.name.as_deref()), (NotCompiledCode::Packages, Some("gone")));
}

#[test]
fn vars_of_a_package_are_a_block_and_those_of_the_root_are_its_own() {
    let project = project(&[
        ("dbt_project.yml", "name: shop\nprofile: p\nvars:\n  shop: {own: 1}\n  util: {deep: {a: 2}}\n  all: 3\n"),
        ("dbt_packages/util/dbt_project.yml", "name: util\n"),
        (
            "dbt_packages/util/models/u.sql",
            "{{ var('own', 'unseen') }} {{ var('deep').a }} {{ var('all') }} {{ var('util').deep.a }}",
        ),
        ("models/m.sql", "{{ var('own') }} {{ var('deep', 'unseen') }} {{ var('all') }} {{ var('util').deep.a }}"),
    ]);
    assert_eq!(sql(&project, "u"), "unseen 2 3 2");
    assert_eq!(sql(&project, "m"), "1 unseen 3 2");
}

#[test]
fn the_root_project_is_searched_before_a_files_own_package_unless_a_flag_says_otherwise() {
    let source =
        |schema: &str| format!("sources: [{{name: s, schema: {schema}, tables: [{{name: \"{{{{ 't' }}}}\"}}]}}]");
    let (own, roots) = (source("own"), source("roots"));
    let schemas = |project_file: &str| {
        let project = project(&[
            ("dbt_project.yml", project_file),
            ("models/s.yml", &roots),
            ("models/a.sql", "{{ config(schema='roots') }}select 1"),
            ("dbt_packages/util/dbt_project.yml", "name: util\n"),
            ("dbt_packages/util/models/s.yml", &own),
            ("dbt_packages/util/models/a.sql", "{{ config(schema='own') }}select 1"),
            ("dbt_packages/util/models/u.sql", "{{ source('s', 't').schema }} {{ ref('a').schema }}"),
        ]);
        sql(&project, "u")
    };
    assert_eq!(schemas("name: shop\nprofile: p\n"), "roots main_roots");
    let flag = "name: shop\nprofile: p\nflags: {require_ref_searches_node_package_before_root: true}\n";
    assert_eq!(schemas(flag), "own main_own");
}

#[test]
fn what_an_ephemeral_parent_rests_on_its_readers_rest_on() {
    let project = project(&[
        ("models/e.sql", "{{ config(materialized='ephemeral') }}select '{{ run_started_at }}' as at"),
        ("models/m.sql", "select * from {{ ref('e') }}"),
    ]);
    let compiled = model(&project, "m").compiled.clone().unwrap();
    assert!(compiled.flags.contains("volatile:run_started_at"), "{:?}", compiled.flags);
}

#[test]
fn a_node_of_graph_has_a_name_in_templates_and_a_function_in_a_dict_is_called_by_its_key() {
    let project = project(&[
        ("macros/a.sql", "{% macro twice(x) %}{{ x ~ x }}{% endmacro %}"),
        ("models/a.sql", "select 1"),
        (
            "models/m.sql",
            "{% if execute %}{% set n = graph.nodes.get('model.shop.a') %}{{ n.name }}{% endif %} \
             {% set d = {'f': twice} %}{{ d.f('x') }}",
        ),
    ]);
    assert_eq!(sql(&project, "m"), "a xx");
}

#[test]
fn texts_are_translated_json_is_moved_in_and_undefined_has_no_length() {
    let text = one(
        "{{ 'a.b,c'.translate('x'.maketrans('ab', 'xy', '.,')) }} {{ 'a'.translate('a'.maketrans({'a': 'zz'})) }} \
         {{ nothing | length }} {{ {'b': [], 'a': [1]} | tojson(indent=1) }} {{ '\\'' | e }}",
    );
    assert_eq!(text, "xyc zz 0 { \"a\": [ 1 ], \"b\": [] } &#39;");
}

#[test]
fn an_error_inside_a_project_macro_points_into_it() {
    let error = failure(&[
        ("macros/a.sql", "\n\n{% macro a() %}\n{{ ref('gone') }}{% endmacro %}"),
        ("models/m.sql", "x {{ a() }}"),
    ]);
    assert_eq!(
        (error.code, error.place.path.as_str(), error.place.line),
        (NotCompiledCode::RefNotFound, "macros/a.sql", 4)
    );
    let error = failure(&[("macros/a.sql", "{% macro a() %}{{ ( }}{% endmacro %}"), ("models/m.sql", "{{ a() }}")]);
    assert_eq!((error.code, error.place.path.as_str()), (NotCompiledCode::JinjaSyntax, "macros/a.sql"));
}

#[test]
fn incremental_models_have_both_texts() {
    let project = project(&[(
        "models/m.sql",
        "{{ config(materialized='incremental') }}select 1{% if is_incremental() %} where x > (select max(x) from {{ this }}){% endif %}",
    )]);
    let compiled = model(&project, "m").compiled.clone().unwrap();
    assert_eq!(compiled.sql, "select 1");
    assert_eq!(
        compiled.incremental_sql.as_deref(),
        Some("select 1 where x > (select max(x) from \"shop\".\"main\".\"m\")")
    );
}

#[test]
fn ephemeral_parents_become_ctes_and_their_failure_is_passed_on() {
    let eph = "{{ config(materialized='ephemeral') }}select 1 as id";
    let ok = project(&[("models/e.sql", eph), ("models/m.sql", "with a as (select 2) select * from {{ ref('e') }}")]);
    assert_eq!(sql(&ok, "m"), "with __dbt__cte__e as ( select 1 as id ), a as (select 2) select * from __dbt__cte__e");
    let bad = project(&[
        ("models/e.sql", "{{ config(materialized='ephemeral') }}{{ nope() }}"),
        ("models/m.sql", "{{ ref('e') }}"),
    ]);
    assert_eq!(model(&bad, "m").compiled.clone().unwrap_err().code, NotCompiledCode::Upstream);
}

#[test]
fn names_configs_and_disabled_models() {
    let project = project(&[
        (
            "dbt_project.yml",
            "name: shop\nprofile: p\nvars: {on: true}\nquoting: {identifier: false}\nmodels:\n  shop:\n    stg:\n      +schema: stage\n      +dataset: not_a_word_of_duckdb\n      +enabled: \"{{ var('on', false) or target.name == 'dev' }}\"\n    off: {+enabled: \"{{ var('on', false) }}\"}\n",
        ),
        ("models/stg/m.sql", "{{ config(alias='mm') }}select '{{ this }}'"),
        ("models/off/gone.sql", "select 1"),
        ("models/n.sql", "{{ ref('gone') }}"),
    ]);
    assert_eq!(sql(&project, "m"), "select '\"shop\".\"main_stage\".mm'");
    assert!(!project.models.contains_key("model.shop.gone"));
    let error = model(&project, "n").compiled.clone().unwrap_err();
    assert_eq!(error.code, NotCompiledCode::RefNotFound);
    assert!(error.message.contains("disabled"), "{}", error.message);
}

#[test]
fn tests_are_compiled_with_where_limit_and_arguments() {
    let project = project(&[
        ("models/m.sql", "select 1 as id"),
        ("models/p.sql", "select 1 as id"),
        (
            "tests/generic/pos.sql",
            "{% test pos(model, column_name, least=0) %}select * from {{ model }} where {{ column_name }} <= {{ least }}{% endtest %}",
        ),
        ("tests/one.sql", "select * from {{ ref('m') }} where id < 0"),
        (
            "models/y.yml",
            "models:\n  - name: m\n    columns:\n      - name: id\n        data_tests:\n          - unique: {config: {where: 'id > 1', limit: 5, severity: warn}}\n          - relationships: {arguments: {to: ref('p'), field: id}}\n          - accepted_values: {values: [1, 2], quote: false}\n          - pos: {least: 3, name: at_least_3}\n          - nope\n",
        ),
    ]);
    let text = |start: &str| {
        let test = project.tests.values().find(|t| t.unique_id.starts_with(&format!("test.shop.{start}"))).unwrap();
        (test.compiled.clone().map(|c| c.sql.split_whitespace().collect::<Vec<_>>().join(" ")), test.clone())
    };
    let (unique, test) = text("unique_m_id");
    assert_eq!(
        unique.unwrap(),
        "select id as unique_field, count(*) as n_records from (select * from \"shop\".\"main\".\"m\" where id > 1) dbt_subquery where id is not null group by id having count(*) > 1 limit 5"
    );
    assert_eq!(
        (test.name.as_str(), test.config["severity"].as_str(), test.place.line),
        ("unique(id)", Some("warn"), 6)
    );
    let (relationships, test) = text("relationships_m_id");
    assert!(relationships.unwrap().contains("from \"shop\".\"main\".\"p\""));
    assert_eq!(test.depends_on.iter().cloned().collect::<Vec<_>>(), ["model.shop.m", "model.shop.p"]);
    assert!(text("accepted_values_m_id").0.unwrap().ends_with("not in ( 1, 2 )"));
    assert_eq!(text("at_least_3").0.unwrap(), "select * from \"shop\".\"main\".\"m\" where id <= 3");
    assert_eq!(text("nope_m_id").0.unwrap_err().code, NotCompiledCode::MacroNotFound);
    let (singular, test) = text("one");
    assert!(singular.unwrap().contains("id < 0"));
    assert_eq!(test.depends_on.iter().cloned().collect::<Vec<_>>(), ["model.shop.m"]);
}

#[test]
fn introspection_answers_or_says_that_it_cannot() {
    let spine = "{{ dbt.date_spine('day', \"'2020-01-01'\", \"'2020-01-04'\") }}";
    let project = project(&[
        ("models/m.sql", spine),
        ("models/known.sql", "select 1 as id"),
        (
            "models/c.sql",
            "{% for c in adapter.get_columns_in_relation(ref('known')) %}{{ c.name }} {{ c.data_type }}{% endfor %}",
        ),
    ]);
    assert!(sql(&project, "m").contains("generate_series(1, 3)"));
    assert!(model(&project, "m").compiled.as_ref().unwrap().flags.contains("introspection:query"));
    assert_eq!(sql(&project, "c"), "id INTEGER");
    assert_eq!(fails("{{ adapter.get_columns_in_relation(this) | length }}").code, NotCompiledCode::NeedsWarehouse);
}

#[test]
fn graph_tells_what_does_not_depend_on_its_order() {
    let walk = |what: &str| {
        format!("{{% for n in graph.nodes.values() if n.resource_type == 'model' %}}{{{{ {what} }}}} {{% endfor %}}")
    };
    let project = project(&[
        ("models/sub/a.sql", "select 1 as id"),
        ("models/y.yml", "models: [{name: a, columns: [{name: id, tests: [unique, not_null]}]}]\n"),
        ("models/count.sql", &walk("1")),
        ("models/names.sql", &walk("n.name")),
        (
            "models/sorted.sql",
            "{% if execute %}{{ graph['nodes'].values() | sort(attribute='name') | selectattr('resource_type', 'equalto', 'model') | map(attribute='name') | list | first }}{% endif %}",
        ),
        (
            "models/path.sql",
            "{% if execute %}{{ graph.nodes['model.shop.a'].original_file_path }} {{ model.path }}{% endif %}",
        ),
        ("models/deps.sql", &walk("n.depends_on.nodes")),
        ("models/whole.sql", &walk("n")),
        ("models/a_set.sql", "{{ set(['x', 'y']) | length }} {{ 'x' in set(['x', 'y']) }}"),
        ("models/walked_set.sql", "{% for x in set(['x', 'y']) %}{{ x }}{% endfor %}"),
    ]);
    assert_eq!(sql(&project, "count").trim(), "1 1 1 1 1 1 1 1 1");
    assert_eq!(sql(&project, "sorted"), "a");
    assert_eq!(sql(&project, "path"), "models/sub/a.sql path.sql");
    assert_eq!(sql(&project, "a_set"), "2 True");
    let codes = [
        ("names", NotCompiledCode::Volatile),
        ("deps", NotCompiledCode::NeedsGraph),
        ("whole", NotCompiledCode::NeedsGraph),
        ("walked_set", NotCompiledCode::Volatile),
    ];
    for (refused, code) in codes {
        let error = model(&project, refused).compiled.as_ref().unwrap_err();
        assert_eq!(error.code, code, "{refused}: {error:?}");
    }
}

#[test]
fn time_zones_conditional_do_and_context() {
    let at = "modules.datetime.datetime(2024, 7, 1, 12, 30, tzinfo=modules.pytz.utc)";
    assert_eq!(
        one(&format!(
            "{{{{ {at}.astimezone(modules.pytz.timezone('America/New_York')) }}}} {{{{ {at}.strftime('%H%z') }}}}"
        )),
        "2024-07-01 08:30:00-04:00 12+0000"
    );
    assert_eq!(
        one("{{ modules.pytz.timezone('Asia/Tokyo').localize(modules.datetime.datetime(2024, 1, 2)) }}"),
        "2024-01-02 00:00:00+09:00"
    );
    assert_eq!(one("{% set a = [] %}{% do a.append(1) if true %}{% do a.append(2) if false %}{{ a }}"), "[1]");
    assert_eq!(
        one("{{ context.get('target').name }} {{ context.get('nothing', 'else') }} {{ context['project_name'] }}"),
        "dev else shop"
    );
    assert_eq!(one("a{% if true %}\r\n{{ 'b\r\nc' }}{% endif %}"), "a b c");
    assert!(
        !model(&project(&[("models/m.sql", "a\r\n{{ 1 }}\r\nb")]), "m").compiled.as_ref().unwrap().sql.contains('\r')
    );
}

#[test]
fn dates_of_duckdb_are_written_as_its_adapter_writes_them() {
    let add = |unit: &str| one(&format!("{{{{ dbt.dateadd('{unit}', 2, 'd') }}}}"));
    assert_eq!(add("week"), "(d + (cast(2 as bigint) * 7) * interval 1 day)");
    assert_eq!(add("quarter"), "(d + (cast(2 as bigint) * 3) * interval 1 month)");
    assert_eq!(one("{{ dbt.date(2024, 1, 2) }}"), "make_date(2024, 1, 2)");
    assert!(
        one("{{ dbt.datediff('a', 'b', 'week') }}")
            .starts_with("((date_diff('day', a::timestamp, b::timestamp)) // 7 + case")
    );
}

#[test]
fn a_model_without_a_name_is_not_read_and_paths_may_go_up() {
    let project = project(&[
        ("models/lost.sql", "{{ config(alias=no_such_macro()) }}select 1 as id"),
        ("models/broken.sql", "{{ config(alias='named') }}select {{ no_such_macro() }} as id"),
        ("models/reads_lost.sql", "select * from {{ ref('lost') }}"),
        ("models/reads_broken.sql", "select * from {{ ref('broken') }}"),
    ]);
    let error = model(&project, "reads_lost").compiled.as_ref().unwrap_err();
    assert_eq!(error.code, NotCompiledCode::Upstream, "{error:?}");
    assert_eq!(sql(&project, "reads_broken"), "select * from \"shop\".\"main\".\"named\"");
    assert_eq!(find::join("a/b", "../../c/./d/"), "c/d");
    assert_eq!(find::join("", "../x"), "../x");
}

/// A template that lists the columns of `{relation}`.
fn listing(relation: &str) -> String {
    format!("{{% for c in adapter.get_columns_in_relation({relation}) %}}{{{{ c.name }}}},{{% endfor %}}")
}

#[test]
fn a_relation_that_the_database_does_not_have_has_no_columns() {
    let exists = "{{ 'there' if adapter.get_relation(this.database, this.schema, 'absent') else 'not there' }}";
    let project = project(&[
        ("models/absent.sql", "select 1 as id"),
        ("models/m.sql", &format!("[{}]", listing("ref('absent')"))),
        ("models/e.sql", exists),
    ]);
    assert_eq!(sql(&project, "m"), "[]");
    assert_eq!(sql(&project, "e"), "not there");
    assert!(model(&project, "m").compiled.as_ref().unwrap().flags.contains("introspection:absent"));
}

#[test]
fn columns_come_from_seeds_contracts_and_compiled_models() {
    let project = project(&[
        ("seeds/s.csv", "id,Name\n1,x\n"),
        ("models/a.sql", "select id, Name as who from {{ ref('s') }}"),
        ("models/b.sql", &format!("select {} 1 as one from {{{{ ref('a') }}}}", listing("ref('a')"))),
        ("models/c.sql", "select * from {{ source('raw', 't') }}"),
        ("models/from_seed.sql", &listing("ref('s')")),
        ("models/from_model.sql", &listing("ref('b')")),
        ("models/from_contract.sql", &listing("ref('c')")),
        ("models/from_open.sql", &listing("ref('open')")),
        ("models/open.sql", "select * from {{ source('raw', 't') }}"),
        ("models/typed.sql", "{% for c in adapter.get_columns_in_relation(ref('a')) %}{{ c.data_type }}{% endfor %}"),
        (
            "models/y.yml",
            "sources: [{name: raw, tables: [{name: t}]}]\nmodels:\n  - name: c\n    config: {contract: {enforced: true}}\n    columns: [{name: k, data_type: int}]\n",
        ),
    ]);
    assert_eq!(sql(&project, "from_seed"), "id,Name,");
    assert_eq!(sql(&project, "from_model"), "id,who,one,");
    assert_eq!(sql(&project, "from_contract"), "k,");
    let flags = |name: &str| model(&project, name).compiled.as_ref().unwrap().flags.clone();
    assert!(flags("from_model").contains("introspection:model") && flags("from_seed").contains("introspection:seed"));
    for unknown in ["from_open", "typed"] {
        let error = model(&project, unknown).compiled.as_ref().unwrap_err();
        assert_eq!(error.code, NotCompiledCode::NeedsWarehouse, "{unknown}: {error:?}");
    }
}

#[test]
fn relations_and_methods_are_what_packages_expect() {
    assert_eq!(
        one("{{ this is mapping }} {{ this.get('metadata', {}).get('type', '').endswith('Relation') }}"),
        "True True"
    );
    assert_eq!(one("{{ api.Column.translate_type('string') if api.Column.translate_type is defined }}"), "TEXT");
    assert_eq!(
        one("{{ +1 + (+2) }} {{ dbt.dateadd(datepart='day', interval=+1, from_date_or_timestamp='d') }}"),
        "3 (d + cast(1 as bigint) * interval 1 day)"
    );
    assert_eq!(fails("{{ 1 if adapter.nothing_here is defined else 2 }}").code, NotCompiledCode::Unsupported);
    assert_eq!(fails("{{ 1 if dbt.nothing_here else 2 }}").code, NotCompiledCode::Unsupported);
    let dispatched = project(&[
        (
            "macros/a.sql",
            "{% macro f() %}{{ return(adapter.dispatch('f', 'nothing')()) }}{% endmacro %}{% macro default__f() %}f{% endmacro %}",
        ),
        ("models/m.sql", "{{ f() }}"),
    ]);
    assert_eq!(sql(&dispatched, "m"), "f");
}

#[test]
fn an_ephemeral_model_goes_by_its_alias_and_only_where_it_is_read() {
    let project = project(&[
        ("models/e.sql", "{{ config(materialized='ephemeral', alias='other') }}select 1 as id"),
        (
            "models/m.sql",
            "{{ config(materialized='incremental') }}select 2 as id{% if is_incremental() %} union all select * from {{ ref('e') }}{% endif %}",
        ),
    ]);
    assert_eq!(sql(&project, "m"), "select 2 as id");
    let incremental = model(&project, "m").compiled.as_ref().unwrap().incremental_sql.clone().unwrap();
    assert!(incremental.starts_with("with __dbt__cte__other as ("), "{incremental}");
}

#[test]
fn one_broken_file_does_not_mute_others() {
    let project = project(&[
        ("models/bad.yml", "models: [\n"),
        ("macros/bad.sql", "{% macro x() %}"),
        ("models/m.sql", "select 1"),
        ("models/s.sql", "{{ source('a', 'b') }}"),
        ("models/py.py", "def model(dbt, session): pass"),
    ]);
    let paths: Vec<&str> = project.problems.iter().map(|p| p.place.path.as_str()).collect();
    assert_eq!(paths, ["macros/bad.sql", "models/bad.yml"]);
    assert_eq!(sql(&project, "m"), "select 1");
    assert_eq!(model(&project, "s").compiled.clone().unwrap_err().code, NotCompiledCode::Yaml);
    assert_eq!(model(&project, "py").compiled.clone().unwrap_err().code, NotCompiledCode::Unsupported);
}

#[test]
fn snapshots_versions_hooks_exposures_and_unit_tests() {
    let project = project(&[
        (
            "dbt_project.yml",
            "name: shop\nprofile: p\non-run-start: \"grant to {{ target.name }}\"\nmodels: {+post-hook: \"analyze {{ this }}\"}\n",
        ),
        (
            "snapshots/s.sql",
            "-- x\n{% snapshot snap %}\n{{ config(target_schema='snaps') }}\nselect 1\n{% endsnapshot %}",
        ),
        ("snapshots/y.yml", "snapshots: [{name: ysnap, relation: ref('v')}]"),
        ("models/v_v1.sql", "select 1"),
        ("models/v_v2.sql", "select 2"),
        ("models/m.sql", "{{ ref('v') }} {{ ref('v', v=1) }}"),
        (
            "models/y.yml",
            "models: [{name: v, latest_version: 2, versions: [{v: 1}, {v: 2}]}]\nexposures: [{name: e, depends_on: [ref('m')]}]\nunit_tests: [{name: u, model: m, given: [], expect: {rows: []}}]\n",
        ),
    ]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let snap = model(&project, "snap");
    assert_eq!(
        (snap.relation.schema.as_str(), snap.first_line, sql(&project, "snap").as_str()),
        ("snaps", 3, "select 1")
    );
    assert_eq!(sql(&project, "ysnap"), "select * from \"shop\".\"main\".\"v_v2\"");
    assert_eq!(sql(&project, "m"), "\"shop\".\"main\".\"v_v2\" \"shop\".\"main\".\"v_v1\"");
    assert_eq!(model(&project, "m").hooks[0].sql.as_deref(), Ok("analyze \"shop\".\"main\".\"m\""));
    assert_eq!(
        (project.hooks[0].event.as_str(), project.hooks[0].sql.as_deref()),
        ("on-run-start", Ok("grant to dev"))
    );
    assert_eq!(project.exposures["e"], ["model.shop.m"]);
    assert_eq!(project.unit_tests.values().next().unwrap().model.as_deref(), Some("model.shop.m"));
}

#[test]
fn other_adapters_write_their_own_sql() {
    let profile =
        |adapter: &str| format!("p: {{target: dev, outputs: {{dev: {{type: {adapter}, database: DB, schema: S}}}}}}");
    let files = [
        ("models/a.sql", "select 1"),
        ("models/m.sql", "{{ ref('a') }} {{ dbt.dateadd('day', 1, 'd') }} {{ dbt.concat(['a', 'b']) }}"),
    ];
    let text = |adapter: &str| sql(&load_files(&files, &profile(adapter)), "m");
    assert_eq!(text("snowflake"), "DB.S.a dateadd(day, 1, d) a || b");
    assert_eq!(text("bigquery"), "`DB`.`S`.`a` datetime_add(cast( d as datetime), interval 1 day) a || b");
    assert_eq!(text("redshift"), "\"DB\".\"S\".\"a\" dateadd(day, 1, d) a || b");
}

#[test]
fn hostile_templates_end() {
    let cases = [
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{% set x = 'aaaaaaaaaaaaaaaa' %}{% for i in range(3) %}{% set x = x ~ x %}{% endfor %}{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set l = [] %}{% do l.append(l) %}{{ l }}",
        "{% set d = {} %}{% do d.update({'a': [d]}) %}{{ d }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(200000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{{ 'x' * 100000000000 }}",
        "{{ '%999999999999d' % 1 }}",
        "{{ [[0] * 1000000] * 1000000 }}",
        "{{ modules.itertools.product(range(10000), range(10000)) }}",
        "{% set l = [1] %}{% for i in range(60) %}{% do l.extend(l) %}{% endfor %}{{ l | length }}",
        "{% set l = [] %}{% set y = 'x' * 10000000 %}{% for i in range(100000) %}{% do l.append(y ~ i) %}{% endfor %}",
        "{% set d = {} %}{% set y = 'x' * 10000000 %}{% for i in range(100000) %}{% do d.update({i: y ~ i}) %}{% endfor %}",
        "{% for i in range(100000) %}{% set x = 'x' * 10000000 %}{% endfor %}",
        "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
        "{% set ns = namespace(t=(1,)) %}{% for i in range(40) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}{{ ns.t ~ '' }}",
        "{% for i in range(100000) %}{{ config(tags=['x' * 1000000]) }}{% endfor %}",
        // Few steps, each of them long: only the clock ends it.
        "{% for i in range(100000) %}{% set x = range(100000) | list | sum %}{% endfor %}",
        "select '{{ 'x'.ljust(1000000000) }}'",
    ];
    for text in cases {
        let project = project(&[("models/m.sql", text)]);
        assert!(model(&project, "m").compiled.is_err(), "{text}");
    }
    let recursive =
        project(&[("macros/f.sql", "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}"), ("models/m.sql", "{{ f() }}")]);
    assert_eq!(model(&recursive, "m").compiled.clone().unwrap_err().code, NotCompiledCode::Limit);
    for deep in ["[", "(", "{", "{% if 1 %}", "{% call f() %}", "-", "not "] {
        let text =
            if deep.starts_with("{%") { deep.repeat(20_000) } else { format!("{{{{ {} }}}}", deep.repeat(20_000)) };
        assert!(model(&project(&[("models/m.sql", &text)]), "m").compiled.is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(parts in prop::collection::vec(prop_oneof![
        Just("{{ "), Just(" }}"), Just("{% "), Just(" %}"), Just("-%}"), Just("{#"), Just("#}"), Just("'"), Just("\""), Just("\\"),
        Just("["), Just("]"), Just("{"), Just("}"), Just("("), Just(")"), Just("ref('a')"), Just("set x = "), Just("if x"), Just("endif"),
        Just("for i in "), Just("endfor"), Just("call f()"), Just("endcall"), Just("macro m(a, b=1)"), Just("endmacro"), Just(" % "),
        Just("x.y"), Just("|upper"), Just("timedelta(1)"), Just(" - "), Just("é"), Just("\n"), Just("raw"), Just("endraw"), Just(","),
        Just("config(a=1)"), Just("__l"), Just("caller()"), Just("return(1)"), Just(":"), Just("snapshot s"), Just("endsnapshot"),
    ], 0..24)) {
        let text: String = parts.concat();
        let project = project(&[("models/m.sql", &text), ("macros/m.sql", &text), ("snapshots/s.sql", &text), ("models/y.yml", &text)]);
        let model = project.models.values().find(|m| m.name == "m").cloned();
        if let Some(Err(error)) = model.map(|m| m.compiled) {
            prop_assert!(error.place.line as usize <= text.lines().count().max(1) + 1);
        }
    }
}

#[test]
fn unit_tests_are_rendered_as_their_overrides_say() {
    let project = project(&[
        ("dbt_project.yml", "name: shop\nprofile: p\nvars: {days: 3}\n"),
        ("macros/m.sql", "{% macro cutoff() %}date '2020-01-01'{% endmacro %}"),
        ("models/e.sql", "{{ config(materialized='ephemeral') }} select 1 as id from {{ ref('src') }}"),
        ("models/src.sql", "select 1 as id"),
        (
            "models/m.sql",
            "{{ config(materialized='incremental') }}\nselect {{ var('days') }}, '{{ env_var('WHO', 'nobody') }}', {{ cutoff() }} from {{ ref('e') }}\n{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}",
        ),
        ("models/v_v1.sql", "select 1 as one"),
        ("models/v_v2.sql", "select 2 as two"),
        ("tests/fixtures/deep/some.csv", "id\n1\n"),
        (
            "models/y.yml",
            r#"
models: [{name: v, latest_version: 2, versions: [{v: 1}, {v: 2}]}]
unit_tests:
  - name: plain
    model: m
    overrides: {macros: {is_incremental: false}}
    given: [{input: ref('e'), format: csv, fixture: some}, {input: ref('gone')}]
    expect: {format: csv, fixture: lost}
  - name: changed
    model: m
    overrides: {vars: {days: 7}, env_vars: {WHO: me}, macros: {is_incremental: true, cutoff: "date '2026-01-01'"}}
    given: [{input: ref('e'), rows: []}, {input: this, rows: []}]
    expect: {rows: []}
  - {name: silent, model: m, given: [], expect: {rows: []}}
  - {name: without_this, model: m, overrides: {macros: {is_incremental: true}}, given: [], expect: {rows: []}}
  - {name: each, model: v, given: [], expect: {rows: []}}
  - {name: old, model: v, versions: {include: [1]}, given: [], expect: {rows: []}}
"#,
        ),
    ]);
    let unit = |name: &str| project.unit_tests.values().find(|u| u.name == name).unwrap();
    let text = |name: &str| unit(name).compiled.as_ref().unwrap().sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let ephemeral = "with __dbt__cte__e as ( select * from \"shop\".\"main\".\"e\" )";
    assert_eq!(text("plain"), format!("{ephemeral} select 3, 'nobody', date '2020-01-01' from __dbt__cte__e"));
    assert_eq!(
        text("changed"),
        format!(
            "{ephemeral} select 7, 'me', date '2026-01-01' from __dbt__cte__e where id > (select max(id) from \"shop\".\"main\".\"m\")"
        )
    );
    let why = |name: &str| unit(name).compiled.as_ref().unwrap_err().message.clone();
    assert_eq!(why("silent"), "the test must say under `overrides: macros:` whether `is_incremental` is true");
    assert_eq!(why("without_this"), "with `is_incremental: true` the test must give rows for `this`");
    let plain = unit("plain");
    assert_eq!(plain.definition["given"][0]["rows"], "id\n1\n");
    assert_eq!(plain.definition["expect"]["fixture"], "lost");
    assert_eq!(plain.inputs[0], Ok("model.shop.e".to_owned()));
    assert!(plain.inputs[1].is_err());
    assert_eq!(unit("changed").inputs[1], Ok("model.shop.m".to_owned()));
    let names: Vec<(&str, Option<&str>)> = project
        .unit_tests
        .values()
        .map(|u| (u.name.as_str(), u.model.as_deref()))
        .filter(|(n, _)| n.contains("_v"))
        .collect();
    assert_eq!(
        names,
        [
            ("each_v1", Some("model.shop.v.v1")),
            ("each_v2", Some("model.shop.v.v2")),
            ("old_v1", Some("model.shop.v.v1"))
        ]
    );
}

#[test]
fn a_test_macro_configures_its_tests() {
    let project = project(&[
        ("dbt_project.yml", "name: shop\nprofile: p\ndata_tests: {+fail_calc: count(1)}\n"),
        (
            "macros/t.sql",
            "{% test sums(model, by=1) %}{{ config(fail_calc='sum(n)', limit=9) }}select {{ by }} as n from {{ model }}{% endtest %}",
        ),
        ("models/m.sql", "select 1 as id"),
        (
            "models/y.yml",
            "models: [{name: m, data_tests: [sums, {sums: {name: own, arguments: {by: 2}, config: {fail_calc: max(n)}}}, {sums: {name: few, arguments: {by: 3}, config: {limit: 2}}}]}]\n",
        ),
    ]);
    let of = |name: &str| project.tests.values().find(|t| t.name == name).unwrap();
    let told =
        |name: &str| (of(name).config["fail_calc"].as_str().unwrap(), of(name).compiled.as_ref().unwrap().sql.clone());
    let sql = |n: u8, limit: u8| format!("select {n} as n from \"shop\".\"main\".\"m\"\nlimit {limit}");
    assert_eq!(told("sums(m)"), ("sum(n)", sql(1, 9)));
    assert_eq!(told("own"), ("max(n)", sql(2, 9)));
    assert_eq!(told("few"), ("sum(n)", sql(3, 2)));
}

#[test]
fn a_version_has_the_tests_of_its_own_columns() {
    let project = project(&[
        ("dbt_project.yml", "name: shop\nprofile: p\n"),
        ("models/v_v1.sql", "select 1 as a"),
        ("models/v_v2.sql", "select 1 as a, 2 as n"),
        (
            "models/y.yml",
            "models: [{name: v, latest_version: 2, columns: [{name: a, data_tests: [unique]}, {name: old, data_tests: [not_null]}], versions: [{v: 1}, {v: 2, columns: [{include: all, exclude: [old]}, {name: n, data_tests: [unique]}]}]}]\n",
        ),
    ]);
    let of = |version: &str| {
        let id = format!("model.shop.v.v{version}");
        let tests = project.tests.values().filter(|t| t.attached.as_ref() == Some(&id));
        tests.map(|t| t.name.as_str()).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(of("1"), ["not_null(old)", "unique(a)"]);
    assert_eq!(of("2"), ["unique(a)", "unique(n)"]);
}
