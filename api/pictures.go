package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/diemcau/diemcau/access"
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/diemcau/diemcau/store"
)

// Pictures says whether still pictures of the sites are kept as evidence of attendance, and for how long.
type Pictures struct {
	Every time.Duration // one of each site so often while a session is live; 0 = none
	Kept  time.Duration // then they are erased; wanted if Every is set
}

// pictureRecord is what keeping pictures needs of the store.
type pictureRecord interface {
	SavePicture(ctx context.Context, session string, p store.Picture) error
	Picture(ctx context.Context, session, commitment string) (store.Picture, error)
	ErasePictures(ctx context.Context, before time.Time) (int64, error)
}

// commitTo is the commitment of the ledger to a picture.
func commitTo(salt, jpeg []byte) string {
	sum := sha256.Sum256(append(bytes.Clone(salt), jpeg...))
	return hex.EncodeToString(sum[:])
}

// keepPicture keeps a picture of a connected site as evidence: first the picture, then the entry that commits to it.
func (a picturesAPI) keepPicture(ctx context.Context, session, endpoint, conn string, jpeg []byte) error {
	s := a.api
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	p := store.Picture{Commitment: commitTo(salt, jpeg), Salt: hex.EncodeToString(salt), JPEG: jpeg, TakenAt: s.now()}
	if err := s.record.SavePicture(ctx, session, p); err != nil {
		return err
	}
	cmd := meeting.KeepPicture{Endpoint: endpoint, Conn: conn, Picture: p.Commitment, Bytes: len(jpeg)}
	return s.live.Command(ctx, session, cmd, meeting.Actor{})
}

// getPicture shows a picture that was kept, by the entry that tells of it.
func (a picturesAPI) getPicture(w http.ResponseWriter, r *http.Request, _ access.Identity) error {
	ctx, id := r.Context(), r.PathValue("id")
	seq, err := strconv.ParseUint(r.PathValue("entry"), 10, 63)
	if err != nil || seq == 0 {
		return fault.New(protocol.CodeBadRequest, "an entry is a number")
	}
	if err := a.known(ctx, id); err != nil {
		return err
	}
	kept, err := a.pictureOf(ctx, id, seq)
	if err != nil {
		return err
	}
	p, err := a.api.record.Picture(ctx, id, kept.Picture)
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(protocol.CodeNotFound, "the picture was erased")
	}
	if err != nil {
		return err
	}
	if salt, err := hex.DecodeString(p.Salt); err != nil || commitTo(salt, p.JPEG) != kept.Picture {
		return errors.New("a picture is not what the ledger commits to")
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, no-store")
	http.ServeContent(w, r, "", p.TakenAt, bytes.NewReader(p.JPEG))
	return nil
}

// pictureOf returns what an entry of the ledger says of a picture.
func (a picturesAPI) pictureOf(ctx context.Context, session string, seq uint64) (*meeting.PictureKept, error) {
	for e, err := range a.api.record.Entries(ctx, session, seq) {
		if err != nil {
			return nil, err
		}
		ev, err := e.Event()
		if err != nil {
			return nil, err
		}
		if kept, ok := ev.(*meeting.PictureKept); ok && e.Seq == seq {
			return kept, nil
		}
		break
	}
	return nil, fault.New(protocol.CodeNotFound, "no picture in this entry")
}

// forgetPictures erases pictures that were kept long enough.
func (s retention) forgetPictures(ctx context.Context) error {
	n, err := s.record.ErasePictures(ctx, s.now().Add(-s.pictures.Kept))
	if n > 0 {
		s.log.Info("erased the pictures that were kept long enough", "pictures", n)
	}
	return err
}
