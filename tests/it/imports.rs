//! Imports point one way: a part may use what stands below it, never what stands above.

use crate::sandbox::{crate_folder, files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What each part of `src` may import from others, by the first word of its path. Anything not named here is refused,
/// so a new part says what it stands on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("main", &["rowproof"]),
    (
        "commands",
        &[
            "audit",
            "cli",
            "engine",
            "files",
            "finding",
            "gates",
            "git",
            "github",
            "history",
            "nearest",
            "output",
            "pii",
            "policy",
            "project",
            "reconcile",
            "report",
            "run",
            "sql",
        ],
    ),
    ("cli", &[]),
    ("run", &["engine", "files", "finding", "gates", "git", "nearest", "policy", "project", "report", "sql"]),
    ("policy", &["finding", "gates", "nearest"]),
    ("gates", &["engine", "finding", "nearest", "pii", "project", "reconcile", "report", "sql"]),
    ("reconcile", &["engine", "nearest", "sql"]),
    ("pii", &["finding", "project", "report", "sql"]),
    ("project", &["files", "finding", "report", "sql", "stack"]),
    ("engine", &["sql"]),
    ("git", &["files", "nearest"]),
    ("github", &["finding", "history", "report"]),
    ("audit", &["finding", "history", "policy", "report"]),
    ("output", &["audit", "finding", "gates", "reconcile", "report"]),
    ("report", &["finding"]),
    ("finding", &[]),
    ("files", &[]),
    ("history", &[]),
    ("nearest", &[]),
    ("stack", &[]),
    ("sql", &["report"]),
];

/// The part that a file belongs to: `gates/parse.rs` and `gates.rs` are of `gates`.
fn part(path: &str) -> String {
    path.split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

/// Parts named by `crate::PART` in the code of a file, line comments left out.
fn imported(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let word =
        |from: &str| from.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` within a macro of ours would name the same parts; `other_crate::` names none of ours.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let mut depth = 1;
        found.insert(word(group));
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => {
                    found.insert(word(&group[i + 1..]));
                }
                _ => {}
            }
        }
    }
    found.remove("");
    found
}

/// The code of a file that is compiled into the binary: unit tests may use whatever they need.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Files and folders that only tests are made of: `#[cfg(test)] mod NAME;` beside or above them.
fn test_modules(sources: &[(String, PathBuf)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, file) in sources {
        let folder = match path.strip_suffix(".rs").unwrap() {
            "lib" | "main" => String::new(),
            parent => format!("{parent}/"),
        };
        let text = std::fs::read_to_string(file).unwrap();
        for after in text.split("#[cfg(test)]\nmod ").skip(1) {
            if let Some(name) =
                after.split_once(';').map(|s| s.0).filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_'))
            {
                found.insert(format!("{folder}{name}"));
            }
        }
    }
    found
}

fn graph() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut graph: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let sources: Vec<_> = files(&crate_folder("src")).into_iter().filter(|(p, _)| p.ends_with(".rs")).collect();
    let tests = test_modules(&sources);
    for (path, file) in sources {
        let from = part(&path);
        let of_tests = tests.iter().any(|t| path == format!("{t}.rs") || path.starts_with(&format!("{t}/")));
        if from == "lib" || of_tests {
            continue;
        }
        for to in imported(shipped(&std::fs::read_to_string(file).unwrap())) {
            if to != from {
                graph.entry(from.clone()).or_default().entry(to).or_insert_with(|| path.clone());
            }
        }
    }
    graph
}

#[test]
fn imports_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for (from, targets) in graph() {
        for (to, path) in targets {
            if !allowed.get(from.as_str()).is_some_and(|may| may.contains(&to.as_str())) {
                wrong.push(format!("src/{path}: {from} may not import {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let mut left: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    while !left.is_empty() {
        let free: Vec<&str> =
            left.iter().filter(|(_, may)| may.iter().all(|to| !left.contains_key(to))).map(|(from, _)| *from).collect();
        assert!(!free.is_empty(), "a circle among {:?}", left.keys());
        left.retain(|from, _| !free.contains(from));
    }
}

#[test]
fn the_scan_sees_imports() {
    let text = "use crate::report::Report;\nuse crate::{\n    sql,\n    gates::{GATES, Gate},\n};\n// crate::engine\nlet x = crate::files::y();";
    let names: Vec<String> = imported(text).into_iter().collect();
    assert_eq!(names, ["files", "gates", "report", "sql"]);
}
