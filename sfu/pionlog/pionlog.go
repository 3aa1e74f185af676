// Package pionlog lets Pion log through a slog.Logger.
package pionlog

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// Factory makes Pion's loggers. What Pion calls a warning or an error mostly concerns one browser, so nothing of it
// is logged above Debug.
type Factory struct{ Logger *slog.Logger }

// NewLogger returns the logger of one of Pion's scopes.
func (f Factory) NewLogger(scope string) logging.LeveledLogger {
	return &leveled{f.Logger.With("scope", scope)}
}

// levelTrace lies below Debug.
const levelTrace = slog.LevelDebug - 4

type leveled struct{ log *slog.Logger }

func (l *leveled) write(level slog.Level, msg string) {
	l.log.Log(context.Background(), level, msg)
}

func (l *leveled) writef(level slog.Level, format string, args []any) {
	if l.log.Enabled(context.Background(), level) {
		l.write(level, fmt.Sprintf(format, args...))
	}
}

func (l *leveled) Trace(msg string)                  { l.write(levelTrace, msg) }
func (l *leveled) Tracef(format string, args ...any) { l.writef(levelTrace, format, args) }
func (l *leveled) Debug(msg string)                  { l.write(levelTrace, msg) }
func (l *leveled) Debugf(format string, args ...any) { l.writef(levelTrace, format, args) }
func (l *leveled) Info(msg string)                   { l.write(levelTrace, msg) }
func (l *leveled) Infof(format string, args ...any)  { l.writef(levelTrace, format, args) }
func (l *leveled) Warn(msg string)                   { l.write(slog.LevelDebug, msg) }
func (l *leveled) Warnf(format string, args ...any)  { l.writef(slog.LevelDebug, format, args) }
func (l *leveled) Error(msg string)                  { l.write(slog.LevelDebug, msg) }
func (l *leveled) Errorf(format string, args ...any) { l.writef(slog.LevelDebug, format, args) }
