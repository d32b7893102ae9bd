{# The job told of each month: of an answer given at work, over the months that began in the job
   up to the answer, the month of the answer included. Of several jobs the one begun last; whether
   it is what the outcome asks for is missing where its kind is not told. #}
{% macro jobs_of_months(employment) %}
jobs as (

    {% for wave in employment.now_waves %}
        select
            pair_id,
            arm,
            answered_on,
            {{ employment.job_start or 'answered_on' }} as job_on,
            {{ any_rule(employment.rules, 'wave_answers') }} as is_job_lasting
        from {{ ref('wave_answers') }} as wave_answers
        where
            wave = '{{ wave }}'
            and {{ employment.now_column }} in ({% for code in employment.now_at_work %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor %})
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

),

held as (

    select
        ended.pair_id,
        ended.arm,
        ended.month_number,
        jobs.is_job_lasting,
        row_number() over (
            partition by ended.pair_id, ended.arm, ended.month_number
            order by
                case when jobs.job_on is null or jobs.job_on > jobs.answered_on then jobs.answered_on else jobs.job_on end desc,
                jobs.answered_on desc
        ) as job_rank

    from ended

    inner join jobs
        on ended.pair_id = jobs.pair_id
        and ended.arm = jobs.arm
        and ended.month_on <= jobs.answered_on
        and (jobs.job_on <= ended.month_on or jobs.answered_on <= ended.last_on)

)
{% endmacro %}
