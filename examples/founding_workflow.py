"""The founding workflow with the library alone: a night goes into a vault, and only its blue lights come back.

Once this took `Compress-Archive`, `Write-GLCArchive`, `Export-Csv`, `Write-S3Object`, `Import-Csv`, `Where-Object`, a
loop of `Start-GLCJob`, days of `Get-GLCJobList`, `Read-GLCJobOutput` and `Remove-GLCMultipartUpload`. Run it on a
folder of frames:

    python -m examples.founding_workflow ./Subs --copy s3://myastrodata/ --into ./astro-retrieval

The store is the one that coldframe's settings name: the embedded one, or with `--store` a coldframe server
(`http://127.0.0.1:8377`) or Amazon's vaults (`glacier://us-west-2`). It can be stopped at any moment and run again:
nothing is sent, ordered or fetched twice.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import coldframe
from coldframe.archiver.request import ArchiveRequest
from coldframe.composition.archiving import ArchiveJob
from coldframe.composition.cleaning import abort_leftovers, find_leftovers
from coldframe.composition.retrieving import RetrieveJob, RetrieveRun
from coldframe.errors import ColdframeError
from coldframe.model import Tier
from coldframe.progress import Outcome
from coldframe.settings import find_home, load_settings

if TYPE_CHECKING:
    from coldframe import Coldframe

CALIBRATION = ("Bias", "Dark", "Flat")
DONE = {Outcome.ARCHIVED, Outcome.RECORDED, Outcome.UNCHANGED, Outcome.RETRIEVED, Outcome.PRESENT}


def archive(frame: Coldframe, options: argparse.Namespace) -> bool:
    """Zip the calibration folders, upload all, write the inventory and copy it; whether all of it is in the vault."""
    frame.create_store().create_vault(options.vault)
    request = ArchiveRequest(paths=(options.subs,), vault_name=options.vault, zip_patterns=CALIBRATION)
    job = ArchiveJob(request=request, inventory=options.inventory, copies=tuple(options.copy))
    is_whole = True
    with frame.archive(job) as run:
        for result in run.results():
            print(f"{result.outcome:<10}{result.path}")
            is_whole &= result.outcome in DONE
        summary = run.finish()
    print(
        f"The inventory {options.inventory} has {summary.inventory_rows} new rows. Copies: {', '.join(summary.copies)}"
    )
    return is_whole


def retrieve_blue(frame: Coldframe, options: argparse.Namespace) -> bool:
    """Order what the inventory calls blue, wait, and fetch each file when it is ready; whether all is there."""
    job = RetrieveJob(into=options.into, inventory=options.inventory, match=("*Blue*",), vault_name=options.vault)
    run = RetrieveRun(frame, job)
    plan = run.plan()
    tier = Tier(options.tier)
    offer = plan.offer(tier)
    price = "at a price that nobody knows" if offer.price.amount is None else f"{offer.price.amount} US dollars"
    print(f"{plan.files} files, {plan.size:,} bytes, {price}, ready by {offer.ready_at}")
    if plan.present_files == plan.files:
        print("All of it is there already, and verified.")
        return True
    order = run.open_order(plan)
    number = order.number if order else run.order(plan, tier=tier, max_cost=options.max_cost)
    for file in run.carry_on(number, wait=True):  # a file takes its name when its tree hash is right, not before
        print(f"{file.outcome:<10}{file.placed_at}")
    return not run.is_open(number) and not run.summary.failed


def clean_up(frame: Coldframe, options: argparse.Namespace) -> None:
    """Drop uploads that were left half done, but for those that our next run would carry on."""
    leftovers = [leftover for leftover in find_leftovers(frame, vault_name=options.vault) if not leftover.is_ours]
    for leftover in leftovers:
        print(f"left over {leftover.path or leftover.upload.upload_id}: {leftover.size:,} bytes")
    abort_leftovers(frame, leftovers)
    print(f"{len(leftovers)} uploads dropped.")


def main(arguments: list[str] | None = None) -> int:
    """Read the options, and do the three things; the exit code is 0 if all is where it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subs", help="the folder of frames")
    parser.add_argument("--store", help="a folder, http://host:port, https://host or glacier://region")
    parser.add_argument("--vault", default="astrodata")
    parser.add_argument("--inventory", default="m33.archive_inventory.csv")
    parser.add_argument("--copy", action="append", default=[], help="a folder or s3://bucket/prefix/ for the inventory")
    parser.add_argument("--into", default="astro-retrieval")
    parser.add_argument("--tier", default="Bulk", choices=[tier.value for tier in Tier])
    parser.add_argument("--max-cost", type=Decimal, help="US dollars that the retrieval may cost")
    options = parser.parse_args(arguments)
    settings = load_settings(find_home())
    if options.store:
        settings = replace(settings, store=options.store)
    try:
        with coldframe.open_coldframe(settings=settings) as frame:
            is_archived = archive(frame, options)
            is_back = retrieve_blue(frame, options)
            clean_up(frame, options)
    except ColdframeError as error:
        print(f"The workflow stopped: {error}", file=sys.stderr)
        return 1
    return 0 if is_archived and is_back else 1


if __name__ == "__main__":
    sys.exit(main())
