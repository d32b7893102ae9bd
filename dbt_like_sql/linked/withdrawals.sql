-- Who withdrew a consent, as known at the end of the day `known_on`, and of what.
-- Grain: one row per person and scope: the whole study, or the questionnaires alone.

{{ config(enabled=var('withdrawal_sources', []) | length > 0) }}

with

told as (

    {% for feed in var('withdrawal_sources', []) %}

        select
            person_links.person_id,

            {% if feed.scope %}
                case
                    {% for code, scope in feed.scopes.items() %}
                        when said."{{ feed.scope }}" = '{{ code }}' then '{{ scope }}'
                    {% endfor %}
                end
            {% else %}
                'study'
            {% endif %} as scope,

            said."{{ feed.withdrawn_on }}" as withdrawn_on

        from {{ source('validated', feed.name) }} as said

        inner join {{ source('linked', 'person_links') }} as person_links
            on said.entity_id = person_links.entity_id

        where
            said."{{ feed.withdrawn_on }}" is not null
            {% if feed.retracted %} and said."{{ feed.retracted }}" is null {% endif %}
            and said.known_on <= cast('{{ var("known_on") }}' as date)
            and (said.superseded_on is null or said.superseded_on > cast('{{ var("known_on") }}' as date))
            and person_links.known_on <= cast('{{ var("known_on") }}' as date)
            and (
                person_links.superseded_on is null
                or person_links.superseded_on > cast('{{ var("known_on") }}' as date)
            )

        {% if not loop.last %} union all {% endif %}

    {% endfor %}

),

final as (

    select
        person_id,
        scope,
        min(withdrawn_on) as withdrawn_on

    from told

    where scope is not null

    group by person_id, scope

)

select * from final
