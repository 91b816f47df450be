"""What a city has beside its households and what was answered: teams, doubts, decisions, versions, photos, the audit.

Each statement takes what `bench.wide` has stored before it; numbers decide, so that it is the same every time.
"""

STAFF = 5
"""Persons of each commune beside those that ask: nobody signs in as one of them."""

TEAMS = """
INSERT INTO collector (name, commune_id, username, token_hash, token_sealed, password_sealed, ha1_sealed, created_at)
SELECT 'Người ' || n, c.id, 'nguoi.' || c.code || '.' || n, sha256(convert_to(c.code || '.' || n, 'UTF8')),
  made.token_sealed, made.password_sealed, made.ha1_sealed, timestamptz '2026-09-01 01:00Z'
FROM commune c CROSS JOIN generate_series(1, CAST(:team AS int)) n
CROSS JOIN (SELECT * FROM collector ORDER BY id LIMIT 1) made
"""
WALKS = """
INSERT INTO collector_village (collector_id, village_id)
SELECT w.id, v.id
FROM (SELECT id, commune_id, row_number() OVER (PARTITION BY commune_id ORDER BY id) - 1 AS place FROM collector
      WHERE username LIKE 'nguoi.%') w
JOIN (SELECT id, commune_id, row_number() OVER (PARTITION BY commune_id ORDER BY id) - 1 AS place FROM village) v
  ON v.commune_id = w.commune_id AND v.place % CAST(:team AS int) = w.place
"""
DEVICES = """
INSERT INTO device (collector_id, device_id, user_agent, first_seen, last_seen)
SELECT id, 'collect:' || md5(username), 'org.odk.collect.android/v2026.3.1', timestamptz '2026-09-01 02:00Z',
  timestamptz '2026-11-20 02:00Z' - id % 40 * interval '1 day'
FROM collector
"""
DEVICE_FORMS = """
INSERT INTO device_form (device_id, form_id, version, fetched_at)
SELECT id, 'ho_gia_dinh', '1', first_seen FROM device
"""
STAFFED = """
INSERT INTO person (username, password, name, active, fs_uniquifier, commune_id, created_at, signed_in_at)
SELECT 'nv.' || c.code || '.' || n, '', 'Cán bộ ' || n, true, md5(c.code || '.' || n), c.id,
  timestamptz '2026-09-01 01:00Z', now() FROM commune c CROSS JOIN generate_series(1, CAST(:staff AS int)) n
"""
PLACES = """
INSERT INTO entity (id, list_id, village_id, label, data, version, created_at, changed_at)
SELECT md5(l.name || v.id)::uuid, l.id, v.id, 'Nhà văn hóa ' || v.name,
  jsonb_build_object('thon', v.code, 'vi_tri', '20.82 106.54 0 0'), 1, timestamptz '2026-09-01 01:00Z',
  timestamptz '2026-09-01 01:00Z'
FROM village v CROSS JOIN entity_list l WHERE l.name <> 'ho_dan' AND v.id % 3 = 0
"""

DOUBTS = """
UPDATE submission SET
  flags = CASE WHEN id % 97 = 0 THEN '[{"code": "too_short", "about": "40 giây", "detail": "4 phút"}]'::jsonb
               WHEN id % 131 = 0 THEN '[{"code": "same_answers", "about": "4"}]'::jsonb END,
  quarantine = CASE WHEN id % 499 = 0 THEN 'outside' END,
  missing_files = CASE WHEN id % 211 = 0 THEN '["1.jpg"]'::jsonb END,
  review = CASE WHEN id % 97 = 0 AND id % 4 = 0 THEN 'approved' WHEN id % 97 = 0 AND id % 4 = 1 THEN 'rejected'
                WHEN id % 997 = 0 THEN 'has_issues' WHEN id % 6 = 0 THEN 'approved' ELSE 'received' END
WHERE id BETWEEN :first AND :last
  AND (id % 97 = 0 OR id % 131 = 0 OR id % 499 = 0 OR id % 211 = 0 OR id % 997 = 0 OR id % 6 = 0)
"""
EDITS = """
WITH pair AS (SELECT e.id AS edit, (SELECT max(f.id) FROM submission f WHERE f.entity_id = e.entity_id AND f.id < e.id)
                       AS first FROM submission e WHERE e.id % 313 = 0 AND e.id BETWEEN :first AND :last),
     edited AS (UPDATE submission SET replaced_by_id = pair.edit FROM pair WHERE id = pair.first)
UPDATE submission SET root_id = pair.first FROM pair WHERE id = pair.edit AND pair.first IS NOT NULL
"""
DECISIONS = """
INSERT INTO submission_review (submission_id, at, actor, name, before, after, comment)
SELECT id, received_at + interval '1 day', 'person:1', 'Cán bộ', 'received', review, 'đã gọi hỏi lại'
FROM submission WHERE review <> 'received' AND id BETWEEN :first AND :last
"""
INTERVIEWS = """
INSERT INTO interview (submission_id, form_id, collector_id, entity_id, day, seconds, cell, digest)
SELECT id, form_id, collector_id, entity_id, (observed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, 240 + id % 400,
  '20.8' || id % 90 || ' 106.5' || id % 80, decode(md5(id::text), 'hex')
FROM submission WHERE id BETWEEN :first AND :last
"""
PHOTOS = """
INSERT INTO attachment (submission_id, name, received_sha256, stored_sha256, size, media_type, received_at)
SELECT id, '1.jpg', sha256, sha256, 180000, 'image/jpeg', received_at
FROM submission WHERE id % 10 = 0 AND id BETWEEN :first AND :last
"""
RECEIVED = """
INSERT INTO audit (at, actor, act, record, address, detail)
SELECT received_at, 'collector:' || collector_id, 'submission.receive', 'submission:' || id, '10.0.0.9', NULL
FROM submission WHERE id BETWEEN :first AND :last ORDER BY id
"""
READ = """
INSERT INTO audit (at, actor, act, record, address, detail)
SELECT received_at + interval '1 day', 'person:' || id % 500, 'submission.read', 'submission:' || id, '10.0.0.8',
  '{"label": true}'::jsonb
FROM submission WHERE id % 20 = 0 AND id BETWEEN :first AND :last ORDER BY id
"""
LISTED_VERSIONS = """
INSERT INTO entity_version (entity_id, version, label, data, created_at)
SELECT id, 1, label, data - 'ket_qua', created_at FROM entity
"""
VISITED_VERSIONS = """
INSERT INTO entity_version (entity_id, version, submission_id, label, data, received, conflict, base_version,
  created_at)
SELECT e.id, 1 + s.place, s.id, e.label, e.data, jsonb_build_object('tinh_trang', 'da_gap'),
  CASE WHEN s.id % 1201 = 0 THEN 'hard' WHEN s.id % 1301 = 0 THEN 'soft' END, s.place, s.received_at
FROM (SELECT id, entity_id, received_at, row_number() OVER (PARTITION BY entity_id ORDER BY id) AS place
      FROM submission WHERE entity_id IS NOT NULL) s
JOIN entity e ON e.id = s.entity_id
"""

TOLD = """
INSERT INTO submission (instance_id, form_id, form_version_id, version, collector_id, village_id, result, sha256, xml,
  answers, observed_at, received_at, review)
SELECT 'uuid:' || md5('phan anh ' || v.id)::uuid, f.id, f.version_id, '1', w.collector_id, v.id, NULL,
  sha256(convert_to('phan anh ' || v.id, 'UTF8')), convert_to('<data/>', 'UTF8'),
  '{"loai": "song_mang", "noi_dung": "Ngõ không có sóng", "muon_tra_loi": "co"}', moment, moment, 'received'
FROM village v
JOIN (SELECT village_id, max(collector_id) AS collector_id FROM collector_village GROUP BY village_id) w
  ON w.village_id = v.id
CROSS JOIN (SELECT form.id, max(form_version.id) AS version_id FROM form
            JOIN form_version ON form_version.form_id = form.id WHERE form.form_id = 'phan_anh' GROUP BY form.id) f
CROSS JOIN LATERAL (SELECT timestamptz '2026-11-10 02:00Z' + v.id % 9 * interval '1 day' AS moment) told
"""
DIFFICULTIES = """
INSERT INTO difficulty (id, submission_id, commune_id, village_id, kind, state, received_at, changed_at)
SELECT s.id, s.id, v.commune_id, v.id, 'song_mang', CASE WHEN s.id % 3 = 0 THEN 'answered' ELSE 'new' END,
  s.received_at, s.received_at
FROM submission s JOIN village v ON v.id = s.village_id JOIN form f ON f.id = s.form_id WHERE f.form_id = 'phan_anh'
"""
REQUESTS = """
INSERT INTO privacy_request (commune_id, entity_id, kind, state, received_on, answer_due, due)
SELECT v.commune_id, min(e.id::text)::uuid, 'view', 'open', date '2026-11-20', date '2026-11-24', date '2026-12-05'
FROM entity e JOIN village v ON v.id = e.village_id GROUP BY v.commune_id
"""

ONCE_BEFORE = (DEVICES, DEVICE_FORMS)
"""Once there are collectors."""
OF_VISITS = (
    (DOUBTS, "of them doubtful"),
    (EDITS, "looked at for edits"),
    (DECISIONS, "looked at for decisions"),
    (INTERVIEWS, "interviews"),
    (PHOTOS, "looked at for photos"),
    (RECEIVED, "visits in the audit"),
    (READ, "looked at for readers"),
)
"""Over a range of visits, in this order, before their findings are counted."""
ONCE_AFTER = (LISTED_VERSIONS, VISITED_VERSIONS, TOLD, DIFFICULTIES, REQUESTS)
"""Once all visits and the state of each household are there."""
