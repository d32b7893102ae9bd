{# Each wave of each member with the state it came to, once it is due. #}
{% macro told_waves(waves) %}
final as (

    select
        asked.wave,
        asked.pair_id,
        asked.arm,
        asked.person_id,
        asked.asked_on,
        coalesce(asked.asked_on + asked.days_after <= asked.due_by_on, false) as is_due,
        case
            when not coalesce(asked.asked_on + asked.days_after <= asked.due_by_on, false) then null
            when found.best = 1 then 'answered'
            when found.best = 2 or begun.person_id is not null then 'in_part'
            when found.best = 3 then 'out_of_window'
            when not {{ of_wave(waves, 'contact', 'persons', '=') }} then 'no_contact'
            else 'silent'
        end as state,
        {{ out_of_reach(waves) }} as is_lost

    from asked

    left join persons
        on asked.person_id = persons.person_id
        and asked.arm = persons.arm

    left join found
        on asked.wave = found.wave
        and asked.pair_id = found.pair_id
        and asked.arm = found.arm

    left join begun
        on asked.wave = begun.wave
        and asked.person_id = begun.person_id

)
{% endmacro %}
