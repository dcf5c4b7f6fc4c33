"""Formulas of x and y: parsed into a small tree, never evaluated as code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "abs")
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_ALLOWED = f"numbers, x, y, pi, + - * / ** and {', '.join(FUNCTIONS)}"
_LONGEST = 1000

Parsed = Callable[[Any, Any, Any], Any]
"""(x, y, namespace of functions) -> value."""


def parse(formula: str) -> Parsed:
    """The formula as a function of x, y and a namespace that has the functions by name.

    Raises:
        ValueError: If it has anything but numbers, x, y, pi, + - * / ** and the functions of `FUNCTIONS`.
    """
    if not isinstance(formula, str) or len(formula) > _LONGEST:
        raise ValueError(f"the expression {str(formula)[:60]!r} must be a string of at most {_LONGEST} characters")
    try:
        return _node(ast.parse(formula.strip(), mode="eval").body, formula)
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, ValueError) and "expression" in str(error):
            raise
        raise ValueError(f"the expression {formula!r} cannot be read; it may have {_ALLOWED}") from None


def _node(node: ast.expr, formula: str) -> Parsed:
    if isinstance(node, ast.Constant) and _is_number(node.value):
        number = float(node.value)  # type: ignore[arg-type]
        return lambda x, y, functions: number
    if isinstance(node, ast.Name) and node.id in ("x", "y", "pi"):
        return {"x": lambda x, y, f: x, "y": lambda x, y, f: y, "pi": lambda x, y, f: math.pi}[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign, inner = (-1 if isinstance(node.op, ast.USub) else 1), _node(node.operand, formula)
        return lambda x, y, functions: sign * inner(x, y, functions)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        apply, left, right = _OPERATORS[type(node.op)], _node(node.left, formula), _node(node.right, formula)
        return lambda x, y, functions: apply(left(x, y, functions), right(x, y, functions))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in FUNCTIONS
        and not node.keywords
    ):
        name, arguments = node.func.id, [_node(argument, formula) for argument in node.args]
        if len(arguments) != (2 if name == "atan2" else 1):
            raise ValueError(f"the expression {formula!r} gives {name} the wrong number of arguments")
        return lambda x, y, functions: getattr(functions, name)(*(a(x, y, functions) for a in arguments))
    raise ValueError(f"the expression {formula!r} has {ast.unparse(node)!r}; it may have {_ALLOWED}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
