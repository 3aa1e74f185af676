//go:build !linux

package doctor

import (
	"errors"
	"os"
)

// KernelBuffers knows nothing here.
func KernelBuffers() Finding { return unknown("socket buffers", errors.ErrUnsupported) }

// KernelClock knows nothing here.
func KernelClock() Finding { return unknown("the clock", errors.ErrUnsupported) }

// Folder knows only whether the folder is there.
func Folder(dir string) (kind, space Finding) {
	if _, err := os.Stat(dir); err != nil {
		f := Finding{LevelFail, err.Error(), "a data folder that is there (--data)"}
		return f, f
	}
	f := unknown("the file system", errors.ErrUnsupported)
	return f, f
}
