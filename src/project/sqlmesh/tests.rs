//! Small SQLMesh projects, loaded whole.

use crate::files::FileSet;
use crate::project::bind::Bound;
use crate::project::{LoadOptions, NodeKind, Project, ProjectKind, find_project, load};

fn project_of(config: (&str, &str), files: &[(&str, &str)]) -> Project {
    let set = FileSet::in_memory([config].iter().chain(files).map(|(p, t)| (*p, *t)));
    assert_eq!(find_project(&set, None).unwrap().kind, ProjectKind::SqlMesh);
    let options = LoadOptions::of(&set);
    load(&options).unwrap()
}

const CONFIG: (&str, &str) = ("config.yaml", "project: mill\nmodel_defaults:\n  dialect: duckdb\n");

fn project(files: &[(&str, &str)]) -> Project {
    project_of(CONFIG, files)
}

fn failure(text: &str) -> (String, u32) {
    let project = project(&[("models/m.sql", text)]);
    let model = project.models.values().next().unwrap();
    let error = model.compiled.clone().unwrap_err();
    (error.message, error.place.line)
}

const FLOUR: &str = "-- what the mill sells
MODEL (
  name shop.flour, -- the name
  kind INCREMENTAL_BY_UNIQUE_KEY (unique_key (grain, sack), batch_size 3),
  owner miller,
  cron '@daily',
  tags (food, [daily]),
  grain (grain, sack),
  description 'Sacks, by grain; ''fine'' ones too',
  columns (grain TEXT, sack INT, price DECIMAL(10, 2)),
  column_descriptions (grain = 'Which grain'),
  audits (not_null(columns := (grain, sack)), unique_values_non_blocking(columns := (sack)),
    accepted_values(column := grain, is_in := ('rye', 'oat')), sold_sacks, number_of_rows(threshold := 3))
);

SET threads = 1;

SELECT s.grain, s.sack, p.price
FROM shop.sacks AS s
JOIN raw.prices AS p USING (grain);

CREATE INDEX i ON shop.flour (sack);

AUDIT (name sold_sacks, blocking false);
SELECT * FROM @this_model WHERE price < 0
";

#[test]
fn a_header_a_query_and_what_is_around_them() {
    let project = project(&[
        ("models/shop/flour.sql", FLOUR),
        (
            "models/sacks.sql",
            "MODEL (name Shop.Sacks, kind SEED (path '../seeds/s.csv'), columns (grain TEXT, sack INT));",
        ),
        ("seeds/s.csv", "grain,sack\nrye,1\n"),
        ("external_models.yaml", "- name: '\"raw\".\"prices\"'\n  columns: {grain: TEXT, price: DOUBLE}\n"),
        ("models/empty.sql", "-- nothing yet\n"),
        ("models/off.sql", "MODEL (name shop.off, enabled false); SELECT 1"),
    ]);
    assert!(project.problems.is_empty(), "{:?}", project.problems);
    let flour = &project.models["model.mill.shop.flour"];
    let sql = &flour.compiled.as_ref().unwrap().sql;
    assert_eq!(sql, "SELECT s.grain, s.sack, p.price\nFROM shop.sacks AS s\nJOIN raw.prices AS p USING (grain)");
    assert_eq!(
        flour.depends_on.iter().cloned().collect::<Vec<_>>(),
        ["seed.mill.shop.sacks", "source.mill.raw.prices"]
    );
    assert_eq!((flour.materialized(), flour.description.as_str()), ("incremental", "Sacks, by grain; 'fine' ones too"));
    assert_eq!(flour.config["unique_key"], "(grain, sack)");
    assert_eq!(flour.columns["grain"].description, "Which grain");
    assert_eq!(flour.columns["price"].data_type.as_deref(), Some("DECIMAL(10, 2)"));
    let hooks: Vec<_> = flour.hooks.iter().map(|h| (h.event.as_str(), h.sql.clone().unwrap(), h.place.line)).collect();
    assert_eq!(
        hooks,
        [
            ("pre-hook", "SET threads = 1".to_owned(), 16),
            ("post-hook", "CREATE INDEX i ON shop.flour (sack)".to_owned(), 22)
        ]
    );
    let seed = &project.models["seed.mill.shop.sacks"];
    assert_eq!((seed.kind, seed.csv.as_deref()), (NodeKind::Seed, Some("grain,sack\nrye,1\n".as_bytes())));
    assert_eq!(project.models.len(), 2);
    let bound = Bound::new(project, &Default::default(), Default::default());
    assert_eq!(bound.columns("model.mill.shop.flour").unwrap(), ["grain", "sack", "price"]);
    let price = &bound.analysis("model.mill.shop.flour").unwrap().outputs[2];
    assert_eq!(price.edges[0].table, "source.mill.raw.prices");
}

#[test]
fn audits_are_tests() {
    let project = project(&[("models/shop/flour.sql", FLOUR)]);
    let tests: Vec<(String, String, Result<String, String>)> = project
        .tests
        .values()
        .map(|t| {
            let sql = t.compiled.as_ref().map(|c| c.sql.clone()).map_err(|e| e.message.clone());
            (t.name.clone(), t.config["severity"].as_str().unwrap().to_owned(), sql)
        })
        .collect();
    let find = |name: &str| tests.iter().find(|(n, ..)| n == name).unwrap_or_else(|| panic!("{name}: {tests:?}"));
    assert_eq!(find("not_null(sack)").2.as_deref(), Ok("select * from shop.flour where sack is null"));
    assert_eq!(
        find("accepted_values(grain)").2.as_deref(),
        Ok("select * from shop.flour where grain not in ('rye', 'oat')")
    );
    assert_eq!(find("unique_values(sack)").1, "WARN");
    assert_eq!(find("sold_sacks(shop.flour)").2.as_deref(), Ok("SELECT * FROM shop.flour WHERE price < 0"));
    assert!(find("number_of_rows(shop.flour)").2.is_err());
    assert_eq!(tests.len(), 6);
}

#[test]
fn what_sqlmesh_works_out_is_not_compiled() {
    let cases = [
        ("MODEL (name a.b);\nSELECT @start_ds\nWHERE ds = @each(x)", "@each", 3),
        ("MODEL (name a.b);\nSELECT 1 AS \"@{x}\"", "`@`", 2),
        ("MODEL (name a.b);\n@make(1)", "written by a macro", 2),
        ("MODEL (name a.b);\n\nJINJA_QUERY_BEGIN;\nSELECT {{ 1 }};\nJINJA_END;", "Jinja", 3),
        ("MODEL (name a.b);\nSELECT 1;\nSELECT 2", "more than one query", 3),
        ("MODEL (name @x.b);\nSELECT 1", "the name `@x.b`", 1),
        ("MODEL (name a.b,\n dialect snowflake);\nSELECT 1", "snowflake", 2),
        ("MODEL (name a.b)", "no query", 1),
        ("MODEL (kind FULL);\nSELECT 1", "no name", 1),
        ("SELECT 1", "no `MODEL", 1),
    ];
    for (text, what, line) in cases {
        let (message, at) = failure(text);
        assert!(message.contains(what) && at == line, "{text}: {message} at {at}");
    }
    let python = project(&[
        ("models/p.py", "from sqlmesh import model\n\n@model(\n  \"a.p\",\n  kind=\"FULL\")\ndef run(): ...\n"),
        ("models/m.sql", "MODEL (name a.m); SELECT '@x', * FROM a.p, p, other.p -- @y"),
    ]);
    assert!(python.models["model.mill.a.p"].compiled.is_err());
    let m = &python.models["model.mill.a.m"];
    assert!(m.compiled.is_ok());
    assert_eq!(m.depends_on.iter().cloned().collect::<Vec<_>>(), ["model.mill.a.p"]);
}

#[test]
fn names_and_dialects_come_from_the_project_file() {
    let inferred = "model_defaults: {dialect: snowflake, kind: full}\nmodel_naming: {infer_names: true}\nbefore_all: ['grant x', '@m()']\n";
    let project =
        project_of(("config.yml", inferred), &[("models/mart/sales.sql", "MODEL (cron '@daily');\nSELECT 1 AS a")]);
    let model = &project.models["model.project.mart.sales"];
    assert_eq!((model.materialized(), project.dialect.name()), ("table", "snowflake"));
    assert_eq!(project.hooks.iter().map(|h| h.sql.is_ok()).collect::<Vec<_>>(), [true, false]);
    let python = "config = Config(model_defaults=ModelDefaultsConfig(dialect=\"bigquery\"))";
    let file = [("models/a.sql", "MODEL (name a.b); SELECT 1 AS x")];
    assert_eq!(project_of(("config.py", python), &file).dialect.name(), "bigquery");
    let gateway = "gateways:\n  g: {connection: {type: postgres}}\ndefault_gateway: g\nmodel_defaults: {}\n";
    assert_eq!(project_of(("config.yaml", gateway), &file).dialect.name(), "postgres");
}

#[test]
fn a_history_table_has_the_columns_that_the_tool_adds() {
    let project = project(&[
        (
            "models/h.sql",
            "MODEL (name a.h, kind SCD_TYPE_2_BY_TIME (unique_key id, valid_to_name until)); SELECT 1 AS id",
        ),
        ("models/r.sql", "MODEL (name a.r); SELECT * FROM a.h"),
    ]);
    let bound = Bound::new(project, &Default::default(), Default::default());
    assert_eq!(bound.columns("model.mill.a.r").unwrap(), ["id", "valid_from", "until"]);
}

#[test]
fn hostile_files_are_read_in_bounds() {
    let deep = format!("MODEL (name a.b, tags {});\nSELECT 1", "(".repeat(200_000));
    let many = format!("MODEL (name a.c);\n{}", "SELECT ';' ;".repeat(20_000));
    let open = "MODEL (name a.d, description 'never closed".to_owned();
    let files = [
        ("models/1.sql", deep.as_str()),
        ("models/2.sql", &many),
        ("models/3.sql", &open),
        ("models/4.sql", "é'\u{0}"),
    ];
    let project = project(&files);
    assert!(project.models.values().all(|m| m.compiled.is_err()));
}

#[test]
fn the_interval_is_pinned_and_audits_take_arguments() {
    let project = project(&[
        (
            "models/m.sql",
            "MODEL (name a.m, audits (under(column := price, most := 5)));\nSELECT 1 AS price\nWHERE ds = @start_ds",
        ),
        (
            "audits/under.sql",
            "AUDIT (name under, defaults (least = 0));\nSELECT * FROM @this_model WHERE @column NOT BETWEEN @least AND @most",
        ),
    ]);
    let model = project.models.values().next().unwrap();
    let compiled = model.compiled.as_ref().unwrap();
    assert_eq!(compiled.sql, "SELECT 1 AS price\nWHERE ds = '1970-01-01'");
    assert!(compiled.flags.contains("volatile:interval"));
    let audit = project.tests.values().next().unwrap().compiled.as_ref().unwrap();
    assert!(audit.sql.ends_with("WHERE price NOT BETWEEN 0 AND 5"), "{}", audit.sql);
}
