// What the board's loudspeakers play, out of this computer's.

const AHEAD = 0.12; // seconds that are kept in hand against gaps
const LATEST = 0.6; // what is farther behind is left out

export class Sound {
  constructor(button, there) {
    this.button = button;
    button.hidden = !there;
    button.onclick = () => this.toggle();
  }

  toggle() {
    const on = this.button.getAttribute("aria-pressed") !== "true";
    this.button.setAttribute("aria-pressed", on);
    // Browsers let a page sound only after somebody has asked for it.
    if (on) [this.context, this.next] = [new AudioContext(), 0];
    else this.context?.close();
    if (!on) this.context = null;
  }

  play(rate, samples) {
    if (!this.context || !samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, rate);
    buffer.getChannelData(0).set(Float32Array.from(samples, (value) => value / 32768));
    const now = this.context.currentTime;
    if (this.next > now + LATEST) return;
    if (this.next < now) this.next = now + AHEAD;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.start(this.next);
    this.next += buffer.duration;
  }

  pace(running) {
    if (!running) this.next = 0;
  }
}
