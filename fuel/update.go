package fuel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// UpdateOptions say what the server is told, and of which objects.
type UpdateOptions struct {
	// Environments are the IDs of those to update; none stands for all that the entries are
	// for.
	Environments []int
	// NoEnvironments leaves environments as they are.
	NoEnvironments bool
	// Releases updates what new environments get, too.
	Releases bool
	// Replace has the entries take the place of the whole lists.
	Replace bool
	// DryRun changes nothing.
	DryRun bool
	// Match chooses the releases that the entries are for; none leaves it to their system,
	// and to mos_version among Versions, which the version of a release ends in.
	Match    ReleaseMatch
	Versions Versions
}

// Updated is what became of one list of the server.
type Updated struct {
	Object  string   `json:"object"` // "environment 3 (prod)"
	Changes []string `json:"changes"`
	Skipped string   `json:"skipped,omitempty"` // why it was left as it is
}

// Update puts entries, those of each system, into the lists of environments, and of
// releases where the options say so. What cannot be changed does not keep others from
// being changed; the error is that of all.
func Update(ctx context.Context, c *nailgun.Client, entries map[string][]Entry, o UpdateOptions) (done []Updated, err error) {
	releases, err := c.Releases(ctx)
	if err != nil {
		return nil, err
	}
	clusters, err := c.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := chooseClusters(clusters, o)
	if err != nil {
		return nil, err
	}
	u := updater{client: c, entries: entries, options: o}
	for _, x := range chosen {
		u.cluster(ctx, x, releases)
	}
	if o.Releases {
		for _, r := range releases {
			u.release(ctx, r)
		}
	}
	if len(u.done) == 0 && len(u.failures) == 0 {
		u.failures = append(u.failures, noneMatches(entries, releases, o))
	}
	return u.done, errors.Join(u.failures...)
}

// ErrNoEnvironment says that an environment is asked for that the server does not have.
var ErrNoEnvironment = errors.New("there is no environment")

// chooseClusters are the environments that are asked for.
func chooseClusters(all []nailgun.Cluster, o UpdateOptions) (chosen []nailgun.Cluster, err error) {
	if o.NoEnvironments {
		return nil, nil
	}
	if len(o.Environments) == 0 {
		return all, nil
	}
	for _, id := range o.Environments {
		i := slices.IndexFunc(all, func(c nailgun.Cluster) bool { return c.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("%w %d; the server has %s", ErrNoEnvironment, id, clusterNames(all))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func clusterNames(all []nailgun.Cluster) string {
	if len(all) == 0 {
		return "none"
	}
	var out []string
	for _, c := range all {
		out = append(out, printable(fmt.Sprintf("%d (%s)", c.ID, c.Name)))
	}
	return strings.Join(out, ", ")
}

// ErrNoRelease says that nothing on the server is of the systems and versions that were
// mirrored.
var ErrNoRelease = errors.New("nothing on the Fuel server is for what was mirrored")

func noneMatches(entries map[string][]Entry, releases []nailgun.Release, o UpdateOptions) error {
	var all []string
	for _, r := range releases {
		all = append(all, printable(r.OperatingSystem+" "+r.Version))
		if o.matches(r, entries) {
			return nil // there is no environment of it
		}
	}
	return fmt.Errorf("%w: it has the releases %s", ErrNoRelease, strings.Join(all, ", "))
}

// matches reports whether entries are for a release: they are of its operating system,
// and of its version of Fuel, which its own ends in ("mitaka-9.0"), where that is known.
func (o UpdateOptions) matches(r nailgun.Release, entries map[string][]Entry) bool {
	if len(entriesFor(entries, r.OperatingSystem)) == 0 {
		return false
	}
	if len(o.Match) > 0 {
		return o.Match.Matches(r)
	}
	want := o.Versions.MOS()
	_, version, found := strings.Cut(r.Version, "-")
	return want == "" || !found || version == want
}

func entriesFor(entries map[string][]Entry, system string) []Entry {
	for name, list := range entries {
		if strings.EqualFold(name, system) {
			return list
		}
	}
	return nil
}

// updater changes one object after another.
type updater struct {
	client   *nailgun.Client
	entries  map[string][]Entry
	options  UpdateOptions
	done     []Updated
	failures []error
}

var listPath = []string{"editable", "repo_setup", "repos", "value"}

// cluster updates the list of an environment. Nothing but its repositories is sent: an
// environment that is locked takes those, and nothing else.
func (u *updater) cluster(ctx context.Context, of nailgun.Cluster, releases []nailgun.Release) {
	i := slices.IndexFunc(releases, func(r nailgun.Release) bool { return r.ID == of.ReleaseID })
	if i < 0 || !u.options.matches(releases[i], u.entries) {
		if len(u.options.Environments) > 0 {
			u.skip(of.String(), "it is of another operating system or version")
		}
		return
	}
	attributes, err := u.client.ClusterAttributes(ctx, of)
	if err != nil {
		u.failures = append(u.failures, err)
		return
	}
	list := u.merge(of.String(), attributes, listPath, releases[i])
	if list == nil {
		return
	}
	group, _ := attributes.Get("editable", "repo_setup")
	group, err = group.With(list, "repos", "value")
	if err != nil {
		u.failures = append(u.failures, fmt.Errorf("%s: %w", of, err))
		return
	}
	body := nailgun.Document(fmt.Sprintf(`{"editable": {"repo_setup": %s}}`, group))
	u.did(u.client.SetClusterAttributes(ctx, of, body))
}

// release updates the list that new environments get.
func (u *updater) release(ctx context.Context, r nailgun.Release) {
	if !u.options.matches(r, u.entries) {
		return
	}
	attributes, err := u.client.ReleaseAttributes(ctx, r)
	path, write := listPath, u.client.SetReleaseAttributes
	if errors.Is(err, nailgun.ErrNotFound) {
		attributes, err = u.client.Release(ctx, r)
		path, write = append([]string{"attributes_metadata"}, listPath...), u.client.SetRelease
	}
	if err != nil {
		u.failures = append(u.failures, err)
		return
	}
	list := u.merge(r.String(), attributes, path, r)
	if list == nil {
		return
	}
	if attributes, err = attributes.With(list, path...); err != nil {
		u.failures = append(u.failures, fmt.Errorf("%s: %w", r, err))
		return
	}
	u.did(write(ctx, r, attributes))
}

// merge makes the new list of an object, nil where nothing is to be written.
func (u *updater) merge(object string, attributes nailgun.Document, path []string, r nailgun.Release) nailgun.Document {
	list, ok := attributes.Get(path...)
	if !ok {
		u.skip(object, "it has no list of repositories: releases older than Fuel 6.1 cannot be changed")
		return nil
	}
	list, changes, err := Merge(list, entriesFor(u.entries, r.OperatingSystem), u.options.Replace)
	if err != nil {
		u.failures = append(u.failures, fmt.Errorf("%s: %w", object, err))
		return nil
	}
	x := Updated{Object: object, Changes: []string{}}
	for _, c := range changes {
		x.Changes = append(x.Changes, c.String())
	}
	u.done = append(u.done, x)
	if len(changes) == 0 || u.options.DryRun {
		return nil
	}
	return list
}

func (u *updater) skip(object, reason string) {
	u.done = append(u.done, Updated{Object: object, Changes: []string{}, Skipped: reason})
}

// did notes how the last update went: one that failed changed nothing.
func (u *updater) did(err error) {
	if err != nil {
		u.done = u.done[:len(u.done)-1]
		u.failures = append(u.failures, err)
	}
}
