package api

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Bounds of a file that is made before it is sent.
const (
	spoolMemory = 1 << 20 // beyond that it is kept on disk
	maxSpool    = 1 << 30
)

var errSpool = errors.New("the file is too large")

// spool keeps what is written until it is known to be whole: an error must not become half a file. A large one waits in
// a temporary file, so what many ask for at once takes disk, not memory. It is closed by who made it.
type spool struct {
	small bytes.Buffer
	file  *os.File // nil while small is enough
	size  int64
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (n int, err error) {
	if s.size+int64(len(p)) > maxSpool {
		return 0, errSpool
	}
	s.size += int64(len(p))
	if s.file == nil {
		if s.size <= spoolMemory {
			return s.small.Write(p)
		}
		if s.file, err = temporary("diemcau-report-"); err != nil {
			return 0, err
		}
		if _, err := s.small.WriteTo(s.file); err != nil {
			return 0, err
		}
		s.small = bytes.Buffer{}
	}
	return s.file.Write(p)
}

// sendTo writes all of it.
func (s *spool) sendTo(w io.Writer) error {
	if s.file == nil {
		_, err := s.small.WriteTo(w)
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(w, s.file, s.size)
	return err
}

// Close removes the temporary file.
func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	return discard(s.file)
}

// temporary makes a file that only its owner reads, and that has no name any more: who kills the process leaves nothing of it.
// Where an open file cannot be removed, discard does.
func temporary(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern) // 0600
	if err == nil {
		_ = os.Remove(f.Name())
	}
	return f, err
}

func discard(f *os.File) error {
	err := f.Close()
	if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
