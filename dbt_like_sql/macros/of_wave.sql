{# Whether a row of a table meets all that its wave asks of it; missing where it does not say. #}
{% macro of_wave(waves, key, table, operator) -%}
(
    true
    {% for wave in waves %}
        {% for column, value in wave[key].items() %}
            and (
                asked.wave != '{{ wave.name }}'
                or {{ table }}."{{ column }}" {{ operator }} {% if value is string %}'{{ value }}'{% else %}{{ value }}{% endif %}

            )
        {% endfor %}
    {% endfor %}
)
{%- endmacro %}
