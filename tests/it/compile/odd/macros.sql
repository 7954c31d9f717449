{% macro greet(name, greeting='hi') %}{{ greeting }} {{ name }}{% endmacro %}
{% macro many(a) %}{{ a }}|{{ varargs }}|{{ kwargs }}{% endmacro %}
{% macro vlen() %}{{ varargs | length }}/{{ kwargs | length }}{% endmacro %}
{% macro wrap(x) %}[{{ caller() }}]{% endmacro %}
{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }};{% endfor %}{% endmacro %}
{% macro kwcaller() %}{{ caller(b=2, a=1) }}{% endmacro %}
{% macro returns(x) %}{{ return(x) }}{% endmacro %}
{% macro dflt(a, b=a, c=[]) %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}
{% macro late() %}{% set x = 1 %}{{ x }}{% if true %}{{ return({'k': [1, 2]}) }}{% endif %}{% endmacro %}
{% macro fact(n) %}{% if n <= 1 %}{{ return(1) }}{% else %}{{ return(n * odd.fact(n - 1)) }}{% endif %}{% endmacro %}
{% macro uses_undefined(a) %}{{ a }}/{{ b }}/{{ a is defined }}{% endmacro %}
{% macro ismaybe(caller=none) %}{{ caller is none }}{% endmacro %}
{% macro ws() -%}
   x
{%- endmacro %}
{% macro ws2() %}
   x
{% endmacro %}
