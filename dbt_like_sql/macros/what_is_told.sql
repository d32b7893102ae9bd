{# What a column tells of a fact, as text: a part of a day, the word that a code or a filled cell
   stands for, a label in place of a value that identifies somebody, else the value itself. #}
{% macro what_is_told(teller) %}
    {%- if teller.is_identity -%}
        labelled.label
    {%- elif teller.part -%}
        cast(extract({{ teller.part }} from told."{{ teller.column }}") as varchar)
    {%- elif teller.means -%}
        case told."{{ teller.column }}"
        {%- for code, word in teller.means.items() %} when '{{ code }}' then '{{ word }}'{% endfor %} end
    {%- elif teller.filled or teller.empty -%}
        case when told."{{ teller.column }}" is not null
            then {{ "'" ~ teller.filled ~ "'" if teller.filled else "cast(null as varchar)" }}
            else {{ "'" ~ teller.empty ~ "'" if teller.empty else "cast(null as varchar)" }} end
    {%- elif teller.is_day -%}
        cast(cast(told."{{ teller.column }}" as date) as varchar)
    {%- else -%}
        cast(told."{{ teller.column }}" as varchar)
    {%- endif -%}
{% endmacro %}
