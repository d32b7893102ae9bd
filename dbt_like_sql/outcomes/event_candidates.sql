-- Every end of a contract after the index date that one of the event definitions looks at.
-- Grain: one row per definition, pair, arm and contract. cause: 1 the event, 2 another
-- ending: a normal one, or one set apart.

{{ config(enabled=var('event_definitions') | length > 0) }}

with

members as (

    select * from {{ ref('pair_members') }}

),

spell_ends as (

    select * from {{ ref('spell_ends') }}

),

{% for definition in var('event_definitions') %}

definition_{{ loop.index }} as (

    select
        '{{ definition.outcome }}' as outcome,
        '{{ definition.name }}' as definition,
        members.pair_id,
        members.arm,
        spell_ends.spell_id,
        spell_ends.ends_on,
        spell_ends.ends_on - members.index_on as time_days,

        -- an early end for a reason set apart is another ending
        case
            when
                spell_ends.is_early
                {% for apart in var('spells_apart', []) if apart.name == definition.name and apart.outcome == definition.outcome %}
                    and spell_ends.spell_id not in {{ told_apart(apart) }}
                {% endfor %}
                then 1
            else 2
        end as cause

    from members

    inner join spell_ends
        on members.person_id = spell_ends.person_id
        and spell_ends.source = '{{ definition.origin }}'
        and spell_ends.ends_on > members.index_on

    where {{ context['counts_' ~ definition.method](definition) }}

    {% for told in var('spells_told', []) if told.name == definition.name and told.outcome == definition.outcome %}
        and not {{ told_followed(told) }}
    {% endfor %}

),

{% endfor %}

final as (

    {% for definition in var('event_definitions') %}
        select * from definition_{{ loop.index }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
