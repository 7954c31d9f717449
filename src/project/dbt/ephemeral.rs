//! Ephemeral models: their SQL goes into their readers as CTEs, the way dbt does it.

use regex::Regex;

/// The name of an ephemeral model's CTE.
pub(crate) fn cte_name(model: &str) -> String {
    format!("__dbt__cte__{model}")
}

/// Puts `ctes` (name, SQL) in front of the query: into its WITH clause when it begins with one. The error says what
/// stands in the way: dbt takes the first WITH of the statement for that clause, wherever it is, and drops what follows a
/// semicolon, so a text where that may differ is not guessed.
pub(crate) fn inject(sql: &str, ctes: &[(String, String)]) -> Result<String, &'static str> {
    if ctes.is_empty() {
        return Ok(sql.to_owned());
    }
    let list: Vec<String> = ctes.iter().map(|(name, sql)| format!(" {name} as (\n{sql}\n)")).collect();
    let list = list.join(", ");
    let start = leading(sql);
    let clause = with_clause(&sql[start..]).map(|length| start + length);
    let (blanks, rest) = sql.split_at(sql.len() - sql.trim_start().len());
    let seen = outside(&sql[clause.unwrap_or(start)..]);
    if seen.after_semicolon {
        return Err("there is more behind its `;`");
    }
    match clause {
        Some(end) => Ok(format!("{}{list}, {}", &sql[..end], &sql[end..])),
        None if seen.with => Err("it has a WITH that is not at its start"),
        None => Ok(format!("{blanks}with{list} {rest}")),
    }
}

/// What a query has outside of brackets, texts and comments.
#[derive(Default)]
struct Outside {
    with: bool,
    after_semicolon: bool,
}

fn outside(sql: &str) -> Outside {
    let Ok(regex) = Regex::new(
        r#"(?s)(?<skip>--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`[^`]*`)|(?<word>\w+)|(?<mark>[^\s\w])"#,
    ) else {
        return Outside { with: true, after_semicolon: true };
    };
    let (mut out, mut depth, mut ended) = (Outside::default(), 0_i64, false);
    for found in regex.captures_iter(sql) {
        out.after_semicolon |= ended;
        let mark = found.name("mark").map_or("", |m| m.as_str());
        match mark {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ";" => ended = true,
            _ => {}
        }
        out.with |= depth <= 0 && found.name("word").is_some_and(|word| word.as_str().eq_ignore_ascii_case("with"));
    }
    out
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
        let injected = |sql: &str| inject(sql, &cte).unwrap();
        assert_eq!(injected("\nselect 2;\n"), "\nwith __dbt__cte__a as (\nselect 1\n) select 2;\n");
        assert_eq!(injected("\n-- c\nselect 2"), "\nwith __dbt__cte__a as (\nselect 1\n) -- c\nselect 2");
        assert_eq!(
            injected("-- c\nWITH x as (select 2) select 3"),
            "-- c\nWITH __dbt__cte__a as (\nselect 1\n),  x as (select 2) select 3"
        );
        assert_eq!(
            injected("with recursive x as (select 2) select 3"),
            "with recursive __dbt__cte__a as (\nselect 1\n),  x as (select 2) select 3"
        );
        assert_eq!(inject("select 2", &[]).unwrap(), "select 2");
    }

    #[test]
    fn where_dbt_would_put_it_elsewhere_there_is_none() {
        let cte = [("a".to_owned(), "select 1".to_owned())];
        assert!(inject("select 1 from unnest(x) with offset", &cte).is_err());
        assert!(inject("select 1; select 2", &cte).is_err());
        assert!(inject("select 'a with b; c' -- with\nfrom (with x as (select 1) select 2)", &cte).is_ok());
    }
}
