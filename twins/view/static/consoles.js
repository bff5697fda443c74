// A console for each serial port: what it shows, and a line to type.

import { element } from "./element.js";

const KEPT = 200_000; // characters
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]/g;
const ENDS = { "CR": "\r", "LF": "\n", "CR LF": "\r\n", "none": "" };

export class Consoles {
  constructor(tabs, place, names, wish) {
    this.tabs = tabs;
    this.place = place;
    this.wish = wish;
    this.all = {};
    for (const name of names) this.add(name);
    if (names.length) this.choose(names[0]);
  }

  add(name) {
    const tab = element(
      "button",
      { role: "tab", id: `tab-${name}`, "aria-controls": `console-${name}`, "aria-selected": false },
      name,
    );
    tab.onclick = () => this.choose(name);
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const names = Object.keys(this.all);
      const next = names[(names.indexOf(name) + by + names.length) % names.length];
      this.choose(next);
      this.all[next].tab.focus();
    });
    const log = element("pre", { role: "log", "aria-live": "off", tabindex: 0, "aria-label": `What ${name} shows` });
    const input = element("input", {
      type: "text",
      "aria-label": `Type on ${name}`,
      placeholder: `type on ${name}`,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    const end = element("select", { "aria-label": `End of line for ${name}` }, ...Object.keys(ENDS).map((key) => element("option", {}, key)));
    const form = element("form", { class: "bar" }, input, end, element("button", {}, "Send"));
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = input.value + ENDS[end.value];
      if (text) this.wish("type", { console: name, text });
      input.value = "";
    };
    input.addEventListener("keydown", (event) => {
      // Ctrl-C, Ctrl-D and their like go to the twin, unless there is something to copy.
      if (event.ctrlKey && /^[a-z]$/.test(event.key) && "bcd".includes(event.key) && !String(getSelection())) {
        event.preventDefault();
        this.wish("type", { console: name, text: String.fromCharCode(event.key.charCodeAt(0) - 96) });
      }
    });
    const panel = element("div", { role: "tabpanel", id: `console-${name}`, "aria-labelledby": `tab-${name}`, class: "console" }, log, form);
    panel.hidden = true;
    this.tabs.append(tab);
    this.place.append(panel);
    this.all[name] = { tab, panel, log, text: "" };
  }

  choose(name) {
    for (const [other, { tab, panel, log }] of Object.entries(this.all)) {
      const chosen = other === name;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      panel.hidden = !chosen;
      if (chosen) {
        tab.classList.remove("news");
        log.scrollTop = log.scrollHeight;
      }
    }
  }

  show(name, text, anew) {
    if (!this.all[name]) this.add(name);
    const console = this.all[name];
    console.text = ((anew ? "" : console.text) + text.replace(ESCAPES, "").replace(/\r+\n/g, "\n")).slice(-KEPT);
    const follows = console.log.scrollTop + console.log.clientHeight >= console.log.scrollHeight - 30;
    console.log.textContent = console.text.replace(/\r/g, "");
    if (follows) console.log.scrollTop = console.log.scrollHeight;
    if (console.panel.hidden && text) {
      const quiet = Object.values(this.all).every(({ panel, text: shown }) => panel.hidden || !shown);
      if (quiet) this.choose(name);
      else console.tab.classList.add("news");
    }
  }
}
