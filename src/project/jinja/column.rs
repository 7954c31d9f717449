//! A column as dbt's adapters describe it, and what each adapter says of its type.

use super::args::poisoned;
use super::fault::Fault;
use super::relation::Quoting;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use std::sync::Arc;

/// One column. Its type is not always known: a template that asks for it then fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    pub(crate) adapter: String,
}

/// Type names that dbt's adapters translate.
pub(crate) fn translate(adapter: &str, kind: &str) -> String {
    let upper = kind.to_uppercase();
    let translated = match (adapter, upper.as_str()) {
        ("databricks", "LONG") => "bigint",
        ("databricks", _) => return kind.to_lowercase(),
        ("spark", "LONG") => "BIGINT",
        ("spark", _) => return kind.to_owned(),
        ("trino", "STRING") => "VARCHAR",
        ("trino", "FLOAT") => "DOUBLE",
        ("bigquery", "INTEGER") => "INT64",
        ("bigquery", "FLOAT") => "FLOAT64",
        ("bigquery", "TEXT") => "STRING",
        ("bigquery", "STRING") => return kind.to_owned(),
        (_, "STRING") => "TEXT",
        _ => return kind.to_owned(),
    };
    translated.to_owned()
}

const TEXTS: &[&str] = &["text", "character varying", "character", "varchar"];
const FLOATS: &[&str] = &["real", "float4", "float", "float8", "double", "double precision"];
const INTEGERS: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "smallserial",
    "serial",
    "bigserial",
    "int2",
    "int4",
    "int8",
    "serial2",
    "serial4",
    "serial8",
];
const DUCKDB_FLOATS: &[&str] = &["real", "float", "float4", "float8", "double"];
const DUCKDB_INTEGERS: &[&str] = &[
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
    "int1",
    "int2",
    "int4",
    "int8",
    "short",
    "int",
    "signed",
    "long",
];
const SNOWFLAKE_NUMBERS: &[&str] =
    &["int", "integer", "bigint", "smallint", "tinyint", "byteint", "numeric", "decimal", "number", "fixed"];

/// Names of types by what they hold: texts, integers, fixed-point numbers, floats.
struct Types {
    texts: &'static [&'static str],
    integers: &'static [&'static str],
    numbers: &'static [&'static str],
    floats: &'static [&'static str],
}

impl Types {
    /// `None`: how the adapter tells is not built in here.
    fn of(adapter: &str) -> Option<Self> {
        Some(match adapter {
            "duckdb" => Self {
                texts: TEXTS,
                integers: DUCKDB_INTEGERS,
                numbers: &["numeric", "decimal"],
                floats: DUCKDB_FLOATS,
            },
            "postgres" | "redshift" => {
                Self { texts: TEXTS, integers: INTEGERS, numbers: &["numeric", "decimal"], floats: FLOATS }
            }
            "snowflake" => Self {
                texts: TEXTS,
                integers: &[],
                numbers: SNOWFLAKE_NUMBERS,
                floats: &["float", "float4", "float8", "double", "double precision", "real"],
            },
            "bigquery" => {
                Self { texts: &["string"], integers: &["int64"], numbers: &["numeric"], floats: &["float64"] }
            }
            _ => return None,
        })
    }
}

impl Column {
    fn unknown(&self) -> Fault {
        Fault::needs_warehouse(&format!("the type of column `{}`", self.name))
    }

    /// The type as SQL casts to it: texts of an unknown length get the adapter's longest.
    fn data_type(&self) -> Result<String, Fault> {
        let kind = self.kind.clone().ok_or_else(|| self.unknown())?;
        let text = TEXTS.contains(&kind.to_lowercase().as_str());
        Ok(match self.adapter.as_str() {
            "postgres" if kind.eq_ignore_ascii_case("text") => kind,
            "databricks" => translate("databricks", &kind),
            "trino" if kind.eq_ignore_ascii_case("char") => "varchar(256)".to_owned(),
            "duckdb" | "postgres" | "redshift" if text => "character varying(256)".to_owned(),
            "snowflake" if text => "character varying(16777216)".to_owned(),
            _ => kind,
        })
    }
}

impl Object for Column {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.kind.as_deref().unwrap_or("?"))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let or_poison = |found: Result<String, Fault>| found.map_or_else(poisoned, Value::from);
        Some(match key.as_str()? {
            "name" | "column" => Value::from(self.name.as_str()),
            "dtype" => or_poison(self.kind.clone().ok_or_else(|| self.unknown())),
            "data_type" => or_poison(self.data_type()),
            "quoted" => Value::from(Quoting::of(&self.adapter).quoted(&self.name)),
            _ => return None,
        })
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        if !matches!(method, "is_string" | "is_numeric" | "is_integer" | "is_float" | "is_number") {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let kind = self.kind.as_ref().ok_or_else(|| self.unknown())?.to_lowercase();
        let types = Types::of(&self.adapter).ok_or_else(|| {
            Fault::unsupported(format!("column.{method}() is not built in here for adapter `{}`", self.adapter))
        })?;
        let is = |names: &[&str]| names.contains(&kind.as_str());
        Ok(Value::from(match method {
            "is_string" => is(types.texts),
            "is_numeric" => is(types.numbers),
            "is_integer" => is(types.integers),
            "is_float" => is(types.floats),
            _ => is(types.numbers) || is(types.integers) || is(types.floats),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(adapter: &str, kind: &str) -> Arc<Column> {
        Arc::new(Column { name: "c".into(), kind: Some(kind.into()), adapter: adapter.into() })
    }

    #[test]
    fn a_text_is_cast_to_the_longest_that_the_adapter_writes() {
        assert_eq!(column("duckdb", "VARCHAR").data_type().unwrap(), "character varying(256)");
        assert_eq!(column("snowflake", "TEXT").data_type().unwrap(), "character varying(16777216)");
        assert_eq!(column("bigquery", "STRING").data_type().unwrap(), "STRING");
        assert_eq!(column("duckdb", "DECIMAL(18,3)").data_type().unwrap(), "DECIMAL(18,3)");
    }

    #[test]
    fn an_unknown_type_is_said_when_it_is_asked_for() {
        let column = Arc::new(Column { name: "c".into(), kind: None, adapter: "duckdb".into() });
        assert!(column.data_type().is_err());
        assert_eq!(column.get_value(&Value::from("name")).unwrap(), Value::from("c"));
    }
}
