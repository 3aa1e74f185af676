package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// needs skips a test that cannot do without root and these programs.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a file system")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
}

// command runs a program to its end.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// startMounted starts a server in a mount name space of its own, where a line of the shell mounts something first. Both go
// with the server, also when it is killed.
func startMounted(t *testing.T, mount string, flags ...string) *process {
	t.Helper()
	script := write(t, "serve.sh", mount+" && exec "+buildBinary(t)+" \"$@\"\n")
	return startUnder(t, []string{"unshare", "-m", "sh", script}, flags...)
}

// inside runs a program in the mount name space of a server.
func (p *process) inside(args ...string) ([]byte, error) {
	all := append([]string{"-t", fmt.Sprint(p.cmd.Process.Pid), "-m"}, args...)
	return exec.Command("nsenter", all...).CombinedOutput() //nolint:gosec // of a test
}

// image makes a file that holds a file system.
func image(t *testing.T, size int64, mkfs ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	command(t, mkfs[0], append(mkfs[1:], file)...)
	return file
}

// A file system that has become read-only, as the kernel makes one of a disk that fails, takes no meeting down. If it can
// be made writable again, recording goes on by itself; where the kernel wants it unmounted first, everything that was
// acknowledged is there at the next start.
func TestMeetingOutlivesReadOnlyFileSystem(t *testing.T) {
	needs(t, "mkfs.ext4", "unshare", "nsenter", "losetup")
	file, mounted := image(t, 32<<20, "mkfs.ext4", "-q", "-O", "^has_journal"), t.TempDir()
	mount := "mount -o loop,errors=remount-ro " + file + " " + mounted
	server := startMounted(t, mount, "--data", mounted)
	dir := fmt.Sprintf("/proc/%d/root%s", server.cmd.Process.Pid, mounted)
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	w := newWitness(t, server.url, links)
	w.again()
	device, _, _ := strings.Cut(command(t, "losetup", "-n", "-O", "NAME", "-j", file), "\n")
	trigger := "/sys/fs/ext4/" + filepath.Base(device) + "/trigger_fs_error"
	if _, err := os.Stat(trigger); err != nil {
		t.Skipf("this kernel makes no file system fail: %v", err)
	}
	if err := os.WriteFile(trigger, []byte("1"), 0); err != nil { //nolint:gosec // of the kernel
		t.Fatal(err)
	}
	for tries := 0; w.declare(); tries++ {
		if tries > 100 {
			t.Fatal("acknowledged without a record")
		}
	}
	if status, text := w.ready(); status != http.StatusServiceUnavailable || strings.Contains(text, mounted) {
		t.Errorf("readyz meanwhile: %d %s", status, text)
	}
	if out, err := server.inside("touch", filepath.Join(mounted, "x")); err == nil || !strings.Contains(string(out), "Read-only") {
		t.Fatalf("the file system is not read-only: %v %s", err, out)
	}
	if _, err := server.inside("mount", "-o", "remount,rw", mounted); err == nil {
		w.again()
		w.healthy()
		w.page.Close()
		server.kill()
	} else {
		t.Log("this kernel wants it unmounted first")
		w.page.Close()
		server.kill()
		for deadline := time.Now().Add(20 * time.Second); command(t, "losetup", "-j", file) != ""; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the file system stays mounted")
			}
		}
		next := startMounted(t, mount, "--data", mounted)
		again := newWitness(t, next.url, links)
		again.declared, again.acked, again.refused = w.declared, w.acked, w.refused
		again.again()
		w = again
		w.page.Close()
		next.kill()
	}
	for deadline := time.Now().Add(20 * time.Second); command(t, "losetup", "-j", file) != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file system stays mounted")
		}
	}
	command(t, "mount", "-o", "loop", file, mounted)
	defer command(t, "umount", mounted)
	w.check(filepath.Join(mounted, "diemcau.db"), links.ID)
}

// Files that the kernel lets nobody write, through open descriptors neither, until it lets them be written again: the meeting
// stays, and recording goes on by itself.
func TestMeetingOutlivesUnwritableFiles(t *testing.T) {
	needs(t, "mkfs.ext4", "unshare", "nsenter", "chattr")
	file, mounted := image(t, 32<<20, "mkfs.ext4", "-q"), t.TempDir()
	server := startMounted(t, "mount -o loop "+file+" "+mounted, "--data", mounted)
	dir := fmt.Sprintf("/proc/%d/root%s", server.cmd.Process.Pid, mounted)
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	w := newWitness(t, server.url, links)
	w.again()
	database := filepath.Join(mounted, "diemcau.db")
	change := func(flag string) {
		t.Helper()
		if out, err := server.inside("chattr", flag, database, database+"-wal", database+"-shm"); err != nil {
			t.Skipf("this file system has no such flag: %v %s", err, out)
		}
	}
	change("+i")
	for tries := 0; w.declare(); tries++ {
		if tries > 100 {
			t.Fatal("acknowledged without a record")
		}
	}
	if status, text := w.ready(); status != http.StatusServiceUnavailable || strings.Contains(text, mounted) {
		t.Errorf("readyz meanwhile: %d %s", status, text)
	}
	change("-i")
	w.again()
	w.healthy()
	w.page.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, "backup", copied, "--data", dir)
	server.kill()
	w.check(copied, links.ID)
}

// FAT and exFAT, as memory sticks have them, know no hard links: a backup and a report get their names all the same, and
// take nobody's.
func TestBackupWithoutHardLinks(t *testing.T) {
	needs(t, "mkfs.exfat", "mount.exfat-fuse", "losetup")
	file, stick := image(t, 32<<20, "mkfs.exfat"), t.TempDir()
	device := command(t, "losetup", "-f", "--show", file)
	t.Cleanup(func() { _ = exec.Command("losetup", "-d", device).Run() })
	command(t, "mount.exfat-fuse", device, stick)
	t.Cleanup(func() { _ = exec.Command("umount", stick).Run() })
	if err := os.WriteFile(filepath.Join(stick, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Link(filepath.Join(stick, "a"), filepath.Join(stick, "b")) == nil {
		t.Fatal("this file system has hard links")
	}
	dir := t.TempDir()
	must(t, "roster", "import", write(t, "units.csv", smallRoster), "--data", dir)
	links := create(t, "--data", dir)
	backup, report := filepath.Join(stick, "saoluu", "diemcau.db"), filepath.Join(stick, "điểm danh.csv")
	if err := os.Mkdir(filepath.Dir(backup), 0o700); err != nil {
		t.Fatal(err)
	}
	must(t, "backup", backup, "--data", dir)
	if code, _, errOut := call(t, "backup", backup, "--data", dir); code != exitBroken || !strings.Contains(errOut, "nothing is overwritten") {
		t.Errorf("a second backup of that name: %d %s", code, errOut)
	}
	for range 2 { // a report takes the place of the one before
		must(t, "attendance", "export", "--session", links.ID, "--data", dir, "--out", report)
	}
	alone(t, filepath.Dir(backup), "diemcau.db")
	alone(t, stick, "a", "saoluu", "điểm danh.csv")
	restored := t.TempDir()
	if err := os.WriteFile(filepath.Join(restored, "diemcau.db"), []byte(content(t, backup)), 0o600); err != nil {
		t.Fatal(err)
	}
	if list := must(t, "session", "list", "--data", restored, "--keys", dir); !strings.Contains(list, links.ID) {
		t.Errorf("the backup lists %s", list)
	}
}
