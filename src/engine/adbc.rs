//! The inside of a process that asks a warehouse through an ADBC driver, loaded at run time.

use super::process::{Answer, Request};
use adbc_core::options::{AdbcVersion, OptionDatabase, OptionStatement, OptionValue};
use adbc_core::{Connection, Database, Driver, LOAD_FLAG_DEFAULT, Optionable, Statement};
use adbc_driver_manager::{ManagedConnection, ManagedDriver};
use anyhow::{Context, Result, anyhow, bail};
use duckdb::arrow::array::{Array, ArrayRef, AsArray, RecordBatchReader};
use duckdb::arrow::datatypes::{DataType, Decimal128Type, Field, Float32Type, Float64Type};
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

/// Which driver, and how it connects.
#[derive(Serialize, Deserialize)]
pub struct Settings {
    /// A driver's name (`adbc_driver_postgresql`) or the path of its library.
    pub driver: String,
    /// Options of the database, by the driver's own names (`uri`, `username`, ...).
    pub options: BTreeMap<String, String>,
    /// Statements that are run first.
    pub setup: Vec<String>,
    /// Options of each statement that are numbers, by the driver's own names.
    pub numbers: BTreeMap<String, i64>,
    /// Whether every query runs within one transaction, so that all see the same rows and the same now.
    pub one_transaction: bool,
}

/// Answers requests until there are no more. The first line holds the [`Settings`].
///
/// # Errors
/// The settings cannot be read or an answer cannot be written; whatever the driver says is an answer.
pub fn serve(input: impl BufRead, mut output: impl Write) -> Result<()> {
    let mut lines = input.lines();
    let greeting = lines.next().context("no settings were given")??;
    let settings: Settings = serde_json::from_str(&greeting).context("the settings cannot be read")?;
    let mut connection = connect(&settings);
    for line in lines {
        let request: Request = serde_json::from_str(&line?).context("a request cannot be read")?;
        let answer = match &mut connection {
            Ok(connection) => answer(connection, &request, &settings),
            Err(error) => Err(anyhow!("{error:#}")),
        };
        let answer = answer.unwrap_or_else(|e| Answer { error: Some(format!("{e:#}")), ..Answer::default() });
        writeln!(output, "{}", serde_json::to_string(&answer)?)?;
        output.flush()?;
    }
    Ok(())
}

fn connect(settings: &Settings) -> Result<ManagedConnection> {
    let name = &settings.driver;
    if name.contains(['/', '\\']) && !Path::new(name).is_absolute() {
        bail!("the ADBC driver {name} is a relative path; name it by its whole path");
    }
    let missing = || {
        format!(
            "the ADBC driver {name} cannot be loaded; install it (for PostgreSQL: pip install adbc-driver-postgresql), or \
             name its library's path as `warehouse.driver`"
        )
    };
    // A relative path would mean a file of the pull request's own checkout.
    let mut driver = if Path::new(name).is_absolute() {
        ManagedDriver::load_dynamic_from_filename(name, None, AdbcVersion::V100)
    } else {
        ManagedDriver::load_from_name(name, None, AdbcVersion::V100, LOAD_FLAG_DEFAULT, None)
    }
    .map_err(said)
    .with_context(missing)?;
    let options = settings.options.iter().map(|(key, value)| {
        let value = OptionValue::String(value.clone());
        match key.as_str() {
            "uri" => (OptionDatabase::Uri, value),
            "username" => (OptionDatabase::Username, value),
            "password" => (OptionDatabase::Password, value),
            other => (OptionDatabase::Other(other.to_owned()), value),
        }
    });
    let database = driver.new_database_with_opts(options).map_err(said).context("the warehouse cannot be reached")?;
    let mut connection = database.new_connection().map_err(said).context("the warehouse cannot be reached")?;
    for statement in &settings.setup {
        execute(&mut connection, statement).with_context(|| format!("the session's `{statement}` is refused"))?;
    }
    Ok(connection)
}

/// The driver's own words, without the fields of the error around them.
fn said(error: adbc_core::error::Error) -> anyhow::Error {
    // The PostgreSQL driver repeats the whole query, which is of our making.
    let text = error.message.split("Query was:").next().unwrap_or_default();
    let text = text.split_once("ERROR:").map_or(text, |(_, own)| own);
    anyhow!("{}", text.trim().trim_start_matches("[libpq] "))
}

fn execute(connection: &mut ManagedConnection, sql: &str) -> Result<()> {
    let mut statement = connection.new_statement().map_err(said)?;
    statement.set_sql_query(sql).map_err(said)?;
    statement.execute_update().map_err(said)?;
    Ok(())
}

fn answer(connection: &mut ManagedConnection, request: &Request, settings: &Settings) -> Result<Answer> {
    if !settings.one_transaction {
        return fetch(connection, request, &settings.numbers);
    }
    // An error would end the transaction and with it what all queries see alike.
    execute(connection, "savepoint rowproof")?;
    let answer = fetch(connection, request, &settings.numbers);
    if answer.is_err() {
        execute(connection, "rollback to savepoint rowproof")?;
    }
    execute(connection, "release savepoint rowproof")?;
    answer
}

fn fetch(connection: &mut ManagedConnection, request: &Request, numbers: &BTreeMap<String, i64>) -> Result<Answer> {
    let mut statement = connection.new_statement().map_err(said)?;
    for (option, number) in numbers {
        // A bound that is not understood must not be one that is not there.
        let set = statement.set_option(OptionStatement::Other(option.clone()), OptionValue::Int(*number));
        set.map_err(said).with_context(|| format!("the driver does not take `{option}`"))?;
    }
    if request.sql.starts_with("explain ") {
        // What the PostgreSQL driver fetches it copies out, which a plan cannot be.
        let option = OptionStatement::Other("adbc.postgresql.use_copy".to_owned());
        statement.set_option(option, OptionValue::String("false".to_owned())).map_err(said)?;
    }
    statement.set_sql_query(&request.sql).map_err(said)?;
    let reader = statement.execute().map_err(said)?;
    let schema = reader.schema();
    let columns: Vec<(String, String)> =
        schema.fields().iter().map(|field| (field.name().clone(), type_name(field))).collect();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| anyhow!("{e}"))?;
        if rows.len() + batch.num_rows() > request.max_rows {
            return Err(anyhow!("the query gives more than {} rows", request.max_rows));
        }
        let cells = batch.columns().iter().map(column).collect::<Result<Vec<Vec<Value>>>>()?;
        let mut cells: Vec<_> = cells.into_iter().map(Vec::into_iter).collect();
        for _ in 0..batch.num_rows() {
            rows.push(cells.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect());
        }
    }
    Ok(Answer { columns, rows, error: None })
}

/// The type in DuckDB's words.
fn type_name(field: &Field) -> String {
    // The PostgreSQL driver hands numeric over as text, and says so.
    let own = field.metadata().get("ADBC:postgresql:typname").map(String::as_str);
    if own == Some("numeric") {
        return "NUMERIC".to_owned();
    }
    if field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.uuid") {
        return "UUID".to_owned();
    }
    let name = match field.data_type() {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "UTINYINT",
        DataType::UInt16 => "USMALLINT",
        DataType::UInt32 => "UINTEGER",
        DataType::UInt64 => "UBIGINT",
        DataType::Float16 | DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => match own {
            None | Some("text" | "varchar" | "bpchar" | "name" | "char") => "VARCHAR",
            Some(other) => return other.to_uppercase(),
        },
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => match own {
            None | Some("bytea") => "BLOB",
            Some(other) => return other.to_uppercase(),
        },
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Interval(_) => "INTERVAL",
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => return format!("DECIMAL({p},{s})"),
        other => return other.to_string().to_uppercase(),
    };
    name.to_owned()
}

/// The values of a column of one batch.
fn column(array: &ArrayRef) -> Result<Vec<Value>> {
    let float = |x: f64| serde_json::Number::from_f64(x).map_or_else(|| Value::String(x.to_string()), Value::Number);
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let text = |row: usize| formatter.value(row).to_string();
    (0..array.len())
        .map(|row| {
            if array.is_null(row) {
                return Ok(Value::Null);
            }
            Ok(match array.data_type() {
                DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
                data_type if data_type.is_integer() => {
                    serde_json::from_str(&text(row)).unwrap_or_else(|_| Value::String(text(row)))
                }
                DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
                DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
                DataType::Decimal128(_, 0) => {
                    Value::String(array.as_primitive::<Decimal128Type>().value(row).to_string())
                }
                _ => Value::String(text(row)),
            })
        })
        .collect()
}
