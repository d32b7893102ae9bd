-- Who may be matched, as known on the day `known_on`: each person with its reference contract.
-- Grain: one row per person and arm. Holds no date of exit and nothing else that becomes known
-- after the index date: matching must not see it.

with

persons as (

    select * from {{ ref('persons') }}

),

{% if var('spell_sources') %}

reference_spells as (

    select * from {{ ref('reference_spells') }}

),

spells as (

    select * from {{ ref('spells') }}

),

{% endif %}

final as (

    select
        persons.person_id,
        persons.tie_order,
        persons.arm,
        persons.source,
        persons.provider,
        persons.is_always_listed,
        persons.first_listed_on,

        {% for column in var('person_columns') if column.known_before_index %}
            {% if column.name in var('first_dated', []) %}
                persons.first_{{ column.name }} as "{{ column.name }}",
            {% else %}
                persons."{{ column.name }}",
            {% endif %}
        {% endfor %}

        {% if var('spell_sources') %}

            {% for column in var('spell_columns') if column.known_before_index %}
                spells."{{ column.name }}" as spell_{{ column.name }},
            {% endfor %}

            spells.spell_id,
            spells.starts_on

        {% else %}

            cast(null as varchar) as spell_id,
            cast(null as date) as starts_on

        {% endif %}

    from persons

    {% if var('spell_sources') %}

        left join reference_spells
            on persons.person_id = reference_spells.person_id
            and persons.arm = reference_spells.arm

        left join spells
            on reference_spells.spell_id = spells.spell_id

    {% endif %}

)

select * from final
