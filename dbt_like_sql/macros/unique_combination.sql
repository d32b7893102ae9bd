{#- A model-level data test: no two rows agree on all the columns. Gives the repeated groups;
    rows with a missing value in one of the columns are left out, as in `unique`. -#}
{% test unique_combination(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ column }} is not null{% if not loop.last %} and {% endif %}{% endfor %}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
