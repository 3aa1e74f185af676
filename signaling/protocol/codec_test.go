package protocol

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	client := []Message{
		Hello{Version: 1, Token: "t", Resume: "c", TakeOver: true, Device: "Firefox"},
		Leave{}, Pong{T: 5}, Answer{Peer: "p", SDP: "v=0"}, Grant{Endpoint: "C1", Slot: "floor2"},
		Mute{Muted: true}, Delegates{Delegates: []Delegate{{Name: "Nguyễn Văn A", Title: "Chủ tịch", AttendingFor: "B"}}},
	}
	server := []Message{
		Welcome{Version: 1, Conn: "c", Session: SessionInfo{ID: "s"}, Self: SelfInfo{Code: "C1", Parents: []string{"a"}}},
		State{Phase: "live", Stage: []StageSlot{{Slot: "main", Endpoint: "@host"}}}, Ok{ID: 7}, Error{ID: 7, Code: "x"}, Error{Code: "y"},
		Sites{Units: []UnitInfo{}, Endpoints: []SiteInfo{{SiteState: SiteState{Code: "C1", State: "lost"}, Name: "n"}}},
	}
	for _, dir := range []struct {
		codec    *Codec
		messages []Message
	}{{ClientCodec(), client}, {ServerCodec(), server}} {
		for _, want := range dir.messages {
			var id int64
			switch m := want.(type) {
			case Ok:
				id = m.ID
			case Error:
				id = m.ID
			default:
				id = 41
			}
			sent := id
			if _, own := want.(Ok); own {
				sent = 0 // the message carries its id itself
			}
			if _, own := want.(Error); own {
				sent = 0
			}
			data, err := Encode(want, sent)
			if err != nil {
				t.Fatal(err)
			}
			gotID, got, err := dir.codec.Decode(data)
			if err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			if gotID != id {
				t.Errorf("%s: id %d, want %d", data, gotID, id)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: %s", data, d)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	codec := ClientCodec()
	for name, tc := range map[string]struct {
		in      string
		typ     Type
		unknown bool
	}{
		"empty":             {in: ""},
		"not JSON":          {in: "hello"},
		"array":             {in: `[{"type":"leave"}]`},
		"null":              {in: "null", unknown: true},
		"no type":           {in: `{}`, unknown: true},
		"unknown type":      {in: `{"type":"dance"}`, typ: "dance", unknown: true},
		"server's type":     {in: `{"type":"welcome"}`, typ: "welcome", unknown: true},
		"unknown field":     {in: `{"type":"leave","now":1}`, typ: "leave"},
		"unknown inner":     {in: `{"type":"delegates","delegates":[{"name":"a","age":9}]}`, typ: "delegates"},
		"wrong field type":  {in: `{"type":"mute","muted":"yes"}`, typ: "mute"},
		"trailing message":  {in: `{"type":"leave"}{"type":"leave"}`},
		"trailing text":     {in: `{"type":"leave"} x`},
		"negative id":       {in: `{"type":"leave","id":-1}`, typ: "leave"},
		"fractional id":     {in: `{"type":"leave","id":1.5}`},
		"huge id":           {in: `{"type":"leave","id":99999999999999999999}`},
		"depth bomb":        {in: `{"type":"delegates","delegates":` + strings.Repeat("[", 100_000)},
		"closed depth bomb": {in: `{"type":"leave","x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`},
		"broken escape":     {in: `{"type":"leave\u12"}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, m, err := codec.Decode([]byte(tc.in))
			var de *DecodeError
			if !errors.As(err, &de) {
				t.Fatalf("got %v, %v; want a DecodeError", m, err)
			}
			if de.Type != tc.typ || errors.Is(err, ErrUnknownType) != tc.unknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestClientSkipsNewFields(t *testing.T) {
	_, m, err := ServerCodec().Decode([]byte(`{"type":"ping","t":3,"later":{"a":[1]}}`))
	if err != nil || m != (Ping{T: 3}) {
		t.Fatalf("got %v, %v", m, err)
	}
}

// Whatever the bytes are, decoding ends in a message that encodes again to the same, or in a DecodeError.
func FuzzDecode(f *testing.F) {
	for _, m := range ClientMessages() {
		data, err := Encode(m, 3)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"type":"delegates","delegates":[{"name":"a"},null]}`))
	f.Add([]byte(`{"TYPE":"leave","type":"pong","t":1}`))
	codec := ClientCodec()
	f.Fuzz(func(t *testing.T, data []byte) {
		id, m, err := codec.Decode(data)
		if err != nil {
			var de *DecodeError
			if !errors.As(err, &de) || m != nil {
				t.Fatalf("got %v, %v", m, err)
			}
			return
		}
		again, err := Encode(m, id)
		if err != nil {
			t.Fatal(err)
		}
		id2, m2, err := codec.Decode(again)
		if err != nil || id2 != id || cmp.Diff(m, m2) != "" {
			t.Fatalf("%q became %q: %v", data, again, err)
		}
	})
}
