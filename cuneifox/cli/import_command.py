"""`cuneifox import`: a beancount file into a company's books, all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import click

from cuneifox.cli.opening import find_writable_company, installation, log
from cuneifox.cli.printing import json_option, print_json
from cuneifox.cli.working import working


@click.command()
@click.argument("company")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and change nothing.")
@json_option
def command(company: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring a beancount FILE into a COMPANY's books: all of it, or nothing.

    Importing a file again adds only what is new in it. A transaction that was changed counts as new,
    and so does padding that comes out otherwise: reverse the voucher that it became before. Months
    that are frozen or closed take nothing.

    Accounts are made as the file opens them. Lines are rounded half-even to the company's minor unit,
    and what a transaction then lacks to zero goes to the rounding account. Commodities without a value
    in the company's currency come in as quantities. Plugins and other files that the file names are
    neither run nor read.
    """
    from cuneifox.imports.beancount import start_reading

    with start_reading(file) as reading, installation() as (_, router), working() as progress:
        from cuneifox.imports.posting import import_read

        tenant = find_writable_company(router, company)
        done = import_read(router, tenant, reading, dry_run=dry_run, progress=progress)
        if not dry_run and done.result.posted:
            from models.companies import Company

            named = Company.get_or_none(Company.tenant_id == tenant.id)
            log("import.beancount", f"{file.name}: {done.result.posted} vouchers", named)
    if as_json:
        print_json(done)
    else:
        for line in done.lines():
            click.echo(line)
