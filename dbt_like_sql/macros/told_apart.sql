{# Contracts whose early end has a reason that a definition sets apart: of contradictory reports the
   latest amendment that says something counts. #}
{% macro told_apart(definition) -%}
(
    select reports.spell_id
    from (
        select
            spell_id,
            {{ definition.reason }} as reason,
            row_number() over (
                partition by spell_id
                order by
                    case when {{ definition.reason }} is null then 1 else 0 end,
                    amendment_number desc,
                    record_id
            ) as report_rank

        from {{ ref('spell_versions') }}

        where
            source = '{{ definition.origin }}'
            and ended_early_on is not null
            and known_on <= cast('{{ var("known_on") }}' as date)
            and (superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date))
    ) as reports
    where
        reports.report_rank = 1
        and reports.reason in ({% for code in definition.codes %}'{{ code }}'{% if not loop.last %}, {% endif %}{% endfor %})
)
{%- endmacro %}
