{# Ends after which somebody told of another contract in time. Told to have begun before the end it
   may be the one that ended; without a first day it counts from the day of the answer; told to begin
   later than the answer it is not yet one. #}
{% macro told_followed(definition) -%}
exists (
    select 1
    from {{ ref('answers') }} as answers
    where answers.person_id = spell_ends.person_id
    and (
        {% for told in definition.answers %}
            {%- set first_day = 'coalesce(answers."' ~ told.starts ~ '", cast(answers.answered_at as date))' if told.starts else 'cast(answers.answered_at as date)' %}
            (
                answers.source = '{{ told.origin }}'
                and ({{ any_rule([told.rule], 'answers') }})
                and {{ first_day }} >= spell_ends.ends_on
                and {{ first_day }} <= spell_ends.ends_on + {{ definition.window_days }}
                and {{ first_day }} <= cast(answers.answered_at as date)
            )
            {% if not loop.last %} or {% endif %}
        {% endfor %}
    )
)
{%- endmacro %}
