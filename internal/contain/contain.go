// Package contain keeps a panic of what acts for one connection, one session or one answer from outside from ending the
// process. It is for what leaves nothing half written that others see; see docs/security.md for what is not.
package contain

import (
	"errors"
	"log/slog"
	"runtime/debug"
)

// ErrPanic says that a function panicked; the log has the details.
var ErrPanic = errors.New("a fault of the program")

// Report logs and counts what a function panicked with, before its stack is left.
type Report func(panicked any, where ...any)

// Run calls f. If it panics that is reported, and ErrPanic returned.
func Run(report Report, f func() error, where ...any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			report(p, where...)
			err = ErrPanic
		}
	}()
	return f()
}

const maxStack = 16 << 10 // bytes in the log

// Log reports to a log.
func Log(log *slog.Logger) Report {
	return func(p any, where ...any) {
		stack := debug.Stack()
		log.Error(ErrPanic.Error(), append([]any{"panic", p, "stack", string(stack[:min(len(stack), maxStack)])}, where...)...)
	}
}
