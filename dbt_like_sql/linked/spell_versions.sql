-- Contracts and their amendments, each row version with the days it was the known one.
-- Grain: one row per business key, row version and link version.

{{ config(enabled=var('spell_sources') | length > 0) }}

with

{% for feed in var('spell_sources') %}

{{ feed.name }}_rows as (

    select
        person_links.person_id,
        '{{ feed.name }}' as source,
        registered.entity_id,
        registered.spell_id,
        registered.record_id,
        registered.receipt_id,
        registered."{{ feed.spell.starts }}" as starts_on,
        {{ planned_end(feed.spell) }} as planned_end_on,
        registered."{{ feed.spell.ended_early }}" as ended_early_on,

        {% if feed.spell.amendment_number %}
            coalesce(registered."{{ feed.spell.amendment_number }}", 0) as amendment_number,
        {% else %}
            cast(0 as bigint) as amendment_number,
        {% endif %}

        {% if feed.spell.amendment_effective %}
            registered."{{ feed.spell.amendment_effective }}" as amendment_effective_on,
        {% else %}
            cast(null as date) as amendment_effective_on,
        {% endif %}

        {% for column in var('spell_columns') %}
            {% if column.name in feed.columns %}
                registered."{{ column.name }}",
            {% else %}
                cast(null as {{ column.type }}) as "{{ column.name }}",
            {% endif %}
        {% endfor %}

        greatest(registered.known_on, person_links.known_on) as known_on,
        least(registered.superseded_on, person_links.superseded_on) as superseded_on

    from {{ source('validated', feed.name) }} as registered

    inner join {{ source('linked', 'person_links') }} as person_links
        on registered.entity_id = person_links.entity_id

    where
        (person_links.superseded_on is null or registered.known_on < person_links.superseded_on)
        and (registered.superseded_on is null or person_links.known_on < registered.superseded_on)

),

{% endfor %}

final as (

    {% for feed in var('spell_sources') %}
        select * from {{ feed.name }}_rows
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
