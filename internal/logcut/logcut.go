// Package logcut keeps what strangers send from filling a log: every attribute is cut.
package logcut

import (
	"fmt"
	"log/slog"
	"unicode/utf8"
)

const (
	most  = 512      // bytes of a value
	stack = 16 << 10 // bytes of a stack
	mark  = "…(cut)" // stands where something is missing
	// StackKey is the attribute that may hold a stack.
	StackKey = "stack"
)

// Attr cuts an attribute, also the message (slog.HandlerOptions.ReplaceAttr).
func Attr(_ []string, a slog.Attr) slog.Attr {
	limit := most
	if a.Key == StackKey {
		limit = stack
	}
	switch v := a.Value.Resolve(); v.Kind() { //nolint:exhaustive // numbers and times are short; members of a group come one by one
	case slog.KindString:
		a.Value = slog.StringValue(Text(v.String(), limit))
	case slog.KindAny:
		switch one := v.Any().(type) {
		case slog.Level, *slog.Source:
		case error:
			a.Value = slog.StringValue(Text(one.Error(), limit))
		case []byte:
			a.Value = slog.StringValue(Text(fmt.Sprintf("%q", one[:min(len(one), limit)]), limit))
		default:
			a.Value = slog.StringValue(Text(fmt.Sprint(one), limit))
		}
	}
	a.Key = Text(a.Key, most)
	return a
}

// Text cuts a text to so many bytes, between two runes.
func Text(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}
