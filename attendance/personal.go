package attendance

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Personal is the part of an event that names people. It stands beside the ledger, which holds a commitment to
// it, SHA-256(salt ‖ canonical value), so that it can be erased and the chain still be verified. The salt goes
// with it: without the salt nobody can find the names by trial.
type Personal struct {
	Salt  string          `json:"salt"` // 128 random bits, hex
	Value json.RawMessage `json:"value"`
}

// commitmentMember takes the place of the personal member in Data.
const commitmentMember = "commitment"

// personalMember is the member of an event of a kind that names people; empty if none does.
func personalMember(kind string) string {
	if kind == "delegates" {
		return "delegates"
	}
	return ""
}

// separate takes the personal member out of an event's data.
func separate(kind string, data json.RawMessage) (json.RawMessage, *Personal, error) {
	member := personalMember(kind)
	if member == "" {
		return data, nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, nil, err
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	p := &Personal{Salt: hex.EncodeToString(salt), Value: members[member]}
	commitment, err := p.commitment()
	if err != nil {
		return nil, nil, err
	}
	delete(members, member)
	members[commitmentMember] = json.RawMessage(`"` + commitment + `"`)
	data, err = json.Marshal(members)
	return data, p, err
}

// restore puts the personal member back.
func (p *Personal) restore(kind string, data json.RawMessage) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	member := personalMember(kind)
	if member == "" {
		return nil, fmt.Errorf("an event %s has no personal data", kind)
	}
	members[member] = p.Value
	delete(members, commitmentMember)
	return json.Marshal(members)
}

// verify checks that it is what the entry's data commits to.
func (p *Personal) verify(kind string, data json.RawMessage) error {
	var committed struct {
		Commitment string `json:"commitment"`
	}
	if err := json.Unmarshal(data, &committed); err != nil {
		return err
	}
	want, err := p.commitment()
	if err != nil {
		return err
	}
	if personalMember(kind) == "" || committed.Commitment != want {
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
