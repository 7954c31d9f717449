//! Ephemeral models: their SQL goes into their readers as CTEs, the way dbt does it.

use regex::Regex;

/// The name of an ephemeral model's CTE.
pub(crate) fn cte_name(model: &str) -> String {
    format!("__dbt__cte__{model}")
}

/// Puts `ctes` (name, SQL) in front of the query: into its WITH clause when it begins with one.
pub(crate) fn inject(sql: &str, ctes: &[(String, String)]) -> String {
    if ctes.is_empty() {
        return sql.to_owned();
    }
    let list: Vec<String> = ctes.iter().map(|(name, sql)| format!(" {name} as (\n{sql}\n)")).collect();
    let list = list.join(", ");
    let start = leading(sql);
    let (head, rest) = sql.split_at(start);
    match with_clause(rest) {
        Some(length) => format!("{head}{}{list}, {}", &rest[..length], rest[length..].trim_start()),
        None => format!("{head}with{list} {rest}"),
    }
}

/// Length of `with` or `with recursive` at the start of a query, when it begins with one.
fn with_clause(sql: &str) -> Option<usize> {
    let regex = Regex::new(r"(?i)^with(\s+recursive)?\b").ok()?;
    regex.find(sql).map(|found| found.end())
}

/// Bytes of blanks and comments at the start.
fn leading(sql: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &sql[at..];
        let blanks = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let comment = if rest.starts_with("--") {
            rest.find('\n').map_or(rest.len(), |n| n + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |n| n + 2)
        } else {
            return at + blanks;
        };
        at += blanks + comment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_before_the_query_or_into_its_with() {
        let cte = [("__dbt__cte__a".to_owned(), "select 1".to_owned())];
        assert_eq!(inject("select 2", &cte), "with __dbt__cte__a as (\nselect 1\n) select 2");
        assert_eq!(
            inject("-- c\nWITH x as (select 2) select 3", &cte),
            "-- c\nWITH __dbt__cte__a as (\nselect 1\n), x as (select 2) select 3"
        );
        assert_eq!(inject("select 2", &[]), "select 2");
    }
}
