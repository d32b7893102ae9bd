{# True as soon as one rule holds, each needing all its conditions; missing where what was answered
   leaves open whether one does. #}
{% macro any_rule(rules, table) %}
    {%- for rule in rules -%}
        {%- if not loop.first %} or {% endif -%}
        (
        {%- for condition in rule -%}
            {{ table }}."{{ condition.column }}" {{ holds(condition) }}
            {%- if not loop.last %} and {% endif -%}
        {%- endfor -%}
        )
    {%- endfor -%}
{% endmacro %}
