//! The team's own warehouse: which driver or program answers, and how it connects.

use super::dbt::in_repository;
use crate::engine::adbc::Settings;
use crate::engine::{Engine, Process, Program};
use crate::git::Repo;
use crate::policy::{EngineName, Policy, Warehouse};
use crate::sql::Dialect;
use anyhow::{Context, Result, bail};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The subcommand of this binary that loads a driver, so that its crash takes no report along.
const HOST: &str = "engine-host";

/// The BigQuery driver's name for the most bytes that a query may bill.
const BIGQUERY_BYTES: &str = "adbc.bigquery.sql.query.max_bytes_billed";

/// Whether the data is in a warehouse and not in DuckDB, by the policy, else by the profile's adapter.
pub(super) fn asked(policy: &Policy, adapter: &str) -> bool {
    match policy.warehouse.engine {
        Some(EngineName::DuckDb) => false,
        Some(EngineName::Adbc | EngineName::Command) => true,
        None => policy.warehouse.database.is_none() && !["", "duckdb"].contains(&adapter),
    }
}

/// Settings that the chosen engine would ignore are a mistake of the policy, not a wish.
///
/// # Errors
/// The key, and what to do.
pub(super) fn fits(policy: &Policy, adapter: &str) -> Result<()> {
    let warehouse = &policy.warehouse;
    let command = warehouse.engine == Some(EngineName::Command);
    if !warehouse.command.is_empty() && !command {
        bail!("{}: `warehouse.command` is asked only with `engine: command`", policy.path);
    }
    if (warehouse.driver.is_some() || !warehouse.options.is_empty()) && (command || !asked(policy, adapter)) {
        bail!("{}: `warehouse.driver` and `options` are for `engine: adbc`; say so, or remove them", policy.path);
    }
    if warehouse.maximum_bytes.is_some() && (command || adapter != "bigquery") {
        bail!(
            "{}: `warehouse.maximum_bytes` holds on BigQuery only; remove it, or bound the role that asks",
            policy.path
        );
    }
    Ok(())
}

/// The engine; nothing is started or connected before the first query. `profile` holds the keys of the profile's target.
///
/// # Errors
/// Settings that are missing or do not fit.
pub(super) fn open(
    (warehouse, path): (&Warehouse, &str),
    repo: &Repo,
    adapter: &str,
    profile: &BTreeMap<String, String>,
    dialect: Dialect,
) -> Result<Box<dyn Engine>> {
    let timeout = warehouse.timeout.unwrap_or(Duration::from_secs(300));
    if warehouse.engine == Some(EngineName::Command) {
        let Some(program) = warehouse.command.first() else {
            bail!("{path}: `warehouse: {{engine: command}}` needs `command`: the program that answers queries");
        };
        if in_repository(repo, program) {
            bail!("`{program}` could be a file of the repository; name a program on PATH, or by its full path");
        }
        // `python3 ask.py` runs what the pull request made of ask.py.
        if let Some(argument) = warehouse.command.iter().skip(1).find(|argument| file_of(repo, argument)) {
            bail!(
                "`{argument}` of `warehouse.command` is a file of the repository; keep it outside, and name its full path"
            );
        }
        let program =
            Program { command: warehouse.command.clone(), greeting: None, secrets: Vec::new(), timeout, dialect };
        return Ok(Box::new(Process::new(program)));
    }
    let mut settings = of_adapter(adapter, profile, timeout)?;
    if let Some(bytes) = warehouse.maximum_bytes {
        settings.numbers.insert(BIGQUERY_BYTES.to_owned(), i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    if let Some(driver) = &warehouse.driver {
        settings.driver.clone_from(driver);
    }
    for (key, written) in &warehouse.options {
        let value = rendered(written).with_context(|| format!("{path}: `warehouse.options.{key}`"))?;
        settings.options.insert(key.clone(), value);
    }
    if settings.driver.is_empty() {
        bail!(
            "no ADBC driver is known for adapter `{adapter}`; name one as `warehouse.driver` and its `warehouse.options` in {path}, or a program as `warehouse.command`"
        );
    }
    if settings.options.is_empty() {
        bail!("nothing says how to connect: neither profiles.yml nor `warehouse.options` of {path}");
    }
    let itself = std::env::current_exe().context("this program cannot be found to be started again")?;
    let itself = itself.to_str().context("the path of this program is not UTF-8")?.to_owned();
    let secrets = secrets(&settings.options, profile);
    let greeting = Some(serde_json::to_string(&settings)?);
    let command = vec![itself, HOST.to_owned()];
    Ok(Box::new(Process::new(Program { command, greeting, secrets, timeout, dialect })))
}

/// Whether an argument names a file of the repository, from here or from its root.
fn file_of(repo: &Repo, argument: &str) -> bool {
    [Path::new(argument), &repo.root().join(argument)]
        .iter()
        .any(|path| path.is_file() && repo.relative(path).is_some())
}

/// The driver and its options for a dbt adapter, from the keys of its profile.
fn of_adapter(adapter: &str, profile: &BTreeMap<String, String>, timeout: Duration) -> Result<Settings> {
    let get = |keys: &[&str]| keys.iter().find_map(|key| profile.get(*key)).filter(|v| !v.is_empty()).cloned();
    let mut options = BTreeMap::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            options.insert(key.to_owned(), value);
        }
    };
    let mut setup = Vec::new();
    let mut numbers = BTreeMap::new();
    let driver = match adapter {
        "postgres" | "redshift" => {
            if !profile.is_empty() {
                put("uri", Some(conninfo(&get)));
            }
            setup = session(adapter, timeout);
            "adbc_driver_postgresql"
        }
        "snowflake" => {
            put("adbc.snowflake.sql.account", get(&["account"]));
            put("username", get(&["user"]));
            put("password", get(&["password"]));
            put("adbc.snowflake.sql.role", get(&["role"]));
            put("adbc.snowflake.sql.warehouse", get(&["warehouse"]));
            put("adbc.snowflake.sql.db", get(&["database"]));
            put("adbc.snowflake.sql.schema", get(&["schema"]));
            if let Some(key) = get(&["private_key_path"]) {
                put("adbc.snowflake.sql.auth_type", Some("auth_jwt".to_owned()));
                put("adbc.snowflake.sql.client_option.jwt_private_key", Some(key));
            }
            setup.push(format!("alter session set statement_timeout_in_seconds = {}", timeout.as_secs()));
            setup.push("alter session set query_tag = 'rowproof', timezone = 'UTC'".to_owned());
            "adbc_driver_snowflake"
        }
        "bigquery" => {
            put("adbc.bigquery.sql.project_id", get(&["project", "database"]));
            put("adbc.bigquery.sql.dataset_id", get(&["dataset", "schema"]));
            if let Some(file) = get(&["keyfile"]) {
                let kind = "adbc.bigquery.sql.auth_type.json_credential_file";
                put("adbc.bigquery.sql.auth_type", Some(kind.to_owned()));
                put("adbc.bigquery.sql.auth_credentials", Some(file));
            }
            if let Some(bytes) = get(&["maximum_bytes_billed"]) {
                let bytes = bytes.parse().context("`maximum_bytes_billed` of the profile is no number")?;
                numbers.insert(BIGQUERY_BYTES.to_owned(), bytes);
            }
            "adbc_driver_bigquery"
        }
        "sqlite" => {
            put("uri", get(&["database", "path"]));
            "adbc_driver_sqlite"
        }
        _ => "",
    };
    Ok(Settings { driver: driver.to_owned(), options, setup, numbers, one_transaction: adapter == "postgres" })
}

/// What holds for every query of a PostgreSQL session: it reads, in UTC, within its time, as of one moment.
fn session(adapter: &str, timeout: Duration) -> Vec<String> {
    let mut setup = vec![
        "set application_name to 'rowproof'".to_owned(),
        format!("set statement_timeout to {}", timeout.as_millis()),
        "set timezone to 'UTC'".to_owned(),
        "set datestyle to 'ISO'".to_owned(),
    ];
    if adapter == "postgres" {
        setup.push("set default_transaction_read_only to on".to_owned());
        setup.push("begin isolation level repeatable read read only".to_owned());
    }
    setup
}

/// The keys of a dbt profile as libpq's keywords.
fn conninfo(get: &dyn Fn(&[&str]) -> Option<String>) -> String {
    let keys: [(&str, &[&str]); 9] = [
        ("host", &["host"]),
        ("port", &["port"]),
        ("user", &["user"]),
        ("password", &["password", "pass"]),
        ("dbname", &["dbname", "database"]),
        ("sslmode", &["sslmode"]),
        ("sslcert", &["sslcert"]),
        ("sslkey", &["sslkey"]),
        ("sslrootcert", &["sslrootcert"]),
    ];
    let pairs = keys.iter().filter_map(|(keyword, names)| {
        let value = get(names)?.replace('\\', "\\\\").replace('\'', "\\'");
        Some(format!("{keyword}='{value}'"))
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// `{{ env_var('NAME') }}` in an option of the policy. The policy is the base side's or the caller's own: trusted.
fn rendered(written: &str) -> Result<String> {
    let pattern = Regex::new(r#"\{\{\s*env_var\(\s*['"]([^'"]+)['"]\s*\)\s*\}\}"#)?;
    let mut missing = None;
    let text = pattern.replace_all(written, |found: &regex::Captures<'_>| {
        std::env::var(&found[1]).unwrap_or_else(|_| {
            missing.get_or_insert_with(|| found[1].to_owned());
            String::new()
        })
    });
    match missing {
        Some(name) => bail!("the environment has no {name}"),
        None => Ok(text.into_owned()),
    }
}

/// What no message may show: whole options that hold a credential, and credentials within a URI.
fn secrets(options: &BTreeMap<String, String>, profile: &BTreeMap<String, String>) -> Vec<String> {
    let is_secret = |key: &str| {
        let key = key.to_lowercase();
        ["password", "pass", "token", "secret", "key", "credential", "passphrase", "uri"]
            .iter()
            .any(|s| key.contains(s))
    };
    let all = options.iter().chain(profile).filter(|(key, value)| is_secret(key) && value.len() > 2);
    let mut found: Vec<String> = all.map(|(_, value)| value.clone()).collect();
    let within: Vec<String> = options
        .values()
        .filter_map(|value| {
            let (_, rest) = value.split_once("://")?;
            let (user, _) = rest.split_once('@')?;
            Some(user.split_once(':')?.1.to_owned())
        })
        .collect();
    found.extend(within);
    found.sort_by_key(|s| std::cmp::Reverse(s.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_postgres_profile_becomes_a_connection_that_only_reads() {
        let keys =
            profile(&[("host", "db"), ("user", "u"), ("password", "it's \\ me"), ("port", "5433"), ("dbname", "d")]);
        let settings = of_adapter("postgres", &keys, Duration::from_secs(60)).unwrap();
        let uri = &settings.options["uri"];
        assert_eq!(uri, r"host='db' port='5433' user='u' password='it\'s \\ me' dbname='d'");
        assert!(settings.one_transaction && settings.setup.iter().any(|s| s.contains("read only")));
        assert!(settings.setup.iter().any(|s| s == "set statement_timeout to 60000"));
        assert!(secrets(&settings.options, &keys).contains(&"it's \\ me".to_owned()));
    }

    #[test]
    fn credentials_within_a_uri_are_secret_too() {
        let options = profile(&[("uri", "postgresql://u:hunter2@db/d")]);
        assert!(secrets(&options, &profile(&[])).contains(&"hunter2".to_owned()));
        assert!(rendered("{{ env_var('ROWPROOF_NO_SUCH_VARIABLE') }}").unwrap_err().to_string().contains("has no"));
        assert_eq!(rendered("plain").unwrap(), "plain");
    }

    #[test]
    fn bigquery_may_not_bill_more_than_it_is_told() {
        let keys = profile(&[("project", "p"), ("maximum_bytes_billed", "1000")]);
        let settings = of_adapter("bigquery", &keys, Duration::from_secs(1)).unwrap();
        assert_eq!(settings.numbers[BIGQUERY_BYTES], 1000);
        let keys = profile(&[("project", "p"), ("maximum_bytes_billed", "lots")]);
        assert!(of_adapter("bigquery", &keys, Duration::from_secs(1)).is_err());
    }

    #[test]
    fn an_adapter_without_a_driver_of_its_own_says_so_later() {
        assert_eq!(of_adapter("exasol", &profile(&[]), Duration::from_secs(1)).unwrap().driver, "");
    }
}
