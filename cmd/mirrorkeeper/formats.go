package main

import (
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// formats are all formats that the program knows.
func formats() []repo.Format { return []repo.Format{deb.Format{}, rpm.Format{}} }

func formatNamed(name string) repo.Format {
	for _, f := range formats() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

func formatNames() string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name())
	}
	return strings.Join(names, ", ")
}
