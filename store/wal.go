package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
)

// leftover is what SQLite will not take from the write-ahead log of a process that was killed. It drops such
// frames without a word.
type leftover struct {
	interrupted int // frames of a change that was never committed, torn or whole, or of one whose end was cut off
	damaged     int // at least so many frames of committed changes are not what was written, or follow one that is not
}

// The format of the log: https://www.sqlite.org/fileformat2.html#walformat
const (
	walHeader   = 32
	frameHeader = 24
)

// inspectLog reads a write-ahead log as SQLite's recovery will. No log is nothing left over.
func inspectLog(path string) (leftover, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return leftover{}, nil
	}
	if err != nil {
		return leftover{}, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	header := make([]byte, walHeader)
	if _, err := io.ReadFull(in, header); err != nil {
		return leftover{}, ignoreShort(err) // an empty log
	}
	sum := checksum{order: binary.LittleEndian}
	if header[3]&1 == 1 {
		sum.order = binary.BigEndian
	}
	pageSize := binary.BigEndian.Uint32(header[8:])
	if sum.add(header[:24]); !sum.is(header[24:]) || pageSize < 512 || pageSize > 1<<16 {
		return leftover{damaged: 1}, nil // whatever follows is dropped
	}
	return readFrames(in, sum, header[16:24], int(pageSize))
}

// readFrames counts the frames of this generation of the log, which bear its salt, that recovery drops: those
// from the first with a wrong checksum on, and those after the last commit.
func readFrames(in io.Reader, sum checksum, salt []byte, pageSize int) (leftover, error) {
	frame := make([]byte, frameHeader+pageSize)
	pending := 0 // frames since the last commit that recovery takes
	bad, committed := false, false
	result := func() leftover {
		if committed {
			return leftover{damaged: pending}
		}
		return leftover{interrupted: pending}
	}
	for {
		switch n, err := io.ReadFull(in, frame); {
		case n < frameHeader || !bytes.Equal(frame[8:16], salt): // the end, or what an earlier generation left
			return result(), ignoreShort(err)
		case errors.Is(err, io.ErrUnexpectedEOF): // torn within the frame
			pending++
			return result(), nil
		case err != nil:
			return leftover{}, err
		}
		sum.add(frame[:8])
		sum.add(frame[frameHeader:])
		bad = bad || !sum.is(frame[16:])
		commits := binary.BigEndian.Uint32(frame[4:]) != 0
		if commits && !bad {
			pending = 0
			continue
		}
		pending++
		committed = committed || commits
	}
}

func ignoreShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// checksum is the running sum of a log.
type checksum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

// add takes in bytes, a multiple of eight.
func (c *checksum) add(data []byte) {
	for ; len(data) >= 8; data = data[8:] {
		c.s0 += c.order.Uint32(data) + c.s1
		c.s1 += c.order.Uint32(data[4:]) + c.s0
	}
}

func (c *checksum) is(stored []byte) bool {
	return binary.BigEndian.Uint32(stored) == c.s0 && binary.BigEndian.Uint32(stored[4:]) == c.s1
}

// reportLeftover tells what is about to be dropped.
func reportLeftover(log *slog.Logger, path string) error {
	left, err := inspectLog(path)
	if err != nil {
		return err
	}
	if left.interrupted > 0 {
		log.Warn("the last write was interrupted and is undone; nobody was told of it, unless the log was cut behind the server's back: "+
			"the file of heads tells", "log", path, "pages", left.interrupted)
	}
	if left.damaged > 0 {
		log.Error("the database's log is damaged: acknowledged entries may be lost; compare with exported ledgers or restore a backup", "log", path, "pages",
			left.damaged)
	}
	return nil
}
