// A touch panel: on the display below it, or a surface of its own.

import { element } from "./element.js";
import { onGlass } from "./pictures.js";

const STEP = 8; // pixels of the panel for an arrow key

export function addTouch(part, control, wish, pictures) {
  const under = control.over ? pictures[control.over] : null;
  const surface = under ? under.canvas : element("canvas", { class: "panel", width: control.size[0], height: control.size[1] });
  const [width, height] = under ? [under.width, under.height] : control.size;
  surface.tabIndex = 0;
  surface.classList.add("touched");
  surface.setAttribute("role", "application");
  surface.setAttribute("aria-label", `${part.name}: touch, or move with the arrow keys and touch with space`);
  const clamp = (value, size) => Math.min(size - 1, Math.max(0, Math.floor(value)));
  const place = (x, y) => onGlass(clamp(x, width), clamp(y, height), control.size, control.rotation ?? 0);
  const of = (event) => {
    const box = surface.getBoundingClientRect();
    return [((event.clientX - box.x) / box.width) * width, ((event.clientY - box.y) / box.height) * height];
  };
  let down = false;
  let moved = 0;
  const set = (on, where = []) => {
    if (on === down) return;
    down = on;
    wish("hold", { part: part.name, down: control.down, up: control.up, on, args: where });
  };
  surface.addEventListener("pointerdown", (event) => {
    surface.setPointerCapture(event.pointerId);
    set(true, place(...of(event)));
  });
  surface.addEventListener("pointermove", (event) => {
    if (!down || event.timeStamp - moved < 16) return;
    moved = event.timeStamp;
    wish("act", { part: part.name, method: control.move, args: place(...of(event)) });
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) surface.addEventListener(end, () => set(false));
  // The keyboard has a finger of its own, which begins in the middle.
  let finger = [width / 2, height / 2];
  const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  surface.addEventListener("keydown", (event) => {
    if (event.key in KEYS) {
      event.preventDefault();
      const by = KEYS[event.key];
      finger = [clamp(finger[0] + by[0], width), clamp(finger[1] + by[1], height)];
      if (down) wish("act", { part: part.name, method: control.move, args: place(...finger) });
    } else if (event.key === " ") {
      event.preventDefault();
      if (!event.repeat) set(true, place(...finger));
    }
  });
  surface.addEventListener("keyup", (event) => {
    if (event.key === " ") set(false);
  });
  const note = element("span", { class: "quiet" }, `touch ${control.over ?? "here"}`);
  return { element: under ? note : surface };
}
