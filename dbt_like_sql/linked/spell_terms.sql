-- Which end a contract was planned to have, from which day on, as known on the day `known_on`.
-- Grain: one row per contract and term: the initial one and one per amendment.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

known as (

    select *

    from {{ ref('spell_versions') }}

    where
        known_on <= cast('{{ var("known_on") }}' as date)
        and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))

),

final as (

    select
        person_id,
        spell_id,
        amendment_number,
        planned_end_on,

        case
            when amendment_number = 0 then starts_on
            else coalesce(amendment_effective_on, starts_on)
        end as holds_from_on

    from known

)

select * from final
