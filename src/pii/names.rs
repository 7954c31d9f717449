//! Which column names say by themselves that they hold personal data.
//!
//! By whole tokens, never substrings (`business_name` holds no `ssn`), and only when the head noun does not turn the
//! meaning round (`email_count`, `phone_type`).

/// Token sequences that name personal data, longest first where one contains another, with the kind that they mean.
const ENTITIES: &[(&[&str], &str)] = &[
    (&["email", "address"], "email"),
    (&["e", "mail"], "email"),
    (&["email"], "email"),
    (&["mail", "address"], "email"),
    (&["social", "security", "number"], "national id"),
    (&["social", "security"], "national id"),
    (&["ssn"], "national id"),
    (&["tax", "id"], "national id"),
    (&["national", "id"], "national id"),
    (&["nino"], "national id"),
    (&["passport", "number"], "passport"),
    (&["passport"], "passport"),
    (&["driver", "license"], "driving licence"),
    (&["drivers", "license"], "driving licence"),
    (&["driving", "licence"], "driving licence"),
    (&["phone", "number"], "phone"),
    (&["telephone"], "phone"),
    (&["mobile", "number"], "phone"),
    (&["cell", "phone"], "phone"),
    (&["phone"], "phone"),
    (&["first", "name"], "person name"),
    (&["last", "name"], "person name"),
    (&["middle", "name"], "person name"),
    (&["given", "name"], "person name"),
    (&["family", "name"], "person name"),
    (&["maiden", "name"], "person name"),
    (&["full", "name"], "person name"),
    (&["surname"], "person name"),
    (&["forename"], "person name"),
    (&["date", "of", "birth"], "date of birth"),
    (&["birth", "date"], "date of birth"),
    (&["birthdate"], "date of birth"),
    (&["birthday"], "date of birth"),
    (&["dob"], "date of birth"),
    (&["street", "address"], "postal address"),
    (&["home", "address"], "postal address"),
    (&["mailing", "address"], "postal address"),
    (&["shipping", "address"], "postal address"),
    (&["billing", "address"], "postal address"),
    (&["address", "line"], "postal address"),
    (&["credit", "card", "number"], "card number"),
    (&["card", "number"], "card number"),
    (&["iban"], "bank account"),
    (&["bank", "account", "number"], "bank account"),
    (&["account", "holder", "name"], "person name"),
    (&["ip", "address"], "IP address"),
    (&["password"], "credential"),
];

/// Words before the last that make the column about something else than the value.
const ASIDE: &[&str] = &["is", "has", "num", "avg", "total", "max", "min", "n", "count", "pct", "days", "template"];

/// Last words that make the column about the value rather than the value.
const HEAD_NOUNS: &[&str] = &[
    "count",
    "counts",
    "cnt",
    "flag",
    "type",
    "status",
    "hash",
    "hashed",
    "sha",
    "md5",
    "masked",
    "domain",
    "verified",
    "valid",
    "template",
    "templates",
    "format",
    "id",
    "ids",
    "key",
    "sk",
    "length",
    "len",
    "provider",
    "bounced",
    "sent",
    "opened",
    "clicked",
    "delivered",
    "subject",
    "opt",
    "in",
    "out",
    "optin",
    "optout",
    "consent",
    "preference",
    "at",
    "on",
    "ts",
    "rate",
    "ratio",
    "pct",
    "score",
    "rank",
    "total",
    "sum",
    "avg",
    "source",
    "campaign",
    "code",
    "category",
    "group",
    "bucket",
    "present",
    "exists",
    "changed",
    "reset",
    "expiry",
    "model",
    "plan",
    "cost",
    "revenue",
    "sends",
    "opens",
    "clicks",
    "order",
    "priority",
    "label",
    "encrypted",
    "token",
    "country",
    "version",
    "quality",
    "day",
    "week",
    "days",
];

/// Words that, standing first, make a thing of what follows (`product_name` is handled by the list of entities; this is
/// for `campaign_email`, `support_phone`).
const THINGS: &[&str] = &["campaign", "product", "file", "table", "support", "store", "company", "brand", "vendor"];

/// The words of a name: parted at anything that is no letter or digit, at camel humps, and between letters and digits.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let previous = i.checked_sub(1).map(|p| chars[p]);
        let next = chars.get(i + 1);
        let hump = c.is_uppercase()
            && previous
                .is_some_and(|p| p.is_lowercase() || (p.is_uppercase() && next.is_some_and(|n| n.is_lowercase())));
        let border =
            previous.is_some_and(|p| p.is_alphabetic() && c.is_numeric() || p.is_numeric() && c.is_alphabetic());
        if (hump || border || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The kind of personal data that a column's name says it holds.
pub fn entity(column: &str) -> Option<&'static str> {
    let mut tokens = words(column);
    // A trailing number (`address_line_1`, `phone2`) counts copies.
    while tokens.len() > 1 && tokens.last().is_some_and(|t| t.chars().all(char::is_numeric)) {
        tokens.pop();
    }
    let tokens: Vec<&str> =
        tokens.iter().map(|t| t.strip_suffix('s').filter(|s| is_entity_word(s)).unwrap_or(t)).collect();
    let (at, phrase, kind) = ENTITIES.iter().find_map(|(phrase, kind)| {
        let at = tokens.windows(phrase.len()).position(|w| w == *phrase)?;
        Some((at, *phrase, *kind))
    })?;
    let before = &tokens[..at];
    let after = &tokens[at + phrase.len()..];
    let aside = before.first().is_some_and(|w| ASIDE.contains(w) || THINGS.contains(w));
    let turned = after.iter().any(|w| HEAD_NOUNS.contains(w));
    (!aside && !turned).then_some(kind)
}

fn is_entity_word(word: &str) -> bool {
    ENTITIES.iter().any(|(phrase, _)| phrase.len() == 1 && phrase[0] == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_it() {
        for name in [
            "email",
            "customer_email",
            "EmailAddress",
            "emails",
            "ssn",
            "SSN",
            "phone_number",
            "phone2",
            "first_name",
            "lastName",
            "date_of_birth",
            "dob",
            "customer_dob",
            "address_line_1",
            "billing_address",
            "iban",
            "ip_address",
        ] {
            assert!(entity(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_it() {
        for name in [
            "business_name",
            "class_name",
            "email_count",
            "has_email",
            "is_phone_verified",
            "email_hash",
            "phone_type",
            "email_template_id",
            "product_name",
            "description",
            "shipment",
            "manager_id",
            "adobe_id",
            "gzip_size",
            "emailed_at",
            "email_sent_at",
            "password_reset_count",
            "campaign_email",
            "order_total",
            "page",
            "",
            "_",
            "7",
        ] {
            assert_eq!(entity(name), None, "{name}");
        }
    }
}
