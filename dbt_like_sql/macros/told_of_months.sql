{# What was told of each month: of several answers the one with the least to remember, then the
   latest; whether they agree is kept. #}
{% macro told_of_months(employment) %}
said as (

    {% for column in employment.month_columns %}
        select
            wave, pair_id, arm, answered_on, {{ loop.index }} as months_ago, {{ column }} as told
        from {{ ref('wave_answers') }}
        where wave = '{{ employment.wave }}' and {{ column }} is not null
        union all
    {% endfor %}
    {% for wave in employment.now_waves %}
        select
            wave, pair_id, arm, answered_on, 0 as months_ago,
            case {{ employment.now_column }}
                {% for code, month in employment.now_means.items() %}when '{{ code }}' then '{{ month }}' {% endfor %}
            end as told
        from {{ ref('wave_answers') }}
        where wave = '{{ wave }}' and {{ employment.now_column }} is not null
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

),

told as (

    select
        ended.pair_id,
        ended.arm,
        ended.month_number,
        said.told,
        said.wave as told_in,
        min(said.told) over month_of <> max(said.told) over month_of as has_two_answers,
        row_number() over (
            partition by ended.pair_id, ended.arm, ended.month_number
            order by said.months_ago, said.answered_on desc, said.wave
        ) as told_rank

    from ended

    inner join said
        on ended.pair_id = said.pair_id
        and ended.arm = said.arm
        and cast(said.answered_on - interval '1 month' * said.months_ago as date) >= ended.month_on
        and cast(said.answered_on - interval '1 month' * said.months_ago as date) <= ended.last_on

    where said.told is not null

    window month_of as (partition by ended.pair_id, ended.arm, ended.month_number)

),

final as (

    select
        ended.pair_id,
        ended.arm,
        ended.person_id,
        ended.month_number,
        ended.month_on,
        case
            when linked.person_id is null then null
            when ended.last_on > cast('{{ employment.register_read_on }}' as date) then null
            when in_force.month_number is not null then 'in_contract'
            else 'no_contract'
        end as contract,
        told.told,
        told.told_in,
        coalesce(told.has_two_answers, false) as has_two_answers,
        held.month_number is not null as has_job,
        held.is_job_lasting

    from ended

    left join linked
        on ended.person_id = linked.person_id

    left join in_force
        on ended.pair_id = in_force.pair_id
        and ended.arm = in_force.arm
        and ended.month_number = in_force.month_number

    left join told
        on ended.pair_id = told.pair_id
        and ended.arm = told.arm
        and ended.month_number = told.month_number
        and told.told_rank = 1

    left join held
        on ended.pair_id = held.pair_id
        and ended.arm = held.arm
        and ended.month_number = held.month_number
        and held.job_rank = 1

)
{% endmacro %}
