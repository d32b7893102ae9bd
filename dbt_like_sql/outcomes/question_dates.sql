-- The day each pair member's situation is asked for: the pair's common planned end plus some
-- months, whether or not a contract broke.
-- Grain: one row per status definition, pair and arm. is_due: the pair's window has closed in time.

{{ config(enabled=var('status_definitions') | length > 0) }}

with

members as (

    select * from {{ ref('pair_members') }}

),

{% for definition in var('status_definitions') %}

{{ definition.outcome }}_{{ definition.name }} as (

    select
        '{{ definition.outcome }}' as outcome,
        '{{ definition.name }}' as definition,
        members.pair_id,
        members.arm,
        members.person_id,
        cast(
            members.index_on + cast(members.planned_days_remaining as integer)
            + interval '{{ definition.months }} months' as date
        ) as asked_on

    from members

),

{{ definition.outcome }}_{{ definition.name }}_due as (

    select
        dated.*,
        max(asked_on) over (partition by pair_id) + {{ definition.days_after }}
        <= cast('{{ definition.due_by_on }}' as date) as is_due

    from {{ definition.outcome }}_{{ definition.name }} as dated

),

{% endfor %}

final as (

    {% for definition in var('status_definitions') %}
        select * from {{ definition.outcome }}_{{ definition.name }}_due
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
