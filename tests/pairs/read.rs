//! Reads the pairs: for the unit tests of `sql`, which judge them, and for `tests/it`, which runs them.

/// One edit of a model.
pub struct Edit {
    /// `open_orders.txt: CTE renamed`
    pub name: String,
    /// What the edit does to the result.
    pub label: Label,
    /// Whether DuckDB can show the label to be right.
    #[allow(dead_code, reason = "only `tests/it` runs pairs")]
    pub runs: bool,
    /// Names of dialects as in a policy.
    #[allow(dead_code, reason = "`tests/it` runs all on DuckDB")]
    pub dialects: Vec<String>,
    pub base: String,
    pub head: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Same,
    SameNotProved,
    Changed,
}

const FILES: &[(&str, &str)] = &[
    ("open_orders.txt", include_str!("open_orders.txt")),
    ("last_seen.txt", include_str!("last_seen.txt")),
    ("customer_months.txt", include_str!("customer_months.txt")),
    ("forms.txt", include_str!("forms.txt")),
];

/// All pairs.
pub fn pairs() -> Vec<Edit> {
    FILES.iter().flat_map(|(file, text)| read(file, text)).collect()
}

fn read(file: &str, text: &str) -> Vec<Edit> {
    let mut sections = text.trim_end().split("\n---- ");
    let first = sections.next().unwrap_or_default();
    let dialects: Vec<String> = first.trim_start_matches("dialects:").split_whitespace().map(str::to_owned).collect();
    let mut base = "";
    let mut found = Vec::new();
    for section in sections {
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        if heading == "base" {
            base = body;
            continue;
        }
        let (label, name) = heading.split_once(": ").unwrap_or_else(|| panic!("{file}: `{heading}` has no label"));
        let label = match label {
            "same" => Label::Same,
            "same, not proved" => Label::SameNotProved,
            "changed" => Label::Changed,
            other => panic!("{file}: there is no label `{other}`"),
        };
        let name = format!("{file}: {name}");
        let head = edited(base, body, &name);
        let runs = !name.ends_with("(not run)");
        found.push(Edit { name, label, runs, dialects: dialects.clone(), base: base.to_owned(), head });
    }
    found
}

fn edited(base: &str, body: &str, name: &str) -> String {
    let mut text = base.to_owned();
    for edit in format!("\n{body}").split("\n<<<").skip(1) {
        let (old, new) = edit.split_once("\n>>>").unwrap_or_else(|| panic!("{name}: no >>>"));
        let (old, new) = (old.strip_prefix(' ').unwrap_or(old), new.strip_prefix(' ').unwrap_or(new));
        if old.is_empty() {
            text = new.to_owned();
            continue;
        }
        assert!(text.contains(old), "{name}: the model has no\n{old}");
        text = text.replace(old, new);
    }
    assert_ne!(text, base, "{name}: nothing is edited");
    text
}
