//! Dialects: their names, their parsers and how they compare identifiers.

use std::borrow::Cow;

use sqlparser::dialect as parsers;

use super::Dialect;
use super::dialects::Extended;

impl Dialect {
    /// The dialect that a dbt adapter (or a person) calls `name`; `None` when we know no such name.
    pub fn from_adapter(name: &str) -> Option<Dialect> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "duckdb" | "motherduck" => Dialect::DuckDb,
            "postgres" | "postgresql" | "greenplum" | "alloydb" | "materialize" | "cockroachdb" | "risingwave" => {
                Dialect::Postgres
            }
            "redshift" => Dialect::Redshift,
            "snowflake" => Dialect::Snowflake,
            "bigquery" => Dialect::BigQuery,
            "databricks" => Dialect::Databricks,
            "spark" | "sparksql" | "spark_sql" | "glue" => Dialect::Spark,
            "hive" | "impala" => Dialect::Hive,
            "trino" | "athena" | "presto" | "starburst" => Dialect::Trino,
            "sqlserver" | "fabric" | "synapse" | "tsql" | "mssql" => Dialect::TSql,
            "mysql" | "mariadb" | "singlestore" => Dialect::MySql,
            "sqlite" => Dialect::Sqlite,
            "clickhouse" => Dialect::ClickHouse,
            "generic" | "ansi" => Dialect::Generic,
            _ => return None,
        })
    }

    /// Its lower-case name, as written in reports and accepted by [`Dialect::from_adapter`].
    pub fn name(self) -> &'static str {
        match self {
            Dialect::DuckDb => "duckdb",
            Dialect::Postgres => "postgres",
            Dialect::Redshift => "redshift",
            Dialect::Snowflake => "snowflake",
            Dialect::BigQuery => "bigquery",
            Dialect::Databricks => "databricks",
            Dialect::Spark => "spark",
            Dialect::Hive => "hive",
            Dialect::Trino => "trino",
            Dialect::TSql => "tsql",
            Dialect::MySql => "mysql",
            Dialect::Sqlite => "sqlite",
            Dialect::ClickHouse => "clickhouse",
            Dialect::Generic => "generic",
        }
    }

    /// The parser's dialect with what it lacks. Trino has none of its own there: the permissive one, extended.
    pub fn parser_dialect(self) -> Box<dyn parsers::Dialect> {
        Box::new(Extended::new(self.plain_dialect(), self))
    }

    fn plain_dialect(self) -> Box<dyn parsers::Dialect> {
        match self {
            Dialect::DuckDb => Box::new(parsers::DuckDbDialect {}),
            Dialect::Postgres => Box::new(parsers::PostgreSqlDialect {}),
            Dialect::Redshift => Box::new(parsers::RedshiftSqlDialect {}),
            Dialect::Snowflake => Box::new(parsers::SnowflakeDialect {}),
            Dialect::BigQuery => Box::new(parsers::BigQueryDialect {}),
            Dialect::Databricks => Box::new(parsers::DatabricksDialect {}),
            Dialect::Spark => Box::new(parsers::SparkSqlDialect {}),
            Dialect::Hive => Box::new(parsers::HiveDialect {}),
            Dialect::TSql => Box::new(parsers::MsSqlDialect {}),
            Dialect::MySql => Box::new(parsers::MySqlDialect {}),
            Dialect::Sqlite => Box::new(parsers::SQLiteDialect {}),
            Dialect::ClickHouse => Box::new(parsers::ClickHouseDialect {}),
            Dialect::Trino | Dialect::Generic => Box::new(parsers::GenericDialect {}),
        }
    }

    /// The key under which two spellings of an identifier are the same name in this dialect.
    pub fn fold_key(self, name: &str, quoted: bool) -> String {
        self.fold(name, quoted).into_owned()
    }

    fn fold(self, name: &str, quoted: bool) -> Cow<'_, str> {
        match self {
            Dialect::Snowflake if quoted => Cow::Owned(name.to_owned()),
            Dialect::Snowflake => Cow::Owned(name.to_uppercase()),
            Dialect::Postgres | Dialect::Generic if quoted => Cow::Owned(name.to_owned()),
            Dialect::ClickHouse => Cow::Owned(name.to_owned()),
            _ => Cow::Owned(name.to_lowercase()),
        }
    }

    /// The keys under which a catalog's column may be meant: catalogs do not say whether a name was quoted.
    pub(super) fn catalog_keys(self, name: &str) -> (String, Option<String>) {
        let plain = self.fold_key(name, false);
        let exact = match self {
            // A lower-case name in a YAML file means the unquoted, upper-case column; only a name of mixed case
            // can have come from quotes.
            Dialect::Snowflake => {
                name.chars().any(char::is_lowercase) && name.chars().any(char::is_uppercase) && name != plain
            }
            Dialect::Postgres | Dialect::Generic => name != plain,
            _ => false,
        };
        (plain, exact.then(|| name.to_owned()))
    }

    /// Whether a select item may use the alias of an item to its left.
    pub(super) fn lateral_aliases(self) -> bool {
        matches!(
            self,
            Dialect::Snowflake
                | Dialect::Redshift
                | Dialect::Databricks
                | Dialect::Spark
                | Dialect::DuckDb
                | Dialect::ClickHouse
        )
    }

    /// Whether WHERE may use a select alias.
    pub(super) fn alias_in_where(self) -> bool {
        matches!(self, Dialect::Snowflake | Dialect::DuckDb | Dialect::ClickHouse | Dialect::Sqlite)
    }

    /// Whether HAVING may use a select alias.
    pub(super) fn alias_in_having(self) -> bool {
        !matches!(self, Dialect::Postgres | Dialect::TSql | Dialect::Trino)
    }

    /// Whether GROUP BY may use a select alias.
    pub(super) fn alias_in_group_by(self) -> bool {
        !matches!(self, Dialect::TSql | Dialect::Trino)
    }

    /// Whether `a.b` may be field `b` of a struct column `a`.
    pub(super) fn dotted_structs(self) -> bool {
        !matches!(self, Dialect::Postgres | Dialect::TSql | Dialect::MySql | Dialect::Sqlite | Dialect::Snowflake)
    }

    /// Whether `a.b` with no relation `a` in sight is a field of a column `a`, also where the columns are not known:
    /// records are as usual there as tables.
    pub(super) fn usual_structs(self) -> bool {
        matches!(self, Dialect::BigQuery)
    }

    /// Whether ORDER BY takes a select alias only where it is the whole item.
    pub(super) fn alias_orders_alone(self) -> bool {
        matches!(self, Dialect::Postgres | Dialect::TSql)
    }

    /// Whether a select alias hides a column of its name, and is seen by items to its left too.
    pub(super) fn alias_first(self) -> bool {
        matches!(self, Dialect::ClickHouse)
    }

    /// Whether a relation's name may stand for its row.
    pub(super) fn rows_as_values(self) -> bool {
        matches!(self, Dialect::Postgres | Dialect::DuckDb | Dialect::BigQuery | Dialect::Trino | Dialect::Generic)
    }

    /// Whether the fields of an array's elements may be named without the elements' alias.
    pub(super) fn bare_element_fields(self) -> bool {
        matches!(self, Dialect::BigQuery)
    }

    /// Whether a derived table sees its left siblings without LATERAL.
    pub(super) fn implicit_lateral(self) -> bool {
        matches!(self, Dialect::DuckDb)
    }
}
