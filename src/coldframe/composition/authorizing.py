"""Who may do what: a key's scope, the vault's access policy and its lock policy, asked together (glacier-api 12.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.service.policies import Caller, Kind, Request, decide, scope_policy, stored_policy
from coldframe.service.policies.operations import IDENTITY_OPERATIONS
from coldframe.wire.access import foreign_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.service import VaultService
    from coldframe.service.policies import Policy
    from coldframe.service.standing import Standing
    from coldframe.wire.access import Access


class PolicyAuthorizer:
    """Implements `wire.access.Authorizer` for the accounts of a folder.

    Within an account the key's scope allows, and any policy may deny; between accounts it takes the key's scope and a
    policy of the vault. A stranger who is not let in hears the same words whether account and vault are there or not
    (reliability A14). Whatever cannot be found out raises, and the face then does nothing.

    Args:
        find_store: The store of an account; None if nobody has heard of it.
        region: The region in ARNs.
    """

    def __init__(self, find_store: Callable[[str], VaultService | None], region: str) -> None:
        """Store the arguments."""
        self._find_store = find_store
        self._region = region

    def authorize(self, access: Access) -> None:
        """Do nothing if it is allowed; raise `AccessDenied` otherwise. One read of the owner's ledger."""
        standing = self._standing(access)
        policies = [scope_policy(access.key.scope.value), *_policies(standing)]
        decision = decide(self._request(access, standing), policies)
        if access.is_foreign and not decision.is_allowed:
            raise foreign_account(access.account_id)
        decision.require()

    def _standing(self, access: Access) -> Standing | None:
        """How the vault stands; None where there is no vault whose policies could say anything."""
        if access.vault_name is None or access.operation in IDENTITY_OPERATIONS:
            return None
        store = self._find_store(access.account_id)
        return None if store is None else store.standing(access.vault_name, archive_id=access.archive_id)

    def _request(self, access: Access, standing: Standing | None) -> Request:
        """What the policies are asked. The time is the service's own, where the ledger was looked at."""
        arn = f"arn:aws:glacier:{self._region}:{access.account_id}:vaults/{access.vault_name}"
        return Request(
            operation=access.operation,
            caller=Caller(account_id=access.key.account_id),
            owner_account_id=access.account_id,
            region=self._region,
            vault_arn=None if access.vault_name is None else arn,
            at=access.at if standing is None else standing.at,
            archive_created_at=None if standing is None else standing.archive_created_at,
            vault_tags=None if standing is None else standing.tags,
            sent_tags=access.sent_tags,
            is_secure=access.is_secure,
            source_ip=access.peer or None,
            user_agent=access.user_agent or None,
        )


def _policies(standing: Standing | None) -> list[Policy]:
    """The vault's policies, the lock's too while it is in progress; what is not understood in them denies."""
    if standing is None:
        return []
    texts = ((standing.access_policy, Kind.ACCESS), (standing.lock_policy, Kind.LOCK))
    return [stored_policy(text, kind) for text, kind in texts if text is not None]
