-- The value of each measured outcome, of pair members and of everybody outside pairs.
-- Grain: one row per outcome, person and arm; pair_id is missing outside pairs. A pair member that
-- is no longer known as a person keeps its row, without value.

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
            coalesce(members.person_id, persons.person_id) as person_id,
            coalesce(members.arm, persons.arm) as arm,
            members.pair_id,
            cast(persons."{{ measure.column }}" as double precision) as value

        from persons

        full join members
            on persons.person_id = members.person_id
            and persons.arm = members.arm

        {% if not loop.last %} union all {% endif %}

    {% endfor %}

)

select * from final
