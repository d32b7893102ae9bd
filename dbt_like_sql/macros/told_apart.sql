{# Contracts whose early end has a reason, or a mark, that a definition sets apart: of contradictory
   reports the latest amendment that says something counts, reason and mark each by itself. #}
{% macro told_apart(definition) -%}
(
    select reports.spell_id
    from (
        select
            spell_id,
            {{ last_told(definition.reason) }} as reason,
            {% if definition.flag %}{{ last_told(definition.flag) }}{% else %}false{% endif %} as is_marked

        from {{ ref('spell_versions') }}

        where
            source = '{{ definition.origin }}'
            and ended_early_on is not null
            and known_on <= cast('{{ var("known_on") }}' as date)
            and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))
    ) as reports
    where
        reports.reason in ({% for code in definition.codes %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor %})
        or reports.is_marked
)
{%- endmacro %}
