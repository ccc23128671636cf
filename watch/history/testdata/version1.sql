-- A small history as version 1 of the tables keeps it.
INSERT INTO vantages (id, name, seen, hours_until, days_until, raw_from, hours_from, states_from, days_from)
    VALUES (1, '', 1772600600000, 1772596800000, 1772582400000, 0, 0, 0, 0);
INSERT INTO sites (id, url) VALUES (1, 'https://mirror1.example.net/debian');
INSERT INTO repositories (id, name) VALUES (1, 'debian');
INSERT INTO roots (id, name) VALUES (1, 'debian/bookworm');
INSERT INTO generations (vantage, root, published, digest, dated, files, bytes, complete, expired) VALUES
    (1, 1, 1772592800000, 'sha256:8cf171d5ddd559f2c4dd6d22557adad085b8ac8d4ec0eae80ce7d286de8b72da', NULL, 10, 1000, 1, 0),
    (1, 1, 1772600060000, 'sha256:ef8df29de3dd0cd7783f84b70437b5fae7845290e9b01a98193375f48e9c0a34', 1772600000000, 11, 1100, 1, 0);
INSERT INTO endpoints (id, vantage, site, repository, scheme, family, address, last, answered, failures, skew, spent)
    VALUES (1, 1, 1, 1, 'https', 4, '', 1772600600000, 1772600600000, 0, 100, 0);
INSERT INTO known (endpoint, body) VALUES (1, '{"endpoint":{"scheme":"https","family":4},"last":"\u00000","roots":[{"name":"debian/bookworm","digest":"sha256:ef8df29de3dd0cd7783f84b70437b5fae7845290e9b01a98193375f48e9c0a34","since":"2026-03-04T04:00:00Z"}]}');
INSERT INTO verdicts (id, vantage, site, repository, state, reason, frozen, since, at, stale, generation, complete)
    VALUES (1, 1, 1, 1, 'IN_SYNC', '', 0, 1772600120000, 1772600120000, 0, 'sha256:ef8df29de3dd0cd7783f84b70437b5fae7845290e9b01a98193375f48e9c0a34', 1);
INSERT INTO verdict_bodies (verdict, body) VALUES (1, '{"endpoints":[{"endpoint":{"scheme":"https","family":4},"state":"IN_SYNC","at":"\u00001"}],"evidence":null}');
INSERT INTO states (verdict, since, until, state, reason, frozen, generation, evidence) VALUES (1, 1772600120000, NULL, 'IN_SYNC', '', 0, 'sha256:ef8df29de3dd0cd7783f84b70437b5fae7845290e9b01a98193375f48e9c0a34', '');
INSERT INTO holdings (root, verdict, since, until, published) VALUES (1, 1, 1772596400000, 1772600120000, 1772592800000), (1, 1, 1772600120000, NULL, 1772600060000);
INSERT INTO shown (id, vantage, digest, roots, used) VALUES (1, 1, 'x', '[]', 1772600000000);
INSERT INTO observations (vantage, slot, endpoint, at, took, first_byte, requests, bytes, fault, shown) VALUES (1, 2954334, 1, 1772600600000, 10, 1, 2, 3, '', 1);
