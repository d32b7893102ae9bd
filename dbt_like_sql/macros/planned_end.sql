{# The planned end of a contract; one without an end of its own ends with what it was made for. #}
{% macro planned_end(spell) -%}
{% set lasting = spell.open_ended -%}
{% if lasting -%}
case
            when registered."{{ lasting.column }}" = '{{ lasting.code }}'
                then coalesce(registered."{{ lasting.ends }}", registered."{{ spell.planned_end }}")
            else registered."{{ spell.planned_end }}"
        end
{%- else -%}
registered."{{ spell.planned_end }}"
{%- endif %}
{%- endmacro %}
