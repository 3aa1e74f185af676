// Package roster embeds the small roster that the demonstration convenes.
package roster

import _ "embed" // for the demo roster

// Demo is a roster in CSV, as roster.Import reads it: the centre, two provinces, and a few of their communes.
//
//go:embed demo.csv
var Demo []byte
