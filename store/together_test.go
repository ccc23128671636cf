package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// two are publications of the same content for two mirrors.
func two(t *testing.T, s *Store, now time.Time, files tree) (all []*Publication) {
	t.Helper()
	for _, name := range []string{"m", "n"} {
		p := publication(t, s, now, "dists/s", files)
		before, err := s.Current(name, now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		p.Mirror, p.Before, p.Record.Repositories[0].Place = name, before, name
		all = append(all, p)
	}
	return all
}

// TestTogetherIsFinishedByTheNextRun ends a switch of two mirrors before, between and
// behind the two: whoever takes the lock next makes what is left.
func TestTogetherIsFinishedByTheNextRun(t *testing.T) {
	t.Parallel()
	for switched := range 3 {
		t.Run(fmt.Sprint(switched), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if err := s.PublishTogether(two(t, s, epoch, first)); err != nil {
				t.Fatal(err)
			}
			var list []announced
			for i, p := range two(t, s, epoch.Add(time.Minute), second) {
				b, err := s.prepare(p)
				if err != nil {
					t.Fatal(err)
				}
				if i < switched {
					if err := b.commit(); err != nil {
						t.Fatal(err)
					}
				}
				b.close()
				list = append(list, announced{Mirror: p.Mirror, ID: p.Record.ID, Grace: p.Grace})
			}
			content, err := json.Marshal(list)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(s.path(togetherFile), content, 0o600); err != nil {
				t.Fatal(err)
			}
			unlock, err := s.Lock()
			if err != nil {
				t.Fatal(err)
			}
			unlock()
			for _, name := range []string{"m", "n"} {
				if root, err := os.ReadFile(filepath.Join(s.Destination(), name, "dists/s/InRelease")); err != nil || string(root) != "2" {
					t.Errorf("%s shows %q, %v", name, root, err)
				}
				if r, err := s.Published(name); err != nil || r.ID != list[0].ID {
					t.Error(r, err)
				}
			}
			if _, err := os.Stat(s.path(togetherFile)); !os.IsNotExist(err) {
				t.Error("the list is still there:", err)
			}
		})
	}
}

func TestTogetherIsAllOrNone(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.PublishTogether(two(t, s, epoch, first)); err != nil {
		t.Fatal(err)
	}
	next := two(t, s, epoch.Add(time.Minute), second)
	if err := s.Objects().Remove(objectOf("a2").Digest); err != nil { // the second cannot be prepared, nor the first
		t.Fatal(err)
	}
	if err := s.PublishTogether(next); err == nil {
		t.Fatal("an object is missing")
	}
	for _, name := range []string{"m", "n"} {
		if root, err := os.ReadFile(filepath.Join(s.Destination(), name, "dists/s/InRelease")); err != nil || string(root) != "1" {
			t.Errorf("%s shows %q, %v", name, root, err)
		}
	}
}
