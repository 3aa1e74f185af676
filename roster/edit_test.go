package roster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/diemcau/diemcau/meeting"
	"github.com/diemcau/diemcau/roster"
)

func TestApply(t *testing.T) {
	tree := imported(t, "code,parent_code,level,name\nTW,,central,Trung ương\nP58,TW,province,Tỉnh Ninh Thuận\nP56,TW,province,Tỉnh Khánh Hòa\nC1,P58,"+
		"commune,Xã Một\n")
	today := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	unit := func(tree *roster.Tree, code string) meeting.Unit { u, _ := tree.Unit(code); return u }
	for name, tt := range map[string]struct {
		edit  roster.Edit
		code  string
		want  meeting.Unit // zero = it is gone
		units int          // 0 = refused
	}{
		"add": {roster.Edit{Kind: "add", Code: "C9", Name: " Xã\u00a0Chín ", Level: meeting.LevelCommune, Parent: "P56"}, "C9",
			meeting.Unit{Code: "C9", Parent: "P56", Level: meeting.LevelCommune, Name: "Xã Chín"}, 5},
		"add twice":         {edit: roster.Edit{Kind: "add", Code: "C1", Name: "Xã Một", Level: meeting.LevelCommune, Parent: "P56"}},
		"add below nothing": {edit: roster.Edit{Kind: "add", Code: "C9", Name: "Xã Chín", Level: meeting.LevelCommune, Parent: "P99"}},
		"add no name":       {edit: roster.Edit{Kind: "add", Code: "C9", Level: meeting.LevelCommune, Parent: "P56"}},
		"add a broken name": {edit: roster.Edit{Kind: "add", Code: "C9", Name: "X\ufffd", Level: meeting.LevelCommune, Parent: "P56"}},
		"add no level":      {edit: roster.Edit{Kind: "add", Code: "C9", Name: "Xã Chín", Level: "village", Parent: "P56"}},
		"rename": {roster.Edit{Kind: "rename", Code: "C1", Name: "Phường Một"}, "C1",
			meeting.Unit{Code: "C1", Parent: "P58", Level: meeting.LevelCommune, Name: "Phường Một"}, 4},
		"rename nothing": {edit: roster.Edit{Kind: "rename", Code: "C2", Name: "Phường Hai"}},
		"move": {roster.Edit{Kind: "move", Code: "C1", Parent: "P56"}, "C1",
			meeting.Unit{Code: "C1", Parent: "P56", Level: meeting.LevelCommune, Name: "Xã Một"}, 4},
		"move in a circle": {edit: roster.Edit{Kind: "move", Code: "P58", Parent: "C1"}},
		"merge":            {roster.Edit{Kind: "merge", Code: "P58", Into: "P56"}, "P58", meeting.Unit{}, 3},
		"merge takes below": {roster.Edit{Kind: "merge", Code: "P58", Into: "P56"}, "C1",
			meeting.Unit{Code: "C1", Parent: "P56", Level: meeting.LevelCommune, Name: "Xã Một"}, 3},
		"merge of before":   {roster.Edit{Kind: "merge", Code: "P60", Into: "P56"}, "P60", meeting.Unit{}, 4},
		"merge into itself": {edit: roster.Edit{Kind: "merge", Code: "P58", Into: "P58"}},
		"merge into below":  {edit: roster.Edit{Kind: "merge", Code: "P58", Into: "C1"}},
		"nothing":           {edit: roster.Edit{Code: "P58"}},
		"tomorrow":          {edit: roster.Edit{Kind: "rename", Code: "C1", Name: "Phường Một", InForce: "2026-03-03"}},
		"no day":            {edit: roster.Edit{Kind: "rename", Code: "C1", Name: "Phường Một", InForce: "1/3/2026"}},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.edit.InForce == "" {
				tt.edit.InForce = "2026-03-01"
			}
			after, err := tree.Apply(tt.edit, today)
			if tt.units == 0 {
				if !errors.Is(err, roster.ErrEdit) {
					t.Fatalf("not refused: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := unit(after, tt.code); got != tt.want || after.Len() != tt.units {
				t.Errorf("%d units, %s is %+v", after.Len(), tt.code, got)
			}
		})
	}
	if tree.Len() != 4 {
		t.Error("the tree before was changed")
	}
	former := roster.Former([]roster.Edit{{Kind: "merge", Code: "A", Into: "B"}, {Kind: "rename", Code: "C"}, {Kind: "merge", Code: "A", Into: "D"}})
	if len(former) != 1 || former["A"] != "D" {
		t.Errorf("former %v", former)
	}
}
