-- What the register shows of each pair member on the date of the question, answered or not.
-- Grain: one row per pair and arm. contract: in_contract or no_contract; missing before the date
-- is read whole, or without any linked contract. Of several in force a lasting one counts, else
-- the longest.

{{ config(enabled=var('employment', []) | length > 0) }}

{% for employment in var('employment', []) %}

with

asked as (

    select * from {{ ref('question_dates') }}
    where outcome = '{{ employment.outcome }}'
    and definition = '{{ employment.definition }}'

),

registered as (

    select spell_ends.*, spells.{{ employment.lasting_column }} as kind

    from {{ ref('spell_ends') }} as spell_ends

    inner join {{ ref('spells') }} as spells
        on spell_ends.spell_id = spells.spell_id

    where spell_ends.source = '{{ employment.register }}'

),

linked as (select distinct person_id from registered),

in_force as (

    select
        asked.pair_id,
        asked.arm,
        registered.kind,
        count(*) over (partition by asked.pair_id, asked.arm) as n_contracts,
        row_number() over (
            partition by asked.pair_id, asked.arm
            order by
                case
                    when registered.kind in (
                        {%- for code in employment.lasting_codes %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor -%}
                    ) then 0
                    else 1
                end,
                registered.planned_end_on - registered.starts_on desc,
                registered.spell_id
        ) as contract_rank

    from asked

    inner join registered
        on asked.person_id = registered.person_id
        and registered.starts_on <= asked.asked_on
        and (registered.ends_on is null or registered.ends_on > asked.asked_on)

),

{{ told_by_register(employment) }}

select * from final

{% endfor %}
