-- Contracts and their amendments, each row version with the days it was the known one.
-- Grain: one row per business key, row version and link version.

with

{% for source in var('spell_sources') %}

{{ source.name }}_rows as (

    select
        person_links.person_id,
        '{{ source.name }}' as source,
        registered.entity_id,
        registered.spell_id,
        registered.record_id,
        registered.receipt_id,
        registered.{{ source.spell.starts }} as starts_on,
        registered.{{ source.spell.planned_end }} as planned_end_on,
        registered.{{ source.spell.ended_early }} as ended_early_on,

        {% if source.spell.amendment_number %}
            coalesce(registered.{{ source.spell.amendment_number }}, 0) as amendment_number,
            registered.{{ source.spell.amendment_effective }} as amendment_effective_on,
        {% else %}
            0 as amendment_number,
            cast(null as date) as amendment_effective_on,
        {% endif %}

        {% for column in var('spell_columns') %}
            {% if column.name in source.columns %}
                registered.{{ column.name }},
            {% else %}
                cast(null as {{ column.type }}) as {{ column.name }},
            {% endif %}
        {% endfor %}

        greatest(registered.known_on, person_links.known_on) as known_on,
        least(registered.superseded_on, person_links.superseded_on) as superseded_on

    from {{ source('validated', source.name) }} as registered

    inner join {{ source('linked', 'person_links') }} as person_links
        on registered.entity_id = person_links.entity_id

    where
        (person_links.superseded_on is null or registered.known_on < person_links.superseded_on)
        and (registered.superseded_on is null or person_links.known_on < registered.superseded_on)

),

{% endfor %}

final as (

    {% for source in var('spell_sources') %}
        select * from {{ source.name }}_rows
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
