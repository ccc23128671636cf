package manual

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInline(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                        "plain",
		"`--to DIR`, or":               `\fB\-\-to DIR\fR, or`,
		"**all** of *them*":            `\fBall\fR of \fIthem\fR`,
		"see [there](howto.md#x)":      "see there",
		"at [it](https://example.org)": "at it <https://example.org>",
		`a\b 'c' ~d ^e`:                `a\eb \(aqc\(aq \(tid \(hae`,
		"[`create`](commands.md) it":   `\fBcreate\fR it`,
		"2 * 3 * 4":                    "2 * 3 * 4",
		"`python3-*` and `[abc]`":      `\fBpython3\-*\fR and \fB[abc]\fR`,
	} {
		if got := inline(text); got != want {
			t.Errorf("%q becomes %q, expected %q", text, got, want)
		}
	}
}

const document = `# The file

Says what
to do.

    a: b

    c: d

## Keys: ` + "`keys.NAME`" + `

| Key | Type | Default | Meaning | Example |
| --- | --- | --- | --- | --- |
| ` + "`from`" + ` | list | required | Names. | ` + "`from: [a]`" + ` |
| ` + "`how`" + ` | ` + "`a` \\| `b`" + ` | ` + "`a`" + ` | Way. | ` + "`how: b`" + ` |

1. One:

       code

2. Two
   goes on.

- .dot
`

func TestFile(t *testing.T) {
	want := `.\" Made by mirrorkeeper manual of the commands and docs/; do not edit.
.TH "TOOL.YAML" "5" "" "tool 1.0"
.SH "NAME"
tool.yaml \- configuration
.SH "DESCRIPTION"
Says what to do.
.PP
.RS "4"
.nf
a: b

c: d
.fi
.RE
.SH "KEYS: keys.NAME"
.TP
\fBfrom\fR
(list; required) Names.
.br
Example: \fBfrom: [a]\fR
.TP
\fBhow\fR
(\fBa\fR | \fBb\fR; default: \fBa\fR) Way.
.br
Example: \fBhow: b\fR
.IP "1." "4"
One:
.RS
.PP
.RS "4"
.nf
code
.fi
.RE
.RE
.IP "2." "4"
Two goes on.
.IP "\(bu" "4"
\&.dot
.SH "SEE ALSO"
\fBtool\fR(1)
`
	got := About{Program: "tool", Version: "1.0"}.File("tool.yaml", "Configuration", document)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
}

var (
	macro    = regexp.MustCompile(`^\.(\\"|TH|SH|SS|PP|RS|RE|nf|fi|IP|TP|br)( |$)`)
	sequence = regexp.MustCompile(`\\(.|$)(.{0,2})`)
)

// Whatever a document says, its page has no macros and escapes but those that are meant.
func FuzzFile(f *testing.F) {
	f.Add(document)
	f.Add("| a |\n| --- |\n|\n||||\n")
	f.Add("- \n-\n1. x\n    y\n```\n.so /etc/passwd\n'x")
	f.Add("```\n\\X'\"\n```\n`` a`b ``\n[a](b)[c](http://d)")
	f.Fuzz(func(t *testing.T, markdown string) {
		if strings.ContainsAny(markdown, "\x00\r") {
			return
		}
		page := About{Program: "tool", Version: "1"}.File("tool", "x", markdown)
		for line := range strings.SplitSeq(page, "\n") {
			if (strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'")) && !macro.MatchString(line) {
				t.Fatalf("the page has the line %q", line)
			}
			if strings.HasPrefix(line, `.\"`) {
				continue
			}
			for _, m := range sequence.FindAllStringSubmatch(line, -1) {
				if !strings.Contains(`-e&f(`, m[1]) || m[1] == "" || m[1] == "f" && !strings.Contains("BIR", m[2][:1]) || m[1] == "(" && !strings.Contains("aq ga ha ti dq bu", m[2]) {
					t.Fatalf("the page has the escape %q in %q", m[0], line)
				}
			}
		}
	})
}
