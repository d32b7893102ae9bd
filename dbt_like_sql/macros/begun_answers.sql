{# Who began a questionnaire of a wave and never sent it: no day is told of it. #}
{% macro begun_answers(feeds, waves) %}
begun as (

    select
        cast(null as varchar) as wave,
        cast(null as varchar) as person_id

    where false

    {% for wave in waves %}
        {% for feed in feeds if feed.name == wave.origin %}
            union all

            select distinct
                '{{ wave.name }}' as wave,
                person_links.person_id

            from {{ source('validated', feed.name) }} as answered

            inner join {{ source('linked', 'person_links') }} as person_links
                on answered.entity_id = person_links.entity_id

            where
                answered."{{ feed.answered_at }}" is null
                {% for column, value in wave.only_when.items() %}
                    and answered."{{ column }}" = {% if value is string %}'{{ value }}'{% else %}{{ value }}{% endif %}

                {% endfor %}
                {% if var('withdrawal_sources', []) %}
                    and person_links.person_id not in (select person_id from {{ ref('withdrawals') }})
                {% endif %}
                and answered.known_on <= cast('{{ var("known_on") }}' as date)
                and (answered.superseded_on is null or answered.superseded_on > cast('{{ var("known_on") }}' as date))
                and person_links.known_on <= cast('{{ var("known_on") }}' as date)
                and (person_links.superseded_on is null or person_links.superseded_on > cast('{{ var("known_on") }}' as date))
        {% endfor %}
    {% endfor %}
)
{% endmacro %}
