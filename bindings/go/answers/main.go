// Answers the payments of a file, one a line, with all that a route says: what the programs in C and Python print, too.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	fulgurite "github.com/fulgurite/fulgurite/bindings/go"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(graphPath, queriesPath string) error {
	graph, err := fulgurite.Load(graphPath)
	if err != nil {
		return err
	}
	defer graph.Close()
	file, err := os.Open(queriesPath)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		query, err := parse(lines.Text())
		if err != nil {
			return err
		}
		route, err := graph.FindRoute(context.Background(), query)
		var refused *fulgurite.Error
		if errors.As(err, &refused) {
			fmt.Fprintln(out, refused.Status.String(), int(refused.Reason), refused.ValueMsat)
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprint(out, "FG_OK ", route.FeeMsat, " ", route.Cltv)
		for _, hop := range route.Hops {
			fmt.Fprintf(out, " %d:%d:%d:%d", hop.ShortChannelID, hop.Direction, hop.AmountMsat, hop.Cltv)
		}
		bytes, err := route.MarshalBinary()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, " %x\n", bytes)
	}
	return nil
}

func parse(line string) (query fulgurite.Query, err error) {
	fields := strings.Split(line, ",")
	if len(fields) < 3 {
		return query, fmt.Errorf("%q is no payment", line)
	}
	payer, err := fulgurite.ParseNodeID(fields[0])
	if err != nil {
		return query, err
	}
	payee, err := fulgurite.ParseNodeID(fields[1])
	if err != nil {
		return query, err
	}
	amount, err := strconv.ParseUint(fields[2], 10, 64)
	return fulgurite.NewQuery(payer, payee, amount), err
}
