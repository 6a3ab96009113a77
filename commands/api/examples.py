"""An honest example of any type that crosses the edge, made from the type, so that it cannot go stale."""

from typing import Any, Final

import msgspec
from msgspec import inspect

INSTANT: Final = "2026-11-22T10:00:00Z"
DAY: Final = "2026-11-22"
UUID: Final = "0193535a-6a10-7000-8000-000000000001"
DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEXTS: Final = {
    "province": "44",
    "channel": "wechatpay",
    "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "shown": DIGEST,
    "channel_hash": "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
}


def example_of(type_: Any) -> Any:
    """A value that decodes as `type_`. Fields with a default are left out."""
    return example(inspect.type_info(type_), "text")


def example(kind: inspect.Type, name: str) -> Any:
    """`name` is the field's, for texts that have a meaning."""
    match kind:
        case inspect.StructType(fields=fields, array_like=True):
            return [example(field.type, field.name) for field in fields]
        case inspect.StructType(fields=fields, tag_field=tag_field, tag=tag):
            body = {tag_field: tag} if tag_field else {}
            required = [field for field in fields if field.required]
            return body | {field.encode_name: example(field.type, field.name) for field in required}
        case inspect.CollectionType(item_type=item):
            return [example(item, name)]
        case inspect.UnionType(types=types):
            return example(types[0], name)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.IntType(ge=least, gt=above):
            return max(1, least or 0, 0 if above is None else above + 1)
        case inspect.StrType():
            return DIGEST if name.endswith("sha256") else TEXTS.get(name, name)
        case inspect.UUIDType():
            return UUID
        case inspect.DateTimeType():
            return INSTANT
        case inspect.DateType():
            return DAY
        case inspect.BoolType():
            return True
        case _:
            return msgspec.to_builtins(None)
