"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  // --- the theme: the system's until the reader chooses; the choice is kept where the browser allows it ---
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = { read() { try { return localStorage.getItem("theme"); } catch { return null; } },
                 write(value) { try { localStorage.setItem("theme", value); } catch { /* a private window */ } } };
  const shown = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  if (["dark", "light"].includes(kept.read())) root.dataset.theme = kept.read();

  function theme(button) {
    const tell = () => button.setAttribute("aria-pressed", String(shown() === "dark"));
    button.addEventListener("click", () => {
      root.dataset.theme = shown() === "dark" ? "light" : "dark";
      kept.write(root.dataset.theme);
      tell();
    });
    dark.addEventListener("change", tell);
    tell();
  }

  // --- a list with its filters: words that must all occur, and one value of each selection ---
  function list(form) {
    const name = form.dataset.list;
    const entries = [...document.querySelectorAll(`[data-entry="${name}"]`)].map((item) => ({
      item, text: item.textContent.toLowerCase(), is: (field, value) => item.dataset[field].split(" ").includes(value) }));
    const found = form.querySelector(".found");
    const fields = [...form.elements].filter((field) => field.name);

    function apply() {
      const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const chosen = fields.filter((field) => field.name !== "q" && field.value);
      let count = 0;
      for (const { item, text, is } of entries) {
        const fits = words.every((word) => text.includes(word)) && chosen.every((field) => is(field.name, field.value));
        item.hidden = !fits;
        count += fits;
      }
      for (const group of document.querySelectorAll(`[data-group="${name}"]`)) group.hidden = !inhabited(group);
      found.textContent = `${count} of ${entries.length} ${name}`;
    }

    // a group holds its entries, or heads those that follow it
    function inhabited(group) {
      if (group.querySelector("[data-entry]")) return Boolean(group.querySelector("[data-entry]:not([hidden])"));
      for (let next = group.nextElementSibling; next && next.dataset.entry; next = next.nextElementSibling)
        if (!next.hidden) return true;
      return false;
    }

    function remember() {
      const set = fields.filter((field) => field.value).map((field) => [field.name, field.value]);
      history.replaceState(null, "", `#${name}${set.length ? `?${new URLSearchParams(set)}` : ""}`);
    }

    function recall() {
      const [where, query] = location.hash.slice(1).split("?");
      if (where !== name || query === undefined) return;
      const given = new URLSearchParams(query);
      for (const field of fields) field.value = given.get(field.name) ?? "";
      apply();
      document.getElementById(name).scrollIntoView();
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => { apply(); remember(); });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.target.name === "q") { event.target.value = ""; apply(); remember(); }
    });
    addEventListener("hashchange", recall);
    apply();
    recall();
  }

  // --- / goes to the search; printing unfolds everything and makes it fit ---
  function keys(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, select, textarea")) return;
    event.preventDefault();
    document.querySelector('form[data-list="theorems"] [name="q"]').focus();
  }

  const undo = [];
  const WIDEST = 42;  // em: a formula that is wider than a line of print is set smaller
  addEventListener("beforeprint", () => {
    for (const box of document.querySelectorAll("details:not([open])")) {
      box.open = true;
      undo.push(() => { box.open = false; });
    }
    const wide = [...document.querySelectorAll(".display math")].map((formula) => {
      const size = parseFloat(getComputedStyle(formula).fontSize);
      return [formula, (WIDEST * size * size) / formula.getBoundingClientRect().width, size];
    }).filter(([, fits, size]) => fits < size);
    for (const [formula, fits, size] of wide) {
      formula.style.fontSize = `${fits / size}em`;
      undo.push(() => { formula.style.fontSize = ""; });
    }
  });
  addEventListener("afterprint", () => { while (undo.length) undo.pop()(); });

  addEventListener("DOMContentLoaded", () => {
    theme(document.querySelector(".theme"));
    document.querySelectorAll("form.filter").forEach(list);
    addEventListener("keydown", keys);
  });
})();
