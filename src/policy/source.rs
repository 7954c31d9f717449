//! A policy file and the chain of files that it extends.

use super::check;
use super::decode::{Decoded, decode};
use super::marked;
use super::problem::{Mark, Problem, suggestion};
use crate::gates::GateSpec;
use anyhow::{Context as _, Result};

/// The text of a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySource {
    /// Path from the repository's root, or a name such as `built-in:default`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// The policies that come with the program: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../../policies/default.yml")),
    ("strict", include_str!("../../policies/strict.yml")),
    ("minimal", include_str!("../../policies/minimal.yml")),
];

/// Files that may extend each other in a row.
const MAX_CHAIN: usize = 16;

/// One file of the chain, read.
pub struct FileRead {
    /// Its path or name.
    pub path: String,
    /// What it says.
    pub decoded: Decoded,
}

impl FileRead {
    /// The folder of the file from the repository's root; that of a built-in policy is the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The place of a key by the way to it; of the nearest thing above it that exists.
    pub fn mark(&self, keys: &[&str]) -> Mark {
        let mut node = &self.decoded.tree;
        let mut mark = node.mark;
        for key in keys {
            if let Some((key, value)) = node.entry(key) {
                (node, mark) = (value, key.mark);
            } else if let Some(item) = key.parse().ok().and_then(|i| node.item(i)) {
                (node, mark) = (item, item.mark);
            } else {
                break;
            }
        }
        mark
    }
}

/// The text of a built-in policy.
pub fn built_in_source(name: &str) -> Option<PolicySource> {
    let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name)?;
    Some(PolicySource { path: format!("built-in:{name}"), text: (*text).to_owned() })
}

/// Reads the file and all that it extends, outermost first, with everything that is wrong with each.
///
/// # Errors
/// Only what `read` fails with; what is wrong in the files is in the second part.
pub fn read_chain(
    source: PolicySource,
    read: &dyn Fn(&str) -> Result<Option<String>>,
    registry: &[&GateSpec],
) -> Result<(Vec<FileRead>, Vec<Problem>)> {
    let (mut chain, mut problems): (Vec<FileRead>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut next = Some(source);
    while let Some(source) = next.take() {
        let tree = match marked::parse(&source.text) {
            Ok(tree) => tree,
            Err((mark, message)) => {
                problems.push(problem(&source.path, mark, format!("not readable as YAML: {message}"), ""));
                break;
            }
        };
        if matches!(tree.kind, marked::Kind::Null) {
            let help = "write `version: 1` and `extends: default`, or remove the file";
            problems.push(problem(&source.path, Mark::default(), "the file is empty", help));
            break;
        }
        let mut decoded = decode(&source.path, tree);
        problems.append(&mut decoded.problems);
        problems.extend(check::check(&source.path, &decoded, registry));
        let file = FileRead { path: source.path, decoded };
        if let Some(name) = file.decoded.file.extends.clone() {
            let mark = file.decoded.tree.get("extends").map_or(Mark::default(), |n| n.mark);
            match extended(&file, &name, &chain, read)? {
                Ok(source) => next = Some(source),
                Err((message, help)) => problems.push(problem(&file.path, mark, message, help)),
            }
        }
        chain.push(file);
    }
    Ok((chain, problems))
}

fn problem(path: &str, mark: Mark, message: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), mark, message: message.into(), help: help.into() }
}

/// The source that `extends: name` in `file` names, or what is wrong with the name.
fn extended(
    file: &FileRead,
    name: &str,
    before: &[FileRead],
    read: &dyn Fn(&str) -> Result<Option<String>>,
) -> Result<Result<PolicySource, (String, String)>> {
    let wrong = |message: String, help: &str| Ok(Err((message, help.to_owned())));
    let names: Vec<&str> = BUILT_IN.iter().map(|(n, _)| *n).collect();
    let is_path = name.contains('/') || name.ends_with(".yml") || name.ends_with(".yaml");
    let (path, built_in) = match built_in_source(name) {
        Some(source) => (source.path.clone(), Some(source)),
        None if !is_path => {
            let help = format!("{}; or a path that ends in .yml", suggestion(name, &names));
            return wrong(format!("there is no policy `{name}`"), &help);
        }
        None => match join(file.folder(), name) {
            Some(path) => (path, None),
            None => return wrong(format!("`{name}` is outside the repository"), "extend a file inside it"),
        },
    };
    if file.path == path || before.iter().any(|f| f.path == path) {
        let way: Vec<&str> = before.iter().map(|f| f.path.as_str()).chain([file.path.as_str(), &path]).collect();
        return wrong(format!("the policy extends itself: {}", way.join(" -> ")), "remove one `extends`");
    }
    if before.len() + 1 >= MAX_CHAIN {
        return wrong(format!("more than {MAX_CHAIN} policies extend each other"), "join some");
    }
    if let Some(source) = built_in {
        return Ok(Ok(source));
    }
    match read(&path).with_context(|| format!("{}: reading the extended policy {path}", file.path))? {
        Some(text) => Ok(Ok(PolicySource { path, text })),
        None => wrong(format!("there is no file {path}"), "paths are written from the folder of this file"),
    }
}

/// `path` from `folder`, without `.` and `..`; `None` when it leaves the root.
fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // A policy named on the command line may itself be above the folder that we count from.
            ".." if parts.last() == Some(&"..") => parts.push(".."),
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", parts.join("/")))
}
