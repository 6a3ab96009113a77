"""How to name a database: the one in the settings, seen in another role."""


def acting_as(dsn: str, role: str) -> str:
    """The same database in another role: `set role` by connection option, and a name to be seen by."""
    if not role:
        return dsn
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    options = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(dsn, options=f"{options} -c role={role}".strip(), application_name=role)
