//! How each engine writes what a comparison needs: hashes, casts, conditions that see NULL and NaN.

use crate::sql::Dialect;

/// An engine's way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// DuckDB.
    DuckDb,
    /// PostgreSQL 12 and later.
    Postgres,
    /// Snowflake.
    Snowflake,
    /// BigQuery.
    BigQuery,
    /// Spark and Databricks.
    Spark,
    /// What every other engine understands: no row hashes, so rows are always joined or grouped.
    Standard,
}

impl Grammar {
    /// The way of writing of a dialect.
    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::DuckDb => Self::DuckDb,
            Dialect::Postgres => Self::Postgres,
            Dialect::Snowflake => Self::Snowflake,
            Dialect::BigQuery => Self::BigQuery,
            Dialect::Spark | Dialect::Databricks => Self::Spark,
            _ => Self::Standard,
        }
    }

    /// A name.
    pub fn quoted(self, name: &str) -> String {
        match self {
            Self::BigQuery | Self::Spark => format!("`{}`", name.replace('`', "``")),
            _ => crate::engine::quoted(name),
        }
    }

    /// `x` as a double.
    pub fn double(self, x: &str) -> String {
        let name = match self {
            Self::DuckDb | Self::Spark => "double",
            Self::BigQuery => "float64",
            Self::Postgres | Self::Snowflake | Self::Standard => "double precision",
        };
        format!("cast({x} as {name})")
    }

    /// A number of Rust as a double.
    pub fn number(self, value: f64) -> String {
        self.double(&format!("{value:e}"))
    }

    /// `x` as text.
    pub fn text(self, x: &str) -> String {
        let name = match self {
            Self::Postgres => "text",
            Self::BigQuery | Self::Spark => "string",
            Self::DuckDb | Self::Snowflake | Self::Standard => "varchar",
        };
        format!("cast({x} as {name})")
    }

    /// `x` as a whole number of 64 bits.
    pub fn integer(self, x: &str) -> String {
        let name = if self == Self::BigQuery { "int64" } else { "bigint" };
        format!("cast({x} as {name})")
    }

    /// `x` as a whole number of at least 38 digits.
    pub fn wide(self, x: &str) -> String {
        let name = match self {
            Self::DuckDb => "hugeint",
            Self::Postgres => "numeric",
            Self::BigQuery => "bignumeric",
            Self::Snowflake | Self::Spark | Self::Standard => "decimal(38, 0)",
        };
        format!("cast({x} as {name})")
    }

    /// `x` as a decimal of `digits` digits in all, `scale` of them behind the point.
    pub fn decimal(self, x: &str, digits: u32, scale: u32) -> String {
        match self {
            // Both compare decimals of any scale by value.
            Self::Postgres => format!("cast({x} as numeric)"),
            Self::BigQuery => format!("cast({x} as bignumeric)"),
            _ => format!("cast({x} as decimal({digits}, {scale}))"),
        }
    }

    /// Whether a double is neither infinite nor NaN; NULL of NULL.
    pub fn finite(self, x: &str) -> String {
        match self {
            Self::DuckDb => format!("isfinite({x})"),
            Self::BigQuery => format!("(not is_inf({x}) and not is_nan({x}))"),
            // NaN is above everything in these.
            Self::Postgres => format!("({x} > '-Infinity' and {x} < 'Infinity')"),
            Self::Snowflake => format!("({x} > '-inf'::float and {x} < 'inf'::float)"),
            Self::Spark => format!("({x} > double('-Infinity') and {x} < double('Infinity'))"),
            Self::Standard => format!("({x} = {x} and abs({x}) <= 1.7976931348623157e308)"),
        }
    }

    /// Whether two values are the same, NULL being the same as NULL and NaN as NaN; never NULL.
    pub fn same(self, x: &str, y: &str) -> String {
        match self {
            Self::DuckDb | Self::Postgres | Self::Snowflake => format!("{x} is not distinct from {y}"),
            Self::Spark => format!("{x} <=> {y}"),
            // A text cannot be told from a double here, and NaN is not NaN: both as JSON are.
            Self::BigQuery => {
                format!(
                    "({x} is not distinct from {y} or coalesce(to_json_string({x}) = to_json_string({y}) and {x} <> {x}, false))"
                )
            }
            Self::Standard => format!("(({x} is null and {y} is null) or coalesce({x} = {y}, false))"),
        }
    }

    /// The larger of two numbers.
    pub fn larger(self, x: &str, y: &str) -> String {
        match self {
            Self::Standard => format!("case when {x} >= {y} then {x} else {y} end"),
            _ => format!("greatest({x}, {y})"),
        }
    }

    /// How many rows meet a condition.
    pub fn count_if(self, condition: &str) -> String {
        match self {
            Self::DuckDb | Self::Postgres => format!("count(*) filter (where {condition})"),
            _ => format!("count(case when {condition} then 1 end)"),
        }
    }

    /// The `function` (min, max) of what rows that meet a condition have.
    pub fn aggregate_if(self, function: &str, x: &str, condition: &str) -> String {
        match self {
            Self::DuckDb | Self::Postgres => format!("{function}({x}) filter (where {condition})"),
            _ => format!("{function}(case when {condition} then {x} end)"),
        }
    }

    /// Whether one scan can hash rows here.
    pub fn hashes(self) -> bool {
        self != Self::Standard
    }

    /// A 64-bit hash over values in their order, NULL being a value of its own.
    pub fn hash(self, values: &[String]) -> String {
        let list = values.join(", ");
        match self {
            // The constant at the end, because DuckDB only xors the last argument in, so that a value that moved
            // between rows would go unseen.
            Self::DuckDb => format!("hash({list}, 0)"),
            Self::Postgres => format!("hash_record_extended(row({list}), 0)"),
            Self::Snowflake => format!("hash({list})"),
            Self::BigQuery => format!("farm_fingerprint(to_json_string(struct({list})))"),
            // Spark skips NULL, so that what a NULL stands beside would not matter.
            Self::Spark => {
                let nulls: Vec<String> = values.iter().map(|v| format!("isnull({v})")).collect();
                format!("xxhash64({list}, {})", nulls.join(", "))
            }
            Self::Standard => String::new(),
        }
    }

    /// The bucket, 0 to `buckets` - 1 (a power of two), of a hash.
    pub fn bucket(self, hash: &str, buckets: u64) -> String {
        match self {
            Self::Snowflake => format!("bitand({hash}, {})", buckets - 1),
            _ => format!("({hash} & {})", buckets - 1),
        }
    }

    /// The sum of hashes: a sum, because xor loses what stands twice.
    pub fn hash_sum(self, hash: &str) -> String {
        match self {
            Self::BigQuery => format!("sum(cast({hash} as numeric))"),
            // A decimal sum takes it twice as long as whole numbers do: both halves are summed, which are equal together
            // only if the sum is.
            Self::Spark => {
                let half = |half: String| self.text(&format!("sum({half})"));
                format!(
                    "concat({}, ' ', {})",
                    half(format!("shiftright({hash}, 32)")),
                    half(format!("{hash} & 4294967295"))
                )
            }
            _ => format!("sum({})", self.wide(hash)),
        }
    }

    /// Whole numbers of the rows that meet a condition, joined with commas.
    pub fn list_if(self, x: &str, condition: &str) -> String {
        let x = self.text(x);
        match self {
            Self::DuckDb | Self::Postgres => format!("string_agg({x}, ',') filter (where {condition})"),
            Self::Snowflake => format!("listagg(case when {condition} then {x} end, ',')"),
            Self::BigQuery => format!("string_agg(case when {condition} then {x} end, ',')"),
            Self::Spark => format!("concat_ws(',', collect_list(case when {condition} then {x} end))"),
            Self::Standard => self.text("null"),
        }
    }

    /// About how many different rows of values there are; exact where the engine has no estimate.
    pub fn distinct(self, values: &[String]) -> String {
        let hash = self.hash(values);
        match (self, values) {
            (Self::Postgres, _) => format!("count(distinct {hash})"),
            (Self::Standard, [only]) => format!("count(distinct {only})"),
            (Self::Standard, several) => {
                let texts: Vec<String> = several.iter().map(|v| format!("coalesce({}, '')", self.text(v))).collect();
                format!("count(distinct {})", texts.join(" || '|' || "))
            }
            _ => format!("approx_count_distinct({hash})"),
        }
    }

    /// A decimal's text without zeros at the end.
    pub fn without_zeros(self, text: &str) -> String {
        let stripped = match self {
            // Its rtrim takes what is to go first.
            Self::Spark => format!("trim(trailing '.' from trim(trailing '0' from {text}))"),
            _ => format!("rtrim(rtrim({text}, '0'), '.')"),
        };
        format!("case when {text} like '%.%' then {stripped} else {text} end")
    }

    /// A date as the first moment of it.
    pub fn moment(self, x: &str) -> String {
        let name = match self {
            Self::BigQuery => "datetime",
            Self::Spark => "timestamp_ntz",
            _ => "timestamp",
        };
        format!("cast({x} as {name})")
    }

    /// Microseconds since 1970 of a timestamp with time zone, as text.
    pub fn microseconds(self, x: &str) -> String {
        let finite = |form: &str| format!("case when isfinite({x}) then {} else {} end", self.text(form), self.text(x));
        match self {
            Self::DuckDb => finite(&format!("epoch_us({x})")),
            Self::Postgres => finite(&format!("cast(extract(epoch from {x}) * 1000000 as bigint)")),
            _ => self.text(&format!("unix_micros({x})")),
        }
    }

    /// Bytes as lower-case hex.
    pub fn hex(self, x: &str) -> String {
        match self {
            Self::Postgres => format!("encode({x}, 'hex')"),
            Self::BigQuery => format!("to_hex({x})"),
            Self::Snowflake => format!("lower(hex_encode({x}))"),
            _ => format!("lower(hex({x}))"),
        }
    }

    /// Whether its digests and renderings are those of other engines, so that two engines' can be compared.
    pub fn digests(self) -> bool {
        // Snowflake prints doubles and timestamps as its session says, and not always all of them.
        matches!(self, Self::DuckDb | Self::Postgres | Self::BigQuery | Self::Spark)
    }

    /// The MD5 of a text, in hex.
    pub fn digest(self, text: &str) -> String {
        match self {
            Self::BigQuery => format!("to_hex(md5({text}))"),
            _ => format!("md5({text})"),
        }
    }

    /// Eight hex digits as a number.
    pub fn unhex(self, digits: &str) -> String {
        match self {
            Self::Postgres => format!("cast(cast('x' || {digits} as bit(32)) as bigint)"),
            Self::Spark => format!("cast(conv({digits}, 16, 10) as bigint)"),
            _ => self.integer(&format!("'0x' || {digits}")),
        }
    }

    /// The absolute difference of two finite doubles, and whether it is within a tolerance.
    ///
    /// PostgreSQL raises an error where others give infinity or 0; scaling by a power of two changes no digit.
    pub fn gap(self, a: &str, b: &str) -> String {
        let gap = format!("abs({a} - {b})");
        match self {
            Self::Postgres => {
                format!("case when abs({a}) < 8e307 and abs({b}) < 8e307 then {gap} else 1.7976931348623157e308 end")
            }
            _ => gap,
        }
    }

    /// Whether two finite doubles differ by no more than the larger of `absolute` and `relative` times the larger one.
    pub fn within(self, a: &str, b: &str, relative: f64, absolute: f64) -> String {
        let largest = self.larger(&format!("abs({a})"), &format!("abs({b})"));
        let form = |scale: f64| {
            let (a, b) = match scale {
                1.0 => (a.to_owned(), b.to_owned()),
                _ => (format!("{a} * {}", self.number(scale)), format!("{b} * {}", self.number(scale))),
            };
            let largest = self.larger(&format!("abs({a})"), &format!("abs({b})"));
            let bound = self.larger(
                &self.number((absolute * scale).min(f64::MAX)),
                &format!("{} * {largest}", self.number(relative)),
            );
            format!("abs({a} - {b}) <= {bound}")
        };
        match self {
            Self::Postgres => format!(
                "case when {a} = {b} then true when {largest} >= 8e307 then {} when {largest} < 1e-280 then {} else {} end",
                form(0.5),
                form(2f64.powi(100)),
                form(1.0)
            ),
            _ => form(1.0),
        }
    }

    /// The difference of two finite doubles relative to the larger one.
    pub fn relative(self, a: &str, b: &str) -> String {
        let largest = self.larger(&format!("abs({a})"), &format!("abs({b})"));
        match self {
            // Halves and a tiny divisor keep clear of its overflow and underflow errors.
            Self::Postgres => format!(
                "case when {a} = {b} then 0 when {largest} < 1e-280 or {largest} >= 8e307 then abs({a} / 2 - {b} / 2) / ({largest} / 2) \
                 when abs({a} - {b}) < 1e-300 * {largest} then 0 else abs({a} - {b}) / {largest} end"
            ),
            _ => format!("coalesce({} / nullif({largest}, 0), 0)", self.gap(a, b)),
        }
    }
}
