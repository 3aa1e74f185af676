package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

type healthCmd struct {
	Data string `help:"Data folder of the server." default:"./data" placeholder:"DIR" type:"path"`
}

// errNoServer says that nobody answers on the folder's socket.
var errNoServer = errors.New("no server runs on this data folder")

// Run asks the server of a data folder whether it is ready, as health checks of containers do where there is no shell.
func (c *healthCmd) Run(ctx context.Context, std streams) (err error) {
	live, err := dialAdmin(ctx, c.Data)
	if err != nil {
		return err
	}
	if live == nil {
		return fmt.Errorf("%w: %s", errNoServer, c.Data)
	}
	defer func() { err = errors.Join(err, live.close()) }()
	body, err := live.do(ctx, http.MethodGet, "/readyz", "", nil)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(std.out, io.LimitReader(body, 4<<10))
	return err
}
