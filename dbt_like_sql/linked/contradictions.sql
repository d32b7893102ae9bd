-- Where two columns say different things of one person, as known on the day `known_on`.
-- Grain: one row per person, fact and two columns of which no rows agree, for each contract where
-- both name theirs; the nearest two are shown. Nothing is chosen between them. Values that identify
-- somebody are never here. Told is what still differs in files drawn `waits_days` after the later
-- of the two said so: a source that nobody drew since has not had its time.

{{ config(enabled=var('shared_facts', []) | length > 0) }}

with

shared_facts as (

    select told.*, min(spell) over told_by_one = max(spell) over told_by_one as is_only_spell
    from {{ ref('shared_facts') }} as told
    window told_by_one as (partition by person_id, teller)

),

compared as (

    select
        one.person_id, one.fact, one.waits_days,
        one.teller as teller_a, one.source as source_a, one.column_name as column_a,
        one.record_id as record_id_a, one.receipt_id as receipt_id_a,
        one.known_on as known_on_a, one.spell as spell_a,
        cast(least(one.drawn_on, other.drawn_on) as date)
        - cast(greatest(one.told_on, other.told_on) as date) as days_since,
        other.teller as teller_b, other.source as source_b, other.column_name as column_b,
        other.record_id as record_id_b, other.receipt_id as receipt_id_b,
        other.known_on as known_on_b, other.spell as spell_b,
        case when one.is_shown then one.said end as said_a,
        case when other.is_shown then other.said end as said_b,
        abs(one.said_on - other.said_on) as days_apart,
        case
            when one.said = other.said then 1
            when abs(one.said_on - other.said_on) <= one.tolerance_days then 1
            else 0
        end as is_same

    from shared_facts as one

    inner join shared_facts as other
        on one.person_id = other.person_id and one.fact = other.fact and one.teller < other.teller

    where
        one.spell is null or other.spell is null or one.spell = other.spell
        or abs(one.spell_on - other.spell_on) <= one.spell_days
        or (one.is_only_spell and other.is_only_spell)

),

judged as (

    select
        compared.*,
        greatest(known_on_a, known_on_b) as known_on,
        max(is_same) over of_a as agrees_a,
        max(is_same) over of_b as agrees_b,
        row_number() over (of_a order by days_apart nulls first, record_id_a, record_id_b) as rank_a,
        row_number() over (of_b order by days_apart nulls first, record_id_a, record_id_b) as rank_b

    from compared

    window
        of_a as (partition by person_id, teller_a, teller_b, spell_a),
        of_b as (partition by person_id, teller_a, teller_b, spell_b)

)

select
    person_id, fact, source_a, column_a, said_a, known_on_a, record_id_a, receipt_id_a,
    source_b, column_b, said_b, known_on_b, record_id_b, receipt_id_b, known_on,
    row_number() over (
        partition by person_id, teller_a, teller_b order by spell_a, spell_b, record_id_a
    ) as contradiction_rank

from judged
where
    agrees_a = 0 and agrees_b = 0 and rank_a = 1 and rank_b = 1
    and (waits_days = 0 or days_since >= waits_days)
