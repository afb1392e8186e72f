-- Three years of a province's reports, made in the database. Each part is one statement; parameters are named.
-- What the follower derives from the journal is worked out here by the same rules; `recounting.differences`
-- says so at the small size of every run.

-- part: plan
-- One row a case with every instant of its life, to the second.
CREATE UNLOGGED TABLE bench_plan AS
WITH drawn AS MATERIALIZED (
    SELECT i, %(first)s + i - 1 AS id, (i - 1) * %(days)s / %(count)s AS n,
           random() AS r_category, random() AS r_area, random() AS r_channel, random() AS r_place, random() AS r_push,
           random() AS r_accept, random() AS r_close, random() AS r_late, random() AS r_stays, random() AS r_asked,
           random() AS r_rates, random() AS r_content, random() AS r_again, random() AS r_words, random() AS r_street
    FROM generate_series(1, %(count)s::bigint) AS i
), opened AS (
    SELECT drawn.*, day.day, day.stamp, day.luhn, day.age,
           1 + drawn.i - min(drawn.i) OVER (PARTITION BY drawn.n) + %(taken)s AS seq,
           -- between six in the morning and ten at night
           date_trunc('second', day.day + interval '6 hours' + interval '16 hours' * random())
               AT TIME ZONE 'Asia/Ho_Chi_Minh' AS opened_at
    FROM drawn JOIN bench_day day ON day.n = drawn.n
), placed AS (
    SELECT opened.*, category.category, area.area, area.code AS area_code, route.lead AS lead0,
           CASE WHEN r_push < 0.03 AND route.focal <> route.lead THEN route.focal END AS lead1,
           CASE WHEN r_channel < 0.70 THEN 'web' WHEN r_channel < 0.85 THEN 'mobile' ELSE 'call' END AS channel,
           due.due + (opened_at - due.opened) AS due0, due.minutes
    FROM opened
    JOIN bench_category category ON r_category >= category.low AND r_category < category.high
    JOIN bench_area area ON r_area >= area.low AND r_area < area.high
    JOIN bench_route route ON route.category = category.category AND route.area = area.area
    JOIN bench_due due ON due.n = opened.n AND due.category = category.category
), worked AS (
    SELECT placed.*, date_trunc('second', opened_at - interval '8 hours' * ln(1 - 0.999 * r_accept)) AS accepted,
           date_trunc('second', CASE WHEN r_late < 0.12 THEN due0 + interval '9 days' * r_close
               ELSE opened_at + (due0 - opened_at) * (0.15 + 0.8 * r_close) END) AS closing,
           r_stays < CASE WHEN age < 90 THEN 0.25 ELSE 0.003 END AS stays
    FROM placed
), closed AS (
    SELECT worked.*, greatest(closing, accepted + interval '10 minutes') AS close_at FROM worked
), ended AS (
    SELECT closed.*, CASE WHEN NOT stays AND close_at < %(now)s THEN close_at END AS closed1,
           CASE WHEN accepted < %(now)s THEN accepted END AS accepted1
    FROM closed
), rated AS (
    SELECT ended.*,
           CASE WHEN r_rates < 0.35 AND closed1 + interval '9 days' < %(now)s
                THEN date_trunc('second', closed1 + interval '9 days' * r_words) END AS rated_at,
           CASE WHEN lead1 IS NOT NULL AND accepted1 IS NOT NULL THEN accepted1 + interval '5 minutes' END AS pushed,
           CASE WHEN closed1 IS NULL AND r_asked < 0.1 THEN accepted1 + interval '6 minutes' END AS asked
    FROM ended
)
SELECT id, n, age, category, area, area_code, channel, opened_at, minutes, due0, accepted1 AS accepted,
       lead0, CASE WHEN pushed < %(now)s THEN lead1 END AS lead1,
       CASE WHEN pushed < %(now)s THEN pushed END AS pushed,
       CASE WHEN asked < %(now)s THEN asked END AS asked, closed1, rated_at,
       CASE WHEN rated_at IS NOT NULL THEN CASE WHEN r_content < 0.75 THEN 4 + (r_content > 0.3)::int ELSE 2 END END
           AS satisfaction,
       CASE WHEN r_content > 0.94 AND rated_at + interval '7 days' < %(now)s THEN rated_at END AS reopened,
       CASE WHEN r_content > 0.94 AND rated_at + interval '7 days' < %(now)s
            THEN date_trunc('second', rated_at + interval '6 days' * (0.1 + 0.9 * r_again)) END AS closed2,
       CASE WHEN r_content > 0.94 AND rated_at + interval '7 days' < %(now)s
            THEN rated_at + interval '5 days' END AS due2,
       'PA-' || stamp || '-' || lpad(seq::text, 4, '0') || (rated.luhn + seq_luhn.luhn) %% 10 AS number,
       (1 + floor(%(openers)s * r_words))::int AS w1, (1 + floor(%(streets)s * r_street))::int AS w2,
       (1 + floor(%(details)s * r_close))::int AS w3, (floor(10 * r_place))::int AS spot, r_place
FROM rated JOIN bench_seq seq_luhn USING (seq) ORDER BY id

-- part: cases
INSERT INTO cases_case (id, number, secret, type_version_id, type, root, category, channel, text, fields, personal,
    lead_id, supporting, following, units, area_id, latitude, longitude, cell, handler_id, stage, stage_kind, version,
    clocks, due_at, first_due_at, alarm_at, alarms_done, opened_at, answered_at, closed_at, reopened, outcome, solved,
    satisfaction, rated_at)
SELECT p.id, p.number, translate(encode(decode(md5(p.id::text || %(salt)s), 'hex'), 'base64'), '+/=', '-_'),
    %(version)s, 'report', 'report', p.category, p.channel,
    (%(opener_words)s::text[])[w1] || ' ' || (%(street_words)s::text[])[w2] || ', số ' || (1 + p.id %% 900) || '. '
        || (%(detail_words)s::text[])[w3],
    '{}', CASE WHEN p.r_place < 0.6 THEN jsonb_build_object('contact', '+8490' || lpad((p.id %% 10000000)::text, 7, '0'),
        'language', 'vi') ELSE '{}' END,
    coalesce(p.lead1, p.lead0), '{}', CASE WHEN p.lead1 IS NULL THEN '{}' ELSE ARRAY[p.lead0] END,
    CASE WHEN p.lead1 IS NULL THEN ARRAY[p.lead0] ELSE ARRAY[least(p.lead0, p.lead1), greatest(p.lead0, p.lead1)] END,
    p.area, spot.latitude, spot.longitude, spot.cell,
    CASE WHEN p.accepted IS NOT NULL THEN staff.person END,
    state.stage, state.kind, state.version,
    jsonb_build_object(
        'first-answer', jsonb_build_object('limit', 480, 'used', 0,
            'since', CASE WHEN p.accepted IS NULL THEN p.opened_at END, 'due', p.opened_at + interval '1 day',
            'first_due', p.opened_at + interval '1 day', 'done_at', p.accepted),
        'resolution', jsonb_build_object('limit', p.minutes, 'used', 0,
            'since', CASE WHEN state.kind = 'open' THEN coalesce(p.reopened, p.opened_at) END, 'due', state.due,
            'first_due', p.due0, 'done_at', coalesce(p.closed2, p.closed1))),
    state.due, p.due0, CASE WHEN state.kind = 'open' AND p.due0 > %(now)s THEN p.due0 END,
    CASE WHEN state.kind = 'open' THEN CASE WHEN p.due0 < %(now)s THEN 2 ELSE 1 END ELSE 0 END,
    p.opened_at, p.accepted, coalesce(p.closed2, p.closed1), (p.reopened IS NOT NULL)::int,
    CASE WHEN p.closed1 IS NULL THEN '' ELSE 'solved' END,
    CASE WHEN p.rated_at IS NULL THEN '' WHEN p.reopened IS NOT NULL THEN 'no' ELSE 'yes' END,
    p.satisfaction, p.rated_at
FROM bench_plan p
JOIN bench_spot spot ON spot.area = p.area AND spot.k = p.spot
JOIN bench_staff staff ON staff.unit = coalesce(p.lead1, p.lead0)
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.closed1 IS NOT NULL THEN 'closed' WHEN p.asked IS NOT NULL THEN 'asked'
                WHEN p.accepted IS NOT NULL THEN 'handling' ELSE 'received' END AS stage,
           CASE WHEN p.closed1 IS NOT NULL THEN 'closed' WHEN p.asked IS NOT NULL THEN 'waiting' ELSE 'open' END AS kind,
           CASE WHEN p.asked IS NOT NULL THEN NULL ELSE coalesce(p.due2, p.due0) END AS due,
           1 + num_nonnulls(p.accepted, p.pushed, p.asked, p.closed1, p.rated_at, p.closed2) AS version
) state
WHERE p.id BETWEEN %(low)s AND %(high)s ORDER BY p.id

-- part: events
-- In the order in which they befell their case; a reopening comes with the rating that asks for it.
INSERT INTO journal_event (kind, subject_kind, subject_id, unit_id, actor_id, occurred_at, recorded_at, data)
SELECT happened.kind, 'case', p.id, happened.unit, happened.actor, happened.at, happened.at, happened.data
FROM bench_plan p
JOIN bench_staff staff ON staff.unit = p.lead0
CROSS JOIN LATERAL (VALUES
    (1, 'case.opened', p.opened_at, p.lead0, NULL::bigint, jsonb_build_object('number', p.number, 'type', 'report',
        'root', 'report', 'version', 1, 'category', p.category, 'channel', p.channel,
        'electronic', p.channel <> 'call', 'stage', 'received', 'due', p.due0, 'area', p.area_code, 'photos', 0,
        'request', NULL, 'words', md5(p.number) || md5(p.number || 'x'))),
    (2, 'case.acted', p.accepted, p.lead0, staff.person, jsonb_build_object('action', 'accept', 'from', 'received',
        'to', 'handling', 'kind', 'open', 'due', p.due0,
        'answered_after', (extract(epoch FROM p.accepted - p.opened_at) / 252)::int)),
    (3, 'case.pushed_up', p.pushed, p.lead1, staff.person, jsonb_build_object('from_unit', p.lead0, 'unit', p.lead1,
        'due', p.due0, 'words', jsonb_build_object('reason', md5(p.number) || md5(p.number || 'y')))),
    (4, 'case.acted', p.asked, coalesce(p.lead1, p.lead0), staff.person, jsonb_build_object('action', 'ask',
        'from', 'handling', 'to', 'asked', 'kind', 'waiting', 'due', NULL)),
    (5, 'case.acted', p.closed1, coalesce(p.lead1, p.lead0), staff.person, jsonb_build_object('action', 'close',
        'from', 'handling', 'to', 'closed', 'kind', 'closed', 'outcome', 'solved', 'due', p.due0,
        'closed_after', (extract(epoch FROM p.closed1 - p.opened_at) / 252)::int,
        'words', jsonb_build_object('answer', md5(p.number) || md5(p.number || 'z')))),
    (6, 'case.rated', p.rated_at, coalesce(p.lead1, p.lead0), NULL, jsonb_build_object('solved',
        CASE WHEN p.reopened IS NULL THEN 'yes' ELSE 'no' END, 'satisfaction', p.satisfaction,
        'satisfied', p.satisfaction >= 4, 'due', p.due0)),
    (7, 'case.acted', p.reopened, coalesce(p.lead1, p.lead0), NULL, jsonb_build_object('action', 'reopen',
        'from', 'closed', 'to', 'handling', 'kind', 'open', 'reopened', 1, 'due', p.due2)),
    (8, 'case.acted', p.closed2, coalesce(p.lead1, p.lead0), staff.person, jsonb_build_object('action', 'close',
        'from', 'handling', 'to', 'closed', 'kind', 'closed', 'outcome', 'solved', 'due', p.due2,
        'closed_after', (extract(epoch FROM p.closed2 - p.opened_at) / 252)::int,
        'words', jsonb_build_object('answer', md5(p.number) || md5(p.number || 'w'))))
) AS happened(step, kind, at, unit, actor, data)
WHERE happened.at IS NOT NULL AND p.id BETWEEN %(low)s AND %(high)s
ORDER BY p.id, happened.step

-- part: facts
INSERT INTO measures_fact (case_id, last_event, unit_id, type, root, category, channel, electronic, opened_at, due_at,
    answered_after, closed_at, closed_after, on_time, first_closed_at, reopened_at, rated_at, satisfied)
SELECT p.id, last.event, coalesce(p.lead1, p.lead0), 'report', 'report', p.category, p.channel, p.channel <> 'call',
    p.opened_at, CASE WHEN p.asked IS NULL THEN coalesce(p.due2, p.due0) END,
    (extract(epoch FROM p.accepted - p.opened_at) / 252)::int, coalesce(p.closed2, p.closed1),
    (extract(epoch FROM coalesce(p.closed2, p.closed1) - p.opened_at) / 252)::int,
    coalesce(p.closed2, p.closed1) <= coalesce(p.due2, p.due0), p.closed1, p.reopened, p.rated_at, p.satisfaction >= 4
FROM bench_plan p
JOIN (SELECT subject_id, max(id) AS event FROM journal_event
      WHERE subject_kind = 'case' AND subject_id BETWEEN %(low)s AND %(high)s GROUP BY 1) last ON last.subject_id = p.id
WHERE p.id BETWEEN %(low)s AND %(high)s ORDER BY p.id

-- part: spells
INSERT INTO measures_spell (case_id, unit_id, root, type, category, channel, since, until, due_at)
SELECT p.id, spell.unit, 'report', 'report', p.category, p.channel, spell.since, spell.until, spell.due
FROM bench_plan p
CROSS JOIN LATERAL (VALUES
    (p.lead0, p.opened_at, coalesce(p.pushed, p.asked, p.closed1), p.due0),
    (p.lead1, p.pushed, coalesce(p.asked, p.closed1), p.due0),
    (coalesce(p.lead1, p.lead0), p.asked, NULL, NULL),
    (coalesce(p.lead1, p.lead0), p.reopened, p.closed2, p.due2)
) AS spell(unit, since, until, due)
WHERE spell.since IS NOT NULL AND p.id BETWEEN %(low)s AND %(high)s ORDER BY p.id

-- part: tallies
INSERT INTO measures_tally AS t (unit_id, root, type, day, category, channel,
    opened, electronic, resolved, closed, on_time, ended, reopened, rated, satisfied)
SELECT above.unit, f.root, f.type, counted.day, f.category, f.channel,
    sum(counted.opened), sum(counted.electronic), sum(counted.resolved), sum(counted.closed), sum(counted.on_time),
    sum(counted.ended), sum(counted.reopened), sum(counted.rated), sum(counted.satisfied)
FROM (
    SELECT unit_id, root, type, category, channel, local.day, sum(it.opened) AS opened, sum(it.electronic) AS electronic,
        sum(resolved) AS resolved, sum(it.closed) AS closed, sum(it.on_time) AS on_time, sum(ended) AS ended,
        sum(again) AS reopened, sum(it.rated) AS rated, sum(content) AS satisfied
    FROM measures_fact f CROSS JOIN LATERAL (VALUES
        (opened_at, 1, f.electronic::int, (closed_at IS NOT NULL)::int, 0, 0, 0, 0, 0, 0),
        (closed_at, 0, 0, 0, 1, f.on_time::int, 0, 0, 0, 0),
        (first_closed_at, 0, 0, 0, 0, 0, 1, (reopened_at IS NOT NULL)::int, 0, 0),
        (rated_at, 0, 0, 0, 0, 0, 0, 0, 1, f.satisfied::int)
    ) AS it(at, opened, electronic, resolved, closed, on_time, ended, again, rated, content)
    CROSS JOIN LATERAL (SELECT (it.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day) local
    WHERE it.at IS NOT NULL AND f.case_id >= %(first)s GROUP BY 1, 2, 3, 4, 5, 6
) AS counted(unit_id, root, type, category, channel, day, opened, electronic, resolved, closed, on_time, ended,
    reopened, rated, satisfied)
JOIN units_unit u ON u.id = counted.unit_id
CROSS JOIN LATERAL unnest(u.path) AS above(unit)
JOIN LATERAL (SELECT counted.root, counted.type, counted.category, counted.channel) f ON true
GROUP BY 1, 2, 3, 4, 5, 6
ON CONFLICT (unit_id, root, day, type, category, channel) DO UPDATE SET
    opened = t.opened + excluded.opened, electronic = t.electronic + excluded.electronic,
    resolved = t.resolved + excluded.resolved, closed = t.closed + excluded.closed,
    on_time = t.on_time + excluded.on_time, ended = t.ended + excluded.ended,
    reopened = t.reopened + excluded.reopened, rated = t.rated + excluded.rated,
    satisfied = t.satisfied + excluded.satisfied
