"""What the service asks of policies, answered by the package that reads them (glacier-api 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coldframe.service.protection import Deed


class ReadPolicies:
    """Implements `PolicyRules`: whoever calls the service itself is taken for the vault's owner, without a network.

    Conditions about callers' addresses, second factors and the like find no such facts here, and go by the rules for
    absent keys: a lock that demands a fact denies, for it cannot be known that the fact is there.
    """

    def require(self, policy: str, *, vault_arn: str, is_lock: bool) -> None:
        """Refuse what is not understood to its last element, or is not about this vault."""
        from coldframe.service.policies import Kind, parse_vault_policy  # noqa: PLC0415 - few vaults have one

        parse_vault_policy(policy, kind=Kind.LOCK if is_lock else Kind.ACCESS, vault_arn=vault_arn)

    def protects(self, policy: str, deed: Deed) -> bool:
        """Whether a statement denies it; one that is not understood denies everything."""
        from coldframe.service.policies import (  # noqa: PLC0415 - few vaults have one; start-up time
            Caller,
            Kind,
            Request,
            find_deny,
            stored_policy,
        )

        _, _, _, region, account_id, _ = deed.vault_arn.split(":", 5)
        request = Request(
            operation=deed.operation,
            caller=Caller(account_id=account_id),
            owner_account_id=account_id,
            region=region,
            vault_arn=deed.vault_arn,
            at=deed.at,
            archive_created_at=deed.archive_created_at,
            vault_tags=deed.tags,
            sent_tags=deed.sent_tags,
            is_secure=True,
        )
        return find_deny(request, [stored_policy(policy, Kind.LOCK)]) is not None
