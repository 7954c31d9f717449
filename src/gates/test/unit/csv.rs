//! CSV as dbt reads it (Python's `csv.DictReader`): a header, then rows; an empty cell is NULL, quoted or not.

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

/// The rows of a CSV text.
///
/// # Errors
/// It has no header, a row has more cells than it, or a quote is not closed.
pub(super) fn read(text: &str) -> Result<Vec<Map<String, Value>>> {
    let mut records = records(text)?.into_iter();
    let header = records.next().context("the CSV has no header")?;
    let header: Vec<&str> = header.iter().map(|name| name.trim()).collect();
    records
        .map(|cells| {
            if cells.len() > header.len() {
                bail!("a CSV row has {} cells under {} columns", cells.len(), header.len());
            }
            // A row that is too short has no value for the rest.
            let cells = cells.into_iter().map(|cell| if cell.is_empty() { Value::Null } else { cell.into() });
            let cells = cells.chain(std::iter::repeat(Value::Null));
            Ok(header.iter().map(|name| (*name).to_owned()).zip(cells).collect())
        })
        .collect()
}

/// Records of cells; lines without any text are none.
fn records(text: &str) -> Result<Vec<Vec<String>>> {
    let mut records: Vec<Vec<String>> = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    // Whether the cell began with a quote: only then does a quote mean anything in it.
    let mut began = None;
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut end = |record: &mut Vec<String>, cell: &mut String, began: &mut Option<bool>| {
        if !record.is_empty() || began.is_some() {
            record.push(std::mem::take(cell));
            records.push(std::mem::take(record));
        }
        *began = None;
    };
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => cell.push(c),
            '"' if began.is_none() => (quoted, began) = (true, Some(true)),
            ',' => {
                record.push(std::mem::take(&mut cell));
                began = None;
            }
            '\n' | '\r' => end(&mut record, &mut cell, &mut began),
            _ => {
                began.get_or_insert(false);
                cell.push(c);
            }
        }
    }
    if quoted {
        bail!("a quote in the CSV is not closed");
    }
    end(&mut record, &mut cell, &mut began);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_read_as_python_reads_them() {
        let of = |text: &str| read(text).map(|rows| Value::Array(rows.into_iter().map(Value::Object).collect()));
        assert_eq!(
            of("id,name\n1,\"a, b\"\n\n2,\"say \"\"hi\"\"\"\r\n3,\n").unwrap(),
            json!([
            {"id": "1", "name": "a, b"}, {"id": "2", "name": "say \"hi\""}, {"id": "3", "name": null}])
        );
        assert_eq!(of("id, name\n1, x \n2").unwrap(), json!([{"id": "1", "name": " x "}, {"id": "2", "name": null}]));
        assert_eq!(
            of("a\n\"two\nlines\"\n\"\"\nit\"s\n").unwrap(),
            json!([{"a": "two\nlines"}, {"a": null}, {"a": "it\"s"}])
        );
        assert_eq!(of("id,name\n").unwrap(), json!([]));
        for wrong in ["", "a\n1,2", "a\n\"x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
