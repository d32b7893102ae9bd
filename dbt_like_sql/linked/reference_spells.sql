-- The contract that counts for each person and arm, as known on the day `known_on`.
-- Grain: one row per person and arm. Only rank matters here; no date of exit is read.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

persons as (

    select * from {{ ref('persons') }}

),

spells as (

    select * from {{ ref('spells') }}

),

ranked as (

    -- beneficiaries: the contract that ran when support began, else the next one;
    -- everybody else: the first contract
    select
        persons.person_id,
        persons.arm,
        spells.spell_id,
        row_number() over (
            partition by persons.person_id, persons.arm
            order by
                {% if var('entry_column') %}
                    case
                        when persons.arm <> 'beneficiary' then 0
                        when spells.starts_on <= persons.{{ var('entry_column') }} then 0
                        else 1
                    end,
                    case
                        when persons.arm = 'beneficiary'
                            and spells.starts_on <= persons.{{ var('entry_column') }}
                            then -spells.spell_rank
                        else spells.spell_rank
                    end,
                {% endif %}
                spells.spell_rank
        ) as preference

    from persons

    inner join spells
        on persons.person_id = spells.person_id

),

final as (

    select person_id, arm, spell_id from ranked where preference = 1

)

select * from final
