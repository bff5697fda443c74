// Somebody who speaks, and from where: the dial around the microphones.

import { element } from "./element.js";

const SOUNDS = ["speech", "tone", "noise"];
const LENGTHS = ["250ms", "1s", "3s"];

export function addDial(part, control, wish) {
  const box = element("div", { class: "say" });
  const choose = (values, label, first) => {
    const list = element("select", { "aria-label": `${part.name}: ${label}` }, ...values.map((value) => element("option", {}, value)));
    list.value = first;
    return list;
  };
  const sound = choose(SOUNDS, "sound", "speech");
  const length = choose(LENGTHS, "length", "1s");
  const button = element("button", { "aria-label": `${part.name}: say it` }, "Say");
  let azimuth = 0;
  button.onclick = () => {
    const args = [sound.value, length.value, ...(control.directed ? [azimuth] : [])];
    wish("act", { part: part.name, method: control.method, args });
  };
  const row = element("div", { class: "bar" }, sound, length, button);
  if (!control.directed) {
    box.append(row);
    return { element: box };
  }
  const beam = element("span", { class: "beam", title: "where the part hears it from" });
  const hand = element("span", { class: "speaker" });
  const dial = element(
    "div",
    {
      class: "dial",
      tabindex: 0,
      role: "slider",
      "aria-label": `${part.name}: direction of the sound in degrees`,
      "aria-valuemin": 0,
      "aria-valuemax": 359,
      "aria-valuenow": 0,
      "data-part": part.name,
    },
    beam,
    hand,
  );
  const value = element("output", {}, "from 0°");
  const heard = element("output", { class: "quiet" }, "");
  const set = (degrees) => {
    azimuth = ((Math.round(degrees) % 360) + 360) % 360;
    hand.style.transform = `rotate(${azimuth}deg)`;
    dial.setAttribute("aria-valuenow", azimuth);
    value.textContent = `from ${azimuth}°`;
  };
  const KEYS = { ArrowUp: 5, ArrowRight: 5, ArrowDown: -5, ArrowLeft: -5, PageUp: 45, PageDown: -45 };
  dial.addEventListener("keydown", (event) => {
    if (event.key in KEYS) set(azimuth + KEYS[event.key]);
    else if (event.key === "Home") set(0);
    else if (event.key === "Enter" || event.key === " ") button.click();
    else return;
    event.preventDefault();
  });
  let drags = false;
  const follow = (event) => {
    const area = dial.getBoundingClientRect();
    const [x, y] = [event.clientX - area.x - area.width / 2, area.y + area.height / 2 - event.clientY];
    set((Math.atan2(x, y) * 180) / Math.PI);
  };
  dial.addEventListener("pointerdown", (event) => {
    dial.setPointerCapture(event.pointerId);
    drags = true;
    follow(event);
  });
  dial.addEventListener("pointermove", (event) => drags && follow(event));
  for (const end of ["pointerup", "pointercancel"]) dial.addEventListener(end, () => (drags = false));
  box.append(dial, element("div", { class: "column" }, value, heard, row));
  return {
    element: box,
    show: (values) => {
      if (typeof values.azimuth === "number") beam.style.transform = `rotate(${values.azimuth}deg)`;
      beam.classList.toggle("hears", Boolean(values.heard));
      heard.textContent = values.heard ? `heard from ${Math.round(values.azimuth)}°` : "hears nobody";
    },
  };
}
