-- Each person as known at the end of the day `known_on`.
-- Grain: one row per person and arm. A person may stand in both: a control supported later.

with

known as (

    select *

    from {{ ref('person_versions') }}

    where
        arm is not null
        and known_on <= cast('{{ var("known_on") }}' as date)
        and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))

),

ranked as (

    -- several lists may hold one person: the one that proves most about candidacy speaks
    select
        known.*,

        -- dated in one list is dated: the list that speaks need not be the one that says when
        {% for column in var('first_dated', []) %}
            min("{{ column }}") over (partition by person_id, arm) as first_{{ column }},
        {% endfor %}

        row_number() over (
            partition by person_id, arm
            order by
                case when is_always_listed then 0 else 1 end,
                first_listed_on,
                record_id
        ) as list_rank

    from known

),

final as (

    select * from ranked where list_rank = 1

)

select * from final
