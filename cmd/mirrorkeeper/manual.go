package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/docs"
	"github.com/mirrorkeeper/mirrorkeeper/manual"
)

func (a *app) manualCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "manual DIR",
		Short: "Write the man pages",
		Long: `Writes a man page of each command, and of the configuration file, into DIR/man1 and
DIR/man5. With ~/.local/share/man as DIR, man finds them:

  mirrorkeeper manual ~/.local/share/man
  man mirrorkeeper-sync`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			for name, page := range a.manPages(c.Root()) {
				file := filepath.Join(args[0], "man"+name[len(name)-1:], name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// manPages are all pages by the names of their files.
func (a *app) manPages(root *cobra.Command) map[string]string {
	about := manual.About{Program: root.Name(), Version: console.Version(), Date: a.sourceDate()}
	pages := about.Commands(root, docs.Commands)
	name := root.Name() + ".yaml"
	pages[name+".5"] = about.File(name, fmt.Sprintf("configuration of %s(1)", root.Name()), docs.Configuration)
	return pages
}

// sourceDate is the time of the last change of the sources, as builds of packages tell
// it (reproducible-builds.org, SOURCE_DATE_EPOCH); the zero time where they do not.
func (a *app) sourceDate() time.Time {
	text, _ := a.Env("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
