-- Days from the index to the first event of each pair member, for every event definition.
-- Grain: one row per definition, pair and arm. cause: 0 none known, 1 the event, 2 a normal end.

{{ config(enabled=var('event_definitions') | length > 0) }}

with

members as (

    select * from {{ ref('pair_members') }}

),

ranked as (

    select
        candidates.*,
        row_number() over (
            partition by outcome, definition, pair_id, arm order by ends_on, cause
        ) as event_rank

    from {{ ref('event_candidates') }} as candidates

),

{% for definition in var('event_definitions') %}

{{ definition.outcome }}_{{ definition.name }} as (

    select
        '{{ definition.outcome }}' as outcome,
        '{{ definition.name }}' as definition,
        members.pair_id,
        members.arm,
        members.index_on,
        ranked.time_days,
        coalesce(ranked.cause, 0) as cause,

        -- everybody is followed to the same calendar day, whatever happened
        greatest(
            cast('{{ definition.cut_on }}' as date) - members.index_on, 0
        ) as follow_up_days

    from members

    left join ranked
        on members.pair_id = ranked.pair_id
        and members.arm = ranked.arm
        and ranked.outcome = '{{ definition.outcome }}'
        and ranked.definition = '{{ definition.name }}'
        and ranked.event_rank = 1

),

{% endfor %}

final as (

    {% for definition in var('event_definitions') %}
        select * from {{ definition.outcome }}_{{ definition.name }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
