package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// folder is a package with its tests.
type folder struct {
	path      string
	forTests  bool                   // all of it is there for tests: storetest, oidctest
	starts    bool                   // its own code, tests aside, starts goroutines
	functions map[string][]*function // of its tests by name; of a package that is there for tests, all
}

// function is one that tests are made of.
type function struct {
	decl    *ast.FuncDecl
	imports map[string]string // folders of the house by the name that the file gives them
	nodes   []ast.Node        // what is looked at: the body, or a part of it
}

func (f *function) name() string { return f.decl.Name.Name }

// within is the function as far as some of its parts go.
func (f *function) within(nodes []ast.Node) *function {
	return &function{decl: f.decl, imports: f.imports, nodes: nodes}
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)($|[^a-z])`)

// tests are what go test runs.
func (p *folder) tests() []*function {
	var out []*function
	for name, functions := range p.functions {
		if testName.MatchString(name) && name != "TestMain" {
			out = append(out, slices.DeleteFunc(slices.Clone(functions), func(f *function) bool { return f.decl.Recv != nil })...)
		}
	}
	return out
}

// add parses a file.
func (p *folder) add(file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(file, "_test.go") && !p.forTests {
		p.starts = p.starts || starts(parsed)
		return nil
	}
	imports := map[string]string{}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		inside, ours := strings.CutPrefix(imported, "usher/")
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if ours {
			imports[name] = inside
		}
	}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
			p.functions[f.Name.Name] = append(p.functions[f.Name.Name], &function{decl: f, imports: imports, nodes: []ast.Node{f.Body}})
		}
	}
	return nil
}

// starts reports whether goroutines are started in it: by the statement, by a group (wg.Go) or by a clock (AfterFunc).
func starts(node ast.Node) bool {
	found := false
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && (s.Sel.Name == "Go" || s.Sel.Name == "AfterFunc") {
				found = true
			}
		}
		return !found
	})
	return found
}

// reaches reports whether a function starts goroutines, or names one of the tests' own code that does. What is a method
// is known by its name only, so that rather too much is found than too little.
func (p *folder) reaches(f *function, packages map[string]*folder) bool {
	return p.reach(f, packages, map[*ast.FuncDecl]bool{})
}

func (p *folder) reach(f *function, packages map[string]*folder, seen map[*ast.FuncDecl]bool) bool {
	if slices.ContainsFunc(f.nodes, starts) {
		return true
	}
	for _, named := range p.named(f, packages) {
		if seen[named.decl] {
			continue
		}
		seen[named.decl] = true
		if named.in.reach(named.function, packages, seen) {
			return true
		}
	}
	return false
}

// callee is a function and where it is.
type callee struct {
	*function

	in *folder
}

// named is every function of the tests' own code that a function names.
func (p *folder) named(f *function, packages map[string]*folder) []callee {
	var out []callee
	find := func(in *folder, method bool, name string) {
		if in != p && (!in.forTests || !ast.IsExported(name)) {
			return
		}
		for _, other := range in.functions[name] {
			if (other.decl.Recv != nil) == method {
				out = append(out, callee{other, in})
			}
		}
	}
	look := func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			if id, ok := n.(*ast.Ident); ok {
				find(p, false, id.Name)
			}
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && packages[f.imports[x.Name]] != nil {
			find(packages[f.imports[x.Name]], false, s.Sel.Name)
			return false
		}
		find(p, true, s.Sel.Name)
		for _, inside := range f.imports {
			if other := packages[inside]; other != nil {
				find(other, true, s.Sel.Name)
			}
		}
		return true
	}
	for _, node := range f.nodes {
		ast.Inspect(node, look)
	}
	return out
}

// subtests finds the table of a test that runs each entry as a subtest of the entry's name,
//
//	for name, rule := range map[string]func(…){"seat.wait": seatWait, …} { t.Run(name, …) }
//
// and gives its entries, and the rest of the test.
func subtests(body *ast.BlockStmt) (cases map[string][]ast.Node, rest []ast.Node) {
	cases = map[string][]ast.Node{}
	for _, statement := range body.List {
		loop, ok := statement.(*ast.RangeStmt)
		var entries []ast.Expr
		if ok {
			entries = runByKey(loop)
		}
		if entries == nil {
			rest = append(rest, statement)
			continue
		}
		rest = append(rest, loop.Body)
		for _, element := range entries {
			entry, ok := element.(*ast.KeyValueExpr)
			if !ok {
				rest = append(rest, element)
				continue
			}
			key, isText := entry.Key.(*ast.BasicLit)
			name := ""
			if isText {
				name, _ = strconv.Unquote(key.Value)
			}
			if name == "" {
				rest = append(rest, element)
				continue
			}
			cases[name] = append(cases[name], entry.Value)
		}
	}
	return cases, rest
}

// runByKey gives the entries of a map of functions that is written where a loop goes over it, if the loop runs subtests
// named by its keys.
func runByKey(loop *ast.RangeStmt) []ast.Expr {
	table, ok := loop.X.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	kind, ok := table.Type.(*ast.MapType)
	if !ok {
		return nil
	}
	if _, ok := kind.Value.(*ast.FuncType); !ok {
		return nil
	}
	key, ok := loop.Key.(*ast.Ident)
	if !ok {
		return nil
	}
	found := false
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		s, isRun := call.Fun.(*ast.SelectorExpr)
		name, isName := call.Args[0].(*ast.Ident)
		found = found || isRun && isName && s.Sel.Name == "Run" && name.Name == key.Name
		return true
	})
	if !found {
		return nil
	}
	return table.Elts
}
