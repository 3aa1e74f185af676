package roster

import (
	"strings"

	"github.com/diemcau/diemcau/meeting"
)

// city is the level of a unit that is called a city and no more: it is of a province's level if it stands under the centre, and of
// a district's under a province.
const city meeting.Level = "city"

// levelOf reads a level in English or Vietnamese, also by the official names of the units of that level; empty if it is
// none.
func levelOf(text string) meeting.Level {
	switch strings.TrimPrefix(Plain(text), "cap ") {
	case "central", "trung uong", "tw", "quoc gia", "chinh phu":
		return meeting.LevelCentral
	case "ministry", "bo", "bo nganh", "nganh", "bo nganh trung uong", "co quan ngang bo", "bo co quan ngang bo", "co quan thuoc chinh phu",
		"bo co quan ngang bo co quan thuoc chinh phu", "tap doan", "tong cong ty":
		return meeting.LevelMinistry
	case "province", "tinh", "tinh thanh pho", "tinh thanh", "thanh pho truc thuoc trung uong", "thanh pho truc thuoc tw", "thanh pho trung uong",
		"tinh thanh pho truc thuoc trung uong", "thanh pho thuoc trung uong":
		return meeting.LevelProvince
	case "district", "huyen", "quan", "thi xa", "quan huyen", "thanh pho thuoc tinh", "thanh pho thuoc thanh pho truc thuoc trung uong",
		"thanh pho thuoc thanh pho", "quan huyen thi xa", "quan huyen thi xa thanh pho thuoc tinh", "huyen quan thi xa thanh pho thuoc tinh":
		return meeting.LevelDistrict
	case "commune", "xa", "phuong", "thi tran", "dac khu", "xa phuong", "xa phuong thi tran", "xa phuong dac khu", "phuong xa", "phuong xa dac khu",
		"phuong xa thi tran":
		return meeting.LevelCommune
	case "city", "thanh pho", "tp":
		return city
	}
	return ""
}

// placeCities gives every city the level that its place says.
func placeCities(rows []row) {
	central := map[string]bool{"": true}
	for _, r := range rows {
		if r.unit.Level == meeting.LevelCentral {
			central[r.unit.Code] = true
		}
	}
	for i := range rows {
		u := &rows[i].unit
		switch {
		case u.Level != city:
		case central[u.Parent]:
			u.Level = meeting.LevelProvince
		default:
			u.Level = meeting.LevelDistrict
		}
	}
}
