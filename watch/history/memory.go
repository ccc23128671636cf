package history

import (
	"crypto/sha256"
	"database/sql"
	"net/netip"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// memory is what the writer knows to be in the database, so that only what changed is
// written. After a transaction that failed it is read anew.
type memory struct {
	names     map[string]map[string]int64 // ids by table and name
	endpoints map[endpointKey]*endpointRow
	verdicts  map[watch.Key]*verdictRow
	shown     map[string]shownRow // by what was shown
	// published is by root and digest when the last generation of that digest was.
	published map[int64]map[repo.Digest]int64
}

type endpointKey struct {
	watch.Key
	endpoint watch.Endpoint
}

type endpointRow struct {
	id   int64
	body [sha256.Size]byte // of what is in known; zero where that is not known
	bad  bool              // it has bad files
}

type verdictRow struct {
	id      int64
	written [sha256.Size]byte // of the row; zero where that is not known
	// The state that has no end yet; "" for none: since is when the last one ended then.
	state  watch.State
	reason watch.Reason
	frozen bool
	since  int64
	held   map[int64]held // by root
}

// held is a holding without an end.
type held struct {
	since     int64
	published int64 // 0 for none
}

type shownRow struct {
	id   int64
	used int64
}

// mostShown bounds the memory of what was shown.
const mostShown = 20_000

// named are the tables that give a name a number, and the column of the name.
var named = map[string]string{"sites": "url", "repositories": "name", "roots": "name"}

// readMemory reads what is in the database already.
func (s *Store) readMemory(t *transaction) (*memory, error) {
	m := &memory{
		names:     map[string]map[string]int64{},
		endpoints: map[endpointKey]*endpointRow{},
		verdicts:  map[watch.Key]*verdictRow{},
		shown:     map[string]shownRow{},
		published: map[int64]map[repo.Digest]int64{},
	}
	for table, column := range named {
		ids := map[string]int64{}
		m.names[table] = ids
		if err := t.each(func(scan scanner) error {
			var id int64
			var name string
			if err := scan(&id, &name); err != nil {
				return err
			}
			ids[name] = id
			return nil
		}, `SELECT id, `+column+` FROM `+table); err != nil {
			return nil, err
		}
	}
	if err := t.each(func(scan scanner) error {
		var k endpointKey
		var address string
		row := &endpointRow{}
		if err := scan(&row.id, &k.Site, &k.Repository, &k.endpoint.Scheme, &k.endpoint.Family, &address, &row.bad); err != nil {
			return err
		}
		k.endpoint.Addr = parseAddress(address)
		m.endpoints[k] = row
		return nil
	}, `SELECT e.id, s.url, r.name, e.scheme, e.family, e.address, EXISTS (SELECT 1 FROM bad_files b WHERE b.endpoint = e.id)
		FROM endpoints e JOIN sites s ON s.id = e.site JOIN repositories r ON r.id = e.repository
		WHERE e.vantage = ?`, s.vantage); err != nil {
		return nil, err
	}
	rows := map[int64]*verdictRow{}
	if err := t.each(func(scan scanner) error {
		var k watch.Key
		var state, reason sql.NullString
		var frozen sql.NullBool
		var since, until sql.NullInt64
		row := &verdictRow{held: map[int64]held{}}
		if err := scan(&row.id, &k.Site, &k.Repository, &state, &reason, &frozen, &since, &until); err != nil {
			return err
		}
		if until.Valid {
			row.since = until.Int64
		} else {
			row.state, row.reason, row.frozen, row.since = watch.State(state.String), watch.Reason(reason.String), frozen.Bool, since.Int64
		}
		m.verdicts[k], rows[row.id] = row, row
		return nil
	}, `SELECT v.id, s.url, r.name, i.state, i.reason, i.frozen, i.since, i.until
		FROM verdicts v JOIN sites s ON s.id = v.site JOIN repositories r ON r.id = v.repository
		LEFT JOIN states i ON i.verdict = v.id AND i.since = (SELECT MAX(since) FROM states WHERE verdict = v.id)
		WHERE v.vantage = ?`, s.vantage); err != nil {
		return nil, err
	}
	return m, t.each(func(scan scanner) error {
		var root, verdict int64
		var h held
		var published sql.NullInt64
		if err := scan(&root, &verdict, &h.since, &published); err != nil {
			return err
		}
		h.published = published.Int64
		rows[verdict].held[root] = h
		return nil
	}, `SELECT h.root, h.verdict, h.since, h.published FROM holdings h JOIN verdicts v ON v.id = h.verdict
		WHERE h.until IS NULL AND v.vantage = ?`, s.vantage)
}

func parseAddress(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(s) // written by us
	return a
}

func formatAddress(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// id gives the number of a name in a table, and enters it where it is new.
func (m *memory) id(t *transaction, table, name string) (int64, error) {
	name = text(name, mostKey)
	if id, ok := m.names[table][name]; ok {
		return id, nil
	}
	column := named[table]
	var id int64
	err := t.one(`INSERT INTO `+table+` (`+column+`) VALUES (?)
		ON CONFLICT (`+column+`) DO UPDATE SET `+column+` = excluded.`+column+` RETURNING id`, name).Scan(&id)
	m.names[table][name] = id
	return id, err
}

// pair gives the numbers of a site and a watched repository.
func (m *memory) pair(t *transaction, k watch.Key) (site, repository int64, err error) {
	if site, err = m.id(t, "sites", k.Site); err != nil {
		return 0, 0, err
	}
	repository, err = m.id(t, "repositories", k.Repository)
	return site, repository, err
}

// endpoint gives the row of an endpoint, and enters it where it is new.
func (s *Store) endpoint(t *transaction, k endpointKey) (*endpointRow, error) {
	if row := s.memory.endpoints[k]; row != nil {
		return row, nil
	}
	site, repository, err := s.memory.pair(t, k.Key)
	if err != nil {
		return nil, err
	}
	row := &endpointRow{}
	err = t.oneOften(&row.id, `INSERT INTO endpoints (vantage, site, repository, scheme, family, address, failures, skew, spent)
		VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)
		ON CONFLICT (vantage, site, repository, scheme, family, address) DO UPDATE SET family = excluded.family RETURNING id`,
		s.vantage, site, repository, k.endpoint.Scheme, k.endpoint.Family, formatAddress(k.endpoint.Addr))
	s.memory.endpoints[k] = row
	return row, err
}

// lastPublished is when the root's last generation of that digest was published, 0 if
// there is none.
func (s *Store) lastPublished(t *transaction, root int64, digest repo.Digest) (int64, error) {
	if at, ok := s.memory.published[root][digest]; ok {
		return at, nil
	}
	var at int64
	err := t.oneOften(&at, `SELECT COALESCE(MAX(published), 0) FROM generations WHERE vantage = ? AND root = ? AND digest = ?`,
		s.vantage, root, digest.String())
	if err == nil && at > 0 {
		if s.memory.published[root] == nil {
			s.memory.published[root] = map[repo.Digest]int64{}
		}
		s.memory.published[root][digest] = at
	}
	return at, err
}

// hourly reports whether a moment that is kept to the hour is to be written again.
func hourly(written int64, now time.Time) bool {
	return now.UnixMilli()-written > time.Hour.Milliseconds()
}
