"""The tables that `judging` reads. Patterns are searched in the query's text.

Without a rule MariaDB judges; where it has no answer, PostgreSQL; then SQLite. Each rule that
applies leaves the references that it trusts, in its order.
"""

from __future__ import annotations

# (pattern, references that are trusted with it in their order, reason)
JUDGES: list[tuple[str, list[str], str]] = [
    (
        r"Value\(datetime|datetime\.(date|time)\(.*(then|default)=|Coalesce\(.*datetime",
        ["postgres", "sqlite"],
        "MariaDB gives a point in time that stands in the query as text",
    ),
    (
        r"\b(?!data)\w+__(i(contains|exact|startswith|endswith))\b",
        ["postgres"],
        "MariaDB heeds case here, as its collation does; SQLite knows ASCII only",
    ),
    (
        r"__(contains|startswith|endswith)\b",
        ["mariadb", "postgres"],
        "SQLite heeds no case in ASCII",
    ),
    (
        r"tzinfo=ZoneInfo\('(?!UTC')",
        ["postgres"],
        "MariaDB converts no moment outside of 1970-2038, and SQLite does it in Python",
    ),
    (
        r"StdDev|Variance",
        ["sqlite"],
        "MariaDB and PostgreSQL round them, of whole numbers to whole",
    ),
    (r"(?=.*(StdDev|Variance)).*Mod\(", [], "and SQLite's MOD of large numbers is of floats"),
    (
        r"Replace\(.*Value\(None",
        ["postgres"],
        "MariaDB leaves a text in which nothing is found, SQLite one for nothing; MySQL gives NULL",
    ),
    (r"Avg\((?!.*Mod)|PercentRank", ["postgres", "sqlite"], "MariaDB gives four places, and ten"),
    (r"ExtractWeekDay", ["mariadb", "sqlite"], "Django's SQL for PostgreSQL lacks brackets"),
    (
        r"^(?=.*(clock|\bTimeField|datetime\.time\())(?=.* [+-] )",
        ["postgres"],
        "MariaDB doesn't go round the clock, SQLite doesn't count with it",
    ),
    (r"Cast\(", ["mariadb"], "what is read from a text, and how a value is written, is MySQL's"),
    (
        r"__i?regex",
        ["sqlite", "postgres"],
        "Django asks MariaDB for bytes",
    ),
    (r"__i?regex='(a\.b|\^\.\$|\[\^a\])'", ["sqlite"], "PostgreSQL's dot is a line feed as well"),
    (r"\b(Upper|Lower)\(", ["mariadb", "postgres"], "SQLite knows ASCII only"),
    (r"__i?regex=.*\[\[:", ["postgres"], "Python has no classes of letters by that name"),
    (
        r"[+-] (datetime\.timedelta|F\('span'\))|F\('span'\) [+-]|DurationField",
        ["mariadb", "postgres"],
        "SQLite counts moments in Python, and leaves out what it doesn't know",
    ),
    (
        r"\.(union|intersection|difference)\(.*Decimal\(",
        ["postgres"],
        "MariaDB and SQLite cut numbers to the digits of the first side",
    ),
    (
        r"\.(union|intersection|difference)\(.*FloatField|FloatField.*\.(union|intersection|diff)",
        ["mariadb", "sqlite"],
        "the kind of the rows is that of all parts together, and PostgreSQL's literal is a decimal",
    ),
    (
        r"'week', output_field=DateField",
        ["postgres", "sqlite"],
        "Django leaves MySQL the time of the day",
    ),
    (r"exact'\) \*|\* \(?F\('exact'", ["postgres"], "MariaDB cuts off digits"),
    (r"UUID\(", ["postgres", "sqlite"], "MariaDB has a type for it, which is no text"),
    (r"Q\([^)]*__in(=|': )\[\]", ["mariadb"], "Django sends 0, and doesn't always convert it"),
    (r"JSON(Object|Array)\(", ["mariadb"], "for MySQL a JSON value is text there, a boolean 0"),
    (
        r"data__.*__(i?contains|i?startswith|i?endswith|iexact)\b",
        ["mariadb"],
        "of JSON's null it is the text null in MySQL",
    ),
    (r"data__has_", ["mariadb"], "PostgreSQL finds the texts of an array and a text as well"),
    (r"data__contain", ["mariadb"], "MySQL finds a value in an array of it as well"),
    (r"order_by\(Value\(", [], "a number is a position"),
    (
        r"\.(union|intersection|difference)\(.*(ZoneInfo|seen|'at')",
        ["mariadb"],
        "the kind of the rows is that of both together: so days become moments",
    ),
    (r"Greatest|Least", ["mariadb", "sqlite"], "PostgreSQL leaves NULL out, MySQL doesn't"),
    (
        r"data__(?!has_|contain|.*__(i?contains|i?startswith|i?endswith|iexact)\b)",
        ["postgres", "sqlite"],
        "MariaDB keeps JSON as text; for MySQL a value is also the first of an array",
    ),
    (
        r"data__\d|__\d+['_=]",
        ["sqlite"],
        "PostgreSQL takes a value for the first of an array as well",
    ),
    (
        r"data__.*__(gt|gte|lt|lte)['\"=]|data__[^=]*[01][^=]*(=|': )[\[{]|data__in",
        [],
        "each database has an order of JSON values, and an equality of documents, of its own",
    ),
    (
        r"\]\.aggregate\(.*tags|tags.*\]\.aggregate\(|tags__.*\[\d*:\d*\]$",
        [],
        "which of the rows of a join come first isn't said",
    ),
    (
        r"(Sin|Cos|Tan|Cot)\(.*(Degrees|Exp|Power)\(",
        [],
        "the last digit of a large angle is the first of these",
    ),
    (
        r"(?=.*\.(union|intersection|difference)\()(?=.*F\('(wide|big)'\))(?=.*(Sign|Least|Greatest)\()",
        [],
        "MariaDB's LEAST with NULL, and PostgreSQL's SIGN, are floats, and so is what is combined",
    ),
    (r"/ (Radians|Degrees)\(", [], "the last digit decides which is the larger"),
    (r"F\('data__", ["postgres"], "SQLite takes the text 1e3 for the number"),
    (
        r"JSON(Object|Array)\(.*(JSONField|Case\()",
        [],
        "a document as text has its keys and letters in each database's own form",
    ),
    (r"=Q\(\*\*\{", ["mariadb", "sqlite"], "Django's 0 of an empty condition is no boolean there"),
    (
        r"JSON(Array|Object)\(.*Chr\(",
        ["postgres", "sqlite"],
        "MariaDB's letter of UTF-16 makes texts of the numbers beside it",
    ),
    (
        r"Chr\(.*__(lte?|gte?)='|__(lte?|gte?)=Chr\(",
        ["postgres"],
        "MariaDB heeds no case of a letter",
    ),
    (r"(MD5|SHA\d+)\(.*Chr\(", ["postgres"], "MariaDB's letter has the bytes of UTF-16"),
    (r"F\('big'\)\.bitrightshift", ["postgres"], "Django has MySQL divide, in floats"),
    (r"Round\(", ["mariadb"], "MySQL rounds halves of floats to the even number"),
    (r"Pi\(", ["postgres", "sqlite"], "MariaDB shows six places"),
    (r"\.bit\w+\(", ["mariadb"], "PostgreSQL shifts in 32 bits"),
    (r"=Q\(\)", ["mariadb"], "Django sends 1, and doesn't convert it"),
    (
        r"(Coalesce|Case|NullIf|When|Max|Min|Wrapper|union|intersection|difference)\(.*Trunc\(",
        ["mariadb"],
        "PostgreSQL takes what is cut off in a zone for a moment in UTC again",
    ),
    (
        r"\.(update|delete)\(|^bulk_update|exact'",
        ["mariadb", "postgres"],
        "SQLite keeps decimals as floats",
    ),
    (r"__(contains|startswith|endswith)=.*Chr\(", ["postgres"], "MariaDB takes it for an escape"),
    (
        r"(Sum|Avg)\(.* / | / .*\* .* / ",
        [],
        "each quotient has its own places in each database",
    ),
    (
        r"bit(left|right)shift\([^)]*\) \*",
        ["postgres", "sqlite"],
        "Django shifts by POW on MySQL: a float, inexact past 2^53, where Dolt's is a whole number",
    ),
    (r"\bLog\(", ["mariadb", "postgres"], "SQLite gives no logarithm to a base below 1"),
    (r"Ord\(", ["mariadb"], "MySQL's ORD is of the bytes"),
    (r"KT\(", ["mariadb"], "of JSON's null it is the text null in MySQL"),
    (r" / ", ["mariadb"], "MySQL divides whole numbers to a decimal"),
    (r" \^ ", ["mariadb"], "MySQL's own XOR of NULL is NULL; elsewhere Django writes it out"),
]

# (pattern, digits of floats that are compared, reason)
DIGITS: list[tuple[str, int, str]] = [
    (
        r"StdDev|Variance",
        6,
        "as in MySQL, a deviation loses what the numbers have more digits than it",
    ),
]

# (pattern, pattern of Dolt's error, reason): what is refused, loudly, as in MySQL or with advice.
REFUSALS: list[tuple[str, str, str]] = [
    (r"", r"^NotSupportedError", "refused by Django or the backend, with a message"),
    (
        r"\.(filter|exclude)\(.*\.(filter|exclude)\(|\[\d*:\d*\]$|\.(filter|exclude)\(\w+__\w+__",
        r"^OutOfRange.*out of range for (bigint|double|COT)",
        "of a row that another condition or a slice keeps out: in which order isn't said",
    ),
    (
        r"F\('wide'\)",
        r"^OutOfRange.*out of range for bigint",
        "numbers without a sign are counted with one, so up to 2^63",
    ),
    (
        r"(Exact|GreaterThan|GreaterThanOrEqual|LessThan|LessThanOrEqual)\(.*NullIf\(",
        r"^OutOfRange.*out of range for (bigint|double)",
        "of what stands beside NULL, which MariaDB doesn't evaluate",
    ),
    (
        r"(Exact|GreaterThan|GreaterThanOrEqual|LessThan|LessThanOrEqual)\((.+), \2\)",
        r"^OutOfRange.*out of range for (bigint|double)",
        "of an expression beside itself, which MariaDB doesn't evaluate",
    ),
    (
        r"(Min|Max|Count|Sum|Avg)\(",
        r"does not exist in scope, but there is an alias defined",
        "Dolt: the same aggregate of a constant twice in one query without names",
    ),
    (
        r"OuterRef\(",
        r"unable to find field with index",
        "Dolt: some subqueries in the condition of a query with several joins",
    ),
]

# (pattern, pattern of MariaDB's answer, reason): a difference that is known and documented.
EXCUSES: list[tuple[str, str, str]] = [
    (
        r"Window\((Sum|Avg)\(F\('ratio'\).*frame=RowRange\(start=-?\d",
        r"",
        "Dolt: floats that leave a frame are taken off the sum, with what that loses",
    ),
    (r"Ord\(", r"2147483647", "MariaDB cuts the ORD of a letter of four bytes; MySQL doesn't"),
    (
        r"",
        r"DOUBLE value is out of range",
        "a float out of range is infinite in a comparison, and an error when it is fetched",
    ),
    (
        r"",
        r"BIGINT (UNSIGNED )?value is out of range",
        "a row that other conditions keep out, or a total that MySQL counts in 64 bits",
    ),
]
