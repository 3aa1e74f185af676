package anchor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/diemcau/diemcau/internal/durable"
	"github.com/diemcau/diemcau/ledger"
	"github.com/diemcau/diemcau/store"
)

// HeadsFile is the name of the file of heads in a data folder.
const HeadsFile = "heads.jsonl"

// maxHeads is the size at which the file is written anew with the last head of each session.
const maxHeads = 4 << 20

// Record is what heads are read from; *store.Store is it.
type Record interface {
	Sessions(ctx context.Context) ([]store.SessionRow, error)
	Head(ctx context.Context, session string) (ledger.Head, error)
	Entries(ctx context.Context, session string, fromSeq uint64) iter.Seq2[ledger.Entry, error]
}

// heads is the file of heads beside a database: JSON, an anchor a line, the last line of a session counts. It is written and
// forced to the disk after commits, so after a loss of power it may be behind the database by the last of them and never
// ahead: a head that the database does not have was cut off.
type heads struct {
	path string
	file file
	size int64 // of what counts: what stands behind it is the rest of a line that could not be written, and written over
	late bool  // something is not on the disk yet
	torn int   // bytes of a last line without an end, as it was found
	last map[string]ledger.Anchor
	held map[string]struct{} // sessions that contradict the file: their lines stay as they are
}

// file is an *os.File that is written to.
type file interface {
	io.WriterAt
	io.Closer
	Sync() error
}

// openHeads reads the file, or makes it. A torn last line, as a killed process leaves it, is dropped.
func openHeads(path string) (*heads, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	torn := len(text) - whole
	text = text[:whole]
	list, err := ledger.ParseAnchors(text)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; keep a copy of it, and remove it", path, err)
	}
	h := &heads{path: path, torn: torn, last: map[string]ledger.Anchor{}, held: map[string]struct{}{}}
	for _, a := range list {
		h.last[a.Session] = a
	}
	return h, h.rewrite()
}

// rewrite makes the file anew with the last head of each session.
func (h *heads) rewrite() error {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	sessions := make([]string, 0, len(h.last))
	for session := range h.last {
		sessions = append(sessions, session)
	}
	slices.Sort(sessions)
	for _, session := range sessions {
		if err := out.Encode(h.last[session]); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(h.path), "."+HeadsFile+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Sync()); err == nil {
		err = replace(f.Name(), h.path)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if h.file != nil {
		err = h.file.Close()
	}
	h.file, h.size, h.late = f, int64(text.Len()), false
	return err
}

// replace gives a file the name of another, and makes that durable.
func replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return durable.Dir(filepath.Dir(to))
}

// note appends a head; see sync.
func (h *heads) note(a ledger.Anchor) error {
	if _, held := h.held[a.Session]; held || h.last[a.Session].Seq >= a.Seq {
		return nil
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	n, err := h.file.WriteAt(append(line, '\n'), h.size)
	if err != nil {
		return err
	}
	h.size, h.late = h.size+int64(n), true
	h.last[a.Session] = a
	if h.size > maxHeads {
		return h.rewrite()
	}
	return nil
}

// sync forces to the disk what was noted since the last time.
func (h *heads) sync() error {
	if !h.late {
		return nil
	}
	if err := h.file.Sync(); err != nil {
		// What the disk holds of it is not known any more, nor is it told a second time: it is written anew.
		return errors.Join(err, h.rewrite())
	}
	h.late = false
	return nil
}

func (h *heads) close() error { return errors.Join(h.sync(), h.file.Close()) }

// compare returns what the record contradicts of the file: ledgers that were shortened or written anew.
func (h *heads) compare(ctx context.Context, rec Record) ([]*ContradictionError, error) {
	var list []*ContradictionError
	for session, a := range h.last {
		head, err := rec.Head(ctx, session)
		if err != nil {
			return nil, err
		}
		c := &ContradictionError{Session: session, Anchor: a, Last: head.Seq}
		if head.Seq >= a.Seq {
			for e, err := range rec.Entries(ctx, session, a.Seq) {
				if err != nil {
					return nil, err
				}
				c.Rewritten = e.Hash != a.Head
				break
			}
			if !c.Rewritten {
				continue
			}
		}
		h.held[session] = struct{}{}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *ContradictionError) int { return strings.Compare(a.Session, b.Session) })
	return list, nil
}

// ContradictionError is a ledger that is not what the file of heads says.
type ContradictionError struct {
	Session   string
	Anchor    ledger.Anchor // what the file says
	Last      uint64        // Seq of the last entry of the ledger; 0 = it has none
	Rewritten bool          // the entry of the anchor has another hash; otherwise it is missing
}

func (c *ContradictionError) Error() string {
	if c.Rewritten {
		return fmt.Sprintf("session %s: entry %d is not the one that was recorded at %s: its ledger was written anew", c.Session, c.Anchor.Seq,
			c.Anchor.At.Format(time.RFC3339))
	}
	return fmt.Sprintf("session %s: entries %d to %d, recorded until %s, are missing at the end of its ledger", c.Session, c.Last+1, c.Anchor.Seq,
		c.Anchor.At.Format(time.RFC3339))
}

// Compare reads the file of heads of a folder and says in what a record contradicts it; nothing without such a file.
func Compare(ctx context.Context, dir string, record Record) ([]*ContradictionError, error) {
	path := filepath.Join(dir, HeadsFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	h, err := openHeads(path)
	if err != nil {
		return nil, err
	}
	list, err := h.compare(ctx, record)
	return list, errors.Join(err, h.close())
}
