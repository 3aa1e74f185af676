// Command diemcau runs a government's online steering-committee meetings from one central room down to every
// commune: the server, its relays and load test, and the commands of those who prepare and account for them.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // the zones of sessions, also where the system has none (minimal images)

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
)

// Exit codes: done, refused or broken, usage.
const (
	exitDone   = 0
	exitBroken = 1
	exitUsage  = 2
)

// cli is every command and flag. Each flag is also a key of the YAML file, below its command's name, and a
// variable DIEMCAU_<FLAG>. What the command line says wins, then the environment, then the file.
type cli struct {
	Config kong.ConfigFlag `help:"YAML file with settings." placeholder:"FILE"`

	Demo       demoCmd       `cmd:"" help:"Run a session with sample sites on this machine and print its links."`
	Serve      serveCmd      `cmd:"" help:"Run the server."`
	Roster     rosterCmd     `cmd:"" help:"The organisation's units."`
	Session    sessionCmd    `cmd:"" help:"Sessions and their links."`
	Attendance attendanceCmd `cmd:"" help:"Attendance reports and ledgers."`
	Figures    figuresCmd    `cmd:"" help:"Attendance over many sessions."`
	Document   documentCmd   `cmd:"" help:"What the documents of this office look like and begin with."`
	Admin      adminCmd      `cmd:"" help:"Administration."`
	Keys       keysCmd       `cmd:"" help:"The keys that sign links and administrators' tokens."`
	Backup     backupCmd     `cmd:"" help:"Copy the record to a file, also while the server runs."`
	Restore    restoreCmd    `cmd:"" help:"Put a copy that backup made into a data folder, or try whether that can be done."`
	Doctor     doctorCmd     `cmd:"" help:"Look at this machine as a server would, and name what mends what is wrong."`
	Health     healthCmd     `cmd:"" help:"Ask the server of a data folder whether it is ready; exit 0 if so."`
	Nodes      nodeCmd       `cmd:"" name:"node" help:"Central nodes that share a record."`
	Loadtest   loadtestCmd   `cmd:"" help:"Load a server with real WebRTC viewers."`
	Settings   configCmd     `cmd:"" name:"config" help:"Check and show settings."`
	Completion completionCmd `cmd:"" help:"Print a script by which a shell completes commands and flags."`
}

// streams are where commands write: results on out, progress and logs on err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	args     []string // the command line
	asks     bool     // somebody sits at a terminal and can be asked
}

// ask puts a question to who sits at the terminal; the answer is no unless it is a clear yes. Without a terminal it is no.
func (s streams) ask(question string) bool {
	if !s.asks {
		return false
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(io.LimitReader(s.in, 1<<10)).ReadString('\n') // what did not come is no yes
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	asks := isatty.IsTerminal(os.Stdin.Fd()) && isatty.IsTerminal(os.Stderr.Fd())
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, asks: asks})
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it. It returns the exit code.
func run(ctx context.Context, args []string, std streams) int {
	exit := -1
	std.args = args
	grammar := &cli{}
	parser, err := newParser(grammar, std, func(code int) { exit = code }, kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(std, grammar))
	if err != nil {
		fmt.Fprintln(std.err, "diemcau:", err)
		return exitBroken
	}
	if _, err := checkVariables(parser.Model); err != nil {
		fmt.Fprintln(std.err, "diemcau:", err)
		return exitUsage
	}
	if len(args) == 1 && args[0] == "--version" { // a flag of the grammar would collide with the --version of drafts
		fmt.Fprintln(std.out, thisBuild())
		return exitDone
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(behindDashes(parser.Model, args))
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintln(std.err, "diemcau:", oneLine(err))
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(std.err, "diemcau:", oneLine(err))
		var usage *usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitBroken
	}
	return exitDone
}

// usageError is a call whose words do not fit together.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// behindDashes puts arguments that begin with one dash, as ids of older versions may, where they are taken for what they are:
// behind "--", or after the "=" of their flag. Flags of one letter there are none, but -h.
func behindDashes(grammar *kong.Application, args []string) []string {
	dashed := func(arg string) bool { return len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && arg != "-h" }
	if !slices.ContainsFunc(args, dashed) {
		return args
	}
	wanting := map[string]bool{} // flags whose value may be the next argument
	_ = kong.Visit(grammar, func(n kong.Visitable, next kong.Next) error {
		if flag, ok := n.(*kong.Flag); ok && !flag.IsBool() {
			wanting["--"+flag.Name] = true
		}
		return next(nil)
	})
	var line, behind []string
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			behind = append(behind, args[i+1:]...)
			return slices.Concat(line, []string{arg}, behind)
		case wanting[arg] && i+1 < len(args) && dashed(args[i+1]):
			i++
			line = append(line, arg+"="+args[i])
		case wanting[arg] && i+1 < len(args):
			i++
			line = append(line, arg, args[i])
		case dashed(arg), len(behind) > 0 && !strings.HasPrefix(arg, "-"): // in their order
			behind = append(behind, arg)
		default:
			line = append(line, arg)
		}
	}
	return slices.Concat(line, []string{"--"}, behind)
}

// newParser makes the parser of command lines. exit is called by --help and --version.
func newParser(grammar *cli, std streams, exit func(code int), more ...kong.Option) (*kong.Kong, error) {
	return kong.New(grammar, append([]kong.Option{
		kong.Name("diemcau"),
		kong.Description("Online meetings from one central room down to every commune. --version prints what this program was built from."),
		kong.DefaultEnvars("DIEMCAU"),
		kong.Configuration(loadYAML),
		kong.Writers(std.out, std.err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}, more...)...)
}
