"""Queries that every request makes: their SQL is put together once, and not on each request anew."""

from __future__ import annotations

from typing import Any

from peewee import Model


class Prepared:
    """A query for one row of several models, read from the first one's database.

    Args:
        models: whose rows are wanted, each by its alias in `sql`.
        sql: with `{alias}` for "table AS alias", `{columns}` for all columns, and `?` for parameters.
    """

    def __init__(self, sql: str, **models: type[Model]) -> None:
        self._sql = sql
        self._models = models
        self._texts: dict[str, str] = {}

    def first(self, *params: Any) -> list[Any] | None:
        """The first row, as one instance per model, or None."""
        database = next(iter(self._models.values()))._meta.database
        text = self._texts.get(database.param)
        if text is None:
            text = self._texts[database.param] = self._text(database.param)
        row = database.execute_sql(text, params).fetchone()
        return None if row is None else self._instances(row)

    def _text(self, param: str) -> str:
        columns, tables = [], {}
        for alias, model in self._models.items():
            meta = model._meta
            tables[alias] = f'"{meta.table_name}" AS "{alias}"'
            columns += [f'"{alias}"."{field.column_name}"' for field in meta.sorted_fields]
        return self._sql.format(columns=", ".join(columns), **tables).replace("?", param)

    def _instances(self, row: tuple[Any, ...]) -> list[Any]:
        found, start = [], 0
        for model in self._models.values():
            fields = model._meta.sorted_fields
            instance = model(__no_default__=True)
            for field, value in zip(fields, row[start : start + len(fields)], strict=True):
                instance.__data__[field.name] = field.python_value(value)
            instance._dirty.clear()
            found.append(instance)
            start += len(fields)
        return found
