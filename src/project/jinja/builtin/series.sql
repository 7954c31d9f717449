{# Series of numbers and dates. #}
{% macro get_powers_of_two(upper_bound) -%}
{{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__get_powers_of_two(upper_bound) -%}
{%- if upper_bound <= 0 -%}{{ exceptions.raise_compiler_error('upper bound must be positive') }}{%- endif -%}
{%- for power in range(1, 100) -%}
{%- if upper_bound <= 2 ** power -%}{{ return(power) }}{%- endif -%}
{%- endfor -%}
{%- endmacro %}

{% macro generate_series(upper_bound) -%}
{{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro %}

{% macro default__generate_series(upper_bound) -%}
{%- set n = dbt.get_powers_of_two(upper_bound) -%}
with p as (
    select 0 as generated_number union all select 1
), unioned as (

    select

    {% for i in range(n) %}
    p{{ i }}.generated_number * power(2, {{ i }})
    {% if not loop.last %} + {% endif %}
    {% endfor %}
    + 1
    as generated_number

    from

    {% for i in range(n) %}
    p as p{{ i }}
    {% if not loop.last %} cross join {% endif %}
    {% endfor %}

)

select *
from unioned
where generated_number <= {{ upper_bound }}
order by generated_number
{%- endmacro %}

{% macro duckdb__generate_series(upper_bound) -%}
select generate_series as generated_number from generate_series(1, {{ upper_bound }})
{%- endmacro %}

{% macro get_intervals_between(start_date, end_date, datepart) -%}
{{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}

{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
{%- if not execute -%}{{ return(1) }}{%- endif -%}
{%- call statement('get_intervals_between', fetch_result=True) -%}
select {{ dbt.datediff(start_date, end_date, datepart) }}
{%- endcall -%}
{%- set rows = load_result('get_intervals_between')['data'] -%}
{%- if rows -%}{{ return(rows[0][0]) }}{%- else -%}{{ return(1) }}{%- endif -%}
{%- endmacro %}

{% macro date_spine(datepart, start_date, end_date) -%}
{{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro %}

{% macro default__date_spine(datepart, start_date, end_date) -%}
with rawdata as (

    {{ dbt.generate_series(dbt.get_intervals_between(start_date, end_date, datepart)) }}

),

all_periods as (

    select (
        {{ dbt.dateadd(datepart, "row_number() over (order by 1) - 1", start_date) }}
    ) as date_{{ datepart }}
    from rawdata

),

filtered as (

    select *
    from all_periods
    where date_{{ datepart }} <= {{ end_date }}

)

select * from filtered
{%- endmacro %}

{% macro diff_of_two_dicts(dict_a, dict_b) -%}
{%- set result = {} -%}
{%- for key in dict_a.keys() -%}
{%- set other = dict_b.get(key) or dict_b.get(key | lower) -%}
{%- if other -%}
{%- set missing = [] -%}
{%- for item in dict_a[key] if item not in other -%}{%- do missing.append(item) -%}{%- endfor -%}
{%- if missing -%}{%- do result.update({key: missing}) -%}{%- endif -%}
{%- else -%}
{%- do result.update({key: dict_a[key]}) -%}
{%- endif -%}
{%- endfor -%}
{{ return(result) }}
{%- endmacro %}
