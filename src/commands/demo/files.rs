//! The tour's files, carried in the binary so that `rowproof demo` needs nothing else. A test proves that the tables
//! name every file of `fixtures/_tour`.

/// A file of a side: path from the project's root, text.
pub type File = (&'static str, &'static str);

/// SQL that makes the tour's database.
pub const DATA: &str = include_str!("../../../fixtures/_tour/data.sql");

/// Path of the mart in which the four mistakes are.
pub const MART: &str = "models/marts/product_adoption.sql";

/// The trusted side.
pub const BASE: &[File] = &[
    (".gitignore", include_str!("../../../fixtures/_tour/base/.gitignore")),
    ("dbt_project.yml", include_str!("../../../fixtures/_tour/base/dbt_project.yml")),
    (
        "models/intermediate/int_feature_usage.sql",
        include_str!("../../../fixtures/_tour/base/models/intermediate/int_feature_usage.sql"),
    ),
    (
        "models/marts/account_engagement.sql",
        include_str!("../../../fixtures/_tour/base/models/marts/account_engagement.sql"),
    ),
    ("models/marts/app_summary.sql", include_str!("../../../fixtures/_tour/base/models/marts/app_summary.sql")),
    ("models/marts/marts.yml", include_str!("../../../fixtures/_tour/base/models/marts/marts.yml")),
    (
        "models/marts/product_adoption.sql",
        include_str!("../../../fixtures/_tour/base/models/marts/product_adoption.sql"),
    ),
    ("models/staging/sources.yml", include_str!("../../../fixtures/_tour/base/models/staging/sources.yml")),
    ("models/staging/staging.yml", include_str!("../../../fixtures/_tour/base/models/staging/staging.yml")),
    ("models/staging/stg_accounts.sql", include_str!("../../../fixtures/_tour/base/models/staging/stg_accounts.sql")),
    ("models/staging/stg_apps.sql", include_str!("../../../fixtures/_tour/base/models/staging/stg_apps.sql")),
    (
        "models/staging/stg_feature_events.sql",
        include_str!("../../../fixtures/_tour/base/models/staging/stg_feature_events.sql"),
    ),
    ("models/staging/stg_features.sql", include_str!("../../../fixtures/_tour/base/models/staging/stg_features.sql")),
    ("models/staging/stg_visitors.sql", include_str!("../../../fixtures/_tour/base/models/staging/stg_visitors.sql")),
    ("profiles.yml", include_str!("../../../fixtures/_tour/base/profiles.yml")),
    ("rowproof.yml", include_str!("../../../fixtures/_tour/base/rowproof.yml")),
];

/// What the pull request writes over it.
pub const HEAD: &[File] = &[
    (
        "models/marts/account_engagement.sql",
        include_str!("../../../fixtures/_tour/head/models/marts/account_engagement.sql"),
    ),
    ("models/marts/app_summary.sql", include_str!("../../../fixtures/_tour/head/models/marts/app_summary.sql")),
    (
        "models/marts/feature_adopters.sql",
        include_str!("../../../fixtures/_tour/head/models/marts/feature_adopters.sql"),
    ),
    ("models/marts/feature_ranking.sql", include_str!("../../../fixtures/_tour/head/models/marts/feature_ranking.sql")),
    (
        "models/marts/product_adoption.sql",
        include_str!("../../../fixtures/_tour/head/models/marts/product_adoption.sql"),
    ),
    ("models/staging/staging.yml", include_str!("../../../fixtures/_tour/head/models/staging/staging.yml")),
    ("models/staging/stg_visitors.sql", include_str!("../../../fixtures/_tour/head/models/staging/stg_visitors.sql")),
];

/// One mistake each: branch name, what it is in words, the mart's text with it.
pub const MISTAKES: &[(&str, &str, &str)] = &[
    ("branch-order", "branches in another order", include_str!("../../../fixtures/_tour/mistakes/branch-order.sql")),
    ("cap-forgotten", "cap forgotten", include_str!("../../../fixtures/_tour/mistakes/cap-forgotten.sql")),
    ("integer-cast", "score cast to integer", include_str!("../../../fixtures/_tour/mistakes/integer-cast.sql")),
    ("null-to-zero", "NULL turned to 0", include_str!("../../../fixtures/_tour/mistakes/null-to-zero.sql")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn on_disk(folder: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/_tour").join(folder);
        let (mut found, mut open) = (BTreeSet::new(), vec![root.clone()]);
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                    found.insert(relative);
                }
            }
        }
        found
    }

    #[test]
    fn no_file_of_the_tour_is_forgotten() {
        let names = |files: &[File]| files.iter().map(|f| f.0.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(names(BASE), on_disk("base"));
        assert_eq!(names(HEAD), on_disk("head"));
        let mistakes: BTreeSet<String> = MISTAKES.iter().map(|m| format!("{}.sql", m.0)).collect();
        assert_eq!(mistakes, on_disk("mistakes"));
    }

    #[test]
    fn the_mart_is_on_both_sides() {
        assert!(BASE.iter().any(|f| f.0 == MART) && HEAD.iter().any(|f| f.0 == MART));
    }
}
