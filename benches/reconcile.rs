//! Measures `rowproof reconcile` on tables of 13 columns that it makes itself: whether every count is exactly the truth,
//! and the time against one scan that hashes both sides and against a plain join, all in one run. What is promised is of
//! the comparison, as a gate makes it in a database that is open; the whole process is shown beside it.
//!
//! `scripts/dev bench --bench reconcile`. `ROWPROOF_BENCH_ROWS=25000,1000000,10000000` names sizes (default: 1000000),
//! `ROWPROOF_BENCH_PYTHON=python3` a Python that can import the peers (`data-diff`, `datacompy`); a missing one is said.
//! Fails when a count is wrong or we are slower than we promise.

#[path = "reconcile/tables.rs"]
mod tables;

use duckdb::Connection;
use rowproof::engine::{Attach, Limits, Scratch};
use rowproof::reconcile::{Options, compare};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;
use tables::{KEY, VARIANTS, Variant, rows, wrong};

/// Columns beside the key, and those with a tolerance among them.
const REST: [&str; 10] =
    ["day", "first_seen", "events", "users", "minutes", "score", "adoption_rate", "revenue", "region", "note"];
const NEAR: [&str; 3] = ["minutes", "score", "adoption_rate"];
/// Variants that are timed, against what (the scan, or the join), and how many times that they may take.
const TIMED: [(&str, Against, f64); 3] =
    [("equal", Against::Scan, 2.0), ("changed", Against::Scan, 2.0), ("noise", Against::Join, 1.3)];
/// Peers of `peers.py`, and how many times ours they must take on 37 changed cells.
const PEERS: [(&str, f64); 2] = [("data-diff", 6.0), ("datacompy", 13.0)];
const ROUNDS: usize = 3;
/// From here on the comparison is also made in little memory.
const BIG: u64 = 10_000_000;

#[derive(Clone, Copy, PartialEq)]
enum Against {
    Scan,
    Join,
}

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn main() -> ExitCode {
    let sizes = std::env::var("ROWPROOF_BENCH_ROWS").unwrap_or_else(|_| "1000000".to_owned());
    let mut kept = true;
    for size in sizes.split(',') {
        let n: u64 = size.trim().parse().expect("ROWPROOF_BENCH_ROWS holds numbers");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let base = table(folder.path(), "base", &format!("select * exclude (i) from {}", rows(0, n)));
        println!("{n} rows of 13 columns");
        for variant in VARIANTS {
            let head = table(folder.path(), "head", &variant.sql(n));
            let (_, wrong) = ours(&base, &head, variant, n, &[]);
            println!("  {:<52} {}", variant.name, if wrong.is_empty() { "right" } else { "WRONG" });
            wrong.iter().for_each(|line| println!("    {line}"));
            kept &= wrong.is_empty();
            if let Some(&(_, against, most)) = TIMED.iter().find(|(name, ..)| *name == variant.name) {
                kept &= timed(&base, &head, variant, n, against, most);
            }
            if variant.name == "changed" && n < BIG {
                kept &= peers(folder.path(), &base, &head, n);
            }
            std::fs::remove_file(head).expect("the head is done with");
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes a database file with one table of its own name.
fn table(folder: &Path, name: &str, sql: &str) -> PathBuf {
    let file = folder.join(format!("{name}.duckdb"));
    let connection = Connection::open(&file).expect("a database");
    connection.execute_batch("set preserve_insertion_order = false").expect("a setting");
    connection.execute_batch(&format!("create table {name} as {sql}; checkpoint")).expect("the table");
    file
}

/// Runs the binary; gives its seconds, the process included, and what is not the truth.
fn ours(base: &Path, head: &Path, variant: &Variant, n: u64, more: &[&str]) -> (f64, Vec<String>) {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_rowproof"))
        .args(["reconcile", "--reference", &format!("{}:base", base.display())])
        .args(["--candidate", &format!("{}:head", head.display()), "--key", KEY, "--format", "json"])
        .args(variant.options)
        .args(more)
        .output()
        .expect("the binary runs");
    let took = start.elapsed().as_secs_f64();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut wrong = wrong(variant, n, output.status.code(), &found);
    if !wrong.is_empty() {
        wrong.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    (took, wrong)
}

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn timed(base: &Path, head: &Path, variant: &Variant, n: u64, against: Against, most: f64) -> bool {
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(query(base, head, &scan()));
        if against == Against::Join {
            times[1].push(query(base, head, &join()));
        }
        times[2].push(work(base, head, None));
        times[3].push(ours(base, head, variant, n, &[]).0);
        if n >= BIG {
            times[4].push(work(base, head, Some("1GiB")));
        }
    }
    let [scan, join, work, process, little] = times.map(|mut all| {
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    });
    let floor = if against == Against::Join { join } else { scan };
    let times = |x: Option<f64>| x.zip(floor).map_or(f64::NAN, |(x, floor)| x / floor);
    let verdict = if times(work) <= most { "kept" } else { "NOT KEPT" };
    let what = if against == Against::Join { "plain join" } else { "scan" };
    println!(
        "    scan {:.3} s   {}ours {:.3} s   {:.2} times the {what}, {most} promised: {verdict}   process {:.3} s",
        scan.unwrap_or_default(),
        join.map(|join| format!("join {join:.3} s   ")).unwrap_or_default(),
        work.unwrap_or_default(),
        times(work),
        process.unwrap_or_default(),
    );
    if let Some(little) = little {
        println!("    in 1 GiB {little:.3} s   {:.2} times", times(Some(little)));
    }
    times(work) <= most
}

/// Seconds of the comparison in a database that is open.
fn work(base: &Path, head: &Path, memory: Option<&str>) -> f64 {
    let attach = |name: &str, file: &Path| Attach { alias: name.into(), file: file.into(), may_be_missing: false };
    let limits = Limits { memory: memory.map(str::to_owned), ..Limits::default() };
    let scratch = Scratch::open(&[attach("base", base), attach("head", head)], limits).expect("the databases");
    let engine = scratch.lock().expect("the lock-down");
    let key = Some(KEY.split(',').map(str::to_owned).collect());
    let options = Options { key, tolerance: 1e-9, sample: 10, ..Options::default() };
    let start = Instant::now();
    compare(&engine, "\"base\".main.base", "\"head\".main.head", &options).expect("a comparison");
    start.elapsed().as_secs_f64()
}

/// Seconds of one query over both tables, without opening them.
fn query(base: &Path, head: &Path, sql: &str) -> f64 {
    let connection = Connection::open_in_memory().expect("DuckDB");
    for (name, file) in [("base", base), ("head", head)] {
        let sql = format!("attach '{}' as {name} (read_only)", file.display());
        connection.execute_batch(&sql).expect("the database");
    }
    let start = Instant::now();
    let mut statement = connection.prepare(sql).expect("the query");
    let rows = statement.query_arrow([]).expect("its result").map(|batch| batch.num_rows()).sum::<usize>();
    assert_eq!(rows, 1);
    start.elapsed().as_secs_f64()
}

/// What no comparison of all cells can do without.
fn scan() -> String {
    let columns = format!("{KEY}, {}", REST.join(", "));
    let side = |name: &str| format!("(select sum(hash({columns})) from {name}.{name})");
    format!("select {}, {}", side("base"), side("head"))
}

/// What one would write by hand: all columns in one full join, with the tolerance.
fn join() -> String {
    let differs = REST.map(|column| {
        let (a, b) = (format!("l.{column}"), format!("r.{column}"));
        let near = if NEAR.contains(&column) {
            format!(
                "or coalesce(isfinite({a}) and isfinite({b}) and abs({a} - {b}) <= 1e-9 * greatest(abs({a}), abs({b})), false)"
            )
        } else {
            String::new()
        };
        format!(
            "count(*) filter (where l.feature_id is not null and r.feature_id is not null and not ({a} is not distinct from {b} {near}))"
        )
    });
    format!(
        "select count(*), count(*) filter (where l.feature_id is null), count(*) filter (where r.feature_id is null), {} \
         from base.base as l full join head.head as r using ({KEY})",
        differs.join(", ")
    )
}

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn peers(folder: &Path, base: &Path, head: &Path, n: u64) -> bool {
    let Some(changed) = VARIANTS.iter().find(|v| v.name == "changed") else { return false };
    let both = both(folder, base, head);
    // The process included: a peer is a library that has been loaded.
    let mut all: Vec<f64> = (0..ROUNDS).map(|_| ours(base, head, changed, n, &[]).0).collect();
    all.sort_by(f64::total_cmp);
    let ours = all[ROUNDS / 2];
    let mut kept = true;
    for (peer, wanted) in PEERS {
        match peer_once(peer, folder, &both) {
            Ok(theirs) => {
                let verdict = if theirs / ours >= wanted { "kept" } else { "NOT KEPT" };
                kept &= theirs / ours >= wanted;
                println!(
                    "    {peer:<10} {theirs:.3} s   {:.1} times ours, {wanted} promised: {verdict}",
                    theirs / ours
                );
            }
            Err(reason) => println!("    {peer:<10} not measured: {reason}"),
        }
    }
    kept
}

/// Both tables in one file, and as parquet beside it: peers read one or the other.
fn both(folder: &Path, base: &Path, head: &Path) -> PathBuf {
    let file = folder.join("both.duckdb");
    let connection = Connection::open(&file).expect("a database");
    for (name, from) in [("base", base), ("head", head)] {
        let parquet = folder.join(format!("{name}.parquet"));
        // Without what is no finite number: data-diff ends with an error there.
        let sql = format!(
            "attach '{}' as src_{name} (read_only); create table {name} as \
             select * replace (case when isfinite(minutes) then minutes end as minutes) from src_{name}.{name}; \
             copy {name} to '{}'",
            from.display(),
            parquet.display()
        );
        connection.execute_batch(&sql).expect("a copy");
    }
    file
}

/// Seconds of the comparison alone: imports and the start of Python are not counted.
fn peer_once(peer: &str, folder: &Path, both: &Path) -> Result<f64, String> {
    let python = std::env::var_os("ROWPROOF_BENCH_PYTHON").ok_or("ROWPROOF_BENCH_PYTHON names no Python")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/reconcile/peers.py");
    let output = Command::new(python).arg(script).arg(peer).arg(both).arg(folder).output();
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("it failed").to_owned());
    }
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|error| format!("{error}"))
}
