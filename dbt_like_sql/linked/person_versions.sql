-- Persons of every person source, each version with the days it was the known one.
-- Grain: one row per person, source, row version and link version.

with

{% for feed in var('person_sources') %}

{{ feed.name }}_rows as (

    select
        person_links.person_id,
        person_links.tie_order,
        '{{ feed.name }}' as source,
        listed.provider,
        listed.record_id,
        listed.receipt_id,
        listed.arm,
        listed.is_always_listed,
        listed.first_listed_on,

        {% for column in var('person_columns') %}
            {% if column.name in feed.columns %}
                listed."{{ column.name }}",
            {% else %}
                cast(null as {{ column.type }}) as "{{ column.name }}",
            {% endif %}
        {% endfor %}

        greatest(listed.known_on, person_links.known_on) as known_on,
        least(listed.superseded_on, person_links.superseded_on) as superseded_on

    from {{ source('validated', feed.name) }} as listed

    inner join {{ source('linked', 'person_links') }} as person_links
        on listed.entity_id = person_links.entity_id

    -- the days on which both the row and its link were the known ones
    where
        (person_links.superseded_on is null or listed.known_on < person_links.superseded_on)
        and (listed.superseded_on is null or person_links.known_on < listed.superseded_on)

),

{% endfor %}

final as (

    {% for feed in var('person_sources') %}
        select * from {{ feed.name }}_rows
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
