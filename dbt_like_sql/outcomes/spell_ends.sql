-- How and when each contract of a person ended, as far as known.
-- Grain: one row per contract that was in force for a day at least. ends_on: the first day out of
-- the contract, missing while no end is known. is_early: before the planned end in force then.

{{ config(enabled=var('event_definitions') | length > 0) }}

with

termed as (

    -- one row per term that held when the contract broke, the last one first: an amendment that
    -- came into force later neither hides a rupture nor makes one
    select
        spells.person_id,
        spells.spell_id,
        spells.source,
        spells.starts_on,
        spells.ended_early_on,
        coalesce(spell_terms.planned_end_on, spells.planned_end_on) as planned_end_on,
        row_number() over (
            partition by spells.spell_id order by spell_terms.amendment_number desc
        ) as term_rank

    from {{ ref('spells') }} as spells

    left join {{ ref('spell_terms') }} as spell_terms
        on spells.spell_id = spell_terms.spell_id
        and spells.ended_early_on >= spell_terms.holds_from_on

),

ended as (

    select
        person_id,
        spell_id,
        source,
        starts_on,
        planned_end_on,
        ended_early_on is not null
        and (planned_end_on is null or ended_early_on < planned_end_on) as is_early,
        least(ended_early_on, planned_end_on + 1) as ends_on

    from termed

    where term_rank = 1

),

ends as (select * from ended where starts_on < coalesce(ends_on, starts_on + 1)),

final as (

    select
        ends.*

        -- no other contract of this source in force on any day from the end to the end + window
        {% for window in var('windows_days') %}
            , not exists (
                select 1
                from ends as others
                where
                    others.person_id = ends.person_id
                    and others.source = ends.source
                    and others.starts_on <= ends.ends_on + {{ window }}
                    and (others.ends_on is null or others.ends_on > ends.ends_on)
            ) as is_unfollowed_{{ window }}
        {% endfor %}

    from ends

)

select * from final
