//! The files that `init` writes. The documentation quotes them; a test proves that it quotes these.

/// Where the templates name the action.
pub(super) const ACTION: &str = "rowproof/rowproof@0000000000000000000000000000000000000000 # v0.0.0";

/// The policy to begin with.
pub(super) const POLICY: &str = include_str!("policy.yml");

/// A file: path from the repository's root, text.
type File = (&'static str, &'static str);

const BUDGET: File = (".github/workflows/rowproof-budget.yml", include_str!("both/rowproof-budget.yml"));

const SAME_REPO: &[File] = &[
    (".github/workflows/rowproof.yml", include_str!("same-repo/rowproof.yml")),
    (".github/workflows/rowproof-review.yml", include_str!("same-repo/rowproof-review.yml")),
    BUDGET,
];

const FORKS: &[File] = &[
    (".github/workflows/rowproof.yml", include_str!("forks/rowproof.yml")),
    (".github/workflows/rowproof-post.yml", include_str!("forks/rowproof-post.yml")),
    (".github/workflows/rowproof-review.yml", include_str!("forks/rowproof-review.yml")),
    (".github/workflows/rowproof-reviewed.yml", include_str!("forks/rowproof-reviewed.yml")),
    BUDGET,
];

/// The workflows for a repository that takes pull requests from its own branches, or from forks too.
pub(super) fn workflows(forks: bool) -> &'static [File] {
    if forks { FORKS } else { SAME_REPO }
}
