//! The locked-down DuckDB that every query of ours runs in.

use super::scratch::{Limits, Scratch};
use super::statement::single_query;
use super::values::{cell, is_plain};
use super::{Cell, Engine, Rows, quoted};
use crate::sql::Dialect;
use anyhow::{Context, Result, anyhow, bail};
use duckdb::Connection;
use regex::Regex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tempfile::TempDir;

/// Most rows that one query may hand over: the engine is asked for aggregates and samples.
const MAX_ROWS: usize = 1_000_000;

/// A scratch database after its lock-down: no files, no network, no extensions, no settings.
pub struct DuckDb {
    // Closed before the folder of its temporary files is removed.
    connection: Mutex<Connection>,
    _folder: TempDir,
    timeout: Duration,
    marker: String,
    scratch_name: Regex,
    kept: AtomicUsize,
}

/// Numbers of scratch schemas from here on hold kept rows.
const KEPT: usize = 1_000_000;

impl DuckDb {
    pub(super) fn new(connection: Connection, folder: TempDir, timeout: Duration, marker: String) -> Result<Self> {
        let scratch_name = Regex::new(&format!("(?:\"?memory\"?\\.)?\"?{marker}_[0-9]+\"?\\."))?;
        Ok(Self {
            connection: Mutex::new(connection),
            _folder: folder,
            timeout,
            marker,
            scratch_name,
            kept: AtomicUsize::new(KEPT),
        })
    }

    /// The name of the `n`-th scratch schema: not to be guessed, so that no query can read another side's relation.
    pub(super) fn schema(&self, n: usize) -> String {
        format!("{}_{n}", self.marker)
    }

    /// Runs statements of our own making; the error has no scratch names.
    pub(super) fn execute(&self, sql: &str) -> Result<()> {
        let connection = self.connection();
        self.timed(&connection, || connection.execute_batch(sql).map_err(|e| self.cleaned(&e)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection itself intact.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the connection and interrupts it when it takes longer than the limit.
    fn timed<T>(&self, connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let handle = connection.interrupt_handle();
        let (done, waiting) = mpsc::channel::<()>();
        let limit = self.timeout;
        let watch = std::thread::spawn(move || {
            let mut wait = limit;
            let mut late = false;
            // Again and again: an interrupt between two statements is lost.
            while let Err(mpsc::RecvTimeoutError::Timeout) = waiting.recv_timeout(wait) {
                late = true;
                handle.interrupt();
                wait = Duration::from_millis(50);
            }
            late
        });
        let result = work();
        drop(done);
        let late = watch.join().unwrap_or(false);
        match result {
            Err(_) if late => bail!("stopped after {} seconds, the time limit of one query", limit.as_secs_f64()),
            result => result,
        }
    }

    fn cleaned(&self, error: &duckdb::Error) -> anyhow::Error {
        anyhow!("{}", self.clean(&message(error)))
    }

    /// The engine's message in one line, without scratch names and the excerpt of generated SQL.
    fn clean(&self, message: &str) -> String {
        let text = message.split("\n\nLINE ").next().unwrap_or(message);
        let text = text.split("\nLINE ").next().unwrap_or(text);
        // Suggestions come in no fixed order, and may be names of the scratch database.
        let text = text.split("Candidate bindings:").next().unwrap_or(text);
        let text = text.split("Did you mean").next().unwrap_or(text);
        let text = self.scratch_name.replace_all(text, "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Names and types of what a query gives.
    fn describe(&self, connection: &Connection, sql: &str) -> Result<Vec<(String, String)>> {
        let rows = self
            .fetch(connection, &format!("select column_name, column_type from (describe select * from (\n{sql}\n))"))?;
        rows.into_iter()
            .map(|row| match <[Cell; 2]>::try_from(row) {
                Ok([Cell::Text(name), Cell::Text(data_type)]) => Ok((name, data_type)),
                other => bail!("DuckDB described a query in a way that we do not know: {other:?}"),
            })
            .collect()
    }

    fn fetch(&self, connection: &Connection, sql: &str) -> Result<Vec<Vec<Cell>>> {
        let mut statement = connection.prepare(sql).map_err(|e| self.cleaned(&e))?;
        let mut rows = statement.query([]).map_err(|e| self.cleaned(&e))?;
        let mut fetched = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.cleaned(&e))? {
            if fetched.len() == MAX_ROWS {
                bail!("the query gives more than {MAX_ROWS} rows");
            }
            let width = row.as_ref().column_count();
            let cells = (0..width).map(|i| {
                let value = row.get_ref(i).map_err(|e| self.cleaned(&e))?;
                cell(value).with_context(|| format!("column {} is of a type that cannot be read", i + 1))
            });
            fetched.push(cells.collect::<Result<Vec<Cell>>>()?);
        }
        Ok(fetched)
    }
}

impl Engine for DuckDb {
    fn query(&self, sql: &str) -> Result<Rows> {
        let sql = single_query(sql)?;
        let connection = self.connection();
        self.timed(&connection, || {
            let columns = self.describe(&connection, sql)?;
            let rows = if columns.iter().all(|(_, data_type)| is_plain(data_type)) {
                self.fetch(&connection, &format!("select * from (\n{sql}\n)"))?
            } else {
                self.fetch(&connection, &as_text(sql, &columns))?
            };
            Ok(Rows { columns, rows })
        })
    }

    fn plain(&self, sql: &str) -> Result<Vec<Vec<Cell>>> {
        let sql = single_query(sql)?;
        let connection = self.connection();
        self.timed(&connection, || self.fetch(&connection, &format!("select * from (\n{sql}\n)")))
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(&self, sql: &str) -> Result<String> {
        let sql = single_query(sql)?;
        let connection = self.connection();
        self.timed(&connection, || {
            let rows = self.fetch(&connection, &format!("explain (format json) select * from (\n{sql}\n)"))?;
            match rows.into_iter().next().and_then(|row| row.into_iter().nth(1)) {
                Some(Cell::Text(plan)) => Ok(plan),
                other => bail!("DuckDB explained a query in a way that we do not know: {other:?}"),
            }
        })
    }

    fn dialect(&self) -> Dialect {
        Dialect::DuckDb
    }

    fn keep(&self, sql: &str) -> Result<Option<String>> {
        let schema = quoted(&self.schema(self.kept.fetch_add(1, Ordering::Relaxed)));
        let name = format!("\"memory\".{schema}.\"kept\"");
        self.execute(&format!("create schema memory.{schema}"))?;
        self.execute(&format!("create table {name} as select * from (\n{}\n)", single_query(sql)?))?;
        Ok(Some(name))
    }

    fn forget(&self, kept: &str) {
        // Room only: the scratch database is dropped in the end anyway.
        let _ = self.execute(&format!("drop table {kept}"));
    }
}

/// The query with every column that is not of a plain type as text; columns by position, because names may repeat.
fn as_text(sql: &str, columns: &[(String, String)]) -> String {
    let names: Vec<String> = (0..columns.len()).map(|i| format!("c{i}")).collect();
    let items = names.iter().zip(columns).map(|(name, (_, data_type))| match is_plain(data_type) {
        true => name.clone(),
        false => format!("cast({name} as varchar)"),
    });
    format!("select {} from (\n{sql}\n) as q({})", items.collect::<Vec<_>>().join(", "), names.join(", "))
}

/// What DuckDB says.
pub(super) fn message(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// A locked-down database that holds nothing: for SQL that reads no table.
pub struct Locked(DuckDb);

impl Locked {
    /// Opens one.
    ///
    /// # Errors
    /// DuckDB does not start.
    pub fn open() -> Result<Self> {
        Scratch::open(&[], Limits { timeout: Duration::from_secs(20), ..Limits::default() })?.lock().map(Self)
    }

    /// Runs one query.
    ///
    /// # Errors
    /// The engine's message.
    pub fn query(&self, sql: &str) -> Result<Rows> {
        self.0.query(sql)
    }
}
