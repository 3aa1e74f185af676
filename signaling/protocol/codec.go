package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// DecodeError says why bytes from outside are not a message of this protocol.
type DecodeError struct {
	Type Type // as far as it could be read
	Err  error
}

func (e *DecodeError) Error() string {
	if e.Type == "" {
		return "not a message: " + e.Err.Error()
	}
	return fmt.Sprintf("message %q: %v", e.Type, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// ErrUnknownType is wrapped in the DecodeError of a message that this version does not have.
var ErrUnknownType = errors.New("unknown type")

// ClientMessages returns an empty message of every type that a client sends.
func ClientMessages() []Message {
	return []Message{
		Hello{}, Leave{}, Pong{}, Answer{}, PeerFailed{}, Received{}, Start{}, End{}, RaiseHand{}, LowerHand{}, StandBy{}, Grant{}, Revoke{},
		Confirm{}, Mute{}, Remove{}, RollCall{}, RollCallAnswer{}, Headcount{}, Delegates{}, Watch{},
		Lock{}, HandOver{}, Agenda{}, Budget{}, SendMessage{}, Receive{}, Frozen{}, Microphone{},
	}
}

// ServerMessages returns an empty message of every type that the server sends.
func ServerMessages() []Message {
	return []Message{
		Welcome{}, State{}, Session{}, Self{}, Sites{}, Presence{}, Offer{}, ClosePeer{}, Ping{}, Ok{}, Error{}, Reconnect{}, Recording{}, ChatMessage{},
		Demand{}, Speaking{},
	}
}

// Encode returns the text of a message; a positive id makes it a request to be answered.
func Encode(m Message, id int64) ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.MessageType(), err)
	}
	out := make([]byte, 0, len(body)+40)
	out = append(out, `{"type":`...)
	out = strconv.AppendQuote(out, string(m.MessageType()))
	if id > 0 {
		out = append(out, `,"id":`...)
		out = strconv.AppendInt(out, id, 10)
	}
	if len(body) > len("{}") {
		out = append(out, ',')
	}
	return append(out, body[1:]...), nil
}

// Codec decodes the messages of one direction. Make one with ClientCodec or ServerCodec; it may be shared.
type Codec struct {
	strict bool
	shapes map[Type]shape
}

// shape decodes one type of message. wire has the fields of the message behind the two of every frame, so that
// a strict decoder knows all members that may stand at the top.
type shape struct {
	message reflect.Type
	wire    reflect.Type
	first   int // index in wire of the message's first field
}

// ClientCodec decodes what clients send: unknown types and fields are errors.
func ClientCodec() *Codec { return newCodec(ClientMessages(), true) }

// ServerCodec decodes what the server sends: unknown fields are skipped, so that a newer server may add some.
func ServerCodec() *Codec { return newCodec(ServerMessages(), false) }

func newCodec(messages []Message, strict bool) *Codec {
	c := &Codec{strict: strict, shapes: make(map[Type]shape, len(messages))}
	for _, m := range messages {
		t := reflect.TypeOf(m)
		fields := []reflect.StructField{{Name: "FrameType", Type: reflect.TypeFor[Type](), Tag: `json:"type"`}}
		if f, ok := t.FieldByName("ID"); !ok || f.Tag.Get("json") != "id" && f.Tag.Get("json") != "id,omitempty" {
			fields = append(fields, reflect.StructField{Name: "FrameID", Type: reflect.TypeFor[int64](), Tag: `json:"id"`})
		}
		sh := shape{message: t, first: len(fields)}
		for f := range t.Fields() {
			fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
		}
		sh.wire = reflect.StructOf(fields)
		c.shapes[m.MessageType()] = sh
	}
	return c
}

var errNUL = errors.New("the character U+0000 has no place in a text")

// Decode reads one message and its id, 0 when it has none. Every error is a *DecodeError; the id is returned
// as far as it could be read.
func (c *Codec) Decode(data []byte) (id int64, m Message, err error) {
	var head struct {
		Type Type  `json:"type"`
		ID   int64 `json:"id"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return 0, nil, &DecodeError{Err: err}
	}
	if HasNUL(data) {
		return max(head.ID, 0), nil, &DecodeError{Type: head.Type, Err: errNUL}
	}
	if head.ID < 0 {
		return 0, nil, &DecodeError{Type: head.Type, Err: errors.New("negative id")}
	}
	sh, ok := c.shapes[head.Type]
	if !ok {
		return head.ID, nil, &DecodeError{Type: head.Type, Err: ErrUnknownType}
	}
	wire := reflect.New(sh.wire)
	dec := json.NewDecoder(bytes.NewReader(data))
	if c.strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(wire.Interface()); err != nil {
		return head.ID, nil, &DecodeError{Type: head.Type, Err: err}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return head.ID, nil, &DecodeError{Type: head.Type, Err: errors.New("trailing data")}
	}
	msg := reflect.New(sh.message).Elem()
	for i := range sh.message.NumField() {
		msg.Field(i).Set(wire.Elem().Field(sh.first + i))
	}
	return head.ID, msg.Interface().(Message), nil //nolint:forcetypeassert // shapes holds only messages
}
