// A table of very many rows: only those in sight are in the page. It takes the focus as one; arrows move within it.
const HEIGHT = 34; // px of a row, as console.css has it
const MARGIN = 12; // rows drawn above and below those in sight
const NEAR = 80; // rows before the end at which more are asked for
export default {
  template: `
<div class="sheet" ref="box" tabindex="0" role="grid" :aria-label="label" :aria-rowcount="total" :data-fetched="rows.length"
    :aria-activedescendant="rows[at] ? name(at) : null" @scroll="look" @keydown="press">
  <table class="rows">
    <thead><tr role="row">
      <th v-for="column in columns" :key="column.name" scope="col" :class="{ right: column.right }">{{ column.label }}</th>
    </tr></thead>
    <tbody>
      <tr v-if="first" aria-hidden="true" :style="{ height: first * 34 + 'px' }"></tr>
      <tr v-for="(row, n) in shown" :key="row.id" :id="name(first + n)" role="row" data-line :data-id="row.id"
          :aria-rowindex="first + n + 1" :class="{ at: first + n === at }"
          :aria-selected="row.id === chosen ? 'true' : null" @click="open(first + n)">
        <td v-for="column in columns" :key="column.name" role="gridcell" :class="{ right: column.right }">
          <span v-if="row[column.name]?.tone" class="chip" :class="row[column.name].tone">{{ row[column.name].text }}</span>
          <span v-else-if="row[column.name]?.mono" class="mono" :title="row[column.name].mono">{{ row[column.name].text }}</span>
          <template v-else>{{ row[column.name] }}</template>
        </td>
      </tr>
      <tr v-if="last < rows.length" aria-hidden="true" :style="{ height: (rows.length - last) * 34 + 'px' }"></tr>
      <tr v-if="!rows.length"><td class="blank" :colspan="columns.length">{{ nothing }}</td></tr>
    </tbody>
  </table>
</div>`,
  props: { columns: Array, nothing: String, label: String, chosen: String, total: Number },
  emits: ["open", "near"],
  data: () => ({ rows: [], at: 0, top: 0, seen: 14, asked: -1 }),
  computed: {
    first() {
      return Math.max(0, Math.floor(this.top / HEIGHT) - MARGIN);
    },
    last() {
      return Math.min(this.rows.length, this.first + this.seen + 2 * MARGIN);
    },
    shown() {
      return this.rows.slice(this.first, this.last);
    },
  },
  methods: {
    name(n) {
      return `sheet-${this.$.uid}-${n}`;
    },
    // Other rows in place of these. The row that was reached is found again by its id.
    load(rows, again) {
      const reached = this.rows[this.at]?.id;
      this.rows = rows.map(Object.freeze);
      this.at = again ? Math.max(0, rows.findIndex((row) => row.id === reached)) : 0;
      this.asked = -1;
      if (!again) this.$refs.box.scrollTop = 0;
      this.$nextTick(this.look);
    },
    focus() {
      this.$refs.box.focus();
    },
    add(rows) {
      this.rows = this.rows.concat(rows.map(Object.freeze));
      this.$nextTick(this.look);
    },
    look() {
      const box = this.$refs.box;
      this.top = box.scrollTop;
      this.seen = Math.ceil(box.clientHeight / HEIGHT);
      const count = this.rows.length;
      if (count < this.total && this.last > count - NEAR && this.asked !== count) {
        this.asked = count;
        this.$emit("near", count);
      }
    },
    move(to) {
      this.at = Math.min(Math.max(to, 0), this.rows.length - 1);
      const box = this.$refs.box, heading = box.querySelector("thead").offsetHeight;
      const above = this.at * HEIGHT, below = above + HEIGHT + heading;
      if (above < box.scrollTop) box.scrollTop = above;
      if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
    },
    open(n) {
      this.at = n;
      if (this.rows[n]) this.$emit("open", this.rows[n].id);
    },
    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const page = Math.max(1, this.seen - 2);
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
      if (event.key in steps) this.move(this.at + steps[event.key]);
      else if (event.key === "Enter" || event.key === " ") this.open(this.at);
      else return;
      event.preventDefault();
    },
  },
  mounted() {
    this.look();
  },
};
