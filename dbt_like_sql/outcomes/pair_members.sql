-- The two members of each pair whose outcomes count today.
-- Grain: one row per pair and arm. Void and broken pairs stay in matched_pairs and the flow only.

with

active_pairs as (

    select * from {{ source('matched', 'matched_pairs') }} where status = 'active'

),

final as (

    select
        pair_id,
        'beneficiary' as arm,
        beneficiary_person_id as person_id,
        beneficiary_spell_id as spell_id,
        beneficiary_index_on as index_on,
        common_planned_days

    from active_pairs

    union all

    select
        pair_id,
        'control' as arm,
        control_person_id as person_id,
        control_spell_id as spell_id,
        control_index_on as index_on,
        common_planned_days

    from active_pairs

)

select * from final
