//! Pull requests to the shop: what they edit.

/// Path, what stands there, what comes in its place.
pub type Edit = (&'static str, &'static str, &'static str);

const ORDERS: &str = "models/marts/orders.sql";
const CUSTOMERS: &str = "models/marts/customers.sql";
const SALES: &str = "models/marts/product_sales.sql";
const TOTALS: &str = "models/intermediate/int_order_totals.sql";
const STG_ORDERS: &str = "models/staging/stg_orders.sql";
const STG_ITEMS: &str = "models/staging/stg_order_items.sql";
const STG_CUSTOMERS: &str = "models/staging/stg_customers.sql";
const CENTS: &str = "macros/cents_to_dollars.sql";

/// What each is called, and its edits.
pub const SCENARIOS: &[(&str, &[Edit])] = &[
    ("left to inner, nothing lost", &[(ORDERS, "left join totals", "inner join totals")]),
    ("column fed from another", &[(ORDERS, "totals.revenue,", "totals.order_cost as revenue,")]),
    (
        "filter in staging",
        &[(
            STG_ORDERS,
            "from {{ source('raw', 'orders') }}",
            "from {{ source('raw', 'orders') }} where status <> 'returned'",
        )],
    ),
    (
        "filter in the mart",
        &[(ORDERS, "from orders\nleft", "from orders\nleft join (select 1 as one) as x on true\nleft")],
    ),
    (
        "where in the mart",
        &[(
            ORDERS,
            "on orders.order_id = totals.order_id",
            "on orders.order_id = totals.order_id\nwhere orders.customer_id < 60",
        )],
    ),
    (
        "join multiplies",
        &[(
            ORDERS,
            "on orders.order_id = totals.order_id",
            "on orders.order_id = totals.order_id\nleft join {{ ref('stg_order_items') }} as items on items.order_id = orders.order_id",
        )],
    ),
    (
        "join on half the key",
        &[(SALES, "on items.product_id = products.product_id", "on items.product_id >= products.product_id")],
    ),
    (
        "grouping key lost",
        &[(TOTALS, "    order_id,\n", "    min(order_id) as order_id,\n"), (TOTALS, "\ngroup by 1", "")],
    ),
    ("grouping key added", &[(TOTALS, "group by 1", "group by 1, product_id")]),
    ("distinct", &[(STG_ITEMS, "select\n    item_id", "select distinct\n    item_id")]),
    (
        "distinct that loses rows",
        &[
            (STG_ITEMS, "    item_id,\n    order_id,", "    min(item_id) as item_id,\n    order_id,"),
            (
                STG_ITEMS,
                "from {{ source('raw', 'order_items') }}",
                "from {{ source('raw', 'order_items') }} group by order_id, product_id, quantity, unit_price_cents, unit_cost_cents",
            ),
        ],
    ),
    ("unit error in a macro", &[(CENTS, "/ 100", "/ 1000")]),
    (
        "macro refactored",
        &[(CENTS, "cast({{ column }} as double precision) / 100", "cast({{ column }} as double precision) * 1 / 100")],
    ),
    ("comment", &[(ORDERS, "select\n    orders.order_id", "-- one row per order\nselect\n    orders.order_id")]),
    (
        "alias renamed",
        &[
            (
                ORDERS,
                "left join totals on orders.order_id = totals.order_id",
                "left join totals as t on orders.order_id = t.order_id",
            ),
            (
                ORDERS,
                "totals.item_count,\n    totals.revenue,\n    totals.order_cost",
                "t.item_count,\n    t.revenue,\n    t.order_cost",
            ),
        ],
    ),
    (
        "null as zero",
        &[(
            CUSTOMERS,
            "    history.lifetime_revenue\n",
            "    coalesce(history.lifetime_revenue, 0) as lifetime_revenue\n",
        )],
    ),
    ("count of another thing", &[(CUSTOMERS, "count(*) as order_count", "count(distinct status) as order_count")]),
    (
        "outer filter moved",
        &[(
            CUSTOMERS,
            "on customers.customer_id = history.customer_id",
            "on customers.customer_id = history.customer_id where history.order_count > 0",
        )],
    ),
    (
        "limit",
        &[(
            CUSTOMERS,
            "on customers.customer_id = history.customer_id",
            "on customers.customer_id = history.customer_id limit 5",
        )],
    ),
    (
        "value outside its list",
        &[(STG_ORDERS, "    status,", "    case when status = 'placed' then 'new' else status end as status,")],
    ),
    (
        "key becomes null",
        &[(STG_ORDERS, "    order_id,\n    customer_id,", "    order_id,\n    nullif(customer_id, 7) as customer_id,")],
    ),
    (
        "key repeated by a union",
        &[(
            STG_ORDERS,
            "from {{ source('raw', 'orders') }}",
            "from {{ source('raw', 'orders') }}\nunion all\nselect order_id, customer_id, status, ordered_at, 0 from {{ source('raw', 'orders') }} where order_id = 3",
        )],
    ),
    (
        "orphaned foreign key",
        &[(
            "models/staging/stg_products.sql",
            "from {{ source('raw', 'products') }}",
            "from {{ source('raw', 'products') }} where product_id <> 4",
        )],
    ),
    (
        "e-mail loses its tag",
        &[
            (STG_CUSTOMERS, "email as customer_email", "email as contact"),
            (CUSTOMERS, "customers.customer_email", "customers.contact"),
        ],
    ),
    (
        "rows by literal key",
        &[(
            ORDERS,
            "on orders.order_id = totals.order_id",
            "on orders.order_id = totals.order_id where orders.order_id not in (1, 2, 3)",
        )],
    ),
    (
        "rounding",
        &[(
            TOTALS,
            "sum(quantity * unit_price) as revenue",
            "round(cast(sum(quantity * unit_price) as numeric), 0) as revenue",
        )],
    ),
    (
        "integer where a double was",
        &[(TOTALS, "sum(quantity * unit_price) as revenue", "cast(sum(quantity * unit_price) as bigint) as revenue")],
    ),
    (
        "noise below the tolerance",
        &[(TOTALS, "sum(quantity * unit_price) as revenue", "sum(quantity * unit_price) * (1 + 1e-13) as revenue")],
    ),
    ("column dropped", &[(ORDERS, "    totals.revenue,\n    totals.order_cost", "    totals.revenue")]),
    (
        "emptied",
        &[(
            STG_ORDERS,
            "from {{ source('raw', 'orders') }}",
            "from {{ source('raw', 'orders') }} where status = 'Placed'",
        )],
    ),
    ("does not run", &[(ORDERS, "totals.revenue,", "totals.revenue + date '2026-01-01' as revenue,")]),
    ("having", &[(TOTALS, "group by 1", "group by 1 having count(*) > 1")]),
    (
        "window dedupe",
        &[(
            ORDERS,
            "select * from {{ ref('stg_orders') }}",
            "select order_id, customer_id, status, ordered_at from (select *, row_number() over (partition by customer_id order by ordered_at desc, order_id) as n from {{ ref('stg_orders') }}) as numbered where n = 1",
        )],
    ),
    (
        "anti join",
        &[(
            ORDERS,
            "select * from {{ ref('stg_orders') }}",
            "select * from {{ ref('stg_orders') }} where order_id not in (select order_id from {{ ref('stg_refunds') }})",
        )],
    ),
];
