-- The answer that counts of each questionnaire of a pair member, with what is read from it.
-- Grain: one row per wave, pair and arm with an answer inside its window: a whole one before one
-- in part, then the last. is_before_early_end: missing without a linked contract of the pair.

{{ config(enabled=var('told_columns', []) | length > 0) }}

with

members as (select * from {{ ref('pair_members') }}),

responses as (select * from {{ ref('wave_responses') }}),

spell_ends as (select * from {{ ref('spell_ends') }}),

answers as (select * from {{ ref('answers') }}),

{{ named_waves(var('wave_definitions', [])) }},

asked as (

    select
        waves.*,
        members.pair_id,
        members.arm,
        members.person_id,
        members.spell_id,
        members.index_on,
        responses.asked_on

    from members

    inner join responses
        on members.pair_id = responses.pair_id
        and members.arm = responses.arm

    inner join waves
        on responses.wave = waves.wave

),

ranked as (

    select
        asked.wave,
        asked.pair_id,
        asked.arm,
        asked.person_id,
        asked.spell_id,
        asked.index_on,
        cast(answers.answered_at as date) as answered_on,
        {% for column in var('told_columns', []) %}
            answers.{{ column }},
        {% endfor %}
        row_number() over (
            partition by asked.wave, asked.pair_id, asked.arm
            order by
                case
                    when {{ of_wave(var('wave_definitions', []), 'complete_when', 'answers', '>=') }} then 0
                    else 1
                end,
                answers.answered_at desc,
                answers.record_id
        ) as counting_rank

    from asked

    inner join answers
        on asked.person_id = answers.person_id
        and asked.origin = answers.source
        and {{ of_wave(var('wave_definitions', []), 'only_when', 'answers', '=') }}
        and cast(answers.answered_at as date) >= asked.asked_on - asked.days_before
        and cast(answers.answered_at as date) <= asked.asked_on + asked.days_after

),

{{ counting_answers(var('told_columns', [])) }}

select * from final
