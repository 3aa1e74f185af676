// Package doctor looks at what a server needs of its machine and names the command that mends what is wrong.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Level is how bad a finding is.
type Level int

// The levels of findings.
const (
	LevelOK   Level = iota // as it should be
	LevelNote              // could not be looked at, or is not used
	LevelWarn              // works, but not for a large session
	LevelFail              // a session would suffer, or nothing begins
)

// String is the word that is printed.
func (l Level) String() string { return [...]string{"ok", "note", "warn", "FAIL"}[l] }

// MarshalText writes the level in small letters.
func (l Level) MarshalText() ([]byte, error) { return []byte(strings.ToLower(l.String())), nil }

// Finding is what a check saw. Mend is the command or setting that helps, empty if nothing has to be done.
type Finding struct {
	Level Level  `json:"level"`
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"`
}

// Check is one thing that is looked at.
type Check struct {
	Name string
	Run  func(ctx context.Context) Finding
}

// Result is a finding with the name of its check.
type Result struct {
	Check string `json:"check"`
	Finding
}

const checkWithin = 10 * time.Second

// Examine runs the checks one after another; each has ten seconds.
func Examine(ctx context.Context, checks []Check) []Result {
	results := make([]Result, 0, len(checks))
	for _, c := range checks {
		within, cancel := context.WithTimeout(ctx, checkWithin)
		results = append(results, Result{c.Name, c.Run(within)})
		cancel()
	}
	return results
}

// Worst is the highest level of some results.
func Worst(results []Result) Level {
	worst := LevelOK
	for _, r := range results {
		worst = max(worst, r.Level)
	}
	return worst
}

// Write prints a line for each result, and under it what mends it.
func Write(w io.Writer, results []Result) error {
	var out strings.Builder
	for _, r := range results {
		fmt.Fprintf(&out, "%-4s  %-16s %s\n", r.Level, r.Check, r.Found)
		if r.Mend != "" {
			fmt.Fprintf(&out, "      %-16s -> %s\n", "", r.Mend)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func ok(format string, args ...any) Finding {
	return Finding{LevelOK, fmt.Sprintf(format, args...), ""}
}

func note(format string, args ...any) Finding {
	return Finding{LevelNote, fmt.Sprintf(format, args...), ""}
}
