// A graph is made larger and smaller by its buttons or by Ctrl and the wheel, and dragged by its ground.

export function startGraphs() {
  for (const card of document.querySelectorAll(".graph")) start(/** @type {HTMLElement} */ (card));
}

/** @param {HTMLElement} card */
function start(card) {
  const ground = /** @type {HTMLElement | null} */ (card.querySelector(".scroll"));
  const tools = card.querySelector("[data-zoom]");
  if (!ground || !tools) return;
  tools.removeAttribute("hidden");
  tools.addEventListener("click", event => {
    const by = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.by;
    if (by !== undefined) zoom(ground, Number(by));
  });
  ground.addEventListener("wheel", event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(ground, event.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
  /** @type {{x: number, y: number} | undefined} */
  let held;
  ground.addEventListener("pointerdown", event => {
    if (event.pointerType !== "mouse" || /** @type {Element} */ (event.target).closest("a")) return;
    held = { x: event.clientX + ground.scrollLeft, y: event.clientY + ground.scrollTop };
    ground.setPointerCapture(event.pointerId);
  });
  ground.addEventListener("pointermove", event => {
    if (held) ground.scrollTo(held.x - event.clientX, held.y - event.clientY);
  });
  ground.addEventListener("pointerup", () => { held = undefined; });
}

/** @param {HTMLElement} ground @param {number} by 0 fits it */
function zoom(ground, by) {
  const svg = ground.querySelector("svg");
  if (!svg) return;
  const own = svg.viewBox.baseVal;
  const now = svg.getBoundingClientRect().width / own.width;
  const scale = by === 0 ? Math.min(1, (ground.clientWidth - 16) / own.width) : Math.min(2.5, Math.max(0.2, now * by));
  svg.setAttribute("width", String(own.width * scale));
  svg.setAttribute("height", String(own.height * scale));
}
