"""The types of command fields. What breaks them is no command at all and never reaches a decision."""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

Fen: TypeAlias = Annotated[int, Meta(ge=1, le=10**11)]
Units: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]
Cap: TypeAlias = Annotated[int, Meta(ge=0, le=10**9)]
Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40)]  # 120 bytes: a channel's limit
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Note: TypeAlias = Annotated[str, Meta(max_length=300)]
Sealed: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]
Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
SignedFen: TypeAlias = Annotated[int, Meta(ge=-(10**11), le=10**11)]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]

PROVINCES = r"^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)$"  # GB/T 2260, first two digits
Province: TypeAlias = Annotated[str, Meta(pattern=PROVINCES)]
