{# The answers that count, on the clock of the pair and against the end of its contract. #}
{% macro counting_answers(told_columns) %}
final as (

    select
        ranked.wave,
        ranked.pair_id,
        ranked.arm,
        ranked.person_id,
        ranked.answered_on,
        ranked.answered_on - ranked.index_on as answered_days,
        case
            when spell_ends.spell_id is not null
                then not coalesce(
                    spell_ends.is_early and spell_ends.ends_on <= ranked.answered_on, false
                )
        end as is_before_early_end
        {% for column in told_columns %}
            , ranked.{{ column }}
        {% endfor %}

    from ranked

    left join spell_ends
        on ranked.spell_id = spell_ends.spell_id
        and ranked.person_id = spell_ends.person_id

    where ranked.counting_rank = 1

)
{% endmacro %}
