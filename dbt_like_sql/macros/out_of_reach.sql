{# Whether a list said, by the end of the window, that the member is out of reach; missing where no
   list of the arm tells it. #}
{% macro out_of_reach(waves) -%}
    case
        {% for wave in waves if wave.lost %}
            when
                asked.wave = '{{ wave.name }}'
                and asked.arm in ({% for arm in wave.lost.arms %}'{{ arm }}'{% if not loop.last %}, {% endif %}{% endfor %})
                then coalesce(
                    persons."{{ wave.lost.column }}" {{ holds(wave.lost) }}
                    and cast(persons."{{ wave.lost.day_column }}" as date) <= asked.asked_on + asked.days_after,
                    false
                )
        {% endfor %}
        when false then false
    end
{%- endmacro %}
