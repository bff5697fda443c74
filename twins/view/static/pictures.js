// What is seen: displays pixel by pixel, LEDs as discs.

const CELL = 22; // pixels of the canvas for an LED

/** Adds a picture; `draw` takes rectangles of red, green and blue. */
export function addPicture(place, part, control) {
  const [width, height] = control.size;
  const figure = document.createElement("figure");
  figure.className = `card ${control.look}`;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${part.name}, ${part.type}, ${width} by ${height}`);
  const caption = document.createElement("figcaption");
  const name = document.createElement("b");
  name.textContent = part.name;
  const kind = document.createElement("span");
  kind.textContent = `${part.type} ${width} × ${height}`;
  const save = document.createElement("a");
  save.href = `picture/${encodeURIComponent(part.name)}.png`;
  save.download = `${part.name}.png`;
  save.textContent = "Save picture";
  caption.append(name, kind, save);
  figure.append(canvas, caption);
  place.append(figure);
  const makers = { pixels: pixels, lights: lights, ring: ring };
  const draw = (makers[control.look] ?? pixels)(canvas, width, height);
  return { canvas, draw, width, height };
}

function pixels(canvas, width, height) {
  canvas.width = width;
  canvas.height = height;
  canvas.style.maxWidth = `${Math.max(width, Math.min(640, width * Math.max(1, Math.floor(640 / width))))}px`;
  const context = canvas.getContext("2d", { alpha: false });
  return (x, y, columns, rows, rgb) => {
    const image = context.createImageData(columns, rows);
    const words = new Uint32Array(image.data.buffer);
    for (let n = 0, from = 0; n < words.length; n += 1, from += 3) {
      words[n] = 0xff000000 | (rgb[from + 2] << 16) | (rgb[from + 1] << 8) | rgb[from];
    }
    context.putImageData(image, x, y);
  };
}

function lights(canvas, width, height) {
  canvas.width = width * CELL;
  canvas.height = height * CELL;
  canvas.style.maxWidth = `${width * Math.max(6, Math.min(30, Math.floor(640 / width), Math.floor(600 / height)))}px`;
  const context = canvas.getContext("2d", { alpha: false });
  return (x, y, columns, rows, rgb) => {
    for (let n = 0; n < columns * rows; n += 1) {
      const column = x + (n % columns);
      const row = y + Math.floor(n / columns);
      context.fillStyle = "#101312";
      context.fillRect(column * CELL, row * CELL, CELL, CELL);
      disc(context, (column + 0.5) * CELL, (row + 0.5) * CELL, CELL * 0.4, rgb, n);
    }
  };
}

function ring(canvas, width) {
  const size = 300;
  canvas.width = canvas.height = size;
  canvas.style.maxWidth = "240px";
  const context = canvas.getContext("2d", { alpha: false });
  context.fillStyle = "#101312";
  context.fillRect(0, 0, size, size);
  return (x, y, columns, rows, rgb) => {
    for (let n = 0; n < columns; n += 1) {
      // LED 0 is at azimuth 0, which the dial has at the top; azimuths count clockwise there.
      const angle = ((x + n) / width) * 2 * Math.PI;
      const [cx, cy] = [size / 2 + Math.sin(angle) * size * 0.38, size / 2 - Math.cos(angle) * size * 0.38];
      context.fillStyle = "#101312";
      context.fillRect(cx - size * 0.08, cy - size * 0.08, size * 0.16, size * 0.16);
      disc(context, cx, cy, size * 0.06, rgb, n);
    }
  };
}

/** An LED as an eye sees it: already a little current is bright. */
function disc(context, x, y, radius, rgb, n) {
  const color = [0, 1, 2].map((part) => Math.round(34 + 221 * (rgb[3 * n + part] / 255) ** 0.55));
  context.fillStyle = rgb[3 * n] || rgb[3 * n + 1] || rgb[3 * n + 2] ? `rgb(${color})` : "#23282a";
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Where on the glass, in its native orientation, a place of the picture is; the picture is the glass turned left. */
export function onGlass(x, y, [width, height], rotation) {
  switch (((rotation % 360) + 360) % 360) {
    case 90:
      return [width - 1 - y, x];
    case 180:
      return [width - 1 - x, height - 1 - y];
    case 270:
      return [y, height - 1 - x];
    default:
      return [x, y];
  }
}
