"""Access policies and lock policies: values and a time in, a decision out (glacier-api 12 and 13). No I/O.

:func:`parse_vault_policy` refuses what is not understood when a policy is set; :func:`stored_policy` reads one that was
set, and what is not understood denies; :func:`decide` asks them all.
"""

from __future__ import annotations

from coldframe.service.policies.decision import Decision, Verdict, decide, find_deny
from coldframe.service.policies.policy import Policy, parse_identity_policy, parse_vault_policy, stored_policy
from coldframe.service.policies.request import Caller, Request
from coldframe.service.policies.scopes import scope_policy
from coldframe.service.policies.statements import Kind

__all__ = [
    "Caller",
    "Decision",
    "Kind",
    "Policy",
    "Request",
    "Verdict",
    "decide",
    "find_deny",
    "parse_identity_policy",
    "parse_vault_policy",
    "scope_policy",
    "stored_policy",
]
