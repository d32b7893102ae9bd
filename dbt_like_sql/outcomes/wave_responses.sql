-- What became of each questionnaire that a pair member was to answer.
-- Grain: one row per wave, pair and arm. state: answered, in_part or out_of_window (the best answer
-- there is; one begun and never sent is in_part on whatever day), no_contact (refused to be asked)
-- or silent; missing while the member's window is open.

{{ config(enabled=var('wave_definitions', []) | length > 0) }}

with

members as (select * from {{ ref('pair_members') }}),

persons as (select * from {{ ref('persons') }}),

answers as (select * from {{ ref('answers') }}),

{{ named_waves(var('wave_definitions', [])) }},

asked as (

    select
        waves.*,
        members.pair_id,
        members.arm,
        members.person_id,
        cast(
            members.index_on
            + case when is_after_planned_end then cast(members.common_planned_days as integer) else 0 end
            + interval '1 month' * waves.months as date
        ) as asked_on

    from members

    cross join waves

),

found as (

    -- of several answers the one nearest to a whole one inside the window counts
    select
        asked.wave,
        asked.pair_id,
        asked.arm,
        min(
            case
                when
                    cast(answers.answered_at as date) < asked.asked_on - asked.days_before
                    or cast(answers.answered_at as date) > asked.asked_on + asked.days_after
                    then 3
                when {{ of_wave(var('wave_definitions', []), 'complete_when', 'answers', '>=') }} then 1
                else 2
            end
        ) as best

    from asked

    inner join answers
        on asked.person_id = answers.person_id
        and asked.origin = answers.source
        and {{ of_wave(var('wave_definitions', []), 'only_when', 'answers', '=') }}

    where asked.asked_on is not null

    group by asked.wave, asked.pair_id, asked.arm

),

{{ begun_answers(var('answer_sources', []), var('wave_definitions', [])) }},

{{ told_waves(var('wave_definitions', [])) }}

select * from final
