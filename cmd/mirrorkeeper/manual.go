package main

import (
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/docs"
	"github.com/mirrorkeeper/mirrorkeeper/manual"
)

func (a *app) manualCommand() *cobra.Command { return a.ManualCommand(manPages) }

// manPages are those of the program and of its configuration, by the names of their files.
func manPages(root *cobra.Command, about manual.About) map[string]string {
	about.SeeAlso = []string{"mirrorkeeper.yaml(5)"}
	about.Files = [][2]string{
		{"./mirrorkeeper.yaml", "The configuration, see mirrorkeeper.yaml(5)."},
		{"/etc/mirrorkeeper/mirrorkeeper.yaml", "The configuration, where there is none in the current directory."},
		{"DESTINATION/.mirrorkeeper", "The state of what is published in DESTINATION: objects, records, the cache of indexes, and the key that is made where none is configured."},
	}
	pages := about.Commands(root, docs.Commands)
	pages["mirrorkeeper.yaml.5"] = about.File("mirrorkeeper.yaml", "configuration of mirrorkeeper(1)", docs.Configuration)
	return pages
}
