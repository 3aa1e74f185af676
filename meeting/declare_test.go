package meeting

import (
	"slices"
	"strings"
	"testing"
)

// What a site said of its room on the telephone is put down by who keeps attendance, until the seal.
func TestDeclareFor(t *testing.T) {
	host, secretary, office := Actor{HostCode, RoleHost}, Actor{SecretaryCode, RoleSecretary}, Actor{OfficePrefix + "lan", RoleOffice}
	number := func(n int) *int { return &n }
	people := func(names ...string) *[]Delegate {
		list := []Delegate{}
		for _, name := range names {
			list = append(list, Delegate{Name: name})
		}
		return &list
	}
	for _, tc := range []struct {
		name   string
		before []Command // by the host
		cmd    DeclareFor
		by     Actor
		want   Code
		kinds  []string
	}{
		{"headcount", nil, DeclareFor{"C1", number(12), nil}, secretary, "", []string{"headcount"}},
		{"both", nil, DeclareFor{"C1", number(12), people("Bé")}, host, "", []string{"headcount", "delegates"}},
		{"nobody any more", nil, DeclareFor{"C1", number(0), people()}, office, "", []string{"headcount", "delegates"}},
		{"after the end", []Command{EndSession{}}, DeclareFor{"C1", number(1), nil}, secretary, "", []string{"headcount"}},
		{"after the seal", []Command{EndSession{}, SealSession{}}, DeclareFor{"C1", number(1), nil}, secretary, CodeWrongPhase, nil},
		{"nothing", nil, DeclareFor{Endpoint: "C1"}, secretary, CodeBadValue, nil},
		{"fewer than none", nil, DeclareFor{"C1", number(-1), nil}, secretary, CodeBadValue, nil},
		{"too many", nil, DeclareFor{"C1", number(MaxHeadcount + 1), nil}, secretary, CodeBadValue, nil},
		{"nameless", nil, DeclareFor{"C1", nil, people("")}, secretary, CodeBadValue, nil},
		{"a long name", nil, DeclareFor{"C1", nil, people(strings.Repeat("ã", MaxDelegateText+1))}, secretary, CodeBadValue, nil},
		{"a long list", nil, DeclareFor{"C1", nil, people(make([]string, MaxDelegates+1)...)}, secretary, CodeBadValue, nil},
		{"of nobody", nil, DeclareFor{"C9", number(1), nil}, secretary, CodeUnknownEndpoint, nil},
		{"of a console", nil, DeclareFor{HostCode, number(1), nil}, secretary, CodeUnknownEndpoint, nil},
		{"of who was withdrawn", []Command{WithdrawSite{"C1", "x"}}, DeclareFor{"C1", number(1), nil}, secretary, CodeWithdrawn, nil},
		{"by the site", nil, DeclareFor{"C1", number(1), nil}, Actor{"C1", RoleSite}, CodeForbidden, nil},
		{"by the operator", nil, DeclareFor{"C1", number(1), nil}, Actor{OperatorCode, RoleOperator}, CodeForbidden, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := convened(t, 0, 2)
			for _, cmd := range tc.before {
				w.must(cmd, host)
			}
			if tc.want != "" {
				w.refused(tc.cmd, tc.by, tc.want)
				return
			}
			events, err := w.do(tc.cmd, tc.by)
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, e.Kind())
			}
			if err != nil || !slices.Equal(kinds, tc.kinds) || w.s.Endpoint("C1").Headcount != *tc.cmd.Headcount {
				t.Fatalf("%v, %v; want %v", kinds, err, tc.kinds)
			}
			if e := events[0].(*HeadcountDeclared); e.By != tc.by.Endpoint || e.Endpoint != "C1" {
				t.Errorf("declared by %s for %s", e.By, e.Endpoint)
			}
		})
	}
}
