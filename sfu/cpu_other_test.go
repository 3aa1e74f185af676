//go:build !unix

package sfu

import (
	"testing"
	"time"
)

// processTime is not measured here.
func processTime(testing.TB) time.Duration { return 0 }
