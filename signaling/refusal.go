package signaling

import (
	"github.com/diemcau/diemcau/internal/fault"
	"github.com/diemcau/diemcau/signaling/protocol"
)

func refusal(code protocol.Code, detail string) error { return fault.New(code, detail) }
