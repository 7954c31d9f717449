{# Types, casts and small aggregates that adapters write differently. #}
{% macro type_string() -%}
{{ return(adapter.dispatch('type_string', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_string() -%}
{{ return(api.Column.translate_type('string')) }}
{%- endmacro %}

{% macro trino__type_string() -%}
{{ return('varchar') }}
{%- endmacro %}

{% macro type_timestamp() -%}
{{ return(adapter.dispatch('type_timestamp', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_timestamp() -%}
{{ return(api.Column.translate_type('timestamp')) }}
{%- endmacro %}

{% macro type_float() -%}
{{ return(adapter.dispatch('type_float', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_float() -%}
{{ return(api.Column.translate_type('float')) }}
{%- endmacro %}

{% macro trino__type_float() -%}
{{ return('double') }}
{%- endmacro %}

{% macro type_numeric() -%}
{{ return(adapter.dispatch('type_numeric', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_numeric() -%}
{{ return('numeric(28,6)') }}
{%- endmacro %}

{% macro bigquery__type_numeric() -%}
{{ return('numeric') }}
{%- endmacro %}

{% macro spark__type_numeric() -%}
{{ return('decimal(28,6)') }}
{%- endmacro %}

{% macro trino__type_numeric() -%}
{{ return('decimal(28,6)') }}
{%- endmacro %}

{% macro type_bigint() -%}
{{ return(adapter.dispatch('type_bigint', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_bigint() -%}
{{ return('bigint') }}
{%- endmacro %}

{% macro type_int() -%}
{{ return(adapter.dispatch('type_int', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_int() -%}
{{ return(api.Column.translate_type('integer')) }}
{%- endmacro %}

{% macro trino__type_int() -%}
{{ return('integer') }}
{%- endmacro %}

{% macro type_boolean() -%}
{{ return(adapter.dispatch('type_boolean', 'dbt')()) }}
{%- endmacro %}

{% macro default__type_boolean() -%}
{{ return(api.Column.translate_type('boolean')) }}
{%- endmacro %}

{% macro cast(expression, data_type) -%}
{{ return(adapter.dispatch('cast', 'dbt')(expression, data_type)) }}
{%- endmacro %}

{% macro default__cast(expression, data_type) -%}
cast({{ expression }} as {{ data_type }})
{%- endmacro %}

{% macro safe_cast(field, type) -%}
{{ return(adapter.dispatch('safe_cast', 'dbt')(field, type)) }}
{%- endmacro %}

{% macro default__safe_cast(field, type) -%}
cast({{ field }} as {{ type }})
{%- endmacro %}

{% macro bigquery__safe_cast(field, type) -%}
safe_cast({{ field }} as {{ type }})
{%- endmacro %}

{% macro snowflake__safe_cast(field, type) -%}
{%- if type | upper in ['GEOMETRY', 'GEOGRAPHY'] -%}try_to_{{ type | lower }}({{ field }})
{%- elif type | upper == 'VARIANT' -%}{{ dbt.cast(field, type) }}
{%- elif field is number -%}try_cast({{ dbt.string_literal(field) }} as {{ type }})
{%- else -%}try_cast({{ field }} as {{ type }}){%- endif -%}
{%- endmacro %}

{% macro trino__safe_cast(field, type) -%}
try_cast({{ field }} as {{ type }})
{%- endmacro %}

{% macro cast_bool_to_text(field) -%}
{{ return(adapter.dispatch('cast_bool_to_text', 'dbt')(field)) }}
{%- endmacro %}

{% macro default__cast_bool_to_text(field) -%}
cast({{ field }} as {{ api.Column.translate_type('string') }})
{%- endmacro %}

{% macro redshift__cast_bool_to_text(field) -%}
case when {{ field }} is true then 'true' when {{ field }} is false then 'false' end::text
{%- endmacro %}

{% macro any_value(expression) -%}
{{ return(adapter.dispatch('any_value', 'dbt')(expression)) }}
{%- endmacro %}

{% macro default__any_value(expression) -%}
any_value({{ expression }})
{%- endmacro %}

{% macro duckdb__any_value(expression) -%}
arbitrary({{ expression }})
{%- endmacro %}

{% macro postgres__any_value(expression) -%}
min({{ expression }})
{%- endmacro %}

{% macro spark__any_value(expression) -%}
first({{ expression }})
{%- endmacro %}

{% macro bool_or(expression) -%}
{{ return(adapter.dispatch('bool_or', 'dbt')(expression)) }}
{%- endmacro %}

{% macro default__bool_or(expression) -%}
bool_or({{ expression }})
{%- endmacro %}

{% macro snowflake__bool_or(expression) -%}
boolor_agg({{ expression }})
{%- endmacro %}

{% macro bigquery__bool_or(expression) -%}
logical_or({{ expression }})
{%- endmacro %}

{% macro except() -%}
{{ return(adapter.dispatch('except', 'dbt')()) }}
{%- endmacro %}

{% macro default__except() -%}
except
{%- endmacro %}

{% macro bigquery__except() -%}
except distinct
{%- endmacro %}

{% macro intersect() -%}
{{ return(adapter.dispatch('intersect', 'dbt')()) }}
{%- endmacro %}

{% macro default__intersect() -%}
intersect
{%- endmacro %}

{% macro bigquery__intersect() -%}
intersect distinct
{%- endmacro %}

{% macro trino__any_value(expression) -%}
min({{ expression }})
{%- endmacro %}

{% macro spark__bool_or(expression) -%}
max({{ expression }})
{%- endmacro %}

{% macro snowflake__cast(expression, data_type) -%}
{%- if data_type | upper == 'GEOGRAPHY' -%}to_geography({{ expression }})
{%- elif data_type | upper == 'GEOMETRY' -%}to_geometry({{ expression }})
{%- else -%}cast({{ expression }} as {{ data_type }}){%- endif -%}
{%- endmacro %}
