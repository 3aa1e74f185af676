// Package docs holds what the server shows of this folder: the guide for users.
package docs

import "embed"

// Guide is the guide by role: huong-dan/ROLE.md in Vietnamese, huong-dan/en/ROLE.md in English, their pictures in huong-dan/hinh/.
//
//go:embed huong-dan
var Guide embed.FS
