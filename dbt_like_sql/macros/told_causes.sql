{# The first events of one definition with what was reported of them: of contradictory reports the
   latest amendment that says something counts, reason and initiative each by itself. #}
{% macro told_causes(definition, number) %}
told_{{ number }} as (

    select
        spell_id,
        {{ last_told(definition.reason) }} as reason,
        {{ last_told(definition.initiative) }} as initiative,
        row_number() over (partition by spell_id order by record_id) as report_rank

    from reports

    where source = '{{ definition.origin }}'

),

definition_{{ number }} as (

    select
        firsts.outcome,
        firsts.definition,
        firsts.pair_id,
        firsts.arm,
        firsts.spell_id,
        told.reason,
        told.initiative,
        followed.next_days,
        cast('{{ definition.seen_on }}' as date) - firsts.ends_on as seen_days

    from firsts

    left join told_{{ number }} as told
        on firsts.spell_id = told.spell_id
        and told.report_rank = 1

    left join followed
        on firsts.spell_id = followed.spell_id

    where
        firsts.outcome = '{{ definition.outcome }}'
        and firsts.definition = '{{ definition.name }}'
        and firsts.event_rank = 1
        and firsts.cause = 1

)
{% endmacro %}
