// The keyboard of the console: pages, search, tables, help, theme and language. Everything here also has a button.
"use strict";
(() => {
  const TYPING = "input, textarea, select, [contenteditable]";
  const ROW = "[data-row]";
  const one = (selector) => document.querySelector(selector);

  function moveTo(row, key) {
    const rows = [...row.parentElement.querySelectorAll(`:scope > ${ROW}`)];
    const at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[key];
    if (to === undefined) return false;
    rows[Math.min(Math.max(to, 0), rows.length - 1)].focus();
    return true;
  }

  function onRow(event) {
    const row = event.target.closest && event.target.closest(ROW);
    if (!row || event.target !== row) return false;
    if (event.key === "Enter" || event.key === " ") {
      row.click();
      return true;
    }
    return moveTo(row, event.key);
  }

  function shortcut(key) {
    const page = /^[1-9]$/.test(key) && one(`nav a[data-key="${key}"]`);
    if (page) return page.click(), true;
    if (key === "/") return one("[data-search] input, input[data-search]")?.focus(), true;
    if (key === "?") return one("#help")?.showModal(), true;
    if (key === "t" || key === "T") return one("[data-theme]")?.click(), true;
    if (key === "l" || key === "L") return one("[data-language]")?.click(), true;
    return false;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (onRow(event) || (!one("dialog[open], .q-dialog") && shortcut(event.key))) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-help]")) one("#help")?.showModal();
    const skip = event.target.closest?.("a.skip");
    if (skip) {
      event.preventDefault();
      one("#content")?.focus();
    }
  });

  document.addEventListener("submit", (event) => {
    const next = event.target.matches?.('form[action="/taste"]') && event.target.elements.next;
    if (next) next.value = location.pathname + location.search; // come back to this page
  });
})();
