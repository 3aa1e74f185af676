package main

import (
	"context"
	"fmt"
	"time"
)

// unitFlags are what every change of a single unit says.
type unitFlags struct {
	Code    string `arg:"" help:"Code of the unit."`
	InForce string `help:"Day since which it holds; left out, today." placeholder:"YYYY-MM-DD"`
	target
}

// change asks for a change and prints the map after it.
func (f unitFlags) change(ctx context.Context, std streams, kind string, more map[string]string) error {
	body := map[string]string{"kind": kind, "code": f.Code, "in_force": f.InForce}
	if f.InForce == "" {
		body["in_force"] = time.Now().UTC().Format(time.DateOnly)
	}
	for name, value := range more {
		body[name] = value
	}
	return f.withAPI(ctx, func(a *api) error {
		var answer struct {
			Version int64 `json:"version"`
			Units   int   `json:"units"`
		}
		if err := a.postJSON(ctx, "/api/v1/roster/changes", body, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintf(std.out, "%d units\n", answer.Units)
		return err
	})
}

type unitAddCmd struct {
	Parent string `help:"Code of the unit above it." required:"" placeholder:"CODE"`
	Level  string `help:"Its level." enum:"central,ministry,province,district,commune" default:"commune"`
	Name   string `help:"Its name." required:""`
	unitFlags
}

// Run adds the unit.
func (c *unitAddCmd) Run(ctx context.Context, std streams) error {
	return c.change(ctx, std, "add", map[string]string{"parent_code": c.Parent, "level": c.Level, "name": c.Name})
}

type unitRenameCmd struct {
	Name string `help:"Its new name." required:""`
	unitFlags
}

// Run renames the unit.
func (c *unitRenameCmd) Run(ctx context.Context, std streams) error {
	return c.change(ctx, std, "rename", map[string]string{"name": c.Name})
}

type unitMoveCmd struct {
	Parent string `help:"Code of the unit that it is below now." required:"" placeholder:"CODE"`
	unitFlags
}

// Run moves the unit with all below it.
func (c *unitMoveCmd) Run(ctx context.Context, std streams) error {
	return c.change(ctx, std, "move", map[string]string{"parent_code": c.Parent})
}

type unitMergeCmd struct {
	Into string `help:"Code of the unit that it became part of." required:"" placeholder:"CODE"`
	unitFlags
}

// Run merges the unit into another one; of a unit that is no longer there it says what became of it.
func (c *unitMergeCmd) Run(ctx context.Context, std streams) error {
	return c.change(ctx, std, "merge", map[string]string{"into": c.Into})
}

type unitChangesCmd struct{ target }

// Run prints the changes as JSON.
func (c *unitChangesCmd) Run(ctx context.Context, std streams) error {
	return c.print(ctx, std, "/api/v1/roster/changes")
}
