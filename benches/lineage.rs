//! Measures column lineage: all output columns of 25 queries, on one thread, beside other engines in the same run; and
//! the whole column graph of a project of 1,000 models.
//!
//! `ROWPROOF_BENCH_PYTHON=python3 scripts/dev bench --bench lineage`: the Python of that name runs the peers that it can
//! import (`sqlglot[c]`, `polyglot-sql`); a missing one is said. Fails when we are slower than we promise.

use rowproof::files::FileSet;
use rowproof::project::bind::{Bound, Externals};
use rowproof::project::{LoadOptions, ProfileFile, load};
use rowproof::sql::{self, Catalog, Dialect, TableInfo};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const ROUNDS: usize = 10;
/// Peers by name of `peers.py`, and how many times their time per query must be ours.
const PEERS: &[(&str, f64)] = &[("sqlglot", 20.0), ("polyglot", 3.0)];
const MODELS: usize = 1_000;
/// What reading such a project and all its lineage may take.
const LIMIT: Duration = Duration::from_secs(1);

struct Tables(BTreeMap<String, Vec<String>>);

impl Catalog for Tables {
    fn relation(&self, parts: &[String]) -> Option<TableInfo> {
        let name = parts.last()?;
        Some(TableInfo { id: name.clone(), columns: Some(self.0.get(name)?.clone()) })
    }
}

fn main() -> ExitCode {
    // As the binary does.
    rowproof::stack::deep(run)
}

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn run() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lineage");
    let (queries, schema) = (folder.join("queries.sql"), folder.join("schema.json"));
    let text = std::fs::read_to_string(&queries).expect("the queries");
    let texts: Vec<&str> = text.split(";\n").map(str::trim).filter(|one| !one.is_empty()).collect();
    let tables = Tables(serde_json::from_slice(&std::fs::read(&schema).expect("the schema")).expect("a map"));
    let ours = queries_once(&texts, &tables);
    println!("{} queries, all columns, least of {ROUNDS} rounds\nrowproof   {ours:>8.3} ms a query", texts.len());
    let mut kept = true;
    let python = std::env::var_os("ROWPROOF_BENCH_PYTHON").map(PathBuf::from);
    for (peer, wanted) in PEERS {
        let theirs = python.as_ref().ok_or_else(|| "ROWPROOF_BENCH_PYTHON names no Python".to_owned());
        match theirs.and_then(|python| peer_once(python, &folder.join("peers.py"), peer, &queries, &schema)) {
            Ok(theirs) => {
                let times = theirs / ours;
                let verdict = if times >= *wanted { "kept" } else { "NOT KEPT" };
                kept &= times >= *wanted;
                println!("{peer:<10} {theirs:>8.3} ms a query   {times:>6.1} times ours, {wanted} promised: {verdict}");
            }
            Err(reason) => println!("{peer:<10} not measured: {reason}"),
        }
    }
    let took = project_once();
    let verdict = if took <= LIMIT { "kept" } else { "NOT KEPT" };
    kept &= took <= LIMIT;
    println!(
        "{MODELS} models  {:>8} ms for reading and all lineage, {:?} promised: {verdict}",
        took.as_millis(),
        LIMIT
    );
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Milliseconds a query; each must resolve whole, or the number would be of something else.
fn queries_once(texts: &[&str], tables: &Tables) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        for text in texts {
            let analysis = sql::analyze(text, Dialect::DuckDb, tables).expect("the query is read");
            assert!(
                analysis.unresolved.is_empty() && !analysis.outputs.is_empty(),
                "{text}\n{:?}",
                analysis.unresolved
            );
        }
        best = best.min(start.elapsed());
    }
    best.as_secs_f64() * 1000.0 / texts.len() as f64
}

fn peer_once(python: &Path, script: &Path, peer: &str, queries: &Path, schema: &Path) -> Result<f64, String> {
    let output = Command::new(python).arg(script).arg(peer).args([queries, schema]).arg(ROUNDS.to_string()).output();
    let output = output.map_err(|error| format!("{}: {error}", python.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().last().unwrap_or("it failed without a word").to_owned());
    }
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|error| format!("{error}"))
}

/// A project of ten layers: each model joins two of the layer before it, through CTEs and a window.
fn project_once() -> Duration {
    let mut files = vec![("dbt_project.yml".to_owned(), "name: many\nprofile: p\n".to_owned())];
    let width = MODELS / 10;
    for at in 0..MODELS {
        files.push((format!("models/m_{at}.sql"), model(at, width)));
    }
    let set = FileSet::in_memory(files);
    let profile = "p: {target: dev, outputs: {dev: {type: duckdb, path: many.duckdb}}}";
    let options = LoadOptions {
        profiles: vec![ProfileFile { path: "profiles.yml".into(), text: profile.into() }],
        ..LoadOptions::of(&set)
    };
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let project = load(&options).expect("a project");
        let bound = Bound::new(project, &BTreeMap::new(), Externals::new());
        let reached = bound.downstream_columns("model.many.m_0", "amount");
        best = best.min(start.elapsed());
        assert!(reached.len() > 10, "the first model reaches the last layer: {reached:?}");
    }
    best
}

fn model(at: usize, width: usize) -> String {
    let Some(before) = at.checked_sub(width) else {
        return format!("select {at} as id, 'name' as name, 1.5 as amount, date '2001-01-01' as day, 'x' as kind");
    };
    let beside = if (before + 1) % width == 0 { before + 1 - width } else { before + 1 };
    format!(
        "with a as (select * from {{{{ ref('m_{before}') }}}}),\n\
         b as (select id, sum(amount) as amount, max(day) as day from {{{{ ref('m_{beside}') }}}} group by id),\n\
         joined as (\n\
             select a.id, a.name, a.amount + coalesce(b.amount, 0) as amount, a.day, a.kind,\n\
                 row_number() over (partition by a.kind order by a.day desc) as place\n\
             from a left join b on b.id = a.id\n\
         )\n\
         select id, upper(name) as name, case when place = 1 then amount else 0 end as amount, day, kind\n\
         from joined where amount is not null\n"
    )
}
