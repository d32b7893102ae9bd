-- Why each first event happened, as reported, and how soon another contract was in force.
-- Grain: one row per definition, pair and arm whose first end is the event. next_days: from the
-- event to the first day in another contract of the same source (0: that very day), missing when
-- none is known; seen_days: how far the register has been read since.

{{ config(enabled=var('cause_definitions', []) | length > 0) }}

with

spell_ends as (select * from {{ ref('spell_ends') }}),

reports as (

    -- an early end may be reported on the contract's row and on amendments' rows
    select *

    from {{ ref('spell_versions') }}

    where
        ended_early_on is not null
        and known_on <= cast('{{ var("known_on") }}' as date)
        and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))

),

firsts as (

    select
        candidates.*,
        row_number() over (
            partition by outcome, definition, pair_id, arm order by ends_on, cause, spell_id
        ) as event_rank

    from {{ ref('event_candidates') }} as candidates

),

followed as (

    select
        ended.spell_id,
        min(greatest(others.starts_on - ended.ends_on, 0)) as next_days

    from spell_ends as ended

    inner join spell_ends as others
        on ended.person_id = others.person_id
        and ended.source = others.source
        and ended.spell_id != others.spell_id
        and (others.ends_on is null or others.ends_on > ended.ends_on)

    group by ended.spell_id

),

{% for definition in var('cause_definitions', []) %}
    {{ told_causes(definition, loop.index) }},
{% endfor %}

final as (

    {% for definition in var('cause_definitions', []) %}
        select * from definition_{{ loop.index }}
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
