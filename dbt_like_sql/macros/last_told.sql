{# What the latest amendment of a contract that says something says in a column. #}
{% macro last_told(column) -%}
first_value({{ column }}) over (
                partition by spell_id
                order by
                    case when {{ column }} is null then 1 else 0 end,
                    amendment_number desc,
                    record_id
            )
{%- endmacro %}
