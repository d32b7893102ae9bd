-- The contract that counts for each person and arm, as known on the day `known_on`.
-- Grain: one row per person and arm. Reads planned ends only; no date of exit is read.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

candidates as (

    select
        persons.person_id,
        persons.arm,
        spells.spell_id,
        spells.starts_on,
        spells.spell_rank,
        {% if var('entry_column') %}
            case when persons.arm = 'beneficiary' then persons."{{ var('entry_column') }}" end
        {% else %}
            cast(null as date)
        {% endif %} as entered_on

    from {{ ref('persons') }} as persons

    inner join {{ ref('spells') }} as spells
        on persons.person_id = spells.person_id

),

termed as (

    -- one row per term that held when support began, the last one first
    select
        candidates.*,
        spell_terms.planned_end_on,
        row_number() over (
            partition by candidates.person_id, candidates.arm, candidates.spell_id
            order by spell_terms.amendment_number desc
        ) as term_rank

    from candidates

    left join {{ ref('spell_terms') }} as spell_terms
        on candidates.spell_id = spell_terms.spell_id
        and spell_terms.holds_from_on <= candidates.entered_on

),

ranked as (

    -- beneficiaries: the contract that ran when support began, else the next one, else the last
    -- one before; everybody else: the first contract
    select
        person_id,
        arm,
        spell_id,
        row_number() over (
            partition by person_id, arm
            order by
                case
                    when entered_on is null then 0
                    when starts_on > entered_on then 1
                    when planned_end_on < entered_on then 2
                    else 0
                end,
                case when starts_on <= entered_on then -spell_rank else spell_rank end
        ) as preference

    from termed

    where term_rank = 1

),

final as (select person_id, arm, spell_id from ranked where preference = 1)

select * from final
