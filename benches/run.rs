//! Measures `rowproof run` end to end on a shop of 100,000 orders, against the limit that we promise.
//!
//! `scripts/dev bench`: prints numbers, judges nothing; a machine under load must not fail a build.

use git2::{Repository, RepositoryInitOptions, Signature, Time};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What a run may take on a warm disk.
const LIMIT: Duration = Duration::from_secs(2);
const ORDERS: u32 = 100_000;
const RUNS: usize = 7;

/// One edit: file, text, text instead.
type Edit = (&'static str, &'static str, &'static str);

/// Heads: what they are, and their edits.
const HEADS: &[(&str, &[Edit])] = &[
    ("README edit", &[("README.md", "# Shop", "# The shop")]),
    ("whitespace in a mart", &[("models/marts/orders.sql", "left join", "left  join")]),
    ("re-sourced column", &[(TOTALS, "sum(quantity * unit_cost)", "sum(quantity * unit_price)")]),
    (
        "rounded column, reconciled",
        &[("models/marts/orders.sql", "totals.revenue,", "round(totals.revenue) as revenue,")],
    ),
    ("macro under five models", &[("macros/cents_to_dollars.sql", "/ 100", "/ 1000")]),
    (
        "five models, all reconciled",
        &[
            ("models/staging/stg_orders.sql", "    status,", "    lower(status) as status,"),
            (TOTALS, "sum(quantity * unit_cost)", "sum(unit_cost * quantity) + 0.0"),
            ("models/marts/orders.sql", "totals.revenue,", "round(totals.revenue) as revenue,"),
            ("models/marts/customers.sql", "coalesce(history.order_count, 0)", "ifnull(history.order_count, 0)"),
            ("models/marts/product_sales.sql", "sum(items.quantity)", "sum(1 * items.quantity)"),
        ],
    ),
];

const TOTALS: &str = "models/intermediate/int_order_totals.sql";

/// Models that are reconciled with their own base, and their keys, beside the one that the shop's policy names.
const REFERENCES: [(&str, &str); 4] = [
    ("stg_orders", "order_id"),
    ("int_order_totals", "order_id"),
    ("customers", "customer_id"),
    ("product_sales", "product_id"),
];

#[expect(clippy::print_stdout, reason = "printing the numbers is what a benchmark is for")]
fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/_shop");
    let root = folder.path();
    copy(&shop, root);
    data(&shop, root);
    references(root);
    let repo = Repository::init_opts(root, RepositoryInitOptions::new().initial_head("base")).expect("a repository");
    commit(&repo, "base");
    println!("{ORDERS} orders, {RUNS} runs each, limit {:.1} s", LIMIT.as_secs_f64());
    for (index, (name, edits)) in HEADS.iter().enumerate() {
        let before: Vec<String> = edits.iter().map(|edit| make(root, edit)).collect();
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
        for ((file, ..), text) in edits.iter().zip(before) {
            std::fs::write(root.join(file), text).expect("the file as it was");
        }
    }
}

/// Makes an edit; gives the file's text before.
fn make(root: &Path, (file, from, to): &Edit) -> String {
    let path = root.join(file);
    let before = std::fs::read_to_string(&path).expect("the file of the edit");
    assert!(before.contains(from), "{file} holds `{from}`");
    std::fs::write(&path, before.replacen(from, to, 1)).expect("the edit");
    before
}

/// Has the policy, whose last list is that of references, name more of them.
fn references(root: &Path) {
    let path = root.join("rowproof.yml");
    let mut policy = std::fs::read_to_string(&path).expect("the policy");
    assert!(policy.contains("    references:\n"), "the policy has references");
    for (model, key) in REFERENCES {
        policy.push_str(&format!("      - {{model: {model}, reference: {{model: {model}}}, key: [{key}]}}\n"));
    }
    std::fs::write(path, policy).expect("the policy with more of them");
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
