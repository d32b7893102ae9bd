-- Where each pair member stands month by month, as the register shows and as it was told.
-- Grain: one row per pair, arm and month that has ended, counted from 1 at the index date, to the
-- month of the question. contract: on the last day of the month; missing where not read or linked.

{{ config(enabled=var('employment', []) | length > 0) }}

{% for employment in var('employment', []) %}

with

months as (

    {% for number in range(1, employment.months + 1) %}
        select {{ number }} as month_number{% if not loop.last %} union all {% endif %}
    {% endfor %}

),

dated as (

    select
        members.pair_id,
        members.arm,
        members.person_id,
        months.month_number,
        cast(members.index_on + interval '1 month' * (months.month_number - 1) as date) as month_on,
        cast(members.index_on + interval '1 month' * months.month_number as date) - 1 as last_on,
        question_dates.asked_on

    from {{ ref('pair_members') }} as members

    inner join {{ ref('question_dates') }} as question_dates
        on members.pair_id = question_dates.pair_id
        and members.arm = question_dates.arm
        and question_dates.outcome = '{{ employment.outcome }}'
        and question_dates.definition = '{{ employment.definition }}'

    cross join months

),

ended as (

    select * from dated
    where month_on <= asked_on
    and last_on <= cast('{{ employment.read_on }}' as date)

),

registered as (

    select * from {{ ref('spell_ends') }} where source = '{{ employment.register }}'

),

linked as (select distinct person_id from registered),

in_force as (

    select distinct ended.pair_id, ended.arm, ended.month_number

    from ended

    inner join registered
        on ended.person_id = registered.person_id
        and registered.starts_on <= ended.last_on
        and (registered.ends_on is null or registered.ends_on > ended.last_on)

),

{{ jobs_of_months(employment) }},

{{ told_of_months(employment) }}

select * from final

{% endfor %}
