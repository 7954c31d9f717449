//! What `@name` means where it needs no macro: the interval that a run covers, pinned to one instant for both sides, and
//! the arguments of audits.

use crate::project::pieces::{self, PieceKind};
use crate::sql::Dialect;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The flag of a text that holds the pinned interval.
pub(super) const FLAG: &str = "volatile:interval";

/// Puts `value(name)` in for every `@name` of the code (not in strings, quoted names and comments) that has one.
pub(super) fn placed(sql: &str, dialect: Dialect, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for piece in pieces::pieces(sql, dialect) {
        let mut rest = &sql[piece.range];
        while let Some(at) = rest.find('@').filter(|_| piece.kind == PieceKind::Code) {
            let name = &rest[at + 1..];
            let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
            // What is called or stands in a longer name is a macro.
            let alone = !name[end..].trim_start().starts_with('(') && (at > 0 || !out.ends_with('@'));
            out.push_str(&rest[..at]);
            match value(&name[..end].to_lowercase()).filter(|_| alone && end > 0) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..at + 1 + end]),
            }
            rest = &name[end..];
        }
        out.push_str(rest);
    }
    out
}

/// A time variable of SQLMesh: the run covers the day of `now`, and is executed at `now`.
pub(super) fn time(name: &str, now: Timestamp) -> Option<String> {
    let (which, form) = name.rsplit_once('_')?;
    let now = now.to_zoned(TimeZone::UTC).datetime();
    let day = now.date();
    let at = match which {
        "start" => day.at(0, 0, 0, 0),
        "end" => day.at(23, 59, 59, 999_999_000),
        "execution" => now,
        _ => return None,
    };
    Some(match form {
        "ds" => format!("'{day}'"),
        "date" => format!("CAST('{day}' AS DATE)"),
        "ts" => {
            let micros = at.subsec_nanosecond() / 1000;
            let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
            format!("'{day} {:02}:{:02}:{:02}{fraction}'", at.hour(), at.minute(), at.second())
        }
        "hour" => at.hour().to_string(),
        _ => return None,
    })
}

/// An argument that can stand wherever its name stood: one name, number or string, quotes included.
pub(super) fn single(argument: &str, dialect: Dialect) -> Option<String> {
    let argument = argument.trim();
    let pieces = pieces::pieces(argument, dialect);
    // A doubled quote parts a string in two pieces.
    let whole = |kind: PieceKind| !pieces.is_empty() && pieces.iter().all(|piece| piece.kind == kind);
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let code = whole(PieceKind::Code) && argument.strip_prefix('-').unwrap_or(argument).chars().all(word);
    let fits = !argument.is_empty() && (code || whole(PieceKind::Text) || whole(PieceKind::Name));
    fits.then(|| argument.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(sql: &str) -> String {
        placed(sql, Dialect::DuckDb, &|name| time(name, "2026-03-04T05:06:07Z".parse().unwrap()))
    }

    #[test]
    fn the_interval_is_one_day() {
        assert_eq!(put("a BETWEEN @start_ds AND @end_ds"), "a BETWEEN '2026-03-04' AND '2026-03-04'");
        assert_eq!(put("@start_date, @end_hour"), "CAST('2026-03-04' AS DATE), 23");
        assert_eq!(put("@end_ts, @execution_ts"), "'2026-03-04 23:59:59.999999', '2026-03-04 05:06:07'");
        assert_eq!(put("'@start_ds' -- @start_ds"), "'@start_ds' -- @start_ds");
        assert_eq!(
            put("@start_ds(1), @startds, @{start_ds}, @@start_ds"),
            "@start_ds(1), @startds, @{start_ds}, @@start_ds"
        );
    }

    #[test]
    fn only_single_values_are_put_in() {
        assert_eq!(single(" 'it''s' ", Dialect::DuckDb).as_deref(), Some("'it''s'"));
        assert_eq!(single("-1.5", Dialect::DuckDb).as_deref(), Some("-1.5"));
        assert_eq!(single("price", Dialect::DuckDb).as_deref(), Some("price"));
        assert_eq!(single("1 + 2", Dialect::DuckDb), None);
        assert_eq!(single("(a, b)", Dialect::DuckDb), None);
    }
}
