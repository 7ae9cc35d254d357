"""Rewrites a kernel file so that CPython runs it with the language's types.

Names take the type of their first assignment, parameters and results that of the signature,
and the reductions of a prange go through accumulators that keep the language's order (rule 11).
"""

import ast

RT = "__rt"


def call(name, *args):
    target = ast.Attribute(ast.Name(RT, ast.Load()), name, ast.Load())
    return ast.Call(target, list(args), [])


def load(name):
    return ast.Name(name, ast.Load())


def assign(name, value):
    return ast.Assign([ast.Name(name, ast.Store())], value)


def loop_name(node):
    """`range` or `prange`, if the statement is such a loop."""
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Call):
        return getattr(node.iter.func, "id", None)
    return None


def target_names(target):
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple):
        return [name for part in target.elts for name in target_names(part)]
    return []


def assigned(body):
    """Names that statements assign, loop variables not."""
    names = set()
    for node in body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Assign):
                names.update(name for target in inner.targets for name in target_names(target))
            elif isinstance(inner, (ast.AugAssign, ast.AnnAssign)):
                names.update(target_names(inner.target))
    return names


def loaded(node):
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def is_flat(outer):
    """Whether the body is scalar assignments and one prange that does not depend on them."""
    *prefix, inner = outer.body
    if loop_name(inner) != "prange":
        return False
    own = assigned(prefix) | {outer.target.id}
    written = {node.value.id for node in ast.walk(inner) if isinstance(node, ast.Subscript)
               and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)}
    plain = all(isinstance(node, ast.Assign) and all(target_names(t) for t in node.targets)
                for node in prefix)
    reads = {name for node in prefix for name in loaded(node)}
    reduces = assigned(inner.body) & own
    return plain and not loaded(inner.iter) & own and not reads & written and not reduces


REDUCTIONS = {ast.Add: "add", ast.BitOr: "or", ast.BitXor: "xor", ast.BitAnd: "and"}


class Kernel(ast.NodeTransformer):
    """Rewrites one function."""

    def __init__(self, function):
        self.key = ast.Constant(function.name)
        self.arrays = {p.arg for p in function.args.args if isinstance(p.annotation, ast.Subscript)}
        self.params = {p.arg for p in function.args.args}
        # Names by scope; every scope but the first is a prange's.
        self.scopes = [set(self.params)]
        # Reduction names of the pranges around, with their accumulator and counter.
        self.active = {}
        self.made = 0

    def typed(self, name, value):
        return call("assign", self.key, ast.Constant(name), value)

    def define(self, names):
        for name in names:
            if not any(name in scope for scope in self.scopes):
                self.scopes[-1].add(name)

    def visit_Assign(self, node):
        (target,) = node.targets
        if isinstance(target, ast.Name) and target.id in self.active:
            accumulator, counter = self.active[target.id]
            kind, (_, value) = node.value.func.id, node.value.args
            return self.put(accumulator, counter, kind, self.visit(value))
        node.value = self.visit(node.value)
        names = target_names(target)
        self.define(names)
        if isinstance(target, ast.Name):
            node.value = self.typed(target.id, node.value)
        elif isinstance(target, ast.Tuple):
            keys = [ast.Constant(getattr(part, "id", None)) for part in target.elts]
            node.value = call("unpack", self.key, ast.Tuple(keys, ast.Load()), node.value)
            node.targets = [self.visit(target)]
        else:
            node.targets = [self.visit(target)]
        return node

    def visit_AnnAssign(self, node):
        self.define([node.target.id])
        value = call("declare", self.key, ast.Constant(node.target.id), node.annotation,
                     self.visit(node.value))
        return assign(node.target.id, value)

    def visit_AugAssign(self, node):
        node.value = self.visit(node.value)
        if isinstance(node.target, ast.Name) and node.target.id in self.active:
            accumulator, counter = self.active[node.target.id]
            return self.put(accumulator, counter, REDUCTIONS[type(node.op)], node.value)
        return node

    def put(self, accumulator, counter, kind, value):
        return ast.Expr(call("put", load(accumulator), load(counter), ast.Constant(kind), value))

    def visit_If(self, node):
        guard = self.guard(node)
        return guard if guard is not None else self.generic_visit(node)

    def guard(self, node):
        """`if e > s: s = e` with payload, for an active `s`."""
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return None
        left, right, op = test.left, test.comparators[0], test.ops[0]
        if getattr(right, "id", None) in self.active:
            name, value, greater = right.id, left, isinstance(op, ast.Gt)
        elif getattr(left, "id", None) in self.active:
            name, value, greater = left.id, right, isinstance(op, ast.Lt)
        else:
            return None
        accumulator, counter = self.active[name]
        kind = "max" if greater else "min"
        payload = [a for a in node.body if a.targets[0].id != name]
        if not payload:
            return self.put(accumulator, counter, kind, self.visit(value))
        values = ast.Tuple([self.visit(a.value) for a in payload], ast.Load())
        names = ast.Tuple([ast.Constant(a.targets[0].id) for a in payload], ast.Load())
        return ast.Expr(call("put_with", load(accumulator), ast.Constant(kind), self.visit(value),
                             names, values))

    def visit_For(self, node):
        if loop_name(node) != "prange":
            return self.generic_visit(node)
        node.iter = self.visit(node.iter)
        return self.prange(node)

    def prange(self, node):
        self.made += 1
        counter = f"__count{self.made}"
        outermost = len(self.scopes) == 1
        known = set().union(*self.scopes)
        names = sorted(assigned(node.body) & known - set(self.active))
        accumulators = {name: f"__sum{self.made}_{name}" for name in names}
        before = [assign(counter, call("counter"))]
        before += [assign(acc, call("accumulator", load(name))) for name, acc in accumulators.items()]
        self.active.update({name: (acc, counter) for name, acc in accumulators.items()})
        innermost, depth = node, 1
        levels = [node]
        while depth < 3 and is_flat(innermost):
            innermost, depth = innermost.body[-1], depth + 1
            levels.append(innermost)
        tick = ast.Expr(call("tick", load(counter)))
        self.nest(levels, tick)
        for name in names:
            del self.active[name]
        after = [assign(name, call("result", self.key, ast.Constant(name), load(name),
                                   ast.List([load(acc) for acc in accumulators.values()],
                                            ast.Load()), load(acc)))
                 for name, acc in accumulators.items()]
        if outermost:
            used = sorted(loaded(node) & known)
            pairs = ast.Dict([ast.Constant(name) for name in used], [load(name) for name in used])
            before.append(ast.Expr(call("enter", pairs)))
            after.append(ast.Expr(call("leave")))
        return before + [node] + after

    def nest(self, levels, tick):
        """Rewrites the bodies of a flat nest; the innermost counts its iterations."""
        first, *rest = levels
        self.scopes.append({first.target.id})
        if rest:
            prefix = [part for node in first.body[:-1] for part in flatten(self.visit(node))]
            rest[0].iter = self.visit(rest[0].iter)
            self.nest(rest, tick)
            first.body = prefix + [rest[0]]
        else:
            body = [part for node in first.body for part in flatten(self.visit(node))]
            first.body = [tick] + body
        self.scopes.pop()

    def finish(self, value):
        bound = ast.Dict([ast.Constant(name) for name in sorted(self.arrays)],
                         [load(name) for name in sorted(self.arrays)])
        return ast.Return(call("finish", self.key, value, bound))

    def visit_Return(self, node):
        value = self.visit(node.value) if node.value is not None else ast.Constant(None)
        return self.finish(value)


def flatten(node):
    if node is None:
        return []
    return node if isinstance(node, list) else [node]


def function(node):
    """The rewritten definition, and its annotations for the runtime."""
    kernel = Kernel(node)
    start = [assign(p.arg, call("parameter", kernel.key, ast.Constant(p.arg), load(p.arg)))
             for p in node.args.args]
    body = [part for stmt in node.body for part in flatten(kernel.visit(stmt))]
    node.body = start + body + [kernel.finish(ast.Constant(None))]
    params = ast.Dict([ast.Constant(p.arg) for p in node.args.args],
                      [p.annotation for p in node.args.args])
    returns = node.returns if node.returns is not None else ast.Constant(None)
    signature = ast.Expr(call("signature", kernel.key, params, returns))
    for parameter in node.args.args:
        parameter.annotation = None
    node.returns = None
    return [signature, node]


def module(text):
    """The rewritten module, and what it imports: pairs of a file and a name."""
    tree = ast.parse(text)
    body, imports = [], []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            body += function(node)
        elif isinstance(node, ast.ImportFrom) and node.module != "crossover":
            imports += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.AnnAssign):
            body.append(assign(node.target.id, call("constant", node.annotation, node.value)))
    tree.body = body
    return ast.fix_missing_locations(tree), imports
