package main

import (
	"context"
	"errors"
)

type attendanceVerifyCmd struct {
	File string `arg:"" help:"Exported ledger (JSONL)." type:"existingfile"`
}

// Run checks the ledger offline.
func (c *attendanceVerifyCmd) Run(_ context.Context, _ streams) error {
	return errors.New("not yet")
}
