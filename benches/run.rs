//! Measures `rowproof run` end to end on a shop of 100,000 orders, against the limit that we promise.
//!
//! `scripts/dev bench`: prints numbers, judges nothing; a machine under load must not fail a build.

use git2::{Repository, RepositoryInitOptions, Signature, Time};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What a run may take on a warm disk.
const LIMIT: Duration = Duration::from_secs(3);
const ORDERS: u32 = 100_000;
const RUNS: usize = 7;

/// Head edits: what it is, file, text, text instead.
const HEADS: &[(&str, &str, &str, &str)] = &[
    ("README edit", "README.md", "# Shop", "# The shop"),
    ("whitespace in a mart", "models/marts/orders.sql", "left join", "left  join"),
    (
        "re-sourced column",
        "models/intermediate/int_order_totals.sql",
        "sum(quantity * unit_cost)",
        "sum(quantity * unit_price)",
    ),
    ("rounded column, reconciled", "models/marts/orders.sql", "totals.revenue,", "round(totals.revenue) as revenue,"),
    ("macro under five models", "macros/cents_to_dollars.sql", "/ 100", "/ 1000"),
];

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/_shop");
    let root = folder.path();
    copy(&shop, root);
    data(&shop, root);
    let repo = Repository::init_opts(root, RepositoryInitOptions::new().initial_head("base")).expect("a repository");
    commit(&repo, "base");
    println!("{ORDERS} orders, {RUNS} runs each, limit {:.1} s", LIMIT.as_secs_f64());
    for (index, (name, file, from, to)) in HEADS.iter().enumerate() {
        let path = root.join(file);
        let before = std::fs::read_to_string(&path).expect("the file of the edit");
        assert!(before.contains(from), "{file} holds `{from}`");
        std::fs::write(&path, before.replacen(from, to, 1)).expect("the edit");
        let head = format!("head-{index}");
        let base =
            repo.find_branch("base", git2::BranchType::Local).expect("base").get().peel_to_commit().expect("base");
        repo.branch(&head, &base, true).expect("a branch");
        repo.set_head(&format!("refs/heads/{head}")).expect("the branch");
        commit(&repo, name);
        let mut times: Vec<(Duration, i32)> = (0..RUNS).map(|_| run(root, &head)).collect();
        times.sort();
        let (median, code) = times[RUNS / 2];
        let slowest = times[RUNS - 1].0;
        let verdict = if slowest <= LIMIT { "within" } else { "OVER" };
        println!(
            "{name:<28} median {:>5} ms   slowest {:>5} ms   exit {code}   {verdict} the limit",
            median.as_millis(),
            slowest.as_millis()
        );
        std::fs::write(&path, before).expect("the file as it was");
    }
}

fn run(root: &Path, head: &str) -> (Duration, i32) {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_rowproof"))
        .current_dir(root)
        .args(["run", "--base", "base", "--head", head, "--format", "json"])
        .output()
        .expect("the binary runs");
    (start.elapsed(), output.status.code().unwrap_or(-1))
}

fn data(shop: &Path, root: &Path) {
    let small = std::fs::read_to_string(shop.join("data.sql")).expect("data.sql");
    let large = small.replace("range(1, 401)", &format!("range(1, {})", ORDERS + 1));
    assert_ne!(small, large, "data.sql makes 400 orders");
    let connection = duckdb::Connection::open(root.join("shop.duckdb")).expect("a database");
    connection.execute_batch(&large).expect("the data");
    connection.execute_batch("checkpoint").expect("the data on disk");
}

fn copy(from: &Path, to: &Path) {
    let mut open: Vec<PathBuf> = vec![from.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let target = to.join(path.strip_prefix(from).expect("under the folder"));
            std::fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
            std::fs::copy(path, target).expect("a copy");
        }
    }
}

fn commit(repo: &Repository, message: &str) {
    let mut index = repo.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).expect("the files");
    index.write().expect("the index");
    let tree = repo.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let who = Signature::new("Bench", "bench@rowproof.invalid", &Time::new(1_767_268_800, 0)).expect("a name");
    let parent = repo.head().ok().map(|h| h.peel_to_commit().expect("a commit"));
    let parents: Vec<_> = parent.iter().collect();
    repo.commit(Some("HEAD"), &who, &who, message, &tree, &parents).expect("a commit");
}
