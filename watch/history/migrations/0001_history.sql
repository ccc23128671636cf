-- {id}, {big}, {real}, {bytes}, {key}, {table} and {keyed} stand for what the databases spell in their own
-- ways, see dialect.go.
--
-- Moments are milliseconds since 1970 (UTC), spans of time are milliseconds. NULL in
-- until means until now. One program writes these tables, ids and what they name in
-- one transaction: so there are no foreign keys to check.

CREATE TABLE vantages (
    id {id},
    name {key} NOT NULL UNIQUE,
    seen {big} NOT NULL,            -- when the watcher was known to run last
    hours_until {big} NOT NULL,     -- looks before are summed up in hours
    days_until {big} NOT NULL,      -- and in days, states too
    raw_from {big} NOT NULL,        -- looks from here on are all kept
    hours_from {big} NOT NULL,      -- and hours
    states_from {big} NOT NULL,     -- and states and holdings
    days_from {big} NOT NULL        -- and sums of days
) {table};

-- When the watcher did not run.
CREATE TABLE absences (
    vantage INTEGER NOT NULL,
    since {big} NOT NULL,
    until {big} NOT NULL,
    PRIMARY KEY (vantage, since)
) {keyed};

CREATE TABLE sites (id {id}, url {key} NOT NULL UNIQUE) {table};
CREATE TABLE repositories (id {id}, name {key} NOT NULL UNIQUE) {table};
CREATE TABLE roots (id {id}, name {key} NOT NULL UNIQUE) {table};

CREATE TABLE generations (
    vantage INTEGER NOT NULL,
    root INTEGER NOT NULL,
    published {big} NOT NULL,
    digest {key} NOT NULL,
    dated {big},
    valid_until {big},
    files INTEGER NOT NULL,
    bytes {big} NOT NULL,
    complete INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    PRIMARY KEY (vantage, root, published)
) {keyed};
CREATE INDEX generations_digest ON generations (vantage, root, digest);

-- What changes at every look is here, the rest in known.
CREATE TABLE endpoints (
    id {id},
    vantage INTEGER NOT NULL,
    site INTEGER NOT NULL,
    repository INTEGER NOT NULL,
    scheme {key} NOT NULL,
    family INTEGER NOT NULL,
    address {key} NOT NULL,
    last {big},
    answered {big},
    failures INTEGER NOT NULL,
    skew {big} NOT NULL,
    spent {big} NOT NULL,           -- of the daily budget of bytes
    UNIQUE (vantage, site, repository, scheme, family, address)
) {table};

CREATE TABLE known (endpoint INTEGER PRIMARY KEY, body TEXT NOT NULL) {table};

CREATE TABLE bad_files (
    endpoint INTEGER NOT NULL,
    root INTEGER NOT NULL,
    path {key} NOT NULL,
    generation TEXT NOT NULL,
    fault TEXT NOT NULL,
    expected TEXT NOT NULL,
    seen TEXT NOT NULL,
    matches TEXT NOT NULL,
    detail TEXT NOT NULL,
    since {big} NOT NULL,
    at {big} NOT NULL,
    written {big} NOT NULL,         -- with the look that it was among the bad ones of last
    PRIMARY KEY (endpoint, root, path)
) {keyed};
CREATE INDEX bad_files_path ON bad_files (root, path);

-- The verdict of now on each site and watched repository.
CREATE TABLE verdicts (
    id {id},
    vantage INTEGER NOT NULL,
    site INTEGER NOT NULL,
    repository INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    frozen INTEGER NOT NULL,
    since {big} NOT NULL,
    at {big} NOT NULL,
    stale {big},                    -- since when, 0 for not at all, NULL for unknown
    generation TEXT NOT NULL,
    complete {real} NOT NULL,
    stamp {big},
    ended {big},                    -- when it was not watched any more
    UNIQUE (vantage, site, repository)
) {table};

-- The whole of it, as JSON: apart, so that all verdicts are read fast.
CREATE TABLE verdict_bodies (verdict INTEGER PRIMARY KEY, body TEXT NOT NULL) {table};

CREATE TABLE states (
    verdict INTEGER NOT NULL,
    since {big} NOT NULL,
    until {big},
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    frozen INTEGER NOT NULL,
    generation TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (verdict, since)
) {keyed};

-- How long each state lasted in a day.
CREATE TABLE state_days (
    verdict INTEGER NOT NULL,
    day {big} NOT NULL,             -- its begin
    state TEXT NOT NULL,
    span {big} NOT NULL,
    PRIMARY KEY (verdict, day, state)
) {keyed};

-- Which generation a site held completely, by the time when that was published; NULL
-- for none.
CREATE TABLE holdings (
    root INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    since {big} NOT NULL,
    until {big},
    published {big},
    PRIMARY KEY (root, verdict, since)
) {keyed};
CREATE INDEX holdings_now ON holdings (root, published) WHERE until IS NULL;

-- What endpoints showed as roots, each combination once.
CREATE TABLE shown (
    id {id},
    vantage INTEGER NOT NULL,
    digest {key} NOT NULL,
    roots TEXT NOT NULL,
    used {big} NOT NULL,            -- last, to the hour
    UNIQUE (vantage, digest)
) {table};

-- Single looks, together by ten minutes and then by endpoint: a batch touches few
-- pages, old ones go by whole pages, and one endpoint is found without another index.
CREATE TABLE observations (
    vantage INTEGER NOT NULL,
    slot INTEGER NOT NULL,          -- the number of its ten minutes since 1970
    endpoint INTEGER NOT NULL,
    at {big} NOT NULL,
    took INTEGER NOT NULL,
    first_byte INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    bytes {big} NOT NULL,
    fault TEXT NOT NULL,
    shown INTEGER,
    stamp {big},
    PRIMARY KEY (vantage, slot, endpoint, at)
) {keyed};

CREATE TABLE hours (
    vantage INTEGER NOT NULL,
    day {big} NOT NULL,             -- the begin of its day
    endpoint INTEGER NOT NULL,
    at {big} NOT NULL,              -- the begin of the hour
    looks INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timed INTEGER NOT NULL,         -- looks that got a first byte
    first_byte {big} NOT NULL,      -- sum
    first_byte_max INTEGER NOT NULL,
    took {big} NOT NULL,            -- sum
    took_max INTEGER NOT NULL,
    took_squares {big} NOT NULL,    -- sum of squares, for the deviation
    requests INTEGER NOT NULL,
    bytes {big} NOT NULL,
    PRIMARY KEY (vantage, day, endpoint, at)
) {keyed};

CREATE TABLE days (
    endpoint INTEGER NOT NULL,
    at {big} NOT NULL,
    looks INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    first_byte {big} NOT NULL,
    first_byte_max INTEGER NOT NULL,
    took {big} NOT NULL,
    took_max INTEGER NOT NULL,
    took_squares {big} NOT NULL,
    requests INTEGER NOT NULL,
    bytes {big} NOT NULL,
    PRIMARY KEY (endpoint, at)
) {keyed};

-- Timestamps that were planted.
CREATE TABLE stamps (
    vantage INTEGER NOT NULL,
    repository INTEGER NOT NULL,
    directory {key} NOT NULL,
    at {big} NOT NULL,
    destination {key} NOT NULL,
    stamp {big},
    sequence {big} NOT NULL,
    fault TEXT NOT NULL,            -- why it failed, '' for planted
    PRIMARY KEY (vantage, repository, directory, destination, at)
) {keyed};

-- What was done to the list of sites while the watcher ran, by whom.
CREATE TABLE site_edits (
    id {id},
    at {big} NOT NULL,
    author TEXT NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) {table};
