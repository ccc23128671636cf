package console

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/manual"
)

// ManualCommand is a command that writes the pages, which are given by the names of their
// files, to where man looks for them.
func (c *Console) ManualCommand(pages func(root *cobra.Command, about manual.About) map[string]string) *cobra.Command {
	return &cobra.Command{
		Use:   "manual DIR",
		Short: "Write the man pages",
		Long: `Writes a man page of each command, and of the configuration file, into DIR/man1 and
DIR/man5. With ~/.local/share/man as DIR, man finds them:

  mirrorkeeper manual ~/.local/share/man
  man mirrorkeeper-sync`,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) != 1 {
				return Usage("manual takes the directory of man pages, such as ~/.local/share/man")
			}
			about := manual.About{Program: c.Program, Version: Version(), Date: c.sourceDate()}
			for name, page := range pages(command.Root(), about) {
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

// withManual adds such a command to programs that have none: the packages of mirrorkeeper
// bring the pages, so that nobody needs to see it.
func (c *Console) withManual(root *cobra.Command) {
	for _, command := range root.Commands() {
		if command.Name() == "manual" {
			return
		}
	}
	command := c.ManualCommand(func(root *cobra.Command, about manual.About) map[string]string { return about.Commands(root, "") })
	command.Hidden = true
	root.AddCommand(command)
}

// sourceDate is the time of the last change of the sources, as builds of packages tell
// it (reproducible-builds.org, SOURCE_DATE_EPOCH); the zero time where they do not.
func (c *Console) sourceDate() time.Time {
	text, _ := c.Env("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
