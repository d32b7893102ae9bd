-- Each contract as known at the end of the day `known_on`, its latest amendment applied.
-- Grain: one row per contract.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

known as (

    select *

    from {{ ref('spell_versions') }}

    where
        known_on <= cast('{{ var("known_on") }}' as date)
        and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))

),

ranked as (

    select
        known.*,
        row_number() over (
            partition by spell_id order by amendment_number, record_id
        ) as first_rank,

        -- an amendment that says nothing of the planned end leaves it as it was
        row_number() over (
            partition by spell_id
            order by
                case when planned_end_on is null then 1 else 0 end,
                amendment_number desc,
                record_id
        ) as last_rank,

        -- an early end may be reported on the contract's row or on an amendment's
        max(ended_early_on) over (partition by spell_id) as spell_ended_early_on

    from known

),

initial as (select * from ranked where first_rank = 1),

latest as (select * from ranked where last_rank = 1),

final as (

    select
        initial.person_id,
        initial.spell_id,
        initial.source,
        initial.record_id,
        initial.starts_on,
        initial.planned_end_on as planned_end_initial_on,
        latest.planned_end_on,
        initial.spell_ended_early_on as ended_early_on,

        {% for column in var('spell_columns') %}
            initial."{{ column.name }}",
        {% endfor %}

        row_number() over (
            partition by initial.person_id order by initial.starts_on, initial.spell_id
        ) as spell_rank

    from initial

    inner join latest
        on initial.spell_id = latest.spell_id

)

select * from final
