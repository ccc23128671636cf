package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/switching/packetary"
)

func (a *app) createCommand() *cobra.Command {
	var repository, files string
	c := &cobra.Command{
		Use:   "create --repository FILE --package-files FILE",
		Short: "Make a repository of package files",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.runCreate(c.Context(), repository, files)
		},
	}
	a.repositoryFlags(c)
	c.Flags().StringVar(&repository, "repository", "", "`file` that describes the repository")
	c.Flags().StringVar(&files, "package-files", "", "`file` with the list of URLs and paths of package files")
	_ = c.MarkFlagRequired("repository")
	_ = c.MarkFlagRequired("package-files")
	return c
}

func (a *app) runCreate(ctx context.Context, repository, list string) error {
	content, err := readFile(repository)
	if err != nil {
		return err
	}
	described, err := packetary.ParseRepository(repository, content, a.Type)
	if err != nil {
		return usage(err)
	}
	if content, err = readFile(list); err != nil {
		return err
	}
	files, err := packetary.ParsePackageFiles(list, content)
	if err != nil {
		return usage(err)
	}
	dir, r, err := packetary.NewCreation(described, files, a.Options)
	if err != nil {
		return usage(err)
	}
	s, err := store.Open(dir, filepath.Join(dir, ".mirrorkeeper"))
	if err != nil {
		return err
	}
	unlock, err := assembly.Lock(s)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.create(ctx, s, r); err != nil {
		return err
	}
	if a.JSON() {
		return a.PrintJSON(map[string]string{"created": dir})
	}
	fmt.Fprintln(a.Out, "Successfully completed.")
	return nil
}

// create makes the repositories, for deb one for each component.
func (a *app) create(ctx context.Context, s *store.Store, all []config.Repository) error {
	tracker, above, stop := a.Progress()
	defer stop()
	c := config.New()
	c.Transfer.Proxy = config.Secret(a.HTTPProxy)
	b, err := assembly.NewBuilder(c, s, a.Log(above))
	if err != nil {
		return err
	}
	client := b.Client()
	defer client.CloseIdleConnections()
	fetcher := fetch.New(fetch.Options{
		Client: client, Connections: max(a.Threads, 1), PerHost: max(a.Threads, 1), Retries: max(a.Retries, 0),
		IgnoreErrors: math.MaxInt, Log: b.Log,
	})
	for _, r := range all {
		creator, err := assembly.NewCreator(r, s.State())
		if err != nil {
			return err
		}
		j := &create.Job{
			Name: r.Archive, Dir: r.Path, Creator: creator, Format: assembly.FormatNamed(r.Type), AllowEmpty: true,
			Store: s, Fetcher: fetcher, Progress: tracker, Log: b.Log, Grace: c.Keep.Grace,
		}
		if j.Sign, err = assembly.Signing(ctx, s, nil); err != nil {
			return err
		}
		for _, text := range r.Packages {
			j.Inputs = append(j.Inputs, create.ParseInput(text))
		}
		if _, err := create.Run(ctx, j); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(r.Suite+" "+r.Component), err)
		}
	}
	return nil
}
