-- Days from the index to the first event of each pair member, for every event definition.
-- Grain: one row per definition, pair and arm. cause: 0 none known, 1 the event, 2 a normal end.
-- A member whose contract of the pair is not in the definition's source is unknown, not without
-- event: its follow-up and cause are missing.

{{ config(enabled=var('event_definitions') | length > 0) }}

with

members as (select * from {{ ref('pair_members') }}),

spell_ends as (select * from {{ ref('spell_ends') }}),

ranked as (

    -- an event and a normal end on one day: the event counts
    select
        candidates.*,
        row_number() over (
            partition by outcome, definition, pair_id, arm order by ends_on, cause, spell_id
        ) as event_rank

    from {{ ref('event_candidates') }} as candidates

),

{% for definition in var('event_definitions') %}

definition_{{ loop.index }} as (

    select
        '{{ definition.outcome }}' as outcome,
        '{{ definition.name }}' as definition,
        members.pair_id,
        members.arm,
        members.index_on,
        ranked.time_days,
        case when spell_ends.spell_id is not null then coalesce(ranked.cause, 0) end as cause,

        -- everybody is followed to the same calendar day, whatever happened
        case
            when spell_ends.spell_id is not null and members.index_on is not null
                then greatest(cast('{{ definition.cut_on }}' as date) - members.index_on, 0)
        end as follow_up_days

    from members

    left join spell_ends
        on members.spell_id = spell_ends.spell_id
        and members.person_id = spell_ends.person_id
        and spell_ends.source = '{{ definition.origin }}'

    left join ranked
        on members.pair_id = ranked.pair_id
        and members.arm = ranked.arm
        and ranked.outcome = '{{ definition.outcome }}'
        and ranked.definition = '{{ definition.name }}'
        and ranked.event_rank = 1
        and spell_ends.spell_id is not null

),

{% endfor %}

final as (

    {% for definition in var('event_definitions') %}
        select * from definition_{{ loop.index }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
