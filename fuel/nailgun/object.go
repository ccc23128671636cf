package nailgun

import (
	"context"
	"encoding/json"
	"fmt"
)

// Release is one of the operating systems, with what is installed on it, that
// environments are made of.
type Release struct {
	ID              int    `json:"id"`
	Name            string `json:"name"`
	Version         string `json:"version"`          // "mitaka-9.0"
	OperatingSystem string `json:"operating_system"` // "Ubuntu", "CentOS"
	State           string `json:"state"`
}

func (r Release) String() string {
	return cut(fmt.Sprintf("release %d (%s %s)", r.ID, r.Name, r.Version))
}

// Cluster is an environment.
type Cluster struct {
	ID        int    `json:"id"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	ReleaseID int    `json:"release_id"`
	Locked    bool   `json:"is_locked"`
}

func (c Cluster) String() string { return cut(fmt.Sprintf("environment %d (%s)", c.ID, c.Name)) }

// Releases are all of the server.
func (c *Client) Releases(ctx context.Context) (all []Release, err error) {
	return all, c.list(ctx, "read the releases", "releases/", &all)
}

// Clusters are all environments of the server.
func (c *Client) Clusters(ctx context.Context) (all []Cluster, err error) {
	return all, c.list(ctx, "read the environments", "clusters/", &all)
}

func (c *Client) list(ctx context.Context, doing, path string, into any) error {
	d, err := c.get(ctx, doing, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(d, into); err != nil {
		return fmt.Errorf("%s: the Fuel server's answer is not as expected: %w", doing, err)
	}
	return nil
}

// ClusterAttributes are the settings of an environment: {"editable": {...}, ...}.
func (c *Client) ClusterAttributes(ctx context.Context, of Cluster) (Document, error) {
	return c.get(ctx, fmt.Sprintf("read the attributes of %s", of), fmt.Sprintf("clusters/%d/attributes/", of.ID))
}

// SetClusterAttributes changes settings of an environment. The server merges what is in
// editable into what it has; lists are replaced.
func (c *Client) SetClusterAttributes(ctx context.Context, of Cluster, attributes Document) error {
	return c.put(ctx, fmt.Sprintf("write the attributes of %s", of), fmt.Sprintf("clusters/%d/attributes/", of.ID), attributes)
}

// ReleaseAttributes are the settings that new environments of a release get:
// {"editable": {...}, "generated": {...}}. Servers that know no such address answer
// [ErrNotFound]; there they stand in [Client.Release] under attributes_metadata.
func (c *Client) ReleaseAttributes(ctx context.Context, of Release) (Document, error) {
	return c.get(ctx, fmt.Sprintf("read the attributes of %s", of), fmt.Sprintf("releases/%d/attributes_metadata/", of.ID))
}

// SetReleaseAttributes replaces all that [Client.ReleaseAttributes] returns.
func (c *Client) SetReleaseAttributes(ctx context.Context, of Release, attributes Document) error {
	return c.put(ctx, fmt.Sprintf("write the attributes of %s", of), fmt.Sprintf("releases/%d/attributes_metadata/", of.ID), attributes)
}

// Release is all that the server knows of a release.
func (c *Client) Release(ctx context.Context, of Release) (Document, error) {
	return c.get(ctx, fmt.Sprintf("read %s", of), fmt.Sprintf("releases/%d/", of.ID))
}

// SetRelease replaces all that [Client.Release] returns.
func (c *Client) SetRelease(ctx context.Context, of Release, object Document) error {
	return c.put(ctx, fmt.Sprintf("write %s", of), fmt.Sprintf("releases/%d/", of.ID), object)
}
