-- How and when each contract of a person ended, as far as known.
-- Grain: one row per contract. is_early: before the planned end current at that time.

{{ config(enabled=var('event_definitions') | length > 0) }}

with

spells as (

    select * from {{ ref('spells') }}

),

ends as (

    select
        person_id,
        spell_id,
        source,
        starts_on,
        planned_end_on,
        coalesce(ended_early_on < planned_end_on, false) as is_early,
        least(coalesce(ended_early_on, planned_end_on), planned_end_on) as ends_on

    from spells

),

final as (

    select
        ends.*,

        -- no other contract in force on any day from the end to the end + window
        {% for window in var('windows_days') %}
            not exists (
                select 1
                from spells as others
                where
                    others.person_id = ends.person_id
                    and others.spell_id <> ends.spell_id
                    and others.starts_on <= ends.ends_on + {{ window }}
                    and (
                        others.ended_early_on > ends.ends_on
                        or (others.ended_early_on is null and others.planned_end_on >= ends.ends_on)
                    )
            ) as is_unfollowed_{{ window }},
        {% endfor %}

        lead(starts_on) over (
            partition by person_id order by starts_on, spell_id
        ) as next_starts_on

    from ends

)

select * from final
