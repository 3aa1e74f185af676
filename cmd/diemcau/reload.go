package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/alecthomas/kong"
)

// reloadOnHangup takes what may change into use on SIGHUP until ctx ends: the certificate, the level of the log and the
// trusted proxies. What else has changed in the settings is named in the log, and waits for a restart.
func (c *serveCmd) reloadOnHangup(ctx context.Context, a *app, std streams, level *slog.LevelVar) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			c.reload(a, std, level)
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the settings and the certificate again.
func (c *serveCmd) reload(a *app, std streams, level *slog.LevelVar) {
	if a.certs != nil && a.certs.files != nil {
		a.certs.files.reload()
	}
	now, err := readServe(std)
	if err == nil {
		err = a.trust(now.Proxies)
	}
	if err != nil {
		a.log.Error("the settings were not read again", "err", err)
		return
	}
	if err := level.UnmarshalText([]byte(now.LogLevel)); err != nil {
		a.log.Error("the level of the log stays", "err", err)
	}
	for _, name := range changedFlags(*c, *now) {
		a.log.Warn("a setting has changed that only a restart takes into use", "setting", name)
	}
	a.log.Info("settings were read again")
}

// readServe reads the settings of serve from where they were read first.
func readServe(std streams) (*serveCmd, error) {
	grammar := &cli{}
	parser, err := newParser(grammar, std, func(int) {}, kong.BindTo(context.Background(), (*context.Context)(nil)), kong.Bind(std, grammar))
	if err != nil {
		return nil, err
	}
	if _, err := parser.Parse(std.args); err != nil {
		return nil, err
	}
	return &grammar.Serve, grammar.Serve.check()
}

// changedFlags names the fields that differ, but for those that reload takes into use.
func changedFlags(before, now serveCmd) []string {
	before.LogLevel, before.Proxies = now.LogLevel, now.Proxies
	return changedFields(reflect.ValueOf(before), reflect.ValueOf(now))
}

func changedFields(before, now reflect.Value) []string {
	var list []string
	for i := range before.NumField() {
		field := before.Type().Field(i)
		if field.Type.Kind() == reflect.Struct {
			list = append(list, changedFields(before.Field(i), now.Field(i))...)
			continue
		}
		if !reflect.DeepEqual(fmt.Sprint(reflect.Indirect(before.Field(i))), fmt.Sprint(reflect.Indirect(now.Field(i)))) {
			list = append(list, field.Name)
		}
	}
	return list
}
