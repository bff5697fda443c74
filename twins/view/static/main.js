// The page of a twin: one web socket brings what is seen and takes what is done.

import { Consoles } from "./consoles.js";
import { addControls } from "./controls.js";
import { Events } from "./events.js";
import { addPicture } from "./pictures.js";
import { Sound } from "./sound.js";

const PICTURE = 1;
const SOUND = 2;
const HEAD = 16;

export const at = (id) => document.getElementById(id);

let line;
let board;
let parts = [];
let shown = {}; // by part/control: what draws its values
let pictures = []; // by number of the part
let state = { saved: [] };
let consoles;
let sound;
const events = new Events(at, wish);

/** Tells the twin what a person does. */
export function wish(act, what = {}) {
  if (line?.readyState === WebSocket.OPEN) line.send(JSON.stringify({ do: act, ...what }));
}

function connect() {
  line = new WebSocket(new URL("live", location.href.replace(/^http/, "ws")));
  line.binaryType = "arraybuffer";
  line.onmessage = ({ data }) => (typeof data === "string" ? hear(JSON.parse(data)) : see(data));
  line.onclose = () => {
    document.body.classList.add("gone");
    at("about").textContent = "the twin is gone: start `twins view` again and open the address that it prints";
  };
}

const HEARD = {
  board: build,
  state: tell,
  text: (news) => consoles.show(news.console, news.text, news.anew),
  events: (news) => events.add(news.events, news.left_out),
  error: (news) => say(news.text),
};

function hear(news) {
  HEARD[news.kind]?.(news);
}

function see(data) {
  const head = new DataView(data);
  const number = head.getUint8(1);
  if (head.getUint8(0) === PICTURE) {
    const [x, y, width, height] = [2, 4, 6, 8].map((offset) => head.getUint16(offset, true));
    pictures[number]?.draw(x, y, width, height, new Uint8Array(data, HEAD));
  } else if (head.getUint8(0) === SOUND) {
    sound.play(head.getUint32(12, true), new Int16Array(data.slice(HEAD)));
  }
}

// The board

function build(news) {
  board = news;
  document.title = `${board.name} – board twin`;
  at("title").textContent = board.title;
  at("about").textContent = [board.chip, board.image ?? "blank flash"].join(" · ");
  parts = board.parts;
  parts.forEach((part, number) => {
    const control = part.controls.find(({ kind }) => kind === "picture");
    if (control) pictures[number] = addPicture(at("seen"), part, control);
  });
  at("seen").hidden = !pictures.length;
  const drawn = Object.fromEntries(parts.map((part, number) => [part.name, pictures[number]]));
  for (const part of parts) Object.assign(shown, addControls(at("hands"), part, drawn, wish));
  at("hands").hidden = !at("hands").children.length;
  consoles = new Consoles(at("tabs"), at("consoles"), board.consoles, wish);
  at("talk").hidden = !board.consoles.length;
  sound = new Sound(at("sound"), parts.some(({ controls }) => controls.some(({ kind }) => kind === "sounds")));
  events.parts(parts.map(({ name }) => name));
}

// How it stands

function tell(news) {
  Object.assign(state, news);
  for (const [key, values] of Object.entries(news.values ?? {})) shown[key]?.(values);
  if ("at" in news) at("time").textContent = seconds(state.at);
  at("speed").textContent = state.running ? `${state.speed.toFixed(2)} ×` : "standing";
  at("run").textContent = state.running ? "Pause" : "Run";
  document.body.classList.toggle("standing", !state.running);
  if ("pace" in news) at("pace").value = state.pace === null ? "" : String(state.pace);
  if ("trouble" in news || "crashed" in news) trouble();
  if ("saved" in news) listSaved();
  if ("recorded" in news) {
    at("recorded").textContent = state.recorded
      ? `The script has ${state.recorded} ${state.recorded === 1 ? "step" : "steps"} since power-on.`
      : "Nothing done yet: the script of what you do can be played again by twins run --input.";
  }
  sound?.pace(state.running);
}

function seconds(value) {
  return value < 1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(3)} s`;
}

function trouble() {
  at("trouble").hidden = !state.trouble;
  if (!state.trouble) return;
  at("trouble-title").textContent = state.crashed ? "The firmware has crashed" : "The twin has stopped";
  at("trouble-text").textContent = state.trouble;
}

function say(text) {
  at("said").textContent = text;
  at("said").hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (at("said").hidden = true), 6000);
}

function listSaved() {
  at("saved").replaceChildren(
    ...state.saved.map(([number, moment]) => {
      const item = document.createElement("li");
      const back = document.createElement("button");
      back.textContent = `Go to ${seconds(moment)}`;
      back.onclick = () => wish("restore", { number });
      const file = document.createElement("a");
      file.href = `saved/${number}.twin`;
      file.download = "";
      file.textContent = "file";
      file.setAttribute("aria-label", `The moment ${seconds(moment)} as a file for twins resume`);
      item.append(back, file);
      return item;
    }),
  );
}

// The bars

at("run").onclick = () => wish(state.running ? "pause" : "go");
at("step").onclick = () => wish("step", { time: at("step-time").value });
at("pace").onchange = ({ target }) => wish("pace", { pace: target.value === "" ? null : Number(target.value) });
for (const id of ["reset", "trouble-reset"]) at(id).onclick = () => (wish("reset"), wish("go"));
for (const id of ["power", "trouble-power"]) at(id).onclick = () => wish("power");
at("trouble-go").onclick = () => wish("go");
at("save").onclick = () => wish("save");
document.addEventListener("keydown", (event) => {
  if (event.altKey && event.key.toLowerCase() === "p") {
    event.preventDefault();
    at("run").click();
  }
});

connect();
