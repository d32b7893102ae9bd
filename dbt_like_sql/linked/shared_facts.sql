-- What each column says of the facts that several columns tell, as known on the day `known_on`.
-- Grain: one row per column (`teller`) and row that says something; with it the row and the file
-- that said it first. Of what identifies somebody only a label: alike or not, for one person.

{{ config(enabled=var('shared_facts', []) | length > 0) }}

with

{% for teller in var('shared_facts', []) %}
teller_{{ loop.index }} as (

    select
        person_links.person_id, person_links.known_on as linked_on,
        told.entity_id, told.record_id, told.receipt_id, told.known_on, told.superseded_on,
        {{ what_is_told(teller) }} as said,
        {{ 'cast(told.' ~ teller.column ~ ' as date)' if teller.is_day else 'cast(null as date)' }} as said_on,
        {{ 'cast(told.' ~ teller.spell ~ ' as ' ~ ('date' if teller.spell_is_day else 'varchar') ~ ')' if teller.spell else 'cast(null as varchar)' }} as spell_named

    from {{ source('validated', teller.source) }} as told

    inner join {{ source('linked', 'person_links') }} as person_links
        on told.entity_id = person_links.entity_id

    {% if teller.is_identity %}
        inner join {{ source('linked', 'identity_labels') }} as labelled
            on told.record_id = labelled.record_id
            and labelled.teller = {{ loop.index }}
    {% endif %}

    where
        told.known_on <= cast('{{ var("known_on") }}' as date)
        and person_links.known_on <= cast('{{ var("known_on") }}' as date)
        and (person_links.superseded_on is null or person_links.superseded_on > cast('{{ var("known_on") }}' as date))
        {% if teller.answered_at %} and told."{{ teller.answered_at }}" is not null {% endif %}

),

{% endfor %}

told as (

    {% for teller in var('shared_facts', []) %}
        select
            '{{ teller.fact }}' as fact,
            {{ loop.index }} as teller,
            '{{ teller.source }}' as source,
            '{{ teller.column }}' as column_name,
            {{ teller.tolerance_days if teller.tolerance_days is not none else 'cast(null as bigint)' }} as tolerance_days,
            {{ teller.waits_days }} as waits_days,
            cast('{{ teller.drawn_on }}' as date) as drawn_on,
            {{ 'false' if teller.is_identity else 'true' }} as is_shown,
            {{ teller.spell_days if teller.spell_days is not none else 'cast(null as bigint)' }} as spell_days,
            {{ 'spell_named' if teller.spell_is_day else 'cast(null as date)' }} as spell_on,
            cast(spell_named as varchar) as spell,
            person_id, entity_id, record_id, receipt_id, known_on, superseded_on, linked_on, said, said_on
        from teller_{{ loop.index }}
        where said is not null
        {% if not loop.last %} union all {% endif %}
    {% endfor %}

),

-- a row that says something new of another column says this since its first version
dated as (

    select
        person_id, fact, teller, source, column_name, tolerance_days, waits_days, drawn_on, said, said_on,
        is_shown, spell, spell_on, spell_days, superseded_on,
        first_value(record_id) over said_so as record_id,
        first_value(receipt_id) over said_so as receipt_id,
        min(known_on) over said_so as told_on,
        greatest(min(known_on) over said_so, linked_on) as known_on

    from told
    window said_so as (partition by teller, entity_id, said order by known_on, record_id)

)

select * from dated
where superseded_on is null or superseded_on > cast('{{ var("known_on") }}' as date)
