{# The rows in force that name an organisation, source after source. #}
{% macro told_organisations(tellers) -%}
told as (

    {% for teller in tellers %}

        select
            '{{ teller.role }}' as role,
            '{{ teller.source }}' as source,
            said.record_id,
            said.receipt_id,
            {{ 'said.' ~ teller.siret if teller.siret else 'cast(null as varchar)' }} as siret,
            {{ 'said.' ~ teller.number if teller.number else 'cast(null as varchar)' }} as number,
            {{ 'named.name_label' if teller.name else 'cast(null as varchar)' }} as name_label,
            {{ 'named.named_label' if teller.name else 'cast(null as varchar)' }} as named_label

        from {{ source('validated', teller.source) }} as said

        {% if teller.name %}
            left join {{ source('linked', 'organisation_names') }} as named
                on said.record_id = named.record_id
                and named.teller = {{ loop.index }}
        {% endif %}

        where
            said.known_on <= cast('{{ var("known_on") }}' as date)
            and (said.superseded_on is null or said.superseded_on > cast('{{ var("known_on") }}' as date))

        {% if not loop.last %} union all {% endif %}

    {% endfor %}

)
{%- endmacro %}

{# What an organisation is called that has a SIRET or a number; a SIRET is no secret. #}
{% macro organisation_key() -%}
case
    when coalesce(numbered.site, sites_of_numbers.site) is not null
        then md5('siret ' || coalesce(numbered.site, sites_of_numbers.site))
    when numbered.number is not null
        then md5('number ' || numbered.role || ' ' || numbered.number)
end
{%- endmacro %}

{# Establishments of one company share the first nine digits. #}
{% macro company_key(site) %}md5('siren ' || substr({{ site }}, 1, 9)){% endmacro %}

{# The one organisation, and the one company, that a name and commune lead to. #}
{% macro known_by_name() -%}
one_of_name as (

    select named_label, min(known_as) as only_known_as, min(site) as only_site

    from identified

    where named_label is not null and known_as is not null

    group by named_label

    having count(distinct known_as) = 1

),

company_of_name as (

    select named_label, min(substr(site, 1, 9)) as siren

    from identified

    where named_label is not null and known_as is not null

    group by named_label

    -- an organisation known by its number alone may be another
    having count(distinct substr(site, 1, 9)) = 1 and count(site) = count(*)

)
{%- endmacro %}

{# What told which organisation it is; `name_alone` says that no commune stood beside the name. #}
{% macro how_it_is_known() -%}
case
    when identified.has_siret then 'siret'
    when identified.number is not null then 'number'
    when identified.named_label is not null then 'name_and_commune'
    else 'name_alone'
end
{%- endmacro %}

{# What rows share, and in what they differ; one row speaks for all that say the same. #}
{% macro sharing(conflict, shared, differs) -%}
{{ conflict }} as (

    select
        '{{ conflict }}' as conflict,
        {{ shared }} as shared,
        {{ differs }} as differs,
        min(record_id) as record_id,
        min(organisation_id) as organisation_id,
        min(company_id) as company_id,
        max(case when rule = 'name_alone' then 1 else 0 end) as is_bare

    from links

    where {{ shared }} is not null and {{ differs }} is not null

    group by {{ shared }}, {{ differs }}

)
{%- endmacro %}
