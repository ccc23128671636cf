-- The states of all verdicts in a day together, see packs.go: what is asked of all sites is
-- read fast.
CREATE TABLE state_packs (
    vantage INTEGER NOT NULL,
    day {big} NOT NULL,             -- its begin
    body {bytes} NOT NULL,
    PRIMARY KEY (vantage, day)
) {keyed};

-- For the states of today, which are not packed yet: it has all that is asked of them.
CREATE INDEX states_until ON states (until, verdict, since, state);
