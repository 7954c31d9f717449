//! What is known of functions and words: which aggregate, which are volatile, which make rows, what a date part is.

/// Aggregates over a group (or a window).
pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(&name)
        || name.starts_with("approx_")
        || name.starts_with("regr_")
        || name.starts_with("bitmap_")
        || name.starts_with("hll_")
}

/// Functions that only make sense over a window.
pub(super) fn is_window_only(name: &str) -> bool {
    matches!(
        name,
        "row_number" | "rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile" | "lag" | "lead" | "first_value"
            | "last_value" | "nth_value"
    )
}

/// Two calls in one statement may answer differently.
pub(super) fn is_volatile(name: &str) -> bool {
    matches!(
        name,
        "random" | "rand" | "randn" | "rand_uniform" | "uuid" | "gen_random_uuid" | "newid" | "nextval" | "uuid_string"
            | "generate_uuid" | "randomblob" | "random_uuid" | "setseed" | "seq1" | "seq2" | "seq4" | "seq8" | "randstr"
            | "uniform" | "normal" | "zipf" | "clock_timestamp" | "uuid_generate_v4" | "uuidv4" | "uuidv7"
            | "generateuuidv4" | "randcanonical" | "rand32" | "rand64" | "monotonically_increasing_id" | "shuffle"
            | "newsequentialid" | "sysdatetime" | "timeofday" | "currval" | "lastval" | "random_between" | "crypt_gen_random"
            | "gen_salt" | "sleep" | "pg_sleep"
    )
}

/// Functions that make rows when they stand in a select list.
pub(super) fn makes_rows(name: &str) -> bool {
    matches!(
        name,
        "unnest" | "explode" | "explode_outer" | "posexplode" | "posexplode_outer" | "inline" | "inline_outer" | "stack"
            | "generate_series" | "generate_subscripts" | "json_array_elements" | "json_array_elements_text"
            | "jsonb_array_elements" | "jsonb_array_elements_text" | "json_each" | "json_each_text" | "jsonb_each"
            | "jsonb_each_text" | "json_object_keys" | "jsonb_object_keys" | "jsonb_path_query" | "regexp_split_to_table"
            | "regexp_matches" | "string_to_table" | "arrayjoin" | "json_to_recordset" | "jsonb_to_recordset" | "json_tuple"
    )
}

/// A scalar function of its arguments, as far as we know: safe to move between blocks.
pub(super) fn is_scalar(name: &str) -> bool {
    SCALARS.contains(&name)
        || ["date_", "to_", "array_", "list_", "json_", "regexp_", "string_", "str_", "time_", "datetime_", "timestamp_",
            "parse_", "st_", "is_", "try_", "bit_", "map_", "object_", "struct_", "strip_", "hex_", "sha", "md5"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Position of the date part among the arguments, for functions that take one.
pub(super) fn date_part_argument(dialect: super::Dialect, name: &str, count: usize) -> Option<usize> {
    let bigquery = dialect == super::Dialect::BigQuery;
    match (name, count) {
        (
            "datediff" | "dateadd" | "timestampdiff" | "timestampadd" | "timeadd" | "timediff" | "datediff_big"
            | "date_add" | "date_sub" | "datesub" | "date_bucket" | "timestamp_diff",
            3,
        ) if !bigquery => Some(0),
        ("datename" | "datepart" | "date_part" | "datetrunc", 2) => Some(0),
        ("date_trunc", 2) => Some(if bigquery { 1 } else { 0 }),
        ("date_diff", 3) => Some(if bigquery { 2 } else { 0 }),
        ("timestamp_diff" | "datetime_diff" | "time_diff", 3) => Some(2),
        ("timestamp_trunc" | "datetime_trunc" | "time_trunc", 2 | 3) => Some(1),
        ("last_day", 2) => Some(1),
        _ => None,
    }
}

/// Whether a word is a date part.
pub(super) fn is_date_part(word: &str) -> bool {
    DATE_PARTS.contains(&word.to_ascii_lowercase().as_str())
}

/// Words without brackets that are values of the session, not columns.
pub(super) fn is_session_value(word: &str) -> bool {
    matches!(
        word,
        "current_date" | "current_time" | "current_timestamp" | "localtime" | "localtimestamp" | "current_user"
            | "session_user" | "system_user" | "user" | "current_role" | "current_catalog" | "current_schema"
            | "current_database" | "current_datetime" | "sysdate" | "systimestamp" | "getdate" | "utc_timestamp"
            | "utc_date" | "rownum" | "level" | "default" | "current_warehouse" | "current_account"
    )
}

/// Which argument of a conditional function decides only.
pub(super) fn deciding_argument(name: &str, at: usize, count: usize) -> bool {
    match name {
        "if" | "iff" | "iif" | "nvl2" => at == 0,
        // multiIf(c1, v1, c2, v2, else)
        "multiif" => at + 1 < count && at.is_multiple_of(2),
        // decode(x, s1, r1, s2, r2, else)
        "decode" if count > 2 => at == 0 || (at % 2 == 1 && at + 1 < count),
        _ => false,
    }
}

/// Columns that a database adds to every table of its own accord.
pub(super) fn is_pseudo_column(dialect: super::Dialect, name: &str) -> bool {
    use super::Dialect;
    let name = name.to_ascii_lowercase();
    match dialect {
        Dialect::BigQuery => matches!(
            name.as_str(),
            "_partitiontime" | "_partitiondate" | "_table_suffix" | "_file_name" | "_change_type" | "_change_timestamp"
        ),
        Dialect::Snowflake => name.starts_with("metadata$"),
        Dialect::Postgres => {
            matches!(name.as_str(), "ctid" | "xmin" | "xmax" | "cmin" | "cmax" | "tableoid" | "oid")
        }
        Dialect::DuckDb => matches!(name.as_str(), "rowid" | "filename"),
        Dialect::Sqlite => matches!(name.as_str(), "rowid" | "oid" | "_rowid_"),
        Dialect::Databricks | Dialect::Spark => name == "_metadata",
        Dialect::ClickHouse => matches!(name.as_str(), "_part" | "_partition_id" | "_table" | "_file" | "_path"),
        Dialect::Trino => name.starts_with('$'),
        _ => false,
    }
}

const DATE_PARTS: &[&str] = &[
    "year", "years", "yyyy", "yy", "y", "yr", "quarter", "quarters", "qtr", "qq", "q", "month", "months", "mon", "mm", "m",
    "week", "weeks", "wk", "ww", "w", "isoweek", "isoyear", "weekday", "dw", "day", "days", "dd", "d", "dayofweek",
    "dayofyear", "dayofmonth", "dow", "doy", "hour", "hours", "hh", "h", "hr", "minute", "minutes", "mi", "n", "min",
    "second", "seconds", "ss", "s", "sec", "millisecond", "milliseconds", "ms", "microsecond", "microseconds", "us",
    "nanosecond", "nanoseconds", "ns", "epoch", "decade", "century", "millennium", "date", "time", "timezone_hour",
    "timezone_minute", "yearofweek", "yearofweekiso", "weekofyear", "weekiso", "dayofweekiso", "epoch_second",
    "epoch_millisecond", "sql_tsi_day", "sql_tsi_month", "sql_tsi_year", "sql_tsi_hour", "sql_tsi_week",
];

const AGGREGATES: &[&str] = &[
    "sum", "count", "avg", "mean", "min", "max", "any_value", "anyvalue", "any", "some", "every", "array_agg", "arrayagg",
    "string_agg", "listagg", "group_concat", "wm_concat", "stddev", "stddev_pop", "stddev_samp", "stdev", "stdevp", "std",
    "variance", "var_pop", "var_samp", "var", "varp", "covar_pop", "covar_samp", "corr", "median", "mode", "quantile",
    "quantile_cont", "quantile_disc", "percentile_cont", "percentile_disc", "percentile", "percentile_approx", "count_if",
    "countif", "count_big", "sum_if", "sumif", "avgif", "minif", "maxif", "uniq", "uniqexact", "uniqhll12", "bool_and",
    "bool_or", "booland_agg", "boolor_agg", "logical_and", "logical_or", "bit_and", "bit_or", "bit_xor", "bitand_agg",
    "bitor_agg", "arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", "first", "last", "first_value_agg", "list",
    "histogram", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "object_agg", "json_group_array",
    "json_group_object", "json_arrayagg", "json_objectagg", "map_agg", "multimap_agg", "array_concat_agg", "set_agg",
    "array_union_agg", "array_unique_agg", "collect_list", "collect_set", "kurtosis", "skewness", "skew", "entropy",
    "product", "checksum", "checksum_agg", "hash_agg", "grouping", "grouping_id", "ntile_agg", "geometric_mean",
    "favg", "fsum", "kahan_sum", "sumkahan", "total", "xmlagg", "st_union_agg", "st_extent", "median_exact", "grouparray",
    "groupuniqarray", "topk", "quantiles", "quantileexact", "quantiletiming", "anylast", "anyheavy", "summap", "try_sum",
    "try_avg", "numeric_histogram", "reduce_agg", "max_n", "min_n", "string_concat_agg", "mad", "reservoir_quantile",
    "array_agg_distinct", "minmax", "sumdistinct", "arbitrary", "bool_xor",
];

const SCALARS: &[&str] = &[
    "abs", "acos", "age", "ascii", "asin", "atan", "atan2", "base64_decode", "base64_encode", "bround", "cardinality",
    "cast", "cbrt", "ceil", "ceiling", "char", "char_length", "character_length", "charindex", "chr", "coalesce", "concat",
    "concat_ws", "contains", "convert", "convert_timezone", "cos", "cot", "current_date", "current_datetime",
    "current_time", "current_timestamp", "date", "dateadd", "datediff", "datename", "datepart", "datetrunc",
    "datefromparts", "day", "dayname", "dayofmonth", "dayofweek", "dayofweekiso", "dayofyear", "decode", "degrees", "div",
    "div0", "div0null", "divide", "editdist3", "element_at", "encode", "endswith", "ends_with", "epoch", "epoch_ms",
    "equal_null", "exp", "extract", "farm_fingerprint", "find_in_set", "floor", "format", "format_date",
    "format_datetime", "format_number", "format_timestamp", "formatdatetime", "from_base64", "from_unixtime", "from_utc_timestamp",
    "fromunixtimestamp", "from_json", "generate_array", "generate_date_array", "get", "get_json_object", "get_path",
    "getdate", "greatest", "hash", "hex", "hour", "identity", "if", "iff", "ifnull", "iif", "ilike", "in", "initcap",
    "insert", "instr", "int", "isnull", "json_extract", "json_value", "jsonextractstring", "jsonb_extract_path_text",
    "jsonb_typeof", "lcase", "least", "left", "len", "length", "levenshtein", "like", "ln", "localtime", "localtimestamp",
    "locate", "log", "log10", "log2", "lower", "lpad", "ltrim", "make_date", "make_interval", "make_timestamp",
    "microsecond", "millisecond", "minute", "mod", "month", "monthname", "months_between", "multiif", "multiply",
    "negative", "nextday", "next_day", "now", "nullif", "nullifzero", "nvl", "nvl2", "octet_length", "overlay", "parse_json", "percent",
    "pi", "position", "positive", "pow", "power", "quarter", "quotename", "radians", "range", "regexp", "regexp_extract",
    "regexp_like", "regexp_replace", "regexp_substr", "repeat", "replace", "reverse", "right", "rlike", "round", "row",
    "rpad", "rtrim", "safe_add", "safe_cast", "safe_divide", "safe_multiply", "safe_negate", "safe_subtract", "second",
    "sequence", "sign", "sin", "size", "split", "split_part", "splitbychar", "sqrt", "square", "startswith", "starts_with",
    "strftime", "strpos", "strptime", "struct", "strtok", "substr", "substring", "substring_index", "subtract",
    "sysdate", "tan", "text", "time", "timestamp", "timestampadd", "timestampdiff", "timezone", "todate", "todatetime",
    "tofloat64", "tohour", "toint32", "toint64", "tostartofday", "tostartofmonth", "tostartofweek", "tostring",
    "toyear", "translate", "trim", "trunc", "truncate", "try_cast", "try_to_date", "typeof", "ucase", "unhex", "unicode",
    "unix_timestamp", "upper", "url_decode", "url_encode", "variant", "week", "weekday", "weekofyear", "width_bucket",
    "year", "yearofweek", "yearofweekiso", "zeroifnull", "add_months", "addmonths", "last_day", "dateadd", "age_in_years",
    "arrayelement", "has", "empty", "notempty", "toyyyymm", "bitand", "bitor", "bitxor", "bitshiftleft", "bitshiftright",
    "ord", "space", "stuff", "eomonth", "isdate", "isnumeric", "try_convert", "parsename", "dateserial", "named_struct",
    "array", "map", "arrays_zip", "filter", "transform", "aggregate", "exists", "forall", "flatten", "slice", "sort_array",
    "item", "values", "julianday", "jarowinkler_similarity", "jaccard", "soundex", "metaphone", "mask", "xxhash64",
    "crc32", "murmurhash3", "fnv_hash", "isfinite", "isinf", "isnan", "nanvl", "nvl_zero", "signbit", "even", "factorial",
    "gcd", "lcm", "gamma", "lgamma", "sinh", "cosh", "tanh", "bar", "century", "decade", "millennium", "isodow",
    "isoyear", "yearweek", "datesub", "time_bucket", "printf", "prefix", "suffix", "parse_path", "struct_pack",
    "struct_extract", "list_value", "len_utf8", "strlen", "array", "user", "current_user", "session_user",
    "current_database", "current_schema", "database", "schema", "version", "lambda", "error", "tuple", "tupleelement",
];
