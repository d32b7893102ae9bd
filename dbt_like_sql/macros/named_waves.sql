{# The waves of the protocol as rows. #}
{% macro named_waves(waves) %}
waves as (

    {% for wave in waves %}
        select
            '{{ wave.name }}' as wave,
            '{{ wave.origin }}' as origin,
            {{ wave.asked == 'planned_end' }} as is_after_planned_end,
            {{ wave.months }} as months,
            {{ wave.days_before }} as days_before,
            {{ wave.days_after }} as days_after,
            cast('{{ wave.due_by_on }}' as date) as due_by_on
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

)
{% endmacro %}
