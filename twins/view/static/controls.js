// What hands can do and meters show, built from what a part declares of itself.

import { addDial } from "./dial.js";
import { element } from "./element.js";
import { addTouch } from "./touch.js";

const BUILDERS = { turn, hold, push, slide, lamp, reading, say: addDial, touch: addTouch };

/** Adds the controls of a part; returns by "part/number" what shows their values. */
export function addControls(place, part, pictures, wish) {
  const card = element("fieldset", { class: "card part" }, element("legend", {}, part.name));
  card.append(element("span", { class: "type" }, part.type));
  const row = element("div", { class: "controls" });
  const shown = {};
  part.controls.forEach((control, number) => {
    const builder = BUILDERS[control.kind];
    if (!builder) return;
    const made = builder(part, control, wish, pictures);
    if (made.element) row.append(made.element);
    if (made.show) shown[`${part.name}/${number}`] = made.show;
  });
  card.append(row);
  if (row.children.length) place.append(card);
  return shown;
}

const nameOf = (part, control) => (control.label ? `${part.name}: ${control.label}` : part.name);

// A knob without ends: drag it round, wheel, or arrow keys.

function turn(part, control, wish) {
  const hand = element("span", { class: "hand" });
  const knob = element(
    "div",
    {
      class: "knob",
      tabindex: 0,
      role: "spinbutton",
      "aria-label": `${nameOf(part, control)}: turn with the arrow keys`,
      "aria-valuenow": 0,
      "data-part": part.name,
    },
    hand,
  );
  const by = (detents) => detents && wish("act", { part: part.name, method: control.method, args: [detents] });
  const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 };
  knob.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    by(KEYS[event.key]);
  });
  let turned = 0;
  knob.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      turned += -event.deltaY / 50;
      by(Math.trunc(turned));
      turned -= Math.trunc(turned);
    },
    { passive: false },
  );
  let angle = null;
  let dragged = 0;
  const angleOf = (event) => {
    const box = knob.getBoundingClientRect();
    return Math.atan2(event.clientX - box.x - box.width / 2, box.y + box.height / 2 - event.clientY);
  };
  knob.addEventListener("pointerdown", (event) => {
    knob.setPointerCapture(event.pointerId);
    [angle, dragged] = [angleOf(event), 0];
  });
  knob.addEventListener("pointermove", (event) => {
    if (angle === null) return;
    const now = angleOf(event);
    // The short way round.
    dragged += ((((now - angle + Math.PI) % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI)) - Math.PI;
    angle = now;
    const detents = Math.trunc((dragged / (2 * Math.PI)) * control.detents);
    by(detents);
    dragged -= (detents / control.detents) * 2 * Math.PI;
  });
  for (const end of ["pointerup", "pointercancel"]) knob.addEventListener(end, () => (angle = null));
  const less = element("button", { class: "round", "aria-label": `${part.name}: one detent left`, tabindex: -1 }, "−");
  const more = element("button", { class: "round", "aria-label": `${part.name}: one detent right`, tabindex: -1 }, "+");
  less.onclick = () => by(-1);
  more.onclick = () => by(1);
  const value = element("output", {}, "0");
  return {
    element: element("div", { class: "turn" }, less, knob, more, value),
    show: ({ value: position }) => {
      knob.setAttribute("aria-valuenow", position);
      value.textContent = position;
      hand.style.transform = `rotate(${(position / control.detents) * 360}deg)`;
    },
  };
}

// A button that is held as long as finger or key.

function hold(part, control, wish) {
  const button = element(
    "button",
    { class: "key", "aria-label": nameOf(part, control), "aria-pressed": false, "data-part": part.name },
    control.label || (control.down === "down" ? "press" : control.down),
  );
  let on = false;
  const set = (held) => {
    if (held === on) return;
    on = held;
    wish("hold", { part: part.name, down: control.down, up: control.up, on });
  };
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    set(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => set(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) set(true);
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") set(false);
  });
  return { element: button, show: ({ value }) => button.setAttribute("aria-pressed", Boolean(value)) };
}

function push(part, control, wish) {
  const button = element("button", { "aria-label": nameOf(part, control) }, control.label || control.method);
  button.onclick = () => wish("act", { part: part.name, method: control.method });
  return { element: button };
}

function slide(part, control, wish) {
  const step = control.step || (control.high - control.low) / 1000;
  const input = element("input", {
    type: "range",
    min: control.low,
    max: control.high,
    step,
    "aria-label": nameOf(part, control),
    "data-part": part.name,
  });
  const value = element("output", {});
  const show = (number) => (value.textContent = `${number.toFixed(step < 1 ? 2 : 0)} ${control.unit}`.trim());
  let waits = false;
  input.addEventListener("input", () => {
    show(Number(input.value));
    if (waits) return;
    waits = true;
    // As often as it can be seen, not as often as a mouse tells.
    setTimeout(() => {
      waits = false;
      wish("act", { part: part.name, method: control.method, args: [Number(input.value)] });
    }, 30);
  });
  return {
    element: element("label", { class: "slide" }, element("span", {}, control.label), input, value),
    show: ({ value: number }) => {
      if (document.activeElement !== input || !waits) input.value = number;
      show(number);
    },
  };
}

function lamp(part, control) {
  const light = element("span", { class: "lamp", role: "img", "aria-label": `${nameOf(part, control)}: dark` });
  return {
    element: light,
    show: ({ value }) => {
      const seen = Number(value) ** 0.5;
      light.style.setProperty("--lit", seen.toFixed(3));
      light.setAttribute("aria-label", `${nameOf(part, control)}: ${value ? `${Math.round(value * 100)} %` : "dark"}`);
    },
  };
}

function reading(part, control) {
  const value = element("output", {}, "–");
  return {
    element: element("span", { class: "reading" }, element("span", {}, control.label || control.value), value),
    show: ({ value: now }) => {
      const text = now === null ? "–" : typeof now === "boolean" ? (now ? "yes" : "no") : now;
      value.textContent = typeof text === "number" ? `${text.toFixed(control.digits)} ${control.unit}` : text;
    },
  };
}
