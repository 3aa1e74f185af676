package main

import (
	"context"
	"errors"
	"time"
)

type loadtestCmd struct {
	Links      string        `help:"File with the links that session create --json printed." required:"" placeholder:"FILE" type:"existingfile"`
	Endpoints  int           `help:"How many sites enter; default all." placeholder:"N"`
	Rate       float64       `help:"Sites entering per second." default:"50"`
	Duration   time.Duration `help:"How long to measure, from when the last site has entered." required:""`
	Publish    bool          `help:"Enter by the host link, start the session and send the reference stage."`
	Simulcast  bool          `help:"Send three renditions."`
	FloorEvery time.Duration `help:"Give another site the floor this often."`
	End        bool          `help:"End the session afterwards."`
	ServerPID  int           `help:"Process of the server on this machine, to report its CPU and memory." name:"server-pid" placeholder:"PID"`
	JSON       bool          `help:"Print JSON." name:"json"`
}

// Run loads the server and prints what was measured.
func (c *loadtestCmd) Run(_ context.Context, _ streams) error {
	return errors.New("loadtest is not built yet")
}
