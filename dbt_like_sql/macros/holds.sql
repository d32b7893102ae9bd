{# What a condition asks of a column: one of some codes, or a least value. #}
{% macro holds(condition) %}
    {%- if "codes" in condition -%}
        in ({% for code in condition.codes %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor %})
    {%- elif "above" in condition -%}
        > {{ condition.above }}
    {%- else -%}
        >= {{ condition.minimum }}
    {%- endif -%}
{% endmacro %}
