//! Which labels an LLM-assisted pull request gets, and those by which people and Rowproof tell what became of one.

/// A label with its look, as it is made when the repository has none of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Name.
    pub name: String,
    /// Six hexadecimal digits, without `#`.
    pub color: &'static str,
    /// What it means: at most 100 characters.
    pub description: String,
}

/// Set after a merge outside the merge window.
pub const MERGED_OUTSIDE_WINDOW: &str = "merged-outside-window";
/// The pull request was rolled back after its merge.
pub const ROLLBACK: &str = "rollback";
/// A person says that it was no rollback.
pub const ROLLBACK_NOT: &str = "rollback:not";
/// A defect of the pull request reached the protected branch.
pub const ESCAPE: &str = "escape";
/// A person says that no defect escaped.
pub const ESCAPE_NOT: &str = "escape:not";
/// The labels that the hallucination budget counts by.
pub const BUDGET: &[&str] = &[ROLLBACK, ROLLBACK_NOT, ESCAPE, ESCAPE_NOT];
/// Set on the issue that holds the budget of a period: not the label of the pull requests that count, of which there are
/// many more.
pub const BUDGET_REPORT: &str = "hallucination-budget:report";

/// The labels for an LLM-assisted change: `label` declares it; of `add`, a label `needs-WHO-review` is added only where
/// the review bar asks for a role of that name (`needs-senior-review` for `senior` or `senior-de`), any other always.
pub fn wanted(label: &str, add: &[String], bar: &[String]) -> Vec<Wanted> {
    let asked = |name: &str| {
        let Some(who) = name.strip_prefix("needs-").and_then(|n| n.strip_suffix("-review")) else { return true };
        bar.iter().any(|role| role == who || role.strip_prefix(who).is_some_and(|rest| rest.starts_with('-')))
    };
    let names = std::iter::once(label).chain(add.iter().map(String::as_str).filter(|n| asked(n)));
    names.map(look).collect()
}

/// A label of ours with its look.
pub fn look(name: &str) -> Wanted {
    let (color, description) = match name {
        "assisted-by:llm" => ("5319e7", "A language model helped to write this change".to_owned()),
        "needs-senior-review" => ("d93f0b", "The review bar of this change asks for a senior".to_owned()),
        "hallucination-budget" => ("fbca04", "Counts towards the hallucination budget".to_owned()),
        MERGED_OUTSIDE_WINDOW => ("b60205", "Was merged outside the merge window of its layer".to_owned()),
        ROLLBACK => ("d93f0b", "Was rolled back after its merge".to_owned()),
        ROLLBACK_NOT => ("c2e0c6", "A person says: this was no rollback".to_owned()),
        ESCAPE => ("b60205", "Let a defect reach the protected branch".to_owned()),
        ESCAPE_NOT => ("c2e0c6", "A person says: no defect escaped through this".to_owned()),
        BUDGET_REPORT => ("fbca04", "The hallucination budget of a period, kept up to date by Rowproof".to_owned()),
        _ => ("ededed", "Set by Rowproof".to_owned()),
    };
    Wanted { name: name.to_owned(), color, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_decides_who_is_asked_for() {
        let add = ["needs-senior-review".to_owned(), "hallucination-budget".to_owned()];
        let names = |bar: &[&str]| -> Vec<String> {
            let bar: Vec<String> = bar.iter().map(|r| (*r).to_owned()).collect();
            wanted("assisted-by:llm", &add, &bar).into_iter().map(|w| w.name).collect()
        };
        assert_eq!(names(&["any-peer"]), ["assisted-by:llm", "hallucination-budget"]);
        assert_eq!(
            names(&["senior-de", "data-pm"]),
            ["assisted-by:llm", "needs-senior-review", "hallucination-budget"]
        );
        assert_eq!(names(&["seniority"]), ["assisted-by:llm", "hallucination-budget"]);
    }

    /// GitHub takes 50 characters of name and 100 of description.
    #[test]
    fn every_label_of_the_budget_has_a_look_that_github_takes() {
        for name in BUDGET.iter().chain([&BUDGET_REPORT]) {
            let look = look(name);
            assert_ne!(look.description, self::look("any other").description, "{name}");
            assert!(name.chars().count() <= 50 && look.description.chars().count() <= 100, "{name}");
            assert!(look.color.len() == 6 && look.color.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        }
    }
}
