//! What functions do to a personal value on the way to an output column: keep, coarsen, hash, mask or destroy it.

use super::calls::{arguments, calls, name_start, skip_quoted};

/// How much of a personal value is left, from nothing to all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// No value survives (a count, a length, a comparison).
    Destroyed,
    /// Keyed hash, encryption or a masking function.
    Masked,
    /// A coarse part (domain of an address, year of a date).
    Partial,
    /// A hash without a key: whoever has a list of candidates has the values.
    WeaklyMasked,
    /// The value itself, or something it can be had from.
    Kept,
}

/// Functions whose result says nothing of one person's value.
const DESTROY: &[&str] = &[
    "count",
    "count_if",
    "countif",
    "count_distinct",
    "countdistinct",
    "approx_count_distinct",
    "approx_distinct",
    "hll",
    "hll_count",
    "uniq",
    "uniqexact",
    "length",
    "len",
    "char_length",
    "character_length",
    "octet_length",
    "byte_length",
    "bit_length",
    "row_number",
    "rank",
    "dense_rank",
    "ntile",
    "percent_rank",
    "cume_dist",
    "sum",
    "sum_if",
    "sumif",
    "avg",
    "mean",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "corr",
    "covar_pop",
    "covar_samp",
    "isnull",
    "is_null",
    "exists",
    "array_length",
    "array_size",
    "cardinality",
    "list_count",
    "regexp_matches",
    "regexp_like",
    "regexp_contains",
    "rlike",
    "contains",
    "starts_with",
    "startswith",
    "ends_with",
    "endswith",
    "position",
    "strpos",
    "charindex",
    "instr",
    "locate",
    "levenshtein",
    "editdistance",
    "edit_distance",
    "jaccard",
    "jaro_similarity",
    "jaro_winkler_similarity",
    "jarowinkler_similarity",
    "similarity",
    "hamming",
    "damerau_levenshtein",
    "bool_or",
    "bool_and",
    "logical_or",
    "logical_and",
    "typeof",
    "pg_typeof",
    "nvl2_is_null",
];

/// Aggregates that still give a person's value when there is one row per person.
const PERSON_GRAIN: &[&str] = &["sum", "sum_if", "sumif", "avg", "mean"];

/// Hashes without a key.
const WEAK: &[&str] = &[
    "md5",
    "md5_hex",
    "md5_binary",
    "md5_number",
    "md5_number_lower64",
    "md5_number_upper64",
    "sha",
    "sha1",
    "sha1_hex",
    "sha1_binary",
    "sha2",
    "sha2_hex",
    "sha2_binary",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "hash",
    "hashbytes",
    "digest",
    "standard_hash",
    "checksum",
    "binary_checksum",
    "crc32",
    "farm_fingerprint",
    "farmfingerprint64",
    "cityhash64",
    "siphash64",
    "murmurhash",
    "murmur3",
    "murmurhash3_32",
    "xxhash64",
    "xxhash",
    "fnv_hash",
    "strtol_hash",
    "hashtext",
    "soundex",
    "metaphone",
    "dmetaphone",
    "generate_surrogate_key",
    "surrogate_key",
];

/// Keyed hashes, encryption, tokens, masks.
const MASK: &[&str] = &[
    "hmac",
    "hmac_sha1",
    "hmac_sha256",
    "hmac_sha512",
    "hmac_md5",
    "encrypt",
    "encrypt_raw",
    "aes_encrypt",
    "aes_encrypt_mysql",
    "pgp_sym_encrypt",
    "pgp_pub_encrypt",
    "deterministic_encrypt",
    "tokenize",
    "tokenise",
    "mask",
    "mask_hash",
    "mask_first_n",
    "mask_last_n",
    "mask_show_first_n",
    "mask_show_last_n",
    "anonymize",
    "anonymise",
    "pseudonymize",
    "pseudonymise",
    "redact",
];

/// Functions that leave a coarse part whatever their arguments.
const COARSE: &[&str] = &["year", "age", "datediff", "date_diff", "timestampdiff", "timestamp_diff", "net_host"];

/// Functions whose arguments decide how much is left.
const BY_ARGUMENTS: &[&str] = &[
    "split_part",
    "split",
    "substr",
    "substring",
    "left",
    "date_trunc",
    "datetrunc",
    "trunc",
    "date_part",
    "datepart",
    "extract",
    "regexp_replace",
    "overlay",
    "stuff",
    "insert",
];

/// What is left of the value of `column` in an output, from the functions around it (`via`), the output's canonical
/// `expression`, and the project's own masking functions. `one_row_per_person`: the query groups by a unique key.
pub fn strength(
    via: &[String],
    expression: &str,
    column: &str,
    masking: &[String],
    one_row_per_person: bool,
) -> Strength {
    if is_predicate(expression) {
        return Strength::Destroyed;
    }
    via.iter()
        .map(|name| of_function(name, expression, column, masking, one_row_per_person))
        .min()
        .unwrap_or(Strength::Kept)
}

fn of_function(name: &str, expression: &str, column: &str, masking: &[String], one_row: bool) -> Strength {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is = |list: &[&str]| list.contains(&last);
    if masking.iter().any(|m| m.eq_ignore_ascii_case(name) || m.eq_ignore_ascii_case(last)) || is(MASK) {
        return Strength::Masked;
    }
    if is(PERSON_GRAIN) && one_row {
        return Strength::Kept;
    }
    if is(DESTROY) {
        return Strength::Destroyed;
    }
    if is(COARSE) {
        return Strength::Partial;
    }
    let mut around = calls(expression).into_iter().filter(|c| {
        c.name.rsplit('.').next() == Some(last) && c.inside.to_lowercase().contains(&column.to_lowercase())
    });
    if is(WEAK) {
        let keyed = around.next().is_some_and(|call| has_key(call.inside));
        return if keyed { Strength::Masked } else { Strength::WeaklyMasked };
    }
    if is(BY_ARGUMENTS) && around.next().is_some_and(|call| is_coarse(last, &arguments(call.inside))) {
        return Strength::Partial;
    }
    Strength::Kept
}

/// Functions whose literal arguments are fallbacks or patterns, not keys.
const FALLBACKS: &[&str] = &["coalesce", "ifnull", "nvl", "isnull", "nullif", "replace", "regexp_replace", "translate"];

/// Whether a literal of some length is hashed along with the value.
fn has_key(inside: &str) -> bool {
    let bytes = inside.as_bytes();
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                let end = skip_quoted(bytes, at, b'\'');
                let long = end.saturating_sub(at + 2) >= 8;
                if long && !open.iter().any(|fallback| *fallback) {
                    return true;
                }
                at = end;
                continue;
            }
            quote @ (b'"' | b'`') => {
                at = skip_quoted(bytes, at, quote);
                continue;
            }
            b'(' => {
                let name = inside[name_start(bytes, at)..at].to_lowercase();
                open.push(FALLBACKS.contains(&name.as_str()));
            }
            b')' => {
                open.pop();
            }
            _ => {}
        }
        at += 1;
    }
    false
}

fn is_coarse(function: &str, arguments: &[&str]) -> bool {
    let number = |n: usize| arguments.get(n).and_then(|a| a.parse::<u32>().ok());
    let unit = |n: usize| arguments.get(n).map(|a| a.trim_matches('\'').to_lowercase());
    let years = ["year", "yyyy", "yy", "decade", "century"];
    match function {
        "split_part" => arguments.get(1) == Some(&"'@'") && number(2) == Some(2),
        "substr" | "substring" => number(2).is_some_and(|length| length <= 3),
        "left" => number(1).is_some_and(|length| length <= 3),
        "date_trunc" | "datetrunc" | "trunc" | "date_part" | "datepart" => {
            [0, 1].iter().any(|n| unit(*n).is_some_and(|u| years.contains(&u.as_str())))
        }
        "extract" => arguments.first().is_some_and(|a| years.iter().any(|y| a.to_lowercase().starts_with(y))),
        "regexp_replace" => arguments.get(2).is_some_and(|with| with.contains("**") || with.contains("xx")),
        "overlay" | "stuff" | "insert" => arguments.iter().any(|a| a.contains("**")),
        _ => false,
    }
}

/// Whether the whole expression is a test (`x is null`, `a = b and ...`): its value is true or false.
fn is_predicate(expression: &str) -> bool {
    let mut text = expression.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        if !balanced(inner) {
            break;
        }
        text = inner.trim();
    }
    let lower = text.to_lowercase();
    let bytes = lower.as_bytes();
    if lower.starts_with("not ") || lower.starts_with("not(") {
        return true;
    }
    let (mut depth, mut cases, mut at) = (0usize, 0usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => {
                at = skip_quoted(bytes, at, quote);
                continue;
            }
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => {
                let rest = &bytes[at..];
                if word_at(bytes, at, b"case") {
                    cases += 1;
                } else if word_at(bytes, at, b"end") {
                    cases = cases.saturating_sub(1);
                } else if cases == 0 && tests_here(bytes, at, rest) {
                    return true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

fn tests_here(bytes: &[u8], at: usize, rest: &[u8]) -> bool {
    let words: [&[u8]; 7] = [b"is", b"like", b"ilike", b"in", b"between", b"and", b"or"];
    // `->`, `->>` and `=>` read a value or name an argument; they compare nothing.
    let previous = at.checked_sub(1).map(|p| bytes[p]);
    let arrow = matches!(previous, Some(b'-' | b'=' | b'>')) || rest.starts_with(b"=>") || rest.starts_with(b">>");
    let sign = matches!(rest[0], b'=' | b'<' | b'>') && !arrow && !rest.starts_with(b"<<");
    sign || words.iter().any(|w| word_at(bytes, at, w))
}

fn word_at(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(*b, b'_' | b'.' | b'$');
    bytes[at..].starts_with(word)
        && !at.checked_sub(1).is_some_and(|p| part(&bytes[p]))
        && !bytes.get(at + word.len()).is_some_and(part)
}

fn balanced(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0i64, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => {
                at = skip_quoted(bytes, at, quote);
                continue;
            }
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
        at += 1;
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(via: &[&str], expression: &str) -> Strength {
        let via: Vec<String> = via.iter().map(|f| (*f).to_owned()).collect();
        strength(&via, expression, "email", &["acme_mask".into()], false)
    }

    #[test]
    fn values_that_can_be_had_back_are_kept() {
        assert_eq!(left(&[], "c.email"), Strength::Kept);
        assert_eq!(left(&["lower", "trim"], "lower(trim(c.email))"), Strength::Kept);
        assert_eq!(left(&["max"], "max(c.email)"), Strength::Kept);
        assert_eq!(left(&["to_base64"], "to_base64(c.email)"), Strength::Kept);
        assert_eq!(left(&[], "case when c.x = 1 and c.y is null then c.email end"), Strength::Kept);
        assert_eq!(left(&[], "c.email -> 'a'"), Strength::Kept);
        assert_eq!(left(&["split_part"], "split_part(c.email, '@', 1)"), Strength::Kept);
        assert_eq!(left(&["right"], "right(c.email, 4)"), Strength::Kept);
    }

    #[test]
    fn counts_lengths_and_tests_keep_nothing() {
        assert_eq!(left(&["count"], "count(c.email)"), Strength::Destroyed);
        assert_eq!(left(&["length"], "length(c.email)"), Strength::Destroyed);
        assert_eq!(left(&[], "c.email is not null"), Strength::Destroyed);
        assert_eq!(left(&["lower"], "(lower(c.email) like '%@acme.com')"), Strength::Destroyed);
        assert_eq!(left(&["coalesce", "count"], "coalesce(count(c.email), 0)"), Strength::Destroyed);
    }

    #[test]
    fn a_hash_is_weak_until_it_has_a_key() {
        assert_eq!(left(&["md5"], "md5(c.email)"), Strength::WeaklyMasked);
        assert_eq!(left(&["sha2"], "sha2(c.email, 256)"), Strength::WeaklyMasked);
        assert_eq!(left(&["sha256", "concat"], "sha256(concat(c.email, 'a-long-salt'))"), Strength::Masked);
        assert_eq!(left(&["sha256"], "sha256(c.email || 'a-long-salt')"), Strength::Masked);
        let surrogate = "md5(cast(coalesce(cast(c.email as text), '_a_null_placeholder_') as text) || '-' || 'x')";
        assert_eq!(left(&["md5", "coalesce"], surrogate), Strength::WeaklyMasked);
        assert_eq!(left(&["hmac"], "hmac(c.email, 'k', 'sha256')"), Strength::Masked);
        assert_eq!(left(&["governance.acme_mask"], "governance.acme_mask(c.email)"), Strength::Masked);
    }

    #[test]
    fn coarse_parts_are_partial() {
        assert_eq!(left(&["split_part"], "split_part(c.email, '@', 2)"), Strength::Partial);
        assert_eq!(left(&["left"], "left(c.email, 3)"), Strength::Partial);
        assert_eq!(left(&["date_trunc"], "date_trunc('year', c.email)"), Strength::Partial);
        assert_eq!(left(&["date_trunc"], "date_trunc('day', c.email)"), Strength::Kept);
        assert_eq!(left(&["regexp_replace"], "regexp_replace(c.email, '^[^@]+', '***')"), Strength::Partial);
    }

    #[test]
    fn calls_and_arguments_survive_strings_and_hostile_text() {
        let found = calls("a(b('x)'), \"q(\"((c(1))))");
        assert_eq!(found.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(arguments("a, f(b, c), 'x,y'"), ["a", "f(b, c)", "'x,y'"]);
        for hostile in ["", "(", ")", "'", "f('", "((((", "é(ü)", "f(]", "is", "'''"] {
            calls(hostile);
            arguments(hostile);
            is_predicate(hostile);
            has_key(hostile);
        }
    }
}
