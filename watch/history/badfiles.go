package history

import (
	"context"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// BadFile is a file that a site lacks, or has with other content.
type BadFile struct {
	watch.Key
	Endpoint   watch.Endpoint
	Root       string
	Generation repo.Digest // that names the file
	watch.FileSeen
}

// badFiles are the files that are known to be bad at an endpoint, the last word on each
// path.
func badFiles(k *watch.Known) map[string]map[string]badFile {
	all := map[string]map[string]badFile{}
	for _, root := range k.Roots {
		for _, check := range root.Checks {
			for _, seen := range check.Bad {
				if !seen.Fault.Says() {
					continue // it tells nothing of what the site holds
				}
				files := all[root.Name]
				if files == nil {
					files = map[string]badFile{}
					all[root.Name] = files
				}
				if before, ok := files[seen.Path]; !ok || before.seen.At.Before(seen.At) {
					files[seen.Path] = badFile{check.Root, seen}
				}
			}
		}
	}
	return all
}

type badFile struct {
	generation repo.Digest
	seen       watch.FileSeen
}

// writeBadFiles puts the bad files of an endpoint in the place of those of before.
func (s *Store) writeBadFiles(t *transaction, endpoint *endpointRow, k *watch.Known) error {
	bad := badFiles(k)
	if !endpoint.bad && len(bad) == 0 {
		return nil
	}
	written := k.Last.UnixMilli()
	var rows [][]any
	for name, files := range bad {
		root, err := s.memory.id(t, "roots", name)
		if err != nil {
			return err
		}
		cut := map[string]bool{} // paths may be the same once they are cut
		for path, f := range files {
			if path = text(path, mostKey); cut[path] {
				continue
			}
			cut[path] = true
			at, since := millis(f.seen.At), millis(f.seen.Since)
			if at == nil {
				at = written
			}
			if since == nil {
				since = at
			}
			rows = append(rows, []any{
				endpoint.id, root, path, f.generation.String(), text(string(f.seen.Fault), mostText), text(f.seen.Expected, mostText), text(f.seen.Seen, mostText),
				f.seen.Matches.String(), text(f.seen.Detail, mostText), since, at, written,
			})
		}
	}
	if err := t.insert("bad_files", "endpoint, root, path, generation, fault, expected, seen, matches, detail, since, at, written",
		`ON CONFLICT (endpoint, root, path) DO UPDATE SET generation = excluded.generation, fault = excluded.fault, expected = excluded.expected,
		seen = excluded.seen, matches = excluded.matches, detail = excluded.detail, at = excluded.at, written = excluded.written`, rows); err != nil {
		return err
	}
	endpoint.bad = len(rows) > 0
	return t.often(`DELETE FROM bad_files WHERE endpoint = ? AND written <> ?`, endpoint.id, written)
}

// BadFiles are the files of a root that are known to be bad at sites now; path "" stands
// for all of them.
func (s *Store) BadFiles(ctx context.Context, root, path string) ([]BadFile, error) {
	where, values := "", []any{s.vantage, text(root, mostKey)}
	if path != "" {
		where, values = "AND b.path = ?", append(values, text(path, mostKey))
	}
	return ask(ctx, s, func(scan scanner) (f BadFile, err error) {
		f.Root = root
		var address, generation, matches string
		var since, at int64
		if err := scan(&f.Site, &f.Repository, &f.Endpoint.Scheme, &f.Endpoint.Family, &address,
			&f.Path, &generation, &f.Fault, &f.Expected, &f.Seen, &matches, &f.Detail, &since, &at); err != nil {
			return f, err
		}
		f.Endpoint.Addr, f.Since, f.At = parseAddress(address), time.UnixMilli(since).UTC(), time.UnixMilli(at).UTC()
		if err := f.Generation.UnmarshalText([]byte(generation)); err != nil {
			return f, err
		}
		return f, f.Matches.UnmarshalText([]byte(matches))
	}, `SELECT s.url, p.name, e.scheme, e.family, e.address, b.path, b.generation, b.fault, b.expected, b.seen, b.matches, b.detail, b.since, b.at
			FROM bad_files b JOIN roots r ON r.id = b.root JOIN endpoints e ON e.id = b.endpoint
			JOIN sites s ON s.id = e.site JOIN repositories p ON p.id = e.repository
			WHERE e.vantage = ? AND r.name = ? `+where+` ORDER BY s.url, p.name, e.id, b.path`, values...)
}
