-- Which organisation a row names, as known on the day `known_on`: by its SIRET, by a number of the
-- study's own, by name and commune. Grain: one row per source, role and row that names one.

{{ config(enabled=var('organisations', []) | length > 0) }}

with

{{ told_organisations(var('organisations', [])) }},

sites as (select distinct siret from told where siret is not null),

-- a number that is the SIRET of somebody is that SIRET
numbered as (

    select told.*, coalesce(told.siret, sites.siret) as site

    from told

    left join sites on told.number = sites.siret

),

-- what leads to two SIRETs leads to none
sites_of_numbers as (

    select role, number, min(site) as site

    from numbered

    where number is not null and site is not null

    group by role, number

    having count(distinct site) = 1

),

identified as (

    select
        numbered.role, numbered.source, numbered.record_id, numbered.receipt_id,
        numbered.number, numbered.name_label, numbered.named_label,
        numbered.site is not null as has_siret,
        coalesce(numbered.site, sites_of_numbers.site) as site,
        {{ organisation_key() }} as known_as

    from numbered

    left join sites_of_numbers
        on numbered.role = sites_of_numbers.role and numbered.number = sites_of_numbers.number

),

{{ known_by_name() }}

select
    identified.source, identified.role, identified.record_id, identified.receipt_id,
    coalesce(known_as, one_of_name.only_known_as, identified.named_label, identified.name_label)
        as organisation_id,
    coalesce({{ company_key('identified.site') }}, {{ company_key('company_of_name.siren') }}, known_as,
        identified.named_label, identified.name_label) as company_id,
    coalesce(identified.site, one_of_name.only_site) as siret,
    identified.number, identified.name_label, identified.named_label, identified.known_as,
    {{ how_it_is_known() }} as rule

from identified

left join one_of_name on identified.named_label = one_of_name.named_label
left join company_of_name on identified.named_label = company_of_name.named_label

where coalesce(known_as, identified.named_label, identified.name_label) is not null
