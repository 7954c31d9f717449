//! A scratch database while it is being furnished: the user's databases attached read-only, seeds and files loaded.
//! Nothing that a pull request wrote runs before [`Scratch::lock`].

use super::duckdb::{DuckDb, message};
use super::{Body, literal, quoted};
use anyhow::{Context, Result, anyhow, bail};
use duckdb::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// A database file to attach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// Name by which SQL calls it.
    pub alias: String,
    /// The file, resolved by the caller.
    pub file: PathBuf,
    /// Whether work goes on when the file does not exist: whatever needs it is then an error of its own.
    pub may_be_missing: bool,
}

/// Bounds of one scratch database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most memory, as DuckDB writes it (`4GB`); `None` = DuckDB's own default, four fifths of the machine's.
    pub memory: Option<String>,
    /// Threads; `None` = one a core.
    pub threads: Option<usize>,
    /// Longest time of one query.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: None, threads: None, timeout: Duration::from_secs(300) }
    }
}

/// Most disk for what does not fit into memory.
const SPILL: &str = "30GB";

/// Database, schema and name of a relation.
pub type RelationKey = (String, String, String);

/// A scratch database that is still open to our own statements.
pub struct Scratch {
    // In a mutex so that both sides may ask for columns at the same time.
    connection: Mutex<Connection>,
    folder: TempDir,
    attached: Vec<Attach>,
    missing: Vec<String>,
    relations: BTreeMap<RelationKey, Vec<(String, String)>>,
    marker: String,
    schemas: usize,
    timeout: Duration,
}

impl Scratch {
    /// Opens a scratch database with `databases` attached read-only.
    ///
    /// # Errors
    /// A database that is missing, locked by a writer, or no DuckDB file: the file, why, and what to do.
    pub fn open(databases: &[Attach], limits: Limits) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rowproof-").tempdir().context("no temporary folder")?;
        let connection = Connection::open_in_memory().map_err(|e| anyhow!("DuckDB does not start: {}", message(&e)))?;
        let mut scratch = Self {
            connection: Mutex::new(connection),
            folder,
            attached: Vec::new(),
            missing: Vec::new(),
            relations: BTreeMap::new(),
            marker: marker(),
            schemas: 0,
            timeout: limits.timeout,
        };
        scratch.configure(&limits)?;
        for database in databases {
            scratch.attach(database)?;
        }
        scratch.relations = scratch.describe()?;
        Ok(scratch)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection itself intact.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection().execute_batch(sql).map_err(|e| anyhow!("{}", message(&e)))
    }

    fn configure(&self, limits: &Limits) -> Result<()> {
        let spill = self.folder.path().join("spill");
        let spill = spill.to_str().context("the temporary folder's name is not UTF-8; set TMPDIR to one that is")?;
        self.run(&format!("set temp_directory = {}", literal(spill)))?;
        // A sort without end must not fill the machine's disk.
        self.run(&format!("set max_temp_directory_size = {}", literal(SPILL)))?;
        self.run("set autoinstall_known_extensions = false; set autoload_known_extensions = false")?;
        self.run("set allow_community_extensions = false; set allow_persistent_secrets = false")?;
        if let Some(memory) = &limits.memory {
            self.run(&format!("set memory_limit = {}", literal(memory)))?;
        }
        if let Some(threads) = limits.threads {
            self.run(&format!("set threads = {}", threads.max(1)))?;
        }
        if self.has_setting("TimeZone")? {
            self.run("set global TimeZone = 'UTC'")?;
        } else {
            super::timezone::register(&self.connection(), "timezone")?;
        }
        self.pin_the_clock()
    }

    fn has_setting(&self, name: &str) -> Result<bool> {
        let sql = "select count(*) from duckdb_settings() where name = ?";
        let count: i64 =
            self.connection().query_row(sql, [name], |row| row.get(0)).map_err(|e| anyhow!("{}", message(&e)))?;
        Ok(count > 0)
    }

    /// Both sides must see the same instant, however long a run takes: macros in `main` go before the built-in functions.
    fn pin_the_clock(&self) -> Result<()> {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let instant = literal(&now.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string());
        let zoned = format!("cast({instant} || '+00' as timestamptz)");
        let date = format!("cast({} as date)", literal(&now.strftime("%Y-%m-%d").to_string()));
        let time = format!("cast({} as time)", literal(&now.strftime("%H:%M:%S%.6f").to_string()));
        let pinned = [
            ("now", &zoned),
            ("get_current_timestamp", &zoned),
            ("transaction_timestamp", &zoned),
            ("today", &date),
            ("current_date", &date),
            ("get_current_time", &time),
            ("current_localtime", &time),
            ("current_localtimestamp", &format!("cast({instant} as timestamp)")),
        ];
        for (function, value) in pinned {
            self.run(&format!("create macro memory.main.{function}() as {value}"))?;
        }
        Ok(())
    }

    fn attach(&mut self, database: &Attach) -> Result<()> {
        let shown = database.file.display();
        let found = std::fs::metadata(&database.file);
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let message = format!(
                    "database {shown} cannot be opened ({error}); build it (`dbt build`) or correct its path in profiles.yml or `warehouse.database`"
                );
                if database.may_be_missing && error.kind() == std::io::ErrorKind::NotFound {
                    self.missing.push(message);
                    return Ok(());
                }
                bail!(message);
            }
        };
        if !found.is_file() {
            bail!("database {shown} is no file; name a DuckDB file");
        }
        let path = database.file.to_str().with_context(|| format!("database {shown}: its path is not UTF-8"))?;
        let taken = |name: &str| ["memory", "system", "temp"].iter().any(|t| t.eq_ignore_ascii_case(name));
        let mut alias = database.alias.clone();
        while taken(&alias) || self.attached.iter().any(|a| a.alias.eq_ignore_ascii_case(&alias)) {
            alias.push('_');
        }
        let sql = format!("attach {} as {} (read_only)", literal(path), quoted(&alias));
        self.run(&sql).map_err(|e| {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default();
            anyhow!("database {shown}: {first}; {}", advice(&text))
        })?;
        self.attached.push(Attach { alias, ..database.clone() });
        Ok(())
    }

    fn describe(&self) -> Result<BTreeMap<RelationKey, Vec<(String, String)>>> {
        let mut relations: BTreeMap<RelationKey, Vec<(String, String)>> = BTreeMap::new();
        let sql = "select database_name, schema_name, table_name, column_name, data_type from duckdb_columns() \
                   where not internal and database_name not in ('memory', 'system', 'temp') \
                   order by 1, 2, 3, column_index";
        let connection = self.connection();
        let mut statement = connection.prepare(sql).map_err(|e| anyhow!("{}", message(&e)))?;
        let rows =
            statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), (row.get(3)?, row.get(4)?))));
        for row in rows.map_err(|e| anyhow!("{}", message(&e)))? {
            let (key, column) = row.map_err(|e| anyhow!("{}", message(&e)))?;
            relations.entry(key).or_default().push(column);
        }
        Ok(relations)
    }

    /// Columns (name and type, in order) of every relation of the attached databases.
    pub fn columns(&self) -> &BTreeMap<RelationKey, Vec<(String, String)>> {
        &self.relations
    }

    /// The attached relations that are views.
    ///
    /// # Errors
    /// The engine's message.
    pub fn views(&self) -> Result<BTreeSet<RelationKey>> {
        let connection = self.connection();
        let sql = "select database_name, schema_name, view_name from duckdb_views() where not internal";
        let mut statement = connection.prepare(sql).map_err(|e| anyhow!("{}", message(&e)))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.map_err(|e| anyhow!("{}", message(&e)))?.map(|row| row.map_err(|e| anyhow!("{}", message(&e)))).collect()
    }

    /// Makes the database `alias` the one that names without a database are looked for in; a missing one is there, and
    /// empty, as for a client that would create it.
    ///
    /// # Errors
    /// The engine's message.
    pub fn stand_in(&self, alias: &str) -> Result<()> {
        let alias = quoted(alias);
        self.run(&format!("attach if not exists ':memory:' as {alias}; use {alias}"))
    }

    /// The attached relation that is meant: by database, schema and name; by schema and name where the database is
    /// empty or none of ours; by name alone where the schema is empty too and only one fits (`main` goes first).
    pub fn find(&self, database: &str, schema: &str, name: &str) -> Option<&RelationKey> {
        find(&self.relations, database, schema, name)
    }

    pub(super) fn attached(&self) -> &[Attach] {
        &self.attached
    }

    /// Why databases that were asked for are not attached.
    pub(super) fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Loads a CSV or a data file into a table named `name`; gives its SQL name.
    ///
    /// # Errors
    /// The file cannot be read, or a value does not fit the declared type.
    pub fn load(&mut self, name: &str, body: &Body) -> Result<String> {
        let reader = match body {
            Body::Csv { bytes, types, delimiter } => {
                let path = self.folder.path().join(format!("{}.csv", self.schemas));
                std::fs::write(&path, bytes).with_context(|| format!("{name}: no room in the temporary folder"))?;
                self.csv_reader(&path, types, *delimiter)?
            }
            Body::File(path) => file_reader(path)?,
            Body::Query(_) | Body::External(..) | Body::Unbuildable(_) => bail!("{name}: not data that can be loaded"),
        };
        self.create(name, &reader)
    }

    fn create(&mut self, name: &str, from: &str) -> Result<String> {
        let schema = format!("{}_{}", self.marker, self.schemas);
        let table = format!("{}.{}", quoted(&schema), quoted(name));
        self.schemas += 1;
        self.run(&format!("create schema {}", quoted(&schema)))?;
        let created = self.run(&format!("create table {table} as select * from {from}"));
        created.map_err(|e| anyhow!("{}", first_lines(&e.to_string())))?;
        Ok(format!("\"memory\".{table}"))
    }

    /// An empty table of `width` text columns `c0`, `c1`, ...; gives its SQL name, for [`Scratch::append`].
    ///
    /// # Errors
    /// The engine's message.
    pub fn texts(&mut self, name: &str, width: usize) -> Result<String> {
        let columns: Vec<String> = (0..width).map(|i| format!("cast(null as varchar) as c{i}")).collect();
        self.create(name, &format!("(select {} where false) as t", columns.join(", ")))
    }

    /// Adds rows of texts to a table that [`Scratch::texts`] made.
    ///
    /// # Errors
    /// The engine's message.
    pub fn append(&self, table: &str, rows: &[Vec<Option<String>>]) -> Result<()> {
        let parts: Vec<&str> = table.split('.').map(|part| part.trim_matches('"')).collect();
        let [_, schema, name] = parts.as_slice() else { bail!("{table} is no table of ours") };
        let connection = self.connection();
        let added = (|| {
            let mut appender = connection.appender_to_db(name, schema)?;
            for row in rows {
                appender.append_row(duckdb::appender_params_from_iter(row))?;
            }
            appender.flush()
        })();
        added.map_err(|e| anyhow!("{}", message(&e)))
    }

    /// A table of what `from`, a text of our own making, gives; gives its SQL name.
    ///
    /// # Errors
    /// A value does not fit.
    pub fn derive(&mut self, name: &str, from: &str) -> Result<String> {
        self.create(name, from)
    }

    /// Whether an attached relation is a view over files, which cannot be read any more after the lock-down.
    ///
    /// # Errors
    /// The engine's message.
    pub fn reads_files(&self, key: &RelationKey) -> Result<bool> {
        let sql = "select count(*) from duckdb_views() where database_name = ? and schema_name = ? and view_name = ? \
                   and regexp_matches(lower(sql), '(read_[a-z_]+|[a-z]+_scan) *[(]|from +''')";
        let count: i64 = self
            .connection()
            .query_row(sql, [&key.0, &key.1, &key.2], |row| row.get(0))
            .map_err(|e| anyhow!("{}", message(&e)))?;
        Ok(count > 0)
    }

    /// Copies an attached relation into a table; gives its SQL name.
    ///
    /// # Errors
    /// The relation cannot be read.
    pub fn copy(&mut self, key: &RelationKey) -> Result<String> {
        let from = [&key.0, &key.1, &key.2].map(|part| quoted(part)).join(".");
        self.create(&key.2, &from)
    }

    /// Columns (name and type, in order) of a data file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn file_columns(&self, path: &Path) -> Result<Vec<(String, String)>> {
        let sql = format!("select column_name, column_type from (describe select * from {})", file_reader(path)?);
        let connection = self.connection();
        let mut statement = connection.prepare(&sql).map_err(|e| anyhow!("{}", first_lines(&message(&e))))?;
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(|e| anyhow!("{}", message(&e)))?;
        rows.map(|row| row.map_err(|e| anyhow!("{}", message(&e)))).collect()
    }

    fn csv_reader(&self, path: &Path, types: &BTreeMap<String, String>, delimiter: char) -> Result<String> {
        let path = literal(path.to_str().context("the temporary folder's name is not UTF-8")?);
        // Everything but the types is said, so that a broken line is an error and not a guess at another shape.
        let options = format!(
            "header = true, skip = 0, sample_size = -1, quote = '\"', escape = '\"', comment = '', delim = {}",
            literal(&delimiter.to_string())
        );
        if types.is_empty() {
            return Ok(format!("read_csv({path}, {options})"));
        }
        // Types may be declared in another case than the header's, or for columns that are not there.
        let sql =
            format!("select column_name from (describe select * from read_csv({path}, {options}, all_varchar = true))");
        let connection = self.connection();
        let mut statement = connection.prepare(&sql).map_err(|e| anyhow!("{}", first_lines(&message(&e))))?;
        let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(|e| anyhow!("{}", message(&e)))?;
        let mut declared = Vec::new();
        for name in names {
            let name = name.map_err(|e| anyhow!("{}", message(&e)))?;
            if let Some((_, data_type)) = types.iter().find(|(column, _)| column.eq_ignore_ascii_case(&name)) {
                declared.push(format!("{}: {}", literal(&name), literal(data_type)));
            }
        }
        match declared.is_empty() {
            true => Ok(format!("read_csv({path}, {options})")),
            false => Ok(format!("read_csv({path}, {options}, types = {{{}}})", declared.join(", "))),
        }
    }

    /// Shuts the doors: no file, no network, no extension, no setting from here on. Attached databases stay readable.
    ///
    /// # Errors
    /// DuckDB refuses.
    pub fn lock(self) -> Result<DuckDb> {
        self.run("set enable_external_access = false; set lock_configuration = true")?;
        let connection = self.connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        DuckDb::new(connection, self.folder, self.timeout, self.marker)
    }

    /// How many scratch schemas there are.
    pub(super) fn schemas(&self) -> usize {
        self.schemas
    }
}

/// See [`Scratch::find`].
pub(super) fn find<'a>(
    relations: &'a BTreeMap<RelationKey, Vec<(String, String)>>,
    database: &str,
    schema: &str,
    name: &str,
) -> Option<&'a RelationKey> {
    let fits = |want: &str, have: &str| want.is_empty() || want.eq_ignore_ascii_case(have);
    let all = || relations.keys().filter(|k| k.2.eq_ignore_ascii_case(name) && fits(schema, &k.1));
    let mut exact: Vec<_> = all().filter(|k| fits(database, &k.0)).collect();
    if exact.is_empty() {
        exact = all().collect();
    }
    match exact.as_slice() {
        [] => None,
        [only] => Some(only),
        several if schema.is_empty() => several.iter().copied().find(|k| k.1.eq_ignore_ascii_case("main")),
        several if database.is_empty() => several.first().copied(),
        several => several.iter().copied().find(|k| k.0.eq_ignore_ascii_case(database)),
    }
}

/// A prefix of schema names that cannot be guessed from outside: the standard library seeds its hashers from the system.
fn marker() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("rp_{:016x}", RandomState::new().hash_one(std::process::id()))
}

fn file_reader(path: &Path) -> Result<String> {
    let shown = path.display();
    let text = path.to_str().with_context(|| format!("{shown}: the path is not UTF-8"))?;
    let many = text.contains('*');
    let existing = if many { path.parent().unwrap_or(path) } else { path };
    let found =
        std::fs::metadata(existing).with_context(|| format!("data file {shown} cannot be read; correct its path"))?;
    let extension_of = |p: &Path| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name).to_owned();
        name.rsplit_once('.').map(|(_, e)| e.to_owned()).unwrap_or_default()
    };
    let (extension, pattern) = if found.is_dir() && !many {
        let entries = std::fs::read_dir(path).with_context(|| format!("data folder {shown} cannot be read"))?;
        let mut extensions = std::collections::BTreeSet::new();
        for entry in entries {
            extensions.insert(extension_of(&entry.with_context(|| format!("data folder {shown}"))?.path()));
        }
        extensions.retain(|e| reader_of(e).is_some());
        let mut kinds = extensions.into_iter();
        match (kinds.next(), kinds.next()) {
            (Some(only), None) => (only.clone(), format!("{text}/*.{only}*")),
            (None, _) => bail!("data folder {shown} holds no csv, parquet or json file"),
            _ => bail!("data folder {shown} holds files of several kinds; name one file or pattern"),
        }
    } else {
        (extension_of(path), text.to_owned())
    };
    let reader = reader_of(&extension)
        .with_context(|| format!("data file {shown} is neither csv, tsv, parquet nor json by its name"))?;
    Ok(reader.replace("PATH", &literal(&pattern)))
}

fn reader_of(extension: &str) -> Option<&'static str> {
    match extension {
        "csv" => Some("read_csv(PATH, header = true, sample_size = -1)"),
        "tsv" => Some("read_csv(PATH, header = true, sample_size = -1, delim = '\t')"),
        "parquet" | "pq" => Some("read_parquet(PATH)"),
        "json" | "ndjson" | "jsonl" => Some("read_json(PATH)"),
        _ => None,
    }
}

/// CSV errors go over many lines; the first few say it.
fn first_lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).take(3).collect::<Vec<_>>().join(" ")
}

fn advice(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    if message.contains("lock") {
        "another process has it open for writing: end it (a dbt run, a notebook, the DuckDB shell) and try again"
    } else if message.contains("newer") || message.contains("serialization") || message.contains("storage version") {
        "it was written by a newer DuckDB: write it again with STORAGE_VERSION 'v1.2.0' or older"
    } else if message.contains("not a valid duckdb") {
        "name a file that DuckDB wrote"
    } else if message.contains("permission") {
        "allow this user to read it"
    } else {
        "check that it is a DuckDB file that this user can read"
    }
}
