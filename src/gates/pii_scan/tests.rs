use crate::gates::fixture::{Shop, assert_found, found, judge, shop};
use serde_json::json;

fn people() -> Shop {
    shop()
        .source("customers", &["id", "mail", "city", "joined"])
        .model(
            "stg_customers",
            "select id as customer_id, mail as email, city, joined from {{ source('raw', 'customers') }}",
        )
        .tag("stg_customers", "email")
        .model("customers", "select customer_id, email, city from {{ ref('stg_customers') }}")
        .tag("customers", "email")
        .model("orders", "select customer_id, city from {{ ref('customers') }}")
}

fn scan(head: &Shop, model: &str) -> Vec<String> {
    found("pii_scan", &people(), head, model)
}

#[test]
fn a_tag_lost_in_a_rename() {
    let renamed =
        people().model("customers", "select customer_id, email as contact, city from {{ ref('stg_customers') }}");
    assert_found(
        &scan(&renamed, "customers"),
        &["error tag-dropped contact: `contact` (was `email`) lost its tag `pii: true`"],
    );
    assert_found(&scan(&renamed.tag("customers", "contact"), "customers"), &[]);
}

#[test]
fn a_tag_lost_in_the_yaml() {
    let head = people().edit("stg_customers", |m| {
        m.columns.shift_remove("email");
    });
    let found = scan(&head, "stg_customers");
    assert_found(&found, &["error tag-dropped email: `email` lost its tag `pii: true`; it reaches customers.email"]);
    // Another shape of the same tag is the same tag.
    let moved = people().column("stg_customers", "email", json!({"contains_pii": "true"}));
    assert_found(&scan(&moved, "stg_customers"), &[]);
}

#[test]
fn a_tagged_column_copied_into_another_mart() {
    let leak = |sql: &str| {
        people().model("orders", &format!("select customer_id, city, {sql} from {{{{ ref('customers') }}}}"))
    };
    let found = scan(&leak("lower(email) as buyer"), "orders");
    assert_found(&found, &["error leaked buyer: `buyer` carries customers.email (tagged `pii: true`) without a tag"]);
    assert_found(&scan(&leak("email as buyer").tag("orders", "buyer"), "orders"), &[]);
    assert_found(&scan(&leak("count(email) over () as n"), "orders"), &[]);
    assert_found(&scan(&leak("email is not null as has_email"), "orders"), &[]);
    assert_found(&scan(&leak("case when email like '%@acme.com' then 'staff' end as class"), "orders"), &[]);
    assert_found(&scan(&leak("md5(email) as h"), "orders"), &["warning weakly-masked h: `h` carries customers.email"]);
    assert_found(&scan(&leak("sha256(concat(email, 'a-long-salt-here')) as h"), "orders"), &[]);
}

#[test]
fn through_ctes_joins_unions_and_stars() {
    for text in [
        "with c as (select * from {{ ref('customers') }}), d as (select customer_id, email as e, city from c) select customer_id, city, e from d",
        "select o.customer_id, o.city, c.email as e from {{ ref('stg_customers') }} as o join {{ ref('customers') }} as c using (customer_id)",
        "select customer_id, city, city as e from {{ ref('customers') }} union all select customer_id, city, email from {{ ref('customers') }}",
        "select customer_id, city, (select max(email) from {{ ref('customers') }}) as e from {{ ref('customers') }}",
    ] {
        let head = people().model("orders", text);
        assert_found(&scan(&head, "orders"), &["error leaked e: `e` carries customers.email"]);
    }
    let star = people().model("orders", "select * from {{ ref('customers') }}");
    assert_found(&scan(&star, "orders"), &["error leaked email: "]);
}

#[test]
fn the_path_is_told_model_by_model() {
    let head = people()
        .model("mid", "select customer_id, email as m from {{ ref('customers') }}")
        .model("orders", "select customer_id, m as buyer from {{ ref('mid') }}");
    let checked = judge("pii_scan", &people(), &head, "orders", json!({})).unwrap();
    let finding = &checked.findings[0];
    assert!(finding.message.contains("through mid.m"), "{}", finding.message);
    assert_eq!(finding.evidence["paths"], json!([["customers.email", "mid.m", "orders.buyer"]]));
}

#[test]
fn what_was_so_on_base_is_no_finding() {
    let base = people().model("orders", "select customer_id, email as buyer from {{ ref('customers') }}");
    let head = people().model("orders", "select customer_id, email as buyer, city from {{ ref('customers') }}");
    assert_found(&found("pii_scan", &base, &head, "orders"), &[]);
}

#[test]
fn a_denial_on_a_tagged_value_is_told() {
    let head = people().column("customers", "email", json!({"pii": false}));
    let found = scan(&head, "customers");
    assert_found(
        &found,
        &["error declassified email: `email` is declared `pii: false`, but it carries stg_customers.email"],
    );
}

#[test]
fn a_value_gone_under_a_tagged_name_needs_no_tag() {
    let head = people()
        .model("customers", "select customer_id, null as email, city from {{ ref('stg_customers') }}")
        .edit("customers", |m| {
            m.columns.shift_remove("email");
        });
    assert_found(&scan(&head, "customers"), &[]);
}

#[test]
fn whole_relations_and_models_that_are_tagged() {
    let tagged = |shop: Shop| {
        shop.edit("stg_customers", |m| {
            m.columns.clear();
            m.tags.insert("pii".into());
        })
    };
    let base = tagged(people()).model("orders", "select 1 as customer_id");
    let head = tagged(people()).model("orders", "select city as place from {{ ref('stg_customers') }}");
    let found_ = found("pii_scan", &base, &head, "orders");
    assert_found(
        &found_,
        &["error leaked place: `place` carries stg_customers.city (tagged `tags: pii`, the whole relation)"],
    );
    let covered = head.edit("orders", |m| {
        m.meta.insert("contains_pii".into(), json!(true));
    });
    assert_found(&found("pii_scan", &base, &covered, "orders"), &[]);
}

#[test]
fn a_source_that_lost_its_tag() {
    let model = "select id as customer_id, mail from {{ source('raw', 'customers') }}";
    let base = shop().source("customers", &["id", "mail"]).model("m", model);
    let tagged = base.clone().tag("customers", "mail");
    assert_found(&found("pii_scan", &tagged, &base, "m"), &["error tag-dropped mail: raw.customers.mail lost its tag"]);
    assert_found(&found("pii_scan", &tagged, &tagged, "m"), &[]);
}

#[test]
fn names_say_it_only_for_new_columns_without_a_tag() {
    let head =
        people().model("orders", "select customer_id, city, joined as date_of_birth from {{ ref('stg_customers') }}");
    let found_ = scan(&head, "orders");
    assert_found(&found_, &["warning untagged-name date_of_birth: the new column `date_of_birth` says date of birth"]);
    assert_found(&found("pii_scan", &head, &head, "orders"), &[]);
    let counted =
        people().model("orders", "select customer_id, count(city) as phone from {{ ref('customers') }} group by 1");
    assert_found(&scan(&counted, "orders"), &[]);
    let off = judge("pii_scan", &people(), &head, "orders", json!({"names": false})).unwrap();
    assert_eq!(off.findings.len(), 0);
}

#[test]
fn a_star_over_unknown_columns_is_not_silent() {
    let raw = shop().source("people", &[]).tag("people", "mail");
    let base = raw.clone().model("m", "select id from {{ source('raw', 'people') }}");
    let head = raw.model("m", "select * from {{ source('raw', 'people') }}");
    let found_ = found("pii_scan", &base, &head, "m");
    assert_found(&found_, &["error leaked mail: `mail` carries raw.people.mail (tagged `pii: true`) by a star"]);
}

#[test]
fn the_projects_own_masking_functions_are_trusted() {
    let head = people().model("orders", "select customer_id, city, gov.hide(email) as e from {{ ref('customers') }}");
    assert_found(&scan(&head, "orders"), &["error leaked e"]);
    let options = json!({"masking_functions": ["hide"]});
    assert_eq!(judge("pii_scan", &people(), &head, "orders", options).unwrap().findings.len(), 0);
    assert!((crate::gates::gate("pii_scan").unwrap().build)(&json!({"masking": []})).is_err());
}
