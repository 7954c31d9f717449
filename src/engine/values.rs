//! DuckDB's values as cells.

use super::Cell;
use duckdb::types::ValueRef;

/// Whether values of this DuckDB type become cells directly; all others are read as text.
pub fn is_plain(data_type: &str) -> bool {
    let plain = [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "FLOAT",
        "DOUBLE",
        "VARCHAR",
    ];
    plain.contains(&data_type) || (data_type.starts_with("DECIMAL(") && data_type.ends_with(')'))
}

/// A value of a plain type as a cell; `None` when it is of another type.
pub fn cell(value: ValueRef<'_>) -> Option<Cell> {
    Some(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Boolean(b) => Cell::Bool(b),
        ValueRef::TinyInt(i) => Cell::Int(i.into()),
        ValueRef::SmallInt(i) => Cell::Int(i.into()),
        ValueRef::Int(i) => Cell::Int(i.into()),
        ValueRef::BigInt(i) => Cell::Int(i.into()),
        ValueRef::HugeInt(i) => Cell::Int(i),
        ValueRef::UTinyInt(i) => Cell::Int(i.into()),
        ValueRef::USmallInt(i) => Cell::Int(i.into()),
        ValueRef::UInt(i) => Cell::Int(i.into()),
        ValueRef::UBigInt(i) => Cell::Int(i.into()),
        ValueRef::Float(x) => Cell::Float(x.into()),
        ValueRef::Double(x) => Cell::Float(x),
        ValueRef::Decimal(d) => Cell::Float(d.to_string().parse().ok()?),
        ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        _ => return None,
    })
}
