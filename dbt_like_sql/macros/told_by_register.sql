{# Each date of a question with what the register shows of it. #}
{% macro told_by_register(employment) %}
final as (

    select
        asked.pair_id,
        asked.arm,
        asked.person_id,
        asked.asked_on,
        asked.is_due,
        case
            when linked.person_id is null or asked.asked_on is null then null
            when asked.asked_on > cast('{{ employment.register_read_on }}' as date) then null
            when in_force.contract_rank = 1 then 'in_contract'
            else 'no_contract'
        end as contract,
        in_force.kind as contract_kind,
        coalesce(in_force.n_contracts, 0) as n_contracts

    from asked

    left join linked
        on asked.person_id = linked.person_id

    left join in_force
        on asked.pair_id = in_force.pair_id
        and asked.arm = in_force.arm
        and in_force.contract_rank = 1
        and asked.asked_on <= cast('{{ employment.register_read_on }}' as date)

)
{% endmacro %}
