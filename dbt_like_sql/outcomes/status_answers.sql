-- The situation of each pair member on the date of the question, as answered.
-- Grain: one row per status definition, pair and arm. status is missing without an answer that
-- tells it: somebody at work who does not say under which contract is neither in it nor out.

{{ config(enabled=var('status_definitions') | length > 0) }}

with

question_dates as (select * from {{ ref('question_dates') }}),

answers as (select * from {{ ref('answers') }}),

{% for definition in var('status_definitions') %}

definition_{{ loop.index }} as (

    select
        question_dates.outcome,
        question_dates.definition,
        question_dates.pair_id,
        question_dates.arm,
        {{ any_rule(definition.rules, 'answers') }} as status,

        -- of several answers inside the window the last one that says something counts
        row_number() over (
            partition by question_dates.pair_id, question_dates.arm
            order by answers.answered_at desc, answers.record_id
        ) as answer_rank

    from question_dates

    inner join answers
        on question_dates.person_id = answers.person_id
        and question_dates.outcome = '{{ definition.outcome }}'
        and question_dates.definition = '{{ definition.name }}'
        and answers.source = '{{ definition.origin }}'
        and answers."{{ definition.known_when }}" is not null
        and ({{ any_rule(definition.rules, 'answers') }}) is not null
        and cast(answers.answered_at as date) >= question_dates.asked_on - {{ definition.days_before }}
        and cast(answers.answered_at as date) <= question_dates.asked_on + {{ definition.days_after }}

),

{% endfor %}

found as (

    {% for definition in var('status_definitions') %}
        select * from definition_{{ loop.index }} where answer_rank = 1
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

),

final as (

    select
        question_dates.*,
        found.status is not null as is_respondent,
        found.status

    from question_dates

    left join found
        on question_dates.outcome = found.outcome
        and question_dates.definition = found.definition
        and question_dates.pair_id = found.pair_id
        and question_dates.arm = found.arm

)

select * from final
