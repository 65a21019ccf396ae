"""Reading one SQL statement: whatever is not known to only read the allowed tables is refused.

The parsed tree is checked by allow-list, node by node, and written out again, so that what the database
gets is what was checked, also where its own parser would have read the text in another way.
"""

import logging
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from tools.capability import ToolError

WAY_OUT = "Write one SELECT over the allowed tables."

STRUCTURE: tuple[type[exp.Expr], ...] = (
    *(exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE),
    *(exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Where, exp.Group, exp.Rollup, exp.Cube),
    *(exp.GroupingSets, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.LimitOptions, exp.Offset),
    *(exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Boolean, exp.Null, exp.Var),
    *(exp.Paren, exp.Tuple, exp.Array, exp.Window, exp.WindowSpec, exp.Filter, exp.WithinGroup),
    *(exp.Interval, exp.Cast, exp.DataType, exp.DataTypeParam, exp.AtTimeZone, exp.Collate),
    *(exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Exists, exp.Any, exp.All),
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ),
    *(exp.Like, exp.ILike, exp.Glob, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.Escape),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe, exp.Case, exp.If),
    *(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey),
    *(exp.JSONPathSubscript, exp.Distinct, exp.Fetch, exp.Values),
)  # fmt: skip

FUNCTIONS: tuple[type[exp.Func], ...] = (
    *(exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.GroupConcat, exp.ArrayAgg, exp.LogicalAnd),
    *(exp.LogicalOr, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop),
    *(exp.PercentileCont, exp.PercentileDisc, exp.Mode, exp.Corr, exp.RowNumber, exp.Rank),
    *(exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue),
    *(exp.LastValue, exp.NthValue, exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Trunc, exp.Sign),
    *(exp.Sqrt, exp.Pow, exp.Ln, exp.Exp, exp.Greatest, exp.Least, exp.Lower, exp.Upper, exp.Initcap),
    *(exp.Length, exp.Substring, exp.Left, exp.Right, exp.Trim, exp.StrPosition, exp.SplitPart),
    *(exp.Concat, exp.ConcatWs, exp.Coalesce, exp.Nullif, exp.Date, exp.Datetime, exp.Time),
    *(exp.TimeToStr, exp.TsOrDsToTimestamp, exp.TsOrDsToDate, exp.TimestampTrunc, exp.DateTrunc),
    *(exp.Extract, exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.StrToDate),
    *(exp.DateFromParts, exp.ToChar, exp.Replace, exp.Typeof),
)  # fmt: skip
# Functions that sqlglot has no class for, as they are written.
NAMES = frozenset({"age", "date", "datetime", "julianday", "strftime", "time", "total", "unixepoch"})

TYPES = frozenset(
    {
        *exp.DataType.TEXT_TYPES,
        *exp.DataType.NUMERIC_TYPES,
        *exp.DataType.TEMPORAL_TYPES,
        *(exp.DType.BOOLEAN, exp.DType.INTERVAL, exp.DType.JSON, exp.DType.JSONB, exp.DType.UUID),
    }
)


def checked(query: str, dialect: str, tables: Collection[str], functions: Collection[str] = ()) -> str:
    """The statement to run: exactly one SELECT that reads nothing but these tables.

    Args:
        query: As it was asked.
        dialect: sqlglot's name of the dialect, `sqlite` or `postgres`.
        tables: Names of tables and views, `table` or `schema.table`.
        functions: Names of functions that may be called besides the known ones.

    Raises:
        ToolError: it is anything else.
    """
    tree = _parsed(query, dialect)
    for node in tree.walk():
        _check_node(node, dialect, functions)
    _check_tables(tree, dialect, tables)
    return _written(tree, dialect)


def _parsed(query: str, dialect: str) -> exp.Query:
    # It logs what it cannot parse, which the error says already.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        trees = [tree for tree in sqlglot.parse(query, dialect=dialect) if tree is not None]
    except SqlglotError as error:
        raise ToolError("The query is not SQL that can be read.", WAY_OUT) from error
    except RecursionError as error:
        raise ToolError("The query is nested too deeply.", "Write it flatter.") from error
    if len(trees) != 1:
        raise ToolError(f"The query has {len(trees)} statements.", WAY_OUT)
    if not isinstance(trees[0], exp.Select | exp.SetOperation):
        raise ToolError(f"{trees[0].key.upper()} is not allowed.", WAY_OUT)
    return trees[0]


def _check_node(node: exp.Expr, dialect: str, functions: Collection[str]) -> None:
    if type(node) in STRUCTURE:
        _check_structure(node, dialect)
    elif isinstance(node, exp.Func):
        if type(node) not in FUNCTIONS and not _names(node) & {*NAMES, *map(str.lower, functions)}:
            raise ToolError(
                f"The function {min(_names(node))} is not allowed.",
                "Do without it, or name it under sql.functions in policy.toml.",
            )
    else:
        raise ToolError(f"{node.key.upper()} is not allowed.", WAY_OUT)


def _check_structure(node: exp.Expr, dialect: str) -> None:
    if isinstance(node, exp.With) and node.depth != 1:
        raise ToolError("A WITH inside of another query is not allowed.", "Put it at the beginning.")
    if isinstance(node, exp.DataType) and node.this not in TYPES:
        raise ToolError(f"The type {node.sql(dialect)} is not allowed.", "Use a plain type.")
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise ToolError("A function in place of a table is not allowed.", WAY_OUT)


def _names(function: exp.Func) -> set[str]:
    if isinstance(function, exp.Anonymous):
        return {function.name.lower()}
    return {name.lower() for name in function.sql_names()}


def _check_tables(tree: exp.Query, dialect: str, tables: Collection[str]) -> None:
    normal = normalize_identifiers(tree.copy(), dialect=dialect)
    visible = {name.lower() if dialect == "sqlite" else name for name in tables}
    if with_ := normal.args.get("with_"):
        with_.pop()
        for cte in with_.expressions:
            # It sees those before it. Its own name means a table, unless it recurses.
            _check_visible(cte.this, visible | ({cte.alias} if with_.recursive else set()))
            visible.add(cte.alias)
    _check_visible(normal, visible)


def _check_visible(query: exp.Expr, visible: Collection[str]) -> None:
    for table in query.find_all(exp.Table):
        name = ".".join(part.name for part in table.parts)
        if name not in visible:
            raise ToolError(f"The table {name} is not allowed.", f"Allowed: {', '.join(sorted(visible))}.")


def _written(tree: exp.Query, dialect: str) -> str:
    text = tree.sql(dialect, comments=False)
    if sqlglot.parse_one(text, dialect=dialect).sql(dialect, comments=False) != text:
        raise ToolError("The query can be read in two ways.", "Write it more plainly.")
    return text
