//! Did-you-mean: the known name nearest to a wrong one.

/// The candidate nearest to `name`, when one is near enough to be meant; ties go to the first in order of name.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let known = candidate.to_lowercase();
        if candidate == name {
            continue;
        }
        let mut score = strsim::normalized_damerau_levenshtein(&wanted, &known);
        // Names that contain one another are near, however different their lengths (`email`, `customer_email`).
        let shorter = wanted.chars().count().min(known.chars().count());
        if shorter >= 4 && (wanted.contains(&known) || known.contains(&wanted)) {
            score = score.max(0.7);
        }
        let better = best.is_none_or(|(top, at)| score > top || (score == top && candidate < at));
        if score >= 0.6 && better {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `; did you mean x?`, or nothing.
pub fn hint(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let known = ["stg_orders", "stg_order_items", "customers"];
        assert_eq!(nearest("stg_order", known), Some("stg_orders"));
        assert_eq!(nearest("stg_ordres", known), Some("stg_orders"));
        assert_eq!(nearest("Customer", known), Some("customers"));
        assert_eq!(nearest("locations", known), None);
        assert_eq!(nearest("email", ["customer_email", "id"]), Some("customer_email"));
        assert_eq!(nearest("x", []), None);
    }
}
