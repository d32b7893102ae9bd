-- What the steward has to look at before two organisations are taken for one, or one for two.
-- Grain: one row per kind of conflict and two that share something; a row of a file speaks for each.

{{ config(enabled=var('organisations', []) | length > 0) }}

with

links as (select * from {{ ref('organisation_links') }}),

words as (select * from {{ source('linked', 'organisation_words') }}),

places as (select distinct record_id, source, receipt_id from links),

{{ sharing('names_differ', 'siret', 'name_label') }},

{{ sharing('sirets_differ', 'named_label', 'known_as') }},

{{ sharing('number_has_two_sirets', "role || ' ' || number", 'siret') }},

{{ sharing('commune_missing', 'name_label', 'organisation_id') }},

told as (

    select * from names_differ
    union all select * from sirets_differ
    union all select * from number_has_two_sirets
    union all select * from commune_missing

),

-- two names of one organisation have a word in common, or two that begin alike
alike as (

    select distinct one.name_label as name_a, other.name_label as name_b

    from words as one

    inner join words as other on one.word_label = other.word_label

),

paired as (

    select
        one.conflict,
        one.organisation_id as organisation_id_a, one.record_id as record_id_a,
        other.organisation_id as organisation_id_b, other.record_id as record_id_b

    from told as one

    inner join told as other
        on one.conflict = other.conflict and one.shared = other.shared
        and one.differs < other.differs

    left join alike on one.differs = alike.name_a and other.differs = alike.name_b

    where
        (one.conflict != 'names_differ' or alike.name_a is null)
        and (one.conflict != 'sirets_differ' or one.company_id != other.company_id)
        and (one.conflict != 'commune_missing' or one.is_bare != other.is_bare)

)

select
    paired.conflict,
    paired.organisation_id_a, a.source as source_a, a.record_id as record_id_a,
    a.receipt_id as receipt_id_a,
    paired.organisation_id_b, b.source as source_b, b.record_id as record_id_b,
    b.receipt_id as receipt_id_b

from paired

inner join places as a on paired.record_id_a = a.record_id
inner join places as b on paired.record_id_b = b.record_id
