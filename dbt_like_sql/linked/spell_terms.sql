-- Which end a contract was planned to have, from which day on, as known on the day `known_on`.
-- Grain: one row per contract and term: the initial one and one per amendment that sets an end.
-- Left out: terms without a day, and terms replaced before they came into force.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

known as (

    select
        spell_versions.*,
        row_number() over (
            partition by spell_id, amendment_number order by record_id
        ) as row_rank

    from {{ ref('spell_versions') }} as spell_versions

    where
        planned_end_on is not null
        and known_on <= cast('{{ var("known_on") }}' as date)
        and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))

),

dated as (

    select
        person_id,
        spell_id,
        amendment_number,
        planned_end_on,

        -- an amendment without a day holds from the last day it can have come into force, the
        -- earlier of both ends: nothing that came later is taken for known
        case
            when amendment_number = 0 then starts_on
            else coalesce(
                amendment_effective_on,
                least(
                    planned_end_on,
                    lag(planned_end_on) over (partition by spell_id order by amendment_number)
                )
            )
        end as holds_from_on

    from known

    where row_rank = 1

),

followed as (

    select
        dated.*,
        min(holds_from_on) over (
            partition by spell_id order by amendment_number
            rows between 1 following and unbounded following
        ) as replaced_on

    from dated

),

final as (

    select person_id, spell_id, amendment_number, planned_end_on, holds_from_on

    from followed

    where
        holds_from_on is not null
        and (replaced_on is null or replaced_on > holds_from_on)

)

select * from final
