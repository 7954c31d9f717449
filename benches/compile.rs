//! Measures compiling a dbt project of 650 models with macros, a package, tests and incremental models: both sides in this
//! process, and the whole program beside dbt in the same run.
//!
//! `ROWPROOF_BENCH_DBT=dbt scripts/dev bench --bench compile`: the dbt of that name, with its DuckDB adapter, compiles and
//! parses the same folder; without it that is said. `ROWPROOF_BENCH_PROJECT=DIR` measures that dbt project instead of the
//! generated one. Fails when we are slower than we promise.

use git2::{Repository, RepositoryInitOptions, Signature, Time};
use rowproof::files::FileSet;
use rowproof::project::{LoadOptions, ProfileFile, Project, load};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const MODELS: usize = 650;
const ROUNDS: usize = 7;
/// What both sides of such a project may take.
const LIMIT: Duration = Duration::from_secs(1);
/// dbt's commands, and how many times our time theirs must be.
const PEERS: &[(&str, f64)] = &[("compile", 100.0), ("parse", 30.0)];
const PROFILE: &str =
    "bench: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:', schema: main, threads: 2}}}\n";

type Files = Vec<(String, String)>;

fn main() -> ExitCode {
    // As the binary does.
    rowproof::stack::deep(run)
}

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn run() -> ExitCode {
    let given = std::env::var_os("ROWPROOF_BENCH_PROJECT").map(PathBuf::from);
    let base = given.as_deref().map_or_else(generated, read);
    let mut head = base.clone();
    for (path, text) in &mut head {
        if path.starts_with("macros/") {
            text.push_str("{# head #}\n");
        }
    }
    let (models, took) = both(&base, &head);
    let mut kept = given.is_some() || took <= LIMIT;
    println!(
        "{models} models, least of {ROUNDS} rounds\nboth sides {:>7} ms, {LIMIT:?} promised: {}",
        took.as_millis(),
        if kept { "kept" } else { "NOT KEPT" }
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), &base);
    let ours = (0..ROUNDS).map(|_| ours(folder.path())).min().expect("rounds");
    println!("rowproof compile {:>8} ms, the whole program", ours.as_millis());
    for (command, wanted) in PEERS {
        match dbt(folder.path(), command) {
            Ok(theirs) => {
                let times = theirs.as_secs_f64() / ours.as_secs_f64();
                let verdict = if times >= *wanted { "kept" } else { "NOT KEPT" };
                kept &= times >= *wanted;
                println!(
                    "dbt {command:<12} {:>8} ms   {times:>6.1} times ours, {wanted} promised: {verdict}",
                    theirs.as_millis()
                );
            }
            Err(reason) => println!("dbt {command:<12} not measured: {reason}"),
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Models compiled on both sides, and the time for loading both as a run does.
fn both(base: &Files, head: &Files) -> (usize, Duration) {
    let (base, head) = (FileSet::in_memory(base.iter().cloned()), FileSet::in_memory(head.iter().cloned()));
    let mut best = (0, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let (base, head) = rayon::join(|| compiled(&base), || compiled(&head));
        let took = start.elapsed();
        let done = |project: &Project| project.models.values().filter(|model| model.compiled.is_ok()).count();
        assert!(!base.models.is_empty() && base.models.len() == head.models.len(), "both sides have the models");
        best = (done(&base), best.1.min(took));
    }
    best
}

fn compiled(files: &FileSet) -> Project {
    let options = LoadOptions {
        profiles: vec![ProfileFile { path: "profiles.yml".into(), text: PROFILE.into() }],
        ..LoadOptions::of(files)
    };
    load(&options).expect("a project")
}

fn ours(folder: &Path) -> Duration {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_rowproof"))
        .current_dir(folder)
        .args(["compile", "--format", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("the binary runs").code().is_some_and(|code| code == 0 || code == 2), "it answers");
    start.elapsed()
}

fn dbt(folder: &Path, command: &str) -> Result<Duration, String> {
    let program = std::env::var_os("ROWPROOF_BENCH_DBT").ok_or("ROWPROOF_BENCH_DBT names no dbt")?;
    let start = Instant::now();
    let output = Command::new(&program)
        .current_dir(folder)
        .args(["--no-partial-parse", "--no-send-anonymous-usage-stats", command, "--profiles-dir", "."])
        .output()
        .map_err(|error| format!("{}: {error}", PathBuf::from(&program).display()))?;
    let took = start.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        return Err(said.lines().last().unwrap_or("it failed without a word").to_owned());
    }
    Ok(took)
}

/// A third of the models stages sources, a third joins and aggregates, a third is read by people.
fn generated() -> Files {
    let mut files: Files = vec![
        (
            "dbt_project.yml".into(),
            "name: bench\nprofile: bench\nvars: {rate: 100}\nmodels: {bench: {marts: {+materialized: table}}}\n".into(),
        ),
        ("packages.yml".into(), "packages: [{local: ../tool}]\n".into()),
        ("dbt_packages/tool/dbt_project.yml".into(), "name: tool\nversion: '1.0'\n".into()),
        ("profiles.yml".into(), PROFILE.into()),
    ];
    for at in 0..60 {
        files.push((format!("macros/m_{at}.sql"), own_macro(at)));
        files.push((format!("dbt_packages/tool/macros/t_{at}.sql"), package_macro(at)));
    }
    let third = MODELS / 3;
    let tables: String = (0..third).map(|at| format!("      - name: t_{at}\n")).collect();
    files.push(("models/sources.yml".into(), format!("sources:\n  - name: raw\n    tables:\n{tables}")));
    let mut declared = String::from("models:\n");
    for at in 0..MODELS {
        let (name, text) = match at / third {
            0 => (format!("stg_{at}"), staging(at)),
            1 => (format!("int_{at}"), joined(at, third)),
            _ => (format!("mart_{at}"), mart(at, third)),
        };
        let folder = if at / third > 1 { "marts" } else { "inner" };
        files.push((format!("models/{folder}/{name}.sql"), text));
        declared += &format!(
            "  - name: {name}\n    description: Model {at}\n    columns:\n      - {{name: id, data_tests: [unique, not_null]}}\n"
        );
    }
    files.push(("models/schema.yml".into(), declared));
    files
}

fn own_macro(at: usize) -> String {
    format!(
        "{{% macro m_{at}(column, scale=2) -%}}\n    {{{{ return(adapter.dispatch('m_{at}')(column, scale)) }}}}\n\
         {{%- endmacro %}}\n\n{{% macro default__m_{at}(column, scale) -%}}\n    \
         round({{{{ tool.t_{at}(column) }}}} / {{{{ var('rate') }}}}, {{{{ scale }}}})\n{{%- endmacro %}}\n"
    )
}

fn package_macro(at: usize) -> String {
    format!(
        "{{% macro t_{at}(column) -%}}\n    {{%- set parts = [] -%}}\n    {{%- for part in ['0', '{at}'] -%}}\n        \
         {{%- do parts.append(column ~ ' + ' ~ part) -%}}\n    {{%- endfor -%}}\n    ({{{{ parts | join(' + ') }}}})\n\
         {{%- endmacro %}}\n"
    )
}

fn staging(at: usize) -> String {
    let columns: String =
        (0..10).map(|c| format!(",\n        {{{{ m_{}('f{c}') }}}} as c{c}", (at + c) % 60)).collect();
    format!(
        "with source as (\n\n    select * from {{{{ source('raw', 't_{at}') }}}}\n\n),\n\nrenamed as (\n\n    select\n        \
         id{columns}\n    from source\n    where f0 is not null\n\n)\n\nselect * from renamed\n"
    )
}

fn joined(at: usize, third: usize) -> String {
    let (left, right) = (at % third, (at * 7 + 1) % third);
    format!(
        "{{% set kinds = ['c1', 'c2', 'c3', 'c4'] %}}\nselect\n    l.id\n    {{% for kind in kinds %}}\n    , sum(case when l.{{{{ kind }}}} > 0 \
         then r.{{{{ kind }}}} end) as {{{{ kind }}}}_sum{{% if not loop.last %}} -- more\n    {{% endif %}}{{% endfor %}}\n\
         from {{{{ ref('stg_{left}') }}}} as l\nleft join {{{{ ref('stg_{right}') }}}} as r on r.id = l.id\ngroup by l.id\n"
    )
}

fn mart(at: usize, third: usize) -> String {
    let parent = third + at % third;
    let config = if at.is_multiple_of(5) { "{{ config(materialized='incremental', unique_key='id') }}\n" } else { "" };
    format!(
        "{config}select id, c1_sum, {{{{ m_{}('c2_sum') }}}} as c2 from {{{{ ref('int_{parent}') }}}}\n\
         {{% if is_incremental() %}}where id > (select max(id) from {{{{ this }}}}){{% endif %}}\n",
        at % 60
    )
}

fn read(folder: &Path) -> Files {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !matches!(name.as_str(), ".git" | "target" | "logs") {
                open.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let inner = path.strip_prefix(folder).expect("under the folder");
                files.push((inner.to_string_lossy().into_owned(), text));
            }
        }
    }
    files
}

/// The files, committed.
fn write(folder: &Path, files: &Files) {
    for (path, text) in files {
        let to = folder.join(path);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        std::fs::write(to, text).expect("a file");
    }
    let repo = Repository::init_opts(folder, RepositoryInitOptions::new().initial_head("base")).expect("a repository");
    let mut index = repo.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).expect("the files");
    let tree = repo.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let who = Signature::new("Bench", "bench@rowproof.invalid", &Time::new(1_767_268_800, 0)).expect("a name");
    repo.commit(Some("HEAD"), &who, &who, "base", &tree, &[]).expect("a commit");
}
