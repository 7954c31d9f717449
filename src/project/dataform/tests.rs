//! Small Dataform projects, loaded whole.

use crate::files::FileSet;
use crate::project::bind::Bound;
use crate::project::{LoadOptions, Model, NotCompiledCode, Project, ProjectKind, find_project, load};

fn project_of(settings: (&str, &str), files: &[(&str, &str)]) -> Project {
    let set = FileSet::in_memory([settings].iter().chain(files).map(|(p, t)| (*p, *t)));
    assert_eq!(find_project(&set, None).unwrap().kind, ProjectKind::Dataform);
    let options = LoadOptions::of(&set);
    load(&options).unwrap()
}

const SETTINGS: (&str, &str) = (
    "workflow_settings.yaml",
    "defaultProject: mill\ndefaultDataset: shop\ndefaultAssertionDataset: checks\nvars: {year: \"2024\"}\n",
);

fn project(files: &[(&str, &str)]) -> Project {
    project_of(SETTINGS, files)
}

fn model<'a>(project: &'a Project, name: &str) -> &'a Model {
    project.models.values().find(|m| m.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn sql<'a>(project: &'a Project, name: &str) -> &'a str {
    &model(project, name).compiled.as_ref().unwrap_or_else(|e| panic!("{name}: {e:?}")).sql
}

const FLOUR: &str = "config {
  type: \"incremental\", // how
  tags: ['daily'],
  description: `Sacks of flour`,
  uniqueKey: [\"sack\"],
  columns: { sack: \"The sack\", grain: { description: 'Kind', bigqueryPolicyTags: ['p/1'] } },
  assertions: { uniqueKey: ['sack', 'grain'], nonNull: ['sack'], rowConditions: ['price > 0'] },
  bigquery: { partitionBy: 'day', labels: make() },
}
js { const unused = 1; }
pre_operations { declare since date default ${when(incremental(), `(select max(day) from ${self()})`, `date '2020-01-01'`)}; }
select s.sack, grain, price, '${dataform.projectConfig.vars.year}' as year -- ${not_this}
from ${ref('sacks')} as s join ${ref({schema: \"raw\", name: 'prices'})} using (grain)
${when(incremental(), `where day > (select max(day) from ${self()})`)}
post_operations { grant select on ${self()} to x
---
select 1 }
";

#[test]
fn a_file_is_a_model_with_its_blocks() {
    let project = project(&[
        ("definitions/marts/flour.sqlx", FLOUR),
        (
            "definitions/sacks.sqlx",
            "config { type: \"view\", schema: \"base\" }\r\nselect 1 as sack,\r\n  'rye' as grain",
        ),
        (
            "definitions/prices.sqlx",
            "config { type: 'declaration', schema: 'raw', name: 'prices', columns: {price: 'EUR'} }",
        ),
        ("definitions/check.sqlx", "config { type: 'assertion' } select * from ${ref('flour')} where price is null"),
        ("definitions/clean.sqlx", "delete from ${resolve('flour')} where sack = 0\n---\nselect 1"),
    ]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let flour = &project.models["model.project.flour"];
    let compiled = flour.compiled.as_ref().unwrap();
    let head = "select s.sack, grain, price, '2024' as year -- ${not_this}\nfrom `mill.base.sacks` as s join `mill.raw.prices` using (grain)";
    assert_eq!(compiled.sql, head);
    assert_eq!(
        compiled.incremental_sql.as_deref(),
        Some(format!("{head}\nwhere day > (select max(day) from `mill.shop.flour`)").as_str())
    );
    let parents: Vec<_> = flour.depends_on.iter().cloned().collect();
    assert_eq!(parents, ["model.project.base.sacks", "source.project.raw.prices"]);
    assert_eq!((flour.description.as_str(), flour.config["unique_key"][0].as_str()), ("Sacks of flour", Some("sack")));
    assert_eq!(flour.columns["grain"].extra["policy_tags"][0], "p/1");
    let hooks: Vec<_> = flour.hooks.iter().map(|h| (h.event.as_str(), h.sql.clone().unwrap(), h.place.line)).collect();
    assert_eq!(hooks[0].1, "declare since date default date '2020-01-01';");
    assert_eq!(hooks[1..].iter().map(|h| (h.0, h.2)).collect::<Vec<_>>(), [("post-hook", 15), ("post-hook", 17)]);
    assert_eq!(sql(&project, "sacks"), "select 1 as sack,\n  'rye' as grain");
    let tests: Vec<_> = project.tests.values().map(|t| (t.name.as_str(), t.compiled.clone().unwrap().sql)).collect();
    assert_eq!(tests.len(), 4);
    assert!(tests.contains(&("check", "select * from `mill.shop.flour` where price is null".to_owned())), "{tests:?}");
    assert!(
        tests.contains(&("not_null(sack)", "select * from `mill.shop.flour` where not (sack is not null)".to_owned()))
    );
    assert_eq!(project.hooks.len(), 2);
    let bound = Bound::new(project, &Default::default(), Default::default());
    let outputs = &bound.analysis("model.project.flour").unwrap().outputs;
    assert_eq!(outputs[0].edges[0].table, "model.project.base.sacks", "{outputs:?}");
}

#[test]
fn suffixes_and_prefixes_are_part_of_names_but_not_of_sources() {
    let settings =
        "{\"warehouse\": \"bigquery\", \"defaultSchema\": \"shop\", \"schemaSuffix\": \"dev\", \"tablePrefix\": \"t\"}";
    let project = project_of(
        ("dataform.json", settings),
        &[
            (
                "definitions/a.sqlx",
                "config { type: 'table' }\nselect * from ${ref('raw', 'x')}, ${resolve(['b'])} -- ${\"no\"}\n where '${name()}' = '${schema()}'",
            ),
            ("definitions/b.sqlx", "config { type: 'view' } select '\\\\d' as d, `x y` from u"),
            ("definitions/x.sqlx", "config { type: 'declaration', schema: 'raw' }"),
        ],
    );
    let expected = "select * from `raw.x`, `shop_dev.t_b` -- ${\"no\"}\n where 't_a' = 'shop_dev'";
    assert_eq!(sql(&project, "a"), expected);
    assert_eq!(sql(&project, "b"), "select '\\\\d' as d, `x y` from u");
}

#[test]
fn what_needs_javascript_is_not_compiled_and_says_where() {
    use NotCompiledCode::{CompilerError, RefNotFound, Unsupported};
    let table = "config { type: 'table' }\n";
    let cases = [
        ("select 1\nfrom ${constants.t}", Unsupported, 3, "constants.t"),
        ("select ${f(1)}", Unsupported, 2, "f(...)"),
        ("select ${['a'].map(x => x)}", Unsupported, 2, "map"),
        ("select 1\n\nfrom ${ref('nowhere')}", RefNotFound, 4, "nowhere"),
        ("select 1 from ${ref('twice')}", CompilerError, 2, "a.twice, b.twice"),
        ("select 1;\n", CompilerError, 2, "semicolon"),
        ("select 1\n---\nselect 2", CompilerError, 3, "statement"),
        ("select 1 -- \\d", Unsupported, 2, "backslash"),
        ("select 1 from ${ref('ops')}", CompilerError, 2, "no relation"),
        ("select ${dataform.projectConfig.vars.month}", Unsupported, 2, "month"),
    ];
    for (text, code, line, what) in cases {
        let text = format!("{table}{text}");
        let project = project(&[
            ("definitions/m.sqlx", &text),
            ("definitions/1/twice.sqlx", "config { type: 'view', schema: 'a' } select 1 as x"),
            ("definitions/2/twice.sqlx", "config { type: 'view', schema: 'b' } select 1 as x"),
            ("definitions/ops.sqlx", "drop table x"),
        ]);
        let error = model(&project, "m").compiled.clone().unwrap_err();
        assert_eq!((error.code, error.place.line), (code, line), "{text}: {error:?}");
        assert!(error.message.contains(what), "{text}: {}", error.message);
    }
    let made = project(&[("definitions/m.sqlx", "config { type: 'table', name: make() }\nselect 1")]);
    assert!(model(&made, "m").compiled.is_err());
    let declared = project(&[
        ("definitions/m.sqlx", "config { type: 'table' } select 1 from ${ref('s')}, ${ref('raw', 't')}"),
        ("definitions/s.js", "declare({ name: 's' });\ndeclare({ schema: 'raw', name: 't' })"),
    ]);
    assert_eq!(sql(&declared, "m"), "select 1 from `mill.shop.s`, `mill.raw.t`");
    assert_eq!((declared.models.len(), declared.sources.len()), (1, 2));
    let script = project(&[
        ("definitions/m.sqlx", "config { type: 'table' } select 1 from ${ref('s')}"),
        ("definitions/s.js", "publish(x)"),
        ("definitions/a/actions.yaml", "actions: []"),
        ("definitions/b/actions.yaml", "actions: []"),
    ]);
    assert_eq!(script.models.len(), 4);
    assert_eq!(model(&script, "m").compiled.clone().unwrap_err().code, Unsupported);
}

#[test]
fn hostile_files_are_read_in_bounds() {
    let deep = format!("config {{ type: 'table' }}\nselect ${{{}}}", "when(".repeat(50_000));
    let braces = format!("config {}", "{".repeat(200_000));
    let doubled = format!("config {{ type: 'view', name: 'd' }}\n{}", "${when(true, `a`)}".repeat(20_000));
    let files = [
        ("definitions/1.sqlx", deep.as_str()),
        ("definitions/2.sqlx", &braces),
        ("definitions/3.sqlx", &doubled),
        ("definitions/4.sqlx", "config { type: 'view' } select '${"),
        ("definitions/5.sqlx", "\u{0}é`${`"),
    ];
    let project = project(&files);
    assert!(model(&project, "1").compiled.is_err());
    assert_eq!(sql(&project, "d").len(), 20_000);
}

#[test]
fn constants_of_includes_are_put_in() {
    let project = project(&[
        ("includes/limits.js", "const MOST = 10;\nconst WHO = \"miller\";\nmodule.exports = { MOST, WHO };\n"),
        ("includes/code.js", "module.exports = { f: () => 1 };\n"),
        ("definitions/a.sqlx", "config { type: 'table' }\nselect ${limits.MOST} as n, '${limits.WHO}' as who"),
        ("definitions/b.sqlx", "config { type: 'table' }\nselect ${code.f()} as n"),
        (
            "definitions/c.sqlx",
            "config { type: 'table' }\njs { const limits = { MOST: 1 }; }\nselect ${limits.MOST} as n",
        ),
    ]);
    assert_eq!(sql(&project, "a").trim(), "select 10 as n, 'miller' as who");
    for unread in ["b", "c"] {
        assert_eq!(model(&project, unread).compiled.as_ref().unwrap_err().code, NotCompiledCode::Unsupported);
    }
}
