package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/switching"
)

func (a *app) importCommand() *cobra.Command {
	var (
		in    switching.Input
		write string
	)
	c := &cobra.Command{
		Use:   "import KIND FILE... [-- ARGUMENT...]",
		Short: "Turn the files of another program into a configuration",
		Long: `Prints the configuration that the files of another program come to, and tells
what could not be carried over, with file and line: on standard error, and as
comments in the configuration. FILE is - for standard input. What the other
program was given on its command line follows behind --.

Kinds: ` + strings.Join(switching.Kinds(), ", ") + `.

  mirrorkeeper import apt-mirror /etc/apt/mirror.list --write mirrorkeeper.yaml
  mirrorkeeper import reposync /etc/yum.repos.d/*.repo -- --download-path=/srv/rpm
  aptly mirror list -json | mirrorkeeper import aptly -

Nothing is read but the files. Passwords stay where they are: the configuration
asks the environment for them.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			files := args[1:]
			if dash := c.ArgsLenAtDash(); dash > 0 {
				files, in.Arguments = args[1:dash], args[dash:]
			}
			for _, name := range files {
				f, err := readOld(name)
				if err != nil {
					return &exit{Code: exitUsage, Err: err}
				}
				in.Files = append(in.Files, f)
			}
			in.Architecture = cmp.Or(in.Architecture, debianArchitecture())
			got, err := switching.Read(args[0], in)
			if err != nil {
				return &exit{Code: exitUsage, Err: err}
			}
			return a.printImport(got, write)
		},
	}
	f := c.Flags()
	f.StringVar(&write, "write", "", "`file` to write the configuration to; it must not be there yet")
	f.StringVar(&in.Destination, "destination", "", "`directory` to publish in (default: where the other program has its mirrors)")
	f.StringArrayVar(&in.Keys, "keys", nil, "`file` of OpenPGP keys that sign the repositories, for sources that name none")
	f.StringVar(&in.Architecture, "architecture", "", "`name` of the architecture that is meant where the files name none, in Debian's words (default: this machine's)")
	f.StringToStringVar(&in.Variables, "variable", nil, "value of a further variable in the files, as `NAME=VALUE`")
	f.StringSliceVar(&in.Releasever, "releasever", nil, "`values` of $releasever in the files")
	return c
}

// readOld reads a file of another program.
func readOld(name string) (switching.File, error) {
	const most = 16 << 20
	in := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return switching.File{}, err
		}
		defer f.Close()
		in = f
	}
	content, err := io.ReadAll(io.LimitReader(in, most))
	if name == "-" {
		name = "standard input"
	}
	if err != nil {
		err = fmt.Errorf("cannot read %s: %w", name, err)
	}
	return switching.File{Name: name, Content: content}, err
}

// debianArchitecture is this machine's architecture in Debian's words.
func debianArchitecture() string {
	switch runtime.GOARCH {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return runtime.GOARCH
}

// imported is an import as JSON.
type imported struct {
	Configuration string     `json:"configuration"`
	Lost          []lostItem `json:"lost"`
	Adopt         []string   `json:"adopt"`
}

type lostItem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	What string `json:"what"`
}

func (a *app) printImport(got *switching.Import, write string) error {
	text, err := got.Text()
	if err != nil {
		return err
	}
	if write != "" {
		if err := writeNew(write, text); err != nil {
			return err
		}
	}
	switch {
	case a.JSON():
		out := imported{Configuration: string(text), Lost: []lostItem{}, Adopt: append([]string{}, got.Adopt...)}
		for _, l := range got.Lost {
			out.Lost = append(out.Lost, lostItem(l))
		}
		if err := a.PrintJSON(out); err != nil {
			return err
		}
	case write == "":
		fmt.Fprintf(a.Out, "%s", text)
	}
	for _, l := range got.Lost {
		fmt.Fprintf(a.Err, "warning: not carried over: %s\n", l)
	}
	if len(got.Adopt) > 0 && !a.Quiet {
		fmt.Fprintf(a.Err, "hint: packages that are there already need not be fetched again: mirrorkeeper sync --config %s --adopt %s\n",
			cmp.Or(write, "FILE"), strings.Join(got.Adopt, " --adopt "))
	}
	if len(got.Lost) > 0 {
		return &exit{Code: exitIncomplete}
	}
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &exit{Code: exitUsage, Err: err, Hint: "give --write another name, or move the old file away"}
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
