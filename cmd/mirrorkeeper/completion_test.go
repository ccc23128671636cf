package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
)

// commandLine is the whole command line, as the program has it.
func commandLine() *cobra.Command {
	a := &app{Console: console.Console{Program: "mirrorkeeper", Out: io.Discard, Err: io.Discard, Env: func(string) (string, bool) { return "", false }}}
	root := a.rootCommand()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// eachCommand calls visit for every command that people see.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			eachCommand(sub, visit)
		}
	}
}

const someConfiguration = `
destination: out
state: state
sources:
  debian: {type: deb, url: https://archive.example.org/debian, suites: [stable], components: [main], architectures: [amd64], trusted: true}
mirrors:
  full: {from: [debian]}
  web: {from: [debian], packages: [nginx]}
repositories:
  ours: {type: deb, packages: build}
watch:
  repositories: {archive: {source: debian}}
  sites: [{url: https://mirror.example.net/debian, repositories: [archive]}]
`

// What is completed, as the program tells the shells.
func TestCompletion(t *testing.T) {
	config := write(t, filepath.Join(t.TempDir(), "mirrorkeeper.yaml"), someConfiguration)
	for line, want := range map[string]string{
		"sync ":                           "full web :4",
		"sync full ":                      "web :4",
		"lock ":                           "full web :4",
		"plan --mir":                      ":4",
		"create ":                         "ours :0",
		"create --type ":                  "deb rpm :4",
		"incoming ":                       "ours :4",
		"key export ":                     "full web ours :0",
		"why --mirror ":                   "full web :4",
		"why ":                            ":4",
		"plant ":                          "archive :4",
		"verify ":                         ":0",
		"verify --level ":                 "size digest signature closure :4",
		"sync --check ":                   "size digest :4",
		"packages --output ":              "text json :4",
		"tree --graph ":                   "dot svg :4",
		"version ":                        ":4",
		"sync --config /none/x.yaml full": ":4",
	} {
		args := append([]string{"__complete", "--config", config}, strings.Split(line, " ")...)
		got := strings.Join(strings.Fields(mirrorkeeper(args...).out), " ")
		if got != want {
			t.Errorf("%q is completed to %q, expected %q", line, got, want)
		}
	}
}

// The values that are completed are those that the flags name.
func TestChoicesAreThoseOfTheHelp(t *testing.T) {
	eachCommand(commandLine(), func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			for _, value := range choices(c.Name(), f.Name) {
				if f.Value.Type() != "bool" && !slices.Contains(strings.FieldsFunc(f.Usage, func(r rune) bool { return strings.ContainsRune(" ,:;()`", r) }), value) {
					t.Errorf("%s --%s: %q is completed, but its usage is: %s", c.CommandPath(), f.Name, value, f.Usage)
				}
			}
		})
	})
}

// shell is a real one, or ends the test.
func shell(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed; scripts/install-tools.sh test installs it", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// bashComplete is what happens in bash when TAB is pressed behind a line.
const bashComplete = `
. /usr/share/bash-completion/bash_completion
. ./completion
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
$(complete -p mirrorkeeper | sed 's/.*-F \([^ ]*\).*/\1/') mirrorkeeper
printf '%s\n' "${COMPREPLY[@]}"
`

// The real bash completes with the script that the program writes.
func TestBashCompletes(t *testing.T) {
	bash := shell(t, "bash")
	if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); err != nil {
		shell(t, "bash_completion")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "completion"), mirrorkeeper("completion", "bash").out)
	write(t, filepath.Join(dir, "mirrorkeeper.yaml"), someConfiguration)
	// The script asks the program, which is this test again.
	write(t, filepath.Join(dir, "mirrorkeeper"), "#!/bin/sh\nMIRRORKEEPER_ARGUMENTS=1 exec "+os.Args[0]+" \"$@\"\n")
	if err := os.Chmod(filepath.Join(dir, "mirrorkeeper"), 0o755); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string][]string{
		"mirrorkeeper sy":                    {"sync"},
		"mirrorkeeper sync w":                {"web"},
		"mirrorkeeper create ours --det":     {"--detailed-exit-codes"},
		"mirrorkeeper verify x --level sig":  {"signature"},
		"mirrorkeeper key ex":                {"export"},
		"mirrorkeeper compare-versions --qu": {"--quiet"},
	} {
		c := exec.CommandContext(t.Context(), bash, "--norc", "-c", bashComplete, "bash", line)
		c.Dir = dir
		c.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir}
		out, err := c.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q: %v, bash completes %q, expected %q", line, err, out, want)
		}
	}
}

// The scripts for the other shells are programs to them.
func TestCompletionsAreRead(t *testing.T) {
	for name, flag := range map[string]string{"zsh": "-n", "fish": "--no-execute", "bash": "-n"} {
		t.Run(name, func(t *testing.T) {
			path := shell(t, name)
			r := mirrorkeeper("completion", name)
			if r.code != 0 || !strings.Contains(r.out, "mirrorkeeper") {
				t.Fatalf("exit code %d: %s", r.code, r.errs)
			}
			file := write(t, filepath.Join(t.TempDir(), "completion"), r.out)
			c := exec.CommandContext(t.Context(), path, flag, file)
			c.Env = []string{"HOME=" + filepath.Dir(file), "PATH=" + os.Getenv("PATH")}
			if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
