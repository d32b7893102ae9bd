-- Each interview of a supported person, as known on the day `known_on`, on the clock of its pair.
-- Grain: one row per person, day and hour: the same interview in two logs counts once.
-- shared_minutes: a workshop's time is shared by those present. index_days: missing outside pairs.

{{ config(enabled=var('support', []) | length > 0) }}

{% for support in var('support', []) %}

with

logged as (

    select
        person_links.person_id,
        log.record_id,
        log.{{ support.day }} as session_on,
        log.{{ support.minutes }} as minutes,
        cast(log.{{ support.minutes }} as double precision) / coalesce(log.{{ support.shared_by }}, 1) as shared_minutes,
        log.{{ support.theme_codes }} as theme_codes,
        {{ 'log.' ~ support.subtheme_codes if support.subtheme_codes else 'cast(null as varchar)' }} as subtheme_codes,
        log.{{ support.phase }} as phase,
        log.{{ support.present }} as present,
        row_number() over (
            partition by person_links.person_id, log.{{ support.day }}, log.{{ support.time }}
            order by log.record_id
        ) as log_rank

    from {{ source('validated', support.origin) }} as log

    inner join {{ source('linked', 'person_links') }} as person_links
        on log.entity_id = person_links.entity_id

    where
        log.known_on <= cast('{{ var("known_on") }}' as date)
        and (log.superseded_on is null or log.superseded_on > cast('{{ var("known_on") }}' as date))
        and person_links.known_on <= cast('{{ var("known_on") }}' as date)
        and (person_links.superseded_on is null or person_links.superseded_on > cast('{{ var("known_on") }}' as date))

),

final as (

    select
        logged.person_id,
        logged.record_id,
        pairs.pair_id,
        logged.session_on,
        logged.session_on - pairs.index_on as index_days,
        logged.session_on - supported.{{ support.entry }} as entry_days,
        logged.minutes,
        logged.shared_minutes,
        logged.theme_codes,
        logged.subtheme_codes,
        logged.phase,
        logged.present

    from logged

    inner join {{ ref('persons') }} as supported
        on logged.person_id = supported.person_id
        and supported.arm = 'beneficiary'

    left join {{ ref('pair_members') }} as pairs
        on logged.person_id = pairs.person_id and pairs.arm = 'beneficiary'

    where
        logged.log_rank = 1
        and logged.session_on is not null
        {% if var('withdrawal_sources', []) %}
            and not exists (
                select 1 from {{ ref('withdrawals') }} as withdrawals
                where withdrawals.person_id = logged.person_id and withdrawals.scope = 'study'
            )
        {% endif %}

)

select * from final

{% endfor %}
