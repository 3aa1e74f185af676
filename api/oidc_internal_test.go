package api

import "testing"

func TestAccountName(t *testing.T) {
	for name, tt := range map[string]struct {
		claims map[string]any
		claim  string
		want   string // empty = refused
		asks   bool   // whether the user info is asked first
	}{
		"verified":                  {map[string]any{"email": "an@example.vn", "email_verified": true}, "email", "an@example.vn", false},
		"verified, as a string":     {map[string]any{"email": "an@example.vn", "email_verified": "true"}, "email", "an@example.vn", false},
		"not verified, as a string": {map[string]any{"email": "an@example.vn", "email_verified": "false"}, "email", "", false},
		"not verified":              {map[string]any{"email": "an@example.vn", "email_verified": false}, "email", "", false},
		"verified elsewhere":        {map[string]any{"email": "an@example.vn"}, "email", "", true},
		"no claim":                  {map[string]any{"email_verified": true}, "email", "", true},
		"by name":                   {map[string]any{"preferred_username": "an"}, "preferred_username", "an", false},
		"NUL":                       {map[string]any{"preferred_username": "an\x00"}, "preferred_username", "", false},
		"a number":                  {map[string]any{"sub": 1}, "sub", "", false},
	} {
		got, err := accountName(tt.claims, tt.claim)
		if got != tt.want || (err == nil) != (tt.want != "") || lacks(tt.claims, tt.claim) != tt.asks {
			t.Errorf("%s: %q, %v, asks %v", name, got, err, lacks(tt.claims, tt.claim))
		}
	}
}
