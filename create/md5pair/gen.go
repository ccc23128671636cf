//go:build ignore

// Writes blocks_amd64.s.
package main

import (
	"fmt"
	"math"
	"os"
	"strings"
)

// lane is the registers that one of the two messages is digested in.
type lane struct {
	state   [4]string
	message string
	t, u    string // for what is only needed within a step
}

var lanes = [2]lane{
	{[4]string{"AX", "BX", "CX", "DX"}, "SI", "R12", "R15"},
	{[4]string{"R8", "R9", "R10", "R11"}, "DI", "R13", "R14"},
}

// rotations of the four steps in each round (RFC 1321, 3.4).
var rotations = [4][4]int{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}

// word is which word of the message a step adds.
func word(step int) int {
	switch step / 16 {
	case 0:
		return step
	case 1:
		return (1 + 5*step) % 16
	case 2:
		return (5 + 3*step) % 16
	}
	return 7 * step % 16
}

// instructions of one step in one lane.
func instructions(step int, l lane) []string {
	n := step % 4
	a, b, c, d := l.state[(4-n)%4], l.state[(5-n)%4], l.state[(6-n)%4], l.state[(7-n)%4]
	constant := int32(uint32(math.Floor(math.Abs(math.Sin(float64(step+1))) * (1 << 32))))
	add := []string{
		fmt.Sprintf("ADDL %d(%s), %s", 4*word(step), l.message, a),
		fmt.Sprintf("ADDL $%d, %s", constant, a),
	}
	var mix []string
	switch step / 16 {
	case 0: // d ^ (b & (c ^ d))
		mix = []string{"MOVL " + c + ", " + l.t, "XORL " + d + ", " + l.t, "ANDL " + b + ", " + l.t, "XORL " + d + ", " + l.t, "ADDL " + l.t + ", " + a}
	case 1: // (c &^ d) + (b & d), which have no bit in common
		mix = []string{
			"MOVL " + d + ", " + l.t, "NOTL " + l.t, "ANDL " + c + ", " + l.t, "ADDL " + l.t + ", " + a,
			"MOVL " + d + ", " + l.u, "ANDL " + b + ", " + l.u, "ADDL " + l.u + ", " + a,
		}
	case 2: // b ^ (c ^ d)
		mix = []string{"MOVL " + c + ", " + l.t, "XORL " + d + ", " + l.t, "XORL " + b + ", " + l.t, "ADDL " + l.t + ", " + a}
	case 3: // c ^ (b | ^d)
		mix = []string{"MOVL " + d + ", " + l.t, "NOTL " + l.t, "ORL " + b + ", " + l.t, "XORL " + c + ", " + l.t, "ADDL " + l.t + ", " + a}
	}
	return append(append(add, mix...), fmt.Sprintf("ROLL $%d, %s", rotations[step/16][n], a), "ADDL "+b+", "+a)
}

func main() {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	say("// Written by gen.go. DO NOT EDIT.\n\n#include \"textflag.h\"\n")
	say("// func blocks(first, second *[4]uint32, one, other *byte, n int)")
	say("TEXT ·blocks(SB), NOSPLIT, $40-40")
	say("\tMOVQ one+16(FP), SI\n\tMOVQ other+24(FP), DI\n\tMOVQ n+32(FP), R15\n\tSHLQ $6, R15\n\tADDQ SI, R15\n\tMOVQ R15, end-40(SP)")
	for i, name := range []string{"first+0(FP)", "second+8(FP)"} {
		say("\tMOVQ %s, R12", name)
		for j, r := range lanes[i].state {
			say("\tMOVL %d(R12), %s", 4*j, r)
		}
	}
	say("\nloop:")
	for i, l := range lanes {
		for j, r := range l.state {
			say("\tMOVL %s, saved%d-%d(SP)", r, 4*i+j, 4*(4*i+j)+4)
		}
	}
	for step := range 64 {
		one, other := instructions(step, lanes[0]), instructions(step, lanes[1])
		for i := range one {
			say("\t%s\n\t%s", one[i], other[i])
		}
	}
	for i, l := range lanes {
		for j, r := range l.state {
			say("\tADDL saved%d-%d(SP), %s", 4*i+j, 4*(4*i+j)+4, r)
		}
	}
	say("\tADDQ $64, SI\n\tADDQ $64, DI\n\tCMPQ SI, end-40(SP)\n\tJB loop\n")
	for i, name := range []string{"first+0(FP)", "second+8(FP)"} {
		say("\tMOVQ %s, R12", name)
		for j, r := range lanes[i].state {
			say("\tMOVL %s, %d(R12)", r, 4*j)
		}
	}
	say("\tRET")
	if err := os.WriteFile("blocks_amd64.s", []byte(out.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
