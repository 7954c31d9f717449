//! What is known of functions and words: which aggregate, which are volatile, which make rows, what a date part is.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Aggregates over a group (or a window).
pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(name)
        || name.starts_with("approx_")
        || name.starts_with("regr_")
        || name.starts_with("bitmap_")
        || name.starts_with("hll_")
}

/// Functions that only make sense over a window.
pub(super) fn is_window_only(name: &str) -> bool {
    matches!(
        name,
        "row_number"
            | "rank"
            | "dense_rank"
            | "percent_rank"
            | "cume_dist"
            | "ntile"
            | "lag"
            | "lead"
            | "first_value"
            | "last_value"
            | "nth_value"
    )
}

/// Two calls in one statement may answer differently.
pub(super) fn is_volatile(name: &str) -> bool {
    matches!(
        name,
        "random"
            | "rand"
            | "randn"
            | "rand_uniform"
            | "uuid"
            | "gen_random_uuid"
            | "newid"
            | "nextval"
            | "uuid_string"
            | "generate_uuid"
            | "randomblob"
            | "random_uuid"
            | "setseed"
            | "seq1"
            | "seq2"
            | "seq4"
            | "seq8"
            | "randstr"
            | "uniform"
            | "normal"
            | "zipf"
            | "clock_timestamp"
            | "uuid_generate_v4"
            | "uuidv4"
            | "uuidv7"
            | "generateuuidv4"
            | "randcanonical"
            | "rand32"
            | "rand64"
            | "monotonically_increasing_id"
            | "shuffle"
            | "newsequentialid"
            | "sysdatetime"
            | "timeofday"
            | "currval"
            | "lastval"
            | "random_between"
            | "crypt_gen_random"
            | "gen_salt"
            | "sleep"
            | "pg_sleep"
    )
}

/// Functions that make rows when they stand in a select list.
pub(super) fn makes_rows(name: &str) -> bool {
    matches!(
        name,
        "unnest"
            | "explode"
            | "explode_outer"
            | "posexplode"
            | "posexplode_outer"
            | "inline"
            | "inline_outer"
            | "stack"
            | "generate_series"
            | "generate_subscripts"
            | "json_array_elements"
            | "json_array_elements_text"
            | "jsonb_array_elements"
            | "jsonb_array_elements_text"
            | "json_each"
            | "json_each_text"
            | "jsonb_each"
            | "jsonb_each_text"
            | "json_object_keys"
            | "jsonb_object_keys"
            | "jsonb_path_query"
            | "regexp_split_to_table"
            | "regexp_matches"
            | "string_to_table"
            | "arrayjoin"
            | "json_to_recordset"
            | "jsonb_to_recordset"
            | "json_tuple"
    )
}

/// A scalar function of its arguments, as far as we know: safe to move between blocks.
pub(super) fn is_scalar(name: &str) -> bool {
    SCALARS.contains(name)
        || [
            "date_",
            "to_",
            "array_",
            "list_",
            "json_",
            "regexp_",
            "string_",
            "str_",
            "time_",
            "datetime_",
            "timestamp_",
            "parse_",
            "st_",
            "is_",
            "try_",
            "bit_",
            "map_",
            "object_",
            "struct_",
            "strip_",
            "hex_",
            "sha",
            "md5",
        ]
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
    DATE_PARTS.contains(word.to_ascii_lowercase().as_str())
}

/// Words without brackets that are values of the session, not columns.
pub(super) fn is_session_value(word: &str) -> bool {
    matches!(
        word,
        "current_date"
            | "current_time"
            | "current_timestamp"
            | "localtime"
            | "localtimestamp"
            | "current_user"
            | "session_user"
            | "system_user"
            | "user"
            | "current_role"
            | "current_catalog"
            | "current_schema"
            | "current_database"
            | "current_datetime"
            | "sysdate"
            | "systimestamp"
            | "getdate"
            | "utc_timestamp"
            | "utc_date"
            | "rownum"
            | "level"
            | "connect_by_isleaf"
            | "connect_by_iscycle"
            | "default"
            | "current_warehouse"
            | "current_account"
    )
}

/// Which argument of a conditional function decides only.
pub(super) fn deciding_argument(name: &str, at: usize, count: usize) -> bool {
    match name {
        "if" | "iff" | "iif" | "nvl2" | "choose" | "elt" | "countif" | "count_if" => at == 0,
        "nullif" => at == 1,
        // sumIf(x, c), argMaxIf(x, y, c)
        "sumif" | "avgif" | "minif" | "maxif" | "anyif" | "uniqif" | "uniqexactif" | "grouparrayif"
        | "groupuniqarrayif" | "quantileif" | "sum_if" | "avg_if" | "argmaxif" | "argminif" | "anylastif" => {
            count > 1 && at + 1 == count
        }
        // multiIf(c1, v1, c2, v2, else)
        "multiif" => at + 1 < count && at.is_multiple_of(2),
        // decode(x, s1, r1, s2, r2, else)
        "decode" if count > 2 => at == 0 || (at % 2 == 1 && at + 1 < count),
        _ => false,
    }
}

/// Whether a function of DuckDB takes a lambda.
pub(super) fn takes_lambda(name: &str) -> bool {
    let list = name.starts_with("list_") || name.starts_with("array_");
    list || matches!(name, "apply" | "filter" | "reduce" | "transform" | "map_filter" | "columns")
}

/// Whether a function of Trino and others takes a lambda.
pub(super) fn takes_arrow(name: &str) -> bool {
    matches!(
        name,
        "all_match"
            | "any_match"
            | "none_match"
            | "array_sort"
            | "exists"
            | "filter"
            | "forall"
            | "aggregate"
            | "map_filter"
            | "map_zip_with"
            | "reduce"
            | "reduce_agg"
            | "transform"
            | "transform_keys"
            | "transform_values"
            | "zip_with"
            | "regexp_replace"
            | "array_filter"
            | "array_find"
            | "array_find_all"
            | "array_first"
            | "array_includes"
            | "array_last"
            | "array_transform"
            | "find_first"
            | "find_first_index"
    )
}

/// Which argument of an aggregate only says which row's value is taken (`arg_max(x, y)`).
pub(super) fn ordering_argument(name: &str, at: usize) -> bool {
    at == 1
        && matches!(name, "arg_max" | "arg_min" | "argmax" | "argmin" | "argmaxif" | "argminif" | "max_by" | "min_by")
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
        Dialect::Databricks | Dialect::Spark => matches!(name.as_str(), "_metadata" | "grouping__id"),
        Dialect::Hive => {
            matches!(name.as_str(), "grouping__id" | "input__file__name" | "block__offset__inside__file")
        }
        Dialect::ClickHouse => matches!(name.as_str(), "_part" | "_partition_id" | "_table" | "_file" | "_path"),
        Dialect::Trino => name.starts_with('$'),
        _ => false,
    }
}

static DATE_PARTS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "\
    century centuries d date datetime day day_of_week day_of_year dayofmonth dayofweek dayofweek_iso dayofweekiso \
    dayofyear days dd decade decades dow doy dw dy epoch epoch_microsecond epoch_millisecond epoch_nanosecond \
    epoch_second h hh hour hours hr iso_week isodow isowk isoww isoweek isoyear m mcs mi microsecond microseconds \
    millennium millennia millisecond milliseconds min minute minutes mm mon month months ms n nanosecond \
    nanoseconds ns nsec q qq qtr quarter quarters s sec second seconds sql_tsi_day sql_tsi_hour sql_tsi_minute \
    sql_tsi_month sql_tsi_quarter sql_tsi_second sql_tsi_week sql_tsi_year ss time timestamp timezone_hour \
    timezone_minute tz tzoffset us usec w week week_iso weekday weekiso weekofyear weekofyeariso weeks wk ww y \
    year yearofweek yearofweekiso year_month years yr yy yyyy",
    )
});

static AGGREGATES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "\
    any any_value anyheavy anylast anyvalue arbitrary arg_max arg_min argmax argmin array_agg array_agg_distinct \
    array_concat_agg array_union_agg array_unique_agg arrayagg avg avgif bit_and bit_or bit_xor bitand_agg \
    bitor_agg bool_and bool_or bool_xor booland_agg boolor_agg checksum checksum_agg collect_list collect_set corr \
    count count_big count_if countif covar_pop covar_samp entropy every favg first first_value_agg fsum \
    geometric_mean group_concat grouparray grouping grouping_id groupuniqarray hash_agg histogram json_agg \
    json_arrayagg json_group_array json_group_object json_object_agg json_objectagg jsonb_agg jsonb_object_agg \
    kahan_sum kurtosis last list listagg logical_and logical_or mad map_agg max max_by max_n maxif mean median \
    median_exact min min_by min_n minif minmax mode multimap_agg ntile_agg numeric_histogram object_agg percentile \
    percentile_approx percentile_cont percentile_disc product quantile quantile_cont quantile_disc quantileexact \
    quantiles quantiletiming reduce_agg reservoir_quantile set_agg skew skewness some st_extent st_union_agg std \
    stddev stddev_pop stddev_samp stdev stdevp string_agg string_concat_agg sum sum_if sumdistinct sumif sumkahan \
    summap topk total try_avg try_sum uniq uniqexact uniqhll12 var var_pop var_samp variance varp wm_concat xmlagg",
    )
});

static SCALARS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "\
    abs acos add_months addmonths age age_in_years aggregate array arrayelement arrays_zip ascii asin atan atan2 \
    bar base64_decode base64_encode bitand bitor bitshiftleft bitshiftright bitxor bround cardinality cast cbrt \
    ceil ceiling century char char_length character_length charindex chr coalesce concat concat_ws contains \
    convert convert_timezone cos cosh cot crc32 current_database current_date current_datetime current_schema \
    current_time current_timestamp current_user database date dateadd datediff datefromparts datename datepart \
    dateserial datesub datetrunc day dayname dayofmonth dayofweek dayofweekiso dayofyear decade decode degrees div \
    div0 div0null divide editdist3 element_at empty encode ends_with endswith eomonth epoch epoch_ms equal_null \
    error even exists exp extract factorial farm_fingerprint filter find_in_set flatten floor fnv_hash forall \
    format format_date format_datetime format_number format_timestamp formatdatetime from_base64 from_json \
    from_unixtime from_utc_timestamp fromunixtimestamp gamma gcd generate_array generate_date_array get \
    get_json_object get_path getdate greatest has hash hex hour identity if iff ifnull iif ilike in initcap insert \
    instr int isdate isfinite isinf isnan isnull isnumeric isodow isoyear item jaccard jarowinkler_similarity \
    json_extract json_value jsonb_extract_path_text jsonb_typeof jsonextractstring julianday lambda last_day lcase \
    lcm least left len len_utf8 length levenshtein lgamma like list_value ln localtime localtimestamp locate log \
    log10 log2 lower lpad ltrim make_date make_interval make_timestamp map mask metaphone microsecond millennium \
    millisecond minute mod month monthname months_between multiif multiply murmurhash3 named_struct nanvl negative \
    next_day nextday notempty now nullif nullifzero nvl nvl2 nvl_zero octet_length ord overlay parse_json \
    parse_path parsename percent pi position positive pow power prefix printf quarter quotename radians range \
    regexp regexp_extract regexp_like regexp_replace regexp_substr repeat replace reverse right rlike round row \
    rpad rtrim safe_add safe_cast safe_divide safe_multiply safe_negate safe_subtract schema second sequence \
    session_user sign signbit sin sinh size slice sort_array soundex space split split_part splitbychar sqrt \
    square starts_with startswith strftime strlen strpos strptime strtok struct struct_extract struct_pack stuff \
    substr substring substring_index subtract suffix sysdate tan tanh text time time_bucket timestamp timestampadd \
    timestampdiff timezone todate todatetime tofloat64 tohour toint32 toint64 tostartofday tostartofmonth \
    tostartofweek tostring toyear toyyyymm transform translate trim trunc truncate try_cast try_convert \
    try_to_date tuple tupleelement typeof ucase unhex unicode unix_timestamp upper url_decode url_encode user \
    values variant version week weekday weekofyear width_bucket xxhash64 year yearofweek yearofweekiso yearweek \
    zeroifnull",
    )
});

fn words(text: &'static str) -> HashSet<&'static str> {
    text.split_whitespace().collect()
}
