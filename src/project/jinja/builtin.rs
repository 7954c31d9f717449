//! The `dbt` package: our own Jinja for dbt's cross-database macros, names and generic tests.

/// (path for messages, text) of each file.
pub(crate) const FILES: [(&str, &str); 7] = [
    ("dbt/names.sql", include_str!("builtin/names.sql")),
    ("dbt/tests.sql", include_str!("builtin/tests.sql")),
    ("dbt/types.sql", include_str!("builtin/types.sql")),
    ("dbt/text.sql", include_str!("builtin/text.sql")),
    ("dbt/dates.sql", include_str!("builtin/dates.sql")),
    ("dbt/arrays.sql", include_str!("builtin/arrays.sql")),
    ("dbt/series.sql", include_str!("builtin/series.sql")),
];
