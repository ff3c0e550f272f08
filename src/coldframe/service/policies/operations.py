"""The operations of the protocol as policies see them, and what can be known about each (glacier-api 12.2)."""

from __future__ import annotations

ACCOUNT_OPERATIONS = frozenset(
    {
        "GetDataRetrievalPolicy",
        "ListProvisionedCapacity",
        "ListVaults",
        "PurchaseProvisionedCapacity",
        "SetDataRetrievalPolicy",
    }
)
"""What is done with an account; no vault's policy speaks of it."""

IDENTITY_OPERATIONS = ACCOUNT_OPERATIONS | {"CreateVault"}
"""What only the policy of an identity can allow or deny: there is no vault yet whose policy could."""

OWNER_OPERATIONS = IDENTITY_OPERATIONS | {
    "AbortVaultLock",
    "AddTagsToVault",
    "CompleteVaultLock",
    "InitiateVaultLock",
    "ListTagsForVault",
    "RemoveTagsFromVault",
}
"""What is never another account's to do, whatever a policy grants (glacier-api 8, "owner only")."""

OPERATIONS = OWNER_OPERATIONS | {
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "DeleteArchive",
    "DeleteVault",
    "DeleteVaultAccessPolicy",
    "DeleteVaultNotifications",
    "DescribeJob",
    "DescribeVault",
    "GetJobOutput",
    "GetVaultAccessPolicy",
    "GetVaultLock",
    "GetVaultNotifications",
    "InitiateJob",
    "InitiateMultipartUpload",
    "ListJobs",
    "ListMultipartUploads",
    "ListParts",
    "SetVaultAccessPolicy",
    "SetVaultNotifications",
    "UploadArchive",
    "UploadMultipartPart",
}
"""All 33."""

VAULT_OPERATIONS = OPERATIONS - IDENTITY_OPERATIONS
"""What a vault's policy can speak of."""

AGED_OPERATIONS = frozenset({"DeleteArchive", "InitiateJob"})
"""What is done with an archive, so that its age is known."""

TAGGED_OPERATIONS = frozenset(
    {
        "AddTagsToVault",
        "CompleteMultipartUpload",
        "CompleteVaultLock",
        "DeleteArchive",
        "DeleteVault",
        "DeleteVaultAccessPolicy",
        "DeleteVaultNotifications",
        "InitiateJob",
        "InitiateMultipartUpload",
        "InitiateVaultLock",
        "RemoveTagsFromVault",
        "SetVaultAccessPolicy",
        "SetVaultNotifications",
        "UploadArchive",
        "UploadMultipartPart",
    }
)
"""Where the vault's tags are known."""

TAGGING_OPERATIONS = frozenset({"AddTagsToVault", "RemoveTagsFromVault"})
"""What brings tags, or names of tags, with it."""
