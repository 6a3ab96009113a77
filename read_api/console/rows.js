// A table whose rows keep their place in the page while their content changes, so that the focus stays where it is.
export default {
  template: `
<table class="rows" :class="{ opens }">
  <thead><tr>
    <th v-for="column in columns" :key="column.name" scope="col" :class="{ right: column.right }">{{ column.label }}</th>
  </tr></thead>
  <tbody ref="body">
    <tr v-for="(row, number) in rows" :key="row.id" data-row :data-id="row.id"
        :tabindex="reached(row, number) ? 0 : -1" :aria-selected="row.id === chosen ? 'true' : null"
        @focus="active = row.id" @click="$emit('open', row.id)">
      <td v-for="column in columns" :key="column.name" :class="{ right: column.right }">
        <span v-if="row[column.name]?.tone" class="chip" :class="row[column.name].tone">{{ row[column.name].text }}</span>
        <span v-else-if="row[column.name]?.mono" class="mono" :title="row[column.name].mono">{{ row[column.name].text }}</span>
        <template v-else>{{ row[column.name] }}</template>
      </td>
    </tr>
    <tr v-if="!rows.length"><td class="blank" :colspan="columns.length">{{ nothing }}</td></tr>
  </tbody>
</table>`,
  props: { columns: Array, rows: Array, nothing: String, chosen: String, opens: Boolean },
  emits: ["open"],
  data: () => ({ active: null, at: -1 }),
  methods: {
    // One row can be reached by Tab: the one last visited, else the first. Arrows do the rest.
    reached(row, number) {
      const visited = this.rows.some((each) => each.id === this.active);
      return visited ? row.id === this.active : number === 0;
    },
    focused() {
      return [...this.$refs.body.children].indexOf(document.activeElement);
    },
  },
  beforeUpdate() {
    this.at = this.focused();
  },
  updated() {
    if (this.at < 0 || this.focused() >= 0) return;
    const rows = this.$refs.body.querySelectorAll("[data-row]"); // the focused row is gone: go on from its place
    rows[Math.min(this.at, rows.length - 1)]?.focus();
  },
};
