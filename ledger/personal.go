package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Personal is the part of an event that concerns people: names of delegates, telephone numbers, what somebody
// wrote. It stands beside the ledger, which holds a commitment to it, SHA-256(salt ‖ canonical value), so that it
// can be erased and the chain still be verified. The salt goes with it: without the salt nobody can find the
// value by trial.
type Personal struct {
	Salt  string          `json:"salt"` // 128 random bits, hex
	Value json.RawMessage `json:"value"`
}

// commitmentMember takes the place of what was taken out of Data.
const commitmentMember = "commitment"

type members = map[string]json.RawMessage

// personalMember is the member of an event that is personal as a whole; empty if none is.
func personalMember(kind string) string {
	switch kind {
	case "delegates":
		return "delegates"
	case "particulars":
		return "officials"
	case "message", "note":
		return "text"
	case "help_phone":
		return "phone"
	}
	return ""
}

// seats reports whether events of a kind list endpoints, with their telephone numbers.
func seats(kind string) bool { return kind == "convened" || kind == "sites_added" }

// extract removes what is personal from an event's members and returns it; nil if there is nothing.
func extract(kind string, event members) (json.RawMessage, error) {
	if seats(kind) {
		return extractPhones(event)
	}
	member := personalMember(kind)
	value := event[member]
	delete(event, member)
	return value, nil
}

// put undoes extract.
func put(kind string, event members, value json.RawMessage) error {
	if seats(kind) {
		return putPhones(event, value)
	}
	member := personalMember(kind)
	if member == "" {
		return fmt.Errorf("an event %s has no personal data", kind)
	}
	event[member] = value
	return nil
}

// extractPhones removes the telephone numbers of the endpoints: an object of numbers by endpoint code.
func extractPhones(event members) (json.RawMessage, error) {
	var endpoints []members
	if err := json.Unmarshal(event["endpoints"], &endpoints); err != nil {
		return nil, err
	}
	phones := members{}
	for _, ep := range endpoints {
		var code string
		if err := json.Unmarshal(ep["code"], &code); err != nil {
			return nil, err
		}
		if phone, ok := ep["phone"]; ok {
			phones[code] = phone
			delete(ep, "phone")
		}
	}
	if len(phones) == 0 {
		return nil, nil
	}
	var err error
	if event["endpoints"], err = json.Marshal(endpoints); err != nil {
		return nil, err
	}
	return json.Marshal(phones)
}

func putPhones(event members, value json.RawMessage) error {
	var endpoints []members
	var phones members
	if err := errors.Join(json.Unmarshal(event["endpoints"], &endpoints), json.Unmarshal(value, &phones)); err != nil {
		return err
	}
	for _, ep := range endpoints {
		var code string
		if err := json.Unmarshal(ep["code"], &code); err != nil {
			return err
		}
		if phone, ok := phones[code]; ok {
			ep["phone"] = phone
		}
	}
	var err error
	event["endpoints"], err = json.Marshal(endpoints)
	return err
}

// separate takes what is personal out of an event's data.
func separate(kind string, data json.RawMessage) (json.RawMessage, *Personal, error) {
	if personalMember(kind) == "" && !seats(kind) {
		return data, nil, nil
	}
	var event members
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, nil, err
	}
	value, err := extract(kind, event)
	if err != nil || value == nil {
		return data, nil, err
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	p := &Personal{Salt: hex.EncodeToString(salt), Value: value}
	commitment, err := p.commitment()
	if err != nil {
		return nil, nil, err
	}
	event[commitmentMember] = json.RawMessage(`"` + commitment + `"`)
	data, err = json.Marshal(event)
	return data, p, err
}

// restore puts what is personal back.
func (p *Personal) restore(kind string, data json.RawMessage) (json.RawMessage, error) {
	var event members
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, err
	}
	if err := put(kind, event, p.Value); err != nil {
		return nil, err
	}
	delete(event, commitmentMember)
	return json.Marshal(event)
}

// committed is the commitment in an entry's data; empty if there is none.
func committed(data json.RawMessage) (string, error) {
	var event struct {
		Commitment string `json:"commitment"`
	}
	err := json.Unmarshal(data, &event)
	return event.Commitment, err
}

// verify checks that it is what the entry's data commits to.
func (p *Personal) verify(data json.RawMessage) error {
	want, err := committed(data)
	if err != nil {
		return err
	}
	got, err := p.commitment()
	if err != nil {
		return err
	}
	if got != want {
		return errors.New("its personal data are not those that it commits to")
	}
	return nil
}

func (p *Personal) commitment() (string, error) {
	salt, err := hex.DecodeString(p.Salt)
	if err != nil || hex.EncodeToString(salt) != p.Salt { // one spelling only
		return "", errors.New("its salt is damaged")
	}
	canonical, err := jcs.Transform(p.Value)
	if err != nil {
		return "", fmt.Errorf("personal data: %w", err)
	}
	sum := sha256.Sum256(append(salt, canonical...))
	return hex.EncodeToString(sum[:]), nil
}
