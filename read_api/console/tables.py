"""Tables that can be walked by keyboard: one row takes the focus, arrows move it, Enter opens it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from nicegui import events, ui

BODY: Final = r"""
<q-tr :props="props" data-row :data-id="props.row.id" :tabindex="props.rowIndex === 0 ? 0 : -1"
      @click="$parent.$emit('open', props.row.id)">
  <q-td v-for="col in props.cols" :key="col.name" :props="props">
    <span v-if="col.value && col.value.tone" :class="'chip ' + col.value.tone">{{ col.value.text }}</span>
    <span v-else-if="col.value && col.value.mono" class="mono" :title="col.value.mono">{{ col.value.text }}</span>
    <template v-else>{{ col.value }}</template>
  </q-td>
</q-tr>
"""


class Column(NamedTuple):
    """`name` is the key of the value in each row."""

    name: str
    label: str
    right: bool = False


def chip(text: str, tone: str = "plain") -> dict[str, str]:
    return {"text": text, "tone": tone}


def code(text: str, whole: str) -> dict[str, str]:
    """Something to be read letter by letter; `whole` is shown on hover."""
    return {"text": text, "mono": whole or text}


class Table:
    """Rows are dicts with an `id`. `show` replaces them; the focus stays on the row it is on."""

    def __init__(
        self, columns: Sequence[Column], nothing: str, open: Callable[[str], Any] | None = None
    ) -> None:
        listed = [
            {"name": it.name, "label": it.label, "field": it.name, "align": "right" if it.right else "left"}
            for it in columns
        ]  # fmt: skip
        self._table = ui.table(columns=listed, rows=[], row_key="id").props(
            f'flat dense hide-pagination :rows-per-page-options="[0]" no-data-label="{nothing}"'
        )
        self._table.style("width: 100%")
        self._table.add_slot("body", BODY)
        if open is not None:
            opening = open

            def opened(event: events.GenericEventArguments) -> None:
                opening(str(event.args))

            self._table.on("open", opened)

    def show(self, rows: Iterable[Mapping[str, Any]]) -> None:
        fresh = [dict(row) for row in rows]
        if fresh != self._table.rows:
            self._table.rows = fresh
