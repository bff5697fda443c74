// What passes on the buses and on the air. The twin lists it only while somebody has the list open.

import { element } from "./element.js";

const KEPT = 500;

export class Events {
  constructor(at, wish) {
    this.rows = at("events-rows");
    this.box = at("events-box");
    this.part = at("events-part");
    this.names = new Set();
    this.held = at("events-hold");
    at("events").addEventListener("toggle", ({ target }) => wish("listen", { on: target.open }));
    at("events-clear").onclick = () => this.rows.replaceChildren();
    this.part.onchange = () => {
      for (const row of this.rows.children) this.hide(row);
    };
  }

  parts(names) {
    for (const name of names) {
      if (!this.names.has(name)) this.part.append(element("option", {}, name));
      this.names.add(name);
    }
  }

  hide(row) {
    row.hidden = Boolean(this.part.value) && row.dataset.part !== this.part.value;
  }

  add(events, leftOut) {
    if (this.held.checked) return;
    const follows = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - 30;
    this.parts(events.map(([, , part]) => part));
    if (leftOut) this.rows.append(this.row(["", "", "", `… ${leftOut} more`]));
    this.rows.append(...events.map(([at, bus, part, text]) => this.row([(at / 1e9).toFixed(3), bus, part, text])));
    while (this.rows.children.length > KEPT) this.rows.firstChild.remove();
    if (follows) this.box.scrollTop = this.box.scrollHeight;
  }

  row(words) {
    const row = element("tr", { "data-part": words[2] }, ...words.map((word) => element("td", {}, word)));
    this.hide(row);
    return row;
  }
}
