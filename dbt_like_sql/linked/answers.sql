-- Finished questionnaires as known on the day `known_on`, attached to persons.
-- Grain: one row per response. Of several responses of a person to one questionnaire the last
-- finished one has answer_rank 1; the others are kept. `codebook` is the version answered.

{{ config(enabled=var('answer_sources') | length > 0) }}

with

{% if var('withdrawal_sources', []) %}

withdrawals as (

    -- whoever left the study left its questionnaires too
    select distinct person_id from {{ ref('withdrawals') }}

),

{% endif %}

{% for feed in var('answer_sources') %}

{{ feed.name }}_rows as (

    select
        person_links.person_id,
        '{{ feed.name }}' as source,
        answered.record_id,
        answered.receipt_id,
        answered.entity_id,
        answered.codebook,

        {% for column in var('answer_columns') if column.name != 'answered_at' %}
            {% if column.name in feed.columns %}
                answered."{{ column.name }}",
            {% else %}
                cast(null as {{ column.type }}) as "{{ column.name }}",
            {% endif %}
        {% endfor %}

        answered."{{ feed.answered_at }}" as answered_at,
        row_number() over (
            partition by person_links.person_id
            order by answered."{{ feed.answered_at }}" desc, answered.record_id
        ) as answer_rank

    from {{ source('validated', feed.name) }} as answered

    inner join {{ source('linked', 'person_links') }} as person_links
        on answered.entity_id = person_links.entity_id

    {% if var('withdrawal_sources', []) %}

        left join withdrawals
            on person_links.person_id = withdrawals.person_id

    {% endif %}

    where
        answered."{{ feed.answered_at }}" is not null
        {% if var('withdrawal_sources', []) %} and withdrawals.person_id is null {% endif %}
        and answered.known_on <= cast('{{ var("known_on") }}' as date)
        and (answered.superseded_on is null or answered.superseded_on > cast('{{ var("known_on") }}' as date))
        and person_links.known_on <= cast('{{ var("known_on") }}' as date)
        and (person_links.superseded_on is null or person_links.superseded_on > cast('{{ var("known_on") }}' as date))

),

{% endfor %}

final as (

    {% for feed in var('answer_sources') %}
        select * from {{ feed.name }}_rows
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)

select * from final
