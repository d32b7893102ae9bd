-- The value of each measured outcome, of pair members and of any reference arm.
-- Grain: one row per outcome, person and arm; pair_id is missing outside pairs.

{{ config(enabled=var('measures') | length > 0) }}

with

persons as (

    select * from {{ ref('persons') }}

),

members as (

    select * from {{ ref('pair_members') }}

),

final as (

    {% for measure in var('measures') %}

        select
            '{{ measure.name }}' as outcome,
            persons.person_id,
            persons.arm,
            members.pair_id,
            persons.{{ measure.column }} as value

        from persons

        left join members
            on persons.person_id = members.person_id
            and persons.arm = members.arm

        {% if not loop.last %} union all {% endif %}

    {% endfor %}

)

select * from final
