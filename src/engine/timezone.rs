//! `AT TIME ZONE` for a DuckDB that was compiled without its ICU extension, as the one that cargo compiles is.
//!
//! DuckDB turns `x AT TIME ZONE z` into `timezone(z, x)`; the conversions follow the IANA database that jiff carries.

use anyhow::{Result, anyhow};
use duckdb::Connection;
use duckdb::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use duckdb::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use std::sync::Arc;

/// Adds the two forms of `timezone` under `name`.
///
/// # Errors
/// DuckDB's message.
pub(super) fn register(connection: &Connection, name: &str) -> Result<()> {
    connection.register_scalar_function::<AtTimeZone>(name).map_err(|e| anyhow!("{}", super::duckdb::message(&e)))
}

/// `timezone(zone, instant)` is the wall clock in the zone; `timezone(zone, wall clock)` is the instant.
struct AtTimeZone;

impl VArrowScalar for AtTimeZone {
    type State = ();

    fn invoke(_state: &(), input: RecordBatch) -> Result<ArrayRef, Box<dyn std::error::Error>> {
        let zones = input.column(0).as_string::<i32>();
        let times = input.column(1).as_primitive::<TimestampMicrosecondType>();
        let instants = matches!(times.data_type(), DataType::Timestamp(_, Some(_)));
        let mut known: Option<(String, TimeZone)> = None;
        let mut out = Vec::with_capacity(times.len());
        for row in 0..times.len() {
            if zones.is_null(row) || times.is_null(row) {
                out.push(None);
                continue;
            }
            let name = zones.value(row);
            if known.as_ref().is_none_or(|(last, _)| last != name) {
                known = Some((name.to_owned(), zone(name)?));
            }
            let (_, zone) = known.as_ref().ok_or("no zone")?;
            let micros = times.value(row);
            out.push(Some(if instants { wall_clock(zone, micros)? } else { instant(zone, micros)? }));
        }
        let array = TimestampMicrosecondArray::from(out);
        Ok(Arc::new(if instants { array } else { array.with_timezone("UTC") }))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let wall = DataType::Timestamp(TimeUnit::Microsecond, None);
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        vec![
            ArrowFunctionSignature::exact(vec![DataType::Utf8, instant.clone()], wall.clone()),
            ArrowFunctionSignature::exact(vec![DataType::Utf8, wall], instant),
        ]
    }
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| anyhow!("Unknown TimeZone '{name}'"))
}

/// Microseconds since the epoch to the microseconds of the zone's wall clock then.
fn wall_clock(zone: &TimeZone, micros: i64) -> Result<i64> {
    let local = zone.to_datetime(Timestamp::from_microsecond(micros)?);
    Ok(Offset::UTC.to_timestamp(local)?.as_microsecond())
}

/// Microseconds of the zone's wall clock to the instant; a time that a clock change skips or repeats is read with the
/// offset before the change, as ICU reads it.
fn instant(zone: &TimeZone, micros: i64) -> Result<i64> {
    let local: DateTime = Offset::UTC.to_datetime(Timestamp::from_microsecond(micros)?);
    Ok(zone.to_ambiguous_timestamp(local).compatible()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(connection: &Connection, sql: &str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn converts_both_ways_and_keeps_null() {
        let connection = Connection::open_in_memory().unwrap();
        let offline = "set autoinstall_known_extensions = false; set autoload_known_extensions = false";
        connection.execute_batch(offline).unwrap();
        // Only a DuckDB with ICU has the setting; without it a cast to TIMESTAMP is in UTC anyway.
        let zones = "select count(*) > 0 from duckdb_settings() where name = 'TimeZone'";
        if connection.query_row(zones, [], |row| row.get::<_, bool>(0)).unwrap() {
            connection.execute_batch("set TimeZone = 'UTC'").unwrap();
        }
        register(&connection, "zoned").unwrap();
        let instant = "'2024-07-01 12:00:00+00'::timestamptz";
        let wall = "'2024-07-01 12:00:00'::timestamp";
        for (sql, wanted) in [
            (format!("zoned('America/New_York', {instant})"), "2024-07-01 08:00:00"),
            (format!("zoned('Asia/Kolkata', {instant})"), "2024-07-01 17:30:00"),
            (format!("cast(zoned('America/New_York', {wall}) as timestamp)"), "2024-07-01 16:00:00"),
            (format!("cast(zoned('UTC', {wall}) as timestamp)"), "2024-07-01 12:00:00"),
            ("zoned(null, '2024-07-01'::timestamp) is null".to_owned(), "true"),
        ] {
            assert_eq!(ask(&connection, &format!("select cast({sql} as varchar)")), wanted, "{sql}");
        }
        let unknown = connection.query_row("select zoned('Mars/Base', now())", [], |row| row.get::<_, i64>(0));
        assert!(unknown.unwrap_err().to_string().contains("Unknown TimeZone 'Mars/Base'"));
    }

    #[test]
    fn every_scratch_database_knows_time_zones() {
        let locked = crate::engine::Locked::open().unwrap();
        let rows = locked
            .query("select cast('2024-01-01 12:00:00+00'::timestamptz at time zone 'Europe/Paris' as varchar) as t")
            .unwrap();
        assert_eq!(rows.rows[0][0].to_string(), "2024-01-01 13:00:00");
    }
}
