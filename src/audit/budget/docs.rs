//! Whether a pull request changes nothing but documentation.

use super::Rules;

/// Endings of texts and pictures for people.
const ENDINGS: &[&str] = &[
    "md",
    "mdx",
    "markdown",
    "mdown",
    "rst",
    "adoc",
    "asciidoc",
    "org",
    "tex",
    "pdf",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "ico",
    "drawio",
    "excalidraw",
    "mmd",
    "puml",
];
/// Names of such files, whatever their ending.
const NAMES: &[&str] = &[
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "changelog",
    "changes",
    "history",
    "authors",
    "contributors",
    "contributing",
    "code_of_conduct",
    "security",
    "maintainers",
    "support",
];
/// Endings that may follow those names.
const NAMED_ENDINGS: &[&str] = &["", "txt", "text"];
/// Endings of texts that only a folder of documentation makes documentation.
const IN_FOLDER: &[&str] = &["txt", "text", "html", "css"];

/// Whether all files are documentation; not where there are none, or more than are known.
pub(super) fn only(rules: &Rules<'_>, files: &[String], cut: bool) -> bool {
    !files.is_empty() && !cut && files.iter().all(|path| is_docs(path) || rules.docs.is_match(path))
}

fn is_docs(path: &str) -> bool {
    let lower = path.to_lowercase();
    let (folder, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let in_docs = || folder.split('/').any(|part| matches!(part, "docs" | "doc"));
    ENDINGS.contains(&ending)
        || (NAMES.contains(&stem) && NAMED_ENDINGS.contains(&ending))
        || (IN_FOLDER.contains(&ending) && in_docs())
}

#[cfg(test)]
mod tests {
    use super::is_docs;

    #[test]
    fn texts_for_people() {
        for path in
            ["README.md", "docs/a/b.rst", "LICENSE", "models/marts/lineage.png", "docs/notes.txt", "CHANGELOG.txt"]
        {
            assert!(is_docs(path), "{path}");
        }
        for path in [
            "models/a.sql",
            "docs/models/a.sql",
            "requirements.txt",
            "docs/conf.py",
            "seeds/a.csv",
            "dbt_project.yml",
            "security.sql",
            "license.py",
        ] {
            assert!(!is_docs(path), "{path}");
        }
    }
}
