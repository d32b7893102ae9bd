-- The day each pair member's situation is asked for: the pair's common planned end plus some
-- months, whether or not a contract broke; as a variant its contract's own end plus those months.
-- Grain: one row per status definition, pair and arm. is_due: the windows of both members of the
-- pair close by the last day; never for a pair without a date.

{{ config(enabled=var('status_definitions') | length > 0) }}

with

members as (

    select * from {{ ref('pair_members') }}

),

{% for definition in var('status_definitions') %}

dated_{{ loop.index }} as (

    select
        '{{ definition.outcome }}' as outcome,
        '{{ definition.name }}' as definition,
        members.pair_id,
        members.arm,
        members.person_id,
        cast(
            {% if definition.get('counted_from') == 'actual_end' %}
                -- the last day in the contract, for a member whose contract has ended
                coalesce(spell_ends.ends_on - 1, members.index_on + cast(members.common_planned_days as integer))
            {% else %}
                members.index_on + cast(members.common_planned_days as integer)
            {% endif %}
            + interval '{{ definition.months }} months' as date
        ) as asked_on

    from members

    {% if definition.get('counted_from') == 'actual_end' %}
        left join {{ ref('spell_ends') }} as spell_ends
            on members.spell_id = spell_ends.spell_id
            and members.person_id = spell_ends.person_id
    {% endif %}

),

due_{{ loop.index }} as (

    select
        dated.*,
        min(
            case
                when asked_on + {{ definition.days_after }} <= cast('{{ definition.due_by_on }}' as date)
                    then 1
                else 0
            end
        ) over (partition by pair_id) = 1 as is_due

    from dated_{{ loop.index }} as dated

),

{% endfor %}

final as (

    {% for definition in var('status_definitions') %}
        select * from due_{{ loop.index }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
