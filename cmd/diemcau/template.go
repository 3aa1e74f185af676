package main

import (
	"context"

	"github.com/diemcau/diemcau/roster"
)

type rosterTemplateCmd struct {
	Out string `help:"XLSX file to write, or - for standard output." required:"" placeholder:"FILE"`
}

// Run writes the workbook in which an office fills in its units.
func (c *rosterTemplateCmd) Run(ctx context.Context, std streams) error {
	if c.Out == "-" {
		return roster.WriteTemplate(std.out)
	}
	return writeFile(ctx, c.Out, roster.WriteTemplate)
}
