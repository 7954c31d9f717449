//! Policies as people write them, over a registry of made-up gates.

use super::*;
use crate::gates::{Change, Checked, Context, Gate, Needs, Rule, options};
use jiff::civil::date;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

struct Nothing;

impl Gate for Nothing {
    fn check(&self, _: &Change<'_>, _: &Context<'_>) -> Result<Checked> {
        Ok(Checked::pass("nothing to see"))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct None {}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Counts {
    warn: Option<values::Percent>,
    fail: Option<values::Percent>,
    #[expect(dead_code, reason = "only its shape matters")]
    min_rows: Option<u64>,
}

fn bare(value: &Value) -> Result<Box<dyn Gate>> {
    options::<None>(value)?;
    Ok(Box::new(Nothing))
}

fn counts(value: &Value) -> Result<Box<dyn Gate>> {
    let counts = options::<Counts>(value)?;
    if let (Some(warn), Some(fail)) = (counts.warn, counts.fail)
        && warn.value > fail.value
    {
        anyhow::bail!("`warn` is above `fail`");
    }
    Ok(Box::new(Nothing))
}

const fn spec(id: &'static str, rules: &'static [Rule], build: fn(&Value) -> Result<Box<dyn Gate>>) -> GateSpec {
    let options = || schema_for!(Counts);
    GateSpec { id, summary: "made up", help: "made up", needs: Needs::Static, rules, build, options }
}

const RULES: &[Rule] = &[
    Rule { id: "pii_scan/leaked", what: "leaked", help: "mask it" },
    Rule { id: "pii_scan/tag-dropped", what: "tag dropped", help: "keep it" },
];

pub(super) const FAKE: &[&GateSpec] = &[
    &spec("parse", &[], bare),
    &spec("safety", &[], bare),
    &spec("compile", &[], bare),
    &spec("explain_plan", &[], bare),
    &spec("test", &[], bare),
    &spec("row_count_diff", &[], counts),
    &spec("lineage_diff", &[], bare),
    &spec("pii_scan", RULES, bare),
    &spec("semantics", &[], bare),
    &spec("integrity", &[], bare),
    &spec("reconcile", &[], bare),
];

fn load_files(files: &[(&str, &str)]) -> Result<Policy> {
    let read = |path: &str| Ok(files.iter().find(|(p, _)| *p == path).map(|(_, t)| (*t).to_owned()));
    let (path, text) = files[0];
    load_with(PolicySource { path: path.into(), text: text.into() }, &read, FAKE)
}

fn load_text(text: &str) -> Result<Policy> {
    load_files(&[("rowproof.yml", text)])
}

fn error(text: &str) -> String {
    format!("{:#}", load_text(text).expect_err("a wrong policy"))
}

#[test]
fn the_built_in_policies_hold() {
    for (name, _) in BUILT_IN {
        let policy = built_in_with(name, FAKE).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        assert_eq!(policy.path, format!("built-in:{name}"));
        assert!(policy.check_against(&[], date(2026, 1, 1)).is_empty(), "{name} is quiet in any project");
    }
    assert!(format!("{:#}", built_in_with("strickt", FAKE).unwrap_err()).contains("did you mean `strict`?"));
}

#[test]
fn the_built_in_policies_hold_with_the_gates_of_this_version() {
    let missing: Vec<&str> = FAKE.iter().map(|g| g.id).filter(|id| crate::gates::gate(id).is_none()).collect();
    for (name, _) in BUILT_IN {
        if let Err(error) = built_in(name) {
            assert!(!missing.is_empty(), "{name}: {error:#}");
            assert!(missing.iter().any(|id| format!("{error:#}").contains(id)), "{name}: {error:#}");
        }
    }
}

#[test]
fn layers_of_the_default_policy() {
    let policy = built_in_with("default", FAKE).expect("valid");
    assert_eq!(policy.layer_of("models/staging/stg_orders.sql").name, "staging");
    assert_eq!(policy.layer_of("models/finance/marts/core/orders.sql").name, "marts");
    assert_eq!(policy.layer_of("models/orders.sql").name, "metrics", "what matches nothing is in the strictest");
    assert_eq!(policy.strictest_gates().len(), FAKE.len());
    assert_eq!(policy.options["row_count_diff"]["fail"], "10%");
}

#[test]
fn a_file_overrides_what_it_names_and_keeps_the_rest() {
    let policy = load_text(
        "version: 1\nextends: default\nproject: {path: ., dialect: auto}\nlayers:\n  - {name: sandbox, match: [\"models/marts/sandbox/**\"], gates: [test, parse]}\n  \
         - {name: marts, rollback_sla: 2h}\ngates: {row_count_diff: {fail: 20%}}\nenv_allow: [DBT_ENV]\n",
    )
    .expect("valid");
    assert_eq!(policy.project.path.as_deref(), Some("."));
    assert_eq!(policy.project.dialect, Option::None);
    let names: Vec<&str> = policy.layers.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(names, ["sandbox", "staging", "intermediate", "marts", "metrics"]);
    assert_eq!(policy.layers[0].gates, ["parse", "test"], "in the order of the registry");
    assert_eq!(policy.layer_of("models/marts/sandbox/a.sql").name, "sandbox");
    assert_eq!((policy.layers[3].rollback_sla.as_str(), policy.layers[3].gates.len()), ("2h", FAKE.len()));
    assert_eq!(policy.layers[3].origin, Origin { path: "rowproof.yml".into(), line: 6 });
    assert_eq!(policy.options["row_count_diff"], serde_json::json!({"warn": "5%", "fail": "20%", "min_rows": 50}));
    assert_eq!(policy.strictest.name, "metrics", "a lax layer of one's own is not the strictest");
}

#[test]
fn the_strictest_layer_is_made_when_no_single_one_asks_for_all() {
    let policy = load_text(
        "version: 1\nlayers:\n  - {name: a, match: [\"a/**\"], gates: [parse, test], review: [any-peer]}\n  \
         - {name: b, match: [\"b/**\"], gates: [parse, compile], review: [lead]}\nroles: {lead: {users: [x]}}\n",
    )
    .expect("valid");
    assert_eq!(policy.layer_of("c.sql").name, "strictest");
    assert_eq!(policy.strictest_gates(), ["parse", "compile", "test"]);
    assert_eq!(policy.strictest.review, ["lead"]);
}

#[test]
fn extended_files_are_found_from_the_folder_of_the_file() {
    let base =
        "version: 1\nextends: minimal\nwarehouse: {database: ../shop.duckdb, files: {a.b: x.csv}}\nllm: {label: ai}\n";
    let policy = load_files(&[
        ("dbt/rowproof.yml", "version: 1\nextends: ../shared/base.yml\nllm: {undeclared: warning}\n"),
        ("shared/base.yml", base),
    ])
    .expect("valid");
    assert_eq!(policy.warehouse.database.as_deref(), Some("../shared/../shop.duckdb"));
    assert_eq!(policy.llm.label.as_deref(), Some("ai"));
    assert_eq!(policy.llm.undeclared, schema::Undeclared::Warning);
}

#[test]
fn cycles_missing_files_and_ways_out_are_refused() {
    let own = format!("{:#}", load_files(&[("p.yml", "version: 1\nextends: ./p.yml\n")]).unwrap_err());
    assert_eq!(own, "p.yml:2:10: the policy extends itself: p.yml -> p.yml; remove one `extends`");
    let two = load_files(&[("a.yml", "version: 1\nextends: b.yml\n"), ("b.yml", "version: 1\nextends: a.yml\n")]);
    assert!(
        format!("{:#}", two.unwrap_err()).starts_with("b.yml:2:10: the policy extends itself: a.yml -> b.yml -> a.yml")
    );
    assert!(error("version: 1\nextends: nowhere.yml\n").contains("there is no file nowhere.yml"));
    assert!(error("version: 1\nextends: ../x.yml\n").contains("outside the repository"));
    assert!(error("version: 1\nextends: /etc/passwd\n").contains("outside the repository"));
    assert!(error("version: 1\nextends: defalt\n").contains("did you mean `default`?"));
    let failing = load_with(
        PolicySource { path: "p.yml".into(), text: "version: 1\nextends: b.yml\n".into() },
        &|_| anyhow::bail!("disk on fire"),
        FAKE,
    );
    assert!(format!("{:#}", failing.unwrap_err()).contains("disk on fire"));
}

#[test]
fn every_mistake_is_told_with_line_column_and_hint() {
    let text = "version: 2\nextends: default\nlayers:\n  - name: marts\n    match: [\"models/[\", /abs]\n    gates: [parse, lineage_dif, metric_definition_review]\n    \
                review: [senior]\n  - {name: martz, match: []}\n  - {name: marts, gates: []}\nunmatched: pass\ngates:\n  row_count_dif: {}\n  metric_definition_review: {}\n  test: [x]\n\
                severity: {pii_scan/leakd: error, leaked: note}\nsuppress:\n  - {rule: pii_scan/leaked, model: \"\", reason: \" \", owner: me, expires: 2027-01-01}\n\
                env_allow: [\"DBT_*\"]\nwindows: {w: {tz: \"somewhere else\", days: [], hours: 10:00-11:00}}\nproject: {dialect: duckdv}\n";
    insta::assert_snapshot!(error(text));
}

#[test]
fn options_are_checked_by_their_gate_and_blamed_at_the_key() {
    let base = "version: 1\nextends: default\ngates:\n  row_count_diff:\n    ";
    assert_eq!(
        error(&format!("{base}min_rows: 3\n    wran: 1%\n")),
        "rowproof.yml:6:5: unknown key `wran` of gate `row_count_diff`; did you mean `warn`?"
    );
    let percent = error(&format!("{base}min_rows: 3\n    warn: many\n"));
    assert!(
        percent.starts_with("rowproof.yml:6:5: options of gate `row_count_diff`: `many` is no percentage"),
        "{percent}"
    );
    let both = error(&format!("{base}min_rows: 3\n    fail: 3%\n"));
    assert_eq!(
        both, "rowproof.yml:6:5: options of gate `row_count_diff`: `warn` is above `fail`",
        "not the file it extends"
    );
    let kind = error(&format!("{base}warn: 1%\n    min_rows: few\n"));
    assert!(kind.starts_with("rowproof.yml:6:5: options of gate `row_count_diff`: invalid type"), "{kind}");
    assert!(
        error("version: 1\nextends: default\ngates: {parse: {deep: 1}}\n")
            .contains("unknown key `deep` of gate `parse`")
    );
}

#[test]
fn a_policy_without_layers_or_with_half_a_layer_is_refused() {
    assert!(error("version: 1\n").contains("the policy has no layers"));
    assert!(error("").contains("the file is empty"));
    assert!(
        error("version: 1\nextends: default\nlayers: [{name: mart, gates: [parse]}]\n")
            .contains("override layer `marts`?")
    );
    assert!(error("version: 1\nextends: minimal\nlayers: [{name: all, merge_window: busines}]\nwindows: {business: {tz: UTC, days: [mon], hours: \"09:00-10:00\"}}\n").contains("did you mean `business`?"));
}

#[test]
fn notices_tell_what_the_project_does_not_bear_out() {
    let policy = load_text(
        "version: 1\nextends: default\nlayers:\n  - {name: core, match: [\"models/core/**\", \"models/cor/*\"], gates: [parse], review: [boss]}\n  \
         - {name: late, match: [\"models/core/a.sql\"], gates: [parse]}\nsuppress:\n  \
         - {rule: pii_scan/leaked, model: ordrs, reason: r, owner: \"@me\", expires: 2026-01-31}\n",
    )
    .expect("valid");
    let models = [("orders".to_owned(), "models/core/a.sql".to_owned())];
    let told = |today| -> Vec<String> {
        policy.check_against(&models, today).iter().map(|n| format!("{}:{}: {}", n.path, n.line, n.message)).collect()
    };
    insta::assert_snapshot!(told(date(2026, 2, 1)).join("\n"));
    assert_eq!(told(date(2026, 1, 31)).len(), 4, "the last day still counts");
}

#[test]
fn overriding_one_key_of_a_layer_does_not_make_its_globs_ones_own() {
    let policy = load_text("version: 1\nextends: default\nlayers: [{name: marts, rollback_sla: 3h}]\n").expect("valid");
    assert!(policy.check_against(&[], date(2026, 1, 1)).is_empty());
}

#[test]
fn the_effective_policy_is_a_policy_with_the_same_meaning() {
    let text = "version: 1\nextends: strict\nlayers: [{name: marts, rollback_sla: 3h}]\nseverity: {pii_scan/leaked: warning}\n\
                suppress: [{rule: pii_scan/leaked, model: m, reason: \"a: b\\n# c\", owner: \"@o\", expires: 2027-01-01}]\nenv_allow: [A]\n";
    let policy = load_text(text).expect("valid");
    let shown = show::effective(&policy).expect("shown");
    assert!(shown.contains("  # rowproof.yml:3, built-in:strict:15, built-in:default:17\n"), "{shown}");
    let again = load_text(&shown).unwrap_or_else(|e| panic!("{e:#}\n{shown}"));
    assert_eq!(again.effective, policy.effective);
    assert_eq!(again.suppress[0].reason, policy.suppress[0].reason);
}

#[test]
fn strict_asks_for_no_less_than_default_anywhere() {
    let (default, strict) =
        (built_in_with("default", FAKE).expect("default"), built_in_with("strict", FAKE).expect("strict"));
    for path in
        ["models/staging/a.sql", "models/intermediate/a.sql", "models/marts/a.sql", "models/metrics/a.sql", "x.sql"]
    {
        let asked = &strict.layer_of(path).gates;
        assert!(default.layer_of(path).gates.iter().all(|g| asked.contains(g)), "{path}");
    }
}

#[test]
fn the_schema_knows_gates_and_rules() {
    let schema = json_schema::schema(FAKE);
    assert!(schema["properties"]["gates"]["properties"]["row_count_diff"]["properties"]["warn"].is_object());
    assert_eq!(schema["properties"]["gates"]["additionalProperties"], false);
    assert_eq!(schema["properties"]["severity"]["propertyNames"]["enum"][0], "pii_scan/leaked");
    assert_eq!(schema["$defs"]["LayerFile"]["properties"]["gates"]["items"]["enum"][10], "reconcile");
    let text = schema.to_string();
    for (at, _) in text.match_indices("#/$defs/") {
        let name: String = text[at + 8..].chars().take_while(|c| *c != '"').collect();
        assert!(schema["$defs"].get(&name).is_some(), "{name} is defined");
    }
}

proptest::proptest! {
    #[test]
    fn hostile_text_never_panics(text in "(?s).{0,200}") {
        let _ = load_text(&text);
        let _ = load_text(&format!("version: 1\nextends: default\n{text}"));
    }

    #[test]
    fn wrong_values_anywhere_are_errors_not_panics(
        key in "layers|gates|suppress|windows|severity|budget|llm|roles|env_allow|project|warehouse|compile|unmatched|version",
        value in "[\\[\\]{}a-z0-9:, %*&-]{0,40}",
    ) {
        let _ = load_text(&format!("version: 1\nextends: default\n{key}: {value}\n"));
    }
}

#[test]
fn windows_are_checked_when_the_policy_loads() {
    let windows = |window: &str| format!("version: 1\nextends: default\nwindows: {{w: {window}}}\n");
    for good in [
        "{tz: UTC, days: [mon], hours: \"00:00-24:00\"}",
        "{tz: Asia/Kathmandu, days: [mon], hours: \"09:00-10:00\", holidays: [2026-12-25]}",
        "{tz: America/Argentina/Buenos_Aires, days: [mon], hours: \"09:00-10:00\", holidays: ../days/ar.ics}",
    ] {
        assert!(load_text(&windows(good)).is_ok(), "{good}: {}", error(&windows(good)));
    }
    for (wrong, told) in [
        (
            "{tz: Europe/Pariss, days: [mon], hours: \"09:00-10:00\"}",
            "`Europe/Pariss` is no time zone; did you mean `Europe/Paris`?",
        ),
        ("{tz: europe/paris, days: [mon], hours: \"09:00-10:00\"}", "did you mean `Europe/Paris`?"),
        ("{tz: Moon/Base, days: [mon], hours: \"09:00-10:00\"}", "`Moon/Base` is no time zone"),
        ("{tz: Etc/Unknown, days: [mon], hours: \"09:00-10:00\"}", "is no time zone"),
        ("{tz: UTC, days: [mon], hours: \"09:00-24:01\"}", "are no hours of a day"),
        (
            "{tz: UTC, days: [mon], hours: \"09:00-10:00\", holidays: /etc/days.ics}",
            "is no calendar file of the repository",
        ),
        ("{tz: UTC, days: [mon], hours: \"09:00-10:00\", holidays: [2026-02-30]}", "`2026-02-30` is no date"),
        (
            "{tz: UTC, days: [mon], hours: \"09:00-10:00\", holidays: {a: b}}",
            "the path of an .ics file, or a list of days",
        ),
    ] {
        let text = error(&windows(wrong));
        assert!(text.contains(told), "{wrong}: {text}");
    }
}
